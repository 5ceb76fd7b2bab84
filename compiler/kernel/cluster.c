// cluster: computed nodes that share outer loops, and so become one kernel.
//
// Two members may share if whatever one reads of the other within a turn of the outer loops was
// made in that same turn. A member's outer axes say which turn an element belongs to: its row.
// For each read inside a cluster the reader's row must equal the row that is read, proved by the
// index algebra; views between them need no rule of their own.
#include "fuse.h"
#include "layout.h"

#include "../base/mutant.h"

#include <stdlib.h>
#include <string.h>

// ---- what a member reads ------------------------------------------------------------------------

static void add_read(Fuse *f, Member *reader, Member *read, const Index *const *point)
{
    reader->read = arena_grow(f->c->arena, reader->read, reader->read_count,
                              &reader->read_capacity, sizeof *reader->read);
    const Index *const *copy = NULL;
    if (point)
        copy = arena_copy(f->c->arena, point, sizeof *point * (size_t)(read->node->shape.rank + 1));
    reader->read[reader->read_count++] = (Read){read, copy};
    read->reader = arena_grow(f->c->arena, read->reader, read->reader_count,
                              &read->reader_capacity, sizeof(Member *));
    read->reader[read->reader_count++] = reader;
}

static void add_old(Fuse *f, const Member *reader, const Node *node)
{
    if (node->prim != P_VARIABLE)
        return;
    f->old = arena_grow(f->c->arena, f->old, f->old_count, &f->old_capacity, sizeof *f->old);
    const int id = node->attr->variable->id, last = f->last_old[id];
    *(last < 0 ? &f->first_old[id] : &f->old[last].next) = f->old_count;
    f->last_old[id] = f->old_count;
    f->old[f->old_count++] = (VariableRead){node->attr->variable, reader, -1};
}

typedef struct Noting {
    Fuse *f;
    Member *reader;
} Noting;

// Stands for a value that is only known when the step runs: an index made of it proves nothing.
static const Expr *unknown(Reader *reader, const Node *node)
{
    return expr_local(reader->c, local_new(reader->c, "unknown", node->dtype));
}

static const Expr *note_read(Reader *reader, const Node *node, const Index *const *point)
{
    Noting *noting = reader->data;
    Member *m = &noting->f->member[node->id];
    if (is_stored_source(node)) {
        add_old(noting->f, noting->reader, node);
        return unknown(reader, node);
    }
    if (!m->computed || m == noting->reader)
        return NULL;
    add_read(noting->f, noting->reader, m, point);
    return unknown(reader, node);
}

static void note_anywhere(Fuse *f, Member *reader, const Node *node)
{
    Member *m = &f->member[node->id];
    if (m->stamp == f->stamp)
        return;
    m->stamp = f->stamp;
    add_old(f, reader, node);
    if (m->computed && m != reader && !is_stored_source(node)) {
        add_read(f, reader, m, NULL);
        return;
    }
    for (int i = 0; i < node->input_count; i++)
        note_anywhere(f, reader, node->input[i]);
}

static bool is_reduction(const Node *node)
{
    return prim_class(node->prim) == CLASS_REDUCE;
}

uint32_t reduced_axes(const Node *node)
{
    return node->attr->axes;
}

int reduced_axis(const Node *node)
{
    int axis = 0;
    while (!(node->attr->axes >> axis & 1))
        axis++;
    return axis;
}

// The axis along which neighbours in memory lie, -1 if the value is one element.
static int innermost_axis(const Fuse *f, const Node *node)
{
    Buffer buffer = {.id = 0};
    int innermost = -1;
    layout_node(f->plan->layouts, node, &buffer);
    for (int i = 0; i < node->shape.rank; i++)
        if (!dim_is(node->shape.dim[i], 1) && dim_is(buffer.stride[i], 1))
            innermost = i;
    return innermost;
}

bool reduces_innermost(const Fuse *f, const Node *node)
{
    const int axis = innermost_axis(f, node->input[0]);
    return axis < 0 || (reduced_axes(node) >> axis & 1);
}

