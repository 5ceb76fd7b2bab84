// print.c: the form that `-d` shows.
//
//   graph training_step  B 1..64
//   %0 = field 0 : f32 [B, 784]  x                                   digits.lt:12
//   %1 = variable hidden.weight : f32 [256, 784]
//   %2 = contract(%0, %1) batch 0 over 1 : f32 [B, 256]  h            digits.lt:19
//   write hidden.weight = %9
//   log train_loss = %7
#include "../base/text.h"
#include "../trace/program.h"
#include "graph.h"
#include <inttypes.h>

const char *dim_text(Arena *arena, Dim dim)
{
    if (dim.power == 0)
        return arena_format(arena, "%" PRId64, dim.scale);
    const char *power = dim.power == 1 ? "B" : arena_format(arena, "B^%d", dim.power);
    return dim.scale == 1 ? power : arena_format(arena, "%" PRId64 "*%s", dim.scale, power);
}

const char *shape_text(Arena *arena, const Shape *shape)
{
    Text text = text_new(arena);
    text_add(&text, "[");
    for (int i = 0; i < shape->rank; i++)
        text_add(&text, "%s%s", i ? ", " : "", dim_text(arena, shape->dim[i]));
    text_add(&text, "]");
    return text.data;
}

static void list_add(Text *text, const char *word, const int64_t *value, int count)
{
    text_add(text, " %s", word);
    for (int i = 0; i < count; i++)
        text_add(text, "%s%" PRId64, i ? "," : " ", value[i]);
}

static void axes_add(Text *text, const Node *node)
{
    text_add(text, " over");
    const char *between = " ";
    for (int i = 0; i < max_rank; i++)
        if (node->attr->axes >> i & 1) {
            text_add(text, "%s%d", between, i);
            between = ",";
        }
}

static void window_add(Text *text, const Window *window)
{
    list_add(text, "size", window->size, window->spatial);
    list_add(text, "stride", window->stride, window->spatial);
    list_add(text, "low", window->low, window->spatial);
    list_add(text, "high", window->high, window->spatial);
    list_add(text, "dilation", window->dilation, window->spatial);
    if (window->groups > 1)
        text_add(text, " groups %" PRId64, window->groups);
}

// ---- host numbers, as deep as a line holds ------------------------------------------------------

static const char *const host_word[] = {
    [HOST_SETTING] = "setting", [HOST_ROWS] = "rows", [HOST_METRIC] = "metric",
    [HOST_STATE] = "state", [HOST_LOCAL] = "local", [HOST_RATE] = "rate", [HOST_ADD] = "add",
    [HOST_SUB] = "sub", [HOST_MUL] = "mul", [HOST_DIV] = "div", [HOST_FLOORDIV] = "floordiv",
    [HOST_MOD] = "mod", [HOST_POW] = "pow", [HOST_NEG] = "neg", [HOST_ABS] = "abs",
    [HOST_FLOOR] = "floor", [HOST_CEIL] = "ceil", [HOST_ROUND] = "round", [HOST_SQRT] = "sqrt",
    [HOST_EXP] = "exp", [HOST_LOG] = "log", [HOST_SIN] = "sin", [HOST_COS] = "cos",
    [HOST_TANH] = "tanh", [HOST_MIN] = "min", [HOST_MAX] = "max", [HOST_SIGN] = "sign",
    [HOST_IS_FINITE] = "is_finite", [HOST_IS_NAN] = "is_nan", [HOST_EQ] = "eq", [HOST_NE] = "ne",
    [HOST_LT] = "lt", [HOST_LE] = "le", [HOST_AND] = "and", [HOST_OR] = "or", [HOST_NOT] = "not",
    [HOST_SELECT] = "select", [HOST_SAME_TEXT] = "same",
};

static void host_add(Text *text, const HostExpr *e, int depth)
{
    const HostExpr *const operands[] = {e->a, e->b, e->c};
    if (depth == 0)
        text_add(text, "…");
    else if (e->op == HOST_NUMBER)
        text_add(text, "%.9g", e->number);
    else if (e->op == HOST_TEXT || e->op == HOST_RUN)
        text_add(text, "%s", e->text);
    else if (e->op == HOST_ROWS)
        text_add(text, "%s", dim_text(text->arena, (Dim){(int64_t)e->number, e->index}));
    else if (e->op < HOST_RATE)
        text_add(text, "%s %d", host_word[e->op], e->index);
    else {
        text_add(text, "%s(", host_word[e->op]);
        for (int i = 0; i < 3 && operands[i]; i++) {
            text_add(text, "%s", i ? ", " : "");
            host_add(text, operands[i], depth - 1);
        }
        text_add(text, ")");
    }
}

// ---- nodes --------------------------------------------------------------------------------------

