// token.c: words of a spec, and what is said about those that are none.
#include "token.h"

#include "parser.h"

#include <ctype.h>
#include <string.h>

void tokens_put(Parse *p, Tokens *tokens, Token token)
{
    tokens->at = arena_grow(p->arena, tokens->at, tokens->count, &tokens->capacity,
                            sizeof *tokens->at);
    tokens->at[tokens->count++] = token;
}

// --- bytes ---

// The length of the character at `text`, 0 if it is not UTF-8. `text` ends in NUL.
static int utf8_decode(const unsigned char *text, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3
                 : text[0] >> 3 == 30 ? 4 : 0;
    *point = length == 1 ? text[0] : text[0] & (0x7Fu >> length);
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (text[i] & 0x3Fu);
    }
    bool surrogate = *point >= 0xD800 && *point < 0xE000;
    return *point < least[length] || *point > 0x10FFFF || surrogate ? 0 : length;
}

static bool reorders_text(uint32_t point)
{
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

static Span span_at(const Parse *p, size_t begin, size_t end)
{
    return (Span){p->source, (uint32_t)begin, (uint32_t)end};
}

// Reports the first byte of each kind that no text holds; strings and comments are not excepted.
static void check_bytes(Parse *p)
{
    const unsigned char *text = (const unsigned char *)p->source->text;
    bool nul = false, encoding = false, order = false;
    for (size_t i = 0; i < p->source->length; i++) {
        uint32_t point = 0;
        if (text[i] == 0 && !nul) {
            nul = true;
            fault(p, E_CHARACTER, span_at(p, i, i + 1), "a NUL byte: this is not a text file");
        }
        if (text[i] < 0x80)
            continue;
        int length = utf8_decode(text + i, &point);
        if (length == 0 && !encoding) {
            encoding = true;
            fault(p, E_ENCODING, span_at(p, i, i + 1), "byte 0x%02X is not UTF-8 text", text[i]);
        } else if (reorders_text(point) && !order) {
            order = true;
            fault(p, E_CHARACTER, span_at(p, i, i + (size_t)length),
                  "an invisible character (U+%04X) that changes the order of the text around it",
                  (unsigned)point);
        }
        i += length > 1 ? (size_t)length - 1 : 0;
    }
}

// --- `##` ---

// Blank lines between two places separate a comment from what stands below it.
static bool blank_line_between(const char *text, uint32_t begin, uint32_t end)
{
    int newlines = 0;
    for (uint32_t i = begin; i < end; i++) {
        newlines = text[i] == '\n' ? newlines + 1 : isspace((unsigned char)text[i]) ? newlines : 0;
        if (newlines > 1)
            return true;
    }
    return false;
}

// The comment without its marks; lines of plain comment among it are left out.
static const char *doc_text(Parse *p, Span doc)
{
    const char *at = p->source->text + doc.begin, *end = p->source->text + doc.end;
    char *text = arena_alloc(p->arena, doc.end - doc.begin + 1);
    size_t length = 0;
    while (at < end) {
        const char *line = at, *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        at = stop + 1;
        while (line < stop && isspace((unsigned char)*line))
            line++;
        if (stop - line < 2 || line[1] != '#')
            continue;
        line += 2 + (line + 2 < stop && line[2] == ' ');
        while (stop > line && isspace((unsigned char)stop[-1]))
            stop--;
        if (length)
            text[length++] = '\n';
        memcpy(text + length, line, (size_t)(stop - line));
        length += (size_t)(stop - line);
    }
    return text;
}

static void doc_add(Scan *scan, Span span)
{
    const char *text = scan->p->source->text;
    if (!scan->fresh)
        return;
    if (scan->doc.source && !blank_line_between(text, scan->doc.end, span.begin))
        scan->doc.end = span.end;
    else
        scan->doc = span;
}

static const char *doc_take(Scan *scan, Span span)
{
    Span doc = scan->doc;
    scan->doc = (Span){0};
    if (!doc.source)
        return NULL;
    if (!blank_line_between(scan->p->source->text, doc.end, span.begin))
        return doc_text(scan->p, doc);
    if (scan->words->count == 0)
        scan->p->doc = doc_text(scan->p, doc);
    return NULL;
}

// --- words ---

void scan_line(Scan *scan)
{
    scan->fresh = true;
    scan->said = false;
    scan->line = scan->at;
    scan->lines++;
}

// The layout counts exactly; here only what is far too much is refused before it takes memory.
static void count_brackets(Scan *scan, int kind, Span span)
{
    scan->depth += (kind == '(' || kind == '[' || kind == '{');
    scan->depth -= (kind == ')' || kind == ']' || kind == '}') && scan->depth > 0;
    if (scan->depth <= 2 * depth_limit)
        return;
    fault(scan->p, E_DEPTH, span, "brackets are nested more than %d deep", depth_limit);
    scan->p->stopped = true;
}

bool scan_word(Scan *scan, int kind, Span span)
{
    if (kind == T_DOC) {
        doc_add(scan, span);
        return !scan->p->stopped;
    }
    if (scan->fresh)
        scan->indent = (int)(span.begin - scan->line);
    Token token = {
        .kind = kind, .begin = span.begin, .end = span.end, .doc = doc_take(scan, span),
        .indent = scan->indent, .line = scan->lines, .fresh = scan->fresh, .said = scan->said,
    };
    scan->fresh = scan->said = false;
    tokens_put(scan->p, scan->words, token);
    count_brackets(scan, kind, span);
    if (scan->words->count == token_limit) {
        fault(scan->p, E_SIZE, span, "this file has more than %d words, no spec is so long",
              token_limit);
        scan->p->stopped = true;
    }
    return !scan->p->stopped;
}

bool tokens_scan(Parse *p, Tokens *words)
{
    const Source *source = p->source;
    uint32_t mark = source->length >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    Scan scan = {.p = p, .words = words, .at = mark, .line = mark, .fresh = true};
    check_bytes(p);
    spec_scan(&scan, source->text + mark, source->length - mark);
    return !p->stopped;
}

static const char *word_of(const Scan *scan, const Span *span)
{
    return span_text(scan->p->arena, *span);
}

// --- numbers ---

static const struct {
    const char *name;
    Unit unit;
    double factor;
} units[] = {
    {"step", UNIT_STEPS, 1},          {"steps", UNIT_STEPS, 1},
    {"epoch", UNIT_EPOCHS, 1},        {"epochs", UNIT_EPOCHS, 1},
    {"batch", UNIT_BATCHES, 1},       {"batches", UNIT_BATCHES, 1},
    {"second", UNIT_SECONDS, 1},      {"seconds", UNIT_SECONDS, 1},
    {"minute", UNIT_MINUTES, 1},      {"minutes", UNIT_MINUTES, 1},
    {"hour", UNIT_HOURS, 1},          {"hours", UNIT_HOURS, 1},
    {"day", UNIT_DAYS, 1},            {"days", UNIT_DAYS, 1},
    {"KB", UNIT_BYTES, 1e3},          {"KiB", UNIT_BYTES, 1024.0},
    {"MB", UNIT_BYTES, 1e6},          {"MiB", UNIT_BYTES, 1024.0 * 1024},
    {"GB", UNIT_BYTES, 1e9},          {"GiB", UNIT_BYTES, 1024.0 * 1024 * 1024},
    {"TB", UNIT_BYTES, 1e12},         {"TiB", UNIT_BYTES, 1024.0 * 1024 * 1024 * 1024},
};

bool unit_named(const char *word, size_t length, Unit *unit, double *factor)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, word, length) == 0) {
            *unit = units[i].unit;
            *factor = units[i].factor;
            return true;
        }
    return false;
}

