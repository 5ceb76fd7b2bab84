// c_special: sorts, scatters and the spreading of a window's gradient as C.
#include "c.h"

static void loops_open(C *c, const Loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        c_loop(c, &loop[i]);
}

static void loops_close(C *c, int count)
{
    for (int i = 0; i < count; i++)
        c_close(c);
}

// ---- sorts --------------------------------------------------------------------------------------

static void print_sort(C *c, const Special *s)
{
    const DType key = s->keys->dtype;
    const char *keys = c_unique(c, "key"), *order;
    const bool floats = dtype_kind(key) == KIND_FLOAT;
    const char *count = s->along_count ? c_dim(c, s->along[0].var->extent) : "1";
    const char *at = c_index(c, s->zero);
    const char *all = c_buffer(c, s->keys);
    c_written(c, s->keys);
    c_keep(c, keys);
    c_line(c, "%s *%s = %s + %s;", c_stored(key), keys, all, at);
    c_written(c, s->order);
    order = c_unique(c, "sorted");
    c_keep(c, order);
    c_line(c, "int32_t *%s = %s + %s;", order, c_buffer(c, s->order), at);
    loops_open(c, s->along, s->along_count);
    c_line(c, "%s[%s] = %s;", keys, s->along_count ? c_var(c, s->along[0].var) : "0",
           c_expr(c, s->key));
    loops_close(c, s->along_count);
    c_written(c, s->scratch);
    c_line(c, "lt_argsort_%s(%s, %s, %s + %s, %s, %s);",
           floats ? c_suffix(key) : "i64", keys, order, c_buffer(c, s->scratch), at, count,
           s->node->attr->descending ? "true" : "false");
    c_written(c, s->result);
    loops_open(c, s->along, s->along_count);
    c_line(c, "%s[%s] = %s[%s];", c_buffer(c, s->result), c_index(c, s->at), order,
           s->along_count ? c_var(c, s->along[0].var) : "0");
    loops_close(c, s->along_count);
}

// ---- scatters -----------------------------------------------------------------------------------

static const char *stored(C *c, DType type, const char *value)
{
    return type == DT_F16 || type == DT_BF16
               ? arena_format(c->arena, "lt_%s_from_f32(%s)", dtype_name(type), value)
               : value;
}

static void print_add(C *c, const Special *s)
{
    const DType type = s->result->dtype;
    const char *to = arena_format(c->arena, "%s[%s]", c_buffer(c, s->result), c_index(c, s->at));
    const char *update = c_expr(c, s->update);
    if (s->node->prim == P_SCATTER_SET)
        c_line(c, "%s = %s;", to, stored(c, type, update));
    else if (type == DT_F16 || type == DT_BF16)
        c_line(c, "%s = lt_%s_from_f32(lt_f32_from_%s(%s) + %s);", to, dtype_name(type),
               dtype_name(type), to, update);
    else if (dtype_kind(type) == KIND_FLOAT)
        c_line(c, "%s += %s;", to, update);
    else
        c_line(c, "%s = lt_add_%s(%s, %s);", to, c_suffix(type), to, update);
}

static void print_start(C *c, const Special *s)
{
    c_written(c, s->result);
    c_line(c, "%s[%s] = %s;", c_buffer(c, s->result), c_index(c, s->zero),
           stored(c, s->result->dtype, c_expr(c, s->start)));
}

// Each part owns a share of the axis, so any thread may run it, and sums keep the updates' order.
static void print_parts(C *c, const Special *s)
{
    const char *extent = c_dim(c, s->along[0].var->extent);
    const char *part = c_unique(c, "part");
    c_share(c, "");
    c_open(c, "for (int %s = 0; %s < %d; %s++)", part, part, s->parts, part);
    c_keep(c, part);
    const char *low = c_unique(c, "low"), *high = c_unique(c, "high");
    c_keep(c, low);
    c_keep(c, high);
    c_line(c, "const %s %s = (%s)((int64_t)%s * %s / %d);", c_integer(c), low, c_integer(c), extent,
           part, s->parts);
    c_line(c, "const %s %s = (%s)((int64_t)%s * (%s + 1) / %d);", c_integer(c), high, c_integer(c),
           extent, part, s->parts);
    const int depth = c->depth++;
    const char *along = c_var(c, s->along[0].var);
    c->depth = depth;
    c_open(c, "for (%s %s = %s; %s < %s; %s++)", c_integer(c), along, low, along, high, along);
    loops_open(c, s->rest, s->rest_count);
    print_start(c, s);
    loops_close(c, s->rest_count + 1);
    loops_open(c, s->place, s->place_count);
    const char *which = c_index(c, s->which);
    c_open(c, "if (%s >= %s && %s < %s)", which, low, which, high);
    loops_open(c, s->rest, s->rest_count);
    print_add(c, s);
    loops_close(c, s->rest_count + 1 + s->place_count + 1);
}

static void print_scatter(C *c, const Special *s)
{
    double always;
    if (s->parts > 1) {
        print_parts(c, s);
        return;
    }
    loops_open(c, s->along, s->along_count);
    loops_open(c, s->rest, s->rest_count);
    print_start(c, s);
    loops_close(c, s->rest_count + s->along_count);
    loops_open(c, s->place, s->place_count);
    const bool guarded = !expr_is_number(s->inside, &always);
    if (guarded)
        c_open(c, "if (%s)", c_expr(c, s->inside));
    else if (!always)
        c_open(c, "if (false)");
    loops_open(c, s->rest, s->rest_count);
    print_add(c, s);
    loops_close(c, s->rest_count + (guarded || !always) + s->place_count);
}

// ---- the gradient of a window's maximum ---------------------------------------------------------

static void print_spread(C *c, const Special *s)
{
    loops_open(c, s->along, s->along_count);
    print_start(c, s);
    loops_close(c, s->along_count);
    loops_open(c, s->place, s->place_count);
    if (!s->place_count)
        c_block(c);
    const char *best = c_unique(c, "best"), *at;
    c_keep(c, best);
    at = c_unique(c, "at");
    c_keep(c, at);
    c_line(c, "%s %s = 0;", c_type(s->key->dtype), best);
    c_line(c, "%s %s = -1;", c_integer(c), at);
    loops_open(c, s->rest, s->rest_count);
    double always;
    const char *key = c_expr(c, s->key);
    const char *first = arena_format(c->arena, "(%s < 0 || %s > %s)", at, c_operand(c, s->key),
                                     best);
    if (expr_is_number(s->inside, &always))
        c_open(c, "if (%s)", always ? first : "false");
    else
        c_open(c, "if (%s && %s)", c_expr(c, s->inside), first);
    c_line(c, "%s = %s;", best, key);
    c_line(c, "%s = %s;", at, c_index(c, s->at));
    loops_close(c, s->rest_count + 1);
    c_open(c, "if (%s >= 0)", at);
    const char *update = c_expr(c, s->update), *result = c_buffer(c, s->result);
    if (s->result->dtype == DT_F16 || s->result->dtype == DT_BF16)
        c_line(c, "%s[%s] = lt_%s_from_f32(lt_f32_from_%s(%s[%s]) + %s);", result, at,
               dtype_name(s->result->dtype), dtype_name(s->result->dtype), result, at, update);
    else
        c_line(c, "%s[%s] += %s;", result, at, update);
    loops_close(c, 1 + s->place_count + !s->place_count);
}

void c_special(C *c, const Stage *stage)
{
    switch (stage->kind) {
    case STAGE_SORT: print_sort(c, stage->special); return;
    case STAGE_SCATTER: print_scatter(c, stage->special); return;
    default: print_spread(c, stage->special); return;
    }
}
