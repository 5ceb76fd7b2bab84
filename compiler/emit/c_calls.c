// c_calls: the calls of a step's kernels, with barriers between them.
//
// A unit is a call, or the serial calls that one thread makes while the others go on. Units that
// repeat, as those of equal blocks do, become a loop: what differs from turn to turn (places in the
// block, streams of random numbers, counts) follows a rule or stands in a table.
#include "file.h"

#include "../kernel/visit.h"

#include <string.h>

typedef struct Unit {
    int first, end;                     // calls
    bool barrier;                       // in front
    int kind;                           // equal if one loop could make both
} Unit;

typedef struct Column {                 // what differs between the turns of a loop
    const Parameter *first;             // of the first turn
    int call, slot;
    bool written;
    const char *name;
} Column;

typedef struct Calls {
    File *file;
    C *s;
    const PlanStep *step;
    const Call *call;
    Unit *unit;
    int unit_count;
    Column *column;                     // of the loop that is being printed
    int column_count, column_capacity;
    int turns, stride;                  // of that loop; calls of a turn
} Calls;

const char *guard_name(File *file, const Guard *guard)
{
    return arena_format(file->arena, "runs_%d", guard->id);
}

// ---- units --------------------------------------------------------------------------------------

// Kernels since the last barrier run side by side; one that touches what they write, or writes what
// they touch, comes behind the next. Serial kernels that follow each other are one thread's.
typedef struct Stretch {
    const Touches *touches;             // by kernel of the step
    int first, alone;                   // kernels first .. alone - 1 may run on other threads
} Stretch;

static bool must_wait(const Stretch *p, int kernel)
{
    for (int i = p->first; i < p->alone; i++)
        if (touches_conflict(&p->touches[i], &p->touches[kernel]))
            return true;
    return false;
}

static int single_end(const PlanStep *step, const Stretch *p, int i)
{
    Kernel *const *kernel = step->kernel;
    int end = i + 1;
    while (end < step->kernel_count && kernel[i]->serial && kernel[end]->serial &&
           kernel[end]->guard == kernel[i]->guard && !must_wait(p, end))
        end++;
    return end;
}

static void find_units(Calls *c)
{
    const PlanStep *step = c->step;
    Arena *arena = c->file->arena;
    Touches *touches = arena_alloc(arena, sizeof *touches * (size_t)(step->kernel_count + 1));
    c->unit = arena_alloc(arena, sizeof *c->unit * (size_t)(step->kernel_count + 1));
    for (int i = 0; i < step->kernel_count; i++)
        touches[i] = kernel_touches(arena, step->kernel[i]);
    Stretch stretch = {touches, 0, 0};
    for (int i = 0; i < step->kernel_count;) {
        const bool barrier = step->shared && must_wait(&stretch, i);
        if (barrier)
            stretch.first = i;
        stretch.alone = i;
        const int end = step->shared ? single_end(step, &stretch, i) : i + 1;
        c->unit[c->unit_count++] = (Unit){.first = i, .end = end, .barrier = barrier};
        stretch.alone = i = end;
    }
}

// ---- units that one loop could make -------------------------------------------------------------

static bool in_block(const Buffer *buffer)
{
    return buffer->kind == BUFFER_VARIABLE || buffer->kind == BUFFER_ARENA;
}

static bool is_same(const Calls *c, const Parameter *a, const Parameter *b)
{
    switch (a->kind) {
    case PARAMETER_ROWS: return true;
    case PARAMETER_BUFFER: return a->buffer == b->buffer;
    case PARAMETER_KEY: return a->site == b->site;
    case PARAMETER_DRAWN:
    case PARAMETER_COUNT: return dim_equal(a->drawn, b->drawn);
    case PARAMETER_HOST: break;
    }
    IndexContext *context = c_context(c->s);
    return a->dtype == b->dtype && expr_compare(expr_host(context, a->dtype, a->host),
                                                expr_host(context, b->dtype, b->host)) == 0;
}

