// split: which rows are for training, validation and test, computed from a seed and never stored.
#include "data/dataset.h"
#include "lt/random.h"

// Names of the places that draw, different from every place of a program (those are small).
#define SITE_SPLIT UINT64_C(0x6C742E73706C6974)

static int64_t rows_asked(struct lt_split split, int64_t rows)
{
    if (split.count <= 0)
        return 0;
    const double count = split.share ? split.count * (double)rows + 1e-6 : split.count;
    return count < 0x1p62 ? (int64_t)count : INT64_MAX / 4;
}

// Shares that make up the whole leave no row over: the rounded off rows go round the parts.
static void share_rest(const struct lt_split part[3], int64_t rows, int64_t split_rows[LT_PHASES])
{
    double whole = 0;
    int64_t rest = rows;
    for (int i = 0; i < 3; i++) {
        whole += part[i].count > 0 && part[i].share ? part[i].count : 0;
        rest -= split_rows[i];
        if (part[i].count > 0 && !part[i].share)
            return;
    }
    if (whole < 1 - 1e-9)
        return;
    for (int i = 0; rest > 0; i = (i + 1) % 3)
        if (part[i].count > 0) {
            split_rows[i]++;
            rest--;
        }
}

int lt_split_part(const struct lt_data *data, enum lt_phase phase)
{
    for (int i = 1; i < data->part_count; i++)
        if (data->part[i] == phase)
            return i;
    return 0;
}

bool lt_split_rows(const struct lt_data *data, const int64_t part_rows[3],
                   int64_t split_rows[LT_PHASES], struct lt_fault *fault)
{
    const struct lt_split part[3] = {data->train, data->val, data->test};
    const int64_t rows = part_rows[0];
    int64_t sum = 0;
    for (int i = 0; i < 3; i++)
        sum += split_rows[i] = rows_asked(part[i], rows);
    if (sum > rows)
        return lt_fail(fault, "%s: the split asks for %lld rows (train %lld, val %lld, test %lld), "
                       "but the source has %lld", data->name, (long long)sum,
                       (long long)split_rows[0], (long long)split_rows[1],
                       (long long)split_rows[2], (long long)rows);
    if (part[0].count < 0)
        split_rows[0] = rows - sum;
    else
        share_rest(part, rows, split_rows);
    for (int i = 1; i < data->part_count; i++)
        split_rows[data->part[i]] = part_rows[i];
    split_rows[LT_PREDICT] = split_rows[LT_TEST] ? split_rows[LT_TEST] : rows;
    return true;
}

int64_t lt_split_row(const struct lt_dataset *dataset, enum lt_phase phase, int64_t place)
{
    const struct lt_data *data = dataset->data;
    if (!data->split_given || (phase == LT_PREDICT && !dataset->split_rows[LT_TEST]))
        return place;
    const enum lt_phase part = phase == LT_PREDICT ? LT_TEST : phase;
    const int source = lt_split_part(data, part);
    for (int i = 0; i < source; i++)
        place += dataset->part_rows[i];
    if (source)
        return place;
    for (int i = LT_TRAIN; i < (int)part; i++)
        place += lt_split_part(data, (enum lt_phase)i) ? 0 : dataset->split_rows[i];
    const bool whole = data->part_count && dataset->split_rows[LT_TRAIN] == dataset->part_rows[0];
    if (data->split_file_order || whole)
        return place;
    const lt_random_key_t key = lt_random_key(dataset->split_seed, SITE_SPLIT, 0);
    return (int64_t)lt_permute((uint64_t)place, (uint64_t)dataset->part_rows[0], key);
}
