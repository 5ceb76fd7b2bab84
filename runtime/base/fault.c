#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool lt_fail(struct lt_fault *fault, const char *format, ...)
{
    if (!fault->text[0]) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(fault->text, sizeof fault->text, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool lt_failed(const struct lt_fault *fault)
{
    return fault->text[0] != '\0';
}
