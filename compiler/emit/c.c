#include "file.h"

#include "../trace/program.h"

#include "../base/mutant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Name {
    const void *of;                     // Var, Local or Acc; NULL: of a parameter
    const char *name, *spelling;
    int depth;
} Name;

C *c_new(Arena *arena, IndexContext *context, const Kernel *kernel, int64_t bound)
{
    C *c = arena_alloc(arena, sizeof *c);
    *c = (C){.arena = arena, .context = context, .kernel = kernel, .text = text_new(arena),
             .depth = 1, .bound = bound, .parameter_of = table_new(arena),
             .next = table_new(arena)};
    return c;
}

Arena *c_arena(C *c)
{
    return c->arena;
}

IndexContext *c_context(C *c)
{
    return c->context;
}

// ---- types --------------------------------------------------------------------------------------

typedef struct Spelling {
    const char *value, *stored, *suffix;
} Spelling;

static const Spelling spelling[DT_COUNT] = {
    [DT_F64] = {"double", "double", "f64"},
    [DT_F32] = {"float", "float", "f32"},
    [DT_F16] = {"float", "uint16_t", "f32"},
    [DT_BF16] = {"float", "uint16_t", "f32"},
    [DT_I64] = {"int64_t", "int64_t", "i64"},
    [DT_I32] = {"int32_t", "int32_t", "i32"},
    [DT_I16] = {"int16_t", "int16_t", "i16"},
    [DT_I8] = {"int8_t", "int8_t", "i8"},
    [DT_U8] = {"uint8_t", "uint8_t", "u8"},
    [DT_BOOL] = {"bool", "bool", "bool"},
};

const char *c_type(DType type)
{
    return spelling[type].value;
}

const char *c_stored(DType type)
{
    return spelling[type].stored;
}

const char *c_suffix(DType type)
{
    return spelling[type].suffix;
}

const char *c_integer(const C *c)
{
    return c->wide ? "int64_t" : "int";
}

// ---- lines --------------------------------------------------------------------------------------

static void indent(C *c)
{
    for (int i = 0; i < c->depth; i++)
        text_bytes(&c->text, "    ", 4);
}

// A line cannot be broken inside a string.
static bool inside_string(const char *line, int at)
{
    bool inside = false;
    for (int i = 0; i < at; i++) {
        if (line[i] == '\\')
            i++;
        else if (line[i] == '"')
            inside = !inside;
    }
    return inside;
}

// A comment that would pass the last column stands above its line.
static const char *raise_comment(C *c, const char *line, int room)
{
    const char *comment = strstr(line, "  // ");
    if (!comment || (int)strlen(line) <= room || inside_string(line, (int)(comment - line)))
        return line;
    text_add(&c->text, "%s\n", comment + 2);
    indent(c);
    return arena_string(c->arena, line, (size_t)(comment - line));
}

// The blank at which to break: in the fewest parentheses, and of those the last. 0: there is none.
static int best_cut(const char *line, int room)
{
    int depth = 0, least = 1000, best = 0;
    for (int i = 0; i <= room; i++) {
        depth += (line[i] == '(') + (line[i] == '[') - (line[i] == ')') - (line[i] == ']');
        if (i < 20 || line[i] != ' ' || inside_string(line, i))
            continue;
        const int cost = depth + (i < room / 2 ? 2 : 0);        // a short line is a poor one too
        if (cost <= least) {
            least = cost;
            best = i;
        }
    }
    return best;
}

// Breaks what would pass column 100 at a blank; what follows is indented by eight more.
static void add_line(C *c, const char *line)
{
    enum { widest = 100 };
    int room = widest - 4 * c->depth;
    indent(c);
    line = raise_comment(c, line, room);
    while ((int)strlen(line) > room) {
        const int cut = best_cut(line, room);
        if (!cut)
            break;
        text_bytes(&c->text, line, (size_t)cut);
        text_bytes(&c->text, "\n        ", 9);
        indent(c);
        line += cut + 1;
        room = widest - 4 * c->depth - 8;
    }
    text_add(&c->text, "%s\n", line);
}

