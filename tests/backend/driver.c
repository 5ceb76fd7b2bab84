#include "driver.h"

#include "lt/math.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRICT "-std=c17 -Wall -Wextra -Wpedantic -Werror -ffp-contract=off -fno-strict-aliasing " \
               "-fPIC -shared -fopenmp "

const Build builds[] = {
    {"gcc -O0", "gcc -O0 " STRICT, true},
    {"gcc -O3 native", "gcc -O3 -march=native -fno-math-errno -fno-trapping-math " STRICT, true},
    {"clang -O2 native", "clang -O2 -march=native -fno-math-errno -fno-trapping-math " STRICT,
     true},
};
const int build_count = sizeof builds / sizeof *builds;

Program *program_of(Case *c)
{
    Program *p = arena_alloc(c->arena, sizeof *p);
    p->arena = c->arena;
    p->name = "Case";
    p->spec = "case.lt";
    p->predict_setting = -1;
    p->variable = c->variable;
    p->variable_count = c->variable_count;
    for (int i = 0; i < p->variable_count; i++)
        p->variable[i]->saved = true;
    simplify(c->graph);
    p->phase[PHASE_TRAIN] = c->graph;
    p->output_count = c->graph->result_count;
    p->output = arena_alloc(c->arena, sizeof *p->output * (size_t)(p->output_count + 1));
    for (int i = 0; i < p->output_count; i++)
        p->output[i] = (Output){.name = "y", .dtype = c->graph->result[i].value->dtype,
                                .shape = c->graph->result[i].value->shape};
    return p;
}

const char *emitted(Case *c, const Program *program, bool shared)
{
    Text text = text_new(c->arena);
    Program *own = (Program *)program;
    emit_c(program, shared ? make_plan_sharing(own, 0) : make_plan(own), &text);
    return text.data;
}

void *compiled(const char *folder, const char *text, const Build *build)
{
    static int number;
    char source[300], object[300], command[1200];
    // Other tests may use the folder at the same time.
    snprintf(source, sizeof source, "%s/case%d_%d.c", folder, (int)getpid(), ++number);
    snprintf(object, sizeof object, "%s/case%d_%d.so", folder, (int)getpid(), number);
    FILE *file = fopen(source, "w");
    if (!file)
        return NULL;
    fputs(text, file);
    fclose(file);
    snprintf(command, sizeof command, "%s -I%s -o %s %s -lm", build->command, LT_INCLUDE, object,
             source);
    if (system(command) != 0) {
        fprintf(stderr, "the compiler fails: %s\n", command);
        return NULL;
    }
    void *loaded = dlopen(object, RTLD_LAZY | RTLD_LOCAL);
    if (!loaded)
        fprintf(stderr, "%s\n", dlerror());
    unlink(object);
    if (loaded)
        unlink(source);
    return loaded;
}

// ---- values as bytes ----------------------------------------------------------------------------

static void put(void *to, DType type, int64_t at, double number)
{
    switch (type) {
    case DT_F64: ((double *)to)[at] = number; return;
    case DT_F32: ((float *)to)[at] = (float)number; return;
    case DT_F16: ((uint16_t *)to)[at] = lt_f16_from_f32((float)number); return;
    case DT_BF16: ((uint16_t *)to)[at] = lt_bf16_from_f32((float)number); return;
    case DT_I64: ((int64_t *)to)[at] = (int64_t)number; return;
    case DT_I32: ((int32_t *)to)[at] = (int32_t)number; return;
    case DT_I16: ((int16_t *)to)[at] = (int16_t)number; return;
    case DT_I8: ((int8_t *)to)[at] = (int8_t)number; return;
    case DT_U8: ((uint8_t *)to)[at] = (uint8_t)number; return;
    default: ((bool *)to)[at] = number != 0; return;
    }
}

