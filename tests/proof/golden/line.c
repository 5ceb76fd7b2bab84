// Line from line.lt. Emitted by ltc; do not edit.
//
// parameters     2 in 2 arrays
// memory         320 B: variables 128 B, arena 192 B
// training step  43 FLOP in 3 kernels, at most 1 rows
#include "lt/kernel.h"
#include "lt/program.h"

// ---- settings, states and logs, in the order of their tables ------------------------------------

enum {
    setting_trainer_max_epochs, setting_trainer_min_epochs, setting_trainer_max_steps,
    setting_trainer_min_steps, setting_trainer_limit_train_batches,
    setting_trainer_limit_val_batches, setting_trainer_limit_test_batches,
    setting_trainer_limit_predict_batches, setting_trainer_overfit_batches,
    setting_trainer_val_check_interval, setting_trainer_check_val_every_n_epoch,
    setting_trainer_num_sanity_val_steps, setting_trainer_fast_dev_run,
    setting_trainer_log_every_n_steps, setting_trainer_accumulate_grad_batches,
    setting_trainer_gradient_clip_val, setting_trainer_gradient_clip_algorithm,
    setting_trainer_default_root_dir, setting_trainer_enable_checkpointing,
    setting_trainer_async_checkpoint, setting_trainer_enable_progress_bar,
    setting_trainer_enable_model_summary, setting_trainer_barebones, setting_trainer_max_time,
    setting_trainer_detect_anomaly, setting_trainer_seed, setting_optimizer_lr,
    setting_optimizer_momentum, setting_optimizer_dampening, setting_optimizer_weight_decay,
    setting_optimizer_nesterov, setting_optimizer_maximize,
};
enum {
    log_loss,
};

// ---- memory map: variables, from the start of the block -----------------------------------------
//
//          0  slope                                    f32 []
//         64  offset                                   f32 []

// ---- kernel 1: slope_kernel ----------------------------------------------------------- line.lt:4
//     param slope: f32 = 0.0
//
// writes  slope []
LT_KERNEL void slope_kernel(float *restrict slope)
{
    slope[0] = 0.0f;
}

// ---- kernel 2: offset_kernel ---------------------------------------------------------- line.lt:5
//     param offset: f32 = 1.0
//
// writes  offset []
LT_KERNEL void offset_kernel(float *restrict offset)
{
    offset[0] = 1.0f;
}

// ---- kernel 3: mul_p ----------------------- line.lt:9, functions.lt:90, 91, optimizers.lt:14, 19
//     loss = mean((slope * x + offset - 2 * x)^2)
//
// reads   slope []   offset []
// writes  loss2 []   p3 []   p4 []
LT_KERNEL void mul_p(const float *restrict slope, const float *restrict offset, float number,
                     float number2, float *restrict loss2, float *restrict p3, float *restrict p4)
{
    float total_lane[4] = {0};
    float sum_lane[4] = {0};
    float g_lane[4] = {0};
#pragma omp simd
    for (int i = 0; i < 4; i++) {
        const float value = i < 1 ? 0.0f : i - 1 >= 0 && i - 1 < 1 ? 1.0f : i - 2 >= 0 && i - 2 < 1
                ? 2.0f : 3.0f;
        const float difference = slope[0] * value + offset[0] - 2.0f * value;
        const float product = 0.25f * difference;
        const float total = product + product;
        total_lane[i] += difference * difference;
        sum_lane[i] += total;
        g_lane[i] += total * value;
    }
    const float total2 = lt_fold_f32(total_lane, 4);
    const float sum2 = lt_fold_f32(sum_lane, 4);
    const float g2 = lt_fold_f32(g_lane, 4);
    const float loss = total2 * 0.25f;
    const float g3 = g2 + number * slope[0];
    const float p = slope[0] - number2 * g3;
    const float g4 = sum2 + number * offset[0];
    const float p2 = offset[0] - number2 * g4;
    loss2[0] = loss;
    p3[0] = p;
    p4[0] = p2;
}

// ---- kernel 4: copy_p ---------------------------------------------------------- optimizers.lt:19
//
// reads   p []
// writes  slope []
LT_KERNEL void copy_p(const float *restrict p, float *restrict slope)
{
    slope[0] = p[0];
}

// ---- steps --------------------------------------------------------------------------------------

static void initial_values(const struct lt_call *call)
{
    char *const block = call->block;
    float *const slope = (float *)(block + 0);  // []
    float *const offset = (float *)(block + 64);  // []

    slope_kernel(slope);
    offset_kernel(offset);
}