static void count_statement(C *c)
{
    if (c->brace_count)
        c->brace[c->brace_count - 1].statements++;
}

static void open_brace(C *c, size_t at)
{
    c->brace = arena_grow(c->arena, c->brace, c->brace_count, &c->brace_capacity, sizeof *c->brace);
    c->brace[c->brace_count++] = (Brace){at, 0};
    c->depth++;
}

void c_line(C *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    count_statement(c);
    add_line(c, arena_vformat(c->arena, format, list));
    va_end(list);
}

void c_open(C *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    count_statement(c);
    add_line(c, arena_format(c->arena, "%s {", arena_vformat(c->arena, format, list)));
    open_brace(c, c->text.length - 3);
    va_end(list);
}

void c_block(C *c)
{
    count_statement(c);
    indent(c);
    text_bytes(&c->text, "{\n", 2);
    open_brace(c, 0);
}

// One statement needs no braces: those that were opened for it are taken out again.
void c_close(C *c)
{
    c->depth--;
    while (c->name_count && c->name[c->name_count - 1].depth > c->depth)
        c->name_count--;
    const Brace *brace = &c->brace[--c->brace_count];
    char *at = c->text.data + brace->at;
    if (brace->statements == 1 && brace->at && at[1] == '{') {
        memmove(at, at + 2, strlen(at + 2) + 1);
        c->text.length -= 2;
        return;
    }
    add_line(c, "}");
}

void c_pragma(C *c, const char *pragma)
{
    text_add(&c->text, "#pragma %s\n", pragma);
}

void c_share(C *c, const char *clauses)
{
    if (!c->kernel->serial)
        text_add(&c->text, "#pragma omp for schedule(static) nowait%s\n", clauses);
}

void c_single(C *c)
{
    if (!c->kernel->serial)
        c_pragma(c, "omp single nowait");
}

void c_barrier(C *c)
{
    if (!c->kernel->serial)
        c_pragma(c, "omp barrier");
}

// ---- names --------------------------------------------------------------------------------------

static bool taken(const C *c, const char *name)
{
    if (table_name(c->parameter_of, name) >= 0)
        return true;
    for (int i = 0; i < c->name_count; i++)
        if (strcmp(c->name[i].name, name) == 0)
            return true;
    return (c->outside && file_has(c->outside, name)) || c_is_reserved(name);
}

const char *c_unique(C *c, const char *wish)
{
    if (c->plain)
        return arena_format(c->arena, "v%d", ++c->plain_names);
    const char *base = c_identifier(c->arena, wish), *name = base;
    const char last = base[strlen(base) - 1];
    const int known = c->kernel ? -1 : table_name(c->next, base);       // a step keeps its names
    int i = known < 0 ? 2 : known;
    if (known >= 0 || taken(c, name))
        do
            name = arena_format(c->arena, "%s%s%d", base, last >= '0' && last <= '9' ? "_" : "",
                                i++);
        while (taken(c, name));
    if (!c->kernel && i > 2)
        table_put_name(c->next, base, i);
    return name;
}

static const char *add_name(C *c, const void *of, const char *name)
{
    c->name = arena_grow(c->arena, c->name, c->name_count, &c->name_capacity, sizeof *c->name);
    c->name[c->name_count++] = (Name){of, name, name, c->depth};
    return name;
}

void c_keep(C *c, const char *name)
{
    add_name(c, NULL, name);
}

static Name *find_name(C *c, const void *of)
{
    for (int i = c->name_count - 1; i >= 0; i--)
        if (c->name[i].of == of)
            return &c->name[i];
    return NULL;
}

const char *c_var(C *c, const Var *var)
{
    static const char *const letters[] = {"i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s"};
    const Name *known = find_name(c, var);
    if (known)
        return known->name;
    if (strcmp(var->name, "i") != 0)
        return add_name(c, var, c_unique(c, var->name));
    if (var->extent.power && !taken(c, "row"))
        return add_name(c, var, "row");
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (!taken(c, letters[i]))
            return add_name(c, var, letters[i]);
    return add_name(c, var, c_unique(c, "index"));
}

