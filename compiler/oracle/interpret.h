// interpret.h: what a graph means, evaluated slowly.
//
// The oracle runs a graph as it was traced, before any pass, one node at a time, with plain loops
// over indices: floats of every width as double, integers as int64, sums in the order of the
// indices. It shares the table of primitives and the shapes with the rest of the compiler and
// nothing that simplifies, fuses, places or emits, so that both can be held against each other.
// Values are owned by whoever holds them: value_free.
#pragma once
#include "../graph/graph.h"

typedef union Cell {
    double f;                   // of floats
    int64_t i;                  // of integers; 0 or 1 of bool
} Cell;

typedef struct Value {          // dense, the last axis fastest
    DType dtype;
    int rank;
    int64_t size[max_rank], count;
    Cell *cell;
} Value;

typedef double HostNumber(void *context, const HostExpr *number);

typedef struct OracleInput {
    int64_t rows;               // B
    int64_t first_row;          // of this batch among the rows of the step
    uint64_t seed, step;        // of the draws
    const Value *field;         // by index
    Value *variable;            // by Variable.id; written when all nodes have run
    HostNumber *host;           // evaluates P_HOST and guards
    void *host_context;
    bool narrow;                // round each value to its dtype, instead of computing in double
} OracleInput;

typedef struct OracleResult {
    bool ran;                   // false: its guard was closed, there is no value
    Value value;
} OracleResult;

Value value_new(DType dtype, const Shape *shape, int64_t rows);         // zeros
Value value_copy(const Value *value);
void value_free(Value *value);
double value_number(const Value *value, int64_t at);
void value_set(Value *value, int64_t at, double number);        // to an integer type: rounded

// Runs the graph; result[i] receives that of graph->result[i].
void interpret(const Graph *graph, const OracleInput *input, OracleResult *result);
