#include "value.h"

#include <lt/math.h>

#include <math.h>
#include <string.h>

Value value_poison = {.kind = V_POISON}, value_none = {.kind = V_NONE},
      value_true = {.kind = V_BOOL, .number = 1}, value_false = {.kind = V_BOOL},
      value_hole = {.kind = V_HOLE};

Value *new_value(Arena *arena, ValueKind kind)
{
    Value *value = arena_alloc(arena, sizeof *value);
    value->kind = kind;
    return value;
}

Value *value_bool(bool truth)
{
    return truth ? &value_true : &value_false;
}

Value *number_value(Arena *arena, double number, bool whole)
{
    Value *value = new_value(arena, V_NUMBER);
    value->number = number;
    value->whole = whole;
    return value;
}

Value *value_int(Arena *arena, int64_t number)
{
    return number_value(arena, (double)number, true);
}

Value *value_text(Arena *arena, const char *text)
{
    Value *value = new_value(arena, V_TEXT);
    value->text = text;
    return value;
}

// A host expression that folded to a number is a constant.
Value *value_host(Arena *arena, const HostExpr *host)
{
    if (host->op == HOST_NUMBER && host->type == HOST_BOOL)
        return value_bool(host->number != 0);
    if (host->op == HOST_NUMBER)
        return number_value(arena, host->number, host->type == HOST_INT);
    if (host->op == HOST_TEXT)
        return value_text(arena, host->text);
    Value *value = new_value(arena, V_HOST);
    value->host = host;
    return value;
}

Value *value_tensor(Arena *arena, Node *node)
{
    Value *value = new_value(arena, V_TENSOR);
    value->node = node;
    return value;
}

Value *value_leaf(Arena *arena, Variable *variable, Node *node)
{
    Value *value = new_value(arena, V_LEAF);
    value->leaf = arena_alloc(arena, sizeof *value->leaf);
    value->leaf->variable = variable;
    value->leaf->node = node;
    value->leaf->buffer = variable && variable->kind == VAR_BUFFER;
    return value;
}

Value *value_list(Arena *arena, ValueKind kind, Value **item, int count)
{
    Value *value = new_value(arena, kind);
    value->item = item;
    value->count = count;
    return value;
}

Value *value_dim(Arena *arena, Dim dim)
{
    if (dim.power == 0)
        return value_int(arena, dim.scale);
    return value_host(arena, host_rows(arena, dim));
}

bool value_is_whole(const Value *value)
{
    return value->kind == V_NUMBER && value->whole;
}

bool value_is_constant(const Value *value)
{
    switch (value->kind) {
    case V_HOST: case V_TENSOR: case V_LEAF: case V_POISON: return false;
    case V_LIST: case V_TUPLE: case V_RECORD:
        for (int i = 0; i < value->count; i++)
            if (!value_is_constant(value->item[i]))
                return false;
        return true;
    default: return true;
    }
}

bool value_dim_of(const Value *value, Dim *dim)
{
    if (value->kind == V_NUMBER && value->number == floor(value->number)
        && fabs(value->number) <= 1099511627776.0) {      // 2^40
        *dim = dim_of((int64_t)value->number);
        return true;
    }
    if (value->kind == V_HOST && value->host->op == HOST_ROWS
        && value->host->number == floor(value->host->number)) {
        *dim = (Dim){(int64_t)value->host->number, value->host->index};
        return true;
    }
    return false;
}

