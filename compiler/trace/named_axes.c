// named_axes: rearrange(x, "b (h p) -> b h p", p = 4), and the strings that name axes.
//
// A rearrangement is one reshape, one permutation, one repetition and one reshape, each left out
// where it changes nothing.
#include "named_axes.h"

#include <string.h>

// ---- the string ---------------------------------------------------------------------------------

Span spot(const Notation *n, size_t begin, size_t end)
{
    if (!n->span.source)
        return n->span;
    const char *source = n->span.source->text;
    size_t length = strlen(n->text);
    for (uint32_t at = n->span.begin; at + length + 1 < n->span.end; at++)
        if (source[at] == '"' && memcmp(source + at + 1, n->text, length) == 0)
            return (Span){n->span.source, at + 1 + (uint32_t)begin, at + 1 + (uint32_t)end};
    return n->span;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Length of the word at `at`: a name, `1`, `..` or `...`; 0: none.
static size_t word_length(const char *at)
{
    size_t n = 0;
    if (is_letter(*at)) {
        while (is_letter(at[n]) || is_digit(at[n]))
            n++;
        return n;
    }
    if (at[0] == '1' && !is_digit(at[1]) && !is_letter(at[1]))
        return 1;
    return strncmp(at, "...", 3) == 0 ? 3 : strncmp(at, "..", 2) == 0 ? 2 : 0;
}

static bool malformed(const Notation *n, size_t at)
{
    Tracer *t = n->t;
    if (is_digit(n->text[at])) {
        fail(t, E_AXES_FORM, spot(n, at, at + 1), "of numbers only `1` names an axis here");
        diag_hint(t->diag, "give the axis a name and its size as an argument: h = 4");
        return false;
    }
    fail(t, E_AXES_FORM, spot(n, at, at + 1), "`%.1s` cannot stand among the names of axes",
         n->text + at);
    diag_hint(t->diag, "names apart by blanks, ( ), 1, .. and one ->");
    return false;
}

static bool add_axis(const Notation *n, Axes *axes, size_t at, size_t length, bool inside)
{
    Tracer *t = n->t;
    size_t kept = n->text[at] == '.' ? 2 : length;      // `...` is `..`
    const char *name = atom_of(t->atoms, n->text + at, kept);
    if (axes->count == most_names) {
        fail(t, E_RANK, spot(n, at, at + length), "too many axes");
        return false;
    }
    if (*name == '.') {
        if (axes->rest >= 0) {
            fail(t, E_AXES_NAME, spot(n, at, at + length), "`..` can stand once a side");
            return false;
        }
        axes->rest = axes->count;
    }
    axes->axis[axes->count++] = (AxisName){name, at, at + length, axes->groups, inside};
    return true;
}

bool notation_axes(const Notation *n, size_t begin, size_t end, bool groups, Axes *axes)
{
    *axes = (Axes){.rest = -1, .begin = begin, .end = end};
    const char *text = n->text;
    size_t open = end;                  // place of the `(` that is open
    for (size_t at = begin; at < end;) {
        if (text[at] == ' ' || text[at] == '\t') {
            at++;
        } else if (text[at] == '(' && groups && open == end) {
            open = at++;
        } else if (text[at] == ')' && open != end) {
            open = end;
            axes->groups++;
            at++;
        } else {
            size_t length = word_length(text + at);
            if (!length || at + length > end)
                return malformed(n, at);
            if (!add_axis(n, axes, at, length, open != end))
                return false;
            axes->groups += open == end;
            at += length;
        }
    }
    if (open == end)
        return true;
    fail(n->t, E_AXES_FORM, spot(n, open, open + 1), "this `(` has no `)`");
    return false;
}

bool notation_arrow(const Notation *n, size_t *arrow)
{
    const char *at = strstr(n->text, "->");
    if (!at || strstr(at + 2, "->")) {
        fail(n->t, E_AXES_FORM, n->span, "the axes before and after are told apart by one `->`");
        diag_hint(n->t->diag, "such as \"b h w c -> b c h w\"");
        return false;
    }
    *arrow = (size_t)(at - n->text);
    return true;
}

int axes_index(const Axes *axes, const char *name)
{
    for (int i = 0; i < axes->count; i++)
        if (axes->axis[i].name == name)
            return i;
    return -1;
}

bool axes_is_one(const AxisName *axis)
{
    return axis->name[0] == '1';
}

bool axes_expand(const Notation *n, Axes *axes, int count)
{
    if (axes->rest < 0)
        return true;
    Axes old = *axes;
    if (old.count - 1 + count > most_names) {
        fail(n->t, E_RANK, n->span, "too many axes");
        return false;
    }
    AxisName rest = old.axis[old.rest];
    axes->count = old.rest;
    for (int i = 0; i < count; i++) {
        AxisName *axis = &axes->axis[axes->count++];
        *axis = rest;
        axis->name = atom(n->t->atoms, arena_format(n->t->arena, "..%d", count - 1 - i));
        axis->group += rest.inside ? 0 : i;
    }
    int shift = rest.inside ? 0 : count - 1;
    for (int i = old.rest + 1; i < old.count; i++) {
        axes->axis[axes->count] = old.axis[i];
        axes->axis[axes->count++].group += shift;
    }
    axes->groups += shift;
    return true;
}

bool too_many_axes(const Notation *n, int count)
{
    if (count <= max_rank)
        return false;
    fail(n->t, E_RANK, n->span, "this needs a tensor of %d axes, and there are at most %d", count,
         max_rank);
    return true;
}

// ---- rearrange ----------------------------------------------------------------------------------

typedef struct Sizes {
    Dim size[most_names];       // of each axis of the left side
    bool known[most_names];
} Sizes;

static const Argument *size_given(const Argument *argument, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (argument[i].name == name)
            return &argument[i];
    return NULL;
}

static bool size_of(Tracer *t, const Argument *argument, Dim *size)
{
    if (value_dim_of(argument->value, size) && size->scale >= 0)
        return true;
    fail(t, E_AXES_SIZE, argument->span, "the size of axis `%s` is a whole number that is known "
         "when compiling, but this is %s", argument->name,
         value_text_of(t->arena, argument->value));
    return false;
}

// Every named argument is the size of an axis.
static bool check_sizes(Tracer *t, const Argument *argument, int count, const Axes *left,
                        const Axes *right)
{
    const char *names[2 * most_names];
    int n = 0;
    for (int i = 0; i < left->count; i++)
        names[n++] = left->axis[i].name;
    for (int i = 0; i < right->count; i++)
        names[n++] = right->axis[i].name;
    for (int i = 0; i < count; i++) {
        if (!argument[i].name || axes_index(left, argument[i].name) >= 0
            || axes_index(right, argument[i].name) >= 0)
            continue;
        fail(t, E_AXES_NAME, argument[i].span, "no axis is named `%s`", argument[i].name);
        const char *near = diag_nearest(t->arena, argument[i].name, names, n);
        if (near)
            diag_hint(t->diag, "did you mean `%s`?", near);
        return false;
    }
    return true;
}

// A name stands once a side, and whatever stands left stands right.
static bool check_names(const Notation *n, const Axes *left, const Axes *right)
{
    Tracer *t = n->t;
    for (int side = 0; side < 2; side++) {
        const Axes *axes = side ? right : left;
        for (int i = 0; i < axes->count; i++) {
            const AxisName *a = &axes->axis[i];
            if (!axes_is_one(a) && axes_index(axes, a->name) < i) {
                fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "axis `%s` stands twice on this "
                     "side", a->name);
                return false;
            }
            if (!side && !axes_is_one(a) && axes_index(right, a->name) < 0) {
                fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "axis `%s` is missing on the right "
                     "side", a->name);
                diag_hint(t->diag, "to add an axis up, use sum(…) or einsum(…)");
                return false;
            }
        }
    }
    if (left->rest >= 0 && left->axis[left->rest].inside) {
        const AxisName *a = &left->axis[left->rest];
        fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "`..` cannot stand in ( ) on the "
             "left side");
        return false;
    }
    if (right->rest >= 0 && left->rest < 0) {
        const AxisName *a = &right->axis[right->rest];
        fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "`..` stands on the right side only");
        return false;
    }
    return true;
}

