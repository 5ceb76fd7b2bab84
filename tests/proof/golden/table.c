// Table from table.lt. Emitted by ltc; do not edit.
//
// parameters     41 in 4 arrays
// memory         2112 B: variables 640 B, arena 1472 B
// training step  3805 FLOP in 8 kernels, at most 20 rows
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
    setting_trainer_detect_anomaly, setting_trainer_seed, setting_optimizer_lr_start,
    setting_optimizer_lr_step_size, setting_optimizer_lr_gamma, setting_optimizer_momentum,
    setting_optimizer_dampening, setting_optimizer_weight_decay, setting_optimizer_nesterov,
    setting_optimizer_maximize, setting_data_root,
};
enum {
    log_loss,
};

// ---- memory map: variables, from the start of the block -----------------------------------------
//
//          0  first.weight                             f32 [8, 3]
//        128  first.bias                               f32 [8]
//        192  last.weight                              f32 [1, 8]
//        256  last.bias                                f32 [1]
//        320  optimizer.m.first.weight                 f32 [8, 3]
//        448  optimizer.m.first.bias                   f32 [8]
//        512  optimizer.m.last.weight                  f32 [1, 8]
//        576  optimizer.m.last.bias                    f32 [1]

// ---- schedules and callbacks --------------------------------------------------------------------

static double optimizer_lr_at(struct lt_host *host, double step)
{
    (void)host;
    return host->setting[setting_optimizer_lr_start] * lt_pow_f64(host->setting[setting_optimizer_lr_gamma], lt_floor_f64(step / (host->setting[setting_optimizer_lr_step_size] * host->steps_per_epoch)));
}

// ---- kernel 1: x_kernel -------------------------------------------------------------- table.lt:8
//     x = stack([width / 20, height / 20, slant])
//
// reads   width []   height []   slant []
// writes  x [3]
LT_KERNEL void x_kernel(int count, const float *restrict width, const float *restrict height,
                        const float *restrict slant, float *restrict x)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        x[i] = i < 1 ? width[0] / 2e+01f : i - 1 >= 0 && i - 1 < 1 ? height[0] / 2e+01f : slant[0];
}

// ---- kernel 2: y_kernel -------------------------------------------------------------- table.lt:9
//     y = ink / 100
//
// reads   ink []
// writes  y2 []
LT_KERNEL void y_kernel(const float *restrict ink, float *restrict y2)
{
    const float y = ink[0] / 1e+02f;
    y2[0] = y;
}

// ---- kernel 3: weight_kernel ------------------------------------------------- initializers.lt:47
//
// writes  weight [8, 3]
LT_KERNEL void weight_kernel(lt_random_key_t key, float *restrict weight)
{
    for (int i = 0; i < 3; i++)
#pragma omp simd
        for (int j = 0; j < 8; j++)
            weight[i * 8 + j] = lt_random_uniform_f32(key, (uint32_t)(j * 3 + i)) * 1.1547005f +
                    -0.57735026f;
}

// ---- kernel 4: bias_kernel ---------------------------------------------------------- linear.lt:8
//
// writes  bias [8]
LT_KERNEL void bias_kernel(int count, lt_random_key_t key, float *restrict bias)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        bias[i] = lt_random_uniform_f32(key, (uint32_t)i) * 1.1547005f + -0.57735026f;
}

// ---- kernel 5: weight_kernel_2 ----------------------------------------------- initializers.lt:47
//
// writes  weight [1, 8]
LT_KERNEL void weight_kernel_2(int count, lt_random_key_t key, float *restrict weight)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        weight[i] = lt_random_uniform_f32(key, (uint32_t)i) * 0.70710677f + -0.35355338f;
}

// ---- kernel 6: bias_kernel_2 -------------------------------------------------------- linear.lt:8
//
// writes  bias [1]
LT_KERNEL void bias_kernel_2(lt_random_key_t key, float *restrict bias)
{
    bias[0] = lt_random_uniform_f32(key, (uint32_t)0) * 0.70710677f + -0.35355338f;
}