static bool is_like(const Calls *c, const Parameter *a, const Parameter *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == PARAMETER_KEY)
        return true;
    if (a->kind == PARAMETER_COUNT && !a->drawn.power && !b->drawn.power)
        return true;
    if (a->kind == PARAMETER_BUFFER && in_block(a->buffer) && in_block(b->buffer))
        return true;
    return is_same(c, a, b);
}

static bool are_alike(const Calls *c, const Unit *a, const Unit *b)
{
    if (a->end - a->first != b->end - b->first || a->barrier != b->barrier)
        return false;
    for (int i = 0; i < a->end - a->first; i++) {
        const Call *left = &c->call[a->first + i], *right = &c->call[b->first + i];
        if (left->function != right->function || left->kernel->guard != right->kernel->guard ||
            left->kernel->serial != right->kernel->serial)
            return false;
        for (int k = 0; k < left->count; k++)
            if (!is_like(c, &left->argument[k], &right->argument[k]))
                return false;
    }
    return true;
}

// Units of one kind begin with the same function: only those are compared.
static void sort_kinds(Calls *c)
{
    Table *newest = table_new(c->file->arena);          // unit of a function's newest kind
    int *older = arena_alloc(c->file->arena, sizeof(int) * (size_t)(c->unit_count + 1));
    for (int i = 0; i < c->unit_count; i++) {
        const char *function = c->call[c->unit[i].first].function;
        const int head = table_address(newest, function);
        int k = head;
        while (k >= 0 && !are_alike(c, &c->unit[k], &c->unit[i]))
            k = older[k];
        c->unit[i].kind = k < 0 ? i : k;
        if (k >= 0)
            continue;
        older[i] = head;
        table_put_address(newest, function, i);
    }
}

// ---- printing -----------------------------------------------------------------------------------

static const char *argument(C *s, const Parameter *p)
{
    switch (p->kind) {
    case PARAMETER_ROWS: return c_rows(s);
    case PARAMETER_HOST: return c_host(s, p->dtype, p->host);
    case PARAMETER_KEY: return c_key(s, p->site);
    case PARAMETER_DRAWN: return c_drawn(s, p->drawn);
    case PARAMETER_COUNT: return c_extent(s, p->drawn);
    case PARAMETER_BUFFER: break;
    }
    if (p->written)
        c_written(s, p->buffer);
    return c_buffer(s, p->buffer);
}

static const Parameter *at_turn(const Calls *c, int call, int slot, int turn)
{
    return &c->call[call + turn * c->stride].argument[slot];
}

static Column *column_of(const Calls *c, int call, int slot)
{
    for (int i = 0; i < c->column_count; i++) {
        Column *column = &c->column[i];
        int turn = 0;
        while (turn < c->turns && column->first->kind == c->call[call].argument[slot].kind &&
               is_same(c, at_turn(c, column->call, column->slot, turn),
                       at_turn(c, call, slot, turn)))
            turn++;
        if (turn == c->turns)
            return column;
    }
    return NULL;
}

static void print_call(Calls *c, int i)
{
    const Call *call = &c->call[i];
    Text text = text_new(c->file->arena);
    text_add(&text, "%s(", call->function);
    for (int k = 0; k < call->count; k++) {
        const Column *column = c->turns ? column_of(c, i, k) : NULL;
        text_add(&text, "%s%s", k ? ", " : "",
                 column ? column->name : argument(c->s, &call->argument[k]));
    }
    c_line(c->s, "%s);", text.data);
}

static void print_unit(Calls *c, const Unit *unit)
{
    const Kernel *kernel = c->call[unit->first].kernel;
    const bool single = c->step->shared && kernel->serial;
    if (unit->barrier)
        c_pragma(c->s, "omp barrier");
    if (kernel->guard)
        c_open(c->s, "if (%s)", guard_name(c->file, kernel->guard));
    if (single)
        c_pragma(c->s, "omp single nowait");
    if (single)
        c_block(c->s);
    for (int i = unit->first; i < unit->end; i++)
        print_call(c, i);
    if (single)
        c_close(c->s);
    if (kernel->guard)
        c_close(c->s);
}

// ---- loops --------------------------------------------------------------------------------------

