// lt/program.h: the contract between a compiled program and the runtime.
//
// An emitted file defines `const struct lt_program lt_program` and nothing else that is global. The
// runtime reads the table, allocates one block (zeroed, aligned to 64 bytes), runs the init step,
// and calls the steps. A step allocates nothing, keeps nothing but variables, and gives the same
// bits for any number of threads. All memory that a step touches lies in the block, in the inputs
// that it is handed, or on its stack. The interpreter (`ltc run --interpret`) fills the same table.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LT_MAX_RANK = 10, LT_CONTRACT = 1 };     // version of this file; the runtime checks it

enum lt_dtype { LT_F64, LT_F32, LT_F16, LT_BF16, LT_I64, LT_I32, LT_I16, LT_I8, LT_U8, LT_BOOL };

// ---- variables: parameters, buffers, optimiser, metric and callback tensors ----------------------

enum lt_variable_kind {
    LT_PARAMETER, LT_BUFFER, LT_OPTIMIZER_STATE, LT_METRIC_STATE, LT_CALLBACK_STATE, LT_ACCUMULATOR
};

enum {
    LT_SAVED = 1,               // belongs to a checkpoint
    LT_TRAINABLE = 2,
};

struct lt_variable {
    const char *path;           // "hidden.weight"; optimiser state: "optimizer.m.hidden.weight"
    enum lt_variable_kind kind;
    enum lt_dtype dtype;
    int rank;
    int64_t shape[LT_MAX_RANK];         // as the user sees it
    size_t offset;                      // bytes, in the block
    // Order in memory: element (i0, i1, …) stands at the sum of i * stride; where panel > 0, axis
    // `panel_axis` is cut: its index i counts as (i / panel) * panel_stride + i % panel * stride.
    int64_t stride[LT_MAX_RANK];
    int64_t panel, panel_stride;
    int panel_axis;
    unsigned flags;
    int frozen_mask;                    // index of the flag that callbacks set (freeze), or -1
    const char *where;                  // "digits.lt:17"
};

struct lt_layer { const char *path, *type; int64_t parameters; };
struct lt_hyper { const char *name, *text; };   // a hyperparameter; the text is YAML and JSON
struct lt_alias { const char *path, *stands_for; };     // tied parameters: the other paths

// ---- data ---------------------------------------------------------------------------------------

struct lt_raw_field {           // one field of a source: a row of a file
    const char *name;           // "image"; a CSV column
    const char *file;           // relative to the data root unless absolute
    const char *format;         // "idx", "csv", "npy"
    enum lt_dtype dtype;        // as handed to the sample step
    int rank;
    int64_t shape[LT_MAX_RANK]; // of one row
    bool text;                  // CSV: a string, handed over as its index in `words`
    const char *const *words;   // categories known when compiling
    int word_count;
};

struct lt_field {               // one field of a batch, made by `sample`
    const char *name;
    enum lt_dtype dtype;
    int rank;
    int64_t shape[LT_MAX_RANK]; // of one row
    size_t row_bytes;
    int64_t below;              // class index: 0 <= value < below is checked while reading; 0: not one
};

enum lt_phase {
    LT_TRAIN, LT_VALIDATE, LT_TEST, LT_PREDICT,
    LT_MORE,                    // and on: validation sets behind the first, a phase each
    LT_PHASES = LT_MORE + 7
};

// What a phase is: of the sets, validation.
static inline enum lt_phase lt_phase_kind(enum lt_phase phase)
{
    return phase >= LT_MORE ? LT_VALIDATE : phase;
}

struct lt_split { double count; bool share; };  // 8000, or 0.8 with share; absent: count < 0

struct lt_data {
    const char *name;
    const char *source;         // "idx", "csv", "npy", "none"
    const char *option;         // source options, "separator=;missing=?"; "" if none
    int64_t rows;               // of the source when compiled; 0: unknown
    struct lt_split train, val, test;
    bool split_given, split_file_order;
    bool split_fixed;           // drawn by split_seed whatever the run's seed is: statistics of the
    uint64_t split_seed;        // training rows are compiled in
    int64_t batch;
    bool shuffle, drop_last;
    int raw_count, field_count;
    // Sources for parts of the split: of `raw`, the fields of part[0], then those of part[1], …
    int part_count;             // 0: one source for all
    enum lt_phase part[3];      // whose rows they are; part[0] is LT_TRAIN, which the split divides
    const struct lt_raw_field *raw;
    const struct lt_field *field;
    // One sample: raw[i] points to the row of raw field i, out[i] receives field i. `scratch` has
    // sample_scratch bytes, aligned to 64. training: the augmenting variant.
    void (*sample)(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                   uint64_t epoch, uint64_t index, bool training);
    size_t sample_scratch;
};

