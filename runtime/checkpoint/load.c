// load: a file verified whole, held against the program, and only then copied into the block.
#include <stdlib.h>
#include <string.h>
#include "checkpoint/file.h"
#include "checkpoint/layout.h"
#include "checkpoint/state.h"
#include "data/reader.h"
#include "data/text.h"

// ---- the sum ------------------------------------------------------------------------------------

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Takes the sum out of the header before parsing decodes it in place.
static bool take_sum(void *context, const char *header, size_t bytes)
{
    static const char zeros[LT_SUM_DIGITS + 1] = "0000000000000000";
    enum { AT = sizeof LT_HEADER_START - 1 };
    struct lt_checkpoint *checkpoint = context;
    if (bytes < AT + LT_SUM_DIGITS || memcmp(header, LT_HEADER_START, AT))
        return true;
    struct lt_sum sum;
    checkpoint->summed = true;
    for (int i = 0; i < LT_SUM_DIGITS; i++) {
        const int value = digit(header[AT + i]);
        if (value < 0)
            checkpoint->damaged_header = true;
        checkpoint->sum = checkpoint->sum << 4 | (unsigned)(value & 15);
    }
    lt_sum_start(&sum, 0);
    lt_sum_add(&sum, header, AT);
    lt_sum_add(&sum, zeros, LT_SUM_DIGITS);
    lt_sum_add(&sum, header + AT + LT_SUM_DIGITS, bytes - AT - LT_SUM_DIGITS);
    checkpoint->header_sum = lt_sum_value(&sum);
    return true;
}

static bool verify(const struct lt_checkpoint *checkpoint, struct lt_fault *fault)
{
    const struct lt_safetensors *file = &checkpoint->file;
    unsigned char *buffer = malloc(LT_COPY_BYTES);
    struct lt_sum sum;
    if (!buffer)
        return lt_fail(fault, "%s: no memory to read it", file->path);
    lt_sum_start(&sum, checkpoint->header_sum);
    bool fine = true;
    for (uint64_t at = 0; at < file->data_bytes && fine; at += LT_COPY_BYTES) {
        const uint64_t left = file->data_bytes - at;
        const size_t here = left < LT_COPY_BYTES ? left : LT_COPY_BYTES;
        fine = lt_safetensors_read(file, at, buffer, here, fault);
        lt_sum_add(&sum, buffer, here);
    }
    free(buffer);
    if (fine && lt_sum_value(&sum) != checkpoint->sum)
        return lt_fail(fault, "%s: is damaged: its bytes make the sum %016llx, expected %016llx",
                       file->path, (unsigned long long)lt_sum_value(&sum),
                       (unsigned long long)checkpoint->sum);
    return fine;
}

// ---- opening ------------------------------------------------------------------------------------

static bool has_our_keys(const struct lt_safetensors *file)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (file->metadata[i].key.length > 3 && !memcmp(file->metadata[i].key.text, "lt.", 3))
            return true;
    return false;
}

static bool check_format(const struct lt_checkpoint *checkpoint, struct lt_fault *fault)
{
    const struct lt_safetensors *file = &checkpoint->file;
    const struct lt_json_text *format = lt_safetensors_metadata(file, "lt.format");
    char quote[LT_QUOTE];
    if (!checkpoint->summed || checkpoint->damaged_header || !format)
        return lt_fail(fault, "%s: is damaged: its header has no sum or no format", file->path);
    if (!lt_json_is(format, "1"))
        return lt_fail(fault, "%s: is of the checkpoint format %s, this program reads format %d",
                       file->path, lt_quote(quote, format->text, format->length),
                       LT_CHECKPOINT_FORMAT);
    if (!checkpoint->kinds || checkpoint->kinds->length != file->tensor_count
        || !checkpoint->aliases || !checkpoint->run)
        return lt_fail(fault, "%s: is damaged: its header lacks a part", file->path);
    return true;
}