const char *c_local(C *c, const Local *local)
{
    const Name *known = find_name(c, local);
    return known ? known->name : add_name(c, local, c_unique(c, local->name));
}

const char *c_acc(C *c, const Acc *acc)
{
    const Name *known = find_name(c, acc);
    return known ? known->spelling : add_name(c, acc, c_unique(c, acc->name));
}

void c_spell_acc(C *c, const Acc *acc, const char *text)
{
    c_acc(c, acc);
    find_name(c, acc)->spelling = text;
}

// ---- parameters ---------------------------------------------------------------------------------

static Parameter *add_parameter(C *c, ParameterKind kind, const char *wish)
{
    const char *name = c_unique(c, wish);
    c->parameter = arena_grow(c->arena, c->parameter, c->parameter_count, &c->parameter_capacity,
                              sizeof *c->parameter);
    Parameter *p = &c->parameter[c->parameter_count++];
    *p = (Parameter){.kind = kind, .name = name};
    table_put_name(c->parameter_of, name, c->parameter_count - 1);
    return p;
}

const char *c_buffer(C *c, const Buffer *buffer)
{
    if (buffer->kind == BUFFER_ROW) {
        const Name *known = find_name(c, buffer);
        return known ? known->name : add_name(c, buffer, c_unique(c, buffer->name));
    }
    const int known = table_address(c->parameter_of, buffer);
    if (known >= 0)
        return c->parameter[known].name;
    const bool in_step = !c->kernel && buffer->kind == BUFFER_VARIABLE;
    Parameter *p = add_parameter(c, PARAMETER_BUFFER, in_step ? buffer->variable->path
                                                              : buffer_label(c->arena, buffer));
    p->buffer = buffer;
    table_put_address(c->parameter_of, buffer, c->parameter_count - 1);
    return p->name;
}

void c_written(C *c, const Buffer *buffer)
{
    c_buffer(c, buffer);
    const int known = table_address(c->parameter_of, buffer);
    if (known >= 0)
        c->parameter[known].written = true;
}

const char *c_rows(C *c)
{
    for (int i = 0; i < c->parameter_count; i++)
        if (c->parameter[i].kind == PARAMETER_ROWS)
            return c->parameter[i].name;
    return add_parameter(c, PARAMETER_ROWS, "rows")->name;
}

const char *c_host(C *c, DType type, const HostExpr *host)
{
    const Expr *wanted = expr_host(c->context, type, host);
    for (int i = 0; i < c->parameter_count; i++) {
        const Parameter *p = &c->parameter[i];
        if (p->kind == PARAMETER_HOST && p->dtype == type &&
            expr_compare(expr_host(c->context, type, p->host), wanted) == 0)
            return p->name;
    }
    Parameter *p = add_parameter(c, PARAMETER_HOST, host_label(c->arena, host));
    p->host = host;
    p->dtype = type;
    return p->name;
}

const char *c_count(C *c, Dim count)
{
    for (int i = 0; i < c->parameter_count; i++)
        if (c->parameter[i].kind == PARAMETER_COUNT && dim_equal(c->parameter[i].drawn, count))
            return c->parameter[i].name;
    Parameter *p = add_parameter(c, PARAMETER_COUNT, "count");
    p->drawn = count;
    return p->name;
}

const char *c_key(C *c, uint64_t site)
{
    for (int i = 0; i < c->parameter_count; i++)
        if (c->parameter[i].kind == PARAMETER_KEY && c->parameter[i].site == site)
            return c->parameter[i].name;
    Parameter *p = add_parameter(c, PARAMETER_KEY, "key");
    p->site = site;
    return p->name;
}

const char *c_drawn(C *c, Dim draws)
{
    for (int i = 0; i < c->parameter_count; i++)
        if (c->parameter[i].kind == PARAMETER_DRAWN && dim_equal(c->parameter[i].drawn, draws))
            return c->parameter[i].name;
    Parameter *p = add_parameter(c, PARAMETER_DRAWN, "drawn");
    p->drawn = draws;
    return p->name;
}
