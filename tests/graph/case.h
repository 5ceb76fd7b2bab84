// case.h: a small graph over fields with random values, made and evaluated by a test.
//
// A case owns its arena and its values: case_free. Random numbers come from one seed, so that a
// failure repeats.
#pragma once
#include "graph/passes.h"
#include "oracle/interpret.h"

typedef struct Random {
    uint64_t state;
} Random;

uint64_t random_bits(Random *random);
int random_below(Random *random, int count);            // 0 .. count - 1
double random_between(Random *random, double low, double high);

enum { case_fields = 24, case_variables = 6 };

// What the sizes of a case look like.
typedef enum Flavour {
    FLAVOUR_MIXED, FLAVOUR_EMPTY, FLAVOUR_ONES, FLAVOUR_PRIMES, FLAVOUR_ROWS, FLAVOUR_COUNT
} Flavour;

typedef struct Case {
    Arena *arena;
    Graph *graph;
    Builder b;
    Random random;
    Flavour flavour;
    DType type;                         // of the floats: f64 or f32
    int64_t rows;
    Value field[case_fields];
    Node *node[case_fields];
    bool checked[case_fields];          // its gradient is
    int field_count;
    Variable *variable[case_variables];
    Value stored[case_variables];
    int variable_count;
} Case;

void case_begin(Case *c, uint64_t seed, Flavour flavour);
void case_free(Case *c);

Dim case_size(Case *c);                                 // of one axis, by the flavour; static
Shape case_shape(Case *c, int least, int most);         // ranks
// A field of random numbers in [low, high), of integers if the type is one.
Node *case_field(Case *c, DType type, const Shape *shape, double low, double high);
// A variable of random numbers; its shape is static.
Variable *case_variable(Case *c, DType type, const Shape *shape, double low, double high);

double case_host(void *c, const HostExpr *number);      // a HostNumber
// What nodes are worth; the values are the caller's. Draws have seed 1, step 0.
void case_evaluate(Case *c, Node *const *of, int count, bool narrow, Value *value);
double case_number(Case *c, Node *of);                  // of rank 0, in double
