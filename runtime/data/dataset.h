// dataset.h: the inside of a dataset, for the loader; private to runtime/data.
#pragma once
#include <pthread.h>
#include "data/data.h"
#include "data/reader.h"

struct lt_dataset_raw {                 // a raw field and where its rows are
    const struct lt_column *column;
    struct lt_table *table;
};

struct lt_dataset {
    const struct lt_data *data;
    struct lt_table **table;            // a file each
    struct lt_raw_field *wanted;        // the raw fields, those of a file together
    struct lt_dataset_raw *raw;         // in the order of data->raw
    int table_count;
    int part_count;                     // sources, one behind the other: at least 1
    int64_t part_rows[3];               // of each
    int64_t rows;                       // of all
    uint64_t split_seed;
    int64_t split_rows[LT_PHASES];      // of train, validation and test
    pthread_mutex_t lock;               // held while loading
    bool loaded, failed;
    struct lt_fault fault;              // why loading failed
};

// How a data block's rows are shared out: those of its first source, while a phase that has a
// source of its own gets all of that. false: it asks for more than there are.
bool lt_split_rows(const struct lt_data *data, const int64_t part_rows[3],
                   int64_t split_rows[LT_PHASES], struct lt_fault *fault);
// Which of the sources is this phase's own: 1, 2; 0: none but the first.
int lt_split_part(const struct lt_data *data, enum lt_phase phase);
// The source's row at a place among a phase's rows, before any shuffling.
int64_t lt_split_row(const struct lt_dataset *dataset, enum lt_phase phase, int64_t place);

// Makes the row `index` of the source a sample: fields to out[i]. false: a value is refused.
bool lt_dataset_sample(const struct lt_dataset *dataset, void *const *out, void *scratch,
                       uint64_t seed, uint64_t epoch, int64_t index, bool training,
                       const void **raw, struct lt_fault *fault);
