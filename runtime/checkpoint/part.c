// part: weights of parts from files of others, by a map of names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/file.h"
#include "checkpoint/layout.h"
#include "data/text.h"
#include "lt/math.h"

enum { longest_name = 512, most_captures = 16 };

// ---- names ----------------------------------------------------------------------------------------

struct captures {
    const char *text[most_captures];
    size_t length[most_captures];
    int count;
};

// Does the glob match the whole name? What each star took is kept in order.
static bool matches(const char *glob, const char *name, struct captures *took)
{
    if (*glob != '*')
        return *glob == *name && (!*glob || matches(glob + 1, name + 1, took));
    const bool any = glob[1] == '*';
    const int place = took->count;
    if (place == most_captures)
        return false;
    for (size_t length = 0;; length++) {
        took->text[place] = name;
        took->length[place] = length;
        took->count = place + 1;
        if (matches(glob + 1 + any, name + length, took))
            return true;
        if (!name[length] || (!any && name[length] == '.'))
            return false;
    }
}

// The target with its stars replaced by what the pattern's stars took.
static void fill(const char *target, const struct captures *took, char *name, size_t room)
{
    size_t used = 0;
    int next = 0;
    for (; *target && used + 1 < room; target++) {
        if (*target != '*') {
            name[used++] = *target;
            continue;
        }
        target += target[1] == '*';
        if (next == took->count)
            continue;
        const size_t length = took->length[next] < room - used - 1 ? took->length[next]
                                                                   : room - used - 1;
        memcpy(name + used, took->text[next++], length);
        used += length;
    }
    name[used] = 0;
}

// The name within the part that a tensor of the file has; false: it is not taken.
static bool rename_tensor(const struct lt_part_weights *weights, const char *from, char *name)
{
    for (int i = 0; i < weights->rename_count; i++) {
        struct captures took = {.count = 0};
        if (!matches(weights->rename[i].from, from, &took))
            continue;
        if (!weights->rename[i].to)
            return false;
        fill(weights->rename[i].to, &took, name, longest_name);
        return true;
    }
    snprintf(name, longest_name, "%s", from);
    return true;
}

static bool is_turned(const struct lt_part_weights *weights, const char *from, const char *name)
{
    for (int i = 0; i < weights->transpose_count; i++) {
        struct captures took = {.count = 0}, again = {.count = 0};
        if (matches(weights->transpose[i], from, &took)
            || matches(weights->transpose[i], name, &again))
            return true;
    }
    return false;
}

// ---- one file ---------------------------------------------------------------------------------------

struct part {
    const struct lt_program *program;
    const struct lt_part_weights *weights;
    struct lt_checkpoint file;
    const struct lt_tensor **tensor;    // by variable
    bool *turned;
};

static bool belongs(const struct part *part, const struct lt_variable *variable)
{
    const size_t length = strlen(part->weights->prefix);
    const bool weight = variable->kind == LT_PARAMETER
                     || (variable->kind == LT_BUFFER && (variable->flags & LT_SAVED));
    return weight && (!length || (strncmp(variable->path, part->weights->prefix, length) == 0
                                  && variable->path[length] == '.'));
}

static const char *path_in_part(const struct part *part, const char *path)
{
    const size_t length = strlen(part->weights->prefix);
    return length && strlen(path) > length ? path + length + 1 : path;
}

// The variable of that name within the part, also under the name of a tied one; -1: none.
static int find_variable(const struct part *part, const char *name)
{
    const struct lt_program *program = part->program;
    for (int i = 0; i < program->variable_count; i++)
        if (belongs(part, &program->variable[i])
            && strcmp(path_in_part(part, program->variable[i].path), name) == 0)
            return i;
    for (int k = 0; k < program->alias_count; k++) {
        if (strcmp(path_in_part(part, program->alias[k].path), name) != 0)
            continue;
        for (int i = 0; i < program->variable_count; i++)
            if (strcmp(program->variable[i].path, program->alias[k].stands_for) == 0)
                return i;
    }
    return -1;
}

