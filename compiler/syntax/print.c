// print.c: a tree as text: heads and children in parentheses, declarations, members and
// statements on lines of their own. Optional children have labels.
#include "ast.h"

#include <stdlib.h>
#include <string.h>

typedef struct Form {
    const char *head;           // NULL: the operator, which is the name
    const char *labels[4];      // before a, b, c, d; NULL: none
} Form;

static const Form forms[] = {
    [AST_FILE] = {"file", {0}},
    [AST_USE] = {"use", {0}},
    [AST_CONSTANT] = {"constant", {0}},
    [AST_FUNCTION] = {"fn", {0, "->", 0}},
    [AST_DATA] = {"data", {0}},
    [AST_MODEL] = {"model", {0}},
    [AST_LAYER] = {"layer", {0}},
    [AST_OPTIMIZER_KIND] = {"optimizer", {0}},
    [AST_SCHEDULE] = {"schedule", {0}},
    [AST_METRIC] = {"metric", {0}},
    [AST_CALLBACK] = {"callback", {0}},
    [AST_TRAINER] = {"trainer", {0}},
    [AST_PARAM] = {"param", {0, "="}},
    [AST_BUFFER] = {"buffer", {0, "="}},
    [AST_STATE] = {"state", {":", "="}},
    [AST_OPTIMIZER] = {"optimize", {0, "over", "groups"}},
    [AST_BIND] = {"bind", {0, "="}},
    [AST_METHOD] = {"method", {0, "->", 0}},
    [AST_ASSERT] = {"assert", {0}},
    [AST_GROUP] = {"group", {0}},
    [AST_GROUP_FOR] = {"group-for", {0, "in", 0}},
    [AST_PARAMETER] = {"parameter", {":", "="}},
    [AST_TYPE] = {"type", {0}},
    [AST_TYPE_LIST] = {"type-list", {0}},
    [AST_TYPE_TUPLE] = {"type-tuple", {0}},
    [AST_TYPE_WORDS] = {"type-words", {0}},
    [AST_TYPE_OPTIONAL] = {"type-optional", {0}},
    [AST_TYPE_BOUND] = {"type-bound", {0}},
    [AST_BLOCK] = {"block", {0}},
    [AST_EXPRESSION] = {"value", {0}},
    [AST_ASSIGN] = {"assign", {0, "="}},
    [AST_UPDATE] = {NULL, {0}},
    [AST_LOG] = {"log", {0, "options"}},
    [AST_LOG_ITEM] = {"item", {"=", "name"}},
    [AST_MINIMIZE] = {"minimize", {0, "over"}},
    [AST_YIELD] = {"yield", {0}},
    [AST_WHEN] = {"when", {0, 0, "else"}},
    [AST_LAMBDA] = {"lambda", {0, "->", 0}},
    [AST_IF] = {"if", {0, 0, "else"}},
    [AST_FOR] = {"for", {0, "in", 0}},
    [AST_SCAN] = {"scan", {0, "in", 0, "until"}},
    [AST_TARGETS] = {"targets", {0}},
    [AST_PIPE] = {"|>", {0}},
    [AST_BINARY] = {NULL, {0}},
    [AST_UNARY] = {NULL, {0}},
    [AST_TUPLE] = {"tuple", {0}},
    [AST_RECORD] = {"record", {0}},
    [AST_LIST] = {"list", {0}},
    [AST_ARROW] = {"->", {0}},
    [AST_COMPREHENSION] = {"all", {0}},
    [AST_CLAUSE_FOR] = {"for", {0, "in"}},
    [AST_CLAUSE_IF] = {"if", {0}},
    [AST_FIELD] = {"field", {0}},
    [AST_CALL] = {"call", {0}},
    [AST_INDEX] = {"index", {0}},
    [AST_ARGUMENT] = {"argument", {"="}},
    [AST_SLICE] = {"slice", {"from", "to", "step"}},
};

static const char *const unit_names[] = {
    "", "%", " steps", " epochs", " batches", " seconds", " minutes", " hours", " days", " bytes",
};

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

// In the fewest of 15 and 17 digits that give it back; a dot or an exponent tells fractions.
static void print_number(const Ast *node, FILE *out)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.15g", node->number);
    if (strtod(digits, NULL) != node->number)
        snprintf(digits, sizeof digits, "%.17g", node->number);
    bool bare = digits[strcspn(digits, ".e")] == 0;
    fprintf(out, "%s%s%s", digits, bare && !node->whole ? ".0" : "", unit_names[node->unit]);
}

// Nodes that are a single word; false for all others.
static bool print_word(const Ast *node, FILE *out)
{
    switch (node->kind) {
    case AST_NAME:   fputs(node->name, out); return true;
    case AST_NUMBER: print_number(node, out); return true;
    case AST_STRING: print_quoted(node->text, out); return true;
    case AST_TRUE:   fputs("true", out); return true;
    case AST_FALSE:  fputs("false", out); return true;
    case AST_NONE:   fputs("none", out); return true;
    case AST_HOLE:   fputc('_', out); return true;
    case AST_REST:   fputs("..", out); return true;
    case AST_ERROR:  fputs("(error)", out); return true;
    default:         return false;
    }
}

static bool has_own_line(const Ast *node)
{
    return node->kind <= AST_PARAMETER || (node->kind >= AST_BLOCK && node->kind <= AST_YIELD
                                           && node->kind != AST_LOG_ITEM);
}

static void print_node(const Ast *node, int indent, FILE *out)
{
    if (print_word(node, out))
        return;
    if (node->kind == AST_ARGUMENT && !node->name) {
        print_node(node->a, indent, out);
        return;
    }
    const Form *form = &forms[node->kind];
    const Ast *children[] = {node->a, node->b, node->c, node->d};
    fprintf(out, "(%s", form->head ? form->head : node->name);
    if (form->head && node->name)
        fprintf(out, " %s", node->name);
    if (node->flag)
        fprintf(out, node->kind == AST_PARAMETER ? " const" : node->kind == AST_METHOD ? " hook"
                                                                                       : " []");
    if (node->text) {
        fputc(' ', out);
        print_quoted(node->text, out);
    }
    if (node->doc) {
        fputs(" ## ", out);
        print_quoted(node->doc, out);
    }
    for (int i = 0; i < 4; i++) {
        if (children[i] && form->labels[i])
            fprintf(out, " %s", form->labels[i]);
        for (const Ast *child = children[i]; child; child = child->next) {
            bool line = has_own_line(child);
            if (line)
                fprintf(out, "\n%*s", 2 * indent + 2, "");
            else
                fputc(' ', out);
            print_node(child, indent + line, out);
        }
    }
    fputc(')', out);
}

void ast_print(const Ast *tree, FILE *out)
{
    print_node(tree, 0, out);
    fputc('\n', out);
}
