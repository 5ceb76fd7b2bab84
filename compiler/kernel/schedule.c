// schedule: the order of kernels, and which of them write variables in place.
//
// A read of a variable sees the value from the start of the step. So a kernel may store a new
// value where the old one lies only behind all kernels that read the old one, and within one
// kernel only if each element is read where it is replaced. What cannot is stored in the arena and
// committed by a copy at the end of the step, in the order of the spec: the last write wins.
#include "cut.h"
#include "form.h"
#include "order.h"

#include "../base/mutant.h"
#include "../graph/passes.h"

#include <string.h>

typedef struct Links {                  // of a cluster: those it must come behind, or before
    int *to;
    int count, capacity;
} Links;

typedef struct Order {
    Fuse *f;
    Links *behind, *before;             // by cluster
    int *newest;                        // by cluster: Cluster.newest, over all of `behind`
    int count;
    int *writes;                        // by variable: how many the step has
    Cluster **ready;                    // a heap, that which ends first in the graph on top
    int ready_count;
} Order;

static void add_link(Order *o, Links *links, int to)
{
    links->to = arena_grow(o->f->c->arena, links->to, links->count, &links->capacity, sizeof(int));
    links->to[links->count++] = to;
}

static int last_node(const Cluster *cluster)
{
    return cluster->member[cluster->count - 1]->node->id;
}

static void renew(Order *o, int cluster, int newest)
{
    if (o->newest[cluster] >= newest)
        return;
    o->newest[cluster] = newest;
    for (int i = 0; i < o->before[cluster].count; i++)
        renew(o, o->before[cluster].to[i], newest);
}

static void add_edge(Order *o, const Cluster *later, const Cluster *earlier)
{
    if (later == earlier)
        return;
    for (int i = 0; i < o->behind[later->id].count; i++)
        if (o->behind[later->id].to[i] == earlier->id)
            return;
    add_link(o, &o->behind[later->id], earlier->id);
    add_link(o, &o->before[earlier->id], later->id);
    renew(o, later->id, o->newest[earlier->id]);
}

static void add_data_edges(Order *o)
{
    for (int i = 0; i < o->count; i++) {
        const Cluster *cluster = o->f->cluster[i];
        for (int k = 0; !cluster->gone && k < cluster->count; k++)
            for (int r = 0; r < cluster->member[k]->read_count; r++)
                add_edge(o, cluster, cluster->member[k]->read[r].member->cluster);
    }
}

static bool comes_behind(Order *o, const Cluster *later, const Cluster *earlier)
{
    Cluster *from = o->f->cluster[later->id];
    if (from == earlier)
        return true;
    if (from->stamp == o->f->stamp || o->newest[from->id] < last_node(earlier))
        return false;
    from->stamp = o->f->stamp;
    for (int i = 0; i < o->behind[from->id].count; i++)
        if (comes_behind(o, o->f->cluster[o->behind[from->id].to[i]], earlier))
            return true;
    return false;
}

// ---- writes in place ----------------------------------------------------------------------------

static bool readers_before(Order *o, const Variable *variable, const Cluster *writer)
{
    const VariableRead *old = o->f->old;
    const int first = o->f->first_old[variable->id];
    for (int i = first; i >= 0; i = old[i].next) {
        if (old[i].reader->cluster == writer)
            continue;
        o->f->stamp++;
        if (comes_behind(o, old[i].reader->cluster, writer))
            return false;
    }
    for (int i = first; i >= 0 && !MUTANT(schedule_early_write); i = old[i].next)
        add_edge(o, writer, old[i].reader->cluster);
    return true;
}

static void write_in_place(Order *o, const Write *write)
{
    Member *m = &o->f->member[write->value->id];
    Buffer *buffer = o->f->plan->variable[write->variable->id];
    if (write->guard != write->value->guard || o->writes[write->variable->id] > 1 ||
        (m->home && m->cluster->form == CLUSTER_ALONE) ||
        !readers_before(o, write->variable, m->cluster))
        return;
    if (!m->home) {
        m->home = buffer;
        return;
    }
    m->twin = arena_grow(o->f->c->arena, m->twin, m->twin_count, &m->twin_capacity,
                         sizeof(Buffer *));
    m->twin[m->twin_count++] = buffer;
}

// ---- a kernel that reads what it replaces -------------------------------------------------------

typedef struct Check {
    const Buffer *buffer;
    const Index *stored;
    bool chosen, safe;
} Check;

static void check_expr(Check *check, const Expr *e);

static void check_index(Check *check, const Index *index)
{
    for (int i = 0; index && i < index->term_count; i++) {
        const Atom *atom = &index->term[i].atom;
        if (atom->kind == ATOM_VALUE)
            check_expr(check, atom->value);
        else if (atom->kind != ATOM_VAR)
            check_index(check, atom->of);
    }
}

