// linear_program.c: a program as the compiler would emit it, written by hand to test the runtime.
//
//     x [B, 4] -> dropout(0.1) -> w x + b, mse, sgd with momentum, warm-up of 20 steps
//
// It has one of everything that the trainer has to carry: parameters, a momentum, a window of
// accumulated gradients, a buffer, a metric with state, an average that a callback swaps in for
// validation, callbacks that save, stop and log. Variables of the environment make it misbehave:
//
//     LINEAR_NAN_AT=n     the loss of step n is NaN
//     LINEAR_TRACE=file   every event is appended to the file
//     LINEAR_PLAIN=1      no callbacks
//     LINEAR_ENDLESS=1    no data block: every batch is one row of zeros
//     LINEAR_COUNT=1      predict reads no data: predict.count says how many rows it makes
//     LINEAR_SLOW=us      each training batch takes so long
//     LINEAR_SIGNAL="s n" it raises signal s in its n-th training batch (of this process)
//     LINEAR_SIGNAL_IN_VALIDATION=n    SIGTERM in the n-th validation batch after the first step
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lt/program.h"
#include "lt/random.h"

enum { FEATURES = 4, BATCH = 16 };

struct variables {
    float weight[FEATURES], bias;
    float weight_momentum[FEATURES], bias_momentum;
    float weight_gradient[FEATURES], bias_gradient, rows;   // of the open window
    float shadow_weight[FEATURES], shadow_bias;             // the average
    int64_t seen;
    double error_sum, error_rows;
};

enum { TRAIN_LOSS, TRAIN_ERROR, LR, VAL_LOSS, VAL_MAE, TEST_LOSS, TEST_MAE, LOGS };
enum { OPTIMIZER_LR, OPTIMIZER_MOMENTUM, EARLY_PATIENCE, CHECKPOINT_KEEP, WIDTH, MAX_EPOCHS,
       COUNT,
       STEP_EVERY, SETTINGS };
enum { BEST, WAIT, COUNTED, STATES };
enum { AVERAGE, EARLY_STOPPING, MODEL_CHECKPOINT, STEP_CHECKPOINT, LR_MONITOR, TRACE,
       CALLBACKS };
enum { FROZEN_BIAS, MASKS };

// ---- steps --------------------------------------------------------------------------------------

static double rate_at(const struct lt_call *call)
{
    const double ramp = (call->host->step + 1) / 20;
    return call->setting[OPTIMIZER_LR] * (ramp < 1 ? ramp : 1);
}

static void init(const struct lt_call *call)
{
    struct variables *v = call->block;
    const lt_random_key_t key = lt_random_key(call->seed, 1, 0);
    for (int i = 0; i < FEATURES; i++)
        v->shadow_weight[i] = v->weight[i] = lt_random_uniform_f32(key, (uint32_t)i) - 0.5f;
}

static void update(const struct lt_call *call, struct variables *v)
{
    const float rate = (float)rate_at(call), momentum = (float)call->setting[OPTIMIZER_MOMENTUM];
    for (int i = 0; i < FEATURES; i++) {
        v->weight_momentum[i] = momentum * v->weight_momentum[i] + v->weight_gradient[i] / v->rows;
        v->weight[i] -= rate * v->weight_momentum[i];
    }
    v->bias_momentum = momentum * v->bias_momentum + v->bias_gradient / v->rows;
    if (!call->host->frozen[FROZEN_BIAS])
        v->bias -= rate * v->bias_momentum;
}

static void slow_down(void)
{
    const char *text = getenv("LINEAR_SLOW");
    if (!text)
        return;
    const long microseconds = atol(text);
    struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0) {
    }
}

static const float zeros[FEATURES];

static const float *input_of(const struct lt_call *call, int field)
{
    return call->input ? call->input[field] : zeros;
}

static void raise_in_batch(void)
{
    static int batches;
    int number, batch;
    const char *text = getenv("LINEAR_SIGNAL");
    batches++;
    if (text && sscanf(text, "%d %d", &number, &batch) == 2 && batch == batches)
        raise(number);
}

