#include "front.h"

#include "base/diag.h"
#include "syntax/ast.h"

#include <string.h>

enum { deepest = 1000 };

const bool front_takes_whole = false;
const char *front_folder;

typedef struct Check {
    const Source *source;
    const char *why;
} Check;

static bool inside(const Source *source, Span span)
{
    return span.source == source && span.begin <= span.end && span.end <= source->length;
}

static void check_message(void *context, Span at)
{
    Check *check = context;
    if (at.source && !inside(check->source, at))
        check->why = "a message lies outside of its file";
}

static void check_tree(Check *check, const Ast *list, int depth)
{
    if (depth > deepest + 1) {
        check->why = "the tree is deeper than its limit";
        return;
    }
    for (const Ast *node = list; node && !check->why; node = node->next) {
        if (!inside(check->source, node->span))
            check->why = "a node lies outside of its file";
        if (node->kind == AST_NAME && (!node->name || !*node->name))
            check->why = "a name has no letters";
        check_tree(check, node->a, depth + 1);
        check_tree(check, node->b, depth + 1);
        check_tree(check, node->c, depth + 1);
        check_tree(check, node->d, depth + 1);
    }
}

static void print_all(const Diag *diag, const Ast *tree)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        return;
    diag_print(diag, nowhere, true);
    ast_print(tree, nowhere);
}

bool front_holds(const char *text, size_t length, bool print, const char **why)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    Check check = {.source = source_new(arena, "fuzz.lt", text, length)};
    const Ast *tree = parse(arena, atom_table_new(arena), diag, check.source);
    if (!tree || tree->kind != AST_FILE)
        check.why = "there is no tree";
    diag_each(diag, check_message, &check);
    if (!check.why)
        check_tree(&check, tree, 0);
    if (!check.why && print)
        print_all(diag, tree);
    arena_free(arena);
    *why = check.why;
    return !check.why;
}

bool front_compiles(const char **why)
{
    *why = NULL;
    return true;
}

void front_summary(void) {}