static bool tensor_fits(const struct part *part, const struct lt_tensor *tensor,
                        const struct lt_variable *variable, bool turned, struct lt_fault *fault)
{
    int64_t shape[LT_MAX_RANK], want[LT_MAX_RANK];
    char has[LT_SHAPE_TEXT] = "[…]", wants[LT_SHAPE_TEXT];
    const char *path = part->file.file.path;
    const bool readable = lt_tensor_shape(tensor, shape);
    memcpy(want, variable->shape, sizeof want);
    if (turned && variable->rank == 2) {
        want[0] = variable->shape[1];
        want[1] = variable->shape[0];
    }
    if (readable)
        lt_shape_text(has, shape, tensor->rank);
    if (!readable || tensor->rank != variable->rank
        || memcmp(shape, want, (size_t)variable->rank * sizeof *shape))
        return lt_fail(fault, "%s: the tensor for %s has the shape %s, but the program's has %s%s",
                       path, variable->path, has,
                       lt_shape_text(wants, want, variable->rank),
                       turned ? ", transposed" : "");
    const bool floats = tensor->type->dtype >= LT_F64 && tensor->type->dtype <= LT_BF16
                     && variable->dtype <= LT_BF16;
    if (tensor->type->dtype != (int)variable->dtype && !floats)
        return lt_fail(fault, "%s: the tensor for %s is of %s, but the program's is of %s", path,
                       variable->path, tensor->type->name, lt_tensor_type_name(variable->dtype));
    return true;
}

static bool match_file(struct part *part, struct lt_fault *fault)
{
    for (size_t k = 0; k < part->file.file.tensor_count; k++) {
        const struct lt_tensor *tensor = &part->file.file.tensor[k];
        const char kind = part->file.ours ? part->file.kinds->text[k] : 'P';
        char from[longest_name], name[longest_name];
        if ((kind != 'P' && kind != 'B') || tensor->name.length >= sizeof from)
            continue;
        memcpy(from, tensor->name.text, tensor->name.length);
        from[tensor->name.length] = 0;
        if (!rename_tensor(part->weights, from, name))
            continue;
        const int at = find_variable(part, name);
        if (at < 0 && part->weights->strict)
            return lt_fail(fault, "%s: has a tensor %s, which `%s` has not (strict = false lets it be)",
                           part->file.file.path, from,
                           *part->weights->prefix ? part->weights->prefix : part->program->name);
        if (at < 0)
            continue;
        const bool turned = is_turned(part->weights, from, name);
        if (!tensor_fits(part, tensor, &part->program->variable[at], turned, fault))
            return false;
        part->tensor[at] = tensor;
        part->turned[at] = turned;
    }
    return true;
}

static bool nothing_missing(const struct part *part, struct lt_fault *fault)
{
    for (int i = 0; i < part->program->variable_count && part->weights->strict; i++)
        if (belongs(part, &part->program->variable[i]) && !part->tensor[i])
            return lt_fail(fault, "%s: has no tensor for %s (strict = false keeps its initial value)",
                           part->file.file.path, part->program->variable[i].path);
    return true;
}

static void turn(const unsigned char *from, unsigned char *to, int64_t rows, int64_t columns,
                 size_t item)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            memcpy(to + (size_t)(r * columns + c) * item, from + (size_t)(c * rows + r) * item, item);
}

static double read_float(const unsigned char *from, enum lt_dtype type)
{
    double f64;
    float f32;
    uint16_t half;
    switch (type) {
    case LT_F64: memcpy(&f64, from, sizeof f64); return f64;
    case LT_F32: memcpy(&f32, from, sizeof f32); return f32;
    case LT_F16: memcpy(&half, from, sizeof half); return lt_f32_from_f16(half);
    default: memcpy(&half, from, sizeof half); return lt_f32_from_bf16(half);
    }
}

static void write_float(unsigned char *to, enum lt_dtype type, double number)
{
    const float f32 = (float)number;
    const uint16_t half = type == LT_F16 ? lt_f16_from_f32(f32) : lt_bf16_from_f32(f32);
    switch (type) {
    case LT_F64: memcpy(to, &number, sizeof number); break;
    case LT_F32: memcpy(to, &f32, sizeof f32); break;
    default: memcpy(to, &half, sizeof half); break;
    }
}

