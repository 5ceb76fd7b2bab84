// loader: a ring of batches between the threads that prepare them and the one that trains.
//
// Batches are numbered from the last start: sequence s stands in slot s % slots. Threads claim
// sequences in order and publish each by storing s + 1 in its slot, so taking a batch that is ready
// is one load. The lock is for claiming, and for going to sleep and being woken: a thread sleeps
// when the ring is full and is woken when half of it is used up, which makes a wake-up rare.
//
// Where the threads of the steps have every core, a thread beside them only takes one away, in the
// middle of a step: there they prepare the batch themselves, between two steps.
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/threads.h"
#include "data/dataset.h"
#include "lt/random.h"

enum { ALIGNMENT = 64, SLOTS = 8, SLOTS_AT_MOST = 1024, THREADS_AT_MOST = 64 };

#define SITE_ORDER UINT64_C(0x6C742E6F72646572)

struct slot {
    _Atomic uint64_t ready;             // sequence + 1 of the batch that is in it
    int64_t rows, epoch, number;
    bool failed;
    struct lt_fault fault;
    void **field;
    int64_t *index;
};

struct worker {
    struct lt_loader *loader;
    pthread_t thread;
    void *scratch;
    const void **raw;
    void **out;
    int64_t refused;                    // row of the batch at which it stopped, or -1
    struct lt_fault fault;              // why
};

struct lt_loader {
    struct lt_dataset *dataset;
    const struct lt_data *data;
    struct lt_loader_options options;
    int64_t rows;                       // that there are
    int64_t span, batches;              // of an epoch

    char *block;                        // all memory of slots and workers
    size_t block_bytes;
    struct slot *slot;
    int slots;
    struct worker *worker;              // [0] is the caller's, for batches made when asked for
    int workers, running;               // threads that there should be, and are
    int team;                           // workers of the team, from [0] on; 0: there is none

    // The caller's.
    bool started;
    int64_t epoch, number;              // of the next batch to hand out
    uint64_t taken;                     // sequence of that batch
    bool holding;

    // Where sequence 0 stands; changed only while no thread is at work.
    int64_t base_epoch, base_batch, limit;

    pthread_mutex_t lock;
    pthread_cond_t work, done;
    bool stopping, pausing;             // with lock
    int busy;                           // with lock: threads preparing a batch
    _Atomic uint64_t claimed, released;
    _Atomic int sleepers;
    _Atomic bool waiting;               // the caller is, for a batch or for idle threads
};

// ---- order --------------------------------------------------------------------------------------

static bool endless(const struct lt_data *data)
{
    return !strcmp(data->source, "none");
}

static bool shuffled(const struct lt_loader *loader)
{
    return loader->options.phase == LT_TRAIN && loader->data->shuffle && !loader->options.in_order;
}

struct place { int64_t epoch, at; };

// Where a place of an epoch stands among the loader's own rows. Epochs that repeat their batches
// (in_order) start at the same one.
static struct place own_place(const struct lt_loader *loader, int64_t epoch, int64_t at)
{
    if (!loader->options.along)
        return (struct place){epoch, at};
    const int64_t most = loader->limit * loader->data->batch;
    const int64_t taken = most && most < loader->span ? most : loader->span;
    const int64_t before = loader->options.in_order ? 0 : epoch * taken;
    return (struct place){(before + at) / loader->rows, (before + at) % loader->rows};
}

static int64_t row_at(const struct lt_loader *loader, struct place place)
{
    if (shuffled(loader)) {
        const lt_random_key_t key = lt_random_key(loader->options.seed, SITE_ORDER,
                                                  (uint64_t)place.epoch);
        place.at = (int64_t)lt_permute((uint64_t)place.at, (uint64_t)loader->rows, key);
    }
    return lt_split_row(loader->dataset, loader->options.phase, place.at);
}

int64_t lt_loader_row(const struct lt_loader *loader, int64_t epoch, int64_t place)
{
    return row_at(loader, own_place(loader, epoch, place));
}

// ---- preparing ----------------------------------------------------------------------------------

// Rows first to end - 1 of the batch, up to the first that is refused.
static void sample_rows(struct worker *worker, struct slot *slot, int64_t first, int64_t end)
{
    const struct lt_loader *loader = worker->loader;
    const struct lt_data *data = loader->data;
    const bool training = loader->options.phase == LT_TRAIN && !loader->options.plain;
    worker->refused = -1;
    for (int64_t r = first; r < end && worker->refused < 0; r++) {
        const struct place place = own_place(loader, slot->epoch, slot->number * data->batch + r);
        const uint64_t epoch = training ? (uint64_t)place.epoch : 0;
        slot->index[r] = row_at(loader, place);
        for (int i = 0; i < data->field_count; i++)
            worker->out[i] = (char *)slot->field[i] + (size_t)r * data->field[i].row_bytes;
        if (!lt_dataset_sample(loader->dataset, worker->out, worker->scratch, loader->options.seed,
                               epoch, slot->index[r], training, worker->raw, &worker->fault))
            worker->refused = r;
    }
}

