// tracer.h: what the files of this folder share. Nothing outside includes it.
//
// One Tracer a compilation. It evaluates trees to values (value.h); while `graph` is set, tensor
// code becomes nodes of that graph; while `host` is set, effects become statements of that host
// function. Errors are reported where they are found and yield V_POISON; tracing goes on.
#pragma once
#include "../graph/passes.h"
#include "trace.h"
#include "value.h"
#include "hash.h"

enum { deepest_call = 120, deepest_part = 20, most_unrolled = 1000000, most_inlined = 200000 };

struct Declaration {
    AstKind kind;
    const char *name;
    const Ast *tree;
    Scope *scope;               // of the file it stands in
    bool used, library;
    DataPart *data;             // AST_DATA: made at the first use
    bool busy;                  // being made: a cycle
    int open;                   // parts of it that are being made, each in the one before
    Value *value;               // AST_CONSTANT: once it is known
};

struct Part {
    Declaration *declaration;
    const char *path;           // "blocks.3.attention"; "" for the model
    Scope *scope;               // hyperparameters, members, methods
    bool frozen;
    Span span;
};

typedef enum InstanceKind {
    INSTANCE_OPTIMIZER, INSTANCE_SCHEDULE, INSTANCE_METRIC, INSTANCE_CALLBACK,
} InstanceKind;

struct Instance {
    InstanceKind kind;
    Declaration *declaration;
    Scope *scope;               // its hyperparameters
    int index;                  // of Program.schedule, Program.callback
    const char *prefix;         // of its settings: "optimizer.lr"
    Span span;
};

typedef struct SourceField {    // a column of a data source
    const char *name, *file, *format;
    DType dtype;                // as the file has it
    Shape shape;                // of one row
    bool text;
    bool scanned;               // what follows was read
    int64_t least, greatest;    // of integers; least > greatest: unknown
    const char **word;          // of a text column, in the order of bytes
    int64_t *word_rows;
    int word_count;
    Span span;
} SourceField;

typedef struct SourceInfo {     // of V_SOURCE
    const char *kind, *option;  // "idx" "csv" "npy" "none"
    SourceField *field;
    int count, capacity;
    int64_t rows;
    struct SourceInfo *part[3]; // of a block with a source for each part: this one, then the others
    int part_count;
} SourceInfo;

typedef struct RawColumn {      // a column that `sample` takes; of V_WORDS if it is text
    SourceField *field;
    const char *name;           // of the parameter
    const Ast *type;            // or NULL
    DType dtype;                // as handed over
    int index;
    const char **word;          // texts that the spec asks for, by index
    int word_count, word_capacity;
} RawColumn;

struct DataPart {
    Declaration *declaration;
    Scope *scope;
    SourceInfo *source;
    DataBlock *block;
    RawColumn *raw;
    int raw_count;
    Scope *fields;              // name -> tensor of the evaluating sample graph
    const char **asked;         // the fields that steps take, by the index of P_FIELD
    int asked_count, asked_capacity;
    Graph *sample[2];           // evaluating, training; without results until finish_data
    Scope *sampled;             // names of the training one
    struct Statistic *statistic;        // fitted(…) of the evaluating one, in order
};

struct Batch {                  // of a data block, as a step sees it
    DataPart *data;
    Scope *made;                // the fields that were asked for
    Dim rows;
};

struct Builtin {
    const char *name;
    Value *(*call)(Tracer *t, Span span, const Argument *argument, int count, void *data);
    // Most have named parameters instead: "x axis? keep?" (`?`: may be left out, then NULL).
    Value *(*fixed)(Tracer *t, Span span, Value **value, int detail);
    const char *signature;
    int detail;                 // a primitive or an operation, for functions that share code
};

// A host function being recorded.
typedef struct HostFrame {
    HostFunction *function;
    HostStmt **last;            // where the next statement goes
    int local_capacity;
    const char *prefix;         // "callback."
    int callback;               // index, for save
    const Ast *tree;
    Graph **ran;                // steps of its tensor code so far
    int ran_count, ran_capacity;
} HostFrame;

