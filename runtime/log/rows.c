#include "log/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// ---- writing ------------------------------------------------------------------------------------

static bool write_fault(const struct lt_rows *rows, struct lt_fault *fault)
{
    return lt_fail(fault, "%s: cannot be written: %s", rows->path, strerror(errno));
}

// After a failure the file is cut back to whole rows, and the buffer is kept for another try.
bool lt_rows_flush(struct lt_rows *rows, struct lt_fault *fault)
{
    if (rows->file < 0)
        return true;
    if (rows->used > 0 && lt_file_is_removed(rows->file)) {
        close(rows->file);
        rows->file = -1;
        return lt_fail(fault, "%s: was removed; no more rows are logged there", rows->path);
    }
    if (!lt_write_all(rows->file, rows->buffer, rows->used)) {
        write_fault(rows, fault);
        if (ftruncate(rows->file, rows->whole) != 0)
            return false;
        return false;
    }
    rows->whole += (int64_t)rows->used;
    rows->used = 0;
    return true;
}

// The row is done. Where the buffer is full and cannot be written, its rows are lost.
static bool end_row(struct lt_rows *rows, struct lt_fault *fault)
{
    bool whole = true;
    if (rows->used + rows->row_used > rows->room && !lt_rows_flush(rows, fault)) {
        rows->used = 0;
        whole = false;
    }
    memcpy(rows->buffer + rows->used, rows->row, rows->row_used);
    rows->used += rows->row_used;
    rows->row_used = 0;
    return whole;
}

bool lt_rows_close(struct lt_rows *rows, struct lt_fault *fault)
{
    const bool whole = lt_rows_flush(rows, fault);
    if (rows->file >= 0)
        close(rows->file);
    free(rows->path);
    free(rows->row);
    free(rows->buffer);
    *rows = (struct lt_rows){.file = -1};
    return whole;
}

// ---- rows ---------------------------------------------------------------------------------------

// There is room for the longest row (row_bytes).
static void put(struct lt_rows *rows, const char *text)
{
    const size_t length = strlen(text);
    memcpy(rows->row + rows->row_used, text, length);
    rows->row_used += length;
}

static void put_count(struct lt_rows *rows, int64_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, count);
    put(rows, text);
}

static void put_csv(struct lt_rows *rows, const struct lt_record *record)
{
    put_count(rows, record->epoch);
    put(rows, ",");
    put_count(rows, record->step);
    for (int i = 0; i < record->count; i++) {
        put(rows, ",");
        if (record->filled[i])
            put(rows, record->cell[i].text);
    }
}

static void put_json_name(struct lt_rows *rows, const char *name)
{
    put(rows, "\"");
    for (; *name; name++) {
        char letters[8] = {*name, '\0'};
        if (*name == '"' || *name == '\\')
            snprintf(letters, sizeof letters, "\\%c", *name);
        else if ((unsigned char)*name < ' ')
            snprintf(letters, sizeof letters, "\\u%04x", (unsigned char)*name);
        put(rows, letters);
    }
    put(rows, "\":");
}

static void put_json(struct lt_rows *rows, const struct lt_record *record)
{
    put(rows, "{\"epoch\":");
    put_count(rows, record->epoch);
    put(rows, ",\"step\":");
    put_count(rows, record->step);
    for (int i = 0; i < record->count; i++) {
        if (!record->filled[i])
            continue;
        put(rows, ",");
        put_json_name(rows, record->name[i]);
        put(rows, strpbrk(record->cell[i].text, "nN") ? "null" : record->cell[i].text);
    }
    put(rows, "}");
}

bool lt_rows_write(struct lt_rows *rows, const struct lt_record *record, struct lt_fault *fault)
{
    if (rows->file < 0)
        return true;
    if (rows->form == LT_ROWS_CSV)
        put_csv(rows, record);
    else
        put_json(rows, record);
    put(rows, "\n");
    return end_row(rows, fault);
}

// ---- the header ---------------------------------------------------------------------------------

static void put_csv_name(struct lt_rows *rows, const char *name)
{
    put(rows, ",");
    if (!strpbrk(name, ",\"\r\n")) {
        put(rows, name);
        return;
    }
    put(rows, "\"");
    for (; *name; name++) {
        const char letters[3] = {*name, *name == '"' ? '"' : '\0', '\0'};
        put(rows, letters);
    }
    put(rows, "\"");
}