static bool is_map(const Node *node)
{
    const PrimClass class = prim_class(node->prim);
    return class == CLASS_SOURCE || class == CLASS_SCALAR || class == CLASS_MOVE ||
           node->prim == P_GATHER;
}

static void note_reads(Fuse *f, Member *m)
{
    const Node *node = m->node;
    m->space = is_reduction(node) ? node->input[0]->shape : node->shape;
    for (int i = 0; i < m->space.rank; i++) {
        m->axis[i] = var_new(f->c, "i", m->space.dim[i]);
        m->point[i] = index_var(f->c, m->axis[i]);
    }
    Noting noting = {f, m};
    Reader reader = {.c = f->c, .read = note_read, .data = &noting};
    if (is_reduction(node)) {
        value_of(&reader, node->input[0], m->point);
    } else if (is_map(node)) {
        value_of(&reader, node, m->point);
    } else {
        f->stamp++;
        for (int i = 0; i < node->input_count; i++)
            note_anywhere(f, m, node->input[i]);
    }
}

// ---- rows ---------------------------------------------------------------------------------------

static uint32_t all_axes(const Shape *shape)
{
    uint32_t axes = 0;
    for (int i = 0; i < shape->rank; i++)
        if (!dim_is(shape->dim[i], 1))
            axes |= 1u << i;
    return axes;
}

static const Index *row_at(Fuse *f, const Shape *shape, uint32_t outer, const Index *const *point)
{
    const Index *row = index_number(f->c, 0);
    for (int i = 0; i < shape->rank; i++)
        if (outer >> i & 1)
            row = index_add(f->c, index_scale(f->c, row, shape->dim[i]), point[i]);
    return row;
}

static void place_all(Member *m)
{
    m->outer_result = all_axes(&m->node->shape);
    m->outer = all_axes(&m->space);
    if (is_reduction(m->node))
        m->outer &= ~reduced_axes(m->node);
    m->placed = true;
}

static bool uses_only_outer(const Member *m, const Index *index)
{
    for (int i = 0; i < m->space.rank; i++)
        if (!(m->outer >> i & 1) && index_uses(index, m->axis[i]))
            return false;
    return true;
}

static bool same_row(Fuse *f, const Member *reader, const Read *read)
{
    const Member *p = read->member;
    return index_equal(row_at(f, &p->node->shape, p->outer_result, read->point),
                       row_at(f, &reader->space, reader->outer, reader->point));
}

// Whether the outer axes of a member are as many rows as the others have: part of their rows, as a
// slice reads, would be a row of its own in every turn.
static bool all_rows(const Member *m, Dim rows)
{
    Dim size = dim_of(1);
    for (int i = 0; i < m->space.rank; i++)
        if (m->outer >> i & 1)
            size = dim_mul(size, m->space.dim[i]);
    return dim_equal(size, rows);
}

// The reader is placed, what it reads is not: the axes that follow the reader's outer loops.
static bool place_read(Fuse *f, const Member *reader, const Read *read)
{
    Member *p = read->member;
    p->outer_result = 0;
    for (int i = 0; i < p->node->shape.rank; i++)
        if (read->point[i]->term_count && uses_only_outer(reader, read->point[i]))
            p->outer_result |= 1u << i;
    p->outer = p->outer_result;
    p->placed = true;
    return !is_reduction(p->node) && same_row(f, reader, read);
}

static bool place_reader(Fuse *f, Member *reader, const Read *read)
{
    const Member *p = read->member;
    const Index *row = row_at(f, &p->node->shape, p->outer_result, read->point);
    reader->outer = 0;
    for (int i = 0; i < reader->space.rank; i++)
        if (index_uses(row, reader->axis[i]))
            reader->outer |= 1u << i;
    reader->outer_result = reader->outer;
    reader->placed = true;
    return !is_reduction(reader->node) && same_row(f, reader, read);
}

