#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/standard.h"
#include "base/threads.h"
#include "info/info.h"
#include "predict/predict.h"
#include "settings/print.h"
#include "trainer/begin.h"
#include "trainer/evaluate.h"
#include "trainer/feed.h"
#include "trainer/fit.h"
#include "trainer/logs.h"
#include "trainer/report.h"
#include "trainer/signals.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

// ---- commands -----------------------------------------------------------------------------------

static void say_memory(struct lt_run *run)
{
    char block[32], copy[64] = "", process[32];
    lt_bytes_text((double)run->program->block_bytes, block, sizeof block);
    lt_bytes_text((double)lt_peak_memory(), process, sizeof process);
    if (run->saves.background) {
        char text[32];
        lt_bytes_text((double)run->program->variable_bytes, text, sizeof text);
        snprintf(copy, sizeof copy, " and %s in its copy for saves", text);
    }
    lt_console_say(&run->console, "peak memory: %s in the program's block%s, %s in the process",
                   block, copy, process);
}

static void say_files(struct lt_run *run)
{
    if (run->folder)
        lt_console_say(&run->console, "logs and checkpoints: %s", run->folder);
}

static void say_summary(struct lt_run *run)
{
    if (run->line->quiet || run->settings->number[run->settings->trainer.enable_model_summary] == 0)
        return;
    lt_summary_print(run->program, stdout);
    fflush(stdout);
}

static int fit(struct lt_run *run)
{
    bool resumed;
    if (!lt_begin_fit(run, &resumed))
        return FAILED;
    say_summary(run);
    const struct lt_data *data = lt_feed_lead(run, LT_VALIDATE);
    if (data && !data->split_given && run->plan.val_batches > 0)
        lt_print_note("%s has no split, so validation reads the training rows", data->name);
    int code = lt_fit(run, resumed);
    if (!lt_logs_close(run) && code == DONE)
        code = FAILED;
    say_files(run);
    say_memory(run);
    return code;
}

static int evaluate(struct lt_run *run, enum lt_phase phase)
{
    static const char *const steps[] = {[LT_VALIDATE] = "validation", [LT_TEST] = "test"};
    struct lt_origin origin = {.path = NULL};
    if (!run->program->phase[phase]) {
        lt_fail(&run->fault, "this program has no %s step", steps[phase]);
        return FAILED;
    }
    enum lt_outcome outcome = LT_BROKEN;
    if (lt_begin_evaluation(run, &origin) && lt_run_open_sets(run, phase)) {
        const int64_t batches = lt_plan_batches(&run->plan, phase);
        if (batches > 0 && batches != LT_ENDLESS)
            outcome = lt_evaluate(run, phase, LT_ENDLESS);
        else
            lt_fail(&run->fault, "there are no rows for the %s step", steps[phase]);
    }
    if (outcome == LT_DONE) {
        lt_console_clear(&run->console);
        if (!lt_report_only(run))
            lt_print_metrics(run, phase);
        lt_standard_flush(&run->fault);
        lt_log_evaluation(run, phase, &origin);
    }
    free(origin.path);
    if (outcome == LT_LEFT)
        return 128 + lt_signals_leave();
    return outcome == LT_DONE ? DONE : FAILED;
}

static int predict(struct lt_run *run)
{
    struct lt_origin origin = {.path = NULL};
    const int code = lt_begin_evaluation(run, &origin) ? lt_predict(run) : FAILED;
    free(origin.path);
    return code;
}

// Without its data a program can still say what it is.
static int info(struct lt_run *run)
{
    if (run->line->subject) {
        lt_checkpoint_print(run->line->subject, stdout, &run->fault);
        lt_standard_flush(&run->fault);
        return lt_run_failed(run) ? FAILED : DONE;
    }
    const bool measured = lt_run_open_data(run);
    lt_info_print(run->program, run->settings, &run->extent, measured ? &run->plan : NULL, stdout);
    if (!measured)
        lt_print_note("%s", run->fault.text);
    run->fault.text[0] = '\0';
    return lt_standard_flush(&run->fault) ? DONE : FAILED;
}

static int run_command(struct lt_run *run)
{
    switch (run->line->command) {
    case LT_FIT:
        return fit(run);
    case LT_VALIDATE_ONLY:
        return evaluate(run, LT_VALIDATE);
    case LT_TEST_ONLY:
        return evaluate(run, LT_TEST);
    case LT_PREDICT_ONLY:
        return predict(run);
    case LT_INFO:
        return info(run);
    case LT_COMMANDS:
        break;
    }
    return USAGE;
}

// ---- the program --------------------------------------------------------------------------------

static int run_line(const struct lt_program *program, const struct lt_line *line,
                    struct lt_settings *settings)
{
    struct lt_run *run = calloc(1, sizeof *run);
    if (!run) {
        lt_print_error("no memory for the run");
        return FAILED;
    }
    lt_signals_open();
    int code = FAILED;
    if (lt_run_open(run, program, line, settings) && lt_report_prepare(run)) {
        code = run_command(run);
        if (lt_run_failed(run) && code == DONE)
            code = FAILED;
        if (!lt_report_write(run, code) && code == DONE)
            code = FAILED;
    }
    if (lt_run_failed(run))
        lt_print_fault(&run->fault);
    lt_run_close(run);
    free(run);
    return code;
}

// What is asked for instead of a command.
static int act(const struct lt_program *program, const struct lt_line *line,
               const struct lt_settings *settings)
{
    struct lt_fault fault = {.text = ""};
    lt_signals_open();                  // a reader that goes away ends nothing
    switch ((enum lt_option)line->action) {
    case LT_OPTION_print_config:
        lt_settings_write(line, settings, program, NULL, stdout);
        break;
    case LT_OPTION_completion:
        lt_completion_print(line, settings, stdout);
        break;
    case LT_OPTION_man:
        lt_man_print(program, line, settings, stdout);
        break;
    default:
        lt_help_print(program, line, settings, stdout);
    }
    if (lt_standard_flush(&fault))
        return DONE;
    lt_print_fault(&fault);
    return FAILED;
}

static bool is_run(int argc, char **argv)
{
    return argc > 1 && argv[1][0] != '-' && strcmp(argv[1], lt_command_name(LT_INFO)) != 0;
}

// A program with a context is run by somebody else's process, which is not ours to start again.
int lt_main(const struct lt_program *program, int argc, char **argv)
{
    struct lt_settings settings;
    struct lt_line line;
    struct lt_fault fault = {.text = ""};

    lt_standard_open();
    lt_print_name(lt_called_name(program, argc, argv));
    if (!program->context && is_run(argc, argv))
        lt_threads_prepare(argv);
    if (!lt_settings_open(&settings, program, &fault)) {
        lt_print_fault(&fault);
        return FAILED;
    }
    int code = USAGE;
    if (lt_line_read(&line, &settings, program, argc, argv)) {
        lt_threads_open(line.threads);
        code = line.action < 0 ? run_line(program, &line, &settings)
                               : act(program, &line, &settings);
    }
    lt_line_close(&line);
    lt_settings_close(&settings);
    return code;
}