typedef struct Draw {           // random draws so far, by path
    const char *path;
    int count;
    struct Draw *next;
} Draw;

typedef struct Update {         // versions of a variable within a step
    Node *now;                  // current version; NULL: not read yet
    Node *read;                 // what the step began with, or NULL
    bool written;
    bool mixed;                 // written under different guards
    const Guard *guard;         // of its writes
    Node *last;                 // last value written
    Span span;
} Update;

typedef struct Optimizer {      // a member `optimizer … over …` of the model
    const char *label;
    Instance *instance;
    const Ast *tree;
    Span span;
} Optimizer;

typedef struct StateStart {     // optimiser states and accumulators: what the init step gives them
    Variable *variable;
    Value *value;
} StateStart;

typedef struct Pending Pending; // metric.c: metrics of the present step

// What a graph under construction needs; saved while another is open.
typedef struct Context {
    Graph *graph;
    Builder builder;
    Update *update;
    int update_capacity;
    Draw *draws;
    const Guard *guard;
    const char *path;
    bool training, in_step;
} Context;

struct Tracer {
    Arena *arena;
    AtomTable *atoms;
    Diag *diag;
    const TraceOptions *options;
    Program *program;
    Scope *builtins, *library, *file;
    Declaration **declaration;
    int declaration_count, declaration_capacity;
    const char *spec_folder;

    Graph *graph;               // where tensor code goes now; NULL: nowhere
    Builder builder;
    Update *update;             // by variable id, of the current graph
    int update_capacity;
    Draw *draws;
    HostFrame *host;
    const Guard *guard;
    bool training, in_step, in_log, making, making_frozen;
    Phase phase;
    const char *path;           // of the part whose code runs, or that is being made
    int depth;
    Part *self;
    Part *model;
    Optimizer *optimizer;
    int optimizer_count, optimizer_capacity;
    DataPart *data;             // the trainer's
    bool data_broken;           // its mistakes were reported: what needs it stays silent
    DataPart **block;           // those that steps read; the trainer's is the first
    int block_count;
    DataPart *lead;             // of the step being traced: the block whose rows are B
    const char *log_prefix;     // of what it logs, or NULL
    bool renames_steps;         // it is the validation step, traced as test_step
    bool optimizer_broken;
    DataPart *making_data;      // whose members are evaluated
    DType float_type;           // what f32 stands for: trainer.precision
    Scope *step_scope;
    Scope *metric_names;        // of `metrics`
    StateStart *state_start;
    int state_start_count, state_start_capacity;
    int minimized;              // `minimize` statements so far
    Span minimize_span;
    const Ast *tree;            // of the spec
    Hash hash;                  // of everything read
    bool *definition_used;
    Pending *pending;
    const char *step_name;
    bool host_tensors;          // hooks may hold tensor code
    Instance **instance;
    int instance_count, instance_capacity;
    int item_base;              // where the places of the list being made begin
    Part **part;                // all that were made
    int part_count, part_capacity;
    int *line_of;               // line of each byte of the spec
    int calls;
    const Ast *members;         // of the callback or schedule whose hooks are traced
    bool fitting;               // inside fitted(…)
    bool hole_kept;             // of the string that was read last
    bool keeps_holes;           // in arguments that may name a checkpoint: {epoch}-{val_loss:.2f}
    Value *fitted;              // what the metric in it came to
    const char *instance_prefix;// settings of the optimizer, schedule or callback being made
    const char *word_training, *word_forward;
    const char *log_name;       // of the item being evaluated
    Span made_at;               // the call that makes the present layer
    Span called_from;           // the nearest call outside of the library
    bool uses_freeze;
    int64_t unrolled;           // iterations of loops, and items of lists, so far
    int64_t inlined;            // calls of functions and makings of layers, so far
    bool too_deep;              // said once: nothing so deep is a mistake of its own
    int *freeze_state;          // by variable id, host state index; -1
    Value *trainer_names;
    Binding *trainer_setting;   // members of the trainer block
};