bool lt_checkpoint_open(struct lt_checkpoint *checkpoint, const char *path, bool whole,
                        struct lt_fault *fault)
{
    *checkpoint = (struct lt_checkpoint){.ours = false};
    struct lt_safetensors *file = &checkpoint->file;
    if (!lt_safetensors_open(file, path, take_sum, checkpoint, fault))
        return false;
    checkpoint->kinds = lt_safetensors_metadata(file, "lt.kinds");
    checkpoint->aliases = lt_safetensors_metadata(file, "lt.aliases");
    checkpoint->averages = lt_safetensors_metadata(file, "lt.averages");
    checkpoint->run = lt_safetensors_metadata(file, "lt.run");
    checkpoint->ours = checkpoint->summed || has_our_keys(file);
    if (!checkpoint->ours
        || (check_format(checkpoint, fault) && (!whole || verify(checkpoint, fault))))
        return true;
    lt_checkpoint_close(checkpoint);
    return false;
}

void lt_checkpoint_close(struct lt_checkpoint *checkpoint)
{
    lt_safetensors_close(&checkpoint->file);
}

// ---- matching -----------------------------------------------------------------------------------

static const struct lt_tensor *find(const struct lt_checkpoint *checkpoint, const char *path)
{
    return lt_safetensors_find(&checkpoint->file, path, strlen(path));
}

// Under the name that a table of the file gives it: of tied weights, of averages.
static const struct lt_tensor *find_in_table(const struct lt_checkpoint *checkpoint,
                                             const struct lt_json_text *aliases, const char *path)
{
    const struct lt_tensor *found = NULL;
    struct lt_json json;
    struct lt_json_text key, stands_for;
    bool first = true;
    char *copy = aliases ? malloc(aliases->length + 1) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, aliases->text, aliases->length);
    lt_json_start(&json, copy, aliases->length);
    if (lt_json_open(&json, '{'))
        while (!found && lt_json_more(&json, '{', &first)
               && lt_json_key(&json, &key) && lt_json_string(&json, &stands_for))
            if (lt_json_is(&key, path))
                found = lt_safetensors_find(&checkpoint->file, stands_for.text, stands_for.length);
    free(copy);
    return found;
}

// The variable's tensor, under its path or another name of the same weights.
static const struct lt_tensor *find_variable(const struct lt_checkpoint *checkpoint,
                                             const struct lt_program *program, const char *path)
{
    const struct lt_tensor *found = find(checkpoint, path);
    for (int i = 0; i < program->alias_count && !found; i++)
        if (!strcmp(program->alias[i].stands_for, path))
            found = find(checkpoint, program->alias[i].path);
    return found ? found : find_in_table(checkpoint, checkpoint->aliases, path);
}

static bool fits(const struct lt_checkpoint *checkpoint, const struct lt_variable *variable,
                 const struct lt_tensor *tensor, struct lt_fault *fault)
{
    const char *path = checkpoint->file.path;
    if (!tensor)
        return lt_fail(fault, "%s: has no tensor %s, which the program has (%s)", path,
                       variable->path, variable->where ? variable->where : "");
    int64_t shape[LT_MAX_RANK];
    const bool readable = lt_tensor_shape(tensor, shape);
    const bool same = readable && tensor->rank == variable->rank
        && !memcmp(shape, variable->shape, (size_t)variable->rank * sizeof *shape);
    char has[LT_SHAPE_TEXT] = "[…]", wants[LT_SHAPE_TEXT];
    if (readable)
        lt_shape_text(has, shape, tensor->rank);
    if (!same)
        return lt_fail(fault, "%s: tensor %s has the shape %s, but the program's has %s", path,
                       variable->path, has,
                       lt_shape_text(wants, variable->shape, variable->rank));
    if (tensor->type->dtype != (int)variable->dtype)
        return lt_fail(fault, "%s: tensor %s is of %s, but the program's is of %s", path,
                       variable->path, tensor->type->name,
                       lt_tensor_type_name(variable->dtype));
    return true;
}

static bool is_weight(const struct lt_variable *variable)
{
    return variable->kind == LT_PARAMETER
        || (variable->kind == LT_BUFFER && (variable->flags & LT_SAVED));
}

static bool is_saved(const struct lt_variable *variable)
{
    return variable->flags & LT_SAVED;
}

typedef bool chosen(const struct lt_variable *variable);