static void open_slot(struct lt_loader *loader, struct slot *slot)
{
    const int64_t left = loader->span - slot->number * loader->data->batch;
    slot->rows = left < loader->data->batch ? left : loader->data->batch;
    slot->fault.text[0] = '\0';
    slot->failed = !lt_dataset_load(loader->dataset, &slot->fault);
}

static void refuse(struct slot *slot, const struct worker *worker)
{
    slot->failed = true;
    slot->fault = worker->fault;
}

static void prepare(struct lt_loader *loader, struct worker *worker, struct slot *slot)
{
    open_slot(loader, slot);
    if (slot->failed)
        return;
    sample_rows(worker, slot, 0, slot->rows);
    if (worker->refused >= 0)
        refuse(slot, worker);
}

struct shared_slot { struct lt_loader *loader; struct slot *slot; };

static void sample_share(void *argument, int thread, int threads)
{
    const struct shared_slot *shared = argument;
    const int team = shared->loader->team < threads ? shared->loader->team : threads;
    if (thread >= team)
        return;
    sample_rows(&shared->loader->worker[thread], shared->slot, shared->slot->rows * thread / team,
                shared->slot->rows * (thread + 1) / team);
}

// The first row that is refused is reported, whoever had it.
static void prepare_by_team(struct lt_loader *loader, struct slot *slot)
{
    open_slot(loader, slot);
    if (slot->failed)
        return;
    for (int i = 0; i < loader->team; i++)
        loader->worker[i].refused = -1;
    lt_threads_share(sample_share, &(struct shared_slot){loader, slot});
    for (int i = 0; i < loader->team && !slot->failed; i++)
        if (loader->worker[i].refused >= 0)
            refuse(slot, &loader->worker[i]);
}

static struct slot *slot_place(struct lt_loader *loader, uint64_t sequence)
{
    struct slot *slot = &loader->slot[sequence % (uint64_t)loader->slots];
    const uint64_t batch = (uint64_t)loader->base_batch + sequence;
    slot->epoch = loader->base_epoch + (int64_t)(batch / (uint64_t)loader->limit);
    slot->number = (int64_t)(batch % (uint64_t)loader->limit);
    return slot;
}

static void wake_caller(struct lt_loader *loader)
{
    if (!loader->waiting)
        return;
    pthread_mutex_lock(&loader->lock);
    pthread_cond_signal(&loader->done);
    pthread_mutex_unlock(&loader->lock);
}