// The axes of one group have the size of the tensor's axis together; one of them may be unknown.
static bool split_axis(const Notation *n, const Axes *left, int group, Dim size, Sizes *sizes)
{
    Tracer *t = n->t;
    Dim known = dim_of(1);
    int missing = -1;
    for (int i = 0; i < left->count; i++) {
        const AxisName *a = &left->axis[i];
        if (a->group != group)
            continue;
        if (sizes->known[i]) {
            known = dim_mul(known, sizes->size[i]);
        } else if (missing >= 0) {
            fail(t, E_AXES_SIZE, spot(n, a->begin, a->end), "the sizes of `%s` and `%s` cannot "
                 "both be inferred", left->axis[missing].name, a->name);
            diag_hint(t->diag, "give one of them: %s = …", a->name);
            return false;
        } else {
            missing = i;
        }
    }
    const AxisName *first = &left->axis[0];
    while (first->group != group)
        first++;
    Span at = spot(n, first->begin, first->end);
    if (missing < 0) {
        if (dim_equal(known, size))
            return true;
        fail(t, E_AXES_SIZE, at, "axis `%s` is %s, but the tensor's axis is %s", first->name,
             dim_text(t->arena, known), dim_text(t->arena, size));
        return false;
    }
    const AxisName *a = &left->axis[missing];
    if (known.scale == 0 || size.scale % known.scale || size.power < known.power) {
        fail(t, E_AXES_SIZE, spot(n, a->begin, a->end), "an axis of size %s cannot be cut into "
             "`%s` times %s", dim_text(t->arena, size), a->name, dim_text(t->arena, known));
        return false;
    }
    sizes->size[missing] = (Dim){size.scale / known.scale, size.power - known.power};
    sizes->known[missing] = true;
    return true;
}

