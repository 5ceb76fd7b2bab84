// form_contract: contractions, convolutions and windows as plain reductions in sequence.
//
// A convolution and its gradients are one product summed over loops; they differ in which two of
// output, input and filter place are given and which is solved for.
#include "form.h"

#include <math.h>

static const Index *zero(Fuse *f)
{
    return index_number(f->c, 0);
}

static const Index *add_loop(Fuse *f, Stage *stage, Dim extent, LoopRole role)
{
    if (dim_is(extent, 1))
        return zero(f);
    const Var *var = var_new(f->c, "i", extent);
    stage->reduce[stage->reduce_count++] = (Loop){var, role};
    return index_var(f->c, var);
}

static void add_acc(Stage *stage, const Member *m, const Expr *value, const Expr *times)
{
    stage->acc[stage->acc_count++] =
        (Acc){.kind = ACC_FMA, .order = ORDER_SEQUENCE, .lanes = 1, .dtype = m->node->dtype,
              .name = acc_name(m->node), .node = m->node, .value = value, .times = times};
    stage->contraction->node = m->node;
}

// ---- contraction --------------------------------------------------------------------------------

static void set_roles(Stage *stage, const Shape *shape, int batch, int m_end)
{
    int at = 0;
    for (int i = 0; i < shape->rank; i++)
        if (!dim_is(shape->dim[i], 1))
            stage->space[at++].role = i < batch ? ROLE_BATCH : i < m_end ? ROLE_M : ROLE_N;
}

static void contract(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *left = m->node->input[0], *right = m->node->input[1];
    const int batch = m->node->attr->batch, k = m->node->attr->contracted;
    const int left_free = left->shape.rank - batch - k, right_free = right->shape.rank - batch - k;
    const Index *a[max_rank], *b[max_rank];
    set_roles(stage, &m->node->shape, batch, batch + left_free);
    for (int i = 0; i < batch; i++)
        a[i] = b[i] = m->at[i];
    for (int i = 0; i < left_free; i++)
        a[batch + i] = m->at[batch + i];
    for (int i = 0; i < right_free; i++)
        b[batch + i] = m->at[batch + left_free + i];
    for (int i = 0; i < k; i++)
        a[batch + left_free + i] = b[batch + right_free + i] =
            add_loop(f, stage, left->shape.dim[batch + left_free + i], ROLE_K);
    add_acc(stage, m, value_of(reader, left, a), value_of(reader, right, b));
}

// ---- convolution --------------------------------------------------------------------------------

// Cuts the loop over channels of the result into groups and what is in a group.
static void cut_groups(Fuse *f, Stage *stage, int channel_axis, const Shape *shape, int64_t groups,
                       const Index **group, const Index **within)
{
    const Dim channels = shape->dim[channel_axis];
    *group = zero(f);
    *within = zero(f);
    int at = 0;
    for (int i = 0; i < channel_axis; i++)
        at += !dim_is(shape->dim[i], 1);
    if (dim_is(channels, 1))
        return;
    if (groups == 1) {
        *within = index_var(f->c, stage->space[at].var);
        return;
    }
    const Dim rest = dim_of(channels.scale / groups);
    const bool split = !dim_is(rest, 1);
    const Var *outer = var_new(f->c, "i", dim_of(groups));
    *group = index_var(f->c, outer);
    stage->space[at] = (Loop){outer, ROLE_BATCH};
    if (!split)
        return;
    const Var *inner = var_new(f->c, "i", rest);
    *within = index_var(f->c, inner);
    for (int i = stage->space_count++; i > at; i--)
        stage->space[i] = stage->space[i - 1];
    stage->space[at] = (Loop){outer, ROLE_BATCH};
    stage->space[at + 1] = (Loop){inner, ROLE_NONE};
}

static const Index *in_group(Fuse *f, const Index *group, int64_t size, const Index *within)
{
    return index_add(f->c, index_scale(f->c, group, dim_of(size)), within);
}

