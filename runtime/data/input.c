// input: descriptors, and zlib's inflate straight into the place where the bytes are wanted.
#include "data/input.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GZIP_WINDOW = 15 + 16, BARE_WINDOW = -15, DEFLATE_RATIO = 1032, CHUNK = 1 << 30 };

static bool regular(struct lt_input *input, struct lt_fault *fault)
{
    struct stat about;
    if (fstat(input->descriptor, &about))
        return lt_fail(fault, "%s: cannot be examined: %s", input->path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return lt_fail(fault, "%s: is a folder, expected a file", input->path);
    if (!S_ISREG(about.st_mode))
        return lt_fail(fault, "%s: is not a regular file", input->path);
    input->file_size = (uint64_t)about.st_size;
    return true;
}

bool lt_input_open(struct lt_input *input, const char *path, struct lt_fault *fault)
{
    memset(input, 0, sizeof *input);
    input->path = path;
    // O_NONBLOCK: opening a pipe must not wait for its other end; it is refused right after.
    input->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (input->descriptor < 0)
        return lt_fail(fault, "%s: cannot be opened: %s", path, strerror(errno));
    unsigned char magic[2] = {0, 0};
    if (!regular(input, fault)) {
        lt_input_close(input);
        return false;
    }
    const ssize_t got = pread(input->descriptor, magic, sizeof magic, 0);
    const bool gzip = got == sizeof magic && magic[0] == 0x1F && magic[1] == 0x8B;
    if (lt_input_restart(input, gzip ? LT_GZIP : LT_PLAIN, 0, input->file_size, fault))
        return true;
    lt_input_close(input);
    return false;
}

static void stream_end(struct lt_input *input)
{
    if (input->stream_open)
        inflateEnd(&input->stream);
    input->stream_open = false;
}

bool lt_input_restart(struct lt_input *input, enum lt_packing packing, uint64_t begin, uint64_t end,
                      struct lt_fault *fault)
{
    stream_end(input);
    input->packing = packing;
    input->begin = input->next = begin;
    input->end = end;
    input->at = 0;
    input->check = 0;
    input->checked = false;
    input->stream_over = false;
    if (packing == LT_PLAIN)
        return true;
    if (!input->buffer && !(input->buffer = malloc(LT_INPUT_BUFFER)))
        return lt_fail(fault, "%s: no memory to expand it", input->path);
    memset(&input->stream, 0, sizeof input->stream);
    if (inflateInit2(&input->stream, packing == LT_GZIP ? GZIP_WINDOW : BARE_WINDOW) != Z_OK)
        return lt_fail(fault, "%s: no memory to expand it", input->path);
    input->stream_open = true;
    return true;
}

void lt_input_close(struct lt_input *input)
{
    stream_end(input);
    free(input->buffer);
    input->buffer = NULL;
    if (input->descriptor >= 0)
        close(input->descriptor);
    input->descriptor = -1;
}

// Bytes of the file as they stand; 0 at the end.
static int64_t fetch(struct lt_input *input, void *to, uint64_t count, struct lt_fault *fault)
{
    const uint64_t left = input->end - input->next;
    if (count > left)
        count = left;
    uint64_t done = 0;
    while (done < count) {
        const uint64_t want = count - done < CHUNK ? count - done : CHUNK;
        const ssize_t got = pread(input->descriptor, (char *)to + done, want,
                                  (off_t)(input->next + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            lt_fail(fault, "%s: cannot be read at byte %llu: %s", input->path,
                    (unsigned long long)(input->next + done), strerror(errno));
            return -1;
        }
        if (got == 0)
            break;
        done += (uint64_t)got;
    }
    input->next += done;
    return (int64_t)done;
}

// A gzip file may be several, one after the other.
static bool next_member(struct lt_input *input)
{
    if (input->packing == LT_GZIP
        && (input->stream.avail_in || input->next < input->end)
        && inflateReset(&input->stream) == Z_OK)
        return true;
    input->stream_over = true;
    return false;
}

static bool damaged(struct lt_input *input, struct lt_fault *fault)
{
    return lt_fail(fault, "%s: the compressed data is damaged before byte %llu: %s", input->path,
                   (unsigned long long)(input->next - input->stream.avail_in),
                   input->stream.msg ? input->stream.msg : "it cannot be expanded");
}

static int64_t expand(struct lt_input *input, void *to, uint64_t count, struct lt_fault *fault)
{
    z_stream *stream = &input->stream;
    uint64_t done = 0;
    while (done < count && !input->stream_over) {
        if (!stream->avail_in) {
            const int64_t got = fetch(input, input->buffer, LT_INPUT_BUFFER, fault);
            if (got < 0)
                return -1;
            if (got == 0) {
                lt_fail(fault, "%s: the compressed data ends at byte %llu in the middle",
                        input->path, (unsigned long long)input->end);
                return -1;
            }
            stream->next_in = input->buffer;
            stream->avail_in = (uInt)got;
        }
        const uint64_t want = count - done < CHUNK ? count - done : CHUNK;
        stream->next_out = (unsigned char *)to + done;
        stream->avail_out = (uInt)want;
        const int status = inflate(stream, Z_NO_FLUSH);
        done += want - stream->avail_out;
        if (status == Z_STREAM_END) {
            next_member(input);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            damaged(input, fault);
            return -1;
        }
    }
    return (int64_t)done;
}

int64_t lt_input_read(struct lt_input *input, void *to, uint64_t count, struct lt_fault *fault)
{
    const int64_t got = input->packing == LT_PLAIN ? fetch(input, to, count, fault)
                                                   : expand(input, to, count, fault);
    if (got > 0) {
        input->at += (uint64_t)got;
        if (input->checked)
            for (int64_t i = 0; i < got; i += CHUNK)
                input->check = (uint32_t)crc32(input->check, (const unsigned char *)to + i,
                                               (uInt)(got - i < CHUNK ? got - i : CHUNK));
    }
    return got;
}

bool lt_input_exactly(struct lt_input *input, void *to, uint64_t count, const char *what,
                      struct lt_fault *fault)
{
    const uint64_t start = input->at;
    const int64_t got = lt_input_read(input, to, count, fault);
    if (got < 0)
        return false;
    if ((uint64_t)got < count)
        return lt_fail(fault, "%s: ends at byte %llu, expected %llu bytes of %s from byte %llu on",
                       input->path, (unsigned long long)input->at, (unsigned long long)count, what,
                       (unsigned long long)start);
    return true;
}

bool lt_input_ends(struct lt_input *input, struct lt_fault *fault)
{
    unsigned char more;
    const uint64_t end = input->at;
    const int64_t got = lt_input_read(input, &more, 1, fault);
    if (got < 0)
        return false;
    if (got == 0)
        return true;
    return lt_fail(fault, "%s: has more than the %llu bytes that its header declares", input->path,
                   (unsigned long long)end);
}

bool lt_input_holds(const struct lt_input *input, uint64_t count, struct lt_fault *fault)
{
    const uint64_t size = input->end - input->begin;
    if (input->packing != LT_PLAIN) {
        if (count / DEFLATE_RATIO <= size)
            return true;
        return lt_fail(fault, "%s: its header declares %llu bytes, more than its %llu compressed "
                       "bytes can hold", input->path, (unsigned long long)count,
                       (unsigned long long)size);
    }
    if (count == size)
        return true;
    return lt_fail(fault, "%s: has %llu bytes, but its header declares %llu", input->path,
                   (unsigned long long)size, (unsigned long long)count);
}
