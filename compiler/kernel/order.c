#include "order.h"

#include <stdlib.h>

typedef struct Ranked {
    Loop loop;
    int64_t stride;
    int place;
} Ranked;

static int by_stride(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->stride != y->stride)
        return x->stride < y->stride ? 1 : -1;
    return x->place - y->place;
}

void loops_sort(Loop *loop, int count, const Index *index, int64_t bound)
{
    Ranked ranked[2 * max_rank];
    if (count > 2 * max_rank)
        return;
    for (int i = 0; i < count; i++) {
        Dim stride;
        if (!index_stride(index, loop[i].var, &stride))
            return;
        ranked[i] = (Ranked){loop[i], llabs(dim_at(stride, bound)), i};
    }
    qsort(ranked, (size_t)count, sizeof *ranked, by_stride);
    for (int i = 0; i < count; i++)
        loop[i] = ranked[i].loop;
}

void order_loops(Kernel *kernel, int64_t bound)
{
    if (kernel->form != FORM_LANES)
        return;
    for (int i = 0; i < kernel->stage_count; i++) {
        Stage *stage = kernel->stage[i];
        const Item *store = NULL;
        for (int k = 0; k < stage->after.count && !store; k++)
            if (stage->after.item[k].kind == ITEM_STORE)
                store = &stage->after.item[k];
        if (store && !stage->special)
            loops_sort(stage->space, stage->space_count, store->index, bound);
    }
}
