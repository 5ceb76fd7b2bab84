// safetensors: the header parsed and held against the file before anything is believed.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "checkpoint/safetensors.h"
#include "data/text.h"

static const struct lt_tensor_type types[] = {
    {"F32", 32, LT_F32}, {"F64", 64, LT_F64}, {"F16", 16, LT_F16}, {"BF16", 16, LT_BF16},
    {"I64", 64, LT_I64}, {"I32", 32, LT_I32}, {"I16", 16, LT_I16}, {"I8", 8, LT_I8},
    {"U8", 8, LT_U8}, {"BOOL", 8, LT_BOOL}, {"U16", 16, -1}, {"U32", 32, -1}, {"U64", 64, -1},
    {"C64", 64, -1}, {"F4", 4, -1}, {"F6_E2M3", 6, -1}, {"F6_E3M2", 6, -1}, {"F8_E5M2", 8, -1},
    {"F8_E4M3", 8, -1}, {"F8_E8M0", 8, -1}, {"F8_E4M3FNUZ", 8, -1}, {"F8_E5M2FNUZ", 8, -1},
};

const char *lt_tensor_type_name(enum lt_dtype dtype)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == (int)dtype)
            return types[i].name;
    return NULL;
}

// ---- parsing ------------------------------------------------------------------------------------

static bool parse_type(struct lt_json *json, struct lt_tensor *tensor)
{
    struct lt_json_text name;
    char *start = json->at;
    if (!lt_json_string(json, &name))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (lt_json_is(&name, types[i].name)) {
            tensor->type = &types[i];
            return true;
        }
    json->at = start;
    return lt_json_fail(json, "a type of safetensors");
}

static bool parse_shape(struct lt_json *json, struct lt_tensor *tensor)
{
    bool first = true;
    uint64_t size;
    if (!lt_json_open(json, '['))
        return false;
    tensor->shape = json->at;
    while (lt_json_more(json, '[', &first)) {
        if (!lt_json_unsigned(json, &size))
            return false;
        tensor->rank++;
    }
    return !json->mistake;
}

static bool parse_offsets(struct lt_json *json, struct lt_tensor *tensor)
{
    bool first = true;
    uint64_t offset[2];
    int count = 0;
    if (!lt_json_open(json, '['))
        return false;
    while (lt_json_more(json, '[', &first)) {
        if (count == 2)
            return lt_json_fail(json, "two offsets");
        if (!lt_json_unsigned(json, &offset[count++]))
            return false;
    }
    if (json->mistake || count != 2)
        return lt_json_fail(json, "two offsets");
    tensor->begin = offset[0];
    tensor->end = offset[1];
    return true;
}

static bool parse_tensor(struct lt_json *json, struct lt_tensor *tensor)
{
    static const struct {
        const char *name;
        bool (*parse)(struct lt_json *json, struct lt_tensor *tensor);
    } field[] = {{"dtype", parse_type}, {"shape", parse_shape}, {"data_offsets", parse_offsets}};
    enum { FIELDS = 3 };
    bool first = true;
    unsigned seen = 0;
    struct lt_json_text key;
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        int i = 0;
        if (!lt_json_key(json, &key))
            return false;
        while (i < FIELDS && !lt_json_is(&key, field[i].name))
            i++;
        if (i == FIELDS ? !lt_json_skip(json)
            : (seen & 1u << i) ? !lt_json_fail(json, "each field once")
            : !field[i].parse(json, tensor))
            return false;
        seen |= 1u << i;
    }
    if (json->mistake || (seen & 7) != 7)
        return lt_json_fail(json, "dtype, shape and data_offsets");
    return true;
}

static bool grow(void **array, size_t count, size_t *capacity, size_t each)
{
    if (count < *capacity)
        return true;
    const size_t more = *capacity ? *capacity * 2 : 64;
    void *moved = realloc(*array, more * each);
    if (!moved)
        return false;
    *array = moved;
    *capacity = more;
    return true;
}

static bool parse_metadata(struct lt_safetensors *file, struct lt_json *json)
{
    bool first = true;
    struct lt_metadata entry;
    if (lt_json_peek(json) == 'n')
        return lt_json_null(json);
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        if (!lt_json_key(json, &entry.key) || !lt_json_string(json, &entry.value))
            return false;
        if (!grow((void **)&file->metadata, file->metadata_count, &file->metadata_capacity,
                  sizeof entry))
            return lt_json_fail(json, "more memory than there is");
        file->metadata[file->metadata_count++] = entry;
    }
    return !json->mistake;
}

