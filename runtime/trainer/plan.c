#include "trainer/plan.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static int64_t number_of(const struct lt_settings *settings, int index)
{
    return (int64_t)settings->number[index];
}

static int64_t limit_of(const struct lt_settings *settings, int index)
{
    const int64_t number = number_of(settings, index);
    return number < 0 ? LT_ENDLESS : number;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// ---- limits of batches --------------------------------------------------------------------------

// A whole number of batches, or a share of those that there are, rounded down.
static bool limit_batches(const struct lt_settings *settings, int index, int64_t batches,
                          int64_t *limited, struct lt_fault *fault)
{
    const struct lt_setting_value *value = &settings->value[index];
    const double number = settings->number[index];

    *limited = batches;
    if (value->unit != LT_FRACTION) {
        if (value->unit != LT_BATCHES && value->unit != LT_STEPS)
            return lt_fail(fault, "--%s counts batches, or is a share such as 0.5",
                           value->of->name);
        *limited = least(batches, (int64_t)number);
        return true;
    }
    if (number == 1.0)
        return true;
    if (batches == LT_ENDLESS)
        return lt_fail(fault, "--%s is a share, but the data has no end; give a whole number",
                       value->of->name);
    *limited = (int64_t)((double)batches * number);
    if (*limited == 0 && number > 0 && batches > 0)
        return lt_fail(fault, "--%s is %.9g of %" PRId64 " batches, which is less than one; give "
                       "a greater share, or 1 for one batch", value->of->name, number, batches);
    return true;
}

static bool limit_all(struct lt_plan *plan, const struct lt_settings *settings,
                      const struct lt_extent *extent, struct lt_fault *fault)
{
    const struct lt_trainer_index *at = &settings->trainer;
    plan->overfit = settings->number[at->overfit_batches] > 0;
    const int train = plan->overfit ? at->overfit_batches : at->limit_train_batches;
    const int val = plan->overfit ? at->overfit_batches : at->limit_val_batches;
    for (int set = LT_MORE; set < LT_PHASES; set++)
        if (!limit_batches(settings, val, extent->more_batches[set], &plan->more_batches[set],
                           fault))
            return false;

    return limit_batches(settings, train, extent->train_batches, &plan->train_batches, fault)
        && limit_batches(settings, val, extent->val_batches, &plan->val_batches, fault)
        && limit_batches(settings, at->limit_test_batches, extent->test_batches,
                         &plan->test_batches, fault);
}

// ---- when to validate ---------------------------------------------------------------------------

static bool plan_interval(struct lt_plan *plan, const struct lt_settings *settings,
                          struct lt_fault *fault)
{
    const int index = settings->trainer.val_check_interval;
    const double number = settings->number[index];
    const char *name = settings->value[index].of->name;

    plan->val_every_epoch = number_of(settings, settings->trainer.check_val_every_n_epoch);
    plan->val_across_epochs = plan->val_every_epoch <= 0;
    switch (settings->value[index].unit) {
    case LT_FRACTION:
        plan->val_at_epoch_end = true;
        if (plan->train_batches == LT_ENDLESS)
            plan->val_interval = LT_ENDLESS;
        else
            plan->val_interval = (int64_t)((double)plan->train_batches * number);
        plan->val_interval += plan->val_interval == 0 && number > 0;
        return true;
    case LT_BATCHES:
    case LT_STEPS:
        plan->val_interval = (int64_t)number;
        if (settings->value[index].unit == LT_STEPS)
            plan->val_interval *= plan->micro_batches;
        if (!plan->val_across_epochs && plan->val_interval > plan->train_batches)
            return lt_fail(fault, "--%s is %" PRId64 " batches, but an epoch has %" PRId64
                           "; to count over epochs give --trainer.check_val_every_n_epoch none",
                           name, plan->val_interval, plan->train_batches);
        return true;
    case LT_EPOCHS:
        plan->val_at_epoch_end = true;
        plan->val_interval = plan->train_batches;
        plan->val_every_epoch = (int64_t)number;
        if (number < 1 || number != floor(number))
            return lt_fail(fault, "--%s takes whole epochs, or a share such as 0.5", name);
        return true;
    case LT_SECONDS:
        return lt_fail(fault, "--%s counts batches, steps or epochs, since a run that validates "
                       "by the clock would not repeat", name);
    }
    return true;
}

// ---- the plan -----------------------------------------------------------------------------------

static void plan_ends(struct lt_plan *plan, const struct lt_settings *settings)
{
    const struct lt_trainer_index *at = &settings->trainer;
    plan->max_epochs = limit_of(settings, at->max_epochs);
    plan->max_steps = limit_of(settings, at->max_steps);
    plan->min_epochs = number_of(settings, at->min_epochs);
    plan->min_steps = number_of(settings, at->min_steps);
    if (plan->max_epochs == LT_ENDLESS && plan->max_steps == LT_ENDLESS && plan->max_seconds < 0
        && !settings->value[at->max_epochs].from_line)
        plan->max_epochs = 1000;
}

// n batches of everything, one epoch, one validation at its end.
static void plan_dev_run(struct lt_plan *plan, int64_t batches)
{
    plan->dev_run = true;
    plan->train_batches = least(plan->train_batches, batches);
    plan->val_batches = least(plan->val_batches, batches);
    plan->test_batches = least(plan->test_batches, batches);
    for (int set = LT_MORE; set < LT_PHASES; set++)
        plan->more_batches[set] = least(plan->more_batches[set], batches);
    plan->max_epochs = 1;
    plan->max_steps = batches;
    plan->min_epochs = plan->min_steps = -1;
    plan->sanity_batches = 0;
    plan->val_interval = plan->train_batches;
    plan->val_at_epoch_end = true;
    plan->val_across_epochs = false;
    plan->val_every_epoch = 1;
}

static void plan_totals(struct lt_plan *plan, const struct lt_extent *extent)
{
    const int64_t k = plan->micro_batches;
    plan->train_rows = extent->train_rows;
    plan->steps_per_epoch =
        plan->train_batches == LT_ENDLESS ? LT_ENDLESS : (plan->train_batches + k - 1) / k;
    plan->total_steps = plan->max_steps;
    if (plan->max_epochs != LT_ENDLESS && plan->steps_per_epoch != LT_ENDLESS
        && (plan->steps_per_epoch == 0
            || plan->max_epochs <= LT_ENDLESS / 2 / plan->steps_per_epoch))
        plan->total_steps = least(plan->total_steps, plan->max_epochs * plan->steps_per_epoch);
}

// A spec may make its own data without end; then something else has to end.
static bool check_ends(const struct lt_plan *plan, struct lt_fault *fault)
{
    bool ends = plan->val_batches != LT_ENDLESS;
    for (int set = LT_MORE; set < LT_PHASES; set++)
        ends = ends && plan->more_batches[set] != LT_ENDLESS;
    if (!ends)
        return lt_fail(fault, "the validation data has no end; give --trainer.limit_val_batches a "
                       "number of batches");
    if (plan->train_batches == LT_ENDLESS && plan->max_steps == LT_ENDLESS
        && plan->max_seconds < 0)
        return lt_fail(fault, "the training data has no end; give --trainer.max_steps, or "
                       "--trainer.limit_train_batches to say what an epoch is");
    return true;
}

bool lt_plan_make(struct lt_plan *plan, const struct lt_settings *settings,
                  const struct lt_extent *extent, bool validates, struct lt_fault *fault)
{
    const struct lt_trainer_index *at = &settings->trainer;
    *plan = (struct lt_plan){
        .micro_batches = number_of(settings, at->accumulate_grad_batches),
        .log_every = number_of(settings, at->log_every_n_steps),
        .sanity_batches = limit_of(settings, at->num_sanity_val_steps),
    };
    if (plan->micro_batches < 1)
        plan->micro_batches = 1;
    if (!lt_parse_time(settings->value[at->max_time].text, &plan->max_seconds, fault)
        || !limit_all(plan, settings, extent, fault) || !plan_interval(plan, settings, fault))
        return false;
    plan_ends(plan, settings);
    if (settings->number[at->fast_dev_run] > 0)
        plan_dev_run(plan, number_of(settings, at->fast_dev_run));
    if (!validates)
        plan->val_batches = 0;
    plan->sanity_batches = least(plan->sanity_batches, plan->val_batches);
    plan_totals(plan, extent);
    return check_ends(plan, fault);
}

int64_t lt_plan_batches(const struct lt_plan *plan, enum lt_phase phase)
{
    if (phase >= LT_MORE)
        return plan->more_batches[phase];
    return phase == LT_TEST ? plan->test_batches : plan->val_batches;
}

bool lt_plan_validates_at_epoch_end(const struct lt_plan *plan)
{
    return plan->val_batches > 0 && plan->val_at_epoch_end && !plan->val_across_epochs
        && plan->val_every_epoch == 1 && plan->val_interval >= plan->train_batches;
}

int64_t lt_plan_window(const struct lt_plan *plan, int64_t batch)
{
    if (plan->micro_batches == 1)
        return 1;
    const int64_t start = batch - batch % plan->micro_batches;
    return least(plan->micro_batches, plan->train_batches - start);
}

// ---- units --------------------------------------------------------------------------------------

// Batches of one unit, or 0 where a unit does not count batches.
static double batches_of(const struct lt_plan *plan, enum lt_unit unit)
{
    switch (unit) {
    case LT_STEPS:
        return (double)plan->micro_batches;
    case LT_BATCHES:
        return 1;
    case LT_EPOCHS:
        return plan->train_batches == LT_ENDLESS ? 0 : (double)plan->train_batches;
    case LT_SECONDS:
    case LT_FRACTION:
        break;
    }
    return 0;
}

bool lt_plan_convert(const struct lt_plan *plan, struct lt_settings *settings,
                     struct lt_fault *fault)
{
    for (int i = 0; i < settings->count; i++) {
        struct lt_setting_value *value = &settings->value[i];
        if (value->of->type != LT_DURATION || !value->from_line || value->unit == value->of->unit
            || strncmp(value->of->name, "trainer.", 8) == 0)
            continue;
        const double from = batches_of(plan, value->unit), to = batches_of(plan, value->of->unit);
        if (from == 0 || to == 0)
            return lt_fail(fault, "--%s counts %s, which %s cannot be turned into",
                           value->of->name, lt_unit_name(value->of->unit),
                           *lt_unit_name(value->unit) ? lt_unit_name(value->unit) : "a share");
        settings->number[i] = settings->number[i] * from / to;
        value->unit = value->of->unit;
    }
    return true;
}

// ---- printing -----------------------------------------------------------------------------------

static void print_validation(const struct lt_plan *plan, FILE *out)
{
    if (plan->val_batches == 0 || plan->val_interval == 0) {
        fprintf(out, "validation   none\n");
        return;
    }
    if (plan->val_across_epochs)
        fprintf(out, "validation   every %" PRId64 " batches, counted over epochs",
                plan->val_interval);
    else if (plan->val_interval >= plan->train_batches)
        fprintf(out, "validation   at the end of every %sepoch",
                plan->val_every_epoch > 1 ? "n-th " : "");
    else
        fprintf(out, "validation   after every %" PRId64 " batches%s", plan->val_interval,
                plan->val_at_epoch_end ? " and at the end of an epoch" : "");
    if (!plan->val_across_epochs && plan->val_every_epoch > 1)
        fprintf(out, ", n = %" PRId64, plan->val_every_epoch);
    fprintf(out, ", and at the end; %" PRId64 " batches\n", plan->val_batches);
}

static void print_count(FILE *out, const char *what, int64_t count, const char *otherwise)
{
    if (count == LT_ENDLESS)
        fprintf(out, "%-12s %s\n", what, otherwise);
    else
        fprintf(out, "%-12s %" PRId64 "\n", what, count);
}

void lt_plan_print(const struct lt_plan *plan, FILE *out)
{
    print_count(out, "epochs", plan->max_epochs, "no limit");
    print_count(out, "batches", plan->train_batches, "no end");
    print_count(out, "steps", plan->total_steps, "no limit");
    if (plan->micro_batches > 1)
        fprintf(out, "window       %" PRId64 " batches a step, %" PRId64 " steps an epoch\n",
                plan->micro_batches, plan->steps_per_epoch);
    if (plan->sanity_batches > 0)
        fprintf(out, "sanity       %" PRId64 " validation batches before the first step\n",
                plan->sanity_batches);
    print_validation(plan, out);
    if (plan->log_every > 0)
        fprintf(out, "log row      every %" PRId64 " steps\n", plan->log_every);
    else
        fprintf(out, "log row      only for validation and epochs\n");
}