static bool may_claim(const struct lt_loader *loader)
{
    return !loader->pausing && loader->claimed < loader->released + (uint64_t)loader->slots;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct lt_loader *loader = worker->loader;
    pthread_mutex_lock(&loader->lock);
    while (!loader->stopping) {
        loader->sleepers++;             // before looking, so that no release is missed
        while (!loader->stopping && !may_claim(loader))
            pthread_cond_wait(&loader->work, &loader->lock);
        loader->sleepers--;
        if (loader->stopping)
            break;
        const uint64_t sequence = loader->claimed++;
        loader->busy++;
        pthread_mutex_unlock(&loader->lock);
        struct slot *slot = slot_place(loader, sequence);
        prepare(loader, worker, slot);
        slot->ready = sequence + 1;
        wake_caller(loader);
        pthread_mutex_lock(&loader->lock);
        if (--loader->busy == 0 && loader->pausing)
            pthread_cond_signal(&loader->done);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

// ---- memory -------------------------------------------------------------------------------------

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

// Cuts the block up; with no block it only counts the bytes. A size past SIZE_MAX gives 0.
struct cutter { char *block; uint64_t at; bool fits; };

static void *cut(struct cutter *cutter, uint64_t count, uint64_t each)
{
    const uint64_t start = cutter->at;
    const bool fits = !each || count <= (UINT64_MAX / 4 - start) / each;
    cutter->fits = cutter->fits && fits;
    if (fits)
        cutter->at += rounded(count * each);
    return cutter->block ? cutter->block + start : NULL;
}

static void cut_slot(struct lt_loader *loader, struct slot *slot, struct cutter *cutter)
{
    const struct lt_data *data = loader->data;
    slot->field = cut(cutter, (uint64_t)data->field_count, sizeof *slot->field);
    slot->index = cut(cutter, (uint64_t)data->batch, sizeof *slot->index);
    for (int i = 0; i < data->field_count; i++) {
        void *field = cut(cutter, (uint64_t)data->batch, data->field[i].row_bytes);
        if (cutter->block)
            slot->field[i] = field;
    }
}

static void cut_worker(struct lt_loader *loader, struct worker *worker, struct cutter *cutter)
{
    const struct lt_data *data = loader->data;
    worker->loader = loader;
    worker->scratch = cut(cutter, 1, data->sample_scratch);
    worker->raw = cut(cutter, (uint64_t)data->raw_count, sizeof *worker->raw);
    worker->out = cut(cutter, (uint64_t)data->field_count, sizeof *worker->out);
}

static struct cutter cut_all(struct lt_loader *loader, char *block)
{
    struct cutter cutter = {block, 0, true};
    struct slot no_slot;
    struct worker no_worker;
    loader->slot = cut(&cutter, (uint64_t)loader->slots, sizeof *loader->slot);
    const int most = loader->team > loader->workers + 1 ? loader->team : loader->workers + 1;
    loader->worker = cut(&cutter, (uint64_t)most, sizeof *loader->worker);
    for (int i = 0; i < loader->slots; i++)
        cut_slot(loader, block ? &loader->slot[i] : &no_slot, &cutter);
    for (int i = 0; i < most; i++)
        cut_worker(loader, block ? &loader->worker[i] : &no_worker, &cutter);
    return cutter;
}

static bool take_memory(struct lt_loader *loader, struct lt_fault *fault)
{
    const struct cutter size = cut_all(loader, NULL);
    loader->block_bytes = size.fits ? size.at + ALIGNMENT : 0;
    loader->block = size.fits ? aligned_alloc(ALIGNMENT, loader->block_bytes) : NULL;
    if (!loader->block)
        return lt_fail(fault, "%s: no memory for %d batches of %lld rows (%llu bytes)",
                       loader->data->name, loader->slots, (long long)loader->data->batch,
                       (unsigned long long)size.at);
    memset(loader->block, 0, loader->block_bytes);
    cut_all(loader, loader->block);
    return true;
}

// ---- opening and closing ------------------------------------------------------------------------

static bool count_batches(struct lt_loader *loader, struct lt_fault *fault)
{
    static const char *const phase[] = {"training", "validation", "test", "prediction"};
    const struct lt_data *data = loader->data;
    if (endless(data)) {
        loader->batches = INT64_MAX;
        return true;
    }
    if (data->batch < 1)
        return lt_fail(fault, "%s: has batches of %lld rows, expected at least 1", data->name,
                       (long long)data->batch);
    loader->rows = lt_dataset_phase_rows(loader->dataset, loader->options.phase);
    const int64_t along = loader->options.along;
    const bool whole = data->drop_last && !along;
    loader->span = along ? along : loader->rows;
    loader->batches = loader->span / data->batch + (!whole && loader->span % data->batch);
    if (loader->batches && loader->rows)
        return true;
    if (!loader->rows)
        return lt_fail(fault, "%s: the split leaves no rows for %s", data->name,
                       phase[loader->options.phase]);
    return lt_fail(fault, "%s: has %lld rows for %s, less than one batch of %lld", data->name,
                   (long long)loader->rows, phase[loader->options.phase], (long long)data->batch);
}

struct lt_loader *lt_loader_open(struct lt_dataset *dataset,
                                 const struct lt_loader_options *options, struct lt_fault *fault)
{
    struct lt_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        lt_fail(fault, "%s: no memory for a loader", dataset->data->name);
        return NULL;
    }
    loader->dataset = dataset;
    loader->data = dataset->data;
    loader->options = *options;
    const int slots = options->slots ? options->slots : SLOTS;
    loader->slots = slots < 2 ? 2 : slots > SLOTS_AT_MOST ? SLOTS_AT_MOST : slots;
    const int threads = options->threads ? options->threads : 1;
    loader->workers = threads < 0 ? 0 : threads > THREADS_AT_MOST ? THREADS_AT_MOST : threads;
    if (endless(loader->data) || options->by_team) {
        loader->slots = 2;
        loader->workers = 0;
    }
    if (options->by_team)
        loader->team = lt_threads_count() < THREADS_AT_MOST ? lt_threads_count() : THREADS_AT_MOST;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->work, NULL);
    pthread_cond_init(&loader->done, NULL);
    if (count_batches(loader, fault) && take_memory(loader, fault))
        return loader;
    lt_loader_close(loader);
    return NULL;
}

