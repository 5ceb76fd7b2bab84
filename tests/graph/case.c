#include "case.h"
#include "trace/program.h"
#include <math.h>

// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators").
uint64_t random_bits(Random *random)
{
    uint64_t x = random->state += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

int random_below(Random *random, int count)
{
    return (int)(random_bits(random) % (uint64_t)count);
}

double random_between(Random *random, double low, double high)
{
    return low + (high - low) * (double)(random_bits(random) >> 11) * 0x1p-53;
}

// Host numbers of a case: what HOST_ROWS, HOST_NUMBER and sums of them say.
double case_host(void *context, const HostExpr *e)
{
    const Case *c = context;
    switch (e->op) {
    case HOST_NUMBER: return e->number;
    case HOST_ROWS: return (double)dim_at((Dim){(int64_t)e->number, e->index}, c->rows);
    case HOST_AND: return case_host(context, e->a) && case_host(context, e->b);
    case HOST_SUB: return case_host(context, e->a) - case_host(context, e->b);
    default: bug("a case knows no host expression %d", e->op);
    }
}

void case_begin(Case *c, uint64_t seed, Flavour flavour)
{
    static const int row_choices[] = {1, 2, 3, 5};
    Arena *arena = arena_new();
    *c = (Case){.arena = arena, .random = {seed}, .flavour = flavour};
    c->graph = graph_new(arena, NULL, "case");
    c->graph->bound = 8;
    c->graph->least = 1;
    c->b.graph = c->graph;
    c->type = random_below(&c->random, 2) ? DT_F64 : DT_F32;
    c->rows = row_choices[random_below(&c->random, 4)];
}

void case_free(Case *c)
{
    for (int i = 0; i < c->field_count; i++)
        value_free(&c->field[i]);
    for (int i = 0; i < c->variable_count; i++)
        value_free(&c->stored[i]);
    arena_free(c->arena);
}

Dim case_size(Case *c)
{
    static const int primes[] = {2, 3, 5, 7};
    switch (c->flavour) {
    case FLAVOUR_ONES: return dim_of(1);
    case FLAVOUR_PRIMES: return dim_of(primes[random_below(&c->random, 4)]);
    case FLAVOUR_EMPTY: return dim_of(random_below(&c->random, 3));
    default: return dim_of(1 + random_below(&c->random, 5));
    }
}

Shape case_shape(Case *c, int least, int most)
{
    Shape shape = {.rank = least + random_below(&c->random, most - least + 1)};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = case_size(c);
    if (c->flavour == FLAVOUR_ROWS && shape.rank)
        shape.dim[0] = (Dim){1 + random_below(&c->random, 2), 1};
    if (c->flavour == FLAVOUR_EMPTY && shape.rank)
        shape.dim[random_below(&c->random, shape.rank)] = dim_of(0);
    return shape;
}

static Value value_random(Case *c, DType type, const Shape *shape, double low, double high)
{
    Value value = value_new(type, shape, c->rows);
    for (int64_t at = 0; at < value.count; at++) {
        const double number = random_between(&c->random, low, high);
        value_set(&value, at, dtype_kind(type) == KIND_FLOAT ? dtype_round(type, number)
                                                             : floor(number));
    }
    return value;
}

Node *case_field(Case *c, DType type, const Shape *shape, double low, double high)
{
    if (c->field_count == case_fields)
        bug("a case has %d fields", case_fields);
    const int i = c->field_count++;
    c->field[i] = value_random(c, type, shape, low, high);
    c->node[i] = make_field(&c->b, i, type, shape);
    c->checked[i] = dtype_kind(type) == KIND_FLOAT;
    return c->node[i];
}

Variable *case_variable(Case *c, DType type, const Shape *shape, double low, double high)
{
    if (c->variable_count == case_variables)
        bug("a case has %d variables", case_variables);
    const int i = c->variable_count++;
    Variable *variable = arena_alloc(c->arena, sizeof *variable);
    *variable = (Variable){.id = i, .path = arena_format(c->arena, "v%d", i), .dtype = type,
                           .shape = *shape, .frozen_mask = -1};
    c->stored[i] = value_random(c, type, shape, low, high);
    return c->variable[i] = variable;
}

void case_evaluate(Case *c, Node *const *of, int count, bool narrow, Value *value)
{
    OracleResult *result = arena_alloc(c->arena, sizeof *result * (size_t)count);
    const OracleInput input = {.rows = c->rows, .seed = 1, .field = c->field,
                               .variable = c->stored, .host = case_host, .host_context = c,
                               .narrow = narrow};
    c->graph->result_count = 0;
    for (int i = 0; i < count; i++)
        graph_result(c->graph, (Result){.kind = RESULT_FIELD, .index = i, .value = of[i],
                                        .guard = of[i]->guard});
    interpret(c->graph, &input, result);
    for (int i = 0; i < count; i++)
        value[i] = result[i].value;
}

double case_number(Case *c, Node *of)
{
    Value value;
    case_evaluate(c, &of, 1, false, &value);
    const double number = value_number(&value, 0);
    value_free(&value);
    return number;
}