size_t scan_measure(const char *text, size_t length)
{
    Unit unit;
    double factor;
    size_t number = strcspn(text, " \t");
    const char *word = text + number + strspn(text + number, " \t");
    return unit_named(word, length - (size_t)(word - text), &unit, &factor) ? length : number;
}

int scan_percent(Scan *scan, const Span *span)
{
    unsigned char next = (unsigned char)scan->p->source->text[span->end];
    if (isalnum(next) || next == '_' || next == '(') {
        fault(scan->p, E_UNIT, *span, "`%s` is a share of a hundred and cannot be followed by `%c`",
              word_of(scan, span), next);
        hint(scan->p, "for the remainder of a division put blanks around `%%`");
        scan->said = true;
    }
    return T_NUMBER;
}

// `16GB`, `5epochs`, `0x10`, `1_`, `2x`: the digits end where a word begins.
int scan_glued(Scan *scan, const Span *span)
{
    const char *text = word_of(scan, span);
    Unit unit;
    double factor;
    size_t digits = strspn(text, "0123456789_.");
    scan->said = true;
    if (unit_named(text + digits, strlen(text + digits), &unit, &factor)) {
        fault(scan->p, E_UNIT, *span, "a blank is missing before the unit: write `%.*s %s`",
              (int)digits, text, text + digits);
    } else {
        fault(scan->p, E_NUMBER, *span, "`%.40s` is neither a number nor a name", text);
        if (isalpha((unsigned char)text[digits]) && text[digits + 1] == 0)
            hint(scan->p, "a product is written with `*`: `%.*s * %s`", (int)digits,
                      text, text + digits);
    }
    return T_NUMBER;
}

