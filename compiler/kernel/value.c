#include "value.h"

#include "../base/mutant.h"

#include <string.h>

typedef struct Known Known;
struct Known {
    const Node *node;
    const Index *const *point;
    const Expr *value;
    Known *next;
};

static bool same_point(const Node *node, const Index *const *a, const Index *const *b)
{
    for (int i = 0; i < node->shape.rank; i++)
        if (!index_equal(a[i], b[i]))
            return false;
    return true;
}

// ---- moves --------------------------------------------------------------------------------------

static void behind_reshape(IndexContext *c, const Node *node, const Index *const *point,
                           const Index **behind)
{
    index_unravel(c, index_linear(c, &node->shape, point), &node->input[0]->shape, behind);
}

static void behind_broadcast(IndexContext *c, const Node *node, const Index *const *point,
                             const Index **behind)
{
    const Shape *from = &node->input[0]->shape;
    for (int i = 0; i < from->rank; i++)
        behind[i] = dim_is(from->dim[i], 1) ? index_number(c, 0) : point[i];
}

void point_behind(IndexContext *c, const Node *node, const Index *const *point,
                  const Index **behind)
{
    const Attr *attr = node->attr;
    switch (node->prim) {
    case P_RESHAPE:
        behind_reshape(c, node, point, behind);
        return;
    case P_PERMUTE:
        for (int i = 0; i < node->shape.rank; i++)
            behind[attr->order[i]] = point[MUTANT(value_permute) ? attr->order[i] : i];
        return;
    case P_BROADCAST:
        behind_broadcast(c, node, point, behind);
        return;
    case P_SLICE:
        for (int i = 0; i < node->shape.rank; i++)
            behind[i] = index_offset(c, index_scale(c, point[i], dim_of(attr->step[i])),
                                     attr->start[i]);
        return;
    default:
        memcpy(behind, point, (size_t)node->shape.rank * sizeof *point);
    }
}

static const Expr *pad(Reader *reader, const Node *node, const Index *const *point)
{
    IndexContext *c = reader->c;
    const Index *behind[max_rank];
    const Expr *inside = expr_number(c, DT_BOOL, 1);
    for (int i = 0; i < node->shape.rank; i++) {
        behind[i] = index_offset(c, point[i], -node->attr->low[i]);
        if (!MUTANT(value_pad))
            inside = expr_both(c, inside, expr_within(c, behind[i], node->input[0]->shape.dim[i]));
    }
    double never;
    const Expr *outside = expr_number(c, node->dtype, node->attr->number);
    if (expr_is_number(inside, &never) && !never)
        return outside;
    return expr_choose(c, inside, value_of(reader, node->input[0], behind), outside);
}

// Part k and all behind it, for an index along the axis that counts from the start of part k.
static const Expr *concat(Reader *reader, const Node *node, const Index *const *point, int k,
                          const Index *along)
{
    IndexContext *c = reader->c;
    const int axis = node->attr->axis;
    const Index *part[max_rank];
    memcpy(part, point, sizeof part[0] * (size_t)node->shape.rank);
    part[axis] = along;
    const Dim size = node->input[k]->shape.dim[axis];
    if (k == node->input_count - 1)
        return value_of(reader, node->input[k], part);
    const Expr *here = expr_within(c, along, size);
    double known;
    const bool decided = expr_is_number(here, &known);
    if (decided && known)
        return value_of(reader, node->input[k], part);
    const Expr *later =
        concat(reader, node, point, k + 1, index_sub(c, along, index_dim(c, size)));
    return decided ? later : expr_choose(c, here, value_of(reader, node->input[k], part), later);
}

// ---- gather -------------------------------------------------------------------------------------

const Index *index_of_value(IndexContext *c, const Expr *value, Dim extent)
{
    double number;
    if (value->kind == EXPR_INDEX)
        return value->index;
    if (expr_is_number(value, &number))
        return index_number(c, (int64_t)number);
    return index_value(c, value, extent);
}

typedef enum Origin {
    FROM_NUMBERS,
    FROM_DATA,
    FROM_TRUTH,                         // a comparison, or a choice of numbers, which C makes one
} Origin;