void lt_loader_close(struct lt_loader *loader)
{
    if (!loader)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->stopping = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 1; i <= loader->running; i++)
        pthread_join(loader->worker[i].thread, NULL);
    pthread_mutex_destroy(&loader->lock);
    pthread_cond_destroy(&loader->work);
    pthread_cond_destroy(&loader->done);
    free(loader->block);
    free(loader);
}

int64_t lt_loader_rows(const struct lt_loader *loader)
{
    return loader->span;
}

int64_t lt_loader_batches(const struct lt_loader *loader)
{
    return loader->batches;
}

size_t lt_loader_bytes(const struct lt_loader *loader)
{
    return loader->block_bytes;
}

// ---- the caller's side --------------------------------------------------------------------------

// Signals are for the thread that trains. A thread that cannot be made is done without.
static void start_threads(struct lt_loader *loader)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (loader->running < loader->workers) {
        struct worker *worker = &loader->worker[loader->running + 1];
        if (pthread_create(&worker->thread, NULL, work, worker))
            break;
        loader->running++;
    }
    loader->workers = loader->running;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool goes_on(const struct lt_loader *loader, int64_t epoch, int64_t first, int64_t batches)
{
    if (!loader->started || loader->limit != batches)
        return false;
    const bool over = loader->number == loader->limit;
    return epoch == loader->epoch + over && first == (over ? 0 : loader->number);
}

static void restart(struct lt_loader *loader, int64_t epoch, int64_t first, int64_t batches)
{
    pthread_mutex_lock(&loader->lock);
    loader->pausing = true;
    loader->waiting = true;
    while (loader->busy)
        pthread_cond_wait(&loader->done, &loader->lock);
    loader->waiting = false;
    loader->claimed = loader->released = 0;
    for (int i = 0; i < loader->slots; i++)
        loader->slot[i].ready = 0;
    loader->taken = 0;
    loader->base_epoch = epoch;
    loader->base_batch = first;
    loader->limit = batches;
    loader->pausing = first > batches || !batches;      // nothing to prepare
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
}

void lt_loader_start(struct lt_loader *loader, int64_t epoch, int64_t first_batch, int64_t batches)
{
    const int64_t limit = batches < loader->batches ? batches : loader->batches;
    if (loader->holding)
        lt_loader_release(loader);
    if (!goes_on(loader, epoch, first_batch, limit))
        restart(loader, epoch, first_batch, limit);
    if (!loader->started)
        start_threads(loader);
    loader->started = true;
    loader->epoch = epoch;
    loader->number = first_batch;
}

static struct slot *wait_for(struct lt_loader *loader)
{
    struct slot *slot = &loader->slot[loader->taken % (uint64_t)loader->slots];
    const uint64_t ready = loader->taken + 1;
    if (loader->workers == 0 && slot->ready != ready) {
        slot_place(loader, loader->taken);
        if (loader->team)
            prepare_by_team(loader, slot);
        else
            prepare(loader, &loader->worker[0], slot);
        slot->ready = ready;
    }
    if (slot->ready == ready)
        return slot;
    pthread_mutex_lock(&loader->lock);
    loader->waiting = true;
    while (slot->ready != ready)
        pthread_cond_wait(&loader->done, &loader->lock);
    loader->waiting = false;
    pthread_mutex_unlock(&loader->lock);
    return slot;
}

int lt_loader_next(struct lt_loader *loader, struct lt_batch *batch, struct lt_fault *fault)
{
    if (loader->holding)
        lt_loader_release(loader);
    if (!loader->started || loader->number >= loader->limit)
        return 0;
    if (endless(loader->data)) {
        *batch = (struct lt_batch){loader->data->batch, NULL, NULL, loader->epoch,
                                   loader->number++};
        return 1;
    }
    const struct slot *slot = wait_for(loader);
    if (slot->failed) {
        lt_fail(fault, "%s", slot->fault.text);
        return -1;
    }
    *batch = (struct lt_batch){slot->rows, (const void *const *)slot->field, slot->index,
                               slot->epoch, slot->number};
    loader->holding = true;
    loader->taken++;
    loader->number++;
    return 1;
}

void lt_loader_release(struct lt_loader *loader)
{
    if (!loader->holding)
        return;
    loader->holding = false;
    const uint64_t released = ++loader->released;
    if (!loader->sleepers || loader->claimed - released > (uint64_t)loader->slots / 2)
        return;
    pthread_mutex_lock(&loader->lock);
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
}
