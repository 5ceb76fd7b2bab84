// c_expr: indexes, scalar expressions and bodies as C.
#include "c.h"

#include "../base/mutant.h"

#include <stdio.h>
#include <string.h>

typedef enum Level {                    // how tightly an expression binds
    LEVEL_CHOICE, LEVEL_ANY, LEVEL_BITS, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY,
    LEVEL_WHOLE,
} Level;

typedef struct Piece {
    const char *text;
    Level level;
} Piece;

#define FORMAT(c, ...) arena_format((c)->arena, __VA_ARGS__)

static Piece piece(Level level, const char *text)
{
    return (Piece){text, level};
}

static const char *at_least(C *c, Piece p, Level level)
{
    return p.level >= level ? p.text : FORMAT(c, "(%s)", p.text);
}

// ---- indexes ------------------------------------------------------------------------------------

static const char *dim_factor(C *c, Dim dim)    // as a product without parentheses
{
    const char *text = dim.scale == 1 && dim.power ? "" : FORMAT(c, "%lld", (long long)dim.scale);
    for (int i = 0; i < dim.power; i++)
        text = FORMAT(c, "%s%s%s", text, *text ? " * " : "", c_rows(c));
    return text;
}

const char *c_extent(C *c, Dim dim)
{
    return dim_factor(c, dim);
}

const char *c_dim(C *c, Dim dim)
{
    const char *text = dim_factor(c, dim);
    return dim.power && (dim.scale != 1 || dim.power > 1) ? FORMAT(c, "(%s)", text) : text;
}

static Piece index_piece(C *c, const Index *index);
static Piece expr_piece(C *c, const Expr *e);

static const char *quotient(C *c, const Atom *atom)
{
    const Piece of = index_piece(c, atom->of);
    const bool div = atom->kind == ATOM_DIV;
    if (index_at_least_zero(c->context, atom->of))
        return FORMAT(c, "%s %s %s", at_least(c, of, LEVEL_PRODUCT), div ? "/" : "%",
                      c_dim(c, atom->by));
    return FORMAT(c, "%slt_index_%s(%s, %s)", c->wide ? "" : "(int)", div ? "div" : "mod", of.text,
                  c_dim(c, atom->by));
}

static Piece atom_piece(C *c, const Atom *atom)
{
    if (atom->kind == ATOM_VAR)
        return piece(LEVEL_WHOLE, c_var(c, atom->var));
    if (atom->kind == ATOM_VALUE) {
        const Piece value = expr_piece(c, atom->value);
        const bool fits = c->wide || c->whole_values || atom->value->dtype != DT_I64;
        return fits ? value : piece(LEVEL_UNARY,
                                    FORMAT(c, "(int)%s", at_least(c, value, LEVEL_UNARY)));
    }
    return piece(LEVEL_PRODUCT, quotient(c, atom));
}

// A quotient times a number must not read as (a / b) * c without the eye seeing it: it is wrapped.
static Piece term_piece(C *c, const Term *term, Dim factor)
{
    const Piece atom = atom_piece(c, &term->atom);
    if (dim_is(factor, 1))
        return atom;
    return piece(LEVEL_PRODUCT, FORMAT(c, "%s * %s", at_least(c, atom, LEVEL_UNARY),
                                       dim_factor(c, factor)));
}

static void add_term(C *c, Piece *sum, int64_t sign, Piece term)
{
    if (!sum->text)
        *sum = sign > 0 ? term
                        : piece(LEVEL_UNARY, FORMAT(c, "-%s", at_least(c, term, LEVEL_UNARY)));
    else
        *sum = piece(LEVEL_SUM, FORMAT(c, "%s %c %s", at_least(c, *sum, LEVEL_SUM),
                                       sign > 0 ? '+' : '-', at_least(c, term, LEVEL_PRODUCT)));
}

static double weight(const Term *term)
{
    double value = (double)(term->factor.scale < 0 ? -term->factor.scale : term->factor.scale);
    for (int i = 0; i < term->factor.power; i++)
        value *= 64;
    return value;
}

