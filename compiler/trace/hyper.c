// hyper: the hyperparameters of the model that is trained, as texts that YAML and JSON read.
//
// Numbers, truth values, texts, none, and lists and tuples of those. What is a function or a part
// is said by the spec, and what the program's command line sets is a setting.
#include "tracer.h"
#include "../base/text.h"

#include <stdio.h>
#include <stdlib.h>

static void add_number(Text *text, double number)
{
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    text_add(text, "%s", digits);
}

static void add_text(Text *text, const char *letters)
{
    text_add(text, "\"");
    for (; *letters; letters++)
        if (*letters == '"' || *letters == '\\')
            text_add(text, "\\%c", *letters);
        else if ((unsigned char)*letters < ' ')
            text_add(text, "\\u%04x", (unsigned char)*letters);
        else
            text_add(text, "%c", *letters);
    text_add(text, "\"");
}

static bool add_value(Text *text, const Value *value)
{
    switch (value->kind) {
    case V_BOOL:
        text_add(text, value->number != 0 ? "true" : "false");
        return true;
    case V_NUMBER:
        add_number(text, value->number);
        return true;
    case V_TEXT:
        add_text(text, value->text);
        return !value->message;
    case V_NONE:
        text_add(text, "null");
        return true;
    case V_LIST:
    case V_TUPLE:
        text_add(text, "[");
        for (int i = 0; i < value->count; i++) {
            text_add(text, i ? ", " : "");
            if (!add_value(text, value->item[i]))
                return false;
        }
        text_add(text, "]");
        return true;
    default:
        return false;
    }
}

void trace_hyperparameters(Tracer *t, const Part *model)
{
    Program *p = t->program;
    for (const Ast *a = model->declaration->tree->a; a; a = a->next) {
        const Binding *b = scope_here(model->scope, a->name);
        Text text = text_new(t->arena);
        if (!b || !add_value(&text, b->value))
            continue;
        p->hyper = arena_grow(t->arena, p->hyper, p->hyper_count, &p->hyper_capacity,
                              sizeof *p->hyper);
        p->hyper[p->hyper_count++] = (Hyper){a->name, text.data};
    }
}