// ---- kernel 7: weight_kernel_3 ------------------------------------------------- optimizers.lt:11
//
// writes  m [8, 3]
LT_KERNEL void weight_kernel_3(int count, float *restrict m)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        m[i] = 0.0f;
}

// ---- kernel 8: bias_kernel_3 --------------------------------------------------- optimizers.lt:11
//
// writes  m [1]
LT_KERNEL void bias_kernel_3(float *restrict m)
{
    m[0] = 0.0f;
}

// ---- kernel 9: bias_kernel_4 --------------------------------------------------- optimizers.lt:11
//
// reads   m [1]
// writes  m2 [8]
LT_KERNEL void bias_kernel_4(int count, const float *restrict m, float *restrict m2)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        m2[i] = m[0];
}

// ---- kernel 10: y_select ------------------------------------- activations.lt:6, linear.lt:11, 12
//
// reads   x [B, 3]   weight [8, 3]   bias [8]
// writes  select [B, 8]
LT_KERNEL void y_select(int rows, const float *restrict x, const float *restrict weight,
                        const float *restrict bias, float *restrict select)
{
    for (int row = 0; row < rows; row++) {
        float y[8] = {0};
        for (int i = 0; i < 3; i++)
#pragma omp simd
            for (int j = 0; j < 8; j++)
                y[j] = fmaf(x[row * 3 + i], weight[i * 8 + j], y[j]);
#pragma omp simd
        for (int i = 0; i < 8; i++) {
            const float total = y[i] + bias[i];
            select[row * 8 + i] = total <= 0.0f ? 0.0f : total;
        }
    }
}

// ---- kernel 11: y_d_add ------------------------------------------ linear.lt:11, 12, losses.lt:16
//
// reads   select [B, 8]   weight [1, 8]   bias [1]   y3 [B]
// writes  mul [B]   d_add [B]
LT_KERNEL void y_d_add(int rows, const float *restrict select, const float *restrict weight,
                       const float *restrict bias, const float *restrict y3, float count,
                       float *restrict mul, float *restrict d_add)
{
    for (int first = 0; first < rows; first += 64) {
        const int end = lt_least(first + 64, rows);
        float y[64] = {0};
        for (int i = 0; i < 8; i++)
#pragma omp simd
            for (int row = first; row < end; row++)
                y[row - first] = fmaf(select[row * 8 + i], weight[i], y[row - first]);
#pragma omp simd
        for (int row = first; row < end; row++) {
            const float difference = y[row - first] + bias[0] - y3[row];
            const float product = 1.0f / count * difference;
            mul[row] = difference * difference;
            d_add[row] = product + product;
        }
    }
}

// ---- kernel 12: total_loss -------------------------------------------------- functions.lt:90, 91
//
// reads   mul [B]
// writes  loss2 []
LT_KERNEL void total_loss(int rows, const float *restrict mul, float count, float *restrict loss2)
{
    float total_lane[32] = {0};
    for (int first = 0; first < rows; first += 32)
#pragma omp simd
        for (int row = first; row < lt_least(first + 32, rows); row++)
            total_lane[row - first] += mul[row];
    const float total2 = lt_fold_f32(total_lane, 32);
    const float loss = total2 / count;
    loss2[0] = loss;
}

// ---- kernel 13: d_last_d_select ---------------------------------- activations.lt:6, linear.lt:11
//
// reads   d_add [B]   weight [1, 8]   select [B, 8]
// writes  d_select [B, 8]
LT_KERNEL void d_last_d_select(int rows, const float *restrict d_add,
                               const float *restrict weight, const float *restrict select,
                               float *restrict d_select)
{
    for (int row = 0; row < rows; row++) {
        float sum[8] = {0};
#pragma omp simd
        for (int i = 0; i < 8; i++)
            sum[i] = fmaf(d_add[row], weight[i], sum[i]);
#pragma omp simd
        for (int i = 0; i < 8; i++)
            d_select[row * 8 + i] = select[row * 8 + i] <= 0.0f ? 0.0f : sum[i];
    }
}

