// man: the manual page of a program, from the tables that its help is made of.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "info/info.h"

// ---- roff ---------------------------------------------------------------------------------------

// Text as roff reads it: hyphens as they are typed, no line that begins as a request does.
static void print_roff(const char *text, FILE *out)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++)
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (strncmp(text, "…", 3) == 0) {
            fputs("...", out);
            text += 2;
        } else
            fputc(*text == '\n' ? ' ' : *text, out);
}

static void print_section(const char *title, FILE *out)
{
    fprintf(out, ".SH %s\n", title);
}

// A line in bold; a long one may not be a request's argument, which blanks would divide.
static void print_bold(const char *text, FILE *out)
{
    fputs("\\fB", out);
    print_roff(text, out);
    fputs("\\fR", out);
}

static void print_told(const char *title, const struct lt_told *told, FILE *out)
{
    print_section(title, out);
    for (; told->name; told++) {
        fputs(".TP\n", out);
        print_bold(told->name, out);
        fputc('\n', out);
        print_roff(told->help, out);
        fputc('\n', out);
    }
}

// ---- sections -----------------------------------------------------------------------------------

static void print_row(const struct lt_settings *settings, const struct lt_row *row, FILE *out)
{
    char value[256] = "", name[LT_ROW_NAME + 8];
    snprintf(name, sizeof name, "--%s", row->name);
    fputs(".TP\n", out);
    print_bold(name, out);
    if (*row->argument) {
        fputs(" \\fI", out);
        print_roff(row->argument, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    print_roff(row->help, out);
    if (row->setting >= 0) {
        lt_setting_print(settings, row->setting, value, sizeof value);
        fprintf(out, "%s[", *row->help ? " " : "");
        print_roff(value, out);
        fputc(']', out);
    }
    if (row->fixed)
        fputs("; fixed when compiling", out);
    fputc('\n', out);
}

static void print_synopsis(const struct lt_line *line, FILE *out)
{
    print_section("SYNOPSIS", out);
    for (int i = 0; i < LT_COMMANDS; i++) {
        const enum lt_command command = (enum lt_command)i;
        fputs(i ? ".br\n" : "", out);
        print_bold(line->program, out);
        fputc(' ', out);
        print_bold(lt_command_name(command), out);
        if (*lt_command_argument(command))
            fprintf(out, " \\fI%s\\fR", lt_command_argument(command));
        fputs(" [\\fB\\-\\-\\fIname value\\fR]...\n", out);
    }
}

static void print_commands(FILE *out)
{
    print_section("COMMANDS", out);
    for (int i = 0; i < LT_COMMANDS; i++) {
        fputs(".TP\n", out);
        print_bold(lt_command_name((enum lt_command)i), out);
        fputc('\n', out);
        print_roff(lt_command_help((enum lt_command)i), out);
        fputc('\n', out);
    }
}

static void print_settings(const struct lt_settings *settings, FILE *out)
{
    struct lt_row first, row;
    print_section("SETTINGS", out);
    fputs("The value in brackets counts unless another is given.\n", out);
    for (int i = LT_OPTIONS; i < lt_rows_count(settings); i++) {
        if (lt_row_group_was_before(settings, i))
            continue;
        lt_row_read(settings, i, &first);
        fprintf(out, ".SS %.*s\n", first.group, first.name);
        for (int j = i; j < lt_rows_count(settings); j++) {
            lt_row_read(settings, j, &row);
            if (row.group == first.group
                && strncmp(row.name, first.name, (size_t)first.group) == 0)
                print_row(settings, &row, out);
        }
    }
}

static void print_sources(FILE *out)
{
    print_section("CONFIG FILES", out);
    fputs("A setting is taken from the command line, else from the environment, else from the last"
          "\nfile of\n.B \\-\\-config\nthat gives it, else from the spec.\n"
          "A file is YAML: a group's name and a colon, below it, deeper, its settings as\n"
          ".IR \"name: value\" ;\noptions and whole names\n.RI ( \"optimizer.lr: 0.1\" )\n"
          "stand at the left. A value of null leaves a setting as it is.\n"
          ".B \\-\\-print\\-config\nprints such a file, and each run keeps one in its folder.\n",
          out);
}

static void print_files(FILE *out)
{
    static const struct lt_told files[] = {
        {"lightning_logs/version_N/checkpoints", "checkpoints, each whole or absent"},
        {"lightning_logs/version_N/config.yaml", "the settings and the command line of the run"},
        {"lightning_logs/version_N/metrics.csv", "what was logged; metrics.jsonl, "
         "events.out.tfevents.* where the spec asks for them"},
        {NULL, NULL},
    };
    print_told("FILES", files, out);
}

void lt_man_print(const struct lt_program *program, const struct lt_line *line,
                  const struct lt_settings *settings, FILE *out)
{
    struct lt_row row;
    fputs(".TH \"", out);
    for (const char *letter = line->program; *letter; letter++)
        fputc(*letter == '"' ? '\'' : toupper((unsigned char)*letter), out);
    fprintf(out, "\" 1 \"\" \"%s\" \"User Commands\"\n", program->compiler);
    print_section("NAME", out);
    print_roff(line->program, out);
    fputs(" \\- train ", out);
    print_roff(program->name, out);
    fputc('\n', out);
    print_synopsis(line, out);
    print_section("DESCRIPTION", out);
    print_bold(line->program, out);
    fputs("\nis a training program, which\n.BR ltc (1)\nmade from ", out);
    print_roff(program->spec, out);
    fputs(".\n", out);
    print_commands(out);
    print_section("OPTIONS", out);
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        print_row(settings, &row, out);
    }
    print_settings(settings, out);
    print_told("VALUES", lt_told_values, out);
    print_sources(out);
    print_told("ENVIRONMENT", lt_told_variables, out);
    print_told("SIGNALS", lt_told_signals, out);
    print_told("EXIT STATUS", lt_told_codes, out);
    print_files(out);
    print_section("SEE ALSO", out);
    fputs(".BR ltc (1)\n", out);
}
