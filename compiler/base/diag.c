#include "diag.h"

#include <stdlib.h>
#include <string.h>

typedef struct Message Message;
struct Message {
    Message *next;              // by time
    Message *notes;             // joined ones, in order
    const char *kind, *text;
    Code code;                  // 0: a note or a hint
    Span at;
    int order;
};

struct Diag {
    Arena *arena;
    Message *first, **last, *current;
    int errors, count;
};

static const struct {
    int number;
    const char *title, *text;
} code_table[] = {
#define CODE(number, name, title, text) {number, title, text},
#include "codes.def"
#undef CODE
};

Diag *diag_new(Arena *arena)
{
    Diag *diag = arena_alloc(arena, sizeof *diag);
    diag->arena = arena;
    diag->last = &diag->first;
    return diag;
}

static Message *message_new(Diag *diag, const char *kind, Span at, const char *format, va_list list)
{
    Message *message = arena_alloc(diag->arena, sizeof *message);
    message->kind = kind;
    message->at = at;
    message->text = arena_vformat(diag->arena, format, list);
    message->order = diag->count++;
    return message;
}

static bool said_before(const Diag *diag, const Message *message)
{
    for (const Message *m = diag->first; m; m = m->next)
        if (m->at.source == message->at.source && m->at.begin == message->at.begin
            && strcmp(m->text, message->text) == 0)
            return true;
    return false;
}

// A message that was said before still becomes the current one, so that its notes vanish with it.
static bool append(Diag *diag, Message *message, Code code)
{
    message->code = code;
    diag->current = message;
    if (said_before(diag, message))
        return false;
    *diag->last = message;
    diag->last = &message->next;
    return true;
}

void diag_error(Diag *diag, Code code, Span at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (append(diag, message_new(diag, "error", at, format, list), code))
        diag->errors++;
    va_end(list);
}

void diag_warning(Diag *diag, Code code, Span at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    append(diag, message_new(diag, "warning", at, format, list), code);
    va_end(list);
}

static void join(Diag *diag, Message *note)
{
    if (!diag->current)
        return;
    Message **end = &diag->current->notes;
    while (*end)
        end = &(*end)->next;
    *end = note;
}

void diag_note(Diag *diag, Span at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    join(diag, message_new(diag, "note", at, format, list));
    va_end(list);
}

void diag_hint(Diag *diag, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    join(diag, message_new(diag, "hint", (Span){0}, format, list));
    va_end(list);
}

bool diag_failed(const Diag *diag)
{
    return diag->errors > 0;
}

int diag_count(const Diag *diag)
{
    return diag->errors;
}

DiagMark diag_mark(const Diag *diag)
{
    return (DiagMark){diag->last, diag->errors};
}

void diag_forget(Diag *diag, DiagMark mark)
{
    diag->last = mark.last;
    *diag->last = NULL;
    diag->errors = mark.errors;
    diag->current = NULL;
}

static int by_place(const void *a, const void *b)
{
    const Message *x = *(const Message *const *)a, *y = *(const Message *const *)b;
    if (x->at.source != y->at.source)
        return x->order - y->order;
    if (x->at.begin != y->at.begin)
        return x->at.begin < y->at.begin ? -1 : 1;
    return x->order - y->order;
}

enum { shown_width = 160 };

// The line of the span and a caret under its first character; long lines are cut around it.
static void print_line(Span at, FILE *out)
{
    const char *text = at.source->text, *end = text + at.source->length;
    const char *from = text + at.begin, *to;
    while (from > text && from[-1] != '\n' && text + at.begin - from <= shown_width)
        from--;
    for (to = text + at.begin; to < end && *to != '\n' && to - from <= 2 * shown_width; to++)
        ;
    if (to > from && to[-1] == '\r')
        to--;
    const char *caret = text + at.begin;
    if (to - from > shown_width && caret - from > shown_width / 2)
        from = caret - shown_width / 2;
    if (to - from > shown_width)
        to = from + shown_width;

    fprintf(out, "  %4d | ", span_place(at).line);
    for (const char *c = from; c < to; c++)
        fputc(*c == '\t' ? ' ' : (unsigned char)*c < 32 ? '?' : *c, out);
    fprintf(out, "\n       | ");
    for (const char *c = from; c < caret; c++)
        if (((unsigned char)*c & 0xC0) != 0x80)
            fputc(' ', out);
    fputc('^', out);
    for (const char *c = caret + 1; c < text + at.end && c < to; c++)
        if (((unsigned char)*c & 0xC0) != 0x80)
            fputc('~', out);
    fputc('\n', out);
}

