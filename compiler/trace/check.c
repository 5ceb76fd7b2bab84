// check: `check(c, "…")` of tensor code: a result that the host is told of, under a guard that is
// open only where trainer.detect_anomaly is set. What only results of this kind (pictures of a log
// are others) need moves under their guards.
#include "tracer.h"

#include <string.h>

// ---- the result ---------------------------------------------------------------------------------

static const HostExpr *anomaly_setting(Tracer *t)
{
    static const char *const rows[] = {
#define LT_TRAINER_SETTING(name, type, number, text, help) #name,
#include "../../runtime/include/lt/trainer.def"
#undef LT_TRAINER_SETTING
    };
    int row = 0;
    while (strcmp(rows[row], "detect_anomaly") != 0)
        row++;
    return host_leaf(t->arena, HOST_SETTING, HOST_BOOL, t->program->trainer_setting[row],
                     "trainer.detect_anomaly");
}

static bool is_picture(const Result *result)
{
    return result->kind == RESULT_HISTOGRAM || result->kind == RESULT_HEATMAP;
}

static bool is_seldom(const Result *result)
{
    return result->kind == RESULT_CHECK || is_picture(result);
}

// Checks of one branch share a guard, so that their code may share kernels; pictures too.
static const Guard *seldom_guard(Tracer *t, bool pictures)
{
    for (int i = 0; i < t->graph->result_count; i++) {
        const Result *result = &t->graph->result[i];
        if (is_seldom(result) && is_picture(result) == pictures
            && result->guard->outer == t->guard)
            return result->guard;
    }
    Guard *guard = arena_alloc(t->arena, sizeof *guard);
    guard->condition = pictures ? host_leaf(t->arena, HOST_RUN, HOST_BOOL, 0, "pictures")
                                : anomaly_setting(t);
    guard->outer = t->guard;
    guard->id = ++t->graph->guard_count;
    return guard;
}

const Guard *picture_guard(Tracer *t)
{
    return seldom_guard(t, true);
}

static int add_check(Tracer *t, const char *message, const Shape *shape, Span at)
{
    Program *p = t->program;
    p->check = arena_grow(t->arena, p->check, p->check_count, &p->check_capacity,
                          sizeof *p->check);
    p->check[p->check_count] = (StepCheck){message, span_where(t->arena, at), shape_size(shape)};
    return p->check_count++;
}

static bool has_place(Tracer *t, Span span)
{
    if (t->graph ? !t->making && !t->making_data && !t->fitting : t->host && t->host_tensors)
        return true;
    fail(t, E_CHECK_PLACE, span, "`check` looks at tensors of a step, and this is none");
    diag_hint(t->diag, "constants and numbers of a schedule are checked by `assert c, \"…\"`");
    return false;
}

Value *check_tensor(Tracer *t, Value *condition, const Value *message, Span span)
{
    if (message->kind != V_TEXT)
        return fail(t, E_WRONG_TYPE, span, "the second argument of `check` is its message, a "
                    "string, but this is %s", value_kind_text(message));
    if (!has_place(t, span))
        return &value_poison;
    open_tensors(t);
    Node *node = to_tensor(t, condition, DT_BOOL, span);
    if (!node)
        return &value_poison;
    if (node->dtype != DT_BOOL) {
        fail(t, E_DTYPE, span, "`check` takes truth values, but this is %s",
             dtype_name(node->dtype));
        diag_hint(t->diag, "compare first: check(x > 0, \"…\")");
        return &value_poison;
    }
    set_origin(t, span);
    const Guard *guard = seldom_guard(t, false);
    t->builder.origin.guard = guard;
    Node *failed = make_cast(&t->builder, DT_F64, make_unary(&t->builder, P_NOT, node));
    const uint32_t axes = (1u << node->shape.rank) - 1;
    failed = axes ? make_reduce(&t->builder, P_SUM, failed, axes) : failed;
    const int index = add_check(t, message->text, &node->shape, t->builder.origin.call);
    graph_result(t->graph, (Result){RESULT_CHECK, index, "check", failed, guard, span});
    set_origin(t, span);
    return &value_none;
}

// ---- what only checks need ----------------------------------------------------------------------

static const Guard *common_guard(const Guard *a, const Guard *b)
{
    while (!guard_covers(a, b))
        a = a->outer;
    return a;
}

typedef struct Use {
    bool live;                  // by more than checks and pictures
    bool checked;
    const Guard *guard;         // around all of these that use it
} Use;

static void note_use(Use *use, bool live, const Guard *guard)
{
    use->live |= live;
    use->guard = use->checked ? common_guard(use->guard, guard) : guard;
    use->checked = true;
}

void sink_checks(Tracer *t)
{
    Graph *graph = t->graph;
    Use *use = arena_alloc(t->arena, sizeof *use * (size_t)(graph->node_count + 1));
    memset(use, 0, sizeof *use * (size_t)graph->node_count);
    for (int i = 0; i < graph->write_count; i++)
        use[graph->write[i].value->id].live = true;
    bool any = false;
    for (int i = 0; i < graph->result_count; i++) {
        const Result *result = &graph->result[i];
        any |= is_seldom(result);
        note_use(&use[result->value->id], !is_seldom(result), result->guard);
    }
    for (int i = graph->node_count - 1; any && i >= 0; i--) {
        Node *node = graph->node[i];
        if (!use[i].live && !use[i].checked)
            continue;
        if (!use[i].live)
            node->guard = use[i].guard;
        for (int k = 0; k < node->input_count; k++)
            note_use(&use[node->input[k]->id], use[i].live, node->guard);
    }
}
