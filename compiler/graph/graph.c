#include "graph.h"
#include "../trace/program.h"
#include <string.h>

// ---- tables -------------------------------------------------------------------------------------

typedef struct DTypeRow {
    const char *name;
    int bytes;
    DTypeKind kind;
} DTypeRow;

static const DTypeRow dtypes[] = {
#define DTYPE(id, name, bytes, kind) {name, bytes, kind},
#include "dtypes.def"
#undef DTYPE
};

const char *dtype_name(DType type)
{
    return dtypes[type].name;
}

int dtype_bytes(DType type)
{
    return dtypes[type].bytes;
}

DTypeKind dtype_kind(DType type)
{
    return dtypes[type].kind;
}

typedef struct PrimRow {
    const char *name;
    PrimClass class;
    int arity;
} PrimRow;

static const PrimRow prims[] = {
#define PRIM(id, name, class, arity, ...) {name, class, arity},
#include "prims.def"
#undef PRIM
};

const char *prim_name(Prim prim)
{
    return prims[prim].name;
}

PrimClass prim_class(Prim prim)
{
    return prims[prim].class;
}

int prim_arity(Prim prim)
{
    return prims[prim].arity;
}

// ---- sizes --------------------------------------------------------------------------------------

Dim dim_of(int64_t size)
{
    return (Dim){size, 0};
}

// Zero has one form, so that equal sizes have equal fields.
// Sizes beyond all memory stay at 2^53, and the tracer refuses them: nothing overflows on the way.
Dim dim_mul(Dim a, Dim b)
{
    const int64_t most = INT64_C(1) << 53;
    const double product = (double)a.scale * (double)b.scale;
    const int64_t scale = product > (double)most ? most : product < -(double)most ? -most
                        : a.scale * b.scale;
    return (Dim){scale, scale ? a.power + b.power : 0};
}

bool dim_equal(Dim a, Dim b)
{
    return a.scale == b.scale && a.power == b.power;
}

bool dim_is(Dim a, int64_t size)
{
    return a.power == 0 && a.scale == size;
}

int64_t dim_at(Dim a, int64_t rows)
{
    int64_t size = a.scale;
    for (int i = 0; i < a.power; i++)
        size *= rows;
    return size;
}

Shape shape_of(int rank, const int64_t *sizes)
{
    if (rank > max_rank)
        bug("a shape of rank %d", rank);
    Shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim_of(sizes[i]);
    return shape;
}

bool shape_equal(const Shape *a, const Shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (!dim_equal(a->dim[i], b->dim[i]))
            return false;
    return true;
}

Dim shape_size(const Shape *shape)
{
    Dim size = dim_of(1);
    for (int i = 0; i < shape->rank; i++)
        size = dim_mul(size, shape->dim[i]);
    return size;
}

bool shape_is_static(const Shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i].power)
            return false;
    return true;
}

// ---- the graph ----------------------------------------------------------------------------------

Graph *graph_new(Arena *arena, Diag *diag, const char *name)
{
    Graph *graph = arena_alloc(arena, sizeof *graph);
    graph->arena = arena;
    graph->diag = diag;
    graph->name = name;
    return graph;
}

void graph_write(Graph *graph, Variable *variable, Node *value, const Guard *guard, Span span)
{
    if (value->dtype != variable->dtype || !shape_equal(&value->shape, &variable->shape))
        bug("%s %s is written to variable %s, %s %s", dtype_name(value->dtype),
            shape_text(graph->arena, &value->shape), variable->path, dtype_name(variable->dtype),
            shape_text(graph->arena, &variable->shape));
    graph->write = arena_grow(graph->arena, graph->write, graph->write_count,
                              &graph->write_capacity, sizeof *graph->write);
    graph->write[graph->write_count++] = (Write){variable, value, guard, span};
}

void graph_result(Graph *graph, Result result)
{
    graph->result = arena_grow(graph->arena, graph->result, graph->result_count,
                               &graph->result_capacity, sizeof *graph->result);
    graph->result[graph->result_count++] = result;
}

bool guard_covers(const Guard *outer, const Guard *inner)
{
    while (inner && inner != outer)
        inner = inner->outer;
    return inner == outer;
}

void graph_tick(Graph *graph, int state, const Guard *guard)
{
    graph->tick = arena_grow(graph->arena, graph->tick, graph->tick_count, &graph->tick_capacity,
                             sizeof *graph->tick);
    graph->tick[graph->tick_count++] = (Tick){state, guard};
}