static void training_step(const struct lt_call *call)
{
    char *const block = call->block;
    float *const slope = (float *)(block + 0);  // []
    float *const offset = (float *)(block + 64);  // []
    const float number = (float)(call->setting[setting_optimizer_weight_decay]);
    const float number2 = (float)(call->setting[setting_optimizer_lr]);
    float *const loss = (float *)(block + 128);  // []
    float *const p = (float *)(block + 192);  // []
    float *const p2 = (float *)(block + 256);  // []

    mul_p(slope, offset, number, number2, loss, p, p2);
    copy_p(p, slope);
    copy_p(p2, offset);
    call->log[log_loss] = (struct lt_value){(double)loss[0], 1};
}

// ---- tables -------------------------------------------------------------------------------------

static const struct lt_variable variable_table[2] = {
    {"slope", LT_PARAMETER, LT_F32, 0, {0},
     .offset = 0, .stride = {0}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "line.lt:4"},
    {"offset", LT_PARAMETER, LT_F32, 0, {0},
     .offset = 64, .stride = {0}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "line.lt:5"},
};

static const struct lt_data data_table[1] = {
    {.name = "none", .source = "none", .option = "",
     .rows = 0, .batch = 0, .train = {-1.0, false}, .val = {-1.0, false}, .test = {-1.0, false},
     .split_given = 0, .split_file_order = 0, .shuffle = 0, .drop_last = 0,
     .raw_count = 0, .field_count = 0, .raw = NULL, .field = NULL,
     .sample = NULL, .sample_scratch = 0},
};

static const struct lt_setting setting_table[32] = {
    [setting_trainer_max_epochs] = {"trainer.max_epochs", LT_INTEGER, 0, -1.0,
     "", NULL,
     "epochs to train; 1000 if no other limit is set", false, false, false},
    [setting_trainer_min_epochs] = {"trainer.min_epochs", LT_INTEGER, 0, -1.0,
     "", NULL,
     "epochs before a stop request counts", false, false, false},
    [setting_trainer_max_steps] = {"trainer.max_steps", LT_INTEGER, 0, 3.0,
     "", NULL,
     "optimiser steps to train", false, true, false},
    [setting_trainer_min_steps] = {"trainer.min_steps", LT_INTEGER, 0, -1.0,
     "", NULL,
     "optimiser steps before a stop request counts", false, false, false},
    [setting_trainer_limit_train_batches] = {"trainer.limit_train_batches", LT_DURATION, 4, 1.0,
     "", NULL,
     "batches of an epoch (20) or a share of them (0.2)", false, false, false},
    [setting_trainer_limit_val_batches] = {"trainer.limit_val_batches", LT_DURATION, 4, 1.0,
     "", NULL,
     "the same for validation; 0 switches it off", false, false, false},
    [setting_trainer_limit_test_batches] = {"trainer.limit_test_batches", LT_DURATION, 4, 1.0,
     "", NULL,
     "the same for test", false, false, false},
    [setting_trainer_limit_predict_batches] = {"trainer.limit_predict_batches", LT_DURATION, 4, 1.0,
     "", NULL,
     "the same for predict", false, false, false},
    [setting_trainer_overfit_batches] = {"trainer.overfit_batches", LT_DURATION, 4, 0.0,
     "", NULL,
     "train and validate on these batches only, in order", false, false, false},
    [setting_trainer_val_check_interval] = {"trainer.val_check_interval", LT_DURATION, 4, 1.0,
     "", NULL,
     "validate every so many batches, or this share of an epoch", false, false, false},
    [setting_trainer_check_val_every_n_epoch] = {"trainer.check_val_every_n_epoch", LT_INTEGER, 0, 1.0,
     "", NULL,
     "validate after every n-th epoch", false, false, false},
    [setting_trainer_num_sanity_val_steps] = {"trainer.num_sanity_val_steps", LT_INTEGER, 0, 2.0,
     "", NULL,
     "validation batches before training starts; -1: all", false, false, false},
    [setting_trainer_fast_dev_run] = {"trainer.fast_dev_run", LT_INTEGER, 0, 0.0,
     "", NULL,
     "run n batches of everything once and save nothing", false, false, false},
    [setting_trainer_log_every_n_steps] = {"trainer.log_every_n_steps", LT_INTEGER, 0, 5e+01,
     "", NULL,
     "optimiser steps between rows of the log", false, false, false},
    [setting_trainer_accumulate_grad_batches] = {"trainer.accumulate_grad_batches", LT_INTEGER, 0, 1.0,
     "", NULL,
     "batches whose gradients make one step", false, false, false},
    [setting_trainer_gradient_clip_val] = {"trainer.gradient_clip_val", LT_NUMBER, 0, 0.0,
     "", NULL,
     "greatest norm (or value) of the gradient; 0: off", false, false, false},
    [setting_trainer_gradient_clip_algorithm] = {"trainer.gradient_clip_algorithm", LT_WORD, 0, 0.0,
     "norm", "norm|value",
     "norm or value", true, false, false},
    [setting_trainer_default_root_dir] = {"trainer.default_root_dir", LT_TEXT, 0, 0.0,
     ".", NULL,
     "folder for logs and checkpoints", false, false, false},
    [setting_trainer_enable_checkpointing] = {"trainer.enable_checkpointing", LT_FLAG, 0, 1.0,
     "", NULL,
     "save a checkpoint at the end of an epoch", false, false, false},
    [setting_trainer_async_checkpoint] = {"trainer.async_checkpoint", LT_FLAG, 0, 0.0,
     "", NULL,
     "write checkpoints in the background, from a copy of the variables", false, false, false},
    [setting_trainer_enable_progress_bar] = {"trainer.enable_progress_bar", LT_FLAG, 0, 1.0,
     "", NULL,
     "a bar on a terminal, lines elsewhere", false, false, false},
    [setting_trainer_enable_model_summary] = {"trainer.enable_model_summary", LT_FLAG, 0, 1.0,
     "", NULL,
     "print the layers before training", false, false, false},
    [setting_trainer_barebones] = {"trainer.barebones", LT_FLAG, 0, 0.0,
     "", NULL,
     "train and validate only: no checkpoints, logs, bar, summary, sanity check", false, false, false},
    [setting_trainer_max_time] = {"trainer.max_time", LT_TEXT, 0, 0.0,
     "", NULL,
     "stop after this time, DD:HH:MM:SS", false, false, false},
    [setting_trainer_detect_anomaly] = {"trainer.detect_anomaly", LT_FLAG, 0, 0.0,
     "", NULL,
     "look for NaN and infinity after each step, and at each `check` in it", false, false, false},
    [setting_trainer_seed] = {"trainer.seed", LT_INTEGER, 0, 0.0,
     "", NULL,
     "seed of weights, order and draws; also --seed", false, false, false},
    [setting_optimizer_lr] = {"optimizer.lr", LT_NUMBER, 0, 0.1,
     NULL, NULL,
     NULL, false, true, false},
    [setting_optimizer_momentum] = {"optimizer.momentum", LT_NUMBER, 0, 0.0,
     NULL, NULL,
     NULL, true, true, false},
    [setting_optimizer_dampening] = {"optimizer.dampening", LT_NUMBER, 0, 0.0,
     NULL, NULL,
     NULL, true, true, false},
    [setting_optimizer_weight_decay] = {"optimizer.weight_decay", LT_NUMBER, 0, 0.0,
     NULL, NULL,
     NULL, false, true, false},
    [setting_optimizer_nesterov] = {"optimizer.nesterov", LT_FLAG, 0, 0.0,
     NULL, NULL,
     NULL, true, true, false},
    [setting_optimizer_maximize] = {"optimizer.maximize", LT_FLAG, 0, 0.0,
     NULL, NULL,
     NULL, true, true, false},
};

