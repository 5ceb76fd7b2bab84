// npz: NumPy's archives: a zip file whose members are .npy files (PKWARE, APPNOTE.TXT, 4.3).
//
//   member data …   central directory, a record a member   end record with where that begins
//
// Members are stored or deflated; encryption and the 64-bit form (from 4 GiB) are refused. Members
// that aren't .npy are passed over. Each member's CRC is checked when its rows are read.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data/table.h"

enum {
    END_BYTES = 22, RECORD_BYTES = 46, LOCAL_BYTES = 30, COMMENT_AT_MOST = 65535,
    DIRECTORY_AT_MOST = 1 << 24, MEMBERS_AT_MOST = 4096, STORED = 0, DEFLATED = 8,
};

struct member {
    struct lt_array array;
    enum lt_packing packing;
    uint64_t begin, end;        // of its bytes in the archive
    uint64_t expanded;
    uint32_t check;
};

static uint32_t word(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t quad(const unsigned char *at)
{
    return word(at) | word(at + 2) << 16;
}

static bool read_at(struct lt_input *input, void *to, uint64_t count, uint64_t at,
                    const char *what, struct lt_fault *fault)
{
    if (at > input->file_size || count > input->file_size - at)
        return lt_fail(fault, "%s: ends at byte %llu, expected %s at byte %llu", input->path,
                       (unsigned long long)input->file_size, what, (unsigned long long)at);
    return lt_input_restart(input, LT_PLAIN, at, at + count, fault)
        && lt_input_exactly(input, to, count, what, fault);
}

// Where the central directory stands, its length, and how many records it has.
static bool find_end(struct lt_input *input, uint64_t *at, uint32_t *length, uint32_t *count,
                     struct lt_fault *fault)
{
    unsigned char tail[END_BYTES + COMMENT_AT_MOST];
    const uint64_t size = input->file_size < sizeof tail ? input->file_size : sizeof tail;
    if (!read_at(input, tail, size, input->file_size - size, "the end record", fault))
        return false;
    for (uint64_t i = size; i >= END_BYTES; i--) {
        const unsigned char *end = tail + i - END_BYTES;
        if (memcmp(end, "PK\5\6", 4))
            continue;
        *count = word(end + 10);
        *length = quad(end + 12);
        *at = quad(end + 16);
        if (*at == UINT32_MAX || *count == UINT16_MAX)
            return lt_fail(fault, "%s: is an archive in the 64-bit form, which is not read; save "
                           "the arrays as .npy files", input->path);
        return true;
    }
    return lt_fail(fault, "%s: has no end record of a zip archive", input->path);
}

// The member's own header stands before its bytes and repeats the record, with other extras.
static bool find_bytes(struct lt_input *input, uint32_t at, uint64_t bytes, struct member *member,
                       struct lt_fault *fault)
{
    unsigned char local[LOCAL_BYTES];
    if (!read_at(input, local, sizeof local, at, "a member", fault))
        return false;
    if (memcmp(local, "PK\3\4", 4))
        return lt_fail(fault, "%s: byte %u is not the start of a member of the archive",
                       input->path, at);
    member->begin = (uint64_t)at + LOCAL_BYTES + word(local + 26) + word(local + 28);
    member->end = member->begin + bytes;
    if (member->end > input->file_size)
        return lt_fail(fault, "%s: its member at byte %u goes on to byte %llu, past the end %llu",
                       input->path, at, (unsigned long long)member->end,
                       (unsigned long long)input->file_size);
    return true;
}

static bool member_open(struct lt_table *table, const unsigned char *record, struct member *member,
                        const char *label, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    const uint32_t method = word(record + 10);
    if (word(record + 8) & 1)
        return lt_fail(fault, "%s: is encrypted", label);
    if (method != STORED && method != DEFLATED)
        return lt_fail(fault, "%s: is compressed by method %u, expected 0 or 8", label, method);
    member->packing = method == STORED ? LT_PLAIN : LT_DEFLATE;
    member->check = quad(record + 16);
    member->expanded = quad(record + 24);
    if (!find_bytes(input, quad(record + 42), quad(record + 20), member, fault)
        || !lt_input_restart(input, member->packing, member->begin, member->end, fault)
        || !lt_npy_header(input, label, &member->array, fault))
        return false;
    const uint64_t declared = member->array.offset + member->array.bytes;
    if (declared != member->expanded)
        return lt_fail(fault, "%s: has %llu bytes, but its header declares %llu", label,
                       (unsigned long long)member->expanded, (unsigned long long)declared);
    return lt_input_holds(input, declared, fault);
}

static bool add_member(struct lt_table *table, const unsigned char *record, struct member *members,
                       struct lt_fault *fault)
{
    const size_t length = word(record + 28);
    const char *name = (const char *)record + RECORD_BYTES;
    if (length <= 4 || memcmp(name + length - 4, ".npy", 4) || memchr(name, 0, length))
        return true;
    if (!lt_utf8_valid((const unsigned char *)name, length))
        return lt_fail(fault, "%s: a member's name is not UTF-8", table->path);
    char *label = malloc(strlen(table->path) + length + LT_QUOTE), quote[LT_QUOTE];
    struct lt_column *column = &table->column[table->column_count];
    struct member *member = &members[table->column_count];
    if (!label)
        return lt_fail(fault, "%s: no memory to read it", table->path);
    column->name = lt_table_text(table, name, length - 4, fault);
    if (column->name)
        sprintf(label, "%s/%s.npy", table->path, lt_plain(quote, column->name));
    const bool fine = column->name && member_open(table, record, member, label, fault);
    free(label);
    if (!fine)
        return false;
    lt_array_describe(&member->array, column);
    table->column_count++;
    return true;
}

static bool read_directory(struct lt_table *table, const unsigned char *directory, uint32_t length,
                           uint32_t count, struct lt_fault *fault)
{
    struct member *members = table->file->own;
    uint64_t at = 0;
    char quote[LT_QUOTE];
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *record = directory + at;
        const bool header = at + RECORD_BYTES <= length;
        const uint64_t bytes = !header ? 0
            : (uint64_t)RECORD_BYTES + word(record + 28) + word(record + 30) + word(record + 32);
        if (!header || memcmp(record, "PK\1\2", 4) || at + bytes > length)
            return lt_fail(fault, "%s: record %u of its central directory is damaged", table->path,
                           i);
        if (!add_member(table, record, members, fault))
            return false;
        at += bytes;
    }
    for (int i = 0; i < table->column_count; i++)
        if (lt_table_column(table, table->column[i].name) != &table->column[i])
            return lt_fail(fault, "%s: has two members %s", table->path,
                           lt_plain(quote, table->column[i].name));
    return true;
}

