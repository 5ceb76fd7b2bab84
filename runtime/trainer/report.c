#include "trainer/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/standard.h"
#include "base/whole.h"
#include "checkpoint/json.h"
#include "trainer/signals.h"

bool lt_report_only(const struct lt_run *run)
{
    return run->line->metrics_json && strcmp(run->line->metrics_json, "-") == 0;
}

bool lt_report_prepare(struct lt_run *run)
{
    return !run->line->metrics_json || lt_report_only(run)
        || lt_make_room_for(run->line->metrics_json, &run->fault);
}

// ---- members ------------------------------------------------------------------------------------

static void put_name(struct lt_text *out, const char *name)
{
    lt_text_string(out, out->length > 1 ? ",\n  " : "\n  ");
    lt_text_quoted(out, name);
    lt_text_string(out, ": ");
}

static void put_text(struct lt_text *out, const char *name, const char *text)
{
    put_name(out, name);
    lt_text_quoted(out, text);
}

static void put_count(struct lt_text *out, const char *name, int64_t count)
{
    put_name(out, name);
    lt_text_number(out, count);
}

// JSON has no infinities and no NaN.
static void put_value(struct lt_text *out, double value)
{
    char text[32] = "null";
    if (isfinite(value))
        snprintf(text, sizeof text, "%.9g", value);
    lt_text_string(out, text);
}

static const char *status_of(const struct lt_run *run, int code)
{
    if (lt_signals_leave() && code == 128 + lt_signals_leave())
        return "interrupted";
    if (code != 0)
        return "failed";
    return run->host.stop_asked ? "stopped" : "done";
}

// ---- metrics ------------------------------------------------------------------------------------

static bool is_of_command(const struct lt_run *run, enum lt_phase phase)
{
    static const enum lt_phase evaluated[LT_COMMANDS] = {
        [LT_FIT] = LT_VALIDATE, [LT_VALIDATE_ONLY] = LT_VALIDATE, [LT_TEST_ONLY] = LT_TEST,
        [LT_PREDICT_ONLY] = LT_PREDICT, [LT_INFO] = LT_PREDICT,
    };
    const enum lt_phase kind = lt_phase_kind(phase);
    return kind == evaluated[run->line->command]
        || (kind == LT_TRAIN && run->line->command == LT_FIT);
}

// Of two entries of one name the later in the table counts, if it has a value.
static bool is_shadowed(const struct lt_run *run, int entry)
{
    const struct lt_program *program = run->program;
    for (int i = 0; i < program->log_count; i++)
        if (i != entry && strcmp(program->log[i].name, program->log[entry].name) == 0
            && is_of_command(run, program->log[i].phase)
            && (i > entry ? !isnan(run->metrics.newest[i]) : isnan(run->metrics.newest[entry])))
            return true;
    return false;
}

static void put_metrics(const struct lt_run *run, struct lt_text *out)
{
    bool first = true;
    put_name(out, "metrics");
    lt_text_string(out, "{");
    for (int i = 0; i < run->program->log_count; i++) {
        if (!is_of_command(run, run->program->log[i].phase) || is_shadowed(run, i))
            continue;
        lt_text_string(out, first ? "\n    " : ",\n    ");
        lt_text_quoted(out, run->program->log[i].name);
        lt_text_string(out, ": ");
        put_value(out, run->metrics.newest[i]);
        first = false;
    }
    lt_text_string(out, first ? "}" : "\n  }");
}

// ---- the report ---------------------------------------------------------------------------------

static void put_all(const struct lt_run *run, int code, struct lt_text *out)
{
    lt_text_string(out, "{");
    put_text(out, "program", run->program->name);
    put_text(out, "command", lt_command_name(run->line->command));
    put_text(out, "status", status_of(run, code));
    put_count(out, "exit_code", code);
    if (lt_signals_leave())
        put_text(out, "signal", lt_signal_name(lt_signals_leave()));
    if (run->host.stop_asked)
        put_text(out, "stop_reason", run->host.stop_reason);
    if (lt_run_failed(run))
        put_text(out, "error", run->fault.text);
    put_count(out, "step", run->at.step);
    put_count(out, "epoch", run->at.epoch);
    put_count(out, "batch", run->at.batch);
    put_name(out, "seconds");
    put_value(out, lt_run_seconds(run));
    if (run->folder)
        put_text(out, "folder", run->folder);
    if (run->saves.kept_count && run->saves.folder) {
        put_name(out, "best_checkpoint");
        struct lt_text path = {0};
        lt_text_string(&path, run->saves.folder);
        lt_text_string(&path, "/");
        lt_text_string(&path, run->saves.kept[0].file);
        lt_text_quoted(out, path.text ? path.text : "");
        free(path.text);
    }
    put_metrics(run, out);
    lt_text_string(out, "\n}\n");
}

bool lt_report_write(const struct lt_run *run, int code)
{
    struct lt_fault fault = {.text = ""};
    struct lt_text text = {0};
    if (!run->line->metrics_json)
        return true;
    put_all(run, code, &text);
    if (text.failed) {
        lt_fail(&fault, "no memory for --metrics-json");
    } else if (lt_report_only(run)) {
        fputs(text.text, stdout);
        lt_standard_flush(&fault);
    } else {
        lt_write_whole(run->line->metrics_json, text.text, text.length, true,
                       &fault);
    }
    free(text.text);
    if (lt_failed(&fault))
        lt_print_fault(&fault);
    return !lt_failed(&fault);
}
