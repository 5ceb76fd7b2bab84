// save: a checkpoint written so that a reader finds the older file or the newer one, never a part.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "checkpoint/file.h"
#include "checkpoint/layout.h"
#include "checkpoint/state.h"
#include "data/reader.h"

enum { ALIGNMENT = 8, HEADER_GUESS = 4096, HEADER_A_VARIABLE = 160 };

const char lt_kind_letters[] = {
    [LT_PARAMETER] = 'P', [LT_BUFFER] = 'B', [LT_OPTIMIZER_STATE] = 'O', [LT_METRIC_STATE] = 'M',
    [LT_CALLBACK_STATE] = 'C', [LT_ACCUMULATOR] = 'A', '\0',
};

// ---- the header ---------------------------------------------------------------------------------

// Larger elements first, else the program's order: every tensor then begins at a multiple of its
// element's size, which some readers want.
static int *file_order(const struct lt_program *program, int *count)
{
    int *order = malloc(((size_t)program->variable_count + 1) * sizeof *order);
    *count = 0;
    for (size_t size = 8; order && size; size /= 2)
        for (int i = 0; i < program->variable_count; i++)
            if ((program->variable[i].flags & LT_SAVED)
                && lt_dtype_bytes(program->variable[i].dtype) == size)
                order[(*count)++] = i;
    return order;
}

static void entry(struct lt_text *out, const char *key, const char *text)
{
    lt_text_string(out, ",");
    lt_text_quoted(out, key);
    lt_text_string(out, ":");
    lt_text_quoted(out, text ? text : "");
}

static void write_aliases(struct lt_text *out, const char *key, const struct lt_alias *alias,
                          int count)
{
    struct lt_text aliases = {0};
    lt_text_string(&aliases, "{");
    for (int i = 0; i < count; i++) {
        lt_text_string(&aliases, i ? "," : "");
        lt_text_quoted(&aliases, alias[i].path);
        lt_text_string(&aliases, ":");
        lt_text_quoted(&aliases, alias[i].stands_for);
    }
    lt_text_string(&aliases, "}");
    entry(out, key, aliases.text);
    out->failed = out->failed || aliases.failed;
    free(aliases.text);
}

static void write_metadata(struct lt_text *out, const struct lt_program *program,
                           const struct lt_run_state *state, const int *order, int count)
{
    struct lt_text run = {0}, kinds = {0};
    lt_text_string(out, LT_HEADER_START "0000000000000000\"");
    entry(out, "lt.format", "1");
    entry(out, "lt.program", program->name);
    entry(out, "lt.spec", program->spec);
    entry(out, "lt.spec_hash", program->spec_hash);
    entry(out, "lt.compiler", program->compiler);
    lt_text_string(&kinds, "");
    for (int i = 0; i < count; i++)
        lt_text_add(&kinds, &lt_kind_letters[program->variable[order[i]].kind], 1);
    entry(out, "lt.kinds", kinds.text);
    write_aliases(out, "lt.aliases", program->alias, program->alias_count);
    if (program->stand_in_count)
        write_aliases(out, "lt.averages", program->stand_in, program->stand_in_count);
    lt_state_write(&run, program, state);
    entry(out, "lt.run", run.text);
    out->failed = out->failed || run.failed || kinds.failed;
    free(run.text);
    free(kinds.text);
    lt_text_string(out, "}");
}

static void write_header(struct lt_text *out, const struct lt_program *program,
                         const struct lt_run_state *state, const int *order, int count)
{
    uint64_t at = 0;
    write_metadata(out, program, state, order, count);
    for (int i = 0; i < count; i++) {
        const struct lt_variable *variable = &program->variable[order[i]];
        lt_text_string(out, ",");
        lt_text_quoted(out, variable->path);
        lt_text_string(out, ":{\"dtype\":\"");
        lt_text_string(out, lt_tensor_type_name(variable->dtype));
        lt_text_string(out, "\",\"shape\":[");
        for (int axis = 0; axis < variable->rank; axis++) {
            lt_text_string(out, axis ? "," : "");
            lt_text_number(out, variable->shape[axis]);
        }
        lt_text_string(out, "],\"data_offsets\":[");
        lt_text_number(out, (int64_t)at);
        lt_text_string(out, ",");
        lt_text_number(out, (int64_t)(at += lt_variable_bytes(variable)));
        lt_text_string(out, "]}");
    }
    lt_text_string(out, "}");
    while (out->length % ALIGNMENT && !out->failed)
        lt_text_string(out, " ");
}