// "blocks.3.norm.weight" of every turn: blocks_norm_weight.
static const char *without_numbers(Arena *arena, const char *path)
{
    Text text = text_new(arena);
    while (*path) {
        const size_t length = strcspn(path, ".");
        if (strspn(path, "0123456789") < length)
            text_add(&text, "%s%.*s", text.length ? "_" : "", (int)length, path);
        path += length + (path[length] == '.');
    }
    return text.length ? text.data : "value";
}

static const char *column_wish(const Calls *c, const Parameter *p)
{
    if (p->kind == PARAMETER_KEY)
        return "key";
    if (p->kind == PARAMETER_COUNT)
        return "count";
    return p->buffer->kind == BUFFER_VARIABLE
               ? without_numbers(c->file->arena, p->buffer->variable->path)
               : buffer_label(c->file->arena, p->buffer);
}

static void find_columns(Calls *c, const Unit *unit, int period)
{
    c->column_count = 0;
    for (int i = unit->first; i < unit[period - 1].end; i++)
        for (int k = 0; k < c->call[i].count; k++) {
            const Parameter *p = &c->call[i].argument[k];
            bool differs = false;
            for (int turn = 1; turn < c->turns && !differs; turn++)
                differs = !is_same(c, p, at_turn(c, i, k, turn));
            Column *column = differs ? column_of(c, i, k) : NULL;
            if (column)
                column->written = column->written || p->written;
            if (!differs || column)
                continue;
            const char *name = c_unique(c->s, column_wish(c, p));
            table_put_name(c->s->parameter_of, name, 0);
            c->column = arena_grow(c->file->arena, c->column, c->column_count,
                                   &c->column_capacity, sizeof *c->column);
            c->column[c->column_count++] = (Column){p, i, k, p->written, name};
        }
}

static uint64_t number_at(const Calls *c, const Column *column, int turn)
{
    const Parameter *p = at_turn(c, column->call, column->slot, turn);
    return p->kind == PARAMETER_BUFFER ? p->buffer->offset
           : p->kind == PARAMETER_KEY  ? p->site
                                       : (uint64_t)p->drawn.scale;
}

// Equal steps from turn to turn: a rule instead of a table.
static bool has_rule(const Calls *c, const Column *column)
{
    if (column->first->kind != PARAMETER_BUFFER)
        return false;
    const uint64_t by = number_at(c, column, 1) - number_at(c, column, 0);
    for (int turn = 2; turn < c->turns; turn++)
        if (number_at(c, column, turn) - number_at(c, column, turn - 1) != by)
            return false;
    return true;
}

// A row a turn, of the columns of this kind that have no rule.
static const char *print_table(Calls *c, ParameterKind kind, const char *type, const char *wish)
{
    int width = 0;
    for (int i = 0; i < c->column_count; i++)
        width += c->column[i].first->kind == kind && !has_rule(c, &c->column[i]);
    if (!width)
        return NULL;
    const char *name = c_unique(c->s, wish);
    table_put_name(c->s->parameter_of, name, 0);
    c_line(c->s, "static const %s %s[%d][%d] = {", type, name, c->turns, width);
    for (int turn = 0; turn < c->turns; turn++) {
        Text row = text_new(c->file->arena);
        for (int i = 0; i < c->column_count; i++) {
            const Column *column = &c->column[i];
            if (column->first->kind != kind || has_rule(c, column))
                continue;
            const unsigned long long number = number_at(c, column, turn);
            const char *form = kind == PARAMETER_KEY ? "%sUINT64_C(0x%llX)" : "%s%llu";
            text_add(&row, form, row.length ? ", " : "", number);
        }
        c_line(c->s, "    {%s},", row.data);
    }
    c_line(c->s, "};");
    return name;
}

static const char *place_c(const Calls *c, const Column *column, const char *turn,
                           const char *table, int *at)
{
    if (!has_rule(c, column))
        return arena_format(c->file->arena, "%s[%s][%d]", table, turn, (*at)++);
    const int64_t by = (int64_t)(number_at(c, column, 1) - number_at(c, column, 0));
    return arena_format(c->file->arena, "%llu %c %s * %lld",
                        (unsigned long long)number_at(c, column, 0), by < 0 ? '-' : '+', turn,
                        (long long)(by < 0 ? -by : by));
}