static void source_add(Text *text, const Node *node)
{
    const Attr *attr = node->attr;
    switch (node->prim) {
    case P_CONSTANT: text_add(text, " %.17g", attr->number); break;
    case P_HOST:
        text_add(text, " ");
        host_add(text, attr->host, 5);
        break;
    case P_VARIABLE: text_add(text, " %s", attr->variable->path); break;
    case P_FIELD: text_add(text, " %d", attr->index); break;
    case P_IOTA: text_add(text, " along %d", attr->axis); break;
    case P_RANDOM: text_add(text, " site %016" PRIx64, attr->site); break;
    default: break;
    }
}

static void move_add(Text *text, const Node *node)
{
    const Attr *attr = node->attr;
    const int rank = node->shape.rank;
    switch (node->prim) {
    case P_PERMUTE:
        for (int i = 0; i < rank; i++)
            text_add(text, "%s%d", i ? "," : " order ", attr->order[i]);
        break;
    case P_SLICE:
        list_add(text, "start", attr->start, rank);
        list_add(text, "step", attr->step, rank);
        break;
    case P_PAD:
        list_add(text, "low", attr->low, rank);
        list_add(text, "high", attr->high, rank);
        text_add(text, " with %.17g", attr->number);
        break;
    case P_CONCAT: text_add(text, " along %d", attr->axis); break;
    default: break;
    }
}

static void attr_add(Text *text, const Node *node)
{
    const Attr *attr = node->attr;
    switch (prim_class(node->prim)) {
    case CLASS_SOURCE: source_add(text, node); break;
    case CLASS_SCALAR: break;
    case CLASS_MOVE: move_add(text, node); break;
    case CLASS_REDUCE: axes_add(text, node); break;
    case CLASS_CONTRACT:
        if (node->prim == P_CONTRACT)
            text_add(text, " batch %d over %d", attr->batch, attr->contracted);
        else
            window_add(text, &attr->window);
        break;
    case CLASS_WINDOW: window_add(text, &attr->window); break;
    case CLASS_INDEX: text_add(text, " along %d batch %d", attr->axis, attr->batch); break;
    case CLASS_SCAN: text_add(text, " along %d%s", attr->axis, attr->reverse ? " reverse" : "");
        break;
    case CLASS_SORT:
        text_add(text, " along %d%s", attr->axis, attr->descending ? " descending" : "");
        break;
    }
}

static void node_print(const Graph *graph, const Node *node, FILE *out)
{
    Text text = text_new(graph->arena);
    text_add(&text, "%%%d = %s", node->id, prim_name(node->prim));
    for (int i = 0; i < node->input_count; i++)
        text_add(&text, "%s%%%d", i ? ", " : "(", node->input[i]->id);
    if (node->input_count)
        text_add(&text, ")");
    attr_add(&text, node);
    text_add(&text, " : %s %s", dtype_name(node->dtype), shape_text(graph->arena, &node->shape));
    if (node->guard)
        text_add(&text, "  if %d", node->guard->id);
    if (node->name)
        text_add(&text, "  %s", node->name);
    if (!node->span.source)
        fprintf(out, "%s%s\n", text.data, node->backward ? "  backward" : "");
    else
        fprintf(out, "%-68s  %s%s\n", text.data, node->backward ? "of " : "",
                span_where(graph->arena, node->span));
}

static const char *const result_word[] = {
    [RESULT_LOG] = "log", [RESULT_FIELD] = "field", [RESULT_PREDICT] = "predict",
    [RESULT_HISTOGRAM] = "histogram", [RESULT_STATE] = "state",
    [RESULT_CHECK] = "check", [RESULT_HEATMAP] = "heatmap",
};

static void guard_print(const Guard *guard, FILE *out)
{
    if (guard)
        fprintf(out, "  if %d", guard->id);
    fprintf(out, "\n");
}

void graph_print(const Graph *graph, FILE *out)
{
    fprintf(out, "graph %s", graph->name);
    if (graph->bound)
        fprintf(out, "  B %" PRId64 "..%" PRId64, graph->least, graph->bound);
    fprintf(out, "\n");
    for (int i = 0; i < graph->node_count; i++)
        node_print(graph, graph->node[i], out);
    for (int i = 0; i < graph->write_count; i++) {
        const Write *write = &graph->write[i];
        fprintf(out, "write %s = %%%d", write->variable->path, write->value->id);
        guard_print(write->guard, out);
    }
    for (int i = 0; i < graph->result_count; i++) {
        const Result *result = &graph->result[i];
        fprintf(out, "%s %s = %%%d", result_word[result->kind],
                result->name ? result->name : arena_format(graph->arena, "%d", result->index),
                result->value->id);
        guard_print(result->guard, out);
    }
}
