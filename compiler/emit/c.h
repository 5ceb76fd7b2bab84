// c.h: the C of one kernel, while it is being printed.
//
// Names are made on first use and kept: loop variables, locals, accumulators, and the kernel's
// parameters (buffers, host numbers, keys of draws, the rows of the batch). What was used becomes
// the signature, so two kernels that differ only in what they are handed have the same text.
#pragma once
#include "../base/table.h"
#include "../base/text.h"
#include "../kernel/plan.h"

typedef struct C C;

typedef enum ParameterKind { PARAMETER_ROWS, PARAMETER_BUFFER, PARAMETER_HOST, PARAMETER_KEY,
                             PARAMETER_DRAWN, PARAMETER_COUNT } ParameterKind;

typedef struct Parameter {
    ParameterKind kind;
    const char *name;
    const Buffer *buffer;
    bool written;
    const HostExpr *host;
    DType dtype;                        // of a host number
    uint64_t site;
    Dim drawn;                          // PARAMETER_DRAWN: draws of a step, before this batch;
                                        // PARAMETER_COUNT: how many elements
} Parameter;

typedef struct Brace {                  // that is open
    size_t at;                          // of the blank in front of it; 0: it must stay
    int statements;
} Brace;

struct C {
    Arena *arena;
    IndexContext *context;
    const Kernel *kernel;
    const Stage *stage;                 // whose accumulators EXPR_ACC means
    Text text;
    int64_t bound;                      // greatest B
    int depth;                          // of indentation
    bool wide;                          // addresses need 64 bits
    bool plain;                         // names are numbers: text that only structure decides
    int plain_names;
    bool whole_values;                  // integers of the graph are printed with all their bits
    Parameter *parameter;
    int parameter_count, parameter_capacity;
    Table *parameter_of;                // numbers of parameters by name and by buffer
    Table *next;                        // of a step: the first number behind a name to try
    const struct File *outside;         // of a step: names at file scope are taken
    Brace *brace;
    int brace_count, brace_capacity;
    struct Name *name;
    int name_count, name_capacity;
};

C *c_new(Arena *arena, IndexContext *context, const Kernel *kernel, int64_t bound);

Arena *c_arena(C *c);
IndexContext *c_context(C *c);
const char *c_type(DType type);         // of a value; narrow floats are computed as float
const char *c_stored(DType type);       // in memory
const char *c_suffix(DType type);       // "f32": of functions of lt/math.h on values
const char *c_integer(const C *c);      // type of loop variables

// Lines at the present depth; open prints `text {`, close `}`.
void c_line(C *c, const char *format, ...) LTC_PRINTF(2, 3);
void c_open(C *c, const char *format, ...) LTC_PRINTF(2, 3);
void c_block(C *c);                             // `{` on a line of its own
void c_close(C *c);
void c_pragma(C *c, const char *pragma);        // at the margin
// In front of what follows: `omp for`, with `clauses`, and `omp single`; nothing in a serial
// kernel. No thread waits behind them: the step has a barrier wherever one kernel needs another's results.
void c_share(C *c, const char *clauses);
void c_single(C *c);
void c_barrier(C *c);                           // between two parts of one kernel

// Names. A parameter comes into being when it is first named.
const char *c_unique(C *c, const char *wish);   // a name that is not taken yet
void c_keep(C *c, const char *name);            // taken until the present braces close
const char *c_var(C *c, const Var *var);
const char *c_local(C *c, const Local *local);
const char *c_acc(C *c, const Acc *acc);        // its value where EXPR_ACC stands
const char *c_buffer(C *c, const Buffer *buffer);
void c_written(C *c, const Buffer *buffer);     // as c_buffer, and it is stored to
const char *c_rows(C *c);                       // the rows of the batch, B
void c_spell_acc(C *c, const Acc *acc, const char *spelling);    // "sum[j - block]" from here on
const char *c_host(C *c, DType type, const HostExpr *host);
const char *c_key(C *c, uint64_t site);
const char *c_count(C *c, Dim count);           // a size that the caller tells
const char *c_drawn(C *c, Dim draws);

const char *c_dim(C *c, Dim dim);               // "64", "rows", "4 * rows"; fit for a factor
const char *c_extent(C *c, Dim dim);            // the same as the end of a loop: "4 * rows"
const char *c_index(C *c, const Index *index);  // fit for a subscript
const char *c_expr(C *c, const Expr *e);
const char *c_operand(C *c, const Expr *e);     // in parentheses where it needs them
void c_body(C *c, const Body *body);
void c_store(C *c, const Buffer *buffer, const Index *index, const Expr *value);
void c_loop(C *c, const Loop *loop);            // opens `for (int i = 0; i < extent; i++)`

void c_special(C *c, const Stage *stage);       // sorts, scatters, spreads
void c_kernel(C *c);                            // the inside of the kernel's function
const char *node_label(Arena *arena, const Node *node);        // how people call its value
const char *buffer_label(Arena *arena, const Buffer *buffer);
const char *host_label(Arena *arena, const HostExpr *host);

const char *c_number(Arena *arena, DType type, double number);  // a literal
const char *c_identifier(Arena *arena, const char *text);       // "hidden.weight": hidden_weight
bool c_is_reserved(const char *name);
