// contract.c: contractions, convolutions, windows and indexed primitives of the interpreter.
#include "evaluate.h"
#include <math.h>

void evaluate_CONTRACT(const Evaluation *e)
{
    const Value *x = e->in[0], *y = e->in[1];
    const int batch = e->node->attr->batch, contracted = e->node->attr->contracted;
    const bool is_float = value_is_float(x);
    const int64_t m = axes_count(x, batch, x->rank - contracted);
    const int64_t n = axes_count(y, batch, y->rank - contracted);
    const int64_t k = axes_count(x, x->rank - contracted, x->rank);
    for (int64_t at = 0; at < e->out->count; at++) {
        const int64_t column = at % n, row = at / n % m, group = at / n / m;
        const Cell *from_x = x->cell + (group * m + row) * k;
        const Cell *from_y = y->cell + (group * n + column) * k;
        for (int64_t i = 0; i < k; i++)
            e->out->cell[at] = cell_add(e->out->cell[at], cell_mul(from_x[i], from_y[i], is_float),
                                        is_float);
    }
}

// ---- windows ------------------------------------------------------------------------------------

// The place in x that element `tap` of the window at `place` sees, last axes; false: padding.
static bool window_sees(const Window *window, const Value *x, const int64_t *place,
                        const int64_t *tap, int64_t *seen)
{
    const int first = x->rank - window->spatial;
    for (int i = 0; i < window->spatial; i++) {
        seen[i] = place[i] * window->stride[i] + tap[i] * window->dilation[i] - window->low[i];
        if (seen[i] < 0 || seen[i] >= x->size[first + i])
            return false;
    }
    return true;
}

static int64_t window_taps(const Window *window)
{
    int64_t taps = 1;
    for (int i = 0; i < window->spatial; i++)
        taps *= window->size[i];
    return taps;
}

static void tap_split(const Window *window, int64_t number, int64_t *tap)
{
    for (int i = window->spatial - 1; i >= 0; i--) {
        tap[i] = number % window->size[i];
        number /= window->size[i];
    }
}

// Walks every product of a convolution: `visit` gets the places of x, weight and result.
typedef void Visit(const Evaluation *e, int64_t x, int64_t weight, int64_t result);

static void convolve(const Evaluation *e, const Value *x, const Value *weight, const Value *result,
                     Visit *visit)
{
    const Window *window = &e->node->attr->window;
    const int64_t taps = window_taps(window), per_group = weight->size[1];
    const int64_t outputs = weight->size[0] / window->groups;
    int64_t place[max_rank] = {0}, tap[max_spatial] = {0}, from[max_rank] = {0};
    for (int64_t at = 0; at < result->count; at++) {
        place_split(result, at, place);
        from[0] = place[0];
        for (int64_t c = 0; c < per_group; c++)
            for (int64_t number = 0; number < taps; number++) {
                tap_split(window, number, tap);
                from[1] = place[1] / outputs * per_group + c;
                if (window_sees(window, x, place + 2, tap, from + 2))
                    visit(e, place_of(x, from), (place[1] * per_group + c) * taps + number, at);
            }
    }
}

static void visit_result(const Evaluation *e, int64_t x, int64_t weight, int64_t result)
{
    e->out->cell[result].f += e->in[0]->cell[x].f * e->in[1]->cell[weight].f;
}

static void visit_input(const Evaluation *e, int64_t x, int64_t weight, int64_t result)
{
    e->out->cell[x].f += e->in[0]->cell[result].f * e->in[1]->cell[weight].f;
}

static void visit_weight(const Evaluation *e, int64_t x, int64_t weight, int64_t result)
{
    e->out->cell[weight].f += e->in[0]->cell[x].f * e->in[1]->cell[result].f;
}

void evaluate_CONVOLVE(const Evaluation *e)
{
    convolve(e, e->in[0], e->in[1], e->out, visit_result);
}

void evaluate_CONVOLVE_INPUT(const Evaluation *e)
{
    convolve(e, e->out, e->in[1], e->in[0], visit_input);
}

void evaluate_CONVOLVE_WEIGHT(const Evaluation *e)
{
    convolve(e, e->in[0], e->out, e->in[1], visit_weight);
}

// ---- pooling ------------------------------------------------------------------------------------

// The place in x of element `number` of the window at place `at` of the pooled value, or -1.
static int64_t pool_place(const Evaluation *e, const Value *x, const Value *pooled, int64_t at,
                          int64_t number)
{
    const Window *window = &e->node->attr->window;
    const int first = x->rank - window->spatial;
    int64_t place[max_rank] = {0}, tap[max_spatial] = {0}, from[max_rank] = {0};
    place_split(pooled, at, place);
    tap_split(window, number, tap);
    for (int i = 0; i < first; i++)
        from[i] = place[i];
    return window_sees(window, x, place + first, tap, from + first) ? place_of(x, from) : -1;
}

