// einsum: einsum("b t d, b s d -> b t s", a, b): products of tensors whose axes are named.
//
// Operands are multiplied from the left, two at a time: axes that nobody needs any more are summed
// by the contraction that meets them last, or at once where only one operand has them.
#include "named_axes.h"

#include <string.h>

// ---- einsum -------------------------------------------------------------------------------------

typedef struct Term {           // an operand, or the product of the first few
    Node *node;
    const char *label[max_rank];
} Term;

enum { most_terms = 16 };

typedef struct Sum {
    const Notation *n;
    Term term[most_terms];
    Axes axes[most_terms], result;
    int count;
} Sum;

static int label_index(const Term *term, const char *label)
{
    for (int i = 0; i < term->node->shape.rank; i++)
        if (term->label[i] == label)
            return i;
    return -1;
}

static void remove_axis(Tracer *t, Term *term, int axis)
{
    int rank = term->node->shape.rank;
    term->node = make_reduce(&t->builder, P_SUM, term->node, 1u << axis);
    memmove(term->label + axis, term->label + axis + 1,
            sizeof *term->label * (size_t)(rank - axis - 1));
}

// "i i": what lies off the diagonal is put out, and the second axis summed away.
static void take_diagonal(Tracer *t, Term *term)
{
    Builder *b = &t->builder;
    for (int k = 1; k < term->node->shape.rank; k++)
        for (int i = 0; i < k; i++) {
            if (term->label[i] != term->label[k])
                continue;
            Node *row = make_iota(b, DT_I32, &term->node->shape, i);
            Node *column = make_iota(b, DT_I32, &term->node->shape, k);
            term->node = make_select(b, make_binary(b, P_EQ, row, column), term->node,
                                     make_zeros_like(b, term->node));
            remove_axis(t, term, k--);
            break;
        }
}

// Is the axis needed behind term `k`: by a later operand or the result?
static bool needed(const Sum *sum, int k, const char *label)
{
    if (axes_index(&sum->result, label) >= 0)
        return true;
    for (int i = k + 1; i < sum->count; i++)
        if (label_index(&sum->term[i], label) >= 0)
            return true;
    return false;
}

static void sum_away(const Sum *sum, int k, Term *term, const Term *other)
{
    for (int i = term->node->shape.rank - 1; i >= 0; i--)
        if (!needed(sum, k, term->label[i]) && (!other || label_index(other, term->label[i]) < 0))
            remove_axis(sum->n->t, term, i);
}

// Moves axes to the order of `label`; those that the term lacks get size 1.
static Node *arranged(Tracer *t, const Term *term, const char *const *label, int count, bool wide)
{
    int order[max_rank], moved = 0;
    Shape shape = {.rank = count};
    for (int i = 0; i < count; i++) {
        int at = label_index(term, label[i]);
        if (at >= 0)
            order[moved++] = at;
        shape.dim[i] = at >= 0 ? term->node->shape.dim[at] : dim_of(1);
    }
    Node *node = make_permute(&t->builder, term->node, order);
    return wide ? make_reshape(&t->builder, node, &shape) : node;
}

typedef struct Labels {         // of a product: batch, left, right, contracted
    const char *label[2 * max_rank];
    int batch, left, right, contracted;
} Labels;

static Labels pair_labels(const Sum *sum, int k, const Term *x, const Term *y)
{
    Labels all = {0};
    int n = 0;
    for (int pass = 0; pass < 4; pass++) {
        const Term *from = pass == 2 ? y : x, *other = pass == 2 ? x : y;
        for (int i = 0; i < from->node->shape.rank; i++) {
            const char *label = from->label[i];
            bool both = label_index(other, label) >= 0, keep = needed(sum, k, label);
            int kind = !both ? (pass == 2 ? 2 : 1) : keep ? 0 : 3;
            if (kind != pass)
                continue;
            all.label[n++] = label;
            *(pass == 0 ? &all.batch : pass == 1 ? &all.left : pass == 2 ? &all.right
                                                              : &all.contracted) += 1;
        }
    }
    return all;
}

static Node *contract_pair(Tracer *t, const Term *x, const Term *y, const Labels *all)
{
    const char *left[2 * max_rank], *right[2 * max_rank];
    int n = 0, m = 0, kept = all->batch + all->left + all->right;
    for (int i = 0; i < kept + all->contracted; i++) {
        bool is_left = i >= all->batch && i < all->batch + all->left;
        bool is_right = i >= all->batch + all->left && i < kept;
        if (!is_right)
            left[n++] = all->label[i];
        if (!is_left)
            right[m++] = all->label[i];
    }
    return make_contract(&t->builder, arranged(t, x, left, n, false),
                         arranged(t, y, right, m, false), all->batch, all->contracted);
}