size_t scan_point(Scan *scan, const Span *span, const char *text)
{
    size_t point = (size_t)(strrchr(text, '.') - text);
    if (scan->p->source->text[span->begin + point + 1] == '.')
        return point;                                           // `0..n` is a range
    fault(scan->p, E_NUMBER, *span, "`%.40s` needs a digit behind the dot: write `%.*s.0%s`", text,
          (int)point, text, text + point + 1);
    scan->said = true;
    return strlen(text);
}

int scan_no_whole(Scan *scan, const Span *span)
{
    const char *text = word_of(scan, span), *source = scan->p->source->text;
    unsigned char before = span->begin ? (unsigned char)source[span->begin - 1] : ' ';
    scan->said = true;
    if (isalnum(before) || before == '_' || before == ')' || before == ']') {
        fault(scan->p, E_NUMBER, *span, "items of a list or tuple are read with `[%s]`, not `%s`",
              text + 1, text);
        hint(scan->p, "or take them apart: `a, b = pair`");
    } else {
        fault(scan->p, E_NUMBER, *span, "`%s` needs a digit before the dot: write `0%s`", text,
              text);
    }
    return T_NUMBER;
}

// --- strings and comments ---

// The string is taken to end before a bracket that was opened outside of it, or with its line.
size_t scan_open_string(Scan *scan, const Span *span)
{
    const char *text = scan->p->source->text + span->begin;
    size_t length = span->end - span->begin, at = 1;
    int open = 0;
    for (; at < length && open >= 0; at++)
        open += (text[at] == '(' || text[at] == '[' || text[at] == '{')
              - (text[at] == ')' || text[at] == ']' || text[at] == '}');
    fault(scan->p, E_STRING, (Span){span->source, span->begin, span->begin + 1},
          "this string does not end on its line");
    scan->said = true;
    return open < 0 ? at - 1 : length;
}

int scan_single_quotes(Scan *scan, const Span *span)
{
    fault(scan->p, E_QUOTES, *span, "strings stand in double quotes");
    scan->said = true;
    return T_STRING;
}

int scan_triple(Scan *scan, Span *span)
{
    span->begin = scan->start;
    fault(scan->p, E_QUOTES, (Span){span->source, scan->start, scan->start + 3},
          "there are no strings over several lines, and so no \"\"\"");
    hint(scan->p, "comments begin with `#`, documentation with `##`");
    scan->said = true;
    return T_STRING;
}

void scan_comment(Scan *scan, const Span *span)
{
    fault(scan->p, E_FOREIGN_SIGN, *span, "comments begin with `#` and end with their line");
}

// --- what other languages write ---

static const struct {
    const char *word, *ours;
    int kind;
} foreign[] = {
    {"**", "^", '^'},        {"&&", "and", T_AND},   {"||", "or", T_OR},      {"!", "not", T_NOT},
    {"&", "and", T_AND},     {"~", "not", T_NOT},    {"===", "==", T_EQ},     {"!==", "!=", T_NE},
    {"<>", "!=", T_NE},      {":=", "=", '='},       {"=>", "=", '='},        {"...", "..", T_DOTS},
    {"True", "true", T_TRUE}, {"False", "false", T_FALSE}, {"None", "none", T_NONE},
    {"null", "none", T_NONE}, {"nil", "none", T_NONE},
};