// ---- settings: host numbers that the command line may set ------------------------------------------

enum lt_setting_type { LT_NUMBER, LT_INTEGER, LT_FLAG, LT_WORD, LT_TEXT, LT_DURATION };
enum lt_unit { LT_STEPS, LT_EPOCHS, LT_BATCHES, LT_SECONDS, LT_FRACTION };  // of an LT_DURATION

struct lt_setting {
    const char *name;           // "optimizer.lr", "trainer.max_epochs", "early_stopping.patience"
    enum lt_setting_type type;
    enum lt_unit unit;
    double number;              // default; LT_FLAG: 0 or 1
    const char *text;           // LT_WORD, LT_TEXT: default
    const char *choices;        // LT_WORD: "min|max"
    const char *help;           // one line; NULL if none
    bool fixed;                 // known when compiling: shown in --help, refused with "ltc build -D"
    bool given;                 // the spec sets it
    bool names_file;            // LT_TEXT: a checkpoint's name, with {epoch}, {step}, {NAME}
};

// ---- logs ---------------------------------------------------------------------------------------

enum lt_reduce { LT_MEAN, LT_SUM, LT_LEAST, LT_GREATEST };

struct lt_log {
    const char *name;           // "train_loss"
    enum lt_phase phase;
    enum lt_reduce reduce;
    bool on_step, on_epoch, progress_bar;
    bool computed;              // written by the phase's compute step at the end of an epoch
};

struct lt_value {               // what a step writes for a log entry; the runtime adds these up
    double sum, count;          // LT_MEAN: value * rows and rows; else the value and 1
};

// ---- steps --------------------------------------------------------------------------------------

struct lt_call {
    int64_t rows;                       // of this batch, 1 to the batch size
    const void *const *input;           // batch fields: of each data block in turn, those of
                                        // lt_data.field
    void *block;                        // variables and arena
    const double *setting;              // current values, in table order
    const double *state;                // host states (callbacks, schedules)
    struct lt_host *host;               // numbers of the run, below
    struct lt_value *log;               // in table order; a step writes those it logs
    void *const *output;                // predict: one array a result
    uint64_t seed;
    uint64_t step;                      // optimiser steps done before this call: key of the draws
    int64_t first_row;                  // of this batch among all rows of the step
    void *context;                      // of the program; the interpreter's
};

typedef void lt_step(const struct lt_call *call);

struct lt_output {              // a result of predict
    const char *name;
    enum lt_dtype dtype;
    int rank;
    int64_t shape[LT_MAX_RANK]; // of one row if per_row, else whole
    bool per_row;
};

// What host code (schedules, callbacks, host numbers in steps) may read and ask for.
struct lt_host {
    double step, epoch, batch, total_steps, steps_per_epoch, max_epochs, max_steps, progress;
    double rank, ranks;
    double training;
    double *metric;             // newest value of each log entry; NaN before the first
    double *setting, *state;    // same arrays as in lt_call
    double micro_batch, micro_batches;  // of the accumulation window: 0 .. micro_batches - 1
    bool stop_asked;
    char stop_reason[256];
    void *run;                  // the trainer's own
    const struct lt_host_calls *call;
    const bool *frozen;         // by mask (lt_variable.frozen_mask): true where freeze() stands
    double elapsed;             // seconds trained, also before a resume
    double sanity;              // 1 in the sanity check
    double val_batches;         // of a validation, all sets together; 0: there is none
    double validates_at_epoch_end;      // 1: once in each epoch, at its end
    double pictures;            // 1 where histograms and heatmaps of the step will be written
};

enum {                          // manner of a save
    LT_SAVE_GREATEST = 1,       // a greater score is better
    LT_SAVE_LAST = 2,           // the newest is also last.safetensors
    LT_SAVE_VALUES = 4,         // {epoch} becomes 3, not epoch=3
};

struct lt_host_calls {
    void (*stop)(struct lt_host *host, const char *reason);
    // Saves a checkpoint. score NaN: not ranked. keep < 0: all, 0: none. `name` may hold {epoch},
    // {step} and {NAME} of a log entry.
    void (*save)(struct lt_host *host, int callback, const char *name, double score, int keep,
                 unsigned manner);
    const char *(*text)(struct lt_host *host, int setting);     // of an LT_TEXT, as it is now
    void (*log)(struct lt_host *host, const char *name, double value);
    void (*run_step)(struct lt_host *host, int plan);       // a callback's tensor step
    void (*freeze)(struct lt_host *host, int mask, bool frozen);
    void (*warn)(struct lt_host *host, const char *text);
    void (*fail)(struct lt_host *host, const char *text);   // the run ends as failed
    // Of `of` elements that the spec's line `where` checks, `failed` do not hold.
    void (*check)(struct lt_host *host, const char *message, const char *where, double failed,
                  int64_t of);
    void (*histogram)(struct lt_host *host, const char *name, enum lt_phase phase,
                      const float *value, int64_t count);
    void (*heatmap)(struct lt_host *host, const char *name, enum lt_phase phase,
                    const float *value, int64_t rows, int64_t columns);
};

