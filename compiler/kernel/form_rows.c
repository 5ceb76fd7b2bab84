// form_rows: outer loops over rows, stages over what a row holds.
//
// A member is made in the stage of its level, together with all members of that level that run
// over the same inner sizes. The level grows from what is read to its reader wherever the two can
// not share a loop: behind a reduction, or where the reader looks elsewhere in the row. Stages are
// formed from the last to the first, so that a stage knows what later ones want of it.
#include "form.h"

#include "../base/mutant.h"

#include <string.h>

enum { recompute_operations = 4, recompute_loads = 2, row_most = 4096 };

typedef struct RowStage {
    int level;
    Shape inner;
    Loop *loop;
    int loop_count;
    Stage *stage;
} RowStage;

typedef struct Rows {
    Fuse *f;
    Cluster *cluster;
    Kernel *kernel;
    RowStage *stage;
    int stage_count;
    int current;                        // being formed
} Rows;

static bool is_reduction(const Node *node)
{
    return prim_class(node->prim) == CLASS_REDUCE;
}

static Shape inner_of(const Member *m)
{
    Shape inner = {0};
    for (int i = 0; i < m->space.rank; i++)
        if (!(m->outer >> i & 1) && !dim_is(m->space.dim[i], 1))
            inner.dim[inner.rank++] = m->space.dim[i];
    return inner;
}

static bool is_recomputed(const Member *m)
{
    return !is_reduction(m->node) && !m->kept && m->operations <= recompute_operations &&
           m->loads <= recompute_loads && inner_of(m).rank > 0;
}

// ---- levels -------------------------------------------------------------------------------------

// Whether the reader meets the element in the very turn of the loops that makes it.
static bool shares_loop(const Member *reader, const Read *read)
{
    const Member *p = read->member;
    const Shape mine = inner_of(reader), its = inner_of(p);
    if (is_reduction(p->node) || !shape_equal(&mine, &its))
        return false;
    int at = 0;
    for (int i = 0; i < p->space.rank; i++) {
        if ((p->outer >> i & 1) || dim_is(p->space.dim[i], 1))
            continue;
        while ((reader->outer >> at & 1) || dim_is(reader->space.dim[at], 1))
            at++;
        if (!index_equal(read->point[i], reader->point[at++]))
            return false;
    }
    return true;
}

static void set_levels(Rows *r)
{
    for (int i = 0; i < r->cluster->count; i++) {
        Member *m = r->cluster->member[i];
        m->level = 0;
        for (int k = 0; k < m->read_count; k++) {
            const Read *read = &m->read[k];
            if (read->member->cluster != r->cluster)
                continue;
            const int least = read->member->level + !shares_loop(m, read);
            m->level = m->level > least ? m->level : least;
        }
    }
}

static int stage_of(Rows *r, const Member *m)
{
    const Shape inner = inner_of(m);
    for (int i = 0; i < r->stage_count; i++)
        if (r->stage[i].level == m->level && shape_equal(&r->stage[i].inner, &inner))
            return i;
    return -1;
}

static void open_stage(Rows *r, int level, const Shape *inner)
{
    RowStage *s = &r->stage[r->stage_count++];
    *s = (RowStage){.level = level, .inner = *inner, .loop = loops_new(r->f, inner->rank)};
    for (int i = 0; i < inner->rank; i++)
        s->loop[s->loop_count++].var = var_new(r->f->c, "i", inner->dim[i]);
}

static void set_stages(Rows *r)
{
    int deepest = 0;
    for (int i = 0; i < r->cluster->count; i++)
        if (r->cluster->member[i]->level > deepest)
            deepest = r->cluster->member[i]->level;
    for (int level = 0; level <= deepest; level++)
        for (int i = 0; i < r->cluster->count; i++) {
            Member *m = r->cluster->member[i];
            const Shape inner = inner_of(m);
            if (m->level == level && stage_of(r, m) < 0)
                open_stage(r, level, &inner);
        }
    for (int i = 0; i < r->cluster->count; i++)
        r->cluster->member[i]->stage = stage_of(r, r->cluster->member[i]);
}

