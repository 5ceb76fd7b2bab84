// c_name: what things are called in emitted C, and literals.
#include "c.h"

#include "../trace/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Keywords, types and functions that emitted text uses or that its headers declare.
static const char *const reserved[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
    "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while", "asm", "typeof", "bool", "true", "false", "main",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
    "size_t", "ptrdiff_t", "offsetof", "call", "block", "fma", "fmaf", "unix", "linux", "errno",
    "alignas", "thread_local", "noreturn", "complex", "imaginary",
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos",
    "cosh", "erf", "erfc", "exp", "exp2", "exp10", "expm1", "fabs", "fdim", "floor", "fmax", "fmin",
    "fmod", "frexp", "gamma", "hypot", "ilogb", "isinf", "isnan", "isfinite", "isnormal", "signbit",
    "j0", "j1", "jn", "ldexp", "lgamma", "llrint", "llround", "log", "log10", "log1p", "log2",
    "logb", "lrint", "lround", "modf", "nan", "nearbyint", "nextafter", "nexttoward", "pow", "drem",
    "remainder", "remquo", "rint", "round", "scalbln", "scalbn", "sin", "sinh", "sqrt", "tan",
    "tanh", "tgamma", "trunc", "y0", "y1", "yn", "significand", "finite", "scalb", "signgam",
    "memcpy", "memmove", "memset", "memcmp", "memchr", "strcat", "strchr", "strcmp", "strcoll",
    "strcpy", "strcspn", "strdup", "strerror", "strlen", "strncat", "strncmp", "strncpy", "strpbrk",
    "strrchr", "strspn", "strstr", "strtok", "strxfrm", "index", "rindex", "printf", "snprintf",
    "fprintf", "stdin", "stdout", "stderr", "remove", "rename",
};

bool c_is_reserved(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (reserved[i][0] != name[0])
            continue;
        if (strcmp(reserved[i], name) == 0)
            return true;
        const size_t known = strlen(reserved[i]);       // the float and long double twins
        if (length == known + 1 && strncmp(reserved[i], name, known) == 0 &&
            (name[known] == 'f' || name[known] == 'l'))
            return true;
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Names in capitals may be macros, names that begin with lt_ are the runtime's.
const char *c_identifier(Arena *arena, const char *text)
{
    const size_t length = strlen(text);
    char *name = arena_alloc(arena, length + 8);
    size_t at = 0;
    bool small = false, letter = false;
    if (!is_letter(text[0]) || strncmp(text, "lt_", 3) == 0) {
        memcpy(name, "v_", 2);
        at = 2;
        small = letter = true;
    }
    for (size_t i = 0; i < length; i++) {
        const bool fits = is_letter(text[i]) || (text[i] >= '0' && text[i] <= '9');
        name[at++] = fits ? text[i] : '_';
        letter = letter || is_letter(text[i]);
        small = small || (text[i] >= 'a' && text[i] <= 'z');
    }
    if (letter && !small)
        name[at++] = '_';
    name[at] = 0;
    return name;
}

// ---- labels -------------------------------------------------------------------------------------

// The last part of a path that is no number: "blocks.3" is called blocks.
static const char *last_part(Arena *arena, const char *path)
{
    size_t end = strlen(path);
    while (end) {
        size_t begin = end;
        while (begin && path[begin - 1] != '.')
            begin--;
        if (begin < end && !(path[begin] >= '0' && path[begin] <= '9'))
            return arena_string(arena, path + begin, end - begin);
        end = begin ? begin - 1 : 0;
    }
    return NULL;
}

const char *node_label(Arena *arena, const Node *node)
{
    const char *base = node->name;
    if (!base && node->path)
        base = last_part(arena, node->path);
    if (!base)
        base = prim_name(node->prim);
    base = c_identifier(arena, base);
    return node->backward ? arena_format(arena, "d_%s", base) : base;
}

static const char *variable_label(Arena *arena, const Variable *v)
{
    size_t length = strlen(v->path);
    const size_t tail = v->of ? strlen(v->of->path) : 0;
    if (tail && length > tail + 1 && strcmp(v->path + length - tail, v->of->path) == 0)
        length -= tail + 1;
    const char *part = last_part(arena, arena_string(arena, v->path, length));
    return part ? part : "value";
}

const char *buffer_label(Arena *arena, const Buffer *buffer)
{
    if (buffer->kind == BUFFER_VARIABLE)
        return variable_label(arena, buffer->variable);
    if (buffer->kind == BUFFER_ARENA && buffer->node)
        return node_label(arena, buffer->node);
    return buffer->name ? buffer->name : "value";
}

const char *host_label(Arena *arena, const HostExpr *host)
{
    const char *part = NULL;
    if (host->op == HOST_RUN)
        part = host->text;
    if (host->op == HOST_ROWS)
        part = "count";
    return part ? c_identifier(arena, part) : "number";
}

// ---- literals -----------------------------------------------------------------------------------

static const char *shortest(Arena *arena, double number, bool single)
{
    for (int digits = 1; digits <= 17; digits++) {
        const char *text = arena_format(arena, "%.*g", digits, number);
        const double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (back == number)
            return text;
    }
    bug("no decimal for %a", number);
}

static const char *c_float(Arena *arena, double number, bool single)
{
    if (single)
        number = (double)(float)number;
    if (number != number)
        return single ? "NAN" : "(double)NAN";
    if (isinf(number))
        return arena_format(arena, "%s%sINFINITY", number < 0 ? "-" : "", single ? "" : "(double)");
    const char *text = shortest(arena, number, single);
    const bool whole = !strpbrk(text, ".e");
    return arena_format(arena, "%s%s%s", text, whole ? ".0" : "", single ? "f" : "");
}

const char *c_number(Arena *arena, DType type, double number)
{
    switch (dtype_kind(type)) {
    case KIND_FLOAT: return c_float(arena, number, type != DT_F64);
    case KIND_BOOL: return number != 0 ? "true" : "false";
    case KIND_INT: break;
    }
    if (number <= -0x1p63)
        return "INT64_MIN";
    if (number >= 0x1p63)
        return "INT64_MAX";
    if (number == -2147483648.0)
        return "INT32_MIN";
    const bool wide = number > 2147483647.0 || number < -2147483648.0;
    return arena_format(arena, wide ? "INT64_C(%.0f)" : "%.0f", number);
}
