#include "log/console.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/print.h"

enum { LINE_MOST = 1024, BAR_LEAST = 5, BAR_MOST = 24, RATE_MOST = 30,
       DRAW_EVERY = 100000000 };

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t lt_clock(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

// ---- the terminal -------------------------------------------------------------------------------

int lt_console_columns(void)
{
    const char *named = getenv("COLUMNS");
    struct winsize window;
    if (named && atoi(named) > 0)
        return atoi(named);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
    return 80;
}

static bool has_wide_letters(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *text = getenv(names[i]);
        if (text && *text)
            return strstr(text, "UTF-8") || strstr(text, "utf8") || strstr(text, "UTF8");
    }
    return true;
}

void lt_console_open(struct lt_console *console, const struct lt_program *program, bool quiet,
                     bool bar)
{
    const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
    const bool dumb = !kind || strcmp(kind, "dumb") == 0;
    *console = (struct lt_console){
        .program = program, .quiet = quiet, .terminal = bar && isatty(STDOUT_FILENO) && !dumb,
        .bar = bar,
        .color = !(plain && *plain), .wide_letters = has_wide_letters(),
        .columns = lt_console_columns(), .started_at = lt_clock(),
    };
    lt_print_before(lt_console_clear, console);
}

void lt_console_close(struct lt_console *console)
{
    lt_console_clear(console);
    lt_print_before(NULL, NULL);
}

// A reader that went away (`| head -1`) must not end the run.
static void put(struct lt_console *console, const char *text)
{
    if (console->quiet)
        return;
    if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
        console->quiet = true;
}

void lt_console_clear(void *context)
{
    struct lt_console *console = context;
    if (console->drawn)
        put(console, "\r\033[K");
    console->drawn = false;
}

void lt_console_say(struct lt_console *console, const char *format, ...)
{
    char text[LINE_MOST * 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    strcat(text, "\n");
    lt_console_clear(console);
    put(console, text);
}

// ---- the line -----------------------------------------------------------------------------------

struct line {
    char text[LINE_MOST];
    int size, columns;          // bytes and letters so far
};

static void line_add(struct line *line, const char *format, ...) LT_PRINTF(2, 3);

static void line_add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int room = LINE_MOST - line->size;
    const int got = vsnprintf(line->text + line->size, (size_t)room, format, arguments);
    va_end(arguments);
    const int added = got < room ? got : room - 1;
    line->size += added;
    line->columns += added;
}

// 3020 as 3,020.
static void add_thousands(struct line *line, double value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.0f", value);
    const int count = (int)strlen(digits);
    for (int i = 0; i < count; i++)
        line_add(line, "%s%c", i > 0 && (count - i) % 3 == 0 ? "," : "", digits[i]);
}

static double batches_per_second(const struct lt_console *console, int64_t batch)
{
    const int64_t until = console->paused_at ? console->paused_at : lt_clock();
    const double seconds = (double)(until - console->started_at - console->paused) * 1e-9;
    return seconds > 0 ? (double)(batch - console->batches_before) / seconds : 0;
}

static void add_rate(struct line *line, double rate)
{
    if (rate <= 0 || !isfinite(rate))
        return;
    if (rate >= 100)
        add_thousands(line, rate);
    else
        line_add(line, rate >= 10 ? "%.1f" : "%.2f", rate);
    line_add(line, " it/s");
}

static void add_time(struct line *line, double seconds)
{
    const int64_t whole = (int64_t)(seconds + 0.5);
    if (whole >= 3600)
        line_add(line, "%" PRId64 ":%02d:%02d", whole / 3600, (int)(whole / 60 % 60),
                 (int)(whole % 60));
    else
        line_add(line, "%d:%02d", (int)(whole / 60), (int)(whole % 60));
}

static void add_left(struct line *line, const struct lt_progress *progress, double rate)
{
    const int64_t left = progress->batches == INT64_MAX ? -1 : progress->batches - progress->batch;
    if (rate <= 0 || left <= 0 || (double)left / rate < 1)
        return;
    line_add(line, "  ");
    add_time(line, (double)left / rate);
    line_add(line, " left");
}

static bool any_on_bar(const struct lt_program *program)
{
    for (int i = 0; i < program->log_count; i++)
        if (program->log[i].progress_bar)
            return true;
    return false;
}

// Those that the spec puts on the bar, or all if it names none; whole ones, as far as they fit.
static void add_values(struct line *line, const struct lt_console *console,
                       const struct lt_progress *progress, int columns)
{
    const struct lt_program *program = console->program;
    const bool chosen = any_on_bar(program);
    for (int i = 0; i < program->log_count; i++) {
        const struct lt_log *log = &program->log[i];
        if (!(progress->phases & 1u << log->phase) || (chosen && !log->progress_bar)
            || isnan(progress->value[i]))
            continue;
        char text[256];
        const int size = snprintf(text, sizeof text, "  %s %.4g", log->name, progress->value[i]);
        if (line->columns + size < columns && line->size + size < LINE_MOST)
            line_add(line, "%s", text);
    }
}