// ---- kernel 14: d_first_weight --------------------------- linear.lt:11, optimizers.lt:14, 16, 19
//
// reads   d_select [B, 8]   x [B, 3]
// writes  weight [8, 3]   m [8, 3]
LT_KERNEL void d_first_weight(int rows, const float *restrict d_select, const float *restrict x,
                              float *restrict weight, float number, float *restrict m,
                              float number2, float number3)
{
    for (int i = 0; i < 3; i++) {
        float sum[8] = {0};
        for (int row = 0; row < rows; row++)
#pragma omp simd
            for (int j = 0; j < 8; j++)
                sum[j] = fmaf(d_select[row * 8 + j], x[row * 3 + i], sum[j]);
#pragma omp simd
        for (int j = 0; j < 8; j++) {
            const float first_weight = weight[i * 8 + j];
            const float g = sum[j] + number * first_weight;
            const float m2 = 0.9f * m[i * 8 + j] + number2 * g;
            const float p = first_weight - number3 * m2;
            weight[i * 8 + j] = p;
            m[i * 8 + j] = lt_abs_f32(m2) < 1.1754944e-38f ? 0.0f : m2;
        }
    }
}

// ---- kernel 15: d_first_bias ----------------------------- linear.lt:12, optimizers.lt:14, 16, 19
//
// reads   d_select [B, 8]
// writes  bias [8]   m [8]
LT_KERNEL void d_first_bias(int rows, const float *restrict d_select, float *restrict bias,
                            float number, float *restrict m, float number2, float number3)
{
    {
        float sum[8] = {0};
        for (int row = 0; row < rows; row++)
#pragma omp simd
            for (int i = 0; i < 8; i++)
                sum[i] += d_select[row * 8 + i];
#pragma omp simd
        for (int i = 0; i < 8; i++) {
            const float first_bias = bias[i];
            const float g = sum[i] + number * first_bias;
            const float m2 = 0.9f * m[i] + number2 * g;
            const float p = first_bias - number3 * m2;
            bias[i] = p;
            m[i] = lt_abs_f32(m2) < 1.1754944e-38f ? 0.0f : m2;
        }
    }
}

// ---- kernel 16: d_last_weight ---------------------------- linear.lt:11, optimizers.lt:14, 16, 19
//
// reads   d_add [B]   select [B, 8]
// writes  weight [1, 8]   m [1, 8]
LT_KERNEL void d_last_weight(int rows, const float *restrict d_add, const float *restrict select,
                             float *restrict weight, float number, float *restrict m,
                             float number2, float number3)
{
    {
        float sum[8] = {0};
        for (int row = 0; row < rows; row++)
#pragma omp simd
            for (int i = 0; i < 8; i++)
                sum[i] = fmaf(d_add[row], select[row * 8 + i], sum[i]);
#pragma omp simd
        for (int i = 0; i < 8; i++) {
            const float last_weight = weight[i];
            const float g = sum[i] + number * last_weight;
            const float m2 = 0.9f * m[i] + number2 * g;
            const float p = last_weight - number3 * m2;
            weight[i] = p;
            m[i] = lt_abs_f32(m2) < 1.1754944e-38f ? 0.0f : m2;
        }
    }
}

// ---- kernel 17: d_last_bias ------------------------------ linear.lt:12, optimizers.lt:14, 16, 19
//
// reads   d_add [B]
// writes  bias [1]   m [1]
LT_KERNEL void d_last_bias(int rows, const float *restrict d_add, float *restrict bias,
                           float number, float *restrict m, float number2, float number3)
{
    float sum_lane[32] = {0};
    for (int first = 0; first < rows; first += 32)
#pragma omp simd
        for (int row = first; row < lt_least(first + 32, rows); row++)
            sum_lane[row - first] += d_add[row];
    const float sum2 = lt_fold_f32(sum_lane, 32);
    const float last_bias = bias[0];
    const float g = sum2 + number * last_bias;
    const float m2 = 0.9f * m[0] + number2 * g;
    const float p = last_bias - number3 * m2;
    bias[0] = p;
    m[0] = lt_abs_f32(m2) < 1.1754944e-38f ? 0.0f : m2;
}

