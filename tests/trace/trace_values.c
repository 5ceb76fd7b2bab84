// trace_values.c: traces a spec and shows what it is made of without a program: the data block, and
// the initial values of all buffers, worked out by the interpreter. Exits with 1 if the spec is wrong.
#include "oracle/interpret.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_value(const char *path, const Shape *shape, const Value *value, Arena *arena)
{
    printf("%s %s %s =", path, dtype_name(value->dtype), shape_text(arena, shape));
    for (int64_t i = 0; i < value->count; i++)
        printf(" %.9g", value_number(value, i));
    printf("\n");
}

static void print_buffers(const Program *program)
{
    int count = program->variable_count;
    Value *variable = calloc((size_t)count + 1, sizeof *variable);
    for (int i = 0; i < count; i++)
        variable[i] = value_new(program->variable[i]->dtype, &program->variable[i]->shape, 1);
    OracleInput input = {.rows = 1, .variable = variable};
    OracleResult none[1];
    interpret(program->init, &input, none);
    for (int i = 0; i < count; i++) {
        if (program->variable[i]->kind == VAR_BUFFER)
            print_value(program->variable[i]->path, &program->variable[i]->shape, &variable[i],
                        program->arena);
        value_free(&variable[i]);
    }
    free(variable);
}

static void print_data(const DataBlock *data, Arena *arena)
{
    if (!data || strcmp(data->source, "none") == 0)
        return;
    printf("data %s: %s, %lld rows, batch %lld%s%s%s\n", data->name, data->source,
           (long long)data->rows, (long long)data->batch, data->shuffle ? ", shuffled" : "",
           data->drop_last ? ", last dropped" : "", data->split_file_order ? ", in file order" : "");
    static const char *const parts[3] = {"train", "val", "test"};
    for (int i = 0; i < 3; i++)
        if (data->split[i] >= 0)
            printf("%s %g%s\n", parts[i], data->split[i], data->split_share[i] ? " of the rows" : "");
    if (*data->option)
        printf("option %s\n", data->option);
    for (int i = 0; i < data->raw_count; i++) {
        const RawField *raw = &data->raw[i];
        printf("raw %s: %s %s of %s (%s)", raw->name, dtype_name(raw->dtype),
               shape_text(arena, &raw->shape), raw->file, raw->format);
        for (int k = 0; k < raw->word_count; k++)
            printf(" \"%s\"", raw->word[k]);
        printf("\n");
    }
    for (int i = 0; i < data->field_count; i++)
        printf("field %s: %s %s below %lld\n", data->field[i].name, dtype_name(data->field[i].dtype),
               shape_text(arena, &data->field[i].shape), (long long)data->field[i].below);
    graph_print(data->sample[0], stdout);
    if (data->sample[1] != data->sample[0])
        graph_print(data->sample[1], stdout);
}

int main(int count, char **words)
{
    if (count != 2)
        return 2;
    char *slash = strrchr(words[1], '/');
    const char *spec = slash ? slash + 1 : words[1];
    if (slash) {                        // so that messages are the same wherever the tests run
        *slash = 0;
        if (chdir(words[1]) != 0)
            return 2;
    }
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    TraceOptions options = {.spec_path = spec};
    Program *program = trace(arena, atom_table_new(arena), diag, &options);
    diag_print(diag, stdout, false);
    if (program) {
        print_data(program->data, arena);
        print_buffers(program);
    }
    arena_free(arena);
    return program ? 0 : 1;
}