// Settles every read between members; false if one crosses rows.
static bool settle(Fuse *f, Member *const *member, int count, const Cluster *a, const Cluster *b)
{
    bool changed = true, open = true;
    while (changed && open) {
        changed = open = false;
        for (int i = 0; i < count; i++) {
            Member *m = member[i];
            for (int k = 0; k < m->read_count; k++) {
                const Read *read = &m->read[k];
                Member *p = read->member;
                if (p->cluster != a && p->cluster != b)
                    continue;
                if (!read->point)
                    return false;
                const bool was_open = !m->placed || !p->placed;
                if (m->placed && p->placed ? !same_row(f, m, read)
                    : m->placed            ? !place_read(f, m, read)
                    : p->placed            ? !place_reader(f, m, read)
                                           : false)
                    return false;
                changed = changed || (was_open && (m->placed || p->placed));
                open = open || !m->placed || !p->placed;
            }
        }
    }
    for (int i = 0; i < count; i++)
        if (!member[i]->placed)
            return false;
    return true;
}

// ---- forms --------------------------------------------------------------------------------------

static ClusterForm form_of(const Fuse *f, const Node *node)
{
    if (is_map(node))
        return CLUSTER_FREE;
    if (is_reduction(node))
        return reduces_innermost(f, node) ? CLUSTER_ROWS : CLUSTER_LANES;
    if (prim_class(node->prim) == CLASS_CONTRACT)
        return CLUSTER_POINTS;
    if (prim_class(node->prim) == CLASS_WINDOW && node->prim != P_WINDOW_MAX_GRAD)
        return CLUSTER_LANES;
    return CLUSTER_ALONE;
}

static bool same_reduction(const Node *a, const Node *b)
{
    return is_reduction(a) && is_reduction(b) && reduced_axes(a) == reduced_axes(b) &&
           shape_equal(&a->input[0]->shape, &b->input[0]->shape);
}

// The form of the members together and the node that decides the rows; false if they have none.
static bool joint_form(const Fuse *f, Member *const *member, int count, ClusterForm *form,
                       const Node **base)
{
    *form = CLUSTER_FREE;
    *base = member[0]->node;
    for (int i = 0; i < count; i++) {
        const Node *node = member[i]->node;
        const ClusterForm own = form_of(f, node);
        if (own == CLUSTER_FREE)
            continue;
        if (own == CLUSTER_ALONE && count > 1)
            return false;
        if (*form != CLUSTER_FREE) {
            const bool shared = own == *form && (own == CLUSTER_ROWS
                                    ? dim_equal(shape_size(&node->shape),
                                                shape_size(&(*base)->shape))
                                    : own == CLUSTER_LANES && same_reduction(*base, node));
            if (!shared)
                return false;
            continue;
        }
        *form = own;
        *base = node;
    }
    return true;
}

static int64_t size_at_bound(const Fuse *f, Dim dim)
{
    return dim_at(dim, f->graph->bound ? f->graph->bound : 1);
}

// Rows of which neighbours in memory belong to different ones are read in strides.
static bool along_rows(const Fuse *f, const Member *m)
{
    const int axis = innermost_axis(f, m->node);
    return axis < 0 || m->node->shape.rank != m->space.rank || !(m->outer >> axis & 1);
}

// Few long rows leave threads without work, and make maps over them wait for one another.
static bool worth(const Fuse *f, Member *const *member, int count, Dim rows)
{
    const int64_t turns = size_at_bound(f, rows);
    for (int i = 0; i < count; i++) {
        const int64_t all = size_at_bound(f, shape_size(&member[i]->space));
        const bool map = !is_reduction(member[i]->node);
        if (map && turns > 0 && all > turns && all > 2048 &&
            (turns < 8 || all / turns > 65536 || !along_rows(f, member[i])))
            return false;
    }
    return true;
}