// Terms of large strides first, as people write them; negative ones behind.
static Piece index_piece(C *c, const Index *index)
{
    Piece sum = {0};
    bool *done = arena_alloc(c->arena, (size_t)index->term_count + 1);
    for (int round = 0; round < index->term_count; round++) {
        int best = -1;
        for (int i = 0; i < index->term_count; i++) {
            if (done[i])
                continue;
            const bool negative = index->term[i].factor.scale < 0;
            const bool best_negative = best >= 0 && index->term[best].factor.scale < 0;
            if (best < 0 || (negative == best_negative
                                 ? weight(&index->term[i]) > weight(&index->term[best])
                                 : best_negative))
                best = i;
        }
        done[best] = true;
        Dim factor = index->term[best].factor;
        const int64_t sign = factor.scale < 0 ? -1 : 1;
        factor.scale *= sign;
        add_term(c, &sum, sign, term_piece(c, &index->term[best], factor));
    }
    for (int k = max_power - 1; k >= 0; k--) {
        const int64_t constant = index->constant[k];
        if (!constant)
            continue;
        const Dim size = {constant < 0 ? -constant : constant, k};
        add_term(c, &sum, constant, piece(k ? LEVEL_PRODUCT : LEVEL_WHOLE, dim_factor(c, size)));
    }
    return sum.text ? sum : piece(LEVEL_WHOLE, "0");
}

const char *c_index(C *c, const Index *index)
{
    return index_piece(c, index).text;
}

// ---- leaves -------------------------------------------------------------------------------------

static Piece load_piece(C *c, const Expr *e)
{
    const char *text = FORMAT(c, "%s[%s]", c_buffer(c, e->buffer), c_index(c, e->index));
    if (e->dtype == DT_F16 || e->dtype == DT_BF16)
        text = FORMAT(c, "lt_f32_from_%s(%s)", dtype_name(e->dtype), text);
    return piece(LEVEL_WHOLE, text);
}

static Piece number_piece(C *c, const Expr *e)
{
    const char *text = c_number(c->arena, e->dtype, e->number);
    return piece(text[0] == '-' ? LEVEL_UNARY : LEVEL_WHOLE, text);
}

static Piece index_value_piece(C *c, const Expr *e)
{
    const Piece index = index_piece(c, e->index);
    if (e->dtype == DT_I64 || (e->dtype == DT_I32 && !c->wide))
        return index;
    return piece(LEVEL_UNARY,
                 FORMAT(c, "(%s)%s", c_type(e->dtype), at_least(c, index, LEVEL_UNARY)));
}

static Piece random_piece(C *c, const Expr *e)
{
    const Piece index = index_piece(c, e->index);
    const char *counter = FORMAT(c, "(uint32_t)%s", at_least(c, index, LEVEL_UNARY));
    const char *key = c_key(c, e->site);
    if (e->extent.power)
        counter = FORMAT(c, "%s + %s", c_drawn(c, e->extent), counter);
    return piece(LEVEL_WHOLE, FORMAT(c, "lt_random_uniform_f32(%s, %s)", key, counter));
}

static Piece within_piece(C *c, const Expr *e)
{
    c->whole_values = true;             // an index that no int holds must not seem to be inside
    const Piece index = index_piece(c, e->index);
    c->whole_values = false;
    const char *text = at_least(c, index, LEVEL_SUM);
    const bool low = index_at_least_zero(c->context, e->index);
    if (index_below(c->context, e->index, e->extent))
        return piece(LEVEL_COMPARE, FORMAT(c, "%s >= 0", text));
    const char *below = FORMAT(c, "%s < %s", text, c_dim(c, e->extent));
    return low ? piece(LEVEL_COMPARE, below)
               : piece(LEVEL_ANY, FORMAT(c, "%s >= 0 && %s", text, below));
}

// ---- primitives ---------------------------------------------------------------------------------

static const char *const pattern[P_COUNT] = {
#define PRIM(id, name, class, arity, shape, derivative, cost, spelling) [P_##id] = spelling,
#include "../graph/prims.def"
#undef PRIM
};

#define PRIM(id, name, class, arity, shape, derivative, cost, spelling) \
    _Static_assert(sizeof spelling > 1, name " has no spelling");
#include "../graph/prims.def"
#undef PRIM

static const char *const integer_pattern[P_COUNT] = {
    [P_ADD] = "lt_add_@($0, $1)", [P_SUB] = "lt_sub_@($0, $1)", [P_MUL] = "lt_mul_@($0, $1)",
    [P_NEG] = "lt_neg_@($0)", [P_STOP] = "lt_hidden_@($0)",
};

static Level level_of(const char *text)
{
    if (strstr(text, " ? "))
        return LEVEL_CHOICE;
    if (strncmp(text, "lt_", 3) == 0)
        return LEVEL_WHOLE;
    if (strchr(text, '&') || strchr(text, '|'))
        return LEVEL_BITS;
    if (strchr(text, '<') || strchr(text, '='))
        return LEVEL_COMPARE;
    if (strchr(text, '*') || strchr(text, '/'))
        return LEVEL_PRODUCT;
    return strstr(text, " + ") || strstr(text, " - ") ? LEVEL_SUM : LEVEL_UNARY;
}