static void check_expr(Check *check, const Expr *e)
{
    if (e->kind == EXPR_LOAD && e->buffer == check->buffer)
        check->safe = check->safe && !check->chosen && check->stored &&
                      index_equal(e->index, check->stored);
    check_index(check, e->index);
    const bool before = check->chosen;
    for (int i = 0; i < e->operand_count; i++) {
        check->chosen = before || (e->kind == EXPR_CHOOSE && i > 0);
        check_expr(check, e->operand[i]);
    }
    check->chosen = before;
}

static const Index *store_in(const Body *body, const Buffer *buffer)
{
    for (int i = 0; i < body->count; i++)
        if (body->item[i].kind == ITEM_STORE && body->item[i].buffer == buffer)
            return body->item[i].index;
    return NULL;
}

static void check_body(Check *check, const Body *body)
{
    for (int i = 0; i < body->count; i++) {
        check_index(check, body->item[i].index);
        check_expr(check, body->item[i].value);
    }
}

// Loads of a buffer are allowed in the body that stores it, at the same element, nowhere else.
static bool replaces_safely(const Kernel *kernel, const Buffer *buffer)
{
    for (int i = 0; i < kernel->stage_count; i++) {
        const Stage *stage = kernel->stage[i];
        Check inside = {buffer, store_in(&stage->body, buffer), false, true};
        Check after = {buffer, store_in(&stage->after, buffer), false, true};
        for (int k = 0; k < stage->acc_count; k++) {
            check_expr(&inside, stage->acc[k].value);
            if (stage->acc[k].times)
                check_expr(&inside, stage->acc[k].times);
        }
        check_body(&inside, &stage->body);
        check_body(&after, &stage->after);
        if (stage->special)             // reads its operands in another order than it stores
            for (const Expr *const *e = (const Expr *const[]){stage->special->key,
                     stage->special->start, stage->special->update, stage->special->inside, NULL},
                     *const *end = e + 4; e < end; e++)
                if (*e)
                    check_expr(&inside, *e);
        if (!inside.safe || !after.safe)
            return false;
    }
    return true;
}

static void form_checked(Fuse *f, Cluster *cluster)
{
    form(f, cluster);
    bool again = false;
    for (int i = 0; i < cluster->count; i++) {
        Member *m = cluster->member[i];
        if (m->home && m->home->kind == BUFFER_VARIABLE && !MUTANT(schedule_unsafe_place) &&
            !replaces_safely(cluster->kernel, m->home)) {
            m->home = NULL;
            again = true;
        }
        for (int k = m->twin_count - 1; k >= 0; k--)
            if (!replaces_safely(cluster->kernel, m->twin[k])) {
                m->twin[k] = m->twin[--m->twin_count];
                again = true;
            }
    }
    if (again)
        form(f, cluster);
}

// ---- commits ------------------------------------------------------------------------------------

static bool has_empty(const Loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        if (loop[i].var->extent.scale == 0)
            return true;
    return false;
}

// Nothing is stored by a kernel over no points.
static bool is_empty(const Kernel *kernel)
{
    const Stage *only = kernel->stage_count == 1 ? kernel->stage[0] : NULL;
    return has_empty(kernel->outer, kernel->outer_count) ||
           (only && has_empty(only->space, only->space_count));
}

static void step_add(Fuse *f, Kernel *kernel)
{
    PlanStep *step = f->step;
    if (is_empty(kernel))
        return;
    step->kernel = arena_grow(f->c->arena, step->kernel, step->kernel_count,
                              &step->kernel_capacity, sizeof(Kernel *));
    kernel->id = step->kernel_count;
    step->kernel[step->kernel_count++] = kernel;
}

static void copy_value(Fuse *f, const Member *m, Buffer *to, const Guard *guard)
{
    Kernel *kernel = arena_alloc(f->c->arena, sizeof *kernel);
    kernel->form = FORM_LANES;
    kernel->guard = guard;
    kernel->node = arena_copy(f->c->arena, &m->node, sizeof(Node *));
    kernel->node_count = kernel->node_capacity = 1;
    kernel->copies = true;
    Stage *stage = stage_new(f, kernel, STAGE_LOOPS);
    const Index *point[max_rank];
    stage_space(f, stage, &to->shape);
    point_in_loops(f, stage->space, stage->space_count, &to->shape, ~0u, point);
    body_store(f->c, &stage->after, to, buffer_at(f->c, to, point),
               expr_load(f->c, m->home, buffer_at(f->c, m->home, point)));
    cut_loops(f->c, kernel);
    order_loops(kernel, f->graph->bound ? f->graph->bound : 1);
    collapse(f->c, kernel);
    step_add(f, kernel);
}

