// program.h: what tracing a spec yields, and all that later stages know of it.
//
// A program is a set of variables, a graph a step, host functions, tables. It mirrors
// runtime/include/lt/program.h: the emitter prints it, the interpreter runs it. Made by
// trace.h; passes change its graphs only.
#pragma once
#include "../base/table.h"
#include "../graph/graph.h"
#include "host.h"

typedef enum VariableKind {
    VAR_PARAMETER, VAR_BUFFER, VAR_OPTIMIZER_STATE, VAR_METRIC_STATE, VAR_CALLBACK_STATE,
    VAR_ACCUMULATOR
} VariableKind;

struct Variable {
    int id;                     // index in Program.variable
    const char *path;           // "blocks.3.attention.qkv.weight"
    VariableKind kind;
    DType dtype;
    Shape shape;                // static
    bool trainable, saved;
    int frozen_mask;            // -1, or the flag that callbacks set
    Variable *of;               // state and accumulators: the parameter they belong to
    Span span;                  // the declaration
    Span made;                  // the call that made its part, if there is one
    const char *layer;          // type of the layer that declares it, "linear"
    // for the stages behind: filled in by layout and place
    size_t offset;
    int64_t stride[max_rank];
    int64_t panel, panel_stride;
    int panel_axis;
};

typedef struct Alias { const char *path, *stands_for; } Alias;

typedef enum Phase {
    PHASE_TRAIN, PHASE_VALIDATE, PHASE_TEST, PHASE_PREDICT,
    PHASE_MORE,                 // and on: validation sets behind the first, a phase each
    PHASE_COUNT = PHASE_MORE + 7
} Phase;

typedef struct RawField {
    const char *name, *file, *format;
    DType dtype;
    Shape shape;                // of one row
    bool text;
    const char **word;
    int word_count;
} RawField;

typedef struct DataField {
    const char *name;
    DType dtype;
    Shape shape;                // of one row
    int64_t below;              // class index below this, 0: no index
    Span span;
} DataField;

typedef struct DataBlock {
    const char *name, *source, *option;
    int64_t rows, batch;
    double split[3];            // train, val, test; negative: absent
    bool split_share[3], split_given, split_file_order, shuffle, drop_last;
    bool split_fixed;           // drawn by split_seed, as statistics of the training rows are known
    uint64_t split_seed;
    int part_count;             // sources for parts of the split; 0: one for all
    Phase part[3];              // part[0] is PHASE_TRAIN
    RawField *raw;              // of each source in turn, raw_count of each
    int raw_count;
    DataField *field;
    int field_count;
    Graph *sample[2];           // evaluating, training; fields: raw[index]; results: RESULT_FIELD.
                                // No B: one row. Equal graphs may be the same pointer.
    Span span;
} DataBlock;

typedef enum SettingType {
    SETTING_NUMBER, SETTING_INTEGER, SETTING_FLAG, SETTING_WORD, SETTING_TEXT, SETTING_DURATION
} SettingType;

typedef struct Setting {
    const char *name;           // "optimizer.lr"
    SettingType type;
    int unit;                   // enum lt_unit, of a duration
    double number;
    const char *text, *choices, *help;
    bool fixed, given;
    bool holes;                 // the text has {name}s that are not read when compiling
    bool names_file;            // it is the name of a checkpoint, so they are of logged values
    Span span;
} Setting;

typedef struct HostState {
    const char *name;           // "callback.best"
    double initial;
    const HostExpr *start;      // when it is not a constant
} HostState;

typedef enum Reduce { REDUCE_MEAN, REDUCE_SUM, REDUCE_LEAST, REDUCE_GREATEST } Reduce;

typedef struct LogEntry {
    const char *name;
    Phase phase;
    Reduce reduce;
    bool on_step, on_epoch, progress_bar, computed;
    Span span;
} LogEntry;

typedef struct Schedule {
    const char *name;           // as declared
    HostFunction *at;
    int callback;               // index of Program.callback that holds its hooks, or -1
} Schedule;