const char *value_kind_text(const Value *value)
{
    switch (value->kind) {
    case V_POISON: return "an error";
    case V_NONE: return "none";
    case V_BOOL: return "a truth value";
    case V_NUMBER: return value->whole ? "a whole number" : "a number";
    case V_TEXT: return "a string";
    case V_DURATION: return "a duration";
    case V_HOST: return "a number that is known between steps";
    case V_TENSOR: return "a tensor";
    case V_LEAF: return "a parameter";
    case V_LIST: return "a list";
    case V_TUPLE: return "a tuple";
    case V_RECORD: return "a record";
    case V_FUNCTION: case V_BUILTIN: case V_PARTIAL: return "a function";
    case V_FILL: return "a fill without a shape";
    case V_PART: return "a part";
    case V_DECLARATION: return "a declaration";
    case V_INSTANCE: return "an instance";
    case V_DATA: return "a data block";
    case V_BATCH: return "the batch of a data block";
    case V_NAMESPACE: return "a group of names";
    case V_DTYPE: return "an element type";
    case V_HOLE: return "`_`";
    case V_SOURCE: return "a data source";
    case V_WORDS: return "a text column";
    case V_WEIGHTS: return "weights of a file";
    case V_PICTURE: return "a picture for the log";
    case V_ARROW: return "a pair `a -> b`";
    }
    return "a value";
}

static const char *items_text(Arena *arena, const Value *value, const char *open, const char *close)
{
    const char *text = open;
    for (int i = 0; i < value->count && i < 8; i++)
        text = arena_format(arena, "%s%s%s", text, i ? ", " : "",
                            value_text_of(arena, value->item[i]));
    return arena_format(arena, "%s%s%s", text, value->count > 8 ? ", …" : "", close);
}

const char *value_text_of(Arena *arena, const Value *value)
{
    switch (value->kind) {
    case V_BOOL: return value->number ? "true" : "false";
    case V_NUMBER: return arena_format(arena, "%.15g", value->number);
    case V_TEXT: return arena_format(arena, "\"%s\"", value->text);
    case V_TENSOR:
        return arena_format(arena, "%s%s", dtype_name(value->node->dtype),
                            shape_text(arena, &value->node->shape));
    case V_LEAF:
        if (!value->leaf->variable)
            return arena_format(arena, "%s%s", dtype_name(value->leaf->node->dtype),
                                shape_text(arena, &value->leaf->node->shape));
        return arena_format(arena, "%s%s", dtype_name(value->leaf->variable->dtype),
                            shape_text(arena, &value->leaf->variable->shape));
    case V_LIST: return items_text(arena, value, "[", "]");
    case V_TUPLE: case V_RECORD: return items_text(arena, value, "(", ")");
    case V_HOST:
        if (value->host->op == HOST_ROWS)
            return dim_text(arena, (Dim){(int64_t)value->host->number, value->host->index});
        return value_kind_text(value);
    default: return value_kind_text(value);
    }
}

bool value_equal(const Value *a, const Value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case V_NONE: return true;
    case V_BOOL: case V_NUMBER: return a->number == b->number;
    case V_DURATION: return a->number == b->number && a->unit == b->unit;
    case V_TEXT: return strcmp(a->text, b->text) == 0;
    case V_LIST: case V_TUPLE: case V_RECORD:
        if (a->count != b->count)
            return false;
        for (int i = 0; i < a->count; i++)
            if (!value_equal(a->item[i], b->item[i]))
                return false;
        return true;
    default: return a->node == b->node;
    }
}

// ---- scopes -------------------------------------------------------------------------------------

Scope *scope_new(Arena *arena, Scope *parent)
{
    Scope *scope = arena_alloc(arena, sizeof *scope);
    scope->parent = parent;
    scope->last = &scope->first;
    return scope;
}

Binding *scope_here(const Scope *scope, const char *name)
{
    for (Binding *binding = scope->first; binding; binding = binding->next)
        if (binding->name == name)
            return binding;
    return NULL;
}

Binding *scope_find(const Scope *scope, const char *name)
{
    for (; scope; scope = scope->parent) {
        Binding *binding = scope_here(scope, name);
        if (binding)
            return binding;
    }
    return NULL;
}