static bool left_sizes(const Notation *n, const Axes *left, const Shape *shape,
                       const Argument *argument, int count, Sizes *sizes)
{
    Tracer *t = n->t;
    *sizes = (Sizes){0};
    for (int i = 0; i < left->count; i++) {
        const char *name = left->axis[i].name;
        const Argument *given = size_given(argument, count, name);
        sizes->size[i] = dim_of(1);
        sizes->known[i] = axes_is_one(&left->axis[i]) || given;
        if (given && !size_of(t, given, &sizes->size[i]))
            return false;
    }
    for (int group = 0; group < left->groups; group++) {
        int parts = 0;
        for (int i = 0; i < left->count; i++)
            parts += left->axis[i].group == group;
        if (!parts && !dim_is(shape->dim[group], 1)) {
            fail(t, E_AXES_SIZE, n->span, "`()` is an axis of size 1, but this one is %s",
                 dim_text(t->arena, shape->dim[group]));
            return false;
        }
        if (parts && !split_axis(n, left, group, shape->dim[group], sizes))
            return false;
    }
    return true;
}

typedef struct Arrangement {           // of a rearrangement, axis by axis of the right side
    int from[most_names];       // axis of the split tensor, -1: of size 1, -2: repeated
    Dim size[most_names];
} Arrangement;

static bool plan_right(const Notation *n, const Axes *left, const Axes *right, const Sizes *sizes,
                       const Argument *argument, int count, Arrangement *plan)
{
    Tracer *t = n->t;
    int place_of[most_names], kept = 0;
    for (int i = 0; i < left->count; i++)
        place_of[i] = axes_is_one(&left->axis[i]) ? -1 : kept++;
    for (int i = 0; i < right->count; i++) {
        const AxisName *a = &right->axis[i];
        int at = axes_is_one(a) ? -1 : axes_index(left, a->name);
        plan->from[i] = at >= 0 ? place_of[at] : -1;
        plan->size[i] = at >= 0 ? sizes->size[at] : dim_of(1);
        if (at >= 0 || axes_is_one(a))
            continue;
        const Argument *given = size_given(argument, count, a->name);
        if (!given) {
            fail(t, E_AXES_NAME, spot(n, a->begin, a->end), "axis `%s` does not stand on the left "
                 "side", a->name);
            diag_hint(t->diag, "a new axis repeats the tensor and needs its size: %s = 2", a->name);
            return false;
        }
        if (!size_of(t, given, &plan->size[i]))
            return false;
        plan->from[i] = -2;
    }
    return true;
}