// ---- the disk -----------------------------------------------------------------------------------

uint64_t lt_checkpoint_bytes(const struct lt_program *program)
{
    uint64_t bytes = HEADER_GUESS;
    for (int i = 0; i < program->variable_count; i++)
        if (program->variable[i].flags & LT_SAVED)
            bytes += lt_variable_bytes(&program->variable[i]) + HEADER_A_VARIABLE;
    return bytes;
}

static bool room(const char *folder, int copies, uint64_t bytes, struct lt_fault *fault)
{
    struct statvfs disk;
    if (statvfs(folder, &disk))
        return errno == ENOSYS
            || lt_fail(fault, "%s: cannot be examined: %s", folder, strerror(errno));
    const uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    // Some file systems don't know, and say that there is no block at all.
    if (!disk.f_blocks || free_bytes >= bytes)
        return true;
    char what[64] = "a checkpoint needs";
    if (copies > 1)
        snprintf(what, sizeof what, "%d checkpoints need", copies);
    return lt_fail(fault, "%s: %s %llu bytes, but the disk has %llu left", folder, what,
                   (unsigned long long)bytes, (unsigned long long)free_bytes);
}

bool lt_checkpoint_room(const char *folder, const struct lt_program *program, int copies,
                        struct lt_fault *fault)
{
    const int count = copies < 1 ? 1 : copies;
    return room(folder, count, lt_checkpoint_bytes(program) * (uint64_t)count, fault);
}

// A file being written: everything by name within the folder's descriptor.
struct draft {
    const char *path, *name;            // as asked for; its last part
    char *folder_name, *temporary;
    int folder, file;
    uint64_t bytes;                     // that will be written
    struct lt_fault *fault;
};

static bool refuse(const struct draft *draft, const char *what)
{
    return lt_fail(draft->fault, "%s: the checkpoint of %llu bytes cannot be %s: %s", draft->path,
                   (unsigned long long)draft->bytes, what, strerror(errno));
}

static bool put(const struct draft *draft, const void *data, size_t bytes)
{
    return lt_write_all(draft->file, data, bytes) || refuse(draft, "written");
}