static Node *multiply_pair(Tracer *t, const Term *x, const Term *y, const Labels *all)
{
    int kept = all->batch + all->left + all->right, count = kept + all->contracted;
    Node *a = arranged(t, x, all->label, count, true), *b = arranged(t, y, all->label, count, true);
    Shape joint;
    if (!shape_broadcast(&a->shape, &b->shape, &joint))
        bug("einsum: sizes differ");
    Node *product = make_binary(&t->builder, P_MUL, make_broadcast(&t->builder, a, &joint),
                                make_broadcast(&t->builder, b, &joint));
    uint32_t axes = 0;
    for (int i = kept; i < count; i++)
        axes |= 1u << i;
    return make_reduce(&t->builder, P_SUM, product, axes);
}

static bool multiply(const Sum *sum, int k, Term *x, Term *y)
{
    Tracer *t = sum->n->t;
    sum_away(sum, k, x, y);
    sum_away(sum, k, y, x);
    Labels all = pair_labels(sum, k, x, y);
    int kept = all.batch + all.left + all.right;
    bool contract = all.contracted && dtype_kind(x->node->dtype) == KIND_FLOAT;
    if (too_many_axes(sum->n, contract ? kept : kept + all.contracted))
        return false;
    x->node = contract ? contract_pair(t, x, y, &all) : multiply_pair(t, x, y, &all);
    memcpy(x->label, all.label, sizeof *all.label * (size_t)kept);
    return true;
}

// ---- its operands -------------------------------------------------------------------------------

static bool read_terms(Sum *sum, size_t arrow)
{
    const Notation *n = sum->n;
    size_t begin = 0;
    int count = 0;
    for (size_t at = 0; at <= arrow; at++) {
        if (at < arrow && n->text[at] != ',')
            continue;
        if (count == sum->count) {
            fail(n->t, E_AXES_FORM, spot(n, begin, at), "the string names %d or more operands, but "
                 "%d %s given", count + 1, sum->count, sum->count == 1 ? "is" : "are");
            return false;
        }
        if (!notation_axes(n, begin, at, false, &sum->axes[count++]))
            return false;
        begin = at + 1;
    }
    if (count == sum->count)
        return notation_axes(n, arrow + 2, strlen(n->text), false, &sum->result);
    fail(n->t, E_AXES_FORM, n->span, "the string names %d operand%s, but %d are given", count,
         count == 1 ? "" : "s", sum->count);
    return false;
}

// Gives the axes of an operand their names.
static bool label_term(Sum *sum, int k, int *most_rest)
{
    const Notation *n = sum->n;
    Tracer *t = n->t;
    Axes *axes = &sum->axes[k];
    Term *term = &sum->term[k];
    int rank = term->node->shape.rank, named = axes->count - (axes->rest >= 0);
    if (axes->rest < 0 ? rank != named : rank < named) {
        fail(t, E_RANK, spot(n, axes->begin, axes->end), "this names %s%d ax%s, but the operand is "
             "%s", axes->rest >= 0 ? "at least " : "", named, named == 1 ? "is" : "es",
             shape_text(t->arena, &term->node->shape));
        return false;
    }
    if (axes->rest >= 0 && rank - named > *most_rest)
        *most_rest = rank - named;
    if (!axes_expand(n, axes, rank - named))
        return false;
    for (int i = 0; i < rank; i++)
        term->label[i] = axes->axis[i].name;
    return true;
}

// The size that the operands before term `k` give this axis; false: they don't have it.
static bool earlier_size(const Sum *sum, int k, const char *label, Dim *size, bool past_one)
{
    for (int i = 0; i < k; i++) {
        int at = label_index(&sum->term[i], label);
        if (at < 0)
            continue;
        *size = sum->term[i].node->shape.dim[at];
        if (!past_one || !dim_is(*size, 1))
            return true;
    }
    return false;
}