Binding *scope_bind(Arena *arena, Scope *scope, const char *name, Value *value, BindingKind kind,
                    Span span)
{
    Binding *binding = scope_here(scope, name);
    if (!binding) {
        binding = arena_alloc(arena, sizeof *binding);
        binding->name = name;
        binding->host_state = -1;
        *scope->last = binding;
        scope->last = &binding->next;
    }
    binding->value = value;
    binding->one_path = false;
    binding->kind = kind;
    binding->span = span;
    return binding;
}

// ---- host numbers -------------------------------------------------------------------------------

const HostExpr *number_host(Arena *arena, double number, HostType type)
{
    HostExpr *host = arena_alloc(arena, sizeof *host);
    host->op = HOST_NUMBER;
    host->type = type;
    host->number = number;
    return host;
}

const HostExpr *host_leaf(Arena *arena, HostOp op, HostType type, int index, const char *text)
{
    HostExpr *host = arena_alloc(arena, sizeof *host);
    host->op = op;
    host->type = type;
    host->index = index;
    host->text = text;
    return host;
}

const HostExpr *host_rows(Arena *arena, Dim dim)
{
    HostExpr *host = arena_alloc(arena, sizeof *host);
    host->op = dim.power ? HOST_ROWS : HOST_NUMBER;
    host->type = HOST_INT;
    host->number = (double)dim.scale;
    host->index = dim.power;
    return host;
}

double host_fold(HostOp op, double a, double b)
{
    switch (op) {
    case HOST_ADD: return a + b;
    case HOST_SUB: return a - b;
    case HOST_MUL: return a * b;
    case HOST_DIV: return a / b;
    case HOST_FLOORDIV: return lt_floordiv_f64(a, b);
    case HOST_MOD: return lt_mod_f64(a, b);
    case HOST_POW: return lt_pow_f64(a, b);
    case HOST_NEG: return -a;
    case HOST_ABS: return fabs(a);
    case HOST_FLOOR: return floor(a);
    case HOST_CEIL: return ceil(a);
    case HOST_ROUND: return lt_round_f64(a);
    case HOST_SQRT: return sqrt(a);
    case HOST_EXP: return lt_exp_f64(a);
    case HOST_LOG: return lt_log_f64(a);
    case HOST_SIN: return lt_sin_f64(a);
    case HOST_COS: return lt_cos_f64(a);
    case HOST_TANH: return lt_tanh_f64(a);
    case HOST_MIN: return lt_min_f64(a, b);
    case HOST_MAX: return lt_max_f64(a, b);
    case HOST_SIGN: return lt_sign_f64(a);
    case HOST_IS_FINITE: return fabs(a) < INFINITY;
    case HOST_IS_NAN: return a != a;
    case HOST_EQ: return a == b;
    case HOST_NE: return a != b;
    case HOST_LT: return a < b;
    case HOST_LE: return a <= b;
    case HOST_AND: return a != 0 && b != 0;
    case HOST_OR: return a != 0 || b != 0;
    case HOST_NOT: return a == 0;
    default: bug("host_fold of %d", (int)op);
    }
}

static HostType result_type(HostOp op, const HostExpr *a, const HostExpr *b)
{
    switch (op) {
    case HOST_EQ: case HOST_NE: case HOST_LT: case HOST_LE: case HOST_AND: case HOST_OR:
    case HOST_NOT: case HOST_IS_FINITE: case HOST_IS_NAN: case HOST_SAME_TEXT: return HOST_BOOL;
    case HOST_FLOOR: case HOST_CEIL: case HOST_ROUND: case HOST_FLOORDIV: return HOST_INT;
    case HOST_ADD: case HOST_SUB: case HOST_MUL: case HOST_MOD: case HOST_MIN: case HOST_MAX:
    case HOST_NEG: case HOST_ABS:
        return a->type != HOST_FLOAT && (!b || b->type != HOST_FLOAT) ? HOST_INT : HOST_FLOAT;
    case HOST_POW: return a->type == HOST_INT && b->op == HOST_NUMBER && b->type == HOST_INT
                              && b->number >= 0 ? HOST_INT : HOST_FLOAT;
    default: return HOST_FLOAT;
    }
}