// ---- evaluate.c: expressions --------------------------------------------------------------------
Value *eval(Tracer *t, Scope *scope, const Ast *tree);
Value *eval_block(Tracer *t, Scope *scope, const Ast *block);
bool bind_targets(Tracer *t, Scope *scope, const Ast *target, Value *value, BindingKind kind);
Value *read_value(Tracer *t, Value *value);             // a leaf in a step becomes its tensor
Value *field_of(Tracer *t, Value *object, const char *name, Span span);
const char *format_text(Tracer *t, Scope *scope, const Ast *string);        // constants only
HostText *message_text(Tracer *t, Scope *scope, const Ast *string);

// ---- statement.c --------------------------------------------------------------------------------
Value *run_statements(Tracer *t, Scope *scope, const Ast *list);
void assign_target(Tracer *t, Scope *scope, const Ast *target, Value *value);
Value *run_if(Tracer *t, Scope *scope, const Ast *tree);
Value *run_for(Tracer *t, Scope *scope, const Ast *tree);
void run_log(Tracer *t, Scope *scope, const Ast *tree);

// ---- host.c -------------------------------------------------------------------------------------
HostStmt *host_emit(Tracer *t, HostDo what, Span span);
int host_local(Tracer *t, const char *name);
void host_if(Tracer *t, Scope *scope, const Ast *tree, const HostExpr *condition, Value **result);
HostFunction *host_function(Tracer *t, const char *name, Scope *scope, const Ast *method,
                            int callback);
int program_state(Tracer *t, const char *name, Value *initial, Span span);
int program_setting(Tracer *t, const char *name, Value *value, const Ast *parameter, bool fixed);
bool tree_assigns(const Ast *tree, const char *name);
bool tree_calls(const Ast *tree, const char *name);

// ---- call.c -------------------------------------------------------------------------------------
Value *call_value(Tracer *t, Value *callee, Argument *argument, int count, Span span);
Value *call_function(Tracer *t, Function *function, Argument *argument, int count, Span span);
Value *apply(Tracer *t, Value *callee, Value *x, Span span);
// Matches arguments to parameters; binds them in `scope` as `kind`. Extra named arguments for which
// `extra` returns true are left out. False if something was wrong and reported.
typedef struct Binder {
    const char *what;           // "`linear`": for messages
    BindingKind kind;
    const char *settings;       // prefix: parameters that are host numbers become settings
    bool (*extra)(void *data, const Argument *argument);
    void *data;
    bool tensors;               // tensor types are matched (functions), not refused
    const Ast *members;         // of a layer: its parameters are given by name too
    Span span;
} Binder;
bool bind_arguments(Tracer *t, Scope *scope, const Ast *parameters, Argument *argument, int count,
                    const Binder *binder);
const Ast *member_named(const Declaration *declaration, AstKind kind, const char *name);

// ---- types.c ------------------------------------------------------------------------------------
// Checks and converts a value against an annotation; binds size variables of tensor types in
// `scope`.
Value *match_type(Tracer *t, Scope *scope, const Ast *type, Value *value, const char *what,
                  Span at, bool *rest_known, Shape *rest);
bool eval_shape(Tracer *t, Scope *scope, const Ast *sizes, Shape *shape);
void no_size(Tracer *t, const Value *value, Span span);  // says what is wrong with it as a size
bool dtype_named(Tracer *t, const char *name, DType *dtype);

// ---- operators.c --------------------------------------------------------------------------------
Value *binary(Tracer *t, const char *op, Value *a, Value *b, Span span);
Value *unary_op(Tracer *t, const char *op, Value *a, Span span);
Value *choose_value(Tracer *t, Value *condition, Value *a, Value *b, Span span);
Value *scalar_function(Tracer *t, Prim prim, HostOp host, Value *a, Value *b, Span span);
// Tensor operands of one operation: constants and host numbers take the dtype of the others.
bool to_tensors(Tracer *t, Value **value, Node **node, int count, Span span);
Node *to_tensor(Tracer *t, Value *value, DType wanted, Span span);      // NULL: reported
bool broadcast_nodes(Tracer *t, Node **node, int count, Span span);
Node *resolve_fill(Tracer *t, Fill *fill, const Shape *shape, DType dtype, Span span);

