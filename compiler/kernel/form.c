// form: a kernel for each cluster.
//
// requires: clusters; formed in an order in which what is read has a home.
// provides: kernels whose bodies hold loads and stores of buffers; no node is looked at behind it.
#include "cut.h"
#include "form.h"
#include "layout.h"
#include "order.h"

#include "../base/mutant.h"

#include <string.h>

Buffer *buffer_new(Fuse *f, BufferKind kind, const char *name, DType type, const Shape *shape)
{
    Buffer *buffer = arena_alloc(f->c->arena, sizeof *buffer);
    *buffer = (Buffer){.id = f->c->next_var++, .name = name, .kind = kind, .dtype = type,
                       .shape = *shape, .first = -1, .last = -1};
    Dim stride = dim_of(1);
    for (int i = shape->rank - 1; i >= 0; i--) {
        buffer->stride[i] = stride;
        stride = dim_mul(stride, shape->dim[i]);
    }
    return buffer;
}

Kernel *kernel_new(Fuse *f, Cluster *cluster, KernelForm form)
{
    Kernel *kernel = arena_alloc(f->c->arena, sizeof *kernel);
    kernel->form = form;
    kernel->guard = cluster->guard;
    for (int i = 0; i < cluster->count; i++) {
        kernel->node = arena_grow(f->c->arena, kernel->node, kernel->node_count,
                                  &kernel->node_capacity, sizeof(Node *));
        kernel->node[kernel->node_count++] = (Node *)cluster->member[i]->node;
    }
    cluster->kernel = kernel;
    return kernel;
}

Stage *stage_new(Fuse *f, Kernel *kernel, StageKind kind)
{
    Stage *stage = arena_alloc(f->c->arena, sizeof *stage);
    stage->kind = kind;
    kernel->stage = arena_grow(f->c->arena, kernel->stage, kernel->stage_count,
                               &kernel->stage_capacity, sizeof(Stage *));
    kernel->stage[kernel->stage_count++] = stage;
    return stage;
}

Loop *loops_new(Fuse *f, int count)
{
    return arena_alloc(f->c->arena, sizeof(Loop) * (size_t)(count + 1));
}

static int loops_of(Fuse *f, const Shape *shape, uint32_t axes, Loop *loop)
{
    int count = 0;
    for (int i = 0; i < shape->rank; i++)
        if ((axes >> i & 1) && !dim_is(shape->dim[i], 1))
            loop[count++].var = var_new(f->c, "i", shape->dim[i]);
    return count;
}

void stage_space(Fuse *f, Stage *stage, const Shape *shape)
{
    stage->space = loops_new(f, max_rank);
    stage->space_count = loops_of(f, shape, ~0u, stage->space);
}

void kernel_outer(Fuse *f, Kernel *kernel, const Shape *shape, uint32_t axes)
{
    kernel->outer = loops_new(f, max_rank);
    kernel->outer_count = loops_of(f, shape, axes, kernel->outer);
}

static Shape shape_part(const Shape *shape, uint32_t axes)
{
    Shape part = {0};
    for (int i = 0; i < shape->rank; i++)
        if (axes >> i & 1)
            part.dim[part.rank++] = shape->dim[i];
    return part;
}

static bool loops_fit(const Loop *loop, int count, const Shape *shape, uint32_t axes)
{
    int at = 0;
    for (int i = 0; i < shape->rank; i++) {
        if (!(axes >> i & 1) || dim_is(shape->dim[i], 1))
            continue;
        if (at == count || !dim_equal(loop[at++].var->extent, shape->dim[i]))
            return false;
    }
    return at == count;
}