static void add_label(struct line *line, const struct lt_console *console,
                      const struct lt_progress *progress)
{
    if (!progress->label) {
        line_add(line, "%s", progress->what);
        return;
    }
    line_add(line, "%s %" PRId64, progress->label, console->epoch + 1);
    if (console->epochs > 0)
        line_add(line, "/%" PRId64, console->epochs);
}

static void add_count(struct line *line, const struct lt_progress *progress)
{
    if (progress->batches == INT64_MAX)
        line_add(line, "%" PRId64, progress->batch);
    else
        line_add(line, "%" PRId64 "/%" PRId64, progress->batch, progress->batches);
}

// ---- bar and line -------------------------------------------------------------------------------

static int bar_length(const struct lt_console *console, const struct lt_progress *progress)
{
    const int room = console->columns - 56;
    if (progress->batches == INT64_MAX || room < BAR_LEAST)
        return 0;
    return room < BAR_MOST ? room : BAR_MOST;
}

static void add_bar(struct line *line, const struct lt_console *console,
                    const struct lt_progress *progress)
{
    const int length = bar_length(console, progress);
    const double share =
        progress->batches > 0 ? (double)progress->batch / (double)progress->batches : 1;
    const int full = (int)(share * length + 0.5);
    if (length == 0)
        return;
    const int columns = line->columns;
    line_add(line, " ");
    for (int i = 0; i < length; i++) {
        if (console->color && console->wide_letters && i == full)
            line_add(line, "\033[2m");
        line_add(line, "%s", console->wide_letters ? (i < full || console->color ? "━" : " ")
                             : i < full            ? "="
                                                   : " ");
    }
    if (console->color && console->wide_letters && full < length)
        line_add(line, "\033[0m");
    line->columns = columns + 1 + length;
}

// Only plain letters stand in a line that is too long: the bar has gone before.
static void cut(struct line *line, int columns)
{
    if (line->columns <= columns || columns < 0)
        return;
    line->size -= line->columns - columns;
    line->text[line->size] = '\0';
    line->columns = columns;
}

static void draw(struct lt_console *console, const struct lt_progress *progress)
{
    struct line line = {.size = 0};
    const double rate = batches_per_second(console, progress->batch);

    console->columns = lt_console_columns();        // a terminal may become another width
    add_label(&line, console, progress);
    add_bar(&line, console, progress);
    line_add(&line, " ");
    add_count(&line, progress);
    if (progress->label && line.columns + RATE_MOST < console->columns) {
        line_add(&line, "  ");
        add_rate(&line, rate);
        add_left(&line, progress, rate);
    }
    cut(&line, console->columns - 1);
    add_values(&line, console, progress, console->columns);
    put(console, "\r\033[K");
    put(console, line.text);
    console->drawn = true;
}

static void print_line(struct lt_console *console, const struct lt_progress *progress)
{
    struct line line = {.size = 0};
    add_label(&line, console, progress);
    line_add(&line, "  ");
    add_count(&line, progress);
    line_add(&line, "  ");
    add_rate(&line, batches_per_second(console, progress->batch));
    add_values(&line, console, progress, LINE_MOST);
    line_add(&line, "\n");
    put(console, line.text);
}

void lt_console_progress(struct lt_console *console, const struct lt_progress *progress)
{
    if (!console->terminal || console->quiet)
        return;
    const int64_t now = read_clock(CLOCK_MONOTONIC_COARSE);
    if (now - console->drawn_at < DRAW_EVERY)
        return;
    console->drawn_at = now;
    draw(console, progress);
}

void lt_console_end_epoch(struct lt_console *console, const struct lt_progress *progress)
{
    if (console->quiet || !console->bar)
        return;
    if (!console->terminal) {
        print_line(console, progress);
        return;
    }
    draw(console, progress);
    put(console, "\n");
    console->drawn = false;
}

// ---- the rate -----------------------------------------------------------------------------------

void lt_console_begin_epoch(struct lt_console *console, int64_t epoch, int64_t epochs,
                            int64_t batches_before)
{
    console->epoch = epoch;
    console->epochs = epochs == INT64_MAX ? 0 : epochs;
    console->batches_before = batches_before;
    console->started_at = lt_clock();
    console->paused = 0;
    console->paused_at = 0;
}

void lt_console_pause(struct lt_console *console)
{
    console->paused_at = lt_clock();
}

void lt_console_go_on(struct lt_console *console)
{
    if (console->paused_at)
        console->paused += lt_clock() - console->paused_at;
    console->paused_at = 0;
}
