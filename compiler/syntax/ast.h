// ast.h: the tree of what the user wrote, every node with its span.
//
// One node type. `kind` says which fields mean something (the table below); children hang in
// a, b, c, d; lists are linked by `next` and start in the field named. Names are atoms. The parser
// builds it through ast_new and ast_append only; nothing changes a tree after parsing.
#pragma once
#include "../base/atom.h"
#include "../base/diag.h"

typedef enum AstKind {
    // declarations                name          a            b               c           d
    AST_FILE,                   // -             declarations
    AST_USE,                    // alias or NULL  -          (text: the path)
    AST_CONSTANT,               // the name      value                                      top level `name = expr`
    AST_FUNCTION,               // the name      parameters   result type?    body (AST_BLOCK or expression)
    AST_DATA, AST_MODEL, AST_LAYER, AST_OPTIMIZER_KIND, AST_SCHEDULE, AST_METRIC,
    AST_CALLBACK,               // the name      parameters   members         (text: file of `from "…"`)
    AST_TRAINER,                // -             -            members
    // members
    AST_PARAM, AST_BUFFER,      // the name      type         initial?
    AST_STATE,                  // the name      type?        initial?
    AST_OPTIMIZER,              // label?        expression   over?           groups (AST_GROUP, AST_GROUP_FOR)
    AST_BIND,                   // -             targets (list of AST_NAME)   values (list)
    AST_METHOD,                 // the name      parameters   result type?    AST_BLOCK; flag: no parameter list (hook)
    AST_ASSERT,                 // -             condition    message?        (also a statement)
    AST_GROUP,                  // -             selector     members (AST_BIND)
    AST_GROUP_FOR,              // -             targets      list expression  groups
    // parameters and types
    AST_PARAMETER,              // the name      type?        default?        flag: const
    AST_TYPE,                   // type name     sizes (list; AST_REST for `..`); flag: brackets are there
    AST_TYPE_LIST,              // -             element type                              [int]
    AST_TYPE_TUPLE,             // -             element types
    AST_TYPE_WORDS,             // -             list of AST_STRING                        "a" | "b"
    AST_TYPE_OPTIONAL,          // -             type                                      f32[n]?
    AST_TYPE_BOUND,             // -             type         AST_NUMBER                   int <= 64
    // statements
    AST_BLOCK,                  // -             statements; its value is the last one
    AST_EXPRESSION,             // -             values (list; one or several)
    AST_ASSIGN,                 // -             targets (list of expressions)   values (list)
    AST_UPDATE,                 // "+=" …        target       value
    AST_LOG,                    // -             items (AST_LOG_ITEM)   options (AST_BIND)
    AST_LOG_ITEM,               // name or NULL  value or NULL   name expression (AST_STRING) or NULL
    AST_MINIMIZE,               // -             loss         over?
    AST_YIELD,                  // -             values (list)
    // expressions
    AST_WHEN,                   // -             value        condition       else?
    AST_LAMBDA,                 // -             parameters   result type?    body
    AST_IF,                     // -             condition    AST_BLOCK       else? (AST_BLOCK or AST_IF)
    AST_FOR,                    // -             targets      list            AST_BLOCK
    AST_SCAN,                   // -             targets      source          AST_BLOCK   until?
    AST_TARGETS,                // -             targets (AST_NAME, AST_HOLE, AST_TARGETS)   nested `( )`
    AST_PIPE,                   // -             left         right
    AST_BINARY,                 // operator      left         right           "+" "and" "==" ".." …
    AST_UNARY,                  // "-" "not"     operand
    AST_NUMBER,                 // -             (number, unit, whole)
    AST_STRING,                 // -             (text: escapes undone, not yet interpolated)
    AST_TRUE, AST_FALSE, AST_NONE, AST_HOLE,
    AST_NAME,                   // the name
    AST_TUPLE,                  // -             items                                     (a, b)
    AST_RECORD,                 // -             AST_ARGUMENT list                         (x = a)
    AST_LIST,                   // -             items (AST_ARROW for a -> b)
    AST_ARROW,                  // -             left         right
    AST_COMPREHENSION,          // -             element      clauses
    AST_CLAUSE_FOR,             // -             targets      list
    AST_CLAUSE_IF,              // -             condition
    AST_FIELD,                  // the name      object
    AST_CALL,                   // -             callee       arguments (AST_ARGUMENT)
    AST_INDEX,                  // -             object       subscripts (expressions, AST_REST, AST_SLICE)
    AST_ARGUMENT,               // name or NULL  value
    AST_REST,                   // `..` as a subscript or a size
    AST_SLICE,                  // -             from?        to?             step?
    AST_ERROR,                  // stands where the parser recovered
} AstKind;

typedef enum Unit {
    UNIT_NONE, UNIT_PERCENT, UNIT_STEPS, UNIT_EPOCHS, UNIT_BATCHES, UNIT_SECONDS, UNIT_MINUTES,
    UNIT_HOURS, UNIT_DAYS, UNIT_BYTES,          // `16 GB` is 16e9 UNIT_BYTES, `16 GiB` 16 * 2^30;
                                                // all others as written: `90%` is 90 UNIT_PERCENT
} Unit;

typedef struct Ast Ast;
struct Ast {
    AstKind kind;
    Span span;                  // the whole construct
    Span name_span;             // the name within it, where there is one
    const char *name;           // atom
    const char *text;           // AST_STRING, paths; may hold any byte but NUL. Escapes are undone,
                                // but `\{` stays two characters, and so does `\\` right before `{`
    const char *doc;            // `##` comment before a declaration or a parameter, or NULL
    double number;
    Unit unit;
    bool whole;                 // AST_NUMBER without dot and exponent
    bool flag;                  // see the table
    int height;                 // levels below and with it; the parser refuses more than 1000
    Ast *a, *b, *c, *d;
    Ast *next;
};

Ast *ast_new(Arena *arena, AstKind kind, Span span);
int ast_count(const Ast *list);
const char *ast_kind_name(AstKind kind);        // "a layer", "a call": for messages

// The tree as indented text, for `ltc check -d parse`.
void ast_print(const Ast *tree, FILE *out);

// Reads one file. Reports to `diag`; returns what it could read even then, never NULL. A file that
// is too deep, too long or wrong all over gives an empty tree, so that nobody recurses too far.
Ast *parse(Arena *arena, AtomTable *atoms, Diag *diag, const Source *source);