// ---- kernel 18: y_reshape ----------------------------------------- table.lt:17, linear.lt:11, 12
//     forward(x) -> f32[B] { (x |> first |> relu |> last)[:, 0] }
//
// reads   select [B, 8]   weight [1, 8]   bias [1]
// writes  output [B]
LT_KERNEL void y_reshape(int rows, const float *restrict select, const float *restrict weight,
                         const float *restrict bias, float *restrict output)
{
    for (int first = 0; first < rows; first += 64) {
        const int end = lt_least(first + 64, rows);
        float y[64] = {0};
        for (int i = 0; i < 8; i++)
#pragma omp simd
            for (int row = first; row < end; row++)
                y[row - first] = fmaf(select[row * 8 + i], weight[i], y[row - first]);
#pragma omp simd
        for (int row = first; row < end; row++)
            output[row] = y[row - first] + bias[0];
    }
}

// ---- steps --------------------------------------------------------------------------------------

static void training_sample(const void *const *raw, void *const *out, void *scratch,
                            uint64_t seed, uint64_t epoch, uint64_t index)
{
    (void)scratch;
    (void)seed;
    (void)epoch;
    (void)index;
    const float *const width = raw[0];
    const float *const height = raw[1];
    const float *const slant = raw[2];
    float *const x = out[0];
    const float *const ink = raw[3];
    float *const y = out[1];

    x_kernel(3, width, height, slant, x);
    y_kernel(ink, y);
}

static void initial_values(const struct lt_call *call)
{
    char *const block = call->block;
    const lt_random_key_t key = lt_random_key(call->seed, UINT64_C(0x6F0E9BC0CAEA99B4), call->step);
    float *const first_weight = (float *)(block + 0);  // [8, 3]
    const lt_random_key_t key2 = lt_random_key(call->seed, UINT64_C(0x8D13F51F0B2EF3D3),
            call->step);
    float *const first_bias = (float *)(block + 128);  // [8]
    const lt_random_key_t key3 = lt_random_key(call->seed, UINT64_C(0x2FED11614EB4A362),
            call->step);
    float *const last_weight = (float *)(block + 192);  // [1, 8]
    const lt_random_key_t key4 = lt_random_key(call->seed, UINT64_C(0x5689848D08D57459),
            call->step);
    float *const last_bias = (float *)(block + 256);  // [1]
    float *const optimizer_m_first_weight = (float *)(block + 320);  // [8, 3]
    float *const optimizer_m_last_bias = (float *)(block + 576);  // [1]
    float *const optimizer_m_first_bias = (float *)(block + 448);  // [8]
    float *const optimizer_m_last_weight = (float *)(block + 512);  // [1, 8]

    weight_kernel(key, first_weight);
    bias_kernel(8, key2, first_bias);
    weight_kernel_2(8, key3, last_weight);
    bias_kernel_2(key4, last_bias);
    weight_kernel_3(24, optimizer_m_first_weight);
    bias_kernel_3(optimizer_m_last_bias);
    bias_kernel_4(8, optimizer_m_last_bias, optimizer_m_first_bias);
    weight_kernel_3(8, optimizer_m_last_weight);
}

