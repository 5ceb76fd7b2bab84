// evaluate.h: what the parts of the interpreter share. Private to this folder.
#pragma once
#include "interpret.h"

typedef struct Evaluation {
    const OracleInput *input;
    const Node *node;
    Value *in[3];               // the first operands; `more` has all
    Value **more;
    Value *out;                 // of the node's shape, zeros
} Evaluation;

typedef void Evaluate(const Evaluation *e);

static inline bool value_is_float(const Value *value)
{
    return dtype_kind(value->dtype) == KIND_FLOAT;
}

// An index of every axis from a place in memory, and back. Axes past the rank are left alone.
static inline void place_split(const Value *value, int64_t place, int64_t *index)
{
    for (int i = value->rank - 1; i >= 0; i--) {
        index[i] = place % value->size[i];
        place /= value->size[i];
    }
}

static inline int64_t place_of(const Value *value, const int64_t *index)
{
    int64_t place = 0;
    for (int i = 0; i < value->rank; i++)
        place = place * value->size[i] + index[i];
    return place;
}

// Number of elements of axes first .. end.
static inline int64_t axes_count(const Value *value, int first, int end)
{
    int64_t count = 1;
    for (int i = first; i < end; i++)
        count *= value->size[i];
    return count;
}

static inline Cell cell_add(Cell x, Cell y, bool is_float)
{
    if (is_float)
        return (Cell){.f = x.f + y.f};
    return (Cell){.i = (int64_t)((uint64_t)x.i + (uint64_t)y.i)};
}

static inline Cell cell_mul(Cell x, Cell y, bool is_float)
{
    if (is_float)
        return (Cell){.f = x.f * y.f};
    return (Cell){.i = (int64_t)((uint64_t)x.i * (uint64_t)y.i)};
}

static inline bool cell_less(Cell x, Cell y, bool is_float)
{
    return is_float ? x.f < y.f : x.i < y.i;
}

#define EVALUATE(id) void evaluate_##id(const Evaluation *e);
#define PRIM(id, ...) EVALUATE(id)
#include "../graph/prims.def"
#undef PRIM
#undef EVALUATE