// How tightly an operand must bind; right operands of `-` and `/` more than left ones.
static Level level_for(Level level, int operand)
{
    switch (level) {
    case LEVEL_WHOLE: return LEVEL_CHOICE;
    case LEVEL_CHOICE: return operand ? LEVEL_BITS : LEVEL_COMPARE; // clang warns of a & b ? c : d
    case LEVEL_BITS: return LEVEL_UNARY;
    case LEVEL_COMPARE: return LEVEL_SUM;
    case LEVEL_SUM: return operand ? LEVEL_PRODUCT : LEVEL_SUM;
    case LEVEL_PRODUCT: return operand ? LEVEL_UNARY : LEVEL_PRODUCT;
    default: return LEVEL_WHOLE;
    }
}

static Piece fill_pattern(C *c, const char *text, Level level, const Piece *operand, DType type)
{
    Text out = text_new(c->arena);
    for (const char *at = text; *at; at++) {
        if (*at == '@') {
            text_add(&out, "%s", c_suffix(type));
        } else if (*at == '$') {
            const int i = *++at - '0';
            text_add(&out, "%s", at_least(c, operand[i], level_for(level, i)));
        } else {
            text_bytes(&out, at, 1);
        }
    }
    return piece(level, out.data);
}

static Piece cast_piece(C *c, const Expr *e, Piece x)
{
    const DType from = e->operand[0]->dtype, to = e->dtype;
    const bool float_from = dtype_kind(from) == KIND_FLOAT, float_to = dtype_kind(to) == KIND_FLOAT;
    if (to == DT_BOOL)
        return piece(LEVEL_COMPARE, FORMAT(c, "%s != 0", at_least(c, x, LEVEL_SUM)));
    const bool widens = from == DT_BOOL || dtype_bytes(to) > dtype_bytes(from);
    if (!float_to && float_from)
        return piece(LEVEL_WHOLE, FORMAT(c, "lt_%s_from_%s(%s)", dtype_name(to), c_suffix(from),
                                         x.text));
    if (!float_to && !widens && to != DT_I64 && !(to == from))
        return piece(LEVEL_WHOLE, FORMAT(c, "lt_%s_from_i64(%s)", dtype_name(to), x.text));
    return piece(LEVEL_UNARY, FORMAT(c, "(%s)%s", c_type(to), at_least(c, x, LEVEL_UNARY)));
}

static bool calls(const char *text)     // a function, not only parentheses
{
    for (const char *at = strchr(text, '('); at; at = strchr(at + 1, '('))
        if (at > text && (at[-1] == '_' || (at[-1] >= '0' && at[-1] <= 'z' && at[-1] != '[')))
            return true;
    return false;
}

static bool is_guard(const Expr *e)
{
    return e->kind == EXPR_WITHIN || e->kind == EXPR_DIVIDES ||
           (e->kind == EXPR_PRIM && e->prim == P_AND && is_guard(e->operand[0]) &&
            is_guard(e->operand[1]));
}

static Piece logical_piece(C *c, const Expr *e, const Piece *operand)
{
    const bool both = e->prim == P_AND;
    if (both && is_guard(e))
        return piece(LEVEL_ANY, FORMAT(c, "%s && %s", at_least(c, operand[0], LEVEL_ANY),
                                       at_least(c, operand[1], LEVEL_ANY)));
    if (calls(operand[0].text) || calls(operand[1].text))
        return piece(LEVEL_WHOLE, FORMAT(c, "lt_%s(%s, %s)", both ? "both" : "either",
                                         operand[0].text, operand[1].text));
    return fill_pattern(c, pattern[e->prim], LEVEL_BITS, operand, e->dtype);
}

// A compiler may know that an operand of few bits is never below a constant, and say so.
static Piece narrow_compare(C *c, const Expr *e, const Piece *operand)
{
    static const char *const sign[P_COUNT] = {
        [P_EQ] = "==", [P_NE] = "!=", [P_LT] = "<", [P_LE] = "<=",
    };
    return piece(LEVEL_COMPARE,
                 FORMAT(c, "%s - %s %s 0", at_least(c, operand[0], LEVEL_SUM),
                        at_least(c, operand[1], LEVEL_PRODUCT), sign[e->prim]));
}

static bool is_compare(Prim prim)
{
    return prim == P_EQ || prim == P_NE || prim == P_LT || prim == P_LE;
}

