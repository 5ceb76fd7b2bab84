// config: settings from a file, in the part of YAML that `--print-config` writes.
//
//     seed: 7                          # an option
//     trainer:
//       max_epochs: 3                  # a setting of a group, deeper than the group's name
//     optimizer.lr: 0.001              # or with its whole name
//
// Comments, plain and quoted texts, and null, which leaves a setting as it is. Every line that does
// not belong is named with its place and what was expected.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text.h"
#include "settings/given.h"

enum { BYTES_MOST = 1 << 20, DEPTH_MOST = 16 };

struct level {
    int indent;                 // of its lines
    size_t prefix;              // letters of the names above, with their dots
};

struct config {
    struct lt_reader *reader;
    const char *path;
    int line;
    struct level level[DEPTH_MOST];
    int depth;
    char prefix[LT_ROW_NAME];
    char group[LT_ROW_NAME];    // of the line before, if it has no value: lines below may be deeper
    int group_line, group_column;
    bool started;               // something but comments was read
    int skipped;                // lines deeper than this follow one that was no name; -1: none
    int *seen;                  // the line of each row
};

static void complain(struct config *config, int column, const char *format, ...) LT_PRINTF(3, 4);

static void complain(struct config *config, int column, const char *format, ...)
{
    char where[1024], text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "%s:%d:%d", config->path, config->line, column);
    lt_complain(config->reader, where, "%s", text);
}

// ---- groups -------------------------------------------------------------------------------------

static bool is_group(const struct config *config, const char *name)
{
    struct lt_row row;
    const size_t length = strlen(name);
    for (int i = 0; i < lt_rows_count(config->reader->settings); i++) {
        lt_row_read(config->reader->settings, i, &row);
        if (strncmp(row.name, name, length) == 0 && row.name[length] == '.')
            return true;
    }
    return false;
}

// The name of the line before had no value, and nothing stands below it.
static void close_group(struct config *config)
{
    if (*config->group && !is_group(config, config->group)) {
        const int line = config->line;
        config->line = config->group_line;
        if (lt_rows_find(config->reader->settings, config->group) >= 0)
            complain(config, config->group_column, "a value was expected behind \"%s:\"",
                     config->group);
        else
            complain(config, config->group_column, "there is no group \"%s\", and nothing stands "
                     "below it", config->group);
        config->line = line;
    }
    config->group[0] = '\0';
}

static bool open_level(struct config *config, int indent)
{
    if (config->depth == DEPTH_MOST) {
        complain(config, indent + 1, "groups stand in groups at most %d deep", DEPTH_MOST);
        return false;
    }
    const int length = snprintf(config->prefix, sizeof config->prefix, "%s.", config->group);
    config->level[config->depth++] = (struct level){indent, (size_t)length};
    config->group[0] = '\0';
    return true;
}

// Which group a line of this indentation belongs to.
static bool find_level(struct config *config, int indent)
{
    const int top = config->level[config->depth - 1].indent;
    if (indent > top && *config->group)
        return open_level(config, indent);
    if (indent > top) {
        complain(config, indent + 1, "this line is deeper than the one before, which is no group; "
                 "it was expected in column %d", top + 1);
        return false;
    }
    close_group(config);
    while (config->depth > 1 && config->level[config->depth - 1].indent > indent)
        config->depth--;
    const struct level *level = &config->level[config->depth - 1];
    config->prefix[level->prefix] = '\0';
    if (level->indent == indent)
        return true;
    complain(config, indent + 1, "no line above begins in this column; it was expected in column "
             "%d", level->indent + 1);
    return false;
}

// ---- values -------------------------------------------------------------------------------------

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t';
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

static bool ends_here(const char *at)
{
    const char *next = skip_blanks(at);
    return !*next || (*next == '#' && next > at);
}

