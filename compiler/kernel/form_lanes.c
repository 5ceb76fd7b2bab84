// form_lanes: one stage over all points of a space, each point on its own.
//
// Maps over one space; reductions of outer axes, windows and contractions, whose elements join in
// sequence per point, with the maps that read them behind as epilogue.
#include "form.h"

#include "../base/mutant.h"

typedef struct Points {
    Fuse *f;
    Cluster *cluster;
    bool inside;                        // the operands of the reduction are being formed
} Points;

static bool is_map(const Member *m)
{
    const PrimClass class = prim_class(m->node->prim);
    return class == CLASS_SOURCE || class == CLASS_SCALAR || class == CLASS_MOVE ||
           m->node->prim == P_GATHER;
}

static const Expr *read(Reader *reader, const Node *node, const Index *const *point)
{
    const Points *p = reader->data;
    const Member *m = &p->f->member[node->id];
    if (is_stored_source(node))
        return member_load(p->f, node, point);
    if (!m->computed)
        return NULL;
    if (m->cluster != p->cluster || p->inside)
        return member_load(p->f, node, point);
    return is_map(m) ? NULL : expr_acc(reader->c, node->dtype, m->acc);
}

static Member *base_of(const Cluster *cluster)
{
    Member *finest = cluster->member[0];
    for (int i = 0; i < cluster->count; i++) {
        Member *m = cluster->member[i];
        if (!is_map(m))
            return m;
        int axes = 0, most = 0;
        for (int k = 0; k < m->node->shape.rank; k++)
            axes += !dim_is(m->node->shape.dim[k], 1);
        for (int k = 0; k < finest->node->shape.rank; k++)
            most += !dim_is(finest->node->shape.dim[k], 1);
        finest = axes > most ? m : finest;
    }
    return finest;
}

// The result's axes are the loops of the stage; those that vanish are the reduction's.
static void form_reduction(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    const Node *node = m->node, *from = node->input[0];
    const uint32_t gone = reduced_axes(node);
    const Index *point[max_rank];
    if (!stage->reduce) {
        stage->reduce = loops_new(f, max_rank);
        for (int i = 0; i < from->shape.rank; i++)
            if ((gone >> i & 1) && !dim_is(from->shape.dim[i], 1))
                stage->reduce[stage->reduce_count++].var = var_new(f->c, "i", from->shape.dim[i]);
    }
    int at = 0, along = 0;
    for (int i = 0; i < from->shape.rank; i++) {
        if (!(gone >> i & 1))
            point[i] = m->at[at++];
        else
            point[i] = dim_is(from->shape.dim[i], 1) ? index_number(f->c, 0)
                                                     : index_var(f->c, stage->reduce[along++].var);
    }
    Acc acc = {.kind = acc_kind_of(node->prim), .order = ORDER_SEQUENCE, .lanes = 1,
               .dtype = from->dtype, .name = acc_name(node), .node = node,
               .value = value_of(reader, from, point)};
    if (acc.kind == ACC_PICK)
        acc.times = expr_index(f->c, node->dtype, point[reduced_axis(node)]);
    stage->acc[stage->acc_count++] = acc;
}

static void form_base(Fuse *f, Stage *stage, Reader *reader, Member *m)
{
    m->acc = stage->acc_count;
    switch (prim_class(m->node->prim)) {
    case CLASS_REDUCE: form_reduction(f, stage, reader, m); return;
    case CLASS_WINDOW: form_window(f, stage, reader, m); return;
    case CLASS_CONTRACT: form_contraction(f, stage, reader, m); return;
    default: return;
    }
}

static void form_after(Fuse *f, Stage *stage, Reader *reader, const Cluster *cluster)
{
    for (int i = 0; i < cluster->count; i++) {
        const Member *m = cluster->member[i];
        if (!m->home)
            continue;
        const Expr *value = is_map(m) ? value_of(reader, m->node, m->at)
                                      : expr_acc(f->c, m->node->dtype, m->acc);
        member_store(f, m, &stage->after, m->at, value);
    }
    body_finish(f->c, &stage->after, NULL, 0);
}

void form_lanes(Fuse *f, Cluster *cluster)
{
    Kernel *kernel = kernel_new(f, cluster, FORM_LANES);
    Member *base = base_of(cluster);
    const bool contracts = cluster->form == CLUSTER_POINTS;
    Stage *stage = stage_new(f, kernel, contracts ? STAGE_CONTRACT : STAGE_LOOPS);
    stage->acc = arena_alloc(f->c->arena, sizeof(Acc) * (size_t)cluster->count);
    stage_space(f, stage, &base->node->shape);
    Points points = {f, cluster, true};
    Reader inside = {.c = f->c, .read = read, .data = &points};
    point_in_loops(f, stage->space, stage->space_count, &base->node->shape, ~0u, base->at);
    if (contracts)
        form_base(f, stage, &inside, base);             // may cut axes into groups
    for (int i = 0; i < cluster->count; i++) {
        Member *m = cluster->member[i];
        point_in_loops(f, stage->space, stage->space_count, &m->node->shape, ~0u, m->at);
        if (!is_map(m) && !contracts)
            form_base(f, stage, &inside, m);
    }
    body_finish(f->c, &stage->body, stage->acc, stage->acc_count);
    Points epilogue = {f, cluster, false};
    Reader after = {.c = f->c, .read = read, .data = &epilogue};
    form_after(f, stage, &after, cluster);
}