// Where filter place k reads for output place o.
static const Index *input_place(Fuse *f, const Window *w, int axis, const Index *o, const Index *k)
{
    const Index *at = index_add(f->c, index_scale(f->c, o, dim_of(w->stride[axis])),
                                index_scale(f->c, k, dim_of(w->dilation[axis])));
    return index_offset(f->c, at, -w->low[axis]);
}

// The output place that reads input place h through filter place k, and whether there is one.
static const Index *output_place(Fuse *f, const Window *w, int axis, const Index *h, const Index *k,
                                 Dim extent, const Expr **inside)
{
    const Index *at = index_sub(f->c, index_offset(f->c, h, w->low[axis]),
                                index_scale(f->c, k, dim_of(w->dilation[axis])));
    const Index *o = index_div(f->c, at, dim_of(w->stride[axis]));
    *inside = expr_both(f->c, *inside, expr_divides(f->c, at, w->stride[axis]));
    *inside = expr_both(f->c, *inside, expr_within(f->c, o, extent));
    return o;
}

static const Expr *guarded(Fuse *f, Reader *reader, const Expr *inside, const Node *node,
                           const Index *const *point, double outside)
{
    double known;
    if (expr_is_number(inside, &known) && !known)
        return expr_number(f->c, node->dtype, outside);
    return expr_choose(f->c, inside, value_of(reader, node, point),
                       expr_number(f->c, node->dtype, outside));
}

static void convolve(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *x = m->node->input[0], *weight = m->node->input[1];
    const Window *w = &m->node->attr->window;
    const int64_t out = weight->shape.dim[0].scale / w->groups, in = weight->shape.dim[1].scale;
    const Index *group, *o, *from[max_rank], *filter[max_rank];
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    cut_groups(f, stage, 1, &m->node->shape, w->groups, &group, &o);
    const Index *channel = add_loop(f, stage, dim_of(in), ROLE_K);
    from[0] = m->at[0];
    from[1] = in_group(f, group, in, channel);
    filter[0] = in_group(f, group, out, o);
    filter[1] = channel;
    for (int i = 0; i < w->spatial; i++) {
        filter[2 + i] = add_loop(f, stage, weight->shape.dim[2 + i], ROLE_K);
        from[2 + i] = input_place(f, w, i, m->at[2 + i], filter[2 + i]);
        inside = expr_both(f->c, inside, expr_within(f->c, from[2 + i], x->shape.dim[2 + i]));
    }
    add_acc(stage, m, guarded(f, reader, inside, x, from, 0), value_of(reader, weight, filter));
}

static void convolve_input(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *g = m->node->input[0], *weight = m->node->input[1];
    const Window *w = &m->node->attr->window;
    const int64_t out = weight->shape.dim[0].scale / w->groups, in = weight->shape.dim[1].scale;
    const Index *group, *channel, *from[max_rank], *filter[max_rank];
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    (void)in;
    cut_groups(f, stage, 1, &m->node->shape, w->groups, &group, &channel);
    const Index *o = add_loop(f, stage, dim_of(out), ROLE_K);
    from[0] = m->at[0];
    from[1] = filter[0] = in_group(f, group, out, o);
    filter[1] = channel;
    for (int i = 0; i < w->spatial; i++) {
        filter[2 + i] = add_loop(f, stage, weight->shape.dim[2 + i], ROLE_K);
        from[2 + i] = output_place(f, w, i, m->at[2 + i], filter[2 + i], g->shape.dim[2 + i],
                                   &inside);
    }
    add_acc(stage, m, guarded(f, reader, inside, g, from, 0), value_of(reader, weight, filter));
}

static void convolve_weight(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *x = m->node->input[0], *g = m->node->input[1];
    const Window *w = &m->node->attr->window;
    const Shape *shape = &m->node->shape;
    const int64_t out = shape->dim[0].scale / w->groups, in = shape->dim[1].scale;
    const Index *group, *o, *from[max_rank], *to[max_rank];
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    cut_groups(f, stage, 0, shape, w->groups, &group, &o);
    from[0] = to[0] = add_loop(f, stage, x->shape.dim[0], ROLE_K);
    from[1] = in_group(f, group, in, m->at[1]);
    to[1] = in_group(f, group, out, o);
    for (int i = 0; i < w->spatial; i++) {
        to[2 + i] = add_loop(f, stage, g->shape.dim[2 + i], ROLE_K);
        from[2 + i] = input_place(f, w, i, to[2 + i], m->at[2 + i]);
        inside = expr_both(f->c, inside, expr_within(f->c, from[2 + i], x->shape.dim[2 + i]));
    }
    add_acc(stage, m, guarded(f, reader, inside, x, from, 0), value_of(reader, g, to));
}