// One escaped letter of a text in double quotes; `at` stands behind the backslash.
static const char *read_escape(const char *at, char *out)
{
    static const char letters[] = "\"\\/nt0r", means[] = "\"\\/\n\t\0\r";
    const char *found = *at ? strchr(letters, *at) : NULL;
    if (found && *found != '0') {
        *out = means[found - letters];
        return at + 1;
    }
    unsigned code = 0;
    int digits = 0;
    if (*at == 'u' && sscanf(at + 1, "%4x%n", &code, &digits) == 1 && digits == 4 && code > 0
        && code < 128) {
        *out = (char)code;
        return at + 5;
    }
    return NULL;
}

// Where a text in quotes ends, its letters in `text`; NULL after a complaint.
static const char *read_quoted(struct config *config, const char *start, const char *at, char *text)
{
    const char quote = *at++;
    while (*at && (*at != quote || (quote == '\'' && at[1] == '\''))) {
        if (quote == '"' && *at == '\\') {
            const char *next = read_escape(at + 1, text++);
            if (!next) {
                complain(config, (int)(at - start) + 1, "\"\\%.1s\" stands for no letter; there "
                         "are \\\\ \\\" \\/ \\n \\t \\r and \\u0001 to \\u007f", at + 1);
                return NULL;
            }
            at = next;
            continue;
        }
        at += *at == '\'' && quote == '\'';
        *text++ = *at++;
    }
    *text = '\0';
    if (!*at) {
        complain(config, (int)(at - start) + 1, "a closing %c was expected", quote);
        return NULL;
    }
    if (ends_here(at + 1))
        return at + 1;
    complain(config, (int)(skip_blanks(at + 1) - start) + 1, "the end of the line was expected");
    return NULL;
}

static bool read_plain(struct config *config, const char *start, const char *at, char *text)
{
    const char *end = at;
    while (*end && !(*end == '#' && is_blank(end[-1]))) {
        if (*end == ':' && (is_blank(end[1]) || !end[1])) {
            complain(config, (int)(end - start) + 1, "a value with \":\" in it stands in quotes");
            return false;
        }
        end++;
    }
    while (end > at && is_blank(end[-1]))
        end--;
    if (strchr("[{", *at)) {
        complain(config, (int)(at - start) + 1, "lists and braces hold no setting; one value was "
                 "expected");
        return false;
    }
    if (strchr("&*!|>%@`,]}", *at)) {
        complain(config, (int)(at - start) + 1, "a value that begins with %c stands in quotes",
                 *at);
        return false;
    }
    memcpy(text, at, (size_t)(end - at));
    text[end - at] = '\0';
    return true;
}

static bool is_null(const char *text)
{
    return strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || strcmp(text, "Null") == 0
        || strcmp(text, "NULL") == 0;
}

// ---- lines --------------------------------------------------------------------------------------

static void give(struct config *config, int index, int column, const char *text)
{
    char where[1024];
    struct lt_row row;
    lt_row_read(config->reader->settings, index, &row);
    if (!strchr(row.places, 'c')) {
        complain(config, column, "%s stands on the command line, not in a file", row.name);
        return;
    }
    if (config->seen[index]) {
        complain(config, column, "%s is given twice, first in line %d", row.name,
                 config->seen[index]);
        return;
    }
    config->seen[index] = config->line;
    snprintf(where, sizeof where, "%s:%d:%d", config->path, config->line, column);
    if (text)
        lt_give(config->reader, index, where, text);
}

static void read_value(struct config *config, const char *start, const char *at, int name_column,
                       const char *name, char *text)
{
    const int column = (int)(at - start) + 1;
    const bool quoted = *at == '"' || *at == '\'';
    if (quoted ? !read_quoted(config, start, at, text) : !read_plain(config, start, at, text))
        return;
    const int index = lt_rows_find(config->reader->settings, name);
    char where[1024];
    snprintf(where, sizeof where, "%s:%d:%d", config->path, config->line, name_column);
    if (index >= 0)
        give(config, index, column, !quoted && is_null(text) ? NULL : text);
    else if (is_group(config, name))
        complain(config, column, "%s is a group; its settings stand below it, deeper", name);
    else
        lt_complain_unknown(config->reader, where, name);
}

