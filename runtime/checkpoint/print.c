// print: what is in a checkpoint, or in any safetensors file, for people.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/file.h"
#include "checkpoint/state.h"
#include "data/text.h"

static void print_text(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7F)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
}

static void print_entry(FILE *out, const char *label, const struct lt_json_text *text)
{
    if (!text)
        return;
    fprintf(out, "%-10s ", label);
    print_text(out, text->text, text->length);
    fputc('\n', out);
}

// ---- the run's state ----------------------------------------------------------------------------

static void print_label(FILE *out, const struct lt_json_text *part, const struct lt_json_text *key)
{
    fputs("  ", out);
    print_text(out, part->text, part->length);
    fputs(".", out);
    print_text(out, key->text, key->length);
    fputs(" = ", out);
}

// A number is stored exactly, and shown with as many digits as one can read.
static void print_value(FILE *out, const struct lt_json_text *value, bool exact)
{
    char *end;
    value->text[value->length] = '\0';
    const double number = strtod(value->text, &end);
    if (exact && *value->text && !*end)
        fprintf(out, "%.9g\n", number);
    else {
        print_text(out, value->text, value->length);
        fputc('\n', out);
    }
}

static bool print_part(FILE *out, struct lt_json *json, const struct lt_json_text *part)
{
    struct lt_json_text key, value;
    bool first = true;
    const bool exact = !lt_json_is(part, "fact");
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        if (!lt_json_key(json, &key) || !lt_json_string(json, &value))
            return false;
        print_label(out, part, &key);
        print_value(out, &value, exact);
    }
    return !json->mistake;
}

static bool print_kept(FILE *out, struct lt_json *json)
{
    struct lt_json_text key, text;
    bool first = true;
    if (!lt_json_open(json, '['))
        return false;
    while (lt_json_more(json, '[', &first)) {
        bool inner = true;
        int64_t number;
        fputs("  kept", out);
        if (!lt_json_open(json, '{'))
            return false;
        while (lt_json_more(json, '{', &inner)) {
            if (!lt_json_key(json, &key))
                return false;
            const bool string = lt_json_peek(json) == '"';
            if (string ? !lt_json_string(json, &text) : !lt_json_integer(json, &number))
                return false;
            if (lt_json_is(&key, "score")) {
                text.text[text.length] = '\0';
                fprintf(out, " %.9g", strtod(text.text, NULL));
            } else if (string) {
                fputc(' ', out);
                print_text(out, text.text, text.length);
            }
        }
        fputc('\n', out);
    }
    return !json->mistake;
}

static bool print_run(FILE *out, struct lt_json *json)
{
    struct lt_json_text key, value;
    bool first = true;
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        int64_t number;
        bool fine;
        if (!lt_json_key(json, &key))
            return false;
        switch (lt_json_peek(json)) {
        case '{':
            fine = print_part(out, json, &key);
            break;
        case '[':
            fine = print_kept(out, json);
            break;
        case '"':
            fine = lt_json_string(json, &value);
            fprintf(out, "  %.*s = ", (int)key.length, key.text);
            if (fine)
                print_value(out, &value, true);
            break;
        default:
            number = 0;
            fine = lt_json_integer(json, &number);
            fprintf(out, lt_json_is(&key, "seed") || lt_json_is(&key, "split_seed")
                    ? "  %.*s = %" PRIu64 "\n" : "  %.*s = %" PRId64 "\n", (int)key.length,
                    key.text, number);
        }
        if (!fine)
            return false;
    }
    return !json->mistake;
}

// ---- tensors ------------------------------------------------------------------------------------

static void print_tensor(FILE *out, const struct lt_tensor *tensor, char kind)
{
    static const char *const kinds[] = {"parameter", "buffer", "optimizer", "metric", "callback",
                                        "accumulator"};
    const char *found = kind ? strchr(lt_kind_letters, kind) : NULL;
    char text[LT_SHAPE_TEXT] = "[…]";
    int64_t shape[LT_MAX_RANK];
    if (lt_tensor_shape(tensor, shape))
        lt_shape_text(text, shape, tensor->rank);
    fprintf(out, "  %-11s %-5s %-20s ", found ? kinds[found - lt_kind_letters] : "tensor",
            tensor->type->name, text);
    print_text(out, tensor->name.text, tensor->name.length);
    fputc('\n', out);
}

static bool print_state(const struct lt_checkpoint *checkpoint, FILE *out, struct lt_fault *fault)
{
    struct lt_json json;
    char *copy = malloc(checkpoint->run->length + 1);
    if (!copy)
        return lt_fail(fault, "%s: no memory to read it", checkpoint->file.path);
    memcpy(copy, checkpoint->run->text, checkpoint->run->length);
    lt_json_start(&json, copy, checkpoint->run->length);
    const bool fine = print_run(out, &json);
    free(copy);
    return fine || lt_fail(fault, "%s: its run state is wrong at byte %zu, expected %s",
                           checkpoint->file.path, json.mistake_at, json.mistake);
}

bool lt_checkpoint_print(const char *path, FILE *out, struct lt_fault *fault)
{
    struct lt_checkpoint checkpoint;
    const struct lt_safetensors *file = &checkpoint.file;
    if (!lt_checkpoint_open(&checkpoint, path, true, fault))
        return false;
    fprintf(out, "%-10s %s, %llu bytes in %zu tensors%s\n", "file", path,
            (unsigned long long)file->data_bytes, file->tensor_count,
            checkpoint.ours ? ", whole" : ", not written by ltc");
    print_entry(out, "program", lt_safetensors_metadata(file, "lt.program"));
    print_entry(out, "spec", lt_safetensors_metadata(file, "lt.spec"));
    print_entry(out, "sha256", lt_safetensors_metadata(file, "lt.spec_hash"));
    print_entry(out, "compiler", lt_safetensors_metadata(file, "lt.compiler"));
    print_entry(out, "format", lt_safetensors_metadata(file, "lt.format"));
    bool fine = true;
    if (checkpoint.ours) {
        fprintf(out, "state\n");
        fine = print_state(&checkpoint, out, fault);
    }
    fprintf(out, "tensors\n");
    for (size_t i = 0; i < file->tensor_count; i++)
        print_tensor(out, &file->tensor[i], checkpoint.ours ? checkpoint.kinds->text[i] : '\0');
    lt_checkpoint_close(&checkpoint);
    return fine;
}
