#include "toy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/json.h"
#include "checkpoint/layout.h"
#include "checkpoint/state.h"
#include "checkpoint/sum.h"
#include "lt/random.h"

// hidden.weight is cut into panels of 4 along its first axis: 5 rows take 8.
static const struct lt_variable variables[] = {
    {.path = "hidden.weight", .kind = LT_PARAMETER, .dtype = LT_F32, .rank = 2, .shape = {5, 7},
     .offset = 0, .stride = {1, 4}, .panel = 4, .panel_stride = 28, .panel_axis = 0,
     .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1, .where = "toy.lt:3"},
    {.path = "hidden.bias", .kind = LT_PARAMETER, .dtype = LT_F32, .rank = 1, .shape = {5},
     .offset = 256, .stride = {1}, .flags = LT_SAVED | LT_TRAINABLE, .where = "toy.lt:3"},
    {.path = "flags", .kind = LT_BUFFER, .dtype = LT_BOOL, .rank = 1, .shape = {3},
     .offset = 320, .stride = {1}, .flags = LT_SAVED, .where = "toy.lt:4"},
    {.path = "table", .kind = LT_BUFFER, .dtype = LT_F32, .rank = 1, .shape = {4},
     .offset = 384, .stride = {1}, .where = "toy.lt:5"},
    {.path = "mixed", .kind = LT_PARAMETER, .dtype = LT_F16, .rank = 3, .shape = {2, 3, 4},
     .offset = 448, .stride = {1, 8, 2}, .flags = LT_SAVED, .where = "toy.lt:6"},
    {.path = "optimizer.m.hidden.weight", .kind = LT_OPTIMIZER_STATE, .dtype = LT_F32, .rank = 2,
     .shape = {5, 7}, .offset = 512, .stride = {1, 4}, .panel = 4, .panel_stride = 28,
     .panel_axis = 0, .flags = LT_SAVED, .where = "toy.lt:9"},
    {.path = "optimizer.t", .kind = LT_OPTIMIZER_STATE, .dtype = LT_I64, .rank = 0, .offset = 768,
     .flags = LT_SAVED, .where = "toy.lt:9"},
    {.path = "metric.count", .kind = LT_METRIC_STATE, .dtype = LT_F64, .rank = 1, .shape = {2},
     .offset = 832, .stride = {1}, .flags = LT_SAVED, .where = "toy.lt:10"},
    {.path = "ema.bf16", .kind = LT_CALLBACK_STATE, .dtype = LT_BF16, .rank = 2, .shape = {3, 2},
     .offset = 896, .stride = {2, 1}, .flags = LT_SAVED, .where = "toy.lt:11"},
    {.path = "empty", .kind = LT_BUFFER, .dtype = LT_F32, .rank = 2, .shape = {0, 3},
     .offset = 960, .stride = {3, 1}, .flags = LT_SAVED, .where = "toy.lt:12"},
    {.path = "sum.bytes", .kind = LT_ACCUMULATOR, .dtype = LT_U8, .rank = 1, .shape = {5},
     .offset = 1024, .stride = {1}, .flags = LT_SAVED, .where = "toy.lt:13"},
};

enum { VARIABLES = sizeof variables / sizeof *variables, BLOCK = 2048 };

static const struct lt_alias aliases[] = {{"decoder.weight", "hidden.weight"}};
static const char *const state_names[] = {"early_stopping.best", "early_stopping.wait"};
static const double state_initial[] = {1.5, 0};
static const struct lt_log logs[] = {
    {.name = "loss", .phase = LT_TRAIN}, {.name = "loss", .phase = LT_VALIDATE},
};
static const struct lt_setting settings[] = {
    {.name = "optimizer.lr", .type = LT_NUMBER}, {.name = "trainer.max_epochs", .type = LT_INTEGER},
};

const struct lt_program toy = {
    .contract = LT_CONTRACT, .name = "Toy", .spec = "toy.lt", .spec_hash = "abc123",
    .compiler = "ltc 0.1.0", .block_bytes = BLOCK, .variable_bytes = BLOCK,
    .variable_count = VARIABLES, .alias_count = 1, .setting_count = 2, .state_count = 2,
    .log_count = 2, .variable = variables, .alias = aliases, .setting = settings,
    .state_name = state_names, .state_initial = state_initial, .log = logs,
};

void toy_fill(void *block, uint64_t seed)
{
    unsigned char *at = block;
    for (int i = 0; i < BLOCK; i++)
        at[i] = (unsigned char)lt_random_mix64(seed * BLOCK + (uint64_t)i);
    for (int i = 0; i < 3; i++)
        at[320 + i] &= 1;
    const uint32_t nan = 0xFFC12345;
    memcpy(at + 256, &nan, sizeof nan);
}

struct lt_run_state toy_state(uint64_t seed)
{
    struct lt_run_state state = {
        .step = (int64_t)seed, .epoch = 3, .batch = 17, .micro_batch = 2, .validation_batch = -1,
        .seed = UINT64_MAX - seed, .split_seed = UINT64_C(1) << 63, .seconds = 0.1 * (double)seed,
        .state = calloc(2, sizeof(double)), .metric = calloc(2, sizeof(double)),
        .setting = calloc(2, sizeof(double)), .kept = calloc(2, sizeof(struct lt_kept)),
        .kept_count = 2,
    };
    state.state[0] = 1.0 / 3;
    state.state[1] = -0.0;
    state.metric[0] = 5e-324;
    state.metric[1] = (double)seed / 7;
    state.setting[0] = 1e-3;
    state.setting[1] = 20;
    state.kept[0] = (struct lt_kept){1, 0.25, false, strdup("1.safetensors")};
    state.kept[1] = (struct lt_kept){1, 0.125, false, strdup("2.safetensors")};
    lt_run_state_set(&state, "command", "toy fit --name \"a\\b\n\xC3\xA4\"");
    lt_run_state_set_number(&state, "window", 0.7);
    return state;
}

uint64_t toy_sum(const void *block, const struct lt_run_state *state, bool weights_only)
{
    unsigned char packed[512];
    struct lt_sum sum;
    lt_sum_start(&sum, 0);
    for (int i = 0; i < VARIABLES; i++) {
        const struct lt_variable *variable = &variables[i];
        const bool weight = variable->kind == LT_PARAMETER || variable->kind == LT_BUFFER;
        if (!(variable->flags & LT_SAVED) || (weights_only && !weight))
            continue;
        lt_variable_pack(variable, block, 0, lt_variable_count(variable), packed);
        lt_sum_add(&sum, packed, lt_variable_bytes(variable));
    }
    if (state) {
        struct lt_text text = {0};
        lt_state_write(&text, &toy, state);
        lt_sum_add(&sum, text.text, text.length);
        free(text.text);
    }
    return lt_sum_value(&sum);
}