static bool is_rows(const HostExpr *e)
{
    return e->op == HOST_ROWS || (e->op == HOST_NUMBER && e->type == HOST_INT);
}

// Sizes stay sizes: c * B^k under products, exact quotients and sums of like terms.
static const HostExpr *fold_rows(Arena *arena, HostOp op, const HostExpr *a, const HostExpr *b)
{
    if (!b || !is_rows(a) || !is_rows(b) || (a->op == HOST_NUMBER && b->op == HOST_NUMBER))
        return NULL;
    int64_t x = (int64_t)a->number, y = (int64_t)b->number;
    int p = a->op == HOST_ROWS ? a->index : 0, q = b->op == HOST_ROWS ? b->index : 0;
    if (op == HOST_MUL)
        return x * y == 0 ? number_host(arena, 0, HOST_INT) : host_rows(arena, (Dim){x * y, p + q});
    if ((op == HOST_DIV || op == HOST_FLOORDIV) && p >= q && y && x % y == 0)
        return host_rows(arena, (Dim){x / y, p - q});
    if (op == HOST_ADD && p == q)
        return host_rows(arena, (Dim){x + y, p});
    if (op == HOST_SUB && p == q && x != y)
        return host_rows(arena, (Dim){x - y, p});
    if (op == HOST_MOD && p >= q && p > 0 && y && x % y == 0)
        return number_host(arena, 0, HOST_INT);
    return NULL;
}

static bool is_true(const HostExpr *e) { return e->op == HOST_NUMBER && e->number != 0; }
static bool is_false(const HostExpr *e) { return e->op == HOST_NUMBER && e->number == 0; }

const HostExpr *host_op(Arena *arena, HostOp op, const HostExpr *a, const HostExpr *b,
                        const HostExpr *c)
{
    if (op == HOST_SELECT && a->op == HOST_NUMBER)
        return a->number != 0 ? b : c;
    if (op == HOST_SAME_TEXT && a->op == HOST_TEXT && b->op == HOST_TEXT)
        return number_host(arena, strcmp(a->text, b->text) == 0, HOST_BOOL);
    if (op == HOST_AND && (is_false(a) || is_true(b)))
        return a;
    if (op == HOST_AND && (is_true(a) || is_false(b)))
        return b;
    if (op == HOST_OR && (is_true(a) || is_false(b)))
        return a;
    if (op == HOST_OR && (is_false(a) || is_true(b)))
        return b;
    const HostExpr *rows = fold_rows(arena, op, a, b);
    if (rows)
        return rows;

    HostExpr *host = arena_alloc(arena, sizeof *host);
    host->op = op;
    host->type = op == HOST_SELECT ? (b->type == c->type ? b->type : HOST_FLOAT)
                                   : result_type(op, a, b);
    host->a = a;
    host->b = b;
    host->c = c;
    if (op != HOST_SELECT && op != HOST_SAME_TEXT && a->op == HOST_NUMBER
        && (!b || b->op == HOST_NUMBER))
        return number_host(arena, host_fold(op, a->number, b ? b->number : 0), host->type);
    return host;
}

const HostExpr *host_of(Arena *arena, const Value *value)
{
    switch (value->kind) {
    case V_BOOL: return number_host(arena, value->number, HOST_BOOL);
    case V_NUMBER: return number_host(arena, value->number, value->whole ? HOST_INT : HOST_FLOAT);
    case V_TEXT: return host_leaf(arena, HOST_TEXT, HOST_STRING, 0, value->text);
    case V_HOST: return value->host;
    case V_DURATION: {
        const HostExpr *n = number_host(arena, value->number, HOST_FLOAT);
        if (value->unit != UNIT_EPOCHS)
            return n;
        return host_op(arena, HOST_MUL, n,
                       host_leaf(arena, HOST_RUN, HOST_FLOAT, 0, "steps_per_epoch"), NULL);
    }
    default: return NULL;
    }
}