// ---- points -------------------------------------------------------------------------------------

static void choose_outer(Rows *r)
{
    const Member *finest = NULL;
    int most = -1;
    for (int i = 0; i < r->cluster->count; i++) {
        const Member *m = r->cluster->member[i];
        int axes = 0;
        for (int k = 0; k < m->space.rank; k++)
            axes += (m->outer >> k & 1) && !dim_is(m->space.dim[k], 1);
        if (axes > most) {
            most = axes;
            finest = m;
        }
    }
    kernel_outer(r->f, r->kernel, &finest->space, finest->outer);
}

static void place_member(Rows *r, Member *m)
{
    const RowStage *s = &r->stage[m->stage];
    const Kernel *kernel = r->kernel;
    point_in_loops(r->f, kernel->outer, kernel->outer_count, &m->space, m->outer, m->at);
    int at = 0;
    for (int i = 0; i < m->space.rank; i++)
        if (!(m->outer >> i & 1))
            m->at[i] = dim_is(m->space.dim[i], 1) ? index_number(r->f->c, 0)
                                                  : index_var(r->f->c, s->loop[at++].var);
}

// Of its own shape: a reduction has lost its inner axes.
static void result_point(const Member *m, const Index **point)
{
    int at = 0;
    const uint32_t gone = is_reduction(m->node) ? reduced_axes(m->node) : 0;
    for (int i = 0; i < m->space.rank; i++)
        if (!(gone >> i & 1))
            point[at++] = m->at[i];
}

// ---- memory within a row ------------------------------------------------------------------------

static int64_t size_at_bound(const Rows *r, const Shape *shape)
{
    const Graph *graph = r->f->graph;
    return dim_at(shape_size(shape), graph->bound ? graph->bound : 1);
}

static void give_row(Rows *r, Member *m)
{
    const Shape inner = inner_of(m);
    const bool small = shape_is_static(&inner) && size_at_bound(r, &inner) <= row_most;
    const char *name = m->node->name ? m->node->name : prim_name(m->node->prim);
    if (!small) {
        m->home = buffer_new(r->f, BUFFER_ARENA, name, m->node->dtype, &m->node->shape);
        m->home->node = m->node;
        return;
    }
    m->row = buffer_new(r->f, BUFFER_ROW, name, m->node->dtype, &inner);
    m->row->node = m->node;
    Kernel *kernel = r->kernel;
    kernel->row = arena_grow(r->f->c->arena, kernel->row, kernel->row_count, &kernel->row_capacity,
                             sizeof(Buffer *));
    kernel->row[kernel->row_count++] = m->row;
}

static const Index *row_index(Rows *r, const Member *m, const Index *const *point)
{
    const Index *inner[max_rank];
    int count = 0;
    for (int i = 0; i < m->space.rank; i++)
        if (!(m->outer >> i & 1) && !dim_is(m->space.dim[i], 1))
            inner[count++] = point[i];
    return buffer_at(r->f->c, m->row, inner);
}

static const Expr *wanted_value(Rows *r, Member *m, const Index *const *point)
{
    if (is_reduction(m->node) || inner_of(m).rank == 0) {
        if (!m->local)
            m->local = local_new(r->f->c, acc_name(m->node), m->node->dtype);
        return expr_local(r->f->c, m->local);
    }
    if (!m->home && !m->row)
        give_row(r, m);
    if (m->row)
        return expr_load(r->f->c, m->row, row_index(r, m, point));
    return expr_load(r->f->c, m->home, buffer_at(r->f->c, m->home, point));
}

// ---- bodies -------------------------------------------------------------------------------------

static const Expr *read(Reader *reader, const Node *node, const Index *const *point)
{
    Rows *r = reader->data;
    Member *m = &r->f->member[node->id];
    if (is_stored_source(node))
        return member_load(r->f, node, point);
    if (!m->computed)
        return NULL;
    if (m->cluster != r->cluster)
        return member_load(r->f, node, point);
    if (!is_reduction(node) && (m->stage == r->current || is_recomputed(m)))
        return NULL;
    return wanted_value(r, m, point);
}