// What a whole number is made of, as far as `left` visits show it.
static Origin origin_of(const Expr *e, int *left)
{
    Origin origin = FROM_NUMBERS;
    double number;
    const bool chooses =
        e->kind == EXPR_CHOOSE || (e->kind == EXPR_PRIM && e->prim == P_SELECT);
    if (expr_is_number(e, &number))
        return FROM_NUMBERS;
    if (e->kind != EXPR_PRIM && e->kind != EXPR_CHOOSE)
        return dtype_kind(e->dtype) == KIND_BOOL ? FROM_TRUTH : FROM_DATA;
    if (dtype_kind(e->dtype) == KIND_BOOL || e->prim == P_SIGN || --*left < 0)
        return FROM_TRUTH;
    for (int i = chooses; i < e->operand_count; i++) {
        const Origin part = origin_of(e->operand[i], left);
        origin = part > origin ? part : origin;
    }
    return chooses && origin == FROM_NUMBERS ? FROM_TRUTH : origin;
}

// gcc 12 reads p[-1] where a vectorised loop says p[x < y]. P_STOP, which is in no graph any more,
// is spelled as a function that a C compiler does not see through.
static const Expr *hidden_truth(IndexContext *c, const Expr *value)
{
    int left = 100;
    if (value->kind == EXPR_INDEX || origin_of(value, &left) != FROM_TRUTH)
        return value;
    return expr_prim(c, P_STOP, value->dtype, &value, 1);
}

static const Expr *gather(Reader *reader, const Node *node, const Index *const *point)
{
    IndexContext *c = reader->c;
    const Node *x = node->input[0], *index = node->input[1];
    const int axis = node->attr->axis, batch = node->attr->batch;
    const int places = index->shape.rank - batch;
    const Index *at[max_rank], *from[max_rank];
    for (int i = 0; i < batch; i++)
        at[i] = point[i];
    for (int i = 0; i < places; i++)
        at[batch + i] = point[axis + i];
    const Expr *which = hidden_truth(c, value_of(reader, index, at));
    const Dim extent = x->shape.dim[axis];
    for (int i = 0; i < axis; i++)
        from[i] = point[i];
    from[axis] = index_of_value(c, which, extent);
    for (int i = axis + 1; i < x->shape.rank; i++)
        from[i] = point[i + places - 1];
    const Expr *inside = expr_within(c, index_of_value(c, which, dim_of(0)), extent);
    double never;
    const Expr *outside = expr_number(c, node->dtype, 0);
    if (expr_is_number(inside, &never) && !never)
        return outside;
    return expr_choose(c, inside, value_of(reader, x, from), outside);
}

// ---- all ----------------------------------------------------------------------------------------

static const Expr *scalar(Reader *reader, const Node *node, const Index *const *point)
{
    const Expr *operand[3];
    if (node->prim == P_STOP)
        return value_of(reader, node->input[0], point);
    for (int i = 0; i < node->input_count; i++)
        operand[i] = value_of(reader, node->input[i], point);
    Expr *e = (Expr *)expr_prim(reader->c, node->prim, node->dtype, operand, node->input_count);
    e->node = node;
    return e;
}

static const Expr *expand(Reader *reader, const Node *node, const Index *const *point)
{
    IndexContext *c = reader->c;
    const Index *behind[max_rank];
    switch (node->prim) {
    case P_CONSTANT: return expr_number(c, node->dtype, node->attr->number);
    case P_HOST: return expr_host(c, node->dtype, node->attr->host);
    case P_IOTA: return expr_index(c, node->dtype, point[node->attr->axis]);
    case P_RANDOM:
        return expr_random(c, node->attr->site, index_linear(c, &node->shape, point),
                           shape_size(&node->shape));
    case P_PAD: return pad(reader, node, point);
    case P_CONCAT: return concat(reader, node, point, 0, point[node->attr->axis]);
    case P_GATHER: return gather(reader, node, point);
    default: break;
    }
    if (prim_class(node->prim) == CLASS_SCALAR)
        return scalar(reader, node, point);
    if (prim_class(node->prim) != CLASS_MOVE)
        bug("no expression for an element of %s, node %d", prim_name(node->prim), node->id);
    point_behind(c, node, point, behind);
    return value_of(reader, node->input[0], behind);
}

const Expr *value_of(Reader *reader, const Node *node, const Index *const *point)
{
    Known **bucket = &reader->known[node->id % 64];
    for (const Known *known = *bucket; known; known = known->next)
        if (known->node == node && same_point(node, known->point, point))
            return known->value;
    const Expr *value = reader->read(reader, node, point);
    if (!value)
        value = expand(reader, node, point);
    const size_t bytes = sizeof *point * (size_t)node->shape.rank;
    Known *known = arena_alloc(reader->c->arena, sizeof *known);
    *known = (Known){node, arena_copy(reader->c->arena, point, bytes), value, *bucket};
    *bucket = known;
    return value;
}