enum lt_event {
#define LT_EVENT(id, name) LT_##id,
#include "lt/events.def"
#undef LT_EVENT
    LT_EVENTS
};

struct lt_callback {
    const char *name;           // "model_checkpoint"
    unsigned events;            // bit per lt_event that it listens to
    int first_state, state_count;
};

// ---- weights from elsewhere -----------------------------------------------------------------------

struct lt_rename { const char *from, *to; };    // globs: `*` one component, `**` any; to NULL: not taken

struct lt_part_weights {        // `weights =` of a part: where its parameters start from
    const char *prefix;         // path of the part, "" for the model
    const char *file;           // relative to the data root unless absolute
    bool strict;                // every tensor of the file and of the part must be there
    int rename_count, transpose_count;
    const struct lt_rename *rename;     // the first whose `from` matches counts
    const char *const *transpose;       // globs of names whose matrices lie the other way round
};

// ---- the program --------------------------------------------------------------------------------

struct lt_trainer_index {       // settings the loop itself reads: index into the table, -1: absent
#define LT_TRAINER_SETTING(name, type, number, text, help) int name;
#include "lt/trainer.def"
#undef LT_TRAINER_SETTING
};

struct lt_program {
    int contract;               // LT_CONTRACT
    const char *name;           // of the model
    const char *spec;           // file name of the spec
    const char *spec_hash;      // sha256 of everything that the program was compiled from
    const char *compiler;       // version of ltc
    size_t block_bytes, variable_bytes;     // the arena follows the variables
    double flops_per_row, flops_per_step;   // of a training step
    int64_t parameter_count;    // trainable and frozen scalars
    int variable_count, alias_count, data_count, setting_count, state_count, log_count,
        callback_count, output_count, mask_count, callback_step_count;
    const struct lt_variable *variable;
    const struct lt_alias *alias;
    const struct lt_data *data;
    const struct lt_setting *setting;
    const char *const *state_name;          // host states: "early_stopping.best"
    const double *state_initial;            // their values at start; NaN means "see init_host"
    const struct lt_log *log;
    const struct lt_callback *callback;
    const struct lt_output *output;
    struct lt_trainer_index trainer;
    bool logs_csv, logs_tensorboard, logs_jsonl;
    bool has_clip, has_accumulation;        // compiled in; else the setting is refused
    lt_step *init;                          // initial values of all variables
    lt_step *phase[LT_PHASES];              // NULL: the model has none
    lt_step *reset[LT_PHASES];              // metric states at the start of an epoch, or NULL
    lt_step *compute[LT_PHASES];            // metrics at its end, or NULL
    lt_step *const *callback_step;
    void (*init_host)(struct lt_host *host);                // states whose start is an expression
    void (*hook)(struct lt_host *host, int callback, enum lt_event event);
    const struct lt_layer *layer;           // the model summary
    int layer_count;
    void *context;
    int predict_setting;        // 1 + the setting that gives the rows of predict; 0: rows of the data
    int64_t predict_most;       // with predict_setting: the most rows; 0: the setting's default
    bool reads_elapsed;         // host code reads `elapsed`, so a checkpoint has to hold it
    int part_weights_count;
    const struct lt_part_weights *part_weights;
    int lead[LT_PHASES];        // the data block whose rows a step counts, and whose end is the epoch's
    const struct lt_hyper *hyper;       // of the model, as it was compiled
    int hyper_count;
    // A weight's path, and that of the average with which a callback validates in its place: test,
    // predict and --weights take it too.
    int stand_in_count;
    const struct lt_alias *stand_in;
    unsigned also[LT_PHASES];   // others that the step reads, a bit each: their rows go along
};

// The set that is evaluated after this one, LT_PHASES at the end.
static inline enum lt_phase lt_next_set(const struct lt_program *program, enum lt_phase phase)
{
    const int next = phase == LT_VALIDATE ? LT_MORE : phase >= LT_MORE ? phase + 1 : LT_PHASES;
    return next < LT_PHASES && program->phase[next] ? (enum lt_phase)next : LT_PHASES;
}

extern const struct lt_program lt_program;

// The runtime's whole command line; an emitted file's main is `return lt_main(&lt_program, …)`.
int lt_main(const struct lt_program *program, int argc, char **argv);