static void raise_in_validation(const struct lt_call *call)
{
    static int batches;
    const char *text = getenv("LINEAR_SIGNAL_IN_VALIDATION");
    if (call->step > 0 && text && atoi(text) == ++batches)
        raise(SIGTERM);
}

static bool is_nan_step(const struct lt_call *call)
{
    const char *text = getenv("LINEAR_NAN_AT");
    return text && (uint64_t)atoll(text) == call->step;
}

static void training_step(const struct lt_call *call)
{
    struct variables *v = call->block;
    const float *x = input_of(call, 0), *y = input_of(call, 1);
    const lt_random_key_t key = lt_random_key(call->seed, 2, call->step);
    double loss = 0, absolute = 0;

    slow_down();
    raise_in_batch();
    if (call->host->micro_batch == 0) {
        memset(v->weight_gradient, 0, sizeof v->weight_gradient);
        v->bias_gradient = v->rows = 0;
    }
    for (int64_t row = 0; row < call->rows; row++) {
        float kept[FEATURES], predicted = v->bias;
        for (int i = 0; i < FEATURES; i++) {
            const uint32_t place = (uint32_t)((call->first_row + row) * FEATURES + i);
            kept[i] = lt_random_uniform_f32(key, place) < 0.1f ? 0 : x[row * FEATURES + i] / 0.9f;
            predicted += v->weight[i] * kept[i];
        }
        const float error = predicted - y[row];
        loss += (double)(error * error);
        absolute += (double)fabsf(error);
        for (int i = 0; i < FEATURES; i++)
            v->weight_gradient[i] += 2 * error * kept[i];
        v->bias_gradient += 2 * error;
    }
    v->rows += (float)call->rows;
    v->seen += call->first_row + call->rows;
    call->log[TRAIN_LOSS] =
        (struct lt_value){is_nan_step(call) ? (double)NAN : loss, (double)call->rows};
    call->log[TRAIN_ERROR] = (struct lt_value){absolute, (double)call->rows};
    if (call->host->micro_batch == call->host->micro_batches - 1)
        update(call, v);
}

static float predict_row(const struct variables *v, const float *x)
{
    float predicted = v->bias;
    for (int i = 0; i < FEATURES; i++)
        predicted += v->weight[i] * x[i];
    return predicted;
}

static void measure(const struct lt_call *call, int loss_entry)
{
    struct variables *v = call->block;
    const float *x = input_of(call, 0), *y = input_of(call, 1);
    double loss = 0;
    for (int64_t row = 0; row < call->rows; row++) {
        const float error = predict_row(v, x + row * FEATURES) - y[row];
        loss += (double)(error * error);
        v->error_sum += (double)fabsf(error);
        v->error_rows++;
    }
    call->log[loss_entry] = (struct lt_value){loss, (double)call->rows};
}

static void validation_step(const struct lt_call *call)
{
    raise_in_validation(call);
    measure(call, VAL_LOSS);
}

static void test_step(const struct lt_call *call) { measure(call, TEST_LOSS); }

static void reset_metric(const struct lt_call *call)
{
    struct variables *v = call->block;
    v->error_sum = v->error_rows = 0;
}

static void compute(const struct lt_call *call, int entry)
{
    const struct variables *v = call->block;
    call->log[entry] = (struct lt_value){v->error_sum / v->error_rows, 1};
}

static void compute_validation(const struct lt_call *call) { compute(call, VAL_MAE); }
static void compute_test(const struct lt_call *call) { compute(call, TEST_MAE); }

static void predict_step(const struct lt_call *call)
{
    float *result = call->output[0];
    int32_t *sign = call->output[1];
    for (int64_t row = 0; row < call->rows; row++) {
        const float *x = call->input ? (const float *)call->input[0] + row * FEATURES : zeros;
        result[row] = predict_row(call->block, x);
        sign[row * 2] = result[row] > 0;
        sign[row * 2 + 1] = result[row] < 0;
    }
}