static bool fits(Fuse *f, Member *const *member, int count, const Cluster *a, const Cluster *b,
                 ClusterForm *form, Dim *rows)
{
    const Node *base;
    if (!joint_form(f, member, count, form, &base))
        return false;
    *rows = shape_size(&base->shape);
    for (int i = 0; i < count; i++) {
        Member *m = member[i];
        m->placed = false;
        if (*form != CLUSTER_ROWS || is_reduction(m->node)) {
            place_all(m);
            if (!dim_equal(shape_size(&m->node->shape), *rows))
                return false;
        }
    }
    for (int i = 0; *form != CLUSTER_ROWS && i < count; i++)    // its base reads nothing in here
        for (int k = 0; form_of(f, member[i]->node) != CLUSTER_FREE &&
                        k < member[i]->read_count; k++)
            if (member[i]->read[k].member->cluster == a || member[i]->read[k].member->cluster == b)
                return false;
    if (count == 1) {
        place_all(member[0]);
        return true;
    }
    if (!settle(f, member, count, a, b))
        return false;
    for (int i = 0; i < count; i++)
        if (!all_rows(member[i], *rows))
            return false;
    return (*form != CLUSTER_ROWS || worth(f, member, count, *rows));
}

// ---- merging ------------------------------------------------------------------------------------

static int last_node(const Cluster *cluster)
{
    return cluster->member[cluster->count - 1]->node->id;
}

// Whoever depends on the cluster now depends on a node as new as that. Readers that have no cluster
// yet are newer.
static void renew(Cluster *cluster, int newest)
{
    if (cluster->newest >= newest)
        return;
    cluster->newest = newest;
    for (int i = 0; i < cluster->count; i++)
        for (int k = 0; k < cluster->member[i]->reader_count; k++)
            if (cluster->member[i]->reader[k]->cluster)
                renew(cluster->member[i]->reader[k]->cluster, newest);
}

// A search that has no end soon is taken to succeed: two clusters stay two.
static bool reaches(Fuse *f, Cluster *from, const Cluster *to)
{
    if (from == to)
        return true;
    if (from->stamp == f->stamp || from->newest < last_node(to))
        return false;
    from->stamp = f->stamp;
    if (++f->visits > visit_most)
        return true;
    for (int i = 0; i < from->count; i++)
        for (int k = 0; k < from->member[i]->read_count; k++) {
            Cluster *next = from->member[i]->read[k].member->cluster;
            if (next != from && reaches(f, next, to))
                return true;
        }
    return false;
}

// Whether `from` depends on `to` through some third cluster.
static bool reaches_around(Fuse *f, Cluster *from, const Cluster *to)
{
    f->stamp++;
    f->visits = 0;
    from->stamp = f->stamp;
    for (int i = 0; i < from->count; i++)
        for (int k = 0; k < from->member[i]->read_count; k++) {
            Cluster *next = from->member[i]->read[k].member->cluster;
            if (next != from && next != to && reaches(f, next, to))
                return true;
        }
    return false;
}

static int by_node(const void *a, const void *b)
{
    return (*(Member *const *)a)->node->id - (*(Member *const *)b)->node->id;
}

static void adopt(Cluster *cluster, Member **member, int count)
{
    cluster->member = member;
    cluster->count = count;
    for (int i = 0; i < count; i++)
        member[i]->cluster = cluster;
}

static bool merge(Fuse *f, Cluster *into, Cluster *from)
{
    const int count = into->count + from->count;
    if (into->guard != from->guard || count > cluster_most || MUTANT(cluster_nothing))
        return false;
    if (into->form == CLUSTER_ALONE || from->form == CLUSTER_ALONE ||
        (into->form == CLUSTER_POINTS && from->form != CLUSTER_FREE) ||
        (from->form == CLUSTER_POINTS && into->form != CLUSTER_FREE))
        return false;
    Member **both = arena_alloc(f->c->arena, sizeof(Member *) * (size_t)count);
    memcpy(both, into->member, sizeof(Member *) * (size_t)into->count);
    memcpy(both + into->count, from->member, sizeof(Member *) * (size_t)from->count);
    qsort(both, (size_t)count, sizeof(Member *), by_node);
    ClusterForm form;
    Dim rows;
    const bool fit = fits(f, both, count, into, from, &form, &rows);
    if (!fit || reaches_around(f, into, from) || reaches_around(f, from, into)) {
        ClusterForm old;
        fits(f, into->member, into->count, into, into, &old, &rows);    // places them as they were
        fits(f, from->member, from->count, from, from, &old, &rows);
        return false;
    }
    into->form = form;
    into->rows = rows;
    from->gone = true;
    adopt(into, both, count);
    const int newest = into->newest > from->newest ? into->newest : from->newest;
    into->newest = -1;
    renew(into, newest);
    return true;
}

