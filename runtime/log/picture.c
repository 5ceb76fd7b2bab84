#include "log/picture.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// ---- gathering ----------------------------------------------------------------------------------

void lt_picture_edges(double edge[LT_EDGES])
{
    enum { ZERO = LT_POWERS + 1 };
    double power = 1e-12;
    for (int i = 0; i < LT_POWERS; i++, power *= 1.1) {
        edge[ZERO + 1 + i] = power;
        edge[ZERO - 1 - i] = -power;
    }
    edge[ZERO] = 0;
    edge[0] = -DBL_MAX;
    edge[LT_EDGES - 1] = DBL_MAX;
}

bool lt_picture_open(struct lt_picture *picture, const char *name, enum lt_phase phase,
                     int64_t rows, int64_t columns)
{
    const size_t cells = rows > 0 ? (size_t)(rows * columns) : LT_EDGES - 1;
    *picture = (struct lt_picture){.name = name, .phase = phase, .rows = rows, .columns = columns,
                                   .cell = calloc(cells + 1, sizeof *picture->cell),
                                   .least = INFINITY, .greatest = -INFINITY};
    return picture->cell != NULL;
}

void lt_picture_close(struct lt_picture *picture)
{
    free(picture->cell);
    picture->cell = NULL;
}

static int bucket_of(const double edge[LT_EDGES], double x)
{
    int low = 0, high = LT_EDGES - 1;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (edge[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void count_values(struct lt_picture *picture, const float *value, int64_t count)
{
    double edge[LT_EDGES];
    lt_picture_edges(edge);
    for (int64_t i = 0; i < count; i++) {
        const double x = (double)value[i];
        if (!isfinite(x))
            continue;
        picture->cell[bucket_of(edge, x)] += 1;
        picture->least = x < picture->least ? x : picture->least;
        picture->greatest = x > picture->greatest ? x : picture->greatest;
        picture->count += 1;
        picture->sum += x;
        picture->squares += x * x;
    }
}

void lt_picture_add(struct lt_picture *picture, const float *value, int64_t count)
{
    if (picture->rows == 0) {
        count_values(picture, value, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        picture->cell[i] += (double)value[i];
    picture->count += 1;
}

bool lt_picture_empty(const struct lt_picture *picture)
{
    return picture->count == 0;
}

// ---- bytes --------------------------------------------------------------------------------------

static void put(struct lt_bytes *to, const void *data, size_t size)
{
    if (to->data && to->size + size <= to->room)
        memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_varint(struct lt_bytes *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put(to, &(unsigned char){(unsigned char)(value | 0x80)}, 1);
    put(to, &(unsigned char){(unsigned char)value}, 1);
}

static void put_number(struct lt_bytes *to, double value)
{
    unsigned char bytes[8];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    put(to, bytes, sizeof bytes);
}

// HistogramProto: min, max, num, sum, sum_squares = 1 to 5, bucket_limit = 6, bucket = 7, packed. A
// bucket's limit is its upper edge; an empty one in front says where the first begins.
static void put_histogram(struct lt_bytes *to, const struct lt_picture *picture)
{
    const double head[] = {picture->least, picture->greatest, picture->count, picture->sum,
                           picture->squares};
    double edge[LT_EDGES];
    int first = 0, last = LT_EDGES - 2;
    lt_picture_edges(edge);
    while (picture->cell[first] == 0)
        first++;
    while (picture->cell[last] == 0)
        last--;
    for (unsigned i = 0; i < sizeof head / sizeof *head; i++) {
        put_varint(to, (i + 1) << 3 | 1);
        put_number(to, head[i]);
    }
    const uint64_t bytes = (uint64_t)(last - first + 2) * 8;
    put_varint(to, 6 << 3 | 2);
    put_varint(to, bytes);
    for (int i = first; i <= last + 1; i++)
        put_number(to, edge[i]);
    put_varint(to, 7 << 3 | 2);
    put_varint(to, bytes);
    put_number(to, 0);
    for (int i = first; i <= last; i++)
        put_number(to, picture->cell[i]);
}

// ---- PNG ----------------------------------------------------------------------------------------

enum { SIDE_LEAST = 400, CELL_MOST = 40 };

static void big_endian(unsigned char to[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_chunk(struct lt_bytes *to, const char *kind, const unsigned char *data, size_t size)
{
    unsigned char word[4];
    big_endian(word, (uint32_t)size);
    put(to, word, 4);
    put(to, kind, 4);
    put(to, data, size);
    uint32_t sum = (uint32_t)crc32(0, (const unsigned char *)kind, 4);
    if (size > 0)
        sum = (uint32_t)crc32(sum, data, (uInt)size);
    big_endian(word, sum);
    put(to, word, 4);
}

// 1 to 255 from the least to the greatest; 0: no finite number.
static unsigned char shade(double x, double least, double greatest)
{
    if (!isfinite(x))
        return 0;
    if (!(greatest > least))
        return 1;
    return (unsigned char)(1 + (int)floor((x - least) / (greatest - least) * 254 + 0.5));
}

// White to dark blue, by way of blue; grey where there is no number.
static void palette(unsigned char color[768])
{
    static const int low[3] = {247, 251, 255}, middle[3] = {107, 174, 214}, high[3] = {8, 48, 107};
    memset(color, 128, 3);
    for (int i = 0; i < 255; i++)
        for (int k = 0; k < 3; k++) {
            const int from = i < 127 ? low[k] : middle[k], to = i < 127 ? middle[k] : high[k];
            color[3 * (i + 1) + k] = (unsigned char)(from + (to - from) * (i < 127 ? i : i - 127) / 127);
        }
}

static void range_of(const struct lt_picture *picture, double *least, double *greatest)
{
    *least = INFINITY;
    *greatest = -INFINITY;
    for (int64_t i = 0; i < picture->rows * picture->columns; i++) {
        const double x = picture->cell[i];
        *least = isfinite(x) && x < *least ? x : *least;
        *greatest = isfinite(x) && x > *greatest ? x : *greatest;
    }
}

// One byte a pixel, each row behind a filter byte of 0.
static unsigned char *pixels(const struct lt_picture *picture, int64_t side, size_t *size)
{
    const int64_t width = picture->columns * side, height = picture->rows * side;
    double least, greatest;
    range_of(picture, &least, &greatest);
    *size = (size_t)((width + 1) * height);
    unsigned char *pixel = calloc(*size + 1, 1);
    for (int64_t y = 0; pixel && y < height; y++)
        for (int64_t x = 0; x < width; x++)
            pixel[y * (width + 1) + 1 + x] =
                shade(picture->cell[y / side * picture->columns + x / side], least, greatest);
    return pixel;
}

// PNG with a palette: width, height, 8 bits, colour type 3.
static void put_png(struct lt_bytes *to, const struct lt_picture *picture, int64_t side,
                    const unsigned char *packed, size_t size)
{
    unsigned char header[13] = {[8] = 8, [9] = 3}, color[768];
    big_endian(header, (uint32_t)(picture->columns * side));
    big_endian(header + 4, (uint32_t)(picture->rows * side));
    palette(color);
    put(to, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(to, "IHDR", header, sizeof header);
    put_chunk(to, "PLTE", color, sizeof color);
    put_chunk(to, "IDAT", packed, size);
    put_chunk(to, "IEND", color, 0);
}

static int64_t side_of(const struct lt_picture *picture)
{
    const int64_t most = picture->rows > picture->columns ? picture->rows : picture->columns;
    const int64_t side = (SIDE_LEAST + most - 1) / most;
    return side > CELL_MOST ? CELL_MOST : side;
}

// Image: height = 1, width = 2, colorspace = 3 (3: RGB), encoded_image_string = 4.
static void put_image(struct lt_bytes *to, const struct lt_picture *picture,
                      const unsigned char *packed, size_t size)
{
    const int64_t side = side_of(picture);
    struct lt_bytes measured = {.data = NULL};
    put_png(&measured, picture, side, packed, size);
    put_varint(to, 1 << 3);
    put_varint(to, (uint64_t)(picture->rows * side));
    put_varint(to, 2 << 3);
    put_varint(to, (uint64_t)(picture->columns * side));
    put_varint(to, 3 << 3);
    put_varint(to, 3);
    put_varint(to, 4 << 3 | 2);
    put_varint(to, measured.size);
    put_png(to, picture, side, packed, size);
}

static unsigned char *packed_pixels(const struct lt_picture *picture, size_t *size)
{
    size_t raw;
    unsigned char *pixel = pixels(picture, side_of(picture), &raw);
    uLongf room = compressBound((uLong)raw);
    unsigned char *packed = pixel ? malloc(room) : NULL;
    if (packed && compress2(packed, &room, pixel, (uLong)raw, Z_BEST_COMPRESSION) != Z_OK) {
        free(packed);
        packed = NULL;
    }
    free(pixel);
    *size = room;
    return packed;
}

struct lt_bytes lt_picture_bytes(const struct lt_picture *picture)
{
    enum { HEAD = 2048 };               // more than all but the numbers or the pixels need
    struct lt_bytes to = {.data = NULL};
    size_t size = 2 * LT_EDGES * sizeof(double);
    if (lt_picture_empty(picture))
        return to;
    unsigned char *packed = picture->rows > 0 ? packed_pixels(picture, &size) : NULL;
    if (picture->rows > 0 && !packed)
        return to;
    to.room = size + HEAD;
    to.data = malloc(to.room);
    if (picture->rows > 0)
        put_image(&to, picture, packed, size);
    else
        put_histogram(&to, picture);
    free(packed);
    return to;
}
