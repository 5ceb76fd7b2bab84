// build.c: what the actions of grammar/parser.y make, and what they check while they can.
#include "parse.h"

#include <string.h>

// --- lists ---

List none(void)
{
    return (List){0};
}

List one(Ast *node)
{
    return (List){node, node};
}

List more(List list, Ast *node)
{
    if (!list.first)
        return one(node);
    list.last->next = node;
    return (List){list.first, node};
}

// --- nodes ---

// Comments are kept with words; the first word of a construct has the construct's comment.
static const char *doc_at(const Parse *p, uint32_t begin)
{
    int low = 0, high = p->tokens.count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (p->tokens.at[middle].begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->tokens.count && p->tokens.at[low].begin == begin; low++)
        if (p->tokens.at[low].doc)
            return p->tokens.at[low].doc;
    return NULL;
}

static int height_of(const Ast *list)
{
    int height = 0;
    for (; list; list = list->next)
        height = list->height > height ? list->height : height;
    return height;
}

static int higher(int a, int b)
{
    return a > b ? a : b;
}

static void check_height(Parse *p, const Ast *node)
{
    if (node->height <= depth_limit || p->stopped)
        return;
    fault(p, E_DEPTH, node->span, "this is nested more than %d deep", depth_limit);
    p->stopped = true;
}

Ast *leaf(Parse *p, AstKind kind, Span span)
{
    Ast *made = ast_new(p->arena, kind, span);
    made->height = 1;
    return made;
}

Ast *node(Parse *p, AstKind kind, Span span, Ast *a, Ast *b, Ast *c, Ast *d)
{
    Ast *made = ast_new(p->arena, kind, span);
    made->a = a;
    made->b = b;
    made->c = c;
    made->d = d;
    made->height = 1 + higher(higher(height_of(a), height_of(b)),
                              higher(height_of(c), height_of(d)));
    check_height(p, made);
    if (kind == AST_FILE)
        made->doc = p->doc;
    else if (kind <= AST_PARAMETER)
        made->doc = doc_at(p, span.begin);
    return made;
}

static const char *atom_at(Parse *p, Span span)
{
    return atom_of(p->atoms, p->source->text + span.begin, span.end - span.begin);
}

Ast *named(Parse *p, AstKind kind, Span span, Span name, Ast *a, Ast *b, Ast *c, Ast *d)
{
    Ast *made = node(p, kind, span, a, b, c, d);
    made->name = atom_at(p, name);
    made->name_span = name;
    return made;
}

Ast *operation(Parse *p, AstKind kind, Span span, const char *operator, Ast *a, Ast *b)
{
    Ast *made = node(p, kind, span, a, b, NULL, NULL);
    made->name = atom(p->atoms, operator);
    return made;
}

Ast *flagged(Ast *node, bool flag)
{
    node->flag = flag;
    return node;
}

Ast *constant(Parse *p, Span span, Ast *parameter)
{
    parameter->span = span;
    parameter->doc = doc_at(p, span.begin);
    return flagged(parameter, true);
}

Ast *with_text(Parse *p, Ast *node, Span string)
{
    node->text = string_text(p, string);
    return node;
}

Ast *use(Parse *p, Span span, Span string, Span alias)
{
    Ast *made = alias.source ? named(p, AST_USE, span, alias, NULL, NULL, NULL, NULL)
                             : node(p, AST_USE, span, NULL, NULL, NULL, NULL);
    return with_text(p, made, string);
}

// --- statements ---

static bool is_comparison(const Ast *value)
{
    return value->kind == AST_BINARY && strcmp(value->name, "==") == 0;
}

// A value that nobody reads, where the line looks like another kind of slip.
static void check_unused(Parse *p, const Ast *value)
{
    if (value->kind == AST_UNARY && value->name[0] == '-') {
        fault(p, E_LINE_START, value->span, "the value of this line is not used");
        hint(p, "to go on with the line above, end that one with `-`");
    } else if (is_comparison(value)) {
        fault(p, E_EQUALS, value->span, "this compares, and the result is not used");
        hint(p, "a name is bound with a single `=`");
    }
}

