// builtins: how functions that the compiler knows by itself are called, and their register.
#include "tracer.h"
#include "builtins.h"

#include <math.h>
#include <string.h>

enum { most_parameters = 12 };

typedef struct Signature {
    const char *name[most_parameters];
    bool optional[most_parameters];
    int count;
} Signature;

static Signature read_signature(Tracer *t, const char *text)
{
    Signature s = {0};
    while (*text) {
        size_t length = strcspn(text, " ?");
        s.name[s.count] = atom_of(t->atoms, text, length);
        text += length;
        s.optional[s.count++] = *text == '?';
        text += strspn(text, " ?");
    }
    return s;
}

static Value *wrong_name(Tracer *t, const Builtin *builtin, const Signature *s,
                         const Argument *argument)
{
    fail(t, E_UNKNOWN_ARGUMENT, argument->span, "`%s` has no parameter `%s`", builtin->name,
         argument->name);
    const char *near = diag_nearest(t->arena, argument->name, s->name, s->count);
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->name[i], foreign_parameter(argument->name)) == 0)
            near = s->name[i];
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
    return &value_poison;
}

Value *call_builtin(Tracer *t, const Builtin *builtin, Argument *argument, int count, Span span)
{
    if (builtin->call)
        return builtin->call(t, span, argument, count, NULL);
    Signature s = read_signature(t, builtin->signature);
    Value *value[most_parameters] = {0};
    int next = 0;
    for (int i = 0; i < count; i++) {
        int place = next;
        if (argument[i].name)
            for (place = 0; place < s.count && s.name[place] != argument[i].name; place++)
                ;
        else
            next++;
        if (place >= s.count && argument[i].name)
            return wrong_name(t, builtin, &s, &argument[i]);
        if (place >= s.count) {
            fail(t, E_TOO_MANY, argument[i].span, "`%s` takes %d argument%s, this is one more",
                 builtin->name, s.count, s.count == 1 ? "" : "s");
            if (argument[0].value->kind == V_TEXT)
                hint_name(t, t->library, "self.log");
            return &value_poison;
        }
        if (value[place])
            return fail(t, E_TWICE, argument[i].span, "`%s` is given twice", s.name[place]);
        value[place] = argument[i].value;
    }
    for (int i = 0; i < s.count; i++)
        if (!value[i] && !s.optional[i])
            return fail(t, E_MISSING_ARGUMENT, span, "`%s` needs `%s`", builtin->name, s.name[i]);
    return builtin->fixed(t, span, value, builtin->detail);
}

void bind_builtins(Tracer *t)
{
    for (const Builtin *const *group = builtin_groups(); *group; group++)
        for (const Builtin *b = *group; b->name; b++) {
            Value *value = new_value(t->arena, V_BUILTIN);
            value->builtin = b;
            scope_bind(t->arena, t->builtins, atom(t->atoms, b->name), value, BIND_GLOBAL,
                       (Span){0});
        }
    bind_fills(t);
    for (int i = 0; i < DT_COUNT; i++) {
        Value *value = new_value(t->arena, V_DTYPE);
        value->dtype = i == DT_F32 ? t->float_type : (DType)i;
        scope_bind(t->arena, t->builtins, atom(t->atoms, dtype_name((DType)i)), value, BIND_GLOBAL,
                   (Span){0});
    }
    static const struct { const char *name; double number; } constants[] = {
        {"pi", 3.14159265358979323846}, {"inf", INFINITY}, {"nan", NAN},
    };
    for (int i = 0; i < 3; i++)
        scope_bind(t->arena, t->builtins, atom(t->atoms, constants[i].name),
                   number_value(t->arena, constants[i].number, false), BIND_GLOBAL, (Span){0});
}

const Builtin *const *builtin_groups(void)
{
    static const Builtin *const groups[] = {
        scalar_builtins, reduce_builtins, move_builtins, named_axes_builtins, index_builtins,
        window_builtins, part_builtins, list_builtins, host_builtins, source_builtins, NULL,
    };
    return groups;
}