static void put_header(struct lt_rows *rows, const struct lt_record *record)
{
    if (rows->form != LT_ROWS_CSV)
        return;
    put(rows, "epoch,step");
    for (int i = 0; i < record->count; i++)
        put_csv_name(rows, record->name[i]);
    put(rows, "\n");
}

// ---- opening ------------------------------------------------------------------------------------

// Where the step stands in a row, as far as it was made here.
static const char *step_in(enum lt_rows_form form, const char *row, const char *end)
{
    const char *comma = memchr(row, ',', (size_t)(end - row));
    if (!comma)
        return NULL;
    static const char name[] = "\"step\":";
    const char *step = comma + 1;
    if (form == LT_ROWS_CSV)
        return step;
    return (size_t)(end - step) > sizeof name && memcmp(step, name, sizeof name - 1) == 0
         ? step + sizeof name - 1 : NULL;
}

// Bytes of the rows before `from_step`; a row without a newline at its end was torn and goes too.
static int64_t bytes_before(enum lt_rows_form form, const char *text, size_t size, size_t header,
                            int64_t from_step)
{
    const char *row = text + header;
    const char *const end = text + size;
    for (const char *next; row < end; row = next + 1) {
        next = memchr(row, '\n', (size_t)(end - row));
        const char *step = next ? step_in(form, row, next) : NULL;
        if (!step || strtoll(step, NULL, 10) >= from_step)
            break;
    }
    return row - text;
}

// The whole of the file so far, with a 0 behind it.
static char *read_all(struct lt_rows *rows, size_t *size, struct lt_fault *fault)
{
    struct stat about;
    if (fstat(rows->file, &about) != 0) {
        write_fault(rows, fault);
        return NULL;
    }
    char *text = malloc((size_t)about.st_size + 1);
    if (!text) {
        lt_fail(fault, "no memory to read %s", rows->path);
        return NULL;
    }
    *size = 0;
    for (ssize_t got = 1; got > 0; *size += got > 0 ? (size_t)got : 0)
        got = pread(rows->file, text + *size, (size_t)about.st_size - *size, (off_t)*size);
    text[*size] = '\0';
    return text;
}

// The header stands in `row`.
static bool keep_rows(struct lt_rows *rows, int64_t from_step, struct lt_fault *fault)
{
    size_t size;
    char *text = read_all(rows, &size, fault);
    if (!text)
        return false;
    bool whole = true;
    const size_t header = rows->row_used;
    if (size >= header && memcmp(text, rows->row, header) == 0) {
        rows->row_used = 0;
        rows->whole = bytes_before(rows->form, text, size, header, from_step);
        whole = ftruncate(rows->file, rows->whole) == 0 || write_fault(rows, fault);
    } else if (memchr(text, '\n', size)) {
        whole = lt_fail(fault, "%s: its columns are not those of this program", rows->path);
    } else {
        whole = ftruncate(rows->file, 0) == 0 || write_fault(rows, fault);
    }
    free(text);
    return whole;
}

// Of the longest row, the header among them: a letter of a name takes six at most.
static size_t row_bytes(const struct lt_record *record)
{
    size_t bytes = 128;
    for (int i = 0; i < record->count; i++)
        bytes += 6 * strlen(record->name[i]) + sizeof record->cell->text + 8;
    return bytes;
}

static bool open_file(struct lt_rows *rows, const struct lt_record *record, int64_t from_step,
                      struct lt_fault *fault)
{
    rows->file = open(rows->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (rows->file < 0)
        return write_fault(rows, fault);
    put_header(rows, record);
    return keep_rows(rows, from_step, fault) && end_row(rows, fault)
        && lt_rows_flush(rows, fault);
}

bool lt_rows_open(struct lt_rows *rows, enum lt_rows_form form, const char *path,
                  const struct lt_record *record, int64_t from_step, struct lt_fault *fault)
{
    const size_t longest = row_bytes(record);
    *rows = (struct lt_rows){
        .file = -1, .form = form, .path = strdup(path), .row = malloc(longest),
        .room = longest > LT_ROWS_BUFFER ? longest : LT_ROWS_BUFFER,
    };
    rows->buffer = malloc(rows->room);
    if (!rows->path || !rows->row || !rows->buffer)
        return lt_fail(fault, "no memory for the log");
    if (open_file(rows, record, from_step, fault))
        return true;
    if (rows->file >= 0)
        close(rows->file);
    rows->file = -1;
    return false;
}