typedef struct Callback {
    const char *name;
    HostFunction *hook[32];     // by enum lt_event, NULL where it does not listen
    int first_state, state_count;
} Callback;

typedef struct Output {
    const char *name;
    DType dtype;
    Shape shape;                // with the leading B if per_row
    bool per_row;
} Output;

typedef struct StepCheck {      // `check(c, "…")` of a step
    const char *message, *where;        // "digits.lt:17"
    Dim size;                   // elements of c
} StepCheck;

typedef struct Picture {        // `log name = histogram(x)`, `heatmap(x)`
    const char *name;
    Phase phase;
    bool in_hook;
    Shape shape;
    Span span;
} Picture;

typedef struct LayerLine {      // for the model summary and `explain`
    const char *path, *type;
    int64_t parameters;
    int depth;
} LayerLine;

typedef struct Hyper {          // a hyperparameter of the model: "width", "256"
    const char *name, *text;
} Hyper;

typedef enum LineStage { STAGE_NOTHING, STAGE_CONSTANT, STAGE_HOST, STAGE_STEP } LineStage;

typedef struct PartWeights {    // `weights =` of a part
    const char *prefix, *file;
    bool strict;
    const char **from, **to;    // to: NULL where `-> none`
    int rename_count;
    const char **transpose;
    int transpose_count;
    Span span;
} PartWeights;

typedef struct Program {
    Arena *arena;
    Diag *diag;
    const char *name, *spec, *hash;     // model; file name; sha256 of everything read
    Variable **variable;
    int variable_count, variable_capacity;
    Table *variable_named;      // by path
    Alias *alias;
    int alias_count, alias_capacity;
    Alias *stand_in;            // weights, and what validation reads in their place: averages
    int stand_in_count, stand_in_capacity;
    DataBlock *data;            // the trainer's; its source may be "none"
    DataBlock **block;          // all that steps read; the trainer's is the first
    int block_count;
    int lead[PHASE_COUNT];      // of a step: the block whose rows are B and make the epoch
    unsigned also[PHASE_COUNT]; // and those that go along, a bit each
    Setting *setting;
    int setting_count, setting_capacity;
    int trainer_setting[64];    // by the row of lt/trainer.def
    HostState *state;
    int state_count, state_capacity;
    LogEntry *log;
    int log_count, log_capacity;
    Schedule *schedule;
    int schedule_count, schedule_capacity;
    Callback *callback;
    int callback_count, callback_capacity;
    Output *output;
    int output_count, output_capacity;
    StepCheck *check;
    int check_count, check_capacity;
    Picture *picture;
    int picture_count, picture_capacity;
    LayerLine *layer;
    int layer_count, layer_capacity;
    Hyper *hyper;
    int hyper_count, hyper_capacity;
    int mask_count;
    PartWeights *weights;
    int weights_count, weights_capacity;
    const Source *source;       // of the spec
    unsigned char *line_stage;  // enum LineStage, by line of the spec from 0
    int line_count;
    // steps; NULL where there is none
    Graph *init;
    Graph *phase[PHASE_COUNT];          // fields: those of all blocks in turn; results: RESULT_LOG,
                                        // _PREDICT, _CHECK
    Graph *reset[PHASE_COUNT];
    Graph *compute[PHASE_COUNT];
    Graph **callback_step;
    int callback_step_count, callback_step_capacity;
    bool logs_csv, logs_tensorboard, logs_jsonl, has_clip, has_accumulation;
    bool reads_elapsed;         // host code reads the time trained
    int predict_setting;        // setting that gives the rows of `predict`, or -1: rows of the data
} Program;

static inline const DataBlock *program_lead(const Program *program, Phase phase)
{
    return program->block_count ? program->block[program->lead[phase]] : program->data;
}

Variable *program_variable(Program *program, VariableKind kind, const char *path, DType dtype,
                           const Shape *shape, Span span);