static const struct lt_log log_table[1] = {
    [log_loss] = {"loss", LT_TRAIN, LT_MEAN, .on_step = 1, .on_epoch = 0, .progress_bar = 1, .computed = 0},
};

static const struct lt_layer layer_table[1] = {
    {"", "Line", 2},
};

// ---- program ------------------------------------------------------------------------------------

const struct lt_program lt_program = {
    .contract = LT_CONTRACT,
    .name = "Line", .spec = "line.lt",
    .spec_hash = "5669725df3b59b47d3596d9ee2baff2ae4258f6eda4da918b77ec63411a7aa2b",
    .compiler = "0.1.0",
    .block_bytes = 320, .variable_bytes = 128,
    .flops_per_row = 0.0, .flops_per_step = 43.0, .parameter_count = 2,
    .variable = variable_table, .variable_count = 2,
    .data = data_table, .data_count = 1,
    .setting = setting_table, .setting_count = 32,
    .log = log_table, .log_count = 1,
    .layer = layer_table, .layer_count = 1,
    .trainer = {
        .max_epochs = 0, .min_epochs = 1, .max_steps = 2,
        .min_steps = 3, .limit_train_batches = 4, .limit_val_batches = 5,
        .limit_test_batches = 6, .limit_predict_batches = 7, .overfit_batches = 8,
        .val_check_interval = 9, .check_val_every_n_epoch = 10, .num_sanity_val_steps = 11,
        .fast_dev_run = 12, .log_every_n_steps = 13, .accumulate_grad_batches = 14,
        .gradient_clip_val = 15, .gradient_clip_algorithm = 16, .default_root_dir = 17,
        .enable_checkpointing = 18, .async_checkpoint = 19, .enable_progress_bar = 20,
        .enable_model_summary = 21, .barebones = 22, .max_time = 23,
        .detect_anomaly = 24, .seed = 25,
    },
    .mask_count = 0, .logs_csv = 1, .logs_tensorboard = 0, .has_clip = 0, .has_accumulation = 0,
    .init = initial_values,
    .phase = {[LT_TRAIN] = training_step},
};

int main(int argc, char **argv)
{
    return lt_main(&lt_program, argc, argv);
}
