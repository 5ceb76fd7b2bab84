#include "trainer/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/logs.h"

static bool last_step(const struct lt_run *run)
{
    const bool epoch_ends = run->at.batch + 1 >= run->plan.train_batches;
    return run->at.step + 1 >= run->plan.max_steps
        || (epoch_ends && run->at.epoch + 1 >= run->plan.max_epochs);
}

// The rows of the log, but for those that a stop adds, are known before their step.
void lt_pictures_open_step(struct lt_run *run)
{
    const int64_t every = run->plan.log_every, next = run->at.batch + 1;
    const bool whole = next % run->plan.micro_batches == 0 || next >= run->plan.train_batches;
    const bool due = every > 0 && ((run->at.step + 1) % every == 0 || last_step(run));
    run->host.pictures = run->events.file >= 0 && whole && due;
}

void lt_pictures_open_pass(struct lt_run *run, enum lt_phase phase)
{
    for (int i = 0; i < run->picture_count; i++)
        if (run->picture[i].phase == phase)
            run->picture[i].count = 0;
    run->pictures_of_pass = run->program->logs_tensorboard && !run->silent;
}

static void draw(struct lt_run *run, const struct lt_picture *picture, int64_t step)
{
    struct lt_fault fault = {.text = ""};
    struct lt_bytes bytes = lt_picture_bytes(picture);
    if (bytes.data
        && !lt_events_picture(&run->events, picture->name, step, picture->rows > 0, &bytes,
                              &fault))
        lt_logs_fault(run, LT_LOGGER_EVENTS, &fault);
    free(bytes.data);
}

static int64_t last_done(const struct lt_run *run)
{
    return run->at.step > 0 ? run->at.step - 1 : 0;
}

static void draw_now(struct lt_run *run, struct lt_picture *picture, const float *value,
                     int64_t count)
{
    lt_picture_add(picture, value, count);
    draw(run, picture, run->in_callback_step ? last_done(run) : run->at.step);
    lt_picture_close(picture);
}

// The picture with this name in the pass, made where there is none; NULL: no memory.
static struct lt_picture *picture_of(struct lt_run *run, const char *name, enum lt_phase phase,
                                     int64_t rows, int64_t columns)
{
    for (int i = 0; i < run->picture_count; i++)
        if (run->picture[i].phase == phase && strcmp(run->picture[i].name, name) == 0)
            return &run->picture[i];
    struct lt_picture *more = realloc(run->picture,
                                      sizeof *more * (size_t)(run->picture_count + 1));
    if (!more)
        return NULL;
    run->picture = more;
    if (!lt_picture_open(&more[run->picture_count], name, phase, rows, columns))
        return NULL;
    return &more[run->picture_count++];
}

// Of a pass before, the numbers are still there.
static void begin_again(struct lt_picture *picture)
{
    const size_t cells = picture->rows > 0 ? (size_t)(picture->rows * picture->columns)
                                           : LT_EDGES - 1;
    struct lt_picture fresh = {.name = picture->name, .phase = picture->phase,
                               .rows = picture->rows, .columns = picture->columns,
                               .cell = picture->cell, .least = HUGE_VAL, .greatest = -HUGE_VAL};
    memset(fresh.cell, 0, cells * sizeof *fresh.cell);
    *picture = fresh;
}

void lt_pictures_take(struct lt_run *run, const char *name, enum lt_phase phase, int64_t rows,
                      int64_t columns, const float *value, int64_t count)
{
    struct lt_picture now = {.cell = NULL}, *picture = &now;
    const bool at_once = run->in_callback_step || phase == LT_TRAIN;
    if (at_once ? !lt_picture_open(&now, name, phase, rows, columns)
                : !(picture = picture_of(run, name, phase, rows, columns))) {
        lt_fail(&run->fault, "no memory for the picture of %s", name);
        return;
    }
    if (at_once) {
        draw_now(run, picture, value, count);
        return;
    }
    if (lt_picture_empty(picture))
        begin_again(picture);
    if (rows == picture->rows && columns == picture->columns)
        lt_picture_add(picture, value, count);
}

void lt_pictures_draw(struct lt_run *run, enum lt_phase phase)
{
    if (run->events.file < 0 || run->silent)
        return;
    for (int i = 0; i < run->picture_count; i++)
        if (run->picture[i].phase == phase)
            draw(run, &run->picture[i], last_done(run));
}

void lt_pictures_close(struct lt_run *run)
{
    for (int i = 0; i < run->picture_count; i++)
        lt_picture_close(&run->picture[i]);
    free(run->picture);
    run->picture = NULL;
    run->picture_count = 0;
}