static bool is_twin(const Member *m, const Buffer *buffer)
{
    for (int i = 0; i < m->twin_count; i++)
        if (m->twin[i] == buffer)
            return true;
    return false;
}

static void commit(Fuse *f)
{
    for (int i = 0; i < f->graph->write_count; i++) {
        const Write *write = &f->graph->write[i];
        const Member *m = &f->member[write->value->id];
        Buffer *to = f->plan->variable[write->variable->id];
        if (m->home != to && !is_twin(m, to))
            copy_value(f, m, to, write->guard);
    }
    for (int i = 0; i < f->step->result_count; i++) {
        const PlanResult *result = &f->step->result[i];
        const Member *m = &f->member[result->result->value->id];
        if (result->buffer && m->home != result->buffer)
            copy_value(f, m, result->buffer, result->result->guard);
    }
}

// ---- results ------------------------------------------------------------------------------------

static void take_results(Fuse *f)
{
    const Graph *graph = f->graph;
    PlanStep *step = f->step;
    step->result =
        arena_alloc(f->c->arena, sizeof *step->result * (size_t)(graph->result_count + 1));
    for (int i = 0; i < graph->result_count; i++) {
        const Result *result = &graph->result[i];
        Member *m = &f->member[result->value->id];
        Buffer *buffer = NULL;
        if (result->kind == RESULT_PREDICT || result->kind == RESULT_FIELD) {
            buffer = buffer_new(f, BUFFER_OUTPUT, result->name ? result->name : "output",
                                result->value->dtype, &result->value->shape);
            buffer->index = result->index;
            buffer->node = result->value;
            if (!m->home && result->guard == result->value->guard)
                m->home = buffer;
        }
        step->result[step->result_count++] = (PlanResult){result, buffer};
    }
}

static void settle_results(Fuse *f)
{
    for (int i = 0; i < f->step->result_count; i++) {
        PlanResult *result = &f->step->result[i];
        if (!result->buffer)
            result->buffer = f->member[result->result->value->id].home;
    }
}

// ---- order --------------------------------------------------------------------------------------

static void add_ready(Order *o, Cluster *cluster)
{
    int at = o->ready_count++;
    for (; at && last_node(o->ready[(at - 1) / 2]) > last_node(cluster); at = (at - 1) / 2)
        o->ready[at] = o->ready[(at - 1) / 2];
    o->ready[at] = cluster;
}

// Of those that may run next, the one whose last node comes first in the graph.
static Cluster *take_ready(Order *o)
{
    if (!o->ready_count)
        bug("kernels of %s wait for each other", o->f->graph->name);
    Cluster *const first = o->ready[0], *const last = o->ready[--o->ready_count];
    int at = 0;
    for (int child; (child = 2 * at + 1) < o->ready_count; at = child) {
        if (child + 1 < o->ready_count &&
            last_node(o->ready[child + 1]) < last_node(o->ready[child]))
            child++;
        if (last_node(o->ready[child]) > last_node(last))
            break;
        o->ready[at] = o->ready[child];
    }
    o->ready[at] = last;
    return first;
}

static Order order_new(Fuse *f)
{
    Arena *arena = f->c->arena;
    Order o = {.f = f, .count = f->cluster_count};
    const size_t count = (size_t)o.count + 1;
    o.behind = arena_alloc(arena, sizeof(Links) * count);
    o.before = arena_alloc(arena, sizeof(Links) * count);
    o.ready = arena_alloc(arena, sizeof(Cluster *) * count);
    o.newest = arena_alloc(arena, sizeof(int) * count);
    for (int i = 0; i < o.count; i++)
        o.newest[i] = f->cluster[i]->newest;
    o.writes = arena_alloc(arena, sizeof(int) * (size_t)(f->plan->program->variable_count + 1));
    for (int i = 0; i < f->graph->write_count; i++)
        o.writes[f->graph->write[i].variable->id]++;
    return o;
}

void schedule(Fuse *f)
{
    Order o = order_new(f);
    int *waits = arena_alloc(f->c->arena, sizeof(int) * (size_t)(o.count + 1));
    add_data_edges(&o);
    take_results(f);
    for (int i = 0; i < f->graph->write_count; i++)
        write_in_place(&o, &f->graph->write[i]);
    int left = 0;
    for (int i = 0; i < o.count; i++) {
        if (f->cluster[i]->gone)
            continue;
        left++;
        waits[i] = o.behind[i].count;
        if (!waits[i])
            add_ready(&o, f->cluster[i]);
    }
    for (; left; left--) {
        Cluster *next = take_ready(&o);
        for (int i = 0; i < o.before[next->id].count; i++)
            if (--waits[o.before[next->id].to[i]] == 0)
                add_ready(&o, f->cluster[o.before[next->id].to[i]]);
        form_checked(f, next);
        step_add(f, next->kernel);
    }
    commit(f);
    settle_results(f);
}