// The tensor's elements in the variable's type: floats of another width are rounded to it.
static bool read_tensor(const struct part *part, int at, unsigned char *buffer,
                        struct lt_fault *fault)
{
    const struct lt_variable *variable = &part->program->variable[at];
    const enum lt_dtype from = (enum lt_dtype)part->tensor[at]->type->dtype;
    const uint64_t begin = part->tensor[at]->begin;
    const int64_t count = lt_variable_count(variable);
    if (from == variable->dtype)
        return lt_safetensors_read(&part->file.file, begin, buffer, lt_variable_bytes(variable),
                                   fault);
    const size_t narrow = (size_t)part->tensor[at]->type->bits / 8;
    const size_t item = count ? lt_variable_bytes(variable) / (size_t)count : 0;
    unsigned char *raw = malloc((size_t)count * narrow + 1);
    bool fine = raw || lt_fail(fault, "%s: no memory to read it", part->file.file.path);
    fine = fine && lt_safetensors_read(&part->file.file, begin, raw, (size_t)count * narrow, fault);
    for (int64_t i = 0; i < count && fine; i++)
        write_float(buffer + (size_t)i * item, variable->dtype,
                    read_float(raw + (size_t)i * narrow, from));
    free(raw);
    return fine;
}

static bool copy_variable(const struct part *part, int at, void *block, struct lt_fault *fault)
{
    const struct lt_variable *variable = &part->program->variable[at];
    const size_t bytes = lt_variable_bytes(variable);
    const int64_t count = lt_variable_count(variable);
    unsigned char *buffer = malloc(bytes + 1), *turned = malloc(bytes + 1);
    bool fine = (buffer && turned)
             || lt_fail(fault, "%s: no memory to read it", part->file.file.path);
    fine = fine && read_tensor(part, at, buffer, fault);
    if (fine && part->turned[at] && variable->rank == 2 && count > 0) {
        turn(buffer, turned, variable->shape[0], variable->shape[1], bytes / (size_t)count);
        lt_variable_unpack(variable, block, 0, count, turned);
    } else if (fine) {
        lt_variable_unpack(variable, block, 0, count, buffer);
    }
    free(turned);
    free(buffer);
    return fine;
}

static bool load_file(struct part *part, const char *path, void *block, struct lt_fault *fault)
{
    if (!lt_checkpoint_open(&part->file, path, true, fault))
        return false;
    bool fine = match_file(part, fault) && nothing_missing(part, fault);
    for (int i = 0; i < part->program->variable_count && fine; i++)
        if (part->tensor[i])
            fine = copy_variable(part, i, block, fault);
    lt_checkpoint_close(&part->file);
    return fine;
}

static bool load_part(const struct lt_program *program, const struct lt_part_weights *weights,
                      const char *root, void *block, struct lt_fault *fault)
{
    const size_t count = (size_t)program->variable_count + 1;
    const bool rooted = weights->file[0] == '/' || !root || !*root;
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s%s%s", rooted ? "" : root, rooted ? "" : "/",
                                weights->file);
    if (length < 0 || (size_t)length >= sizeof path)
        return lt_fail(fault, "%s: the path is too long", weights->file);
    struct part part = {.program = program, .weights = weights,
                        .tensor = calloc(count, sizeof *part.tensor),
                        .turned = calloc(count, sizeof *part.turned)};
    bool fine = (part.tensor && part.turned) || lt_fail(fault, "%s: no memory to read it", path);
    fine = fine && load_file(&part, path, block, fault);
    free(part.turned);
    free(part.tensor);
    return fine;
}

bool lt_part_weights_load(const struct lt_program *program, const char *root, void *block,
                          struct lt_fault *fault)
{
    for (int i = 0; i < program->part_weights_count; i++)
        if (!load_part(program, &program->part_weights[i], root, block, fault))
            return false;
    return true;
}