static bool draft_open(struct draft *draft)
{
    const char *slash = strrchr(draft->path, '/');
    draft->name = slash ? slash + 1 : draft->path;
    const size_t before = (size_t)(draft->name - draft->path);
    draft->folder_name = before ? strndup(draft->path, before) : strdup(".");
    draft->temporary = malloc(strlen(draft->name) + sizeof LT_TEMPORARY_SUFFIX);
    if (!draft->folder_name || !draft->temporary)
        return lt_fail(draft->fault, "%s: no memory to write it", draft->path);
    strcpy(draft->temporary, draft->name);
    strcat(draft->temporary, LT_TEMPORARY_SUFFIX);
    draft->folder = open(draft->folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (draft->folder < 0)
        return refuse(draft, "written, as its folder cannot be opened");
    if (!room(draft->folder_name, 1, draft->bytes, draft->fault))
        return false;
    if (unlinkat(draft->folder, draft->temporary, 0) && errno != ENOENT)
        return refuse(draft, "begun");
    draft->file = openat(draft->folder, draft->temporary,
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    return draft->file >= 0 || refuse(draft, "begun");
}

// From here on the name means the new file.
static bool draft_commit(struct draft *draft)
{
    if (fsync(draft->file))
        return refuse(draft, "flushed to the disk");
    const int file = draft->file;
    draft->file = -1;
    if (close(file))
        return refuse(draft, "closed");
    if (renameat(draft->folder, draft->temporary, draft->folder, draft->name))
        return refuse(draft, "given its name");
    free(draft->temporary);
    draft->temporary = NULL;
    // A few file systems have no flush of folders; they don't need one.
    return !fsync(draft->folder) || errno == EINVAL || errno == ENOTSUP
        || refuse(draft, "made sure of, as its folder cannot be flushed");
}

static void draft_close(struct draft *draft)
{
    if (draft->file >= 0) {
        close(draft->file);
        unlinkat(draft->folder, draft->temporary, 0);
    } else if (draft->folder >= 0 && draft->temporary) {
        unlinkat(draft->folder, draft->temporary, 0);
    }
    if (draft->folder >= 0)
        close(draft->folder);
    free(draft->folder_name);
    free(draft->temporary);
}

// ---- saving -------------------------------------------------------------------------------------

static bool put_variable(const struct draft *draft, const struct lt_variable *variable,
                         const void *block, unsigned char *buffer, struct lt_sum *sum)
{
    const size_t item = lt_dtype_bytes(variable->dtype);
    const int64_t count = lt_variable_count(variable), most = LT_COPY_BYTES / (int64_t)item;
    for (int64_t first = 0; first < count; first += most) {
        const int64_t here = count - first < most ? count - first : most;
        lt_variable_pack(variable, block, first, here, buffer);
        lt_sum_add(sum, buffer, (size_t)here * item);
        if (!put(draft, buffer, (size_t)here * item))
            return false;
    }
    return true;
}

static bool put_sum(const struct draft *draft, uint64_t sum)
{
    static const char digit[] = "0123456789abcdef";
    char digits[LT_SUM_DIGITS];
    for (int i = 0; i < LT_SUM_DIGITS; i++)
        digits[i] = digit[sum >> (60 - 4 * i) & 15];
    ssize_t got;
    do
        got = pwrite(draft->file, digits, sizeof digits, 8 + sizeof LT_HEADER_START - 1);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof digits || refuse(draft, "written");
}

static bool write_file(const struct draft *draft, const struct lt_image *image, const void *block)
{
    unsigned char *buffer = malloc(LT_COPY_BYTES);
    unsigned char length[8];
    struct lt_sum sum;
    if (!buffer)
        return lt_fail(draft->fault, "%s: no memory to write it", draft->path);
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)image->header_bytes >> (8 * i));
    lt_sum_start(&sum, lt_sum_of(image->header, image->header_bytes, 0));
    bool fine = put(draft, length, sizeof length)
             && put(draft, image->header, image->header_bytes);
    for (int i = 0; i < image->count && fine; i++)
        fine = put_variable(draft, &image->program->variable[image->order[i]], block, buffer, &sum);
    free(buffer);
    return fine && put_sum(draft, lt_sum_value(&sum));
}

// A file past the process's limit must end in a sentence, not in SIGXFSZ.
static void hold_signal(sigset_t *before)
{
    sigset_t limit;
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, before);
}

static void release_signal(const sigset_t *before)
{
    sigset_t limit;
    const struct timespec now = {0, 0};
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    if (!sigismember(before, SIGXFSZ))
        while (sigtimedwait(&limit, NULL, &now) == SIGXFSZ)
            continue;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool lt_image_make(struct lt_image *image, const struct lt_program *program,
                   const struct lt_run_state *state, struct lt_fault *fault)
{
    struct lt_text header = {0};
    *image = (struct lt_image){.program = program};
    image->order = file_order(program, &image->count);
    if (image->order)
        write_header(&header, program, state, image->order, image->count);
    image->header = header.text;
    image->header_bytes = header.length;
    if (!image->order || header.failed) {
        lt_image_free(image);
        return lt_fail(fault, "no memory to save a checkpoint");
    }
    image->bytes = sizeof(uint64_t) + header.length;
    for (int i = 0; i < image->count; i++)
        image->bytes += lt_variable_bytes(&program->variable[image->order[i]]);
    return true;
}

bool lt_image_write(const struct lt_image *image, const char *path, const void *block,
                    struct lt_fault *fault)
{
    struct draft draft = {
        .path = path, .folder = -1, .file = -1, .bytes = image->bytes, .fault = fault,
    };
    sigset_t before;
    hold_signal(&before);
    const bool fine = draft_open(&draft) && write_file(&draft, image, block)
                   && draft_commit(&draft);
    draft_close(&draft);
    release_signal(&before);
    return fine;
}

void lt_image_free(struct lt_image *image)
{
    free(image->header);
    free(image->order);
    *image = (struct lt_image){.program = NULL};
}

bool lt_checkpoint_save(const char *path, const struct lt_program *program, const void *block,
                        const struct lt_run_state *state, struct lt_fault *fault)
{
    struct lt_image image;
    if (!lt_image_make(&image, program, state, fault))
        return false;
    const bool fine = lt_image_write(&image, path, block, fault);
    lt_image_free(&image);
    return fine;
}