static bool parse_entries(struct lt_safetensors *file, struct lt_json *json)
{
    bool first = true, metadata = false;
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        struct lt_tensor tensor = {.rank = 0};
        if (!lt_json_key(json, &tensor.name))
            return false;
        if (lt_json_is(&tensor.name, "__metadata__")) {
            if (metadata)
                return lt_json_fail(json, "__metadata__ once");
            metadata = true;
            if (!parse_metadata(file, json))
                return false;
            continue;
        }
        if (!parse_tensor(json, &tensor))
            return false;
        if (!grow((void **)&file->tensor, file->tensor_count, &file->tensor_capacity,
                  sizeof tensor))
            return lt_json_fail(json, "more memory than there is");
        file->tensor[file->tensor_count++] = tensor;
    }
    return lt_json_end(json);
}

// ---- checks -------------------------------------------------------------------------------------

static int by_place(const void *a, const void *b)
{
    const struct lt_tensor *x = a, *y = b;
    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
                                : (x->end > y->end) - (x->end < y->end);
}

static int compare_names(const struct lt_json_text *a, const struct lt_json_text *b)
{
    const size_t common = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->text, b->text, common);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_name(const void *a, const void *b)
{
    return compare_names(&(*(struct lt_tensor *const *)a)->name,
                         &(*(struct lt_tensor *const *)b)->name);
}

// The elements that the shape in the header makes; false if they pass 64 bits.
static bool count_elements(const struct lt_tensor *tensor, uint64_t *count)
{
    const char *at = tensor->shape;
    *count = 1;
    for (int i = 0; i < tensor->rank; i++) {
        uint64_t size = 0;
        while (*at < '0' || *at > '9')
            at++;
        for (; *at >= '0' && *at <= '9'; at++)
            size = size * 10 + (uint64_t)(*at - '0');
        if (*count && size > UINT64_MAX / *count)
            return false;
        *count *= size;
    }
    return true;
}

static bool check_tensor(const struct lt_safetensors *file, const struct lt_tensor *tensor,
                         uint64_t expected, struct lt_fault *fault)
{
    char quote[LT_QUOTE];
    const char *name = lt_quote(quote, tensor->name.text, tensor->name.length);
    uint64_t count;
    if (tensor->begin != expected || tensor->end < tensor->begin)
        return lt_fail(fault, "%s: tensor %s stands at bytes %llu to %llu, expected it to begin at "
                       "%llu, where the one before it ends", file->path, name,
                       (unsigned long long)tensor->begin, (unsigned long long)tensor->end,
                       (unsigned long long)expected);
    const uint64_t bits = (uint64_t)tensor->type->bits;
    if (!count_elements(tensor, &count) || (count && count > UINT64_MAX / bits))
        return lt_fail(fault, "%s: tensor %s declares more elements than 64 bits can count",
                       file->path, name);
    if (count * bits % 8 || count * bits / 8 != tensor->end - tensor->begin)
        return lt_fail(fault, "%s: tensor %s has %llu elements of %s, which don't make the %llu "
                       "bytes that it has", file->path, name, (unsigned long long)count,
                       tensor->type->name, (unsigned long long)(tensor->end - tensor->begin));
    return true;
}

static bool check_names(struct lt_safetensors *file, struct lt_fault *fault)
{
    file->by_name = malloc((file->tensor_count + 1) * sizeof *file->by_name);
    if (!file->by_name)
        return lt_fail(fault, "%s: no memory to read it", file->path);
    for (size_t i = 0; i < file->tensor_count; i++)
        file->by_name[i] = &file->tensor[i];
    qsort(file->by_name, file->tensor_count, sizeof *file->by_name, by_name);
    char quote[LT_QUOTE];
    for (size_t i = 1; i < file->tensor_count; i++)
        if (!by_name(&file->by_name[i - 1], &file->by_name[i]))
            return lt_fail(fault, "%s: has the tensor %s twice", file->path,
                           lt_quote(quote, file->by_name[i]->name.text,
                                    file->by_name[i]->name.length));
    return true;
}

static bool check(struct lt_safetensors *file, struct lt_fault *fault)
{
    uint64_t end = 0;
    if (file->tensor_count)
        qsort(file->tensor, file->tensor_count, sizeof *file->tensor, by_place);
    for (size_t i = 0; i < file->tensor_count; i++) {
        if (!check_tensor(file, &file->tensor[i], end, fault))
            return false;
        end = file->tensor[i].end;
    }
    if (end != file->data_bytes)
        return lt_fail(fault, "%s: has %llu bytes of tensors, but its header declares %llu",
                       file->path, (unsigned long long)file->data_bytes, (unsigned long long)end);
    return check_names(file, fault);
}

// ---- opening ------------------------------------------------------------------------------------

static bool read_exactly(const struct lt_safetensors *file, uint64_t at, void *to, size_t bytes,
                         struct lt_fault *fault)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(file->descriptor, (char *)to + done, bytes - done,
                                  (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lt_fail(fault, "%s: cannot be read at byte %llu: %s", file->path,
                           (unsigned long long)(at + done), strerror(errno));
        if (got == 0)
            return lt_fail(fault, "%s: ends at byte %llu, expected %llu bytes from byte %llu on",
                           file->path, (unsigned long long)(at + done), (unsigned long long)bytes,
                           (unsigned long long)at);
        done += (size_t)got;
    }
    return true;
}