static double get(const void *from, DType type, int64_t at)
{
    switch (type) {
    case DT_F64: return ((const double *)from)[at];
    case DT_F32: return ((const float *)from)[at];
    case DT_F16: return lt_f32_from_f16(((const uint16_t *)from)[at]);
    case DT_BF16: return lt_f32_from_bf16(((const uint16_t *)from)[at]);
    case DT_I64: return (double)((const int64_t *)from)[at];
    case DT_I32: return ((const int32_t *)from)[at];
    case DT_I16: return ((const int16_t *)from)[at];
    case DT_I8: return ((const int8_t *)from)[at];
    case DT_U8: return ((const uint8_t *)from)[at];
    default: return ((const bool *)from)[at];
    }
}

// Where element `at`, counted row by row, stands in memory.
static int64_t placed(const Variable *v, int64_t at)
{
    int64_t place = 0;
    for (int i = v->shape.rank - 1; i >= 0; i--) {
        const int64_t size = v->shape.dim[i].scale, index = at % size;
        at /= size;
        place += v->panel && v->panel_axis == i
                     ? index / v->panel * v->panel_stride + index % v->panel * v->stride[i]
                     : index * v->stride[i];
    }
    return place;
}

double memory_number(const Memory *memory, const Program *program, int output, int64_t at)
{
    return get(memory->output[output], program->output[output].dtype, at);
}

double variable_number(const Memory *memory, const Variable *v, int64_t at)
{
    return get(memory->block + v->offset, v->dtype, placed(v, at));
}

// ---- runs ---------------------------------------------------------------------------------------

enum { guard_bytes = 64 };              // behind each output, to see what is written beyond

static void take_fields(Case *c, void **field)
{
    for (int i = 0; i < c->field_count; i++) {
        const Value *value = &c->field[i];
        // Exactly as large as it is, so that a sanitizer sees a read beyond.
        field[i] = malloc((size_t)value->count * (size_t)dtype_bytes(value->dtype) + 1);
        for (int64_t at = 0; at < value->count; at++)
            put(field[i], value->dtype, at, value_number(value, at));
    }
}

static void take_variables(Case *c, char *block)
{
    for (int i = 0; i < c->variable_count; i++)
        for (int64_t at = 0; at < c->stored[i].count; at++)
            put(block + c->variable[i]->offset, c->variable[i]->dtype, placed(c->variable[i], at),
                value_number(&c->stored[i], at));
}

Memory run_case(Case *c, const Program *program, void *object, int threads, int64_t rows)
{
    const struct lt_program *table = dlsym(object, "lt_program");
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(object, "omp_set_num_threads");
    void *field[case_fields];
    Memory m = {.output_count = program->output_count, .block_bytes = table->block_bytes};
    m.output = malloc(sizeof *m.output * (size_t)(m.output_count + 1));
    m.bytes = malloc(sizeof *m.bytes * (size_t)(m.output_count + 1));
    m.block = aligned_alloc(64, (m.block_bytes + 127) / 64 * 64);
    memset(m.block, 0, (m.block_bytes + 127) / 64 * 64);
    for (int i = 0; i < m.output_count; i++) {
        m.bytes[i] = (size_t)dim_at(shape_size(&program->output[i].shape), rows) *
                     (size_t)dtype_bytes(program->output[i].dtype);
        m.output[i] = calloc(m.bytes[i] + guard_bytes, 1);
    }
    take_fields(c, field);
    take_variables(c, m.block);
    struct lt_host host = {0};
    struct lt_value log[1];
    const struct lt_call call = {.rows = rows, .input = (const void *const *)field,
                                 .block = m.block, .host = &host, .log = log, .output = m.output,
                                 .seed = 1};
    if (set_threads)
        set_threads(threads);
    table->phase[LT_TRAIN](&call);
    for (int i = 0; i < c->field_count; i++)
        free(field[i]);
    for (int i = 0; i < m.output_count; i++)
        for (int k = 0; k < guard_bytes; k++)
            if (((char *)m.output[i])[m.bytes[i] + (size_t)k]) {
                fprintf(stderr, "output %d is written beyond its end\n", i);
                exit(1);
            }
    return m;
}

void memory_free(Memory *m)
{
    for (int i = 0; i < m->output_count; i++)
        free(m->output[i]);
    free(m->output);
    free(m->bytes);
    free(m->block);
}