static void training_step(const struct lt_call *call)
{
    char *const block = call->block;
    const int rows = (int)call->rows;
    const float *const x = call->input[0];
    float *const first_weight = (float *)(block + 0);  // [8, 3]
    float *const first_bias = (float *)(block + 128);  // [8]
    float *const select = (float *)(block + 640);  // [B, 8]
    float *const last_weight = (float *)(block + 192);  // [1, 8]
    float *const last_bias = (float *)(block + 256);  // [1]
    const float *const y = call->input[1];
    const float count = (float)((1.0 * (double)call->rows));
    float *const mul = (float *)(block + 1280);  // [B]
    float *const d_add = (float *)(block + 1920);  // [B]
    float *const loss = (float *)(block + 2048);  // []
    float *const d_select = (float *)(block + 1280);  // [B, 8]
    const float number = (float)(call->setting[setting_optimizer_weight_decay]);
    float *const optimizer_m_first_weight = (float *)(block + 320);  // [8, 3]
    const float number2 = (float)(((call->host->step + 1.0) == 1.0) ? 1.0 : 1.0);
    const float number3 = (float)(optimizer_lr_at(call->host, call->host->step));
    float *const optimizer_m_first_bias = (float *)(block + 448);  // [8]
    float *const optimizer_m_last_weight = (float *)(block + 512);  // [1, 8]
    float *const optimizer_m_last_bias = (float *)(block + 576);  // [1]

    y_select(rows, x, first_weight, first_bias, select);
    y_d_add(rows, select, last_weight, last_bias, y, count, mul, d_add);
    total_loss(rows, mul, count, loss);
    d_last_d_select(rows, d_add, last_weight, select, d_select);
    d_first_weight(rows, d_select, x, first_weight, number, optimizer_m_first_weight, number2,
            number3);
    d_first_bias(rows, d_select, first_bias, number, optimizer_m_first_bias, number2, number3);
    d_last_weight(rows, d_add, select, last_weight, number, optimizer_m_last_weight, number2,
            number3);
    d_last_bias(rows, d_add, last_bias, number, optimizer_m_last_bias, number2, number3);
    call->log[log_loss] = (struct lt_value){(double)loss[0] * rows, rows};
}

static void prediction_step(const struct lt_call *call)
{
    char *const block = call->block;
    const int rows = (int)call->rows;
    const float *const x = call->input[0];
    const float *const first_weight = (float *)(block + 0);  // [8, 3]
    const float *const first_bias = (float *)(block + 128);  // [8]
    float *const select = (float *)(block + 640);  // [B, 8]
    const float *const last_weight = (float *)(block + 192);  // [1, 8]
    const float *const last_bias = (float *)(block + 256);  // [1]
    float *const output = call->output[0];

    y_select(rows, x, first_weight, first_bias, select);
    y_reshape(rows, select, last_weight, last_bias, output);
}

// ---- tables -------------------------------------------------------------------------------------

static const struct lt_variable variable_table[8] = {
    {"first.weight", LT_PARAMETER, LT_F32, 2, {8, 3},
     .offset = 0, .stride = {1, 8}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "stdlib/linear.lt:7"},
    {"first.bias", LT_PARAMETER, LT_F32, 1, {8},
     .offset = 128, .stride = {1}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "stdlib/linear.lt:8"},
    {"last.weight", LT_PARAMETER, LT_F32, 2, {1, 8},
     .offset = 192, .stride = {8, 1}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "stdlib/linear.lt:7"},
    {"last.bias", LT_PARAMETER, LT_F32, 1, {1},
     .offset = 256, .stride = {1}, .flags = LT_SAVED | LT_TRAINABLE, .frozen_mask = -1,
     .where = "stdlib/linear.lt:8"},
    {"optimizer.m.first.weight", LT_OPTIMIZER_STATE, LT_F32, 2, {8, 3},
     .offset = 320, .stride = {1, 8}, .flags = LT_SAVED, .frozen_mask = -1,
     .where = "stdlib/optimizers.lt:11"},
    {"optimizer.m.first.bias", LT_OPTIMIZER_STATE, LT_F32, 1, {8},
     .offset = 448, .stride = {1}, .flags = LT_SAVED, .frozen_mask = -1,
     .where = "stdlib/optimizers.lt:11"},
    {"optimizer.m.last.weight", LT_OPTIMIZER_STATE, LT_F32, 2, {1, 8},
     .offset = 512, .stride = {8, 1}, .flags = LT_SAVED, .frozen_mask = -1,
     .where = "stdlib/optimizers.lt:11"},
    {"optimizer.m.last.bias", LT_OPTIMIZER_STATE, LT_F32, 1, {1},
     .offset = 576, .stride = {1}, .flags = LT_SAVED, .frozen_mask = -1,
     .where = "stdlib/optimizers.lt:11"},
};

static const struct lt_raw_field raw_table[4] = {
    {"width", "data/digit_shapes.csv", "csv", LT_F32, 0, {0}, .text = false},
    {"height", "data/digit_shapes.csv", "csv", LT_F32, 0, {0}, .text = false},
    {"slant", "data/digit_shapes.csv", "csv", LT_F32, 0, {0}, .text = false},
    {"ink", "data/digit_shapes.csv", "csv", LT_F32, 0, {0}, .text = false},
};