// ---- index.c, shapes of tensors -----------------------------------------------------------------
Value *subscript_value(Tracer *t, Scope *scope, Value *object, const Ast *subscripts, Span span);
bool shape_argument(Tracer *t, const Value *value, Shape *shape, Span span);

// ---- part.c -------------------------------------------------------------------------------------
Value *make_part(Tracer *t, Declaration *declaration, Argument *argument, int count, Span span);
typedef void LeafVisit(void *data, const char *path, Value *leaf);
void each_leaf(Value *value, const char *path, LeafVisit *visit, void *data);
Value *map_leaves(Tracer *t, Value *callee, Value **part, int count, Span span);
Value *copy_part(Tracer *t, Value *value, bool frozen, const char *path, Span span);
// The part with other tensors in the places of its parameters, in order; NULL: their present
// values.
Value *replace_leaves(Tracer *t, Value *part, Node **node, Span span);
bool is_part(const Value *value);
void check_unused_members(Tracer *t);
bool has_parameters(Value *value);
void assign_part(Tracer *t, Value *target, Value *value, Span span);
Node *variable_now(Tracer *t, Variable *variable);
// A start in the shape of what starts there, which is from `shaped`; NULL: it does not fit, which is
// reported.
Node *expand_initial(Tracer *t, Node *node, const Shape *shape, Span span, Span shaped);
void variable_write(Tracer *t, Variable *variable, Node *value, Span span);

// ---- step.c, optimizer.c, metric.c, callback.c, data.c, trainer.c, library.c --------------------
void note_source(Tracer *t, const Source *source);      // for the hash of all that was read
void open_metrics(Tracer *t);
void close_metrics(Tracer *t);
void begin_stages(Tracer *t, const Source *source);
void note_stage(Tracer *t, Span span, const Value *value);
Context save_context(const Tracer *t);
void restore_context(Tracer *t, const Context *context);
Value *defined_value(Tracer *t, const char *name);      // of -D, or NULL
const Ast *trainer_tree(const Tracer *t, const char *name);
void choose_precision(Tracer *t);
void make_rates(Tracer *t);
bool reads_elapsed(const Tracer *t);
void make_callbacks(Tracer *t);
const char *hash_text(Tracer *t);
void begin_graph(Tracer *t, Graph *graph);
void end_graph(Tracer *t);
void trace_steps(Tracer *t);
void trace_minimize(Tracer *t, Scope *scope, const Ast *tree);
const Guard *window_end(Tracer *t);
// Around the branches of a guarded `if`: the versions so far; back to them for the other branch,
// which yields those of the first; and both together.
Update *versions(Tracer *t);
Update *versions_back(Tracer *t, const Update *before, int count);
void versions_join(Tracer *t, const Update *before, int count, const Update *taken, int taken_count,
                   const HostExpr *condition);
void make_optimizers(Tracer *t);
bool selects(Tracer *t, Scope *scope, const Ast *selector, Variable *variable, bool *selected);
Value *log_metric(Tracer *t, Declaration *metric, Argument *argument, int count, Span span);
// A metric as graphs over fields: start() -> states, update(arguments, states) -> states,
// compute(states) -> value.
typedef struct FitGraphs { Graph *start, *update, *compute; } FitGraphs;
bool trace_fit(Tracer *t, Declaration *metric, const Argument *argument, int count, Span span,
               FitGraphs *fit);
