#include "trainer/watch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void lt_watch_time(struct lt_run *run)
{
    if (run->plan.max_seconds < 0 || lt_run_seconds(run) < run->plan.max_seconds)
        return;
    char reason[128];
    snprintf(reason, sizeof reason, "the time of trainer.max_time is up");
    run->host.call->stop(&run->host, reason);
}

// Where element `index` stands, counted in rows of the user's shape.
static int64_t place_of(const struct lt_variable *variable, int64_t index)
{
    int64_t place = 0;
    for (int axis = variable->rank - 1; axis >= 0; axis--) {
        const int64_t at = index % variable->shape[axis];
        index /= variable->shape[axis];
        if (variable->panel > 0 && axis == variable->panel_axis)
            place += at / variable->panel * variable->panel_stride
                   + at % variable->panel * variable->stride[axis];
        else
            place += at * variable->stride[axis];
    }
    return place;
}

static double value_at(const struct lt_variable *variable, const unsigned char *data,
                       int64_t place)
{
    if (variable->dtype == LT_F64) {
        double value;
        memcpy(&value, data + place * (int64_t)sizeof value, sizeof value);
        return value;
    }
    float value;
    memcpy(&value, data + place * (int64_t)sizeof value, sizeof value);
    return (double)value;
}

static bool variable_is_finite(const struct lt_variable *variable, const unsigned char *block)
{
    if (variable->dtype != LT_F32 && variable->dtype != LT_F64)
        return true;
    int64_t count = 1;
    for (int axis = 0; axis < variable->rank; axis++)
        count *= variable->shape[axis];
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(value_at(variable, block + variable->offset, place_of(variable, i))))
            return false;
    return true;
}

bool lt_watch_anomaly(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    if (run->settings->number[run->settings->trainer.detect_anomaly] == 0)
        return true;
    for (int i = 0; i < program->variable_count; i++)
        if (!variable_is_finite(&program->variable[i], run->block))
            return lt_fail(&run->fault, "%s (%s) holds a value that is not finite after step %"
                           PRId64 " of epoch %" PRId64, program->variable[i].path,
                           program->variable[i].where ? program->variable[i].where
                                                      : program->spec,
                           run->at.step, run->at.epoch);
    return true;
}
