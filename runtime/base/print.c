#include "base/print.h"

#include <stdarg.h>
#include <stdio.h>

// The one piece of state outside a run: where a message stands on the terminal is a matter of the
// process, not of whoever speaks.
static struct {
    const char *name;
    void (*clear)(void *context);
    void *context;
} speaker = {.name = "program"};

void lt_print_name(const char *name)
{
    speaker.name = name;
}

void lt_print_before(void (*clear)(void *context), void *context)
{
    speaker.clear = clear;
    speaker.context = context;
}

static void print(const char *kind, const char *format, va_list arguments)
{
    if (speaker.clear)
        speaker.clear(speaker.context);
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    fprintf(stderr, "%s: %s: %s\n", speaker.name, kind, text);
}

void lt_print_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("error", format, arguments);
    va_end(arguments);
}

void lt_print_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("note", format, arguments);
    va_end(arguments);
}

void lt_print_fault(const struct lt_fault *fault)
{
    lt_print_error("%s", fault->text);
}