Value *make_fitted(Tracer *t, Declaration *metric, Argument *argument, int count, Span span);
Value *metric_value(Tracer *t, const char *name, Span span);
void open_tensors(Tracer *t);
// Tensors of steps that the hook has run are calculated again in the one that is traced now.
Value *current_value(Tracer *t, Value *value, Span span);
// A number that host code has just calculated, for the tensor code of a hook.
const HostExpr *handed_over(Tracer *t, const HostExpr *number, Span span);
Value *item_of(Tracer *t, Value *value, Span span);     // a tensor of one element as a host number
void flush_tensors(Tracer *t);                          // of a hook: what was traced becomes a step
Value *call_builtin(Tracer *t, const Builtin *builtin, Argument *argument, int count, Span span);
Value *make_instance(Tracer *t, Declaration *declaration, Argument *argument, int count,
                     const char *prefix, Span span);
const HostExpr *schedule_rate(Tracer *t, Instance *schedule, const HostExpr *step);
void trace_callbacks(Tracer *t);
DataPart *data_part(Tracer *t, Declaration *declaration);
Value *data_field(Tracer *t, DataPart *data, const char *name, Span span);
Value *source_field(Tracer *t, Value *source, const char *name, Span span);
Value *compare_words(Tracer *t, const char *op, Value *a, Value *b, Span span);
Value *zip_sources(Tracer *t, const Argument *argument, int count, Span span);
Value *make_source(Tracer *t, const char *kind, const Argument *argument, int count, Span span);
Value *make_categories(Tracer *t, const Argument *argument, int count, Span span);
void finish_data(Tracer *t);

// ---- batch.c: the data blocks of steps ----------------------------------------------------------
void choose_data(Tracer *t);
void choose_blocks(Tracer *t, Phase phase, const Ast *method);  // of a step, before its arguments
Dim batch_dim(const Tracer *t);
bool takes_field(const Tracer *t, const char *name);    // the trainer's block makes it
bool takes_block(Tracer *t, const Ast *parameter);      // its type is a data block
// A field of that name, or all fields of the block that is its type (then `typed`).
Value *batch_argument(Tracer *t, const Ast *parameter, Dim rows, bool *typed);
Value *batch_member(Tracer *t, Batch *batch, const char *name, Span span);
int validation_sets(Tracer *t, DataPart **set, int most);       // of the trainer; -1: reported
void finish_blocks(Tracer *t);
int log_entry(Tracer *t, const char *name, Phase phase, Span span);
void trace_trainer(Tracer *t);

// ---- hyper.c

void trace_hyperparameters(Tracer *t, const Part *model);
Value *trainer_value(Tracer *t, const char *name);      // a member of the trainer block, or NULL
void load_files(Tracer *t);
Declaration *find_declaration(Tracer *t, AstKind kind, const char *name);
const char *library_example(Tracer *t, AstKind kind);     // a name of that kind, for a hint
void bind_builtins(Tracer *t);
const Builtin *const *builtin_groups(void);

// ---- check.c, picture.c -------------------------------------------------------------------------
Value *check_tensor(Tracer *t, Value *condition, const Value *message, Span span);
void sink_checks(Tracer *t);            // what only checks and pictures need runs where they do
const Guard *picture_guard(Tracer *t);
Value *picture_value(Tracer *t, Value *x, ResultKind kind, Span span);
void log_picture(Tracer *t, const char *name, const Value *value, Span span);

// ---- foreign.c: hints ---------------------------------------------------------------------------
const char *foreign_parameter(const char *name);
void hint_name(Tracer *t, Scope *scope, const char *name);
void hint_member(Tracer *t, const char *name, const char *otherwise);
const char *join_names(Tracer *t, const char *const *names, int count);

// ---- small things -------------------------------------------------------------------------------
Value *fail(Tracer *t, Code code, Span at, const char *format, ...) LTC_PRINTF(4, 5);  // -> poison
bool unroll(Tracer *t, int64_t count, Span span);       // false: too much, reported once
bool may_inline(Tracer *t, Span span);          // one more; false: too many, reported
void note_made(Tracer *t, const Part *part);            // notes that join the last error
void note_origin(Tracer *t, const Node *node, Span at);
Span span_of(const Tracer *t);
const char *join_path(Tracer *t, const char *path, const char *name);
void set_origin(Tracer *t, Span span);
uint64_t site_of(const char *path, int ordinal);