bool lt_safetensors_read(const struct lt_safetensors *file, uint64_t at, void *to, size_t bytes,
                         struct lt_fault *fault)
{
    return read_exactly(file, file->data_begin + at, to, bytes, fault);
}

static bool open_regular(struct lt_safetensors *file, uint64_t *size, struct lt_fault *fault)
{
    struct stat about;
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->descriptor < 0 || fstat(file->descriptor, &about))
        return lt_fail(fault, "%s: cannot be opened: %s", file->path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return lt_fail(fault, "%s: is %s, expected a file", file->path,
                       S_ISDIR(about.st_mode) ? "a folder" : "not a regular file");
    *size = (uint64_t)about.st_size;
    return true;
}

static bool read_header(struct lt_safetensors *file, struct lt_fault *fault)
{
    unsigned char length[8];
    uint64_t size = 0;
    if (!open_regular(file, &size, fault))
        return false;
    if (size < sizeof length)
        return lt_fail(fault, "%s: has %llu bytes, expected a safetensors file of at least 10",
                       file->path, (unsigned long long)size);
    if (!read_exactly(file, 0, length, sizeof length, fault))
        return false;
    file->header_bytes = 0;
    for (int i = 7; i >= 0; i--)
        file->header_bytes = file->header_bytes << 8 | length[i];
    if (file->header_bytes > LT_TENSOR_HEADER_AT_MOST)
        return lt_fail(fault, "%s: declares a header of %llu bytes, expected at most %d",
                       file->path, (unsigned long long)file->header_bytes,
                       LT_TENSOR_HEADER_AT_MOST);
    if (file->header_bytes > size - sizeof length)
        return lt_fail(fault, "%s: declares a header of %llu bytes, but has %llu in all",
                       file->path, (unsigned long long)file->header_bytes,
                       (unsigned long long)size);
    file->data_begin = sizeof length + file->header_bytes;
    file->data_bytes = size - file->data_begin;
    file->header = malloc(file->header_bytes + 1);
    if (!file->header)
        return lt_fail(fault, "%s: no memory for its header", file->path);
    return read_exactly(file, sizeof length, file->header, file->header_bytes, fault);
}

bool lt_safetensors_open(struct lt_safetensors *file, const char *path,
                         bool (*raw)(void *context, const char *header, size_t bytes),
                         void *context, struct lt_fault *fault)
{
    struct lt_json json;
    *file = (struct lt_safetensors){.path = path, .descriptor = -1};
    bool fine = read_header(file, fault);
    if (fine && raw && !raw(context, file->header, file->header_bytes))
        fine = false;
    if (fine && !lt_utf8_valid((unsigned char *)file->header, file->header_bytes))
        fine = lt_fail(fault, "%s: its header is not UTF-8", path);
    if (fine) {
        lt_json_start(&json, file->header, file->header_bytes);
        if (!parse_entries(file, &json))
            fine = lt_fail(fault, "%s: byte %llu of its header is wrong, expected %s", path,
                           (unsigned long long)json.mistake_at + 8, json.mistake);
    }
    if (fine && check(file, fault))
        return true;
    lt_safetensors_close(file);
    return false;
}

void lt_safetensors_close(struct lt_safetensors *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    free(file->header);
    free(file->tensor);
    free(file->metadata);
    free(file->by_name);
    *file = (struct lt_safetensors){.path = file->path, .descriptor = -1};
}

// ---- questions ----------------------------------------------------------------------------------

const struct lt_tensor *lt_safetensors_find(const struct lt_safetensors *file, const char *name,
                                            size_t length)
{
    const struct lt_json_text wanted = {(char *)name, length};
    size_t low = 0, high = file->tensor_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_names(&file->by_name[middle]->name, &wanted);
        if (order == 0)
            return file->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct lt_json_text *lt_safetensors_metadata(const struct lt_safetensors *file,
                                                   const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (lt_json_is(&file->metadata[i].key, key))
            return &file->metadata[i].value;
    return NULL;
}

bool lt_tensor_shape(const struct lt_tensor *tensor, int64_t shape[LT_MAX_RANK])
{
    const char *at = tensor->shape;
    if (tensor->rank > LT_MAX_RANK)
        return false;
    for (int i = 0; i < tensor->rank; i++) {
        uint64_t size = 0;
        while (*at < '0' || *at > '9')
            at++;
        for (; *at >= '0' && *at <= '9'; at++)
            size = size * 10 + (uint64_t)(*at - '0');
        if (size > INT64_MAX)
            return false;
        shape[i] = (int64_t)size;
    }
    return true;
}