// A name and the colon behind it; NULL after a complaint, else what follows.
static const char *read_name(struct config *config, const char *start, const char *at, char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-.";
    const size_t length = strspn(at, letters), before = strlen(config->prefix);
    const char *colon = skip_blanks(at + length);
    const int column = (int)(at - start) + 1;
    if (*at == '-' && (is_blank(at[1]) || !at[1])) {
        complain(config, column, "lists hold no setting; \"name: value\" was expected");
        return NULL;
    }
    if (length == 0 || *colon != ':') {
        complain(config, (int)(colon - start) + 1, length == 0 ? "a name was expected, as in "
                 "\"name: value\"" : "\":\" was expected, as in \"name: value\"");
        return NULL;
    }
    if (colon[1] && !is_blank(colon[1])) {
        complain(config, (int)(colon - start) + 2, "a blank was expected behind \":\"");
        return NULL;
    }
    if (before + length >= LT_ROW_NAME) {
        complain(config, column, "this name is longer than any setting's");
        return NULL;
    }
    memcpy(name, config->prefix, before);
    memcpy(name + before, at, length);
    name[before + length] = '\0';
    return colon + 1;
}

static void read_line(struct config *config, const char *start)
{
    const int indent = (int)strspn(start, " ");
    const char *at = start + indent;
    char name[LT_ROW_NAME];
    if (ends_here(at) || *at == '#')
        return;
    if (strncmp(at, "---", 3) == 0 && ends_here(at + 3) && indent == 0 && !config->started) {
        config->started = true;
        return;
    }
    config->started = true;
    if (*at == '\t') {
        complain(config, indent + 1, "a tab; lines are indented with blanks");
        return;
    }
    if (config->skipped >= 0 && indent > config->skipped)
        return;
    config->skipped = -1;
    const char *next = find_level(config, indent) ? read_name(config, start, at, name) : NULL;
    if (!next) {
        config->skipped = indent;
        return;
    }
    if (ends_here(next)) {
        memcpy(config->group, name, sizeof name);
        config->group_line = config->line;
        config->group_column = (int)(next - start) + 1;
        return;
    }
    char *text = malloc(strlen(next) + 1);
    if (text)
        read_value(config, start, skip_blanks(next), indent + 1, name, text);
    else
        complain(config, indent + 1, "no memory for this line");
    free(text);
}

static void read_lines(struct config *config, char *text)
{
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (char *next; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        const size_t length = strlen(text);
        if (length && text[length - 1] == '\r')
            text[length - 1] = '\0';
        config->line++;
        read_line(config, text);
    }
    close_group(config);
}

// ---- the file -----------------------------------------------------------------------------------

// All of it with a 0 behind it, or NULL after a complaint.
static char *read_file(struct lt_reader *reader, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(BYTES_MOST + 1) : NULL;
    const size_t size = text ? fread(text, 1, BYTES_MOST + 1, file) : 0;
    bool whole = false;
    if (!file || (text && ferror(file)))
        lt_complain(reader, "", "--config %s: cannot be read: %s", path, strerror(errno));
    else if (!text)
        lt_complain(reader, "", "--config %s: no memory for it", path);
    else if (size > BYTES_MOST)
        lt_complain(reader, "", "--config %s: has more than %d bytes", path, BYTES_MOST);
    else if (memchr(text, '\0', size) || !lt_utf8_valid((const unsigned char *)text, size))
        lt_complain(reader, "", "--config %s: is no text in UTF-8", path);
    else
        whole = true;
    if (file)
        fclose(file);
    if (!whole) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

void lt_config_read(struct lt_reader *reader, const char *path)
{
    char *text = read_file(reader, path);
    struct config config = {
        .reader = reader, .path = path, .depth = 1, .skipped = -1,
        .seen = calloc((size_t)lt_rows_count(reader->settings), sizeof *config.seen),
    };
    if (text && config.seen)
        read_lines(&config, text);
    else if (text)
        lt_complain(reader, "", "--config %s: no memory for it", path);
    free(config.seen);
    free(text);
}
