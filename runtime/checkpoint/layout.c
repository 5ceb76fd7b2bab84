// layout: strides and panels undone and done again.
#include <string.h>
#include "checkpoint/layout.h"
#include "data/reader.h"

int64_t lt_variable_count(const struct lt_variable *variable)
{
    int64_t count = 1;
    for (int i = 0; i < variable->rank; i++)
        count *= variable->shape[i];
    return count;
}

size_t lt_variable_bytes(const struct lt_variable *variable)
{
    return (size_t)lt_variable_count(variable) * lt_dtype_bytes(variable->dtype);
}

static bool in_order(const struct lt_variable *variable)
{
    int64_t stride = 1;
    if (variable->panel > 0)
        return false;
    for (int i = variable->rank - 1; i >= 0; i--) {
        if (variable->shape[i] != 1 && variable->stride[i] != stride)
            return false;
        stride *= variable->shape[i];
    }
    return true;
}

static int64_t along(const struct lt_variable *variable, int axis, int64_t i)
{
    if (variable->panel <= 0 || axis != variable->panel_axis)
        return i * variable->stride[axis];
    return i / variable->panel * variable->panel_stride
        + i % variable->panel * variable->stride[axis];
}

// A place among the elements: its index on each axis and where the outer axes begin in memory.
struct walk {
    const struct lt_variable *variable;
    int64_t index[LT_MAX_RANK];
};

static struct walk walk_to(const struct lt_variable *variable, int64_t place)
{
    struct walk walk = {variable, {0}};
    for (int i = variable->rank - 1; i >= 0; i--) {
        walk.index[i] = place % variable->shape[i];
        place /= variable->shape[i];
    }
    return walk;
}

static int64_t outer(const struct walk *walk)
{
    int64_t at = 0;
    for (int i = 0; i < walk->variable->rank - 1; i++)
        at += along(walk->variable, i, walk->index[i]);
    return at;
}

// To the start of the next row (a row: the last axis).
static void next_row(struct walk *walk)
{
    walk->index[walk->variable->rank - 1] = 0;
    for (int i = walk->variable->rank - 2; i >= 0; i--) {
        if (++walk->index[i] < walk->variable->shape[i])
            return;
        walk->index[i] = 0;
    }
}

// Either way: elements of one are copied to the other.
static void copy(const struct lt_variable *variable, unsigned char *base, int64_t first,
                 int64_t count, unsigned char *packed, bool pack)
{
    const size_t item = lt_dtype_bytes(variable->dtype);
    if (in_order(variable)) {
        unsigned char *inside = base + (size_t)first * item;
        memcpy(pack ? packed : inside, pack ? inside : packed, (size_t)count * item);
        return;
    }
    const int last = variable->rank - 1;
    struct walk walk = walk_to(variable, first);
    while (count > 0) {
        const int64_t row = outer(&walk), start = walk.index[last];
        const int64_t left = variable->shape[last] - start, here = left < count ? left : count;
        for (int64_t i = start; i < start + here; i++, packed += item) {
            unsigned char *inside = base + (size_t)(row + along(variable, last, i)) * item;
            memcpy(pack ? packed : inside, pack ? inside : packed, item);
        }
        count -= here;
        next_row(&walk);
    }
}

// ---- NaN ----------------------------------------------------------------------------------------

static void one_nan(enum lt_dtype dtype, void *data, int64_t count)
{
    uint16_t *half = data;
    uint32_t *single = data;
    uint64_t *wide = data;
    for (int64_t i = 0; i < count; i++)
        switch (dtype) {
        case LT_F64:
            if ((wide[i] & INT64_MAX) > UINT64_C(0x7FF0000000000000))
                wide[i] = UINT64_C(0x7FF8000000000000);
            break;
        case LT_F32:
            if ((single[i] & INT32_MAX) > 0x7F800000)
                single[i] = 0x7FC00000;
            break;
        case LT_F16:
            if ((half[i] & 0x7FFF) > 0x7C00)
                half[i] = 0x7E00;
            break;
        case LT_BF16:
            if ((half[i] & 0x7FFF) > 0x7F80)
                half[i] = 0x7FC0;
            break;
        default:
            return;
        }
}

void lt_variable_pack(const struct lt_variable *variable, const void *block, int64_t first,
                      int64_t count, void *to)
{
    copy(variable, (unsigned char *)block + variable->offset, first, count, to, true);
    one_nan(variable->dtype, to, count);
}

void lt_variable_unpack(const struct lt_variable *variable, void *block, int64_t first,
                        int64_t count, const void *from)
{
    copy(variable, (unsigned char *)block + variable->offset, first, count, (void *)from, false);
}
