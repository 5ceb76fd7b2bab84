#include "trainer/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/run.h"

bool lt_snapshot_open(struct lt_snapshot *snapshot, const struct lt_program *program,
                      struct lt_fault *fault)
{
    const size_t logs = (size_t)program->log_count + 1;
    snapshot->state = calloc((size_t)program->state_count + 1, sizeof *snapshot->state);
    snapshot->frozen = calloc((size_t)program->mask_count + 1, sizeof *snapshot->frozen);
    snapshot->metric = calloc(logs, sizeof *snapshot->metric);
    snapshot->from_host = calloc(logs, sizeof *snapshot->from_host);
    snapshot->host_logged = calloc(logs, sizeof *snapshot->host_logged);
    bool whole = snapshot->state && snapshot->frozen && snapshot->metric && snapshot->from_host
              && snapshot->host_logged;
    if (whole && program->callback_step_count > 0) {
        snapshot->variables = malloc(program->variable_bytes + 1);
        whole = snapshot->variables != NULL;
    }
    return whole || lt_fail(fault, "no memory for a copy of the callbacks' state");
}

void lt_snapshot_close(struct lt_snapshot *snapshot)
{
    free(snapshot->state);
    free(snapshot->frozen);
    free(snapshot->metric);
    free(snapshot->from_host);
    free(snapshot->host_logged);
    free(snapshot->variables);
    *snapshot = (struct lt_snapshot){0};
}

void lt_snapshot_take(struct lt_run *run)
{
    struct lt_snapshot *to = &run->before;
    const struct lt_program *program = run->program;
    const size_t logs = (size_t)program->log_count;

    memcpy(to->state, run->state, (size_t)program->state_count * sizeof *to->state);
    memcpy(to->frozen, run->frozen, (size_t)program->mask_count * sizeof *to->frozen);
    memcpy(to->metric, run->metrics.newest, logs * sizeof *to->metric);
    memcpy(to->from_host, run->metrics.from_host, logs * sizeof *to->from_host);
    memcpy(to->host_logged, run->metrics.host_logged, logs * sizeof *to->host_logged);
    to->host_wants_row = run->metrics.host_wants_row;
    to->stop_asked = run->host.stop_asked;
    to->requests = run->saves.requests;
    memcpy(to->request, run->saves.request, sizeof to->request);
    if (to->variables)
        memcpy(to->variables, run->block, program->variable_bytes);
}

void lt_snapshot_put_back(struct lt_run *run)
{
    const struct lt_snapshot *from = &run->before;
    const struct lt_program *program = run->program;
    const size_t logs = (size_t)program->log_count;

    memcpy(run->state, from->state, (size_t)program->state_count * sizeof *from->state);
    memcpy(run->frozen, from->frozen, (size_t)program->mask_count * sizeof *from->frozen);
    memcpy(run->metrics.newest, from->metric, logs * sizeof *from->metric);
    memcpy(run->metrics.from_host, from->from_host, logs * sizeof *from->from_host);
    memcpy(run->metrics.host_logged, from->host_logged, logs * sizeof *from->host_logged);
    run->metrics.host_wants_row = from->host_wants_row;
    run->host.stop_asked = from->stop_asked;
    run->saves.requests = from->requests;
    memcpy(run->saves.request, from->request, sizeof from->request);
    if (from->variables)
        memcpy(run->block, from->variables, program->variable_bytes);
}
