// data.h: batches of a data block, prepared ahead by background threads.
//
// A dataset is the files of one `data` block and its split; a loader hands out the batches of one
// phase. Which row stands where is computed from seed, epoch and place, never stored, so any batch
// of any epoch can be asked for directly: resuming is `lt_loader_start(loader, epoch, batch, …)`.
// All memory is taken when opening. The functions of one loader are called by one thread at a time.
//
//   dataset = lt_dataset_open(&program->data[0], root, seed, &fault);
//   loader  = lt_loader_open(dataset, &(struct lt_loader_options){.phase = LT_TRAIN, .seed = seed},
//                            &fault);
//   lt_loader_start(loader, epoch, first_batch, lt_loader_batches(loader));
//   while ((got = lt_loader_next(loader, &batch, &fault)) > 0) {
//       …batch.field…
//       lt_loader_release(loader);
//   }
//
// A loader that goes `along` with another has that one's epochs: batches of as many rows. Its own
// rows follow each other through them, and start again, in a new order, where they end; also in the
// middle of a batch. Where it stands follows from epoch and batch here too.
//
// A block that drops the last batch does so in every phase: its batch is a constant for the model.
//
// Split: counts or shares of the rows, drawn by `split_seed`, or in file order (train, val, test).
// `train` left out gets the rows that the others leave; rows that nobody asks for are never read.
// Where parts have sources of their own, the split shares out the rows of the first, train's.
// Without a split each phase sees all rows in file order (training: shuffled if the block says so);
// whether to validate on those is the caller's choice. With a split, predict reads the test rows,
// or all rows in file order if the split has none.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"
#include "lt/program.h"

struct lt_dataset;
struct lt_loader;

struct lt_batch {
    int64_t rows;                       // 1 to data->batch
    const void *const *field;           // in the order of data->field, aligned to 64 bytes
    const int64_t *index;               // of each row, in the source
    int64_t epoch, number;              // which batch of which epoch
};

struct lt_loader_options {
    enum lt_phase phase;                // whose rows; those of LT_TRAIN are shuffled and augmented
    uint64_t seed;                      // of the order and of `sample`
    bool in_order;                      // never shuffle (overfit_batches)
    bool plain;                         // training rows as validation sees them: no augmentation
    int slots;                          // batches prepared ahead, at least 2; 0: 8
    int threads;                        // 0: one; -1: none, a batch is made when it is asked for
    bool by_team;                       // the same, by the threads of the steps (base/threads.h)
    int64_t along;                      // rows of another loader's epoch; 0: it has its own
};

// Opens the files and checks them against what was compiled; the rows are read in the background by
// the first loader that is started. root: where relative paths start, NULL or "": here.
struct lt_dataset *lt_dataset_open(const struct lt_data *data, const char *root,
                                   uint64_t split_seed, struct lt_fault *fault);
void lt_dataset_close(struct lt_dataset *dataset);      // after its loaders
int64_t lt_dataset_rows(const struct lt_dataset *dataset);      // of the source; 0 for "none"
int64_t lt_dataset_phase_rows(const struct lt_dataset *dataset, enum lt_phase phase);
bool lt_dataset_load(struct lt_dataset *dataset, struct lt_fault *fault);   // now, in this thread
// Reads every row once and checks every class index (--verify-data).
bool lt_dataset_verify(struct lt_dataset *dataset, struct lt_fault *fault);

struct lt_loader *lt_loader_open(struct lt_dataset *dataset,
                                 const struct lt_loader_options *options, struct lt_fault *fault);
void lt_loader_close(struct lt_loader *loader);
int64_t lt_loader_rows(const struct lt_loader *loader);         // of an epoch
int64_t lt_loader_batches(const struct lt_loader *loader);      // of an epoch, drop_last counted in
size_t lt_loader_bytes(const struct lt_loader *loader);         // what the loader has allocated

// Batches first_batch to batches - 1 of that epoch come next, with lt_loader_next's 0 at their end.
// Preparing goes on into the next epoch: starting that one with the same `batches` costs nothing.
// A batch that was not released is released. More `batches` than the epoch has are not made.
// A source "none" has INT64_MAX batches an epoch, of data->batch rows and no fields.
void lt_loader_start(struct lt_loader *loader, int64_t epoch, int64_t first_batch, int64_t batches);

// 1: a batch, which stands until it is released; 0: the epoch is over; -1: refused, see fault.
// A fault is reported in the place of the batch that has it.
int lt_loader_next(struct lt_loader *loader, struct lt_batch *batch, struct lt_fault *fault);
void lt_loader_release(struct lt_loader *loader);

// The source's row at a place of an epoch: what the loader computes, for tests and for listings.
int64_t lt_loader_row(const struct lt_loader *loader, int64_t epoch, int64_t place);