static bool npz_open(struct lt_table *table, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    uint64_t at;
    uint32_t length, count;
    if (!find_end(input, &at, &length, &count, fault))
        return false;
    if (length > DIRECTORY_AT_MOST || count > MEMBERS_AT_MOST || count > length / RECORD_BYTES)
        return lt_fail(fault, "%s: its end record declares %u members in %u bytes, expected at "
                       "most %d", table->path, count, length, MEMBERS_AT_MOST);
    unsigned char *directory = lt_table_take(table, length, fault);
    if (!directory || !read_at(input, directory, length, at, "the central directory", fault)
        || !lt_table_columns(table, (int)count + 1, fault)
        || !(table->file->own = lt_table_take(table, count * sizeof(struct member), fault)))
        return false;
    table->column_count = 0;
    if (!read_directory(table, directory, length, count, fault))
        return false;
    lt_table_give(table, directory);
    return table->column_count || lt_fail(fault, "%s: has no member that is a .npy file",
                                          table->path);
}

static bool is_wanted(const struct lt_table *table, const char *name)
{
    for (int i = 0; i < table->file->wanted_count; i++)
        if (!strcmp(table->file->wanted[i].name, name))
            return true;
    return !table->file->wanted;
}

static bool npz_load(struct lt_table *table, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    const struct member *members = table->file->own;
    char quote[LT_QUOTE];
    for (int i = 0; i < table->column_count; i++) {
        const struct lt_array *array = &members[i].array;
        struct lt_array again;
        if (!is_wanted(table, table->column[i].name))
            continue;
        if (!lt_input_restart(input, members[i].packing, members[i].begin, members[i].end, fault))
            return false;
        input->checked = true;
        if (!lt_npy_header(input, table->path, &again, fault))
            return false;
        if (input->at != array->offset)
            return lt_fail(fault, "%s: was changed while it was read", table->path);
        if (!lt_array_load(array, table, &table->column[i], fault))
            return false;
        const bool mapped = input->at == array->offset && array->bytes;
        if (!mapped && input->check != members[i].check)
            return lt_fail(fault, "%s: the bytes of its member %s don't have the check sum that "
                           "the archive gives", table->path,
                           lt_plain(quote, table->column[i].name));
    }
    return true;
}

const struct lt_table_format lt_format_npz = {"npz", npz_open, npz_load};