static Cluster *cluster_new(Fuse *f, Member *m)
{
    Cluster *cluster = arena_alloc(f->c->arena, sizeof *cluster);
    cluster->id = f->cluster_count;
    cluster->guard = m->node->guard;
    cluster->newest = m->node->id;
    adopt(cluster, arena_copy(f->c->arena, &m, sizeof(Member *)), 1);
    fits(f, cluster->member, 1, cluster, cluster, &cluster->form, &cluster->rows);
    if (form_of(f, m->node) == CLUSTER_ALONE)
        cluster->form = CLUSTER_ALONE;
    f->cluster = arena_grow(f->c->arena, f->cluster, f->cluster_count, &f->cluster_capacity,
                            sizeof(Cluster *));
    f->cluster[f->cluster_count++] = cluster;
    return cluster;
}

// Tries the clusters that the member reads, the one made last first.
static void join(Fuse *f, Member *m)
{
    Cluster *own = cluster_new(f, m);
    const int reads = m->read_count;
    bool *tried = arena_alloc(f->c->arena, (size_t)reads + 1);
    for (int round = 0; round < reads; round++) {
        int best = -1;
        for (int k = 0; k < reads; k++)
            if (!tried[k] && m->read[k].member->cluster != m->cluster &&
                (best < 0 || last_node(m->read[k].member->cluster) >
                                 last_node(m->read[best].member->cluster)))
                best = k;
        if (best < 0)
            return;
        Cluster *with = m->read[best].member->cluster;
        for (int k = 0; k < reads; k++)
            tried[k] = tried[k] || m->read[k].member->cluster == with;
        merge(f, with, m->cluster);
        own = m->cluster;
    }
    (void)own;
}

static void forget_reads(Fuse *f)
{
    const int count = f->plan->program->variable_count;
    f->first_old = arena_alloc(f->c->arena, sizeof(int) * (size_t)(count + 1));
    f->last_old = arena_alloc(f->c->arena, sizeof(int) * (size_t)(count + 1));
    for (int i = 0; i < count; i++)
        f->first_old[i] = f->last_old[i] = -1;
    for (int i = 0; i < f->graph->node_count; i++)
        f->member[i].read_count = f->member[i].reader_count = 0;
}

static void note_all_reads(Fuse *f)
{
    forget_reads(f);
    for (int i = 0; i < f->graph->node_count; i++)
        if (f->member[i].computed)
            note_reads(f, &f->member[i]);
}

// A value may have readers in the graph and none here: a slice that lies in the margin of a pad
// reads nothing of what was padded. Such a value is not computed. True if there was one.
static bool drop_unread(Fuse *f)
{
    bool dropped = false;
    const int count = f->graph->node_count;
    bool *used = arena_alloc(f->c->arena, (size_t)count + 1);
    for (int i = count - 1; i >= 0; i--) {
        Member *m = &f->member[i];
        if (!m->computed)
            continue;
        m->computed = m->wanted || used[i];
        dropped |= !m->computed;
        for (int k = 0; m->computed && k < m->read_count; k++)
            used[m->read[k].member->node->id] = true;
    }
    return dropped;
}

void cluster(Fuse *f)
{
    note_all_reads(f);
    if (drop_unread(f))
        note_all_reads(f);
    for (int i = 0; i < f->graph->node_count; i++)
        if (f->member[i].computed)
            join(f, &f->member[i]);
    for (int i = 0; i < f->graph->node_count; i++) {
        const Member *m = &f->member[i];
        for (int k = 0; m->computed && k < m->read_count; k++)
            if (m->read[k].member->cluster != m->cluster)
                m->read[k].member->kept = true;
    }
}
