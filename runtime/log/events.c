#include "log/events.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { EVENT_MOST = 1024, NAME_MOST = 512 };

// ---- CRC-32C ------------------------------------------------------------------------------------

// RFC 3720's polynomial, a byte at a time. The table is made when a file is opened.
static void crc32c_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0x82F63B78 : 0);
    }
}

static uint32_t crc32c(const uint32_t table[256], const unsigned char *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++)
        crc = (crc >> 8) ^ table[(crc ^ data[i]) & 0xFF];
    return crc ^ 0xFFFFFFFF;
}

// TFRecord's mask, so that a sum of data that holds sums is not degenerate.
static uint32_t masked(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

// ---- protobuf -----------------------------------------------------------------------------------

struct message {
    unsigned char bytes[EVENT_MOST];
    size_t size;
};

static void put_bytes(struct message *message, const void *bytes, size_t size)
{
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void put_varint(struct message *message, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        message->bytes[message->size++] = (unsigned char)(value | 0x80);
    message->bytes[message->size++] = (unsigned char)value;
}

static void put_little(struct message *message, uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++)
        message->bytes[message->size++] = (unsigned char)(bits >> (8 * i));
}

enum wire { VARINT = 0, EIGHT_BYTES = 1, LENGTH = 2, FOUR_BYTES = 5 };

static void put_tag(struct message *message, int field, enum wire wire)
{
    put_varint(message, (uint64_t)field << 3 | wire);
}

static void put_part(struct message *message, int field, const void *bytes, size_t size)
{
    put_tag(message, field, LENGTH);
    put_varint(message, size);
    put_bytes(message, bytes, size);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Event.wall_time = 1, Event.step = 2.
static void put_start(struct message *message, double seconds, int64_t step)
{
    uint64_t bits;
    memcpy(&bits, &seconds, sizeof bits);

    put_tag(message, 1, EIGHT_BYTES);
    put_little(message, bits, 8);
    put_tag(message, 2, VARINT);
    put_varint(message, (uint64_t)step);
}

// Summary.Value: tag = 1, simple_value = 2. Summary: value = 1. Event: summary = 5.
static void put_scalar(struct message *message, const char *name, float value)
{
    struct message scalar, summary;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    scalar.size = summary.size = 0;

    put_part(&scalar, 1, name, strnlen(name, NAME_MOST));
    put_tag(&scalar, 2, FOUR_BYTES);
    put_little(&scalar, bits, 4);
    put_part(&summary, 1, scalar.bytes, scalar.size);
    put_part(message, 5, summary.bytes, summary.size);
}

// ---- the file -----------------------------------------------------------------------------------

static void end_file(struct lt_events_file *events)
{
    close(events->file);
    events->file = -1;
}

bool lt_events_flush(struct lt_events_file *events, struct lt_fault *fault)
{
    if (events->file >= 0 && events->used > 0 && lt_file_is_removed(events->file)) {
        end_file(events);
        return lt_fail(fault, "%s: was removed; no more events are logged", events->path);
    }
    if (events->file >= 0 && !lt_write_all(events->file, events->buffer, events->used)) {
        // A torn record would hide all that follow it, so this file ends here.
        lt_fail(fault, "%s: cannot be written: %s; no more events are logged", events->path,
                strerror(errno));
        end_file(events);
        return false;
    }
    events->used = 0;
    return true;
}

// Through the buffer, however long it is.
static bool put_out(struct lt_events_file *events, const void *data, size_t size,
                    struct lt_fault *fault)
{
    const unsigned char *from = data;
    while (size > 0) {
        if (events->used == LT_EVENTS_BUFFER && !lt_events_flush(events, fault))
            return false;
        const size_t room = LT_EVENTS_BUFFER - events->used, part = size < room ? size : room;
        memcpy(events->buffer + events->used, from, part);
        events->used += part;
        from += part;
        size -= part;
    }
    return true;
}

static bool put_frame(struct lt_events_file *events, const unsigned char *data, size_t size,
                      struct lt_fault *fault)
{
    struct message head = {.size = 0}, tail = {.size = 0};
    if (events->used + size + 16 > LT_EVENTS_BUFFER && !lt_events_flush(events, fault))
        return false;
    put_little(&head, size, 8);
    put_little(&head, masked(crc32c(events->table, head.bytes, 8)), 4);
    put_little(&tail, masked(crc32c(events->table, data, size)), 4);
    return put_out(events, head.bytes, head.size, fault) && put_out(events, data, size, fault)
        && put_out(events, tail.bytes, tail.size, fault);
}

static bool put_record(struct lt_events_file *events, const struct message *message,
                       struct lt_fault *fault)
{
    return put_frame(events, message->bytes, message->size, fault);
}

static size_t varint_bytes(uint64_t value)
{
    struct message message = {.size = 0};
    put_varint(&message, value);
    return message.size;
}

// Summary.Value: tag = 1, image = 4, histo = 5.
bool lt_events_picture(struct lt_events_file *events, const char *name, int64_t step, bool image,
                       const struct lt_bytes *bytes, struct lt_fault *fault)
{
    struct message tag = {.size = 0}, head = {.size = 0};
    if (events->file < 0)
        return true;
    put_part(&tag, 1, name, strnlen(name, NAME_MOST));
    put_tag(&tag, image ? 4 : 5, LENGTH);
    put_varint(&tag, bytes->size);
    const uint64_t value = tag.size + bytes->size;
    put_start(&head, seconds_now(), step);
    put_tag(&head, 5, LENGTH);
    put_varint(&head, 1 + varint_bytes(value) + value);
    put_tag(&head, 1, LENGTH);
    put_varint(&head, value);

    const size_t size = head.size + tag.size + bytes->size;
    unsigned char *data = malloc(size);
    if (!data)
        return lt_fail(fault, "no memory for the picture of %s", name);
    memcpy(data, head.bytes, head.size);
    memcpy(data + head.size, tag.bytes, tag.size);
    memcpy(data + head.size + tag.size, bytes->data, bytes->size);
    const bool whole = put_frame(events, data, size, fault);
    free(data);
    return whole;
}

bool lt_events_write(struct lt_events_file *events, const struct lt_record *record,
                     struct lt_fault *fault)
{
    if (events->file < 0)
        return true;
    const double seconds = seconds_now();
    bool whole = true;
    for (int i = -1; whole && i < record->count; i++) {
        if (i >= 0 && !record->filled[i])
            continue;
        struct message event;
        event.size = 0;
        put_start(&event, seconds, record->step);
        put_scalar(&event, i < 0 ? "epoch" : record->name[i],
                   i < 0 ? (float)record->epoch : record->cell[i].narrow);
        whole = put_record(events, &event, fault);
    }
    return whole;
}

// Event.file_version = 3; Event.session_log = 7 with SessionLog.status = 1: START.
static bool put_opening(struct lt_events_file *events, int64_t from_step, struct lt_fault *fault)
{
    struct message version = {.size = 0};
    put_start(&version, seconds_now(), 0);
    put_part(&version, 3, "brain.Event:2", 13);
    if (!put_record(events, &version, fault) || from_step == 0)
        return !lt_failed(fault);

    struct message start = {.size = 0};
    const unsigned char status[2] = {1 << 3 | VARINT, 1};
    put_start(&start, seconds_now(), from_step);
    put_part(&start, 7, status, sizeof status);
    return put_record(events, &start, fault);
}

// TensorBoard reads the files of a folder in the order of their names, which carry the time: a file
// is named later than all that are there, whatever the clock says.
static int64_t time_after(const char *folder)
{
    int64_t latest = (int64_t)time(NULL);
    DIR *files = opendir(folder);
    for (struct dirent *file; files && (file = readdir(files));) {
        static const char start[] = "events.out.tfevents.";
        if (strncmp(file->d_name, start, sizeof start - 1) != 0)
            continue;
        const int64_t named = strtoll(file->d_name + sizeof start - 1, NULL, 10);
        latest = named >= latest ? named + 1 : latest;
    }
    if (files)
        closedir(files);
    return latest;
}

static bool create(struct lt_events_file *events, const char *folder, struct lt_fault *fault)
{
    char host[64] = "host";
    gethostname(host, sizeof host - 1);
    snprintf(events->path, strlen(folder) + 160, "%s/events.out.tfevents.%" PRId64 ".%s.%ld.0",
             folder, time_after(folder), host, (long)getpid());
    events->file = open(events->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return events->file >= 0
        || lt_fail(fault, "%s: cannot be written: %s", events->path, strerror(errno));
}

bool lt_events_open(struct lt_events_file *events, const char *folder, int64_t from_step,
                    struct lt_fault *fault)
{
    *events = (struct lt_events_file){
        .file = -1, .path = malloc(strlen(folder) + 160), .buffer = malloc(LT_EVENTS_BUFFER),
    };
    if (!events->path || !events->buffer)
        return lt_fail(fault, "no memory for the log");
    crc32c_table(events->table);
    return create(events, folder, fault) && put_opening(events, from_step, fault)
        && lt_events_flush(events, fault);
}

bool lt_events_close(struct lt_events_file *events, struct lt_fault *fault)
{
    const bool whole = lt_events_flush(events, fault);
    if (events->file >= 0)
        close(events->file);
    free(events->path);
    free(events->buffer);
    *events = (struct lt_events_file){.file = -1};
    return whole;
}