// ---- callbacks ----------------------------------------------------------------------------------

static void average_follow(const struct lt_call *call)
{
    struct variables *v = call->block;
    for (int i = 0; i < FEATURES; i++)
        v->shadow_weight[i] = 0.9f * v->shadow_weight[i] + 0.1f * v->weight[i];
    v->shadow_bias = 0.9f * v->shadow_bias + 0.1f * v->bias;
}

static void swap(float *a, float *b)
{
    const float kept = *a;
    *a = *b;
    *b = kept;
}

static void average_swap(const struct lt_call *call)
{
    struct variables *v = call->block;
    for (int i = 0; i < FEATURES; i++)
        swap(&v->weight[i], &v->shadow_weight[i]);
    swap(&v->bias, &v->shadow_bias);
}

static lt_step *const callback_steps[] = {average_follow, average_swap};

static const char *const event_names[] = {
#define LT_EVENT(id, name) name,
#include "lt/events.def"
#undef LT_EVENT
};

static void stop_early(struct lt_host *host)
{
    const double now = host->metric[VAL_LOSS];
    if (now < host->state[BEST]) {
        host->state[BEST] = now;
        host->state[WAIT] = 0;
    } else if (++host->state[WAIT] >= host->setting[EARLY_PATIENCE]) {
        host->call->stop(host, "val_loss did not improve");
    }
}

static void write_trace(const struct lt_host *host, enum lt_event event)
{
    FILE *file = fopen(getenv("LINEAR_TRACE"), "a");
    if (!file)
        return;
    fprintf(file, "%s epoch %g step %g batch %g progress %.4g micro %g/%g\n", event_names[event],
            host->epoch, host->step, host->batch, host->progress, host->micro_batch,
            host->micro_batches);
    fclose(file);
}

static void save_by_steps(struct lt_host *host)
{
    const double every = host->setting[STEP_EVERY];
    if (every > 0 && host->micro_batch == 0 && host->step > 0
        && host->step == every * (double)(int64_t)(host->step / every))
        host->call->save(host, STEP_CHECKPOINT, "at-{step}", (double)NAN, -1, 0);
}

static void hook(struct lt_host *host, int callback, enum lt_event event)
{
    switch (callback) {
    case AVERAGE:
        host->call->run_step(host, event == LT_ON_TRAIN_BATCH_END ? 0 : 1);
        return;
    case EARLY_STOPPING:
        stop_early(host);
        return;
    case MODEL_CHECKPOINT:
        host->call->save(host, callback, "{epoch}-{step}", host->metric[VAL_LOSS],
                         (int)host->setting[CHECKPOINT_KEEP], 0);
        return;
    case STEP_CHECKPOINT:
        save_by_steps(host);
        return;
    case LR_MONITOR:
        host->call->log(host, "lr-SGD", host->setting[OPTIMIZER_LR]
                        * ((host->step + 1) / 20 < 1 ? (host->step + 1) / 20 : 1));
        return;
    case TRACE:
        host->state[COUNTED] += event == LT_ON_VALIDATION_BATCH_START;
        if (getenv("LINEAR_TRACE"))
            write_trace(host, event);
    }
}

#define EVENT(id) (1u << LT_##id)

static const struct lt_callback callbacks[CALLBACKS] = {
    [AVERAGE] = {"ema_weights",
                 EVENT(ON_TRAIN_BATCH_END) | EVENT(ON_VALIDATION_START) | EVENT(ON_VALIDATION_END),
                 0, 0},
    [EARLY_STOPPING] = {"early_stopping", EVENT(ON_VALIDATION_END), BEST, 2},
    [MODEL_CHECKPOINT] = {"model_checkpoint", EVENT(ON_VALIDATION_END), 0, 0},
    [STEP_CHECKPOINT] = {"step_checkpoint", EVENT(ON_TRAIN_BATCH_END), 0, 0},
    [LR_MONITOR] = {"lr_monitor", EVENT(ON_TRAIN_BATCH_START), 0, 0},
    [TRACE] = {"trace", (1u << LT_EVENTS) - 1, COUNTED, 1},
};

