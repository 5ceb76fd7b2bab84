// host.h: numbers known between steps, and the code that computes them.
//
// A host number is a double (or a string) that the trainer, a schedule or a callback computes
// between steps: settings, step counters, metrics, callback state. Expressions over them become
// plain C in double; where one meets a tensor it enters the step's graph as a P_HOST node.
// Expressions are trees, shared freely, never changed.
#pragma once
#include "../base/arena.h"
#include "../base/source.h"

typedef enum HostOp {
    // leaves
    HOST_NUMBER,                // number
    HOST_TEXT,                  // text
    HOST_SETTING,               // index of Program.setting
    HOST_RUN,                   // text: member of struct lt_host: "step" "epoch" "total_steps" …
    HOST_ROWS,                  // rows of this call: scale * B^power (index, number)
    HOST_METRIC,                // index of Program.log: its newest value
    HOST_STATE,                 // index of Program.state
    HOST_LOCAL,                 // index of the function's local
    HOST_RATE,                  // index of Program.schedule: its value at argument a (a step)
    // functions of a, b, c
    HOST_ADD, HOST_SUB, HOST_MUL, HOST_DIV, HOST_FLOORDIV, HOST_MOD, HOST_POW,
    HOST_NEG, HOST_ABS, HOST_FLOOR, HOST_CEIL, HOST_ROUND, HOST_SQRT, HOST_EXP, HOST_LOG, HOST_SIN,
    HOST_COS, HOST_TANH, HOST_MIN, HOST_MAX, HOST_SIGN, HOST_IS_FINITE, HOST_IS_NAN,
    HOST_EQ, HOST_NE, HOST_LT, HOST_LE, HOST_AND, HOST_OR, HOST_NOT,
    HOST_SELECT,                // a ? b : c
    HOST_SAME_TEXT,             // a and b are equal strings
} HostOp;

typedef enum HostType { HOST_FLOAT, HOST_INT, HOST_BOOL, HOST_STRING } HostType;

typedef struct HostExpr HostExpr;
struct HostExpr {
    HostOp op;
    HostType type;
    double number;
    const char *text;
    int index;
    const HostExpr *a, *b, *c;
    Span span;
};

typedef enum HostDo {
    DO_SET_STATE,               // state[index] = a
    DO_SET_LOCAL,               // local[index] = a
    DO_IF,                      // a; then, otherwise
    DO_STOP,                    // message
    DO_WARN,                    // message
    DO_SAVE,                    // message (file name), a: score, b: keep, c: greater is better,
                                // d: last, e: values have their names in the file's
    DO_LOG,                     // message (name), a
    DO_RUN_STEP,                // index of Program.callback_step
    DO_FREEZE,                  // index of the mask, a: frozen
    DO_RETURN,                  // a: the value of `at`
    DO_CHECK,                   // a must hold, else the run fails with message
} HostDo;

typedef struct HostText HostText;       // "{monitor} did not improve for {patience} checks"
struct HostText {
    const char *text;           // literal piece, or NULL
    const HostExpr *value;      // else a value …
    const char *format;         // … in this C format for a double ("%.3g"); "%s" for strings
    HostText *next;
};

typedef struct HostStmt HostStmt;
struct HostStmt {
    HostDo what;
    int index;
    const HostExpr *a, *b, *c, *d, *e;
    HostText *message;
    HostStmt *then, *otherwise;
    Span span;
    HostStmt *next;
};

typedef struct HostFunction {
    const char *name;           // "one_cycle_at", "early_stopping_on_validation_end"
    int parameter;              // local that holds the argument (`step` of `at`), or -1
    int local_count;
    const char **local_name;
    HostStmt *body;
    Span span;
} HostFunction;