static bool check_term(const Sum *sum, int k)
{
    Tracer *t = sum->n->t;
    const Term *term = &sum->term[k];
    for (int i = 0; i < term->node->shape.rank; i++) {
        const AxisName *a = &sum->axes[k].axis[i];
        Dim size, here = term->node->shape.dim[i];
        int same = label_index(term, term->label[i]);
        if (same < i)
            size = term->node->shape.dim[same];
        else if (!earlier_size(sum, k, term->label[i], &size, *a->name == '.'))
            continue;
        bool grows = *a->name == '.' && (dim_is(size, 1) || dim_is(here, 1));
        if (dim_equal(size, here) || grows)
            continue;
        fail(t, E_AXES_SIZE, spot(sum->n, a->begin, a->end), "axis `%s` is %s and %s",
             *a->name == '.' ? ".." : a->name, dim_text(t->arena, size), dim_text(t->arena, here));
        return false;
    }
    return true;
}

// `1`, and axes of `..` that are 1 here and more elsewhere, are no axes of the product.
static void drop_ones(Sum *sum, Term *term)
{
    Tracer *t = sum->n->t;
    for (int i = term->node->shape.rank - 1; i >= 0; i--) {
        Dim size;
        bool rest = *term->label[i] == '.' && dim_is(term->node->shape.dim[i], 1)
                 && earlier_size(sum, sum->count, term->label[i], &size, true);
        if (*term->label[i] == '1' || rest)
            remove_axis(t, term, i);
    }
}

static bool check_result(const Sum *sum)
{
    const Notation *n = sum->n;
    Tracer *t = n->t;
    for (int i = 0; i < sum->result.count; i++) {
        const AxisName *a = &sum->result.axis[i];
        Dim size;
        if (axes_is_one(a))
            continue;
        if (axes_index(&sum->result, a->name) < i) {
            fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "axis `%s` stands twice in the result",
                 a->name);
            return false;
        }
        if (!earlier_size(sum, sum->count, a->name, &size, false)) {
            fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "axis `%s` stands in no operand",
                 a->name);
            return false;
        }
    }
    return !too_many_axes(n, sum->result.count);
}

static bool read_operands(Sum *sum, const Argument *argument, int count)
{
    Tracer *t = sum->n->t;
    for (int i = 0; i < count; i++) {
        if (argument[i].name) {
            fail(t, E_UNKNOWN_ARGUMENT, argument[i].span, "`einsum` has no parameter `%s`",
                 argument[i].name);
            return false;
        }
        Node *node = to_tensor(t, argument[i].value, t->float_type, argument[i].span);
        if (!node)
            return false;
        sum->term[sum->count++].node = node;
        if (node->dtype == DT_BOOL || node->dtype != sum->term[0].node->dtype) {
            fail(t, E_DTYPE, argument[i].span, "`einsum` takes numbers of one type, but this is %s",
                 dtype_name(node->dtype));
            diag_hint(t->diag, "cast it by name: f32(…)");
            return false;
        }
    }
    return true;
}

static bool prepare(Sum *sum)
{
    int rest = 0;
    for (int i = 0; i < sum->count; i++)
        if (!label_term(sum, i, &rest))
            return false;
    if (!axes_expand(sum->n, &sum->result, rest) || !check_result(sum))
        return false;
    for (int i = 0; i < sum->count; i++)
        if (!check_term(sum, i))
            return false;
    for (int i = 0; i < sum->count; i++) {
        drop_ones(sum, &sum->term[i]);
        take_diagonal(sum->n->t, &sum->term[i]);
    }
    return true;
}

Value *call_einsum(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    if (count < 2 || argument[0].name || argument[0].value->kind != V_TEXT)
        return fail(t, E_AXES_FORM, span, "`einsum` takes a string that names axes, and the "
                    "tensors: einsum(\"b t d, b s d -> b t s\", q, k)");
    if (count - 1 > most_terms)
        return fail(t, E_TOO_MANY, span, "`einsum` takes at most %d tensors", most_terms);
    Notation n = {t, argument[0].value->text, argument[0].span};
    Sum *sum = arena_alloc(t->arena, sizeof *sum);
    sum->n = &n;
    size_t arrow;
    if (!read_operands(sum, argument + 1, count - 1) || !notation_arrow(&n, &arrow)
        || !read_terms(sum, arrow))
        return &value_poison;
    set_origin(t, span);
    if (!prepare(sum))
        return &value_poison;
    Term x = sum->term[0];
    for (int k = 1; k < sum->count; k++)
        if (!multiply(sum, k, &x, &sum->term[k]))
            return &value_poison;
    sum_away(sum, sum->count, &x, NULL);
    const char *label[most_names];
    for (int i = 0; i < sum->result.count; i++)
        label[i] = sum->result.axis[i].name;
    return value_tensor(t->arena, arranged(t, &x, label, sum->result.count, true));
}

