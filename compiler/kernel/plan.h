// plan.h: kernels in order over buffers at fixed offsets; all that a backend prints.
//
// A plan holds no decision that a backend may take again: which kernels, in which order, under
// which condition, over which bytes. make_plan is the whole way from graphs: fuse, layout, place.
#pragma once
#include "../trace/program.h"
#include "kernel.h"
#include <stdio.h>

typedef struct PlanResult {             // what a step hands to the host
    const Result *result;
    Buffer *buffer;                     // rank 0 or one value a row
} PlanResult;

typedef struct PlanStep {
    const Graph *graph;
    const char *name;                   // of the C function, "training_step"
    IndexContext context;
    Kernel **kernel;
    int kernel_count, kernel_capacity;
    Buffer **buffer;
    int buffer_count, buffer_capacity;
    PlanResult *result;
    int result_count;
    size_t arena_bytes;                 // beyond plan->variable_bytes
    bool shared;                        // enough work for a parallel region
    bool sample;                        // makes one row for a batch; offsets count from its scratch
} PlanStep;

typedef struct Plan {
    Program *program;
    Arena *arena;
    PlanStep **step;                    // every distinct graph once, in a fixed order
    int step_count, step_capacity;
    struct Layouts *layouts;            // layout.h
    Buffer **variable;                  // by Variable.id
    size_t variable_bytes, block_bytes;
    size_t scratch_bytes;               // of sample
    double shared_work;                 // kernels of less work are one thread's
    double flops_per_row, flops_per_step;
} Plan;

Plan *make_plan(Program *program);
// The same, with threads sharing every kernel of at least so much work: tests share all.
Plan *make_plan_sharing(Program *program, double least);
PlanStep *plan_step_of(const Plan *plan, const Graph *graph);   // NULL for NULL
void plan_print(const Plan *plan, const char *pass, FILE *out); // "fuse", "layout", "place"
