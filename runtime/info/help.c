#include <stdio.h>
#include <string.h>

#include "info/info.h"
#include "log/console.h"

enum { LEFT_MOST = 38, WIDTH_LEAST = 60, WIDTH_MOST = 110, LEFT_INDENT = 2 };

const struct lt_told lt_told_examples[] = {
    {"fit --trainer.max_epochs 3 --seed 7", "three epochs with another seed"},
    {"fit --resume auto", "go on where the last run stopped"},
    {"test --weights best", "measure the best checkpoint"},
    {"predict --output results.npy", "write the results of the test rows"},
    {"fit --print-config > run.yaml", "all settings; edit them, then: fit --config run.yaml"},
    {NULL, NULL},
};

const struct lt_told lt_told_values[] = {
    {"N, NUMBER", "a whole number; any number: 0.1, 3e-4, 5%"},
    {"N|SHARE", "batches (20), or a share of them (0.2)"},
    {"DURATION", "a number in its own unit, or with one: \"5 epochs\", 250 steps, 30 minutes"},
    {"true|false", "the name alone is true"},
    {NULL, NULL},
};

const struct lt_told lt_told_codes[] = {
    {"0", "done"},
    {"1", "the run failed, or something of it could not be saved"},
    {"2", "a mistake on the command line, in a config file or in a variable"},
    {"130 143 129", "SIGINT, SIGTERM, SIGHUP: the step was finished and saved before leaving"},
    {NULL, NULL},
};

const struct lt_told lt_told_signals[] = {
    {"SIGINT", "finish the step, save, leave; a second one leaves at once"},
    {"SIGTERM, SIGHUP", "finish the step, save, leave"},
    {"SIGUSR1", "save and go on"},
    {NULL, NULL},
};

const struct lt_told lt_told_variables[] = {
    {"LT_TRAINER_MAX_EPOCHS", "and so on: every setting and option, where no other is given"},
    {"OMP_NUM_THREADS", "threads of a step, without --threads"},
    {"NO_COLOR, TERM=dumb", "no colours; plain lines"},
    {"COLUMNS", "width of the bar and of this text"},
    {NULL, NULL},
};

// ---- lines --------------------------------------------------------------------------------------

struct page {
    FILE *out;
    int width, left;            // columns of the line, of its left part
};

// Words of `text` from column `from` on, in lines of the page's width.
static void print_wrapped(const struct page *page, int from, const char *text)
{
    int column = from;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column > from && column + 1 + length > page->width) {
            fprintf(page->out, "\n%*s", from, "");
            column = from;
        } else if (column > from) {
            column += fprintf(page->out, " ");
        }
        column += fprintf(page->out, "%.*s", length, text);
        text += length + strspn(text + length, " ");
    }
    fputc('\n', page->out);
}

// A left part that is too long stands in a line of its own, unless both fit.
static void print_pair(const struct page *page, const char *left, const char *right)
{
    const int used = fprintf(page->out, "%*s%s", LEFT_INDENT, "", left);
    const int from = page->left + LEFT_INDENT + 2;
    if (!*right) {
        fputc('\n', page->out);
        return;
    }
    if (used + 2 > from && used + 2 + (int)strlen(right) <= page->width) {
        fprintf(page->out, "  %s\n", right);
        return;
    }
    if (used + 2 > from)
        fprintf(page->out, "\n%*s", from, "");
    else
        fprintf(page->out, "%*s", from - used, "");
    print_wrapped(page, from, right);
}

static void print_told(const struct page *page, const char *title, const struct lt_told *told)
{
    fprintf(page->out, "\n%s\n", title);
    for (; told->name; told++)
        print_pair(page, told->name, told->help);
}

// ---- rows ---------------------------------------------------------------------------------------

