// parse.h: what scanner, layout and parser share; nothing outside this folder and grammar/
// includes it. Callers of the front end want ast.h.
//
//   text ─ grammar/lexer.l, token.c ─▶ words ─ layout.c ─▶ tokens ─ grammar/parser.y ─▶ tree
//
// The scanner finds words. The layout decides which line ends count and makes the brackets pair,
// so that the grammar knows neither. The parser's actions call the makers in build.c.
#pragma once
#include "ast.h"

// One word. The layout's own tokens (line ends, brackets that were forgotten) are empty spans.
typedef struct Token {
    int kind;                   // T_NAME ... of the grammar
    uint32_t begin, end;        // bytes
    const char *doc;            // the `##` lines right above, or NULL
    int indent;                 // blanks before the first word of its line
    int line;                   // from 0
    int braces;                 // how many `{` are open around it
    bool fresh;                 // the first of its line
    bool said;                  // there is a message about it, others would only repeat that
    bool mended;                // a bracket was put in or taken out here
} Token;

typedef struct Tokens {
    Token *at;
    int count, capacity;
} Tokens;

typedef struct List {
    Ast *first, *last;
} List;

typedef struct Parse {
    Arena *arena;
    AtomTable *atoms;
    Diag *diag;
    const Source *source;
    Tokens tokens;              // what the parser reads; ends in T_END
    int at, found;              // the next one, the one that the parser looks at
    int faults;                 // errors reported here
    bool line_ends;             // a line end comes before the next one: a line went on by mistake,
    int resumed;                // and this word begins the line that it went on with
    bool brace_missed;          // there was one at all
    int missing_braces;         // `{` that were missed, so that their `}` are no second mistake
    Span dropped;               // a `}` that the layout took out, believing its `{` is missing
    const char *doc;            // `##` lines at the top of the file, a blank line below them
    bool stopped;               // gave up: too many errors, too deep, too large
    bool mute;                  // the last fault was not said
    Ast *file;
} Parse;

enum {
    depth_limit = 1000,         // of brackets, and of the tree: later passes recurse on it
    fault_limit = 50,           // errors in one file
    token_limit = 1000000,      // some 150,000 lines
};

// --- messages (parse.c) ---
Span token_span(const Parse *p, const Token *token);
void fault(Parse *p, Code code, Span at, const char *format, ...) LTC_PRINTF(4, 5);
void hint(Parse *p, const char *format, ...) LTC_PRINTF(2, 3);          // join the last fault,
void note(Parse *p, Span at, const char *format, ...) LTC_PRINTF(3, 4); // unless it was not said

// --- words (token.c) ---
bool tokens_scan(Parse *p, Tokens *words);              // false: no use to go on
void tokens_put(Parse *p, Tokens *tokens, Token token);
bool unit_named(const char *word, size_t length, Unit *unit, double *factor);
const char *token_spoken(int kind);                     // parser.y: "a name", "`{`"

// --- brackets and line ends (layout.c) ---
bool tokens_lay_out(Parse *p, Tokens *words);           // fills p->tokens

// --- literals (literal.c) ---
Ast *number_of(Parse *p, Span span);
Ast *string_of(Parse *p, Span span);
const char *string_text(Parse *p, Span span);           // quotes off, escapes undone

// --- the tree (build.c): what the actions of parser.y call ---
List none(void);
List one(Ast *node);
List more(List list, Ast *node);
Ast *leaf(Parse *p, AstKind kind, Span span);
Ast *node(Parse *p, AstKind kind, Span span, Ast *a, Ast *b, Ast *c, Ast *d);
Ast *named(Parse *p, AstKind kind, Span span, Span name, Ast *a, Ast *b, Ast *c, Ast *d);
Ast *operation(Parse *p, AstKind kind, Span span, const char *operator, Ast *a, Ast *b);
Ast *flagged(Ast *node, bool flag);
Ast *constant(Parse *p, Span span, Ast *parameter);
Ast *with_text(Parse *p, Ast *node, Span string);
Ast *use(Parse *p, Span span, Span string, Span alias);
Ast *block(Parse *p, Span span, List statements);
Ast *assign(Parse *p, Span span, List targets, List values);
Ast *update(Parse *p, Span span, const char *operator, List targets, Ast *value);
Ast *pipeline(Parse *p, Span span, Ast *left, Ast *right);
Ast *call(Parse *p, Span span, Ast *callee, List arguments);
Ast *parentheses(Parse *p, Span span, List arguments, bool comma);

// --- the parser (grammar/parser.y) and its complaints (complain.c, slips.c) ---
typedef struct Expected {
    const int *kinds;           // all tokens that could stand there
    int count;
} Expected;

void syntax_error(Parse *p, Span found, Expected expected);
