#include "log/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- writing ------------------------------------------------------------------------------------

static bool write_fault(const struct lt_csv *csv, struct lt_fault *fault)
{
    return lt_fail(fault, "%s: cannot be written: %s", csv->path, strerror(errno));
}

// After a failure the file is cut back to whole rows, and the buffer is kept for another try.
bool lt_csv_flush(struct lt_csv *csv, struct lt_fault *fault)
{
    if (csv->file < 0)
        return true;
    for (size_t done = 0; done < csv->used;) {
        const ssize_t got = write(csv->file, csv->buffer + done, csv->used - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            write_fault(csv, fault);
            if (ftruncate(csv->file, csv->whole) != 0)
                return false;
            return false;
        }
        done += (size_t)got;
    }
    csv->whole += (int64_t)csv->used;
    csv->used = 0;
    return true;
}

static bool append(struct lt_csv *csv, const char *text, struct lt_fault *fault)
{
    const size_t length = strlen(text);
    if (csv->used + length > LT_CSV_BUFFER && !lt_csv_flush(csv, fault)) {
        csv->used = 0;
        return false;
    }
    if (length > LT_CSV_BUFFER)
        return lt_fail(fault, "%s: a row is too long", csv->path);
    memcpy(csv->buffer + csv->used, text, length);
    csv->used += length;
    return true;
}

static bool append_cell(struct lt_csv *csv, const struct lt_record *record, int column,
                        struct lt_fault *fault)
{
    return append(csv, ",", fault)
        && (!record->filled[column] || append(csv, record->cell[column].text, fault));
}

bool lt_csv_write(struct lt_csv *csv, const struct lt_record *record, struct lt_fault *fault)
{
    if (csv->file < 0)
        return true;
    char start[64];
    snprintf(start, sizeof start, "%" PRId64 ",%" PRId64, record->epoch, record->step);
    bool whole = append(csv, start, fault);
    for (int i = 0; whole && i < record->count; i++)
        whole = append_cell(csv, record, i, fault);
    return whole && append(csv, "\n", fault);
}

bool lt_csv_close(struct lt_csv *csv, struct lt_fault *fault)
{
    const bool whole = lt_csv_flush(csv, fault);
    if (csv->file >= 0)
        close(csv->file);
    free(csv->path);
    free(csv->buffer);
    *csv = (struct lt_csv){.file = -1};
    return whole;
}

// ---- opening ------------------------------------------------------------------------------------

static bool append_name(struct lt_csv *csv, const char *name, struct lt_fault *fault)
{
    if (!strpbrk(name, ",\"\r\n"))
        return append(csv, ",", fault) && append(csv, name, fault);
    bool whole = append(csv, ",\"", fault);
    for (; whole && *name; name++) {
        const char letters[3] = {*name, *name == '"' ? '"' : '\0', '\0'};
        whole = append(csv, letters, fault);
    }
    return whole && append(csv, "\"", fault);
}

static bool append_header(struct lt_csv *csv, const struct lt_record *record,
                          struct lt_fault *fault)
{
    bool whole = append(csv, "epoch,step", fault);
    for (int i = 0; whole && i < record->count; i++)
        whole = append_name(csv, record->name[i], fault);
    return whole && append(csv, "\n", fault);
}

// Bytes of the rows before `from_step`; a row without a newline at its end was torn and goes too.
static int64_t bytes_before(const char *text, size_t size, int64_t from_step)
{
    const char *row = memchr(text, '\n', size);
    const char *const end = text + size;
    row = row ? row + 1 : end;
    for (const char *next; row < end; row = next + 1) {
        next = memchr(row, '\n', (size_t)(end - row));
        const char *comma = next ? memchr(row, ',', (size_t)(next - row)) : NULL;
        if (!comma || strtoll(comma + 1, NULL, 10) >= from_step)
            break;
    }
    return row - text;
}

// The whole of the file so far, with a 0 behind it.
static char *read_all(struct lt_csv *csv, size_t *size, struct lt_fault *fault)
{
    struct stat about;
    if (fstat(csv->file, &about) != 0) {
        write_fault(csv, fault);
        return NULL;
    }
    char *text = malloc((size_t)about.st_size + 1);
    if (!text) {
        lt_fail(fault, "no memory to read %s", csv->path);
        return NULL;
    }
    *size = 0;
    for (ssize_t got = 1; got > 0; *size += got > 0 ? (size_t)got : 0)
        got = pread(csv->file, text + *size, (size_t)about.st_size - *size, (off_t)*size);
    text[*size] = '\0';
    return text;
}

static bool keep_rows(struct lt_csv *csv, int64_t from_step, struct lt_fault *fault)
{
    size_t size;
    char *text = read_all(csv, &size, fault);
    if (!text)
        return false;
    bool whole = true;
    if (size >= csv->used && memcmp(text, csv->buffer, csv->used) == 0) {
        csv->used = 0;
        csv->whole = bytes_before(text, size, from_step);
        whole = ftruncate(csv->file, csv->whole) == 0 || write_fault(csv, fault);
    } else if (memchr(text, '\n', size)) {
        whole = lt_fail(fault, "%s: its columns are not those of this program", csv->path);
    } else {
        whole = ftruncate(csv->file, 0) == 0 || write_fault(csv, fault);
    }
    free(text);
    return whole;
}

bool lt_csv_open(struct lt_csv *csv, const char *path, const struct lt_record *record,
                 int64_t from_step, struct lt_fault *fault)
{
    *csv = (struct lt_csv){.file = -1, .path = strdup(path), .buffer = malloc(LT_CSV_BUFFER)};
    if (!csv->path || !csv->buffer)
        return lt_fail(fault, "no memory for the log");
    csv->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (csv->file < 0)
        return write_fault(csv, fault);
    return append_header(csv, record, fault) && keep_rows(csv, from_step, fault)
        && lt_csv_flush(csv, fault);
}
