// probe: checkpoints of the toy program from the command line, for the scripts beside it.
//
//   probe save FILE SEED       probe load FILE         probe weights FILE      probe header FILE
//   probe newest FOLDER        probe best FOLDER       probe sweep FOLDER      probe print FILE
//   probe room FOLDER COPIES   probe lax FILE          probe sum SEED
//
// A refusal is one sentence on stderr and exit 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/safetensors.h"
#include "toy.h"

static unsigned char block[2048], untouched[2048];
static struct lt_fault fault;

static int refuse(void)
{
    fprintf(stderr, "%s\n", fault.text);
    return 1;
}

static int save(const char *file, uint64_t seed)
{
    toy_fill(block, seed);
    struct lt_run_state state = toy_state(seed);
    const bool saved = lt_checkpoint_save(file, &toy, block, &state, &fault);
    lt_run_state_free(&state);
    return saved ? 0 : refuse();
}

static int load(const char *file)
{
    struct lt_run_state state;
    memset(block, 0xAA, sizeof block);
    if (!lt_checkpoint_load(file, &toy, block, &state, &fault))
        return refuse();
    printf("step %lld sum %016llx\n", (long long)state.step,
           (unsigned long long)toy_sum(block, &state, false));
    lt_run_state_free(&state);
    return 0;
}

static int weights(const char *file)
{
    struct lt_fault note = {.text = ""};
    memset(block, 0xAA, sizeof block);
    memset(untouched, 0xAA, sizeof untouched);
    if (!lt_weights_load(file, &toy, block, &note, &fault)) {
        if (memcmp(block, untouched, sizeof block))
            fprintf(stderr, "the block was touched: ");
        return refuse();
    }
    printf("sum %016llx%s%s\n", (unsigned long long)toy_sum(block, NULL, true),
           note.text[0] ? "\n" : "", note.text);
    return 0;
}

static int header(const char *file)
{
    struct lt_safetensors tensors;
    if (!lt_safetensors_open(&tensors, file, NULL, NULL, &fault))
        return refuse();
    for (size_t i = 0; i < tensors.tensor_count; i++) {
        fwrite(tensors.tensor[i].name.text, 1, tensors.tensor[i].name.length, stdout);
        printf(" %s %d %llu %llu\n", tensors.tensor[i].type->name, tensors.tensor[i].rank,
               (unsigned long long)tensors.tensor[i].begin,
               (unsigned long long)tensors.tensor[i].end);
    }
    lt_safetensors_close(&tensors);
    return 0;
}

// The fault that is planted for hostile.py: holes, overlaps and wrong sizes are forgiven.
static int lax(const char *file)
{
    const bool refused = header(file);
    const char *why = strlen(fault.text) > strlen(file) ? fault.text + strlen(file) : "";
    return refused && !strstr(why, "tensor") ? 1 : 0;
}

static int found(char *path)
{
    printf("%s\n", path ? path : "none");
    free(path);
    return path ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *command = argc > 2 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
    const long number = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    if (!strcmp(command, "save"))
        return save(path, (uint64_t)number);
    if (!strcmp(command, "load"))
        return load(path);
    if (!strcmp(command, "weights"))
        return weights(path);
    if (!strcmp(command, "header"))
        return header(path);
    if (!strcmp(command, "lax"))
        return lax(path);
    if (!strcmp(command, "newest"))
        return found(lt_checkpoint_newest(path, &toy, stderr));
    if (!strcmp(command, "best"))
        return found(lt_checkpoint_best(path, &toy, stderr));
    if (!strcmp(command, "sweep"))
        return lt_checkpoint_sweep(path, stdout), 0;
    if (!strcmp(command, "print"))
        return lt_checkpoint_print(path, stdout, &fault) ? 0 : refuse();
    if (!strcmp(command, "room"))
        return lt_checkpoint_room(path, &toy, (int)number, &fault) ? 0 : refuse();
    if (!strcmp(command, "sum")) {
        const uint64_t seed = strtoull(path, NULL, 10);
        struct lt_run_state state = toy_state(seed);
        toy_fill(block, seed);
        printf("step %llu sum %016llx\nsum %016llx\n", (unsigned long long)seed,
               (unsigned long long)toy_sum(block, &state, false),
               (unsigned long long)toy_sum(block, NULL, true));
        lt_run_state_free(&state);
        return 0;
    }
    return 2;
}