static void declare_place(Calls *c, const Column *column, const char *place)
{
    const Buffer *b = column->first->buffer;
    const char *type = arena_format(c->file->arena, "%s%s *", column->written ? "" : "const ",
                                    c_stored(b->dtype));
    bool same = true;
    for (int turn = 1; turn < c->turns; turn++)
        same = same && shape_equal(&b->shape, &at_turn(c, column->call, column->slot,
                                                       turn)->buffer->shape);
    c_line(c->s, "%sconst %s = (%s *)(block + %s);%s%s", type, column->name, c_stored(b->dtype),
           place, same ? "  // " : "", same ? shape_text(c->file->arena, &b->shape) : "");
}

static void declare_columns(Calls *c, const char *turn, const char *const table[])
{
    int place = 0, site = 0, size = 0;
    for (int i = 0; i < c->column_count; i++) {
        const Column *column = &c->column[i];
        switch (column->first->kind) {
        case PARAMETER_BUFFER:
            c->s->block = true;
            declare_place(c, column, place_c(c, column, turn, table[0], &place));
            break;
        case PARAMETER_KEY:
            c->s->draws = true;
            c_line(c->s, "const lt_random_key_t %s = lt_random_key(%s, %s[%s][%d], %s);",
                   column->name, c->step->sample ? "seed" : "call->seed", table[1], turn, site++,
                   c->step->sample ? "lt_random_mix64(epoch) + index" : "call->step");
            break;
        default:
            c_line(c->s, "const %s %s = %s[%s][%d];", c_integer(c->s), column->name, table[2],
                   turn, size++);
        }
    }
}

static void print_loop(Calls *c, const Unit *unit, int period)
{
    find_columns(c, unit, period);
    bool tables = false;
    for (int i = 0; i < c->column_count; i++)
        tables = tables || !has_rule(c, &c->column[i]);
    if (tables)
        c_block(c->s);
    const char *const table[] = {
        print_table(c, PARAMETER_BUFFER, "size_t", "place"),
        print_table(c, PARAMETER_KEY, "uint64_t", "site"),
        print_table(c, PARAMETER_COUNT, c_integer(c->s), "size"),
    };
    const char *turn = c_unique(c->s, "turn");
    table_put_name(c->s->parameter_of, turn, 0);
    c_line(c->s, "for (size_t %s = 0; %s < %d; %s++)", turn, turn, c->turns, turn);
    c_block(c->s);
    declare_columns(c, turn, table);
    for (int i = 0; i < period; i++)
        print_unit(c, &unit[i]);
    c_close(c->s);
    if (tables)
        c_close(c->s);
}

// How often the first `period` units repeat.
static int repeats(const Unit *unit, int count, int period)
{
    int i = period;
    while (i < count && unit[i].kind == unit[i - period].kind)
        i++;
    return i / period;
}

enum { least_turns = 3, least_saved = 6, most_period = 2000 };

// The loop at these units that saves the most calls; its turns in *turns, 0 if none is worth it.
static int best_period(const Unit *unit, int count, int *turns)
{
    int best = 0, saved = least_saved - 1;
    *turns = 0;
    for (int period = 1; period <= count / least_turns && period <= most_period; period++) {
        const int times = repeats(unit, count, period);
        const int calls = unit[period - 1].end - unit->first;
        if (times < least_turns || (times - 1) * calls <= saved)
            continue;
        saved = (times - 1) * calls;
        best = period;
        *turns = times;
    }
    return best;
}

void emit_calls(File *file, C *s, const PlanStep *step, const Call *call)
{
    Calls c = {.file = file, .s = s, .step = step, .call = call};
    find_units(&c);
    sort_kinds(&c);
    for (int i = 0; i < c.unit_count;) {
        const Unit *unit = &c.unit[i];
        int turns;
        const int period = best_period(unit, c.unit_count - i, &turns);
        if (!period) {
            print_unit(&c, unit);
            i++;
            continue;
        }
        c.turns = turns;
        c.stride = unit[period].first - unit->first;
        print_loop(&c, unit, period);
        c.turns = 0;
        i += turns * period;
    }
}
