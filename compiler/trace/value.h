// value.h: what an expression of a spec evaluates to while it is traced.
//
// Values are immutable and live in the arena. Their kind tells the stage: V_HOST is known between
// steps, V_TENSOR in a step, everything else when compiling. V_POISON stands for a value whose
// mistake has been reported; whatever touches it is poison too and says nothing.
#pragma once
#include "../graph/build.h"
#include "../syntax/ast.h"
#include "program.h"

typedef enum ValueKind {
    V_POISON,
    V_NONE,
    V_BOOL,                     // number: 0 or 1
    V_NUMBER,                   // number, whole
    V_TEXT,                     // text
    V_DURATION,                 // number, unit
    V_HOST,                     // host
    V_TENSOR,                   // node
    V_LEAF,                     // leaf: a param or buffer, or a tensor in its place
    V_LIST, V_TUPLE,            // item, count
    V_RECORD,                   // item, label, count
    V_FUNCTION,                 // function: fn with its surroundings
    V_BUILTIN,                  // builtin
    V_PARTIAL,                  // partial: a call with holes
    V_FILL,                     // fill
    V_PART,                     // part: an instance of a layer or model
    V_DECLARATION,              // declaration: a layer, optimizer, schedule, metric, callback
    V_INSTANCE,                 // instance: of an optimizer, schedule, metric or callback
    V_DATA,                     // data
    V_BATCH,                    // batch: a step's parameter that is typed by a data block
    V_NAMESPACE,                // names behind a dot: `trainer`, `metrics`, `use "x" as x`
    V_DTYPE,                    // dtype: the name of an element type, a cast when called
    V_HOLE,                     // `_`
    V_SOURCE,                   // source: idx(…), csv(…): a data source
    V_WORDS,                    // column: a text of a data source, in `sample`
    V_WEIGHTS,                  // weights: checkpoint(…), safetensors(…)
    V_ARROW,                    // item[0] -> item[1]
    V_PICTURE,                  // node, picture: histogram(x), heatmap(x)
} ValueKind;

typedef struct Value Value;
typedef struct Scope Scope;
typedef struct Part Part;
typedef struct Tracer Tracer;
typedef struct Declaration Declaration;
typedef struct Instance Instance;
typedef struct DataPart DataPart;
typedef struct Builtin Builtin;
typedef struct Batch Batch;

typedef struct Function {
    const Ast *tree;            // AST_FUNCTION, AST_LAMBDA or AST_METHOD
    Scope *scope;               // where its free names are looked up
    Part *self;                 // part whose method it is, or NULL
    const char *name;
} Function;

typedef struct Leaf {
    Variable *variable;
    Node *node;                 // a tensor that stands in its place (fast weights, gradients)
    bool buffer, frozen;
} Leaf;

typedef struct Argument {
    const char *name;           // NULL: positional
    Value *value;
    Span span;
} Argument;

typedef struct Partial {
    Value *callee;
    Argument *argument;
    int count;
} Partial;

typedef enum FillKind {
    FILL_CONSTANT, FILL_UNIFORM, FILL_RANDN, FILL_RANDINT, FILL_FUNCTION,
} FillKind;

typedef struct Fill {
    FillKind kind;
    Value *a, *b;               // constant; bounds; function of the shape
    uint64_t salt;              // tells two fills of one line apart
} Fill;

struct Value {
    ValueKind kind;
    bool whole;                 // V_NUMBER
    double number;
    Unit unit;                  // V_DURATION
    DType dtype;                // V_DTYPE
    ResultKind picture;         // V_PICTURE: which
    const char *text;
    int count;
    Value **item;
    const char **label;
    union {
        const HostExpr *host;
        Node *node;
        Leaf *leaf;
        Function *function;
        const Builtin *builtin;
        Partial *partial;
        Fill *fill;
        Part *part;
        Declaration *declaration;
        Instance *instance;
        DataPart *data;
        Batch *batch;
        Scope *names;
        PartWeights *weights;
        struct SourceInfo *source;
        struct RawColumn *column;
        const struct Categories *categories;    // of a V_NAMESPACE that `id` is handed
    };
    HostText *message;          // V_TEXT of host code: its pieces, with host values
    bool holes;                 // V_TEXT: it keeps {name}s, which `save` reads
    Span span;                  // where it was made, for notes
};

// ---- makers -------------------------------------------------------------------------------------

extern Value value_poison, value_none, value_true, value_false, value_hole;

Value *new_value(Arena *arena, ValueKind kind);
Value *value_bool(bool truth);
Value *number_value(Arena *arena, double number, bool whole);
Value *value_int(Arena *arena, int64_t number);
Value *value_text(Arena *arena, const char *text);
Value *value_host(Arena *arena, const HostExpr *host);
Value *value_tensor(Arena *arena, Node *node);
Value *value_leaf(Arena *arena, Variable *variable, Node *node);
Value *value_list(Arena *arena, ValueKind kind, Value **item, int count);
Value *value_dim(Arena *arena, Dim dim);

// ---- questions ----------------------------------------------------------------------------------

bool value_is_whole(const Value *value);        // a whole number
bool value_is_constant(const Value *value);     // known when compiling, all the way down
bool value_dim_of(const Value *value, Dim *dim);// a size: whole, or a multiple of B^k
const char *value_kind_text(const Value *value);// "a tensor", "a list": for messages
const char *value_text_of(Arena *arena, const Value *value);    // "3", "f32[B, 128]": for messages
bool value_equal(const Value *a, const Value *b);       // constants

// ---- scopes -------------------------------------------------------------------------------------

typedef enum BindingKind {
    BIND_LOCAL,
    BIND_MEMBER,                // of a layer: never hidden by a local
    BIND_HYPER,                 // hyperparameter
    BIND_GLOBAL,
} BindingKind;

typedef struct Binding Binding;
struct Binding {
    const char *name;
    Value *value;
    BindingKind kind;
    Span span;
    bool used;
    bool one_path;              // bound in one branch of an `if` only: not to be read
    int host_state;             // index of the host state it stands for, or -1
    Binding *next;
};

struct Scope {
    Scope *parent;
    Binding *first, **last;
    Part *self;                 // of a layer's scope
};

Scope *scope_new(Arena *arena, Scope *parent);
Binding *scope_bind(Arena *arena, Scope *scope, const char *name, Value *value, BindingKind kind,
                    Span span);
Binding *scope_here(const Scope *scope, const char *name);      // this scope only
Binding *scope_find(const Scope *scope, const char *name);      // and its parents

// ---- host numbers -------------------------------------------------------------------------------

const HostExpr *number_host(Arena *arena, double number, HostType type);
const HostExpr *host_leaf(Arena *arena, HostOp op, HostType type, int index, const char *text);
const HostExpr *host_op(Arena *arena, HostOp op, const HostExpr *a, const HostExpr *b,
                        const HostExpr *c);
const HostExpr *host_rows(Arena *arena, Dim dim);
const HostExpr *host_of(Arena *arena, const Value *value);      // NULL: cannot be one
double host_fold(HostOp op, double a, double b);                // what the C will compute
