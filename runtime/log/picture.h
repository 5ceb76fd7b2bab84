// picture.h: what a spec logs as `histogram(x)` or `heatmap(x)`: numbers gathered, and their bytes.
//
// A histogram counts in TensorBoard's own buckets (10% wide, the default of PyTorch's
// add_histogram), so what batches give adds up exactly; NaN and infinity are left out. A heatmap
// is a sum of matrices, drawn as an image, which is where Lightning's users look for a confusion
// matrix (add_figure). Its numbers are not in it: a metric logs them as scalars beside.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lt/program.h"

enum { LT_POWERS = 774, LT_EDGES = 2 * LT_POWERS + 3 };

struct lt_picture {
    const char *name;           // the program's
    enum lt_phase phase;
    int64_t rows, columns;      // of a heatmap; 0: a histogram
    double *cell;               // its numbers, or the counts of LT_EDGES - 1 buckets
    double least, greatest, count, sum, squares;        // of a histogram
};

struct lt_bytes {
    unsigned char *data;        // NULL: there is nothing to draw, or no memory
    size_t size, room;
};

bool lt_picture_open(struct lt_picture *picture, const char *name, enum lt_phase phase,
                     int64_t rows, int64_t columns);
void lt_picture_close(struct lt_picture *picture);
void lt_picture_add(struct lt_picture *picture, const float *value, int64_t count);
bool lt_picture_empty(const struct lt_picture *picture);
// Edge `at` of the buckets: bucket i holds edge i <= x < edge i + 1.
void lt_picture_edges(double edge[LT_EDGES]);
// The message of Summary.Value: HistogramProto or Summary.Image. The caller frees its data.
struct lt_bytes lt_picture_bytes(const struct lt_picture *picture);