Ast *block(Parse *p, Span span, List statements)
{
    for (const Ast *line = statements.first; line && line->next; line = line->next)
        if (line->kind == AST_EXPRESSION && !line->a->next)
            check_unused(p, line->a);
    return node(p, AST_BLOCK, span, statements.first, NULL, NULL, NULL);
}

static void check_target(Parse *p, const Ast *target)
{
    switch (target->kind) {
    case AST_NAME: case AST_HOLE: case AST_FIELD:
        return;
    case AST_INDEX:
        fault(p, E_TARGET, target->span, "an element cannot be assigned: tensors never change");
        hint(p, "make a new version: `x = put(x, value, at = index)`");
        return;
    case AST_CALL:
        fault(p, E_TARGET, target->span, "a call cannot stand left of `=`");
        hint(p, "a function is defined with `fn f(x) = ...`");
        return;
    case AST_TUPLE:
        fault(p, E_TARGET, target->span,
              "several names are bound without parentheses: `a, b = ...`");
        return;
    default:
        fault(p, E_TARGET, target->span, "%s cannot stand left of `=`",
              ast_kind_name(target->kind));
    }
}

Ast *assign(Parse *p, Span span, List targets, List values)
{
    for (const Ast *target = targets.first; target; target = target->next)
        check_target(p, target);
    return node(p, AST_ASSIGN, span, targets.first, values.first, NULL, NULL);
}

Ast *update(Parse *p, Span span, const char *operator, List targets, Ast *value)
{
    check_target(p, targets.first);
    if (targets.first != targets.last || targets.first->kind == AST_HOLE)
        fault(p, E_TARGET, targets.last->span, "`%s` changes one name at a time", operator);
    targets.first->next = NULL;
    return operation(p, AST_UPDATE, span, operator, targets.first, value);
}

// --- expressions ---

Ast *pipeline(Parse *p, Span span, Ast *left, Ast *right)
{
    switch (right->kind) {
    case AST_NUMBER: case AST_STRING: case AST_TRUE: case AST_FALSE: case AST_NONE: case AST_HOLE:
    case AST_TUPLE: case AST_RECORD:
        fault(p, E_PIPE, right->span, "%s cannot be applied: right of `|>` stands a name or a call",
              ast_kind_name(right->kind));
        break;
    default:
        break;
    }
    return node(p, AST_PIPE, span, left, right, NULL, NULL);
}

Ast *call(Parse *p, Span span, Ast *callee, List arguments)
{
    const Ast *first_named = NULL;
    for (const Ast *argument = arguments.first; argument; argument = argument->next) {
        if (argument->name && !first_named)
            first_named = argument;
        if (!argument->name && first_named) {
            fault(p, E_ARGUMENTS, argument->span, "an argument without a name stands behind `%s =`",
                  first_named->name);
            hint(p, "arguments without names come first");
            break;
        }
    }
    return node(p, AST_CALL, span, callee, arguments.first, NULL, NULL);
}

static Ast *tuple(Parse *p, Span span, Ast *arguments)
{
    List items = none();
    for (Ast *argument = arguments; argument; argument = argument->next)
        items = more(items, argument->a);
    return node(p, AST_TUPLE, span, items.first, NULL, NULL, NULL);
}

Ast *parentheses(Parse *p, Span span, List arguments, bool comma)
{
    const Ast *odd = arguments.first;
    while (odd && !odd->name == !arguments.first->name)
        odd = odd->next;
    if (odd) {
        fault(p, E_RECORD, odd->span, "either every item in these parentheses has a name or none");
        return node(p, AST_RECORD, span, arguments.first, NULL, NULL, NULL);
    }
    if (arguments.first->name)
        return node(p, AST_RECORD, span, arguments.first, NULL, NULL, NULL);
    if (arguments.first == arguments.last && !comma)
        return arguments.first->a;
    return tuple(p, span, arguments.first);
}
