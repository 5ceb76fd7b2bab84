// form_special: scans, sorts, scatters and the spreading of a window's gradient.
#include "form.h"

static const Expr *read(Reader *reader, const Node *node, const Index *const *point)
{
    Fuse *f = reader->data;
    const Member *m = &f->member[node->id];
    if (m->computed || is_stored_source(node))
        return member_load(f, node, point);
    return NULL;
}

static void add_loop(Fuse *f, Loop *loop, int *count, Dim extent, const Index **point)
{
    const Var *var = var_new(f->c, "i", extent);
    *point = index_var(f->c, var);
    if (!dim_is(extent, 1))
        loop[(*count)++] = (Loop){var, ROLE_NONE};
}

static void outer_without(Fuse *f, Kernel *kernel, const Member *m, int axis)
{
    const uint32_t axes = ~(1u << axis);
    kernel_outer(f, kernel, &m->node->shape, axes);
    int at = 0;
    for (int i = 0; i < m->node->shape.rank; i++)
        if (i != axis)
            ((Member *)m)->at[i] = dim_is(m->node->shape.dim[i], 1)
                                       ? index_number(f->c, 0)
                                       : index_var(f->c, kernel->outer[at++].var);
}

// ---- scans --------------------------------------------------------------------------------------

static void form_scan(Fuse *f, Kernel *kernel, Reader *reader, Member *m)
{
    const Node *node = m->node;
    const int axis = node->attr->axis;
    const Dim extent = node->shape.dim[axis];
    Stage *stage = stage_new(f, kernel, STAGE_SCAN);
    stage->reduce = loops_new(f, 1);
    outer_without(f, kernel, m, axis);
    add_loop(f, stage->reduce, &stage->reduce_count, extent, &m->at[axis]);
    if (node->attr->reverse)
        m->at[axis] = index_sub(f->c, index_offset(f->c, index_dim(f->c, extent), -1), m->at[axis]);
    stage->acc = arena_alloc(f->c->arena, sizeof(Acc));
    stage->acc_count = 1;
    stage->acc[0] = (Acc){.kind = acc_kind_of(node->prim), .order = ORDER_SEQUENCE, .lanes = 1,
                          .dtype = node->dtype, .name = acc_name(node), .node = node,
                          .value = value_of(reader, node->input[0], m->at)};
    body_store(f->c, &stage->body, m->home, buffer_at(f->c, m->home, m->at),
               expr_acc(f->c, node->dtype, 0));
    body_finish(f->c, &stage->body, stage->acc, 1);
}

// ---- sorts --------------------------------------------------------------------------------------

static Special *special_new(Fuse *f, Stage *stage, const Member *m)
{
    Special *s = arena_alloc(f->c->arena, sizeof *s);
    *s = (Special){.node = m->node, .result = m->home, .along = loops_new(f, max_rank),
                   .place = loops_new(f, max_rank), .rest = loops_new(f, max_rank), .parts = 1};
    stage->special = s;
    return s;
}

static Buffer *scratch_new(Fuse *f, const char *name, DType type, const Member *m)
{
    Buffer *buffer = buffer_new(f, BUFFER_ARENA, name, type, &m->node->shape);
    buffer->node = m->node;
    return buffer;
}

// Keys are sorted as f32, f64 or i64, which hold every other type.
static DType sort_type(DType type)
{
    if (dtype_kind(type) != KIND_FLOAT)
        return DT_I64;
    return type == DT_F64 ? DT_F64 : DT_F32;
}

static void form_sort(Fuse *f, Kernel *kernel, Reader *reader, Member *m)
{
    const Node *node = m->node;
    const int axis = node->attr->axis;
    Stage *stage = stage_new(f, kernel, STAGE_SORT);
    Special *s = special_new(f, stage, m);
    outer_without(f, kernel, m, axis);
    add_loop(f, s->along, &s->along_count, node->shape.dim[axis], &m->at[axis]);
    s->key = value_of(reader, node->input[0], m->at);
    s->at = buffer_at(f->c, m->home, m->at);
    // Row after row, sorted along the axis, whatever the order of the result.
    const Index *row = index_number(f->c, 0);
    for (int i = 0; i < kernel->outer_count; i++)
        row = index_add(f->c, index_scale(f->c, row, kernel->outer[i].var->extent),
                        index_var(f->c, kernel->outer[i].var));
    s->zero = index_scale(f->c, row, node->shape.dim[axis]);
    s->keys = scratch_new(f, "keys", sort_type(node->input[0]->dtype), m);
    s->order = scratch_new(f, "order", DT_I32, m);
    s->scratch = scratch_new(f, "scratch", DT_I32, m);
}

// ---- scatters -----------------------------------------------------------------------------------

enum { scatter_parts = 16, scatter_rows = 16 };

