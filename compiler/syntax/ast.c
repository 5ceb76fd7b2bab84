#include "ast.h"

static const char *const kind_names[] = {
    [AST_FILE] = "a file",
    [AST_USE] = "a `use`",
    [AST_CONSTANT] = "a constant",
    [AST_FUNCTION] = "a function",
    [AST_DATA] = "a data block",
    [AST_MODEL] = "a model",
    [AST_LAYER] = "a layer",
    [AST_OPTIMIZER_KIND] = "an optimizer",
    [AST_SCHEDULE] = "a schedule",
    [AST_METRIC] = "a metric",
    [AST_CALLBACK] = "a callback",
    [AST_TRAINER] = "a trainer",
    [AST_PARAM] = "a param",
    [AST_BUFFER] = "a buffer",
    [AST_STATE] = "a state",
    [AST_OPTIMIZER] = "an `optimizer =`",
    [AST_BIND] = "a binding",
    [AST_METHOD] = "a method",
    [AST_ASSERT] = "an assertion",
    [AST_GROUP] = "a group",
    [AST_GROUP_FOR] = "a `for` over groups",
    [AST_PARAMETER] = "a parameter",
    [AST_TYPE] = "a type",
    [AST_TYPE_LIST] = "a list type",
    [AST_TYPE_TUPLE] = "a tuple type",
    [AST_TYPE_WORDS] = "a choice of words",
    [AST_TYPE_OPTIONAL] = "an optional type",
    [AST_TYPE_BOUND] = "a bounded type",
    [AST_BLOCK] = "a block",
    [AST_EXPRESSION] = "an expression",
    [AST_ASSIGN] = "an assignment",
    [AST_UPDATE] = "an update",
    [AST_LOG] = "a `log`",
    [AST_LOG_ITEM] = "a logged value",
    [AST_MINIMIZE] = "a `minimize`",
    [AST_YIELD] = "a `yield`",
    [AST_WHEN] = "a `when`",
    [AST_LAMBDA] = "a function",
    [AST_IF] = "an `if`",
    [AST_FOR] = "a `for`",
    [AST_SCAN] = "a `scan`",
    [AST_TARGETS] = "a list of names",
    [AST_PIPE] = "a pipeline",
    [AST_BINARY] = "an operation",
    [AST_UNARY] = "an operation",
    [AST_NUMBER] = "a number",
    [AST_STRING] = "a string",
    [AST_TRUE] = "`true`",
    [AST_FALSE] = "`false`",
    [AST_NONE] = "`none`",
    [AST_HOLE] = "`_`",
    [AST_NAME] = "a name",
    [AST_TUPLE] = "a tuple",
    [AST_RECORD] = "a record",
    [AST_LIST] = "a list",
    [AST_ARROW] = "a `->` pair",
    [AST_COMPREHENSION] = "a list",
    [AST_CLAUSE_FOR] = "a `for` clause",
    [AST_CLAUSE_IF] = "an `if` clause",
    [AST_FIELD] = "a member",
    [AST_CALL] = "a call",
    [AST_INDEX] = "an index",
    [AST_ARGUMENT] = "an argument",
    [AST_REST] = "`..`",
    [AST_SLICE] = "a slice",
    [AST_ERROR] = "a mistake",
};

Ast *ast_new(Arena *arena, AstKind kind, Span span)
{
    Ast *ast = arena_alloc(arena, sizeof *ast);
    ast->kind = kind;
    ast->span = span;
    return ast;
}

int ast_count(const Ast *list)
{
    int count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

const char *ast_kind_name(AstKind kind)
{
    return kind_names[kind];
}