static Node *apply_plan(const Notation *n, Node *x, const Axes *left, const Axes *right,
                        const Sizes *sizes, const Arrangement *plan)
{
    Builder *b = &n->t->builder;
    Shape shape = {0};
    if (too_many_axes(n, left->count) || too_many_axes(n, right->count))
        return NULL;
    for (int i = 0; i < left->count; i++)
        if (!axes_is_one(&left->axis[i]))
            shape.dim[shape.rank++] = sizes->size[i];
    x = make_reshape(b, x, &shape);

    int order[max_rank], moved = 0;
    Shape apart = {.rank = right->count}, grown = apart, merged = {.rank = right->groups};
    for (int i = 0; i < right->groups; i++)
        merged.dim[i] = dim_of(1);
    for (int i = 0; i < right->count; i++) {
        if (plan->from[i] >= 0)
            order[moved++] = plan->from[i];
        apart.dim[i] = plan->from[i] == -2 ? dim_of(1) : plan->size[i];
        grown.dim[i] = plan->size[i];
        Dim *dim = &merged.dim[right->axis[i].group];
        *dim = dim_mul(*dim, plan->size[i]);
    }
    x = make_reshape(b, make_permute(b, x, order), &apart);
    return make_reshape(b, make_broadcast(b, x, &grown), &merged);
}

// The axes without names are those that the named ones leave; all of them fit the tensor.
static bool fit_rank(const Notation *n, Axes *left, Axes *right, const Node *x)
{
    int named = left->groups - (left->rest >= 0);
    int rest = x->shape.rank - named;
    if (rest < 0 || (left->rest < 0 && rest)) {
        fail(n->t, E_RANK, spot(n, left->begin, left->end), "this names %s%d ax%s, but the tensor "
             "is %s", left->rest >= 0 ? "at least " : "", named, named == 1 ? "is" : "es",
             shape_text(n->t->arena, &x->shape));
        return false;
    }
    return axes_expand(n, left, rest) && axes_expand(n, right, rest);
}

static Value *call_rearrange(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    if (count < 2 || argument[0].name || argument[1].name || argument[1].value->kind != V_TEXT)
        return fail(t, E_AXES_FORM, span, "`rearrange` takes a tensor, a string that names its "
                    "axes, and sizes by name: rearrange(x, \"b (h p) -> b h p\", p = 4)");
    for (int i = 2; i < count; i++)
        if (!argument[i].name)
            return fail(t, E_TOO_MANY, argument[i].span, "sizes are given by name: p = 4");
    Node *x = to_tensor(t, argument[0].value, t->float_type, argument[0].span);
    Notation n = {t, argument[1].value->text, argument[1].span};
    Axes left, right;
    Sizes sizes;
    Arrangement plan;
    size_t arrow;
    if (!x || !notation_arrow(&n, &arrow) || !notation_axes(&n, 0, arrow, true, &left)
        || !notation_axes(&n, arrow + 2, strlen(n.text), true, &right)
        || !check_sizes(t, argument + 2, count - 2, &left, &right)
        || !check_names(&n, &left, &right)
        || !fit_rank(&n, &left, &right, x)
        || !left_sizes(&n, &left, &x->shape, argument + 2, count - 2, &sizes)
        || !plan_right(&n, &left, &right, &sizes, argument + 2, count - 2, &plan))
        return &value_poison;
    set_origin(t, span);
    x = apply_plan(&n, x, &left, &right, &sizes, &plan);
    return x ? value_tensor(t->arena, x) : &value_poison;
}

const Builtin named_axes_builtins[] = {
    {.name = "rearrange", .call = call_rearrange},
    {.name = "einsum", .call = call_einsum},
    {.name = NULL},
};