static void form_map(Rows *r, Member *m, Reader *reader, Body *body)
{
    IndexContext *c = r->f->c;
    if (!m->home && !m->row && !m->local)
        return;                         // its readers hold it inlined
    const Expr *value = value_of(reader, m->node, m->at);
    if (m->local)
        body_local(c, body, m->local, value);
    if (m->row)
        body_store(c, body, m->row, row_index(r, m, m->at), value);
    member_store(r->f, m, body, m->at, value);
}

static void form_reduction(Rows *r, Member *m, Reader *reader, Stage *stage)
{
    IndexContext *c = r->f->c;
    const Node *node = m->node, *from = node->input[0];
    Acc acc = {.kind = acc_kind_of(node->prim), .dtype = from->dtype, .name = acc_name(node),
               .node = node, .value = value_of(reader, from, m->at), .lanes = 1};
    if (acc.kind == ACC_PICK)
        acc.times = expr_index(c, node->dtype, m->at[reduced_axis(node)]);
    else if (dtype_kind(acc.dtype) == KIND_FLOAT)
        acc.lanes = lanes_for(stage->reduce, stage->reduce_count);
    acc.order = acc.lanes > 1 ? ORDER_LANES : ORDER_SEQUENCE;
    m->acc = stage->acc_count;
    stage->acc[stage->acc_count++] = acc;
    const Expr *result = expr_acc(c, node->dtype, m->acc);
    const Index *point[max_rank];
    result_point(m, point);
    if (m->local)
        body_local(c, &stage->after, m->local, result);
    member_store(r->f, m, &stage->after, point, result);
}

static void form_stage(Rows *r, int number)
{
    RowStage *s = &r->stage[number];
    Stage *stage = arena_alloc(r->f->c->arena, sizeof *stage);
    bool reduces = false;
    for (int i = 0; i < r->cluster->count; i++)
        reduces = reduces || (r->cluster->member[i]->stage == number &&
                              is_reduction(r->cluster->member[i]->node));
    *(reduces ? &stage->reduce : &stage->space) = s->loop;
    *(reduces ? &stage->reduce_count : &stage->space_count) = s->loop_count;
    stage->acc = arena_alloc(r->f->c->arena, sizeof(Acc) * (size_t)(r->cluster->count + 1));
    Reader reader = {.c = r->f->c, .read = read, .data = r};
    r->current = number;
    for (int i = 0; i < r->cluster->count; i++) {
        Member *m = r->cluster->member[i];
        if (m->stage != number)
            continue;
        if (is_reduction(m->node))
            form_reduction(r, m, &reader, stage);
        else
            form_map(r, m, &reader, reduces ? &stage->body : &stage->after);
    }
    body_finish(r->f->c, reduces ? &stage->body : &stage->after, stage->acc, stage->acc_count);
    if (reduces)
        body_finish(r->f->c, &stage->after, NULL, 0);
    s->stage = stage;
}

static bool is_empty(const Stage *stage)
{
    return !stage->body.count && !stage->after.count && !stage->acc_count;
}

void form_rows(Fuse *f, Cluster *cluster)
{
    Rows r = {.f = f, .cluster = cluster, .kernel = kernel_new(f, cluster, FORM_ROWS)};
    r.stage = arena_alloc(f->c->arena, sizeof *r.stage * (size_t)cluster->count);
    for (int i = 0; i < cluster->count; i++) {
        cluster->member[i]->local = NULL;
        cluster->member[i]->row = NULL;
    }
    set_levels(&r);
    set_stages(&r);
    choose_outer(&r);
    for (int i = 0; i < cluster->count; i++)
        place_member(&r, cluster->member[i]);
    for (int i = r.stage_count - 1; i >= 0; i--)
        form_stage(&r, i);
    for (int i = 0; i < r.stage_count; i++)
        if (!is_empty(r.stage[i].stage)) {
            Stage *stage = stage_new(f, r.kernel, STAGE_LOOPS);
            *stage = *r.stage[i].stage;
        }
}