int scan_foreign(Scan *scan, const Span *span)
{
    const char *word = word_of(scan, span);
    scan->said = true;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(word, foreign[i].word) == 0) {
            bool letters = isalpha((unsigned char)*word);
            fault(scan->p, letters ? E_FOREIGN_WORD : E_FOREIGN_SIGN, *span,
                  "`%s` is written `%s` here", word, foreign[i].ours);
            return foreign[i].kind;
        }
    fault(scan->p, E_FOREIGN_SIGN, *span, "there is no `%s`", word);
    if (strcmp(word, "++") == 0)
        hint(scan->p, "write `x += 1`");
    else
        hint(scan->p, "only `+= -= *= /=` exist: write `x = x %.*s y`",
                  (int)strlen(word) - 1, strcmp(word, "**=") == 0 ? "^" : word);
    return T_ADD_TO;
}

void scan_self(Scan *scan, const Span *span)
{
    fault(scan->p, E_FOREIGN_WORD, *span, "members are written without `self.`");
}

// --- characters without a meaning ---

static const struct {
    uint32_t point;
    const char *name, *hint;
} known_points[] = {
    {0x201C, "a curly quote", "strings stand in straight quotes: \""},
    {0x201D, "a curly quote", "strings stand in straight quotes: \""},
    {0x2018, "a curly quote", "strings stand in straight quotes: \""},
    {0x2019, "a curly quote", "strings stand in straight quotes: \""},
    {0x00A0, "a no-break space", "replace it by a blank"},
    {0x200B, "a zero-width space", "delete it"},
    {0xFEFF, "a byte order mark", "it may stand at the beginning of a file only"},
    {0x2212, "a minus sign (U+2212)", "write `-`"},
    {0x2013, "a dash", "write `-`"},
    {0x2014, "a dash", "write `-`"},
    {0x00D7, "a multiplication sign", "write `*`"},
    {0x00B7, "a multiplication dot", "write `*`"},
    {0x00F7, "a division sign", "write `/`"},
    {0x2192, "an arrow", "write `->`"},
    {0x2264, "a comparison sign", "write `<=`"},
    {0x2265, "a comparison sign", "write `>=`"},
    {0x2260, "a comparison sign", "write `!=`"},
    {0x2026, "an ellipsis", "write `..`"},
    {0x00B2, "a superscript", "write `^2`"},
};

// A run of characters without a meaning is one mistake.
static bool goes_on_astray(Scan *scan, const Span *span)
{
    bool goes_on = scan->said && scan->stray == span->begin;
    if (!scan->fresh && scan->words->count)
        scan->words->at[scan->words->count - 1].said = true;
    scan->stray = span->end;
    scan->said = true;
    return goes_on;
}

void scan_beyond_ascii(Scan *scan, const Span *span)
{
    uint32_t point;
    const char *text = scan->p->source->text + span->begin;
    int length = utf8_decode((const unsigned char *)text, &point);
    if (goes_on_astray(scan, span) || length == 0 || reorders_text(point))
        return;                                                 // check_bytes has said so
    for (size_t i = 0; i < sizeof known_points / sizeof *known_points; i++)
        if (known_points[i].point == point) {
            Span one = {span->source, span->begin, span->begin + (uint32_t)length};
            fault(scan->p, E_CHARACTER, one, "%s cannot stand here", known_points[i].name);
            hint(scan->p, "%s", known_points[i].hint);
            return;
        }
    fault(scan->p, E_CHARACTER, *span, "`%.*s` cannot stand outside of strings and comments",
          (int)(span->end - span->begin > 40 ? (uint32_t)length : span->end - span->begin), text);
    hint(scan->p, "names are made of the letters a to z, digits and `_`");
}

void scan_stray(Scan *scan, const Span *span)
{
    char c = scan->p->source->text[span->begin], next = scan->p->source->text[span->end];
    if (goes_on_astray(scan, span) || c == 0)
        return;                                                 // check_bytes has said so
    if ((unsigned char)c < 32 || c == 127) {
        fault(scan->p, E_CHARACTER, *span, "a control character (0x%02X)", (unsigned)c);
        return;
    }
    fault(scan->p, E_CHARACTER, *span, "`%c` means nothing in a spec", c);
    if (c == '\\' && (next == '\n' || next == '\r'))
        hint(scan->p, "a line goes on after an operator or a comma, or inside brackets");
    else if (c == '\'' || c == '`')
        hint(scan->p, "strings stand in double quotes");
}