// ---- data ---------------------------------------------------------------------------------------

static const struct lt_raw_field raw[] = {
    {.name = "x", .file = "x.npy", .format = "npy", .dtype = LT_F32, .rank = 1,
     .shape = {FEATURES}},
    {.name = "y", .file = "y.npy", .format = "npy", .dtype = LT_F32, .rank = 0},
};

static const struct lt_field fields[] = {
    {.name = "x", .dtype = LT_F32, .rank = 1, .shape = {FEATURES},
     .row_bytes = FEATURES * sizeof(float)},
    {.name = "y", .dtype = LT_F32, .rank = 0, .row_bytes = sizeof(float)},
};

static void sample(const void *const *in, void *const *out, void *scratch, uint64_t seed,
                   uint64_t epoch, uint64_t index, bool training)
{
    (void)scratch;
    memcpy(out[0], in[0], FEATURES * sizeof(float));
    memcpy(out[1], in[1], sizeof(float));
    if (!training)
        return;
    const lt_random_key_t key = lt_random_key(seed, 3, epoch);
    float *x = out[0];
    x[0] += 0.01f * lt_random_uniform_f32(key, (uint32_t)index);
}

static const struct lt_data data = {
    .name = "Lines", .source = "npy", .option = "", .rows = 200,
    .train = {150, false}, .val = {30, false}, .test = {20, false}, .split_given = true,
    .batch = BATCH, .shuffle = true, .raw_count = 2, .field_count = 2, .raw = raw,
    .field = fields, .sample = sample,
};

// ---- the program --------------------------------------------------------------------------------

#define SAVED_VARIABLE(name, what, type, members, ...)                                             \
    {.path = name, .kind = what, .dtype = type, __VA_ARGS__,                                       \
     .offset = offsetof(struct variables, members), .flags = LT_SAVED, .frozen_mask = -1,          \
     .where = "linear.lt:1"}

static const struct lt_variable variables[] = {
    SAVED_VARIABLE("weight", LT_PARAMETER, LT_F32, weight, .rank = 1, .shape = {FEATURES},
                   .stride = {1}),
    SAVED_VARIABLE("bias", LT_PARAMETER, LT_F32, bias, .rank = 0),
    SAVED_VARIABLE("optimizer.momentum.weight", LT_OPTIMIZER_STATE, LT_F32, weight_momentum,
                   .rank = 1, .shape = {FEATURES}, .stride = {1}),
    SAVED_VARIABLE("optimizer.momentum.bias", LT_OPTIMIZER_STATE, LT_F32, bias_momentum,
                   .rank = 0),
    SAVED_VARIABLE("window.weight", LT_ACCUMULATOR, LT_F32, weight_gradient, .rank = 1,
                   .shape = {FEATURES}, .stride = {1}),
    SAVED_VARIABLE("window.bias", LT_ACCUMULATOR, LT_F32, bias_gradient, .rank = 0),
    SAVED_VARIABLE("window.rows", LT_ACCUMULATOR, LT_F32, rows, .rank = 0),
    SAVED_VARIABLE("average.weight", LT_CALLBACK_STATE, LT_F32, shadow_weight, .rank = 1,
                   .shape = {FEATURES}, .stride = {1}),
    SAVED_VARIABLE("average.bias", LT_CALLBACK_STATE, LT_F32, shadow_bias, .rank = 0),
    SAVED_VARIABLE("seen", LT_BUFFER, LT_I64, seen, .rank = 0),
};