// The tensor of each chosen variable, NULL for the others; NULL: something doesn't fit.
static const struct lt_tensor **match(const struct lt_checkpoint *checkpoint,
                                      const struct lt_program *program, chosen *choose,
                                      struct lt_fault *fault)
{
    const struct lt_tensor **tensor = calloc((size_t)program->variable_count + 1, sizeof *tensor);
    if (!tensor) {
        lt_fail(fault, "%s: no memory to read it", checkpoint->file.path);
        return NULL;
    }
    for (int i = 0; i < program->variable_count; i++) {
        const struct lt_variable *variable = &program->variable[i];
        if (!choose(variable))
            continue;
        tensor[i] = find_variable(checkpoint, program, variable->path);
        if (!fits(checkpoint, variable, tensor[i], fault)) {
            free(tensor);
            return NULL;
        }
    }
    return tensor;
}

// ---- copying ------------------------------------------------------------------------------------

static bool copy_tensor(const struct lt_safetensors *file, const struct lt_tensor *tensor,
                        const struct lt_variable *variable, void *block, unsigned char *buffer,
                        struct lt_fault *fault)
{
    const size_t item = lt_dtype_bytes(variable->dtype);
    const int64_t count = lt_variable_count(variable), most = LT_COPY_BYTES / (int64_t)item;
    for (int64_t first = 0; first < count; first += most) {
        const int64_t here = count - first < most ? count - first : most;
        if (!lt_safetensors_read(file, tensor->begin + (uint64_t)first * item, buffer,
                                 (size_t)here * item, fault))
            return false;
        if (variable->dtype == LT_BOOL)
            for (int64_t i = 0; i < here; i++)
                buffer[i] = buffer[i] != 0;
        lt_variable_unpack(variable, block, first, here, buffer);
    }
    return true;
}

static bool copy_all(const struct lt_checkpoint *checkpoint, const struct lt_program *program,
                     const struct lt_tensor **tensor, void *block, struct lt_fault *fault)
{
    unsigned char *buffer = malloc(LT_COPY_BYTES);
    bool fine = buffer || lt_fail(fault, "%s: no memory to read it", checkpoint->file.path);
    for (int i = 0; i < program->variable_count && fine; i++)
        if (tensor[i])
            fine = copy_tensor(&checkpoint->file, tensor[i], &program->variable[i], block, buffer,
                               fault);
    free(buffer);
    return fine;
}

// ---- loading ------------------------------------------------------------------------------------

static bool open_ours(struct lt_checkpoint *checkpoint, const char *path, bool whole,
                      struct lt_fault *fault)
{
    if (!lt_checkpoint_open(checkpoint, path, whole, fault))
        return false;
    if (checkpoint->ours)
        return true;
    lt_checkpoint_close(checkpoint);
    return lt_fail(fault, "%s: has weights but no state of a run, expected a checkpoint", path);
}

static bool read_state(const struct lt_checkpoint *checkpoint, const struct lt_program *program,
                       struct lt_run_state *state, struct lt_fault *fault)
{
    static const char *const facts[] = {"lt.program", "lt.spec", "lt.spec_hash", "lt.compiler"};
    const char *path = checkpoint->file.path;
    if (!lt_state_read(checkpoint->run, program, state, path, fault))
        return false;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const struct lt_json_text *text = lt_safetensors_metadata(&checkpoint->file, facts[i]);
        char *ended = text ? strndup(text->text, text->length) : NULL;
        const bool set = ended && lt_run_state_set(state, facts[i], ended);
        free(ended);
        if (text && !set) {
            lt_run_state_free(state);
            return lt_fail(fault, "%s: no memory to read it", path);
        }
    }
    return true;
}

// A tensor that no variable took: on resume there may be none.
static const struct lt_tensor *left_over(const struct lt_checkpoint *checkpoint,
                                         const struct lt_program *program,
                                         const struct lt_tensor **taken, bool weights,
                                         size_t *count)
{
    const struct lt_tensor *first = NULL;
    *count = 0;
    for (size_t k = 0; k < checkpoint->file.tensor_count; k++) {
        const struct lt_tensor *tensor = &checkpoint->file.tensor[k];
        const char kind = checkpoint->ours ? checkpoint->kinds->text[k] : 'P';
        bool used = weights && kind != 'P' && kind != 'B';
        for (int i = 0; i < program->variable_count && !used; i++)
            used = taken[i] == tensor
                || (weights && taken[i] && lt_json_is(&tensor->name, program->variable[i].path));
        for (int i = 0; i < program->alias_count && !used; i++)
            used = lt_json_is(&tensor->name, program->alias[i].path);
        if (used)
            continue;
        first = first ? first : tensor;
        ++*count;
    }
    return first;
}