static int parts_for(const Fuse *f, const Kernel *kernel, Dim extent)
{
    Dim rows = dim_of(1);
    for (int i = 0; i < kernel->outer_count; i++)
        rows = dim_mul(rows, kernel->outer[i].var->extent);
    const int64_t bound = f->graph->bound ? f->graph->bound : 1;
    if (dim_at(rows, bound) >= scatter_rows || extent.power)
        return 1;
    return extent.scale >= scatter_parts ? scatter_parts : extent.scale > 0 ? (int)extent.scale : 1;
}

static void form_scatter(Fuse *f, Kernel *kernel, Reader *reader, Member *m)
{
    const Node *node = m->node;
    const bool sets = node->prim == P_SCATTER_SET;
    const Node *index = node->input[sets], *updates = node->input[sets + 1];
    const int axis = node->attr->axis, batch = node->attr->batch;
    const int places = index->shape.rank - batch;
    const Dim extent = node->shape.dim[axis];
    const Index *to[max_rank], *from[max_rank], *which[max_rank];
    Stage *stage = stage_new(f, kernel, STAGE_SCATTER);
    Special *s = special_new(f, stage, m);
    kernel_outer(f, kernel, &node->shape, (1u << axis) - 1);
    int at = 0;
    for (int i = 0; i < axis; i++)
        to[i] = from[i] = dim_is(node->shape.dim[i], 1) ? index_number(f->c, 0)
                                                        : index_var(f->c, kernel->outer[at++].var);
    for (int i = 0; i < places; i++)
        add_loop(f, s->place, &s->place_count, index->shape.dim[batch + i], &from[axis + i]);
    for (int i = axis + 1; i < node->shape.rank; i++) {
        add_loop(f, s->rest, &s->rest_count, node->shape.dim[i], &to[i]);
        from[i + places - 1] = to[i];
    }
    add_loop(f, s->along, &s->along_count, extent, &to[axis]);
    for (int i = 0; i < index->shape.rank; i++)
        which[i] = i < batch ? from[i] : from[axis + i - batch];
    s->zero = buffer_at(f->c, m->home, to);
    s->start = sets ? value_of(reader, node->input[0], to) : expr_number(f->c, node->dtype, 0);
    s->update = value_of(reader, updates, from);
    const Expr *value = value_of(reader, index, which);
    s->which = index_of_value(f->c, value, dim_of(0));
    s->inside = expr_within(f->c, s->which, extent);
    to[axis] = index_of_value(f->c, value, extent);
    s->at = buffer_at(f->c, m->home, to);
    s->parts = parts_for(f, kernel, extent);
}

// ---- the gradient of a window's maximum ---------------------------------------------------------

static void form_spread(Fuse *f, Kernel *kernel, Reader *reader, Member *m)
{
    const Node *node = m->node, *x = node->input[0], *g = node->input[1];
    const Window *w = &node->attr->window;
    const int lead = node->shape.rank - w->spatial;
    const Index *from[max_rank], *to[max_rank], *zero[max_rank];
    Stage *stage = stage_new(f, kernel, STAGE_SPREAD);
    Special *s = special_new(f, stage, m);
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    kernel_outer(f, kernel, &node->shape, (1u << lead) - 1);
    int at = 0;
    for (int i = 0; i < lead; i++)
        zero[i] = to[i] = from[i] = dim_is(node->shape.dim[i], 1)
                                        ? index_number(f->c, 0)
                                        : index_var(f->c, kernel->outer[at++].var);
    for (int i = 0; i < w->spatial; i++) {
        const Index *k;
        add_loop(f, s->along, &s->along_count, node->shape.dim[lead + i], &zero[lead + i]);
        add_loop(f, s->place, &s->place_count, g->shape.dim[lead + i], &from[lead + i]);
        add_loop(f, s->rest, &s->rest_count, dim_of(w->size[i]), &k);
        to[lead + i] = index_offset(
            f->c,
            index_add(f->c, index_scale(f->c, from[lead + i], dim_of(w->stride[i])),
                      index_scale(f->c, k, dim_of(w->dilation[i]))),
            -w->low[i]);
        inside = expr_both(f->c, inside, expr_within(f->c, to[lead + i], x->shape.dim[lead + i]));
    }
    s->zero = buffer_at(f->c, m->home, zero);
    s->start = expr_number(f->c, node->dtype, 0);
    s->inside = inside;
    s->key = value_of(reader, x, to);
    s->at = buffer_at(f->c, m->home, to);
    s->update = value_of(reader, g, from);
}

void form_alone(Fuse *f, Cluster *cluster)
{
    Member *m = cluster->member[0];
    Kernel *kernel = kernel_new(f, cluster, FORM_ROWS);
    Reader reader = {.c = f->c, .read = read, .data = f};
    switch (m->node->prim) {
    case P_CUMSUM:
    case P_CUMPROD: form_scan(f, kernel, &reader, m); return;
    case P_ARGSORT: form_sort(f, kernel, &reader, m); return;
    case P_SCATTER_ADD:
    case P_SCATTER_SET: form_scatter(f, kernel, &reader, m); return;
    case P_WINDOW_MAX_GRAD: form_spread(f, kernel, &reader, m); return;
    default: bug("no kernel for %s, node %d", prim_name(m->node->prim), m->node->id);
    }
}