static const struct lt_setting settings[SETTINGS] = {
    [OPTIMIZER_LR] = {.name = "optimizer.lr", .type = LT_NUMBER, .number = 0.05,
                      .help = "learning rate after the warm-up"},
    [OPTIMIZER_MOMENTUM] = {.name = "optimizer.momentum", .type = LT_NUMBER, .number = 0.9},
    [EARLY_PATIENCE] = {.name = "early_stopping.patience", .type = LT_INTEGER, .number = 1000},
    [CHECKPOINT_KEEP] = {.name = "model_checkpoint.save_top_k", .type = LT_INTEGER, .number = 2},
    [WIDTH] = {.name = "model.features", .type = LT_INTEGER, .number = FEATURES, .fixed = true},
    [MAX_EPOCHS] = {.name = "trainer.max_epochs", .type = LT_INTEGER, .number = 5, .given = true,
                    .help = "epochs to train"},
    [STEP_EVERY] = {.name = "step_checkpoint.every", .type = LT_INTEGER, .number = 0},
    [COUNT] = {.name = "predict.count", .type = LT_INTEGER, .number = 3},
};

static const struct lt_log logs[LOGS] = {
    [TRAIN_LOSS] = {"train_loss", LT_TRAIN, LT_MEAN, true, false, true, false},
    [TRAIN_ERROR] = {"train_error", LT_TRAIN, LT_MEAN, true, true, false, false},
    [LR] = {"lr-SGD", LT_TRAIN, LT_MEAN, true, false, false, false},
    [VAL_LOSS] = {"val_loss", LT_VALIDATE, LT_MEAN, false, true, true, false},
    [VAL_MAE] = {"val_mae", LT_VALIDATE, LT_MEAN, false, true, false, true},
    [TEST_LOSS] = {"test_loss", LT_TEST, LT_MEAN, false, true, false, false},
    [TEST_MAE] = {"test_mae", LT_TEST, LT_MEAN, false, true, false, true},
};

static const char *const state_names[STATES] = {"early_stopping.best", "early_stopping.wait",
                                                 "trace.counted"};
static const double state_initial[STATES] = {INFINITY, 0, 0};

static const struct lt_output outputs[] = {
    {.name = "prediction", .dtype = LT_F32, .rank = 0, .per_row = true},
    {.name = "sign", .dtype = LT_I32, .rank = 1, .shape = {2}, .per_row = true},
};

static const struct lt_layer layers[] = {{"line", "linear", 5}};

static const struct lt_hyper hyperparameters[] = {{"features", "4"}, {"slope", "0.5"}};

const struct lt_program lt_program = {
    .contract = LT_CONTRACT, .name = "linear", .spec = "linear.lt",
    .spec_hash = "0000000000000000000000000000000000000000000000000000000000000000",
    .compiler = "by hand", .block_bytes = (sizeof(struct variables) + 63) / 64 * 64,
    .variable_bytes = sizeof(struct variables), .flops_per_row = 24, .flops_per_step = 24 * BATCH,
    .parameter_count = FEATURES + 1,
    .variable_count = sizeof variables / sizeof *variables, .data_count = 1,
    .setting_count = SETTINGS, .state_count = STATES, .log_count = LOGS,
    .callback_count = CALLBACKS, .output_count = 2, .mask_count = MASKS, .callback_step_count = 2,
    .variable = variables, .data = &data, .setting = settings, .state_name = state_names,
    .state_initial = state_initial, .log = logs, .callback = callbacks, .output = outputs,
    .logs_csv = true, .logs_tensorboard = true, .logs_jsonl = true, .has_clip = false,
    .has_accumulation = true,
    .init = init, .phase = {training_step, validation_step, test_step, predict_step},
    .reset = {NULL, reset_metric, reset_metric, NULL},
    .compute = {NULL, compute_validation, compute_test, NULL},
    .callback_step = callback_steps, .hook = hook,
    .layer = layers, .layer_count = 1, .hyper = hyperparameters, .hyper_count = 2,
};

int main(int argc, char **argv)
{
    struct lt_program program = lt_program;
    if (getenv("LINEAR_ENDLESS"))
        program.data_count = 0;
    if (getenv("LINEAR_COUNT")) {
        program.predict_setting = COUNT + 1;
        program.predict_most = 64;
    }
    if (getenv("LINEAR_PLAIN"))
        program.callback_count = 0;
    return lt_main(&program, argc, argv);
}