static bool nothing_left(const struct lt_checkpoint *checkpoint, const struct lt_program *program,
                         const struct lt_tensor **taken, struct lt_fault *fault)
{
    size_t count;
    char quote[LT_QUOTE];
    const struct lt_tensor *tensor = left_over(checkpoint, program, taken, false, &count);
    return !tensor
        || lt_fail(fault, "%s: has %zu tensors that the program doesn't have, %s among them",
                   checkpoint->file.path, count,
                   lt_quote(quote, tensor->name.text, tensor->name.length));
}

bool lt_checkpoint_load(const char *path, const struct lt_program *program, void *block,
                        struct lt_run_state *state, struct lt_fault *fault)
{
    struct lt_checkpoint checkpoint;
    *state = (struct lt_run_state){0};
    if (!open_ours(&checkpoint, path, true, fault))
        return false;
    const struct lt_tensor **tensor = match(&checkpoint, program, is_saved, fault);
    bool fine = tensor && nothing_left(&checkpoint, program, tensor, fault)
        && read_state(&checkpoint, program, state, fault);
    if (fine && !copy_all(&checkpoint, program, tensor, block, fault)) {
        lt_run_state_free(state);
        fine = false;
    }
    free(tensor);
    lt_checkpoint_close(&checkpoint);
    return fine;
}

static int variable_named(const struct lt_program *program, const char *path)
{
    for (int i = 0; i < program->variable_count; i++)
        if (strcmp(program->variable[i].path, path) == 0)
            return i;
    return -1;
}

// What validation read in the place of a weight is the weight. A callback of this program that
// averages begins with the same.
static bool take_averages(const struct lt_checkpoint *checkpoint, const struct lt_program *program,
                          const struct lt_tensor **tensor, struct lt_fault *fault)
{
    for (int i = 0; i < program->variable_count; i++) {
        const struct lt_variable *variable = &program->variable[i];
        const struct lt_tensor *average = tensor[i]
            ? find_in_table(checkpoint, checkpoint->averages, variable->path) : NULL;
        if (average && !fits(checkpoint, variable, average, fault))
            return false;
        tensor[i] = average ? average : tensor[i];
    }
    for (int i = 0; i < program->stand_in_count; i++) {
        const int weight = variable_named(program, program->stand_in[i].path);
        const int average = variable_named(program, program->stand_in[i].stands_for);
        if (weight >= 0 && average >= 0)
            tensor[average] = tensor[weight];
    }
    return true;
}

bool lt_weights_load(const char *path, const struct lt_program *program, void *block,
                     struct lt_fault *note, struct lt_fault *fault)
{
    struct lt_checkpoint checkpoint;
    char quote[LT_QUOTE];
    size_t count;
    if (!lt_checkpoint_open(&checkpoint, path, true, fault))
        return false;
    const struct lt_tensor **tensor = match(&checkpoint, program, is_weight, fault);
    const bool fine = tensor && take_averages(&checkpoint, program, tensor, fault)
        && copy_all(&checkpoint, program, tensor, block, fault);
    const struct lt_tensor *rest = fine && note
        ? left_over(&checkpoint, program, tensor, true, &count) : NULL;
    if (rest)
        lt_fail(note, "%s: %zu of its tensors are not used, %s among them", path, count,
                lt_quote(quote, rest->name.text, rest->name.length));
    free(tensor);
    lt_checkpoint_close(&checkpoint);
    return fine;
}

bool lt_checkpoint_peek(const char *path, const struct lt_program *program,
                        struct lt_run_state *state, struct lt_fault *fault)
{
    struct lt_checkpoint checkpoint;
    *state = (struct lt_run_state){0};
    if (!open_ours(&checkpoint, path, false, fault))
        return false;
    const bool fine = read_state(&checkpoint, program, state, fault);
    lt_checkpoint_close(&checkpoint);
    return fine;
}