static void print_message(const Message *message, FILE *out, bool color)
{
    const char *paint = !color ? "" : message->code == 0 ? "\033[36m" : "\033[1;31m";
    const char *plain = color ? "\033[0m" : "";
    if (message->at.source) {
        Place place = span_place(message->at);
        fprintf(out, "%s:%d:%d: ", message->at.source->path, place.line, place.column);
    } else {
        fprintf(out, message->code ? "ltc: " : "  ");
    }
    if (message->code)
        fprintf(out, "%s%s[E%04d]%s: %s\n", paint, message->kind, (int)message->code, plain,
                message->text);
    else
        fprintf(out, "%s%s%s: %s\n", paint, message->kind, plain, message->text);
    if (message->at.source)
        print_line(message->at, out);
}

// Hints, the ways out, come last.
static void print_notes(const Message *notes, FILE *out, bool color)
{
    for (const Message *note = notes; note; note = note->next)
        if (note->at.source)
            print_message(note, out, color);
    for (const Message *note = notes; note; note = note->next)
        if (!note->at.source)
            print_message(note, out, color);
}

void diag_each(const Diag *diag, void (*visit)(void *context, Span at), void *context)
{
    for (const Message *message = diag->first; message; message = message->next) {
        visit(context, message->at);
        for (const Message *note = message->notes; note; note = note->next)
            visit(context, note->at);
    }
}

void diag_print(const Diag *diag, FILE *out, bool color)
{
    int count = 0;
    const Message **sorted = arena_alloc(diag->arena, sizeof *sorted * (size_t)(diag->count + 1));
    for (const Message *message = diag->first; message; message = message->next)
        sorted[count++] = message;
    qsort(sorted, (size_t)count, sizeof *sorted, by_place);
    for (int i = 0; i < count; i++) {
        print_message(sorted[i], out, color);
        print_notes(sorted[i]->notes, out, color);
    }
    if (diag->errors)
        fprintf(out, "%d error%s\n", diag->errors, diag->errors == 1 ? "" : "s");
}

bool diag_explain(const char *code, FILE *out)
{
    int number = atoi(*code == 'E' || *code == 'e' ? code + 1 : code);
    for (size_t i = 0; i < sizeof code_table / sizeof *code_table; i++)
        if (code_table[i].number == number) {
            fprintf(out, "E%04d: %s\n\n%s\n", number, code_table[i].title, code_table[i].text);
            return true;
        }
    return false;
}

// Damerau-Levenshtein (optimal string alignment) over at most 63 characters.
static int distance(const char *a, const char *b)
{
    enum { most = 63 };
    int n = (int)strnlen(a, most), m = (int)strnlen(b, most);
    int cost[3][most + 1];
    for (int j = 0; j <= m; j++)
        cost[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = cost[i % 3], *above = cost[(i + 2) % 3], *twice = cost[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
                && twice[j - 2] + 1 < best)
                best = twice[j - 2] + 1;
            row[j] = best;
        }
    }
    return cost[n % 3][m];
}

const char *diag_nearest(Arena *arena, const char *name, const char *const *names, int count)
{
    (void)arena;
    const char *nearest = NULL;
    int limit = ((int)strlen(name) + 1) / 3;
    for (int i = 0; i < count; i++) {
        int far = distance(name, names[i]);
        if (far <= limit && far > 0) {
            limit = far - 1;
            nearest = names[i];
        }
    }
    return nearest;
}