static Piece prim_spelled(C *c, const Expr *e)
{
    Piece operand[3];
    for (int i = 0; i < e->operand_count; i++)
        operand[i] = expr_piece(c, e->operand[i]);
    const DType from = e->operand[e->prim == P_SELECT]->dtype;
    const bool integer = dtype_kind(from) == KIND_INT;
    if (e->prim == P_CAST)
        return cast_piece(c, e, operand[0]);
    if (e->prim == P_AND || e->prim == P_OR)
        return logical_piece(c, e, operand);
    if (is_compare(e->prim) && dtype_kind(from) != KIND_FLOAT) {
        if (strcmp(operand[0].text, operand[1].text) == 0)
            return piece(LEVEL_WHOLE, e->prim == P_EQ || e->prim == P_LE ? "true" : "false");
        if (dtype_bytes(from) < 4)
            return narrow_compare(c, e, operand);
    }
    const char *text = pattern[e->prim];
    if (integer && integer_pattern[e->prim])
        text = integer_pattern[e->prim];
    if (MUTANT(spell_operands) && e->operand_count == 2)
        operand[1] = operand[0];
    return fill_pattern(c, text, e->prim == P_NOT ? LEVEL_UNARY : level_of(text), operand, from);
}

static Piece prim_piece(C *c, const Expr *e)
{
    const Piece p = prim_spelled(c, e);
    if (!MUTANT_ROW("spell", prim_name(e->prim)))
        return p;
    return piece(LEVEL_UNARY, FORMAT(c, e->dtype == DT_BOOL ? "!(%s)" : "-(%s)", p.text));
}

static Piece rounded(C *c, DType type, Piece p)
{
    if (type != DT_F16 && type != DT_BF16)
        return p;
    return piece(LEVEL_WHOLE, FORMAT(c, "lt_round_to_%s(%s)", dtype_name(type), p.text));
}

static Piece expr_piece(C *c, const Expr *e)
{
    switch (e->kind) {
    case EXPR_NUMBER: return number_piece(c, e);
    case EXPR_HOST: return piece(LEVEL_WHOLE, c_host(c, e->dtype, e->host));
    case EXPR_LOAD: return load_piece(c, e);
    case EXPR_INDEX: return index_value_piece(c, e);
    case EXPR_RANDOM: return random_piece(c, e);
    case EXPR_PRIM: return rounded(c, e->dtype, prim_piece(c, e));
    case EXPR_WITHIN: return within_piece(c, e);
    case EXPR_DIVIDES:
        return piece(LEVEL_COMPARE, FORMAT(c, "%s %% %s == 0",
                                           at_least(c, index_piece(c, e->index), LEVEL_UNARY),
                                           c_dim(c, e->extent)));
    case EXPR_CHOOSE: {
        const Piece operand[3] = {expr_piece(c, e->operand[0]), expr_piece(c, e->operand[1]),
                                  expr_piece(c, e->operand[2])};
        return piece(LEVEL_CHOICE, FORMAT(c, "%s ? %s : %s", at_least(c, operand[0], LEVEL_ANY),
                                          at_least(c, operand[1], LEVEL_ANY),
                                          at_least(c, operand[2], LEVEL_CHOICE)));
    }
    case EXPR_LOCAL: return piece(LEVEL_WHOLE, c_local(c, e->local));
    case EXPR_ACC: {
        const Piece acc = piece(LEVEL_WHOLE, c_acc(c, &c->stage->acc[e->acc]));
        return rounded(c, e->dtype, acc);
    }
    }
    bug("expression of kind %d", e->kind);
}

const char *c_operand(C *c, const Expr *e)
{
    return at_least(c, expr_piece(c, e), LEVEL_WHOLE);
}

const char *c_expr(C *c, const Expr *e)
{
    return expr_piece(c, e).text;
}

// ---- bodies -------------------------------------------------------------------------------------

void c_store(C *c, const Buffer *buffer, const Index *index, const Expr *value)
{
    const char *text = c_expr(c, value);
    if (buffer->dtype == DT_F16 || buffer->dtype == DT_BF16)
        text = FORMAT(c, "lt_%s_from_f32(%s)", dtype_name(buffer->dtype), text);
    c_written(c, buffer);
    c_line(c, "%s[%s] = %s;", c_buffer(c, buffer), c_index(c, index), text);
}

void c_body(C *c, const Body *body)
{
    for (int i = 0; i < body->count; i++) {
        const Item *item = &body->item[i];
        if (item->kind == ITEM_STORE) {
            c_store(c, item->buffer, item->index, item->value);
            continue;
        }
        const char *value = c_expr(c, item->value);
        c_line(c, "const %s %s = %s;", c_type(item->local->dtype), c_local(c, item->local), value);
    }
}