// The place in x of the first greatest that the window at `at` sees, or -1 if all is padding.
static int64_t pool_greatest(const Evaluation *e, const Value *x, const Value *pooled, int64_t at)
{
    const int64_t taps = window_taps(&e->node->attr->window);
    int64_t best = -1;
    for (int64_t number = 0; number < taps; number++) {
        const int64_t place = pool_place(e, x, pooled, at, number);
        if (place < 0)
            continue;
        const bool nan = value_is_float(x) && x->cell[place].f != x->cell[place].f;
        if (best < 0 || nan || cell_less(x->cell[best], x->cell[place], value_is_float(x)))
            best = place;
    }
    return best;
}

void evaluate_WINDOW_MAX(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++) {
        const int64_t best = pool_greatest(e, e->in[0], e->out, at);
        if (best >= 0)
            e->out->cell[at] = e->in[0]->cell[best];
        else
            value_set(e->out, at, -INFINITY);
    }
}

void evaluate_WINDOW_MAX_GRAD(const Evaluation *e)
{
    for (int64_t at = 0; at < e->in[1]->count; at++) {
        const int64_t best = pool_greatest(e, e->in[0], e->in[1], at);
        if (best >= 0)
            e->out->cell[best] = cell_add(e->out->cell[best], e->in[1]->cell[at],
                                          value_is_float(e->out));
    }
}

void evaluate_WINDOW_MAX_PICK(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++) {
        const int64_t best = pool_greatest(e, e->in[0], e->out, at);
        if (best >= 0)
            e->out->cell[at] = e->in[1]->cell[best];
    }
}

void evaluate_WINDOW_SUM(const Evaluation *e)
{
    const int64_t taps = window_taps(&e->node->attr->window);
    for (int64_t at = 0; at < e->out->count; at++)
        for (int64_t number = 0; number < taps; number++) {
            const int64_t place = pool_place(e, e->in[0], e->out, at, number);
            if (place >= 0)
                e->out->cell[at] = cell_add(e->out->cell[at], e->in[0]->cell[place],
                                            value_is_float(e->out));
        }
}

void evaluate_WINDOW_SUM_GRAD(const Evaluation *e)
{
    const int64_t taps = window_taps(&e->node->attr->window);
    for (int64_t at = 0; at < e->in[0]->count; at++)
        for (int64_t number = 0; number < taps; number++) {
            const int64_t place = pool_place(e, e->out, e->in[0], at, number);
            if (place >= 0)
                e->out->cell[place] = cell_add(e->out->cell[place], e->in[0]->cell[at],
                                               value_is_float(e->out));
        }
}

// ---- indexed ------------------------------------------------------------------------------------

// Where in x the element at `at` of the gathered value (or of the updates) lies, or -1.
static int64_t gather_place(const Evaluation *e, const Value *x, const Value *index,
                            const Value *gathered, int64_t at)
{
    const Attr *attr = e->node->attr;
    const int picked = index->rank - attr->batch;
    int64_t place[max_rank] = {0}, from[max_rank] = {0}, which[max_rank] = {0};
    place_split(gathered, at, place);
    for (int i = 0; i < attr->batch; i++)
        which[i] = place[i];
    for (int i = 0; i < picked; i++)
        which[attr->batch + i] = place[attr->axis + i];
    for (int i = 0; i < x->rank; i++)
        from[i] = i < attr->axis ? place[i] : i > attr->axis ? place[i + picked - 1] : 0;
    from[attr->axis] = index->cell[place_of(index, which)].i;
    if (from[attr->axis] < 0 || from[attr->axis] >= x->size[attr->axis])
        return -1;
    return place_of(x, from);
}

void evaluate_GATHER(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++) {
        const int64_t place = gather_place(e, e->in[0], e->in[1], e->out, at);
        if (place >= 0)
            e->out->cell[at] = e->in[0]->cell[place];
    }
}

void evaluate_SCATTER_ADD(const Evaluation *e)
{
    const bool is_float = value_is_float(e->out);
    for (int64_t at = 0; at < e->in[1]->count; at++) {
        const int64_t place = gather_place(e, e->out, e->in[0], e->in[1], at);
        if (place >= 0)
            e->out->cell[place] = cell_add(e->out->cell[place], e->in[1]->cell[at], is_float);
    }
}

void evaluate_SCATTER_SET(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = e->in[0]->cell[at];
    for (int64_t at = 0; at < e->in[2]->count; at++) {
        const int64_t place = gather_place(e, e->out, e->in[1], e->in[2], at);
        if (place >= 0)
            e->out->cell[place] = e->in[2]->cell[at];
    }
}