static void print_row(const struct page *page, const struct lt_settings *settings,
                      const struct lt_row *row)
{
    char left[LT_ROW_NAME + 160], right[1024], value[256] = "";
    snprintf(left, sizeof left, "--%s%s%s", row->name, *row->argument ? " " : "", row->argument);
    if (row->setting >= 0)
        lt_setting_print(settings, row->setting, value, sizeof value);
    snprintf(right, sizeof right, "%s%s%s%s%s%s%s%s", row->help, *row->help && *value ? " " : "",
             *value ? "[" : "", value, *value ? "]" : "", row->fixed ? " fixed: ltc build -D " : "",
             row->fixed ? row->name : "", row->fixed ? "=…" : "");
    print_pair(page, left, right);
}

static void print_options(const struct page *page, const struct lt_line *line,
                          const struct lt_settings *settings)
{
    struct lt_row row;
    fprintf(page->out, "\noptions%s%s\n", line->has_command ? " of " : "",
            line->has_command ? lt_command_name(line->command) : "");
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        if (!line->has_command || lt_command_takes(line->command, &row))
            print_row(page, settings, &row);
    }
}

// Groups in the order of their first setting.
static void print_settings(const struct page *page, const struct lt_settings *settings)
{
    struct lt_row first, row;
    for (int i = LT_OPTIONS; i < lt_rows_count(settings); i++) {
        if (lt_row_group_was_before(settings, i))
            continue;
        lt_row_read(settings, i, &first);
        fprintf(page->out, "\n%.*s\n", first.group, first.name);
        for (int j = i; j < lt_rows_count(settings); j++) {
            lt_row_read(settings, j, &row);
            if (row.group == first.group
                && strncmp(row.name, first.name, (size_t)first.group) == 0)
                print_row(page, settings, &row);
        }
    }
}

static void print_commands(const struct page *page)
{
    fprintf(page->out, "\ncommands\n");
    for (int i = 0; i < LT_COMMANDS; i++) {
        char left[64];
        const enum lt_command command = (enum lt_command)i;
        snprintf(left, sizeof left, "%s %s", lt_command_name(command),
                 lt_command_argument(command));
        print_pair(page, left, lt_command_help(command));
    }
}

static void print_examples(const struct page *page, const char *name)
{
    fprintf(page->out, "\nexamples\n");
    for (const struct lt_told *example = lt_told_examples; example->name; example++)
        fprintf(page->out, "%*s%s %s\n", LEFT_INDENT, "", name, example->name);
}

static void print_start(const struct page *page, const struct lt_program *program,
                        const struct lt_line *line)
{
    char text[1024];
    snprintf(text, sizeof text, "%s: %s from %s, a training program made by ltc", line->program,
             program->name, program->spec);
    print_wrapped(page, 0, text);
    snprintf(text, sizeof text, "usage: %s %s [--name value | --name=value]...", line->program,
             line->has_command ? lt_command_name(line->command) : "COMMAND");
    fputc('\n', page->out);
    print_wrapped(page, 0, text);
    if (line->has_command)
        fprintf(page->out, "\n  %s\n", lt_command_help(line->command));
}

void lt_help_print(const struct lt_program *program, const struct lt_line *line,
                   const struct lt_settings *settings, FILE *out)
{
    const int columns = lt_console_columns() - 1;
    struct page page = {.out = out, .left = LEFT_MOST};
    page.width = columns < WIDTH_LEAST ? WIDTH_LEAST : columns > WIDTH_MOST ? WIDTH_MOST : columns;
    if (page.width < 80)
        page.left = LEFT_MOST - (80 - page.width);
    print_start(&page, program, line);
    if (!line->has_command) {
        print_commands(&page);
        print_examples(&page, line->program);
    }
    print_options(&page, line, settings);
    fputc('\n', out);
    print_wrapped(&page, 0, "settings: a setting's value is the one in brackets, unless one is "
                  "given by the command line, else by a variable (LT_TRAINER_MAX_EPOCHS=3), else "
                  "by --config");
    print_settings(&page, settings);
    print_told(&page, "values", lt_told_values);
    print_told(&page, "exit codes", lt_told_codes);
    print_told(&page, "signals", lt_told_signals);
    print_told(&page, "environment", lt_told_variables);
}