void point_in_loops(Fuse *f, const Loop *loop, int count, const Shape *shape, uint32_t axes,
                    const Index **point)
{
    if (loops_fit(loop, count, shape, axes)) {
        int at = 0;
        for (int i = 0; i < shape->rank; i++)
            if (axes >> i & 1)
                point[i] = dim_is(shape->dim[i], 1) ? index_number(f->c, 0)
                                                    : index_var(f->c, loop[at++].var);
        return;
    }
    const Index *row = index_number(f->c, 0), *part[max_rank];
    for (int i = 0; i < count; i++)
        row = index_add(f->c, index_scale(f->c, row, loop[i].var->extent),
                        index_var(f->c, loop[i].var));
    const Shape outer = shape_part(shape, axes);
    index_unravel(f->c, row, &outer, part);
    int at = 0;
    for (int i = 0; i < shape->rank; i++)
        if (axes >> i & 1)
            point[i] = part[at++];
}

Buffer *member_home(Fuse *f, const Member *m)
{
    if (!m->home)
        bug("node %d is read by another kernel but has no memory", m->node->id);
    (void)f;
    return m->home;
}

void member_store(Fuse *f, const Member *m, Body *body, const Index *const *point,
                  const Expr *value)
{
    if (m->home)
        body_store(f->c, body, m->home, buffer_at(f->c, m->home, point), value);
    for (int i = 0; i < m->twin_count; i++)
        body_store(f->c, body, m->twin[i], buffer_at(f->c, m->twin[i], point), value);
}

bool is_stored_source(const Node *node)
{
    return node->prim == P_VARIABLE || node->prim == P_FIELD;
}

const Expr *member_load(Fuse *f, const Node *node, const Index *const *point)
{
    Buffer *buffer;
    if (node->prim == P_VARIABLE)
        buffer = f->plan->variable[node->attr->variable->id];
    else if (node->prim == P_FIELD)
        buffer = f->field[node->attr->index];
    else
        buffer = member_home(f, &f->member[node->id]);
    return expr_load(f->c, buffer, buffer_at(f->c, buffer, point));
}

AccKind acc_kind_of(Prim prim)
{
    switch (prim) {
    case P_MAX: case P_WINDOW_MAX: return ACC_MAX;
    case P_MIN: return ACC_MIN;
    case P_ANY: return ACC_ANY;
    case P_ALL: return ACC_ALL;
    case P_ARGMAX: case P_WINDOW_MAX_PICK: return ACC_PICK;
    case P_CUMPROD: return ACC_PRODUCT;
    default: return ACC_SUM;
    }
}

const char *acc_name(const Node *node)
{
    if (node->name)
        return node->name;
    switch (acc_kind_of(node->prim)) {
    case ACC_MAX: return "most";
    case ACC_MIN: return "least";
    case ACC_ANY: return "any";
    case ACC_ALL: return "all";
    case ACC_PICK: return "place";
    case ACC_PRODUCT: return "product";
    default: return "sum";
    }
}

// 32 lanes, fewer where the loop is shorter than that.
int lanes_for(const Loop *loop, int count)
{
    int lanes = 32;
    if (count == 0)
        return 1;
    const Dim extent = loop[count - 1].var->extent;
    while (lanes > 1 && !extent.power && extent.scale <= lanes / 2)
        lanes /= 2;
    return MUTANT(form_lanes_order) ? 1 : lanes;
}

static void give_homes(Fuse *f, Cluster *cluster)
{
    for (int i = 0; i < cluster->count; i++) {
        Member *m = cluster->member[i];
        if (!m->kept || m->home)
            continue;
        m->home = buffer_new(f, BUFFER_ARENA, m->node->name ? m->node->name
                                                            : prim_name(m->node->prim),
                             m->node->dtype, &m->node->shape);
        m->home->node = m->node;
        layout_node(f->plan->layouts, m->node, m->home);
    }
}

void form(Fuse *f, Cluster *cluster)
{
    give_homes(f, cluster);
    switch (cluster->form) {
    case CLUSTER_ROWS: form_rows(f, cluster); break;
    case CLUSTER_FREE:
    case CLUSTER_LANES:
    case CLUSTER_POINTS: form_lanes(f, cluster); break;
    case CLUSTER_ALONE: form_alone(f, cluster); break;
    }
    cut_loops(f->c, cluster->kernel);
    order_loops(cluster->kernel, f->graph->bound ? f->graph->bound : 1);
    collapse(f->c, cluster->kernel);
}