static const struct lt_field field_table[2] = {
    {"x", LT_F32, 1, {3}, 12, 0},
    {"y", LT_F32, 0, {0}, 4, 0},
};

static void draw_sample(const void *const *raw, void *const *out, void *scratch,
                        uint64_t seed, uint64_t epoch, uint64_t index, bool training)
{
    (void)training;
    training_sample(raw, out, scratch, seed, epoch, index);
}

static const struct lt_data data_table[1] = {
    {.name = "Shapes", .source = "csv", .option = "",
     .rows = 4000, .batch = 20, .train = {1.0, true}, .val = {-1.0, false}, .test = {-1.0, false},
     .split_given = 1, .split_file_order = 0, .shuffle = 1, .drop_last = 0,
     .raw_count = 4, .field_count = 2, .raw = raw_table, .field = field_table,
     .sample = draw_sample, .sample_scratch = 0},
};

#ifndef LT_DATA_ROOT          // where paths of data start
#define LT_DATA_ROOT "examples"
#endif

static const struct lt_setting setting_table[35] = {
    [setting_trainer_max_epochs] = {"trainer.max_epochs", LT_INTEGER, 0, 3.0,
     "", NULL,
     "epochs to train; 1000 if no other limit is set", false, true, false},
    [setting_trainer_min_epochs] = {"trainer.min_epochs", LT_INTEGER, 0, -1.0,
     "", NULL,
     "epochs before a stop request counts", false, false, false},
    [setting_trainer_max_steps] = {"trainer.max_steps", LT_INTEGER, 0, -1.0,
     "", NULL,
     "optimiser steps to train", false, false, false},
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
    [setting_optimizer_lr_start] = {"optimizer.lr.start", LT_NUMBER, 0, 0.1,
     NULL, NULL,
     NULL, false, true, false},
    [setting_optimizer_lr_step_size] = {"optimizer.lr.step_size", LT_DURATION, 1, 2.0,
     NULL, NULL,
     NULL, false, true, false},
    [setting_optimizer_lr_gamma] = {"optimizer.lr.gamma", LT_NUMBER, 0, 0.1,
     NULL, NULL,
     NULL, false, true, false},
    [setting_optimizer_momentum] = {"optimizer.momentum", LT_NUMBER, 0, 0.9,
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
    [setting_data_root] = {"data.root", LT_TEXT, 0, 0.0,
     LT_DATA_ROOT, NULL,
     NULL, false, true, false},
};

static const struct lt_log log_table[1] = {
    [log_loss] = {"loss", LT_TRAIN, LT_MEAN, .on_step = 1, .on_epoch = 0, .progress_bar = 1, .computed = 0},
};

static const struct lt_output output_table[1] = {
    {"output", LT_F32, 0, {0}, true},
};

static const struct lt_layer layer_table[3] = {
    {"", "Table", 41},
    {"first", "linear", 32},
    {"last", "linear", 9},
};

// ---- program ------------------------------------------------------------------------------------

const struct lt_program lt_program = {
    .contract = LT_CONTRACT,
    .name = "Table", .spec = "table.lt",
    .spec_hash = "13b0f1d62cc6e5a9e5f21e8b2f8ee47044a7607c8a51aa8d4f4c13d742330743",
    .compiler = "0.1.0",
    .block_bytes = 2112, .variable_bytes = 640,
    .flops_per_row = 182.0, .flops_per_step = 165.0, .parameter_count = 41,
    .variable = variable_table, .variable_count = 8,
    .data = data_table, .data_count = 1,
    .setting = setting_table, .setting_count = 35,
    .log = log_table, .log_count = 1,
    .output = output_table, .output_count = 1,
    .layer = layer_table, .layer_count = 3,
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
    .phase = {[LT_TRAIN] = training_step, [LT_PREDICT] = prediction_step},
};

int main(int argc, char **argv)
{
    return lt_main(&lt_program, argc, argv);
}