static void set_convolution_roles(Stage *stage, const Member *m)
{
    const int channel_axis = m->node->prim == P_CONVOLVE_WEIGHT ? 0 : 1;
    int at = 0;
    for (int i = 0; i < m->node->shape.rank; i++)
        if (!dim_is(m->node->shape.dim[i], 1))
            stage->space[at++].role = i == channel_axis ? ROLE_N : ROLE_M;
}

void form_contraction(Fuse *f, Stage *stage, Reader *reader, Member *base)
{
    stage->reduce = loops_new(f, max_rank);
    stage->contraction = arena_alloc(f->c->arena, sizeof *stage->contraction);
    if (base->node->prim == P_CONTRACT) {
        contract(f, stage, reader, base);
        return;
    }
    set_convolution_roles(stage, base);
    switch (base->node->prim) {
    case P_CONVOLVE: convolve(f, stage, reader, base); break;
    case P_CONVOLVE_INPUT: convolve_input(f, stage, reader, base); break;
    default: convolve_weight(f, stage, reader, base); break;
    }
    for (int i = 0; i < stage->space_count; i++)
        if (stage->space[i].role == ROLE_NONE)
            stage->space[i].role = ROLE_N;
}

// ---- windows ------------------------------------------------------------------------------------

static void window_sum_grad(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *g = m->node->input[0];
    const Window *w = &m->node->attr->window;
    const int lead = m->node->shape.rank - w->spatial;
    const Index *from[max_rank];
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    for (int i = 0; i < lead; i++)
        from[i] = m->at[i];
    for (int i = 0; i < w->spatial; i++) {
        const Index *k = add_loop(f, stage, dim_of(w->size[i]), ROLE_K);
        from[lead + i] = output_place(f, w, i, m->at[lead + i], k, g->shape.dim[lead + i], &inside);
    }
    stage->acc[stage->acc_count++] =
        (Acc){.kind = ACC_SUM, .order = ORDER_SEQUENCE, .lanes = 1, .dtype = m->node->dtype,
              .name = "sum", .node = m->node, .value = guarded(f, reader, inside, g, from, 0)};
}

void form_window(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    stage->reduce = loops_new(f, max_rank);
    if (m->node->prim == P_WINDOW_SUM_GRAD) {
        window_sum_grad(f, stage, reader, m);
        return;
    }
    const Node *x = m->node->input[0];
    const Window *w = &m->node->attr->window;
    const int lead = m->node->shape.rank - w->spatial;
    const Index *from[max_rank];
    const Expr *inside = expr_number(f->c, DT_BOOL, 1);
    for (int i = 0; i < lead; i++)
        from[i] = m->at[i];
    for (int i = 0; i < w->spatial; i++) {
        const Index *k = add_loop(f, stage, dim_of(w->size[i]), ROLE_K);
        from[lead + i] = input_place(f, w, i, m->at[lead + i], k);
        inside = expr_both(f->c, inside,
                           expr_within(f->c, from[lead + i], x->shape.dim[lead + i]));
    }
    const double outside = m->node->prim == P_WINDOW_SUM ? 0 : -(double)INFINITY;
    Acc acc = {.kind = acc_kind_of(m->node->prim), .order = ORDER_SEQUENCE, .lanes = 1,
               .dtype = x->dtype, .name = acc_name(m->node), .node = m->node,
               .value = guarded(f, reader, inside, x, from, outside)};
    if (acc.kind == ACC_PICK)
        acc.times = guarded(f, reader, inside, m->node->input[1], from, 0);
    stage->acc[stage->acc_count++] = acc;
}
