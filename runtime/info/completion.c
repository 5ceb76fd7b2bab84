// completion: what a shell needs to complete the command line of a program.
//
// bash gets one function with a `case` of the names that take a value; zsh gets a `#compdef` file
// in which each name carries its help. Names that are fixed when compiling are left out.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "info/info.h"

static bool is_offered(const struct lt_row *row)
{
    return !row->fixed;
}

static bool takes_files(const struct lt_row *row)
{
    return strstr(row->words, "FILE") || strcmp(row->argument, "FILE") == 0;
}

static bool takes_folders(const struct lt_row *row)
{
    return strcmp(row->argument, "DIR") == 0;
}

// A text in single quotes, as shells read it.
static void print_shell(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    fputc('\'', out);
}

// A name for a shell's function: "_my_program".
static void print_function(const char *program, FILE *out)
{
    fputs("_lt_", out);
    for (; *program; program++)
        fputc(isalnum((unsigned char)*program) ? *program : '_', out);
}

// ---- bash ---------------------------------------------------------------------------------------

static void print_words(const char *words, FILE *out)
{
    char word[64];
    for (bool first = true; (words = lt_next_word(words, word, sizeof word));)
        if (strcmp(word, "FILE") != 0) {
            fprintf(out, "%s%s", first ? "" : " ", word);
            first = false;
        }
}

static void print_bash_value(const struct lt_row *row, FILE *out)
{
    const bool has_words = *row->words, has_files = takes_files(row);
    if (!is_offered(row) || !*row->argument || !(has_words || has_files || takes_folders(row)))
        return;
    fprintf(out, "    --%s) COMPREPLY=(", row->name);
    if (has_words) {
        fputs("$(compgen -W '", out);
        print_words(row->words, out);
        fputs("' -- \"$word\")", out);
    }
    if (has_files)
        fprintf(out, "%s$(compgen -f -- \"$word\")", has_words ? " " : "");
    if (takes_folders(row))
        fputs("$(compgen -d -- \"$word\")", out);
    fputs("); return ;;\n", out);
}

static void print_bash_names(const struct lt_settings *settings, enum lt_command command, FILE *out)
{
    struct lt_row row;
    fprintf(out, "    %s) names='", lt_command_name(command));
    for (int i = 0; i < lt_rows_count(settings); i++) {
        lt_row_read(settings, i, &row);
        if (is_offered(&row) && lt_command_takes(command, &row))
            fprintf(out, "%s--%s", i ? " " : "", row.name);
    }
    fputs("' ;;\n", out);
}

static void print_bash(const struct lt_line *line, const struct lt_settings *settings, FILE *out)
{
    struct lt_row row;
    fprintf(out, "# bash completion for %s: source it.\n\n", line->program);
    print_function(line->program, out);
    fputs("() {\n    local word=$2 before=$3 names=\n    COMPREPLY=()\n"
          "    # --name=value reaches us in three words, since = breaks them.\n"
          "    if [ \"$word\" = = ]; then word=; fi\n"
          "    if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '", out);
    for (int i = 0; i < LT_COMMANDS; i++)
        fprintf(out, "%s ", lt_command_name((enum lt_command)i));
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        if (strchr(row.places, 'x'))
            fprintf(out, "--%s%s", row.name, i + 1 < LT_OPTIONS ? " " : "");
    }
    fputs("' -- \"$word\"))\n        return\n    fi\n"
          "    case $word in\n    -*) before= ;;        # a flag may stand alone\n    esac\n"
          "    case $before in\n", out);
    for (int i = 0; i < lt_rows_count(settings); i++) {
        lt_row_read(settings, i, &row);
        print_bash_value(&row, out);
    }
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", out);
    for (int i = 0; i < LT_COMMANDS; i++)
        print_bash_names(settings, (enum lt_command)i, out);
    fputs("    esac\n    case $word in\n"
          "    -*) COMPREPLY=($(compgen -W \"$names\" -- \"$word\")) ;;\n"
          "    *) if [ \"${COMP_WORDS[1]}\" = info ]; then"
          " COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n    esac\n}\n\n"
          "complete -o filenames -F ", out);
    print_function(line->program, out);
    fputc(' ', out);
    print_shell(line->program, out);
    fputc('\n', out);
}

// ---- zsh ----------------------------------------------------------------------------------------

// Within '…[help]:what:…' brackets, colons and backslashes are quoted by a backslash.
static void print_zsh_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", out);
        else if (strchr("[]:\\", *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_zsh_row(const struct lt_row *row, FILE *out)
{
    fprintf(out, "        '%s--%s%s[", row->option == LT_OPTION_config ? "*" : "", row->name,
            *row->argument ? "=" : "");
    print_zsh_text(row->help, out);
    fputc(']', out);
    if (*row->argument) {
        fputs(strcmp(row->argument, "true|false") == 0 ? "::" : ":", out);
        print_zsh_text(row->argument, out);
        fputc(':', out);
    }
    if (takes_files(row) && *row->words) {
        fputs("{ compadd ", out);
        print_words(row->words, out);
        fputs("; _files }", out);
    } else if (*row->words) {
        fputc('(', out);
        print_words(row->words, out);
        fputc(')', out);
    } else if (takes_files(row))
        fputs("_files", out);
    else if (takes_folders(row))
        fputs("_directories", out);
    fputs("'\n", out);
}

static void print_zsh_command(const struct lt_settings *settings, enum lt_command command,
                              FILE *out)
{
    struct lt_row row;
    fprintf(out, "    %s) _arguments -s \\\n", lt_command_name(command));
    fputs("        $settings", out);
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        if (lt_command_takes(command, &row))
            fprintf(out, " $options[%d]", i + 1);
    }
    if (*lt_command_argument(command))
        fputs(" '1:checkpoint:_files'", out);
    fputs(" ;;\n", out);
}

static void print_zsh_commands(const struct lt_settings *settings, FILE *out)
{
    struct lt_row row;
    fputs("    commands=(\n", out);
    for (int i = 0; i < LT_COMMANDS; i++) {
        fprintf(out, "        '%s:", lt_command_name((enum lt_command)i));
        print_zsh_text(lt_command_help((enum lt_command)i), out);
        fputs("'\n", out);
    }
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        if (!strchr(row.places, 'x'))
            continue;
        fprintf(out, "        '--%s:", row.name);
        print_zsh_text(row.help, out);
        fputs("'\n", out);
    }
    fputs("    )\n", out);
}

static void print_zsh(const struct lt_line *line, const struct lt_settings *settings, FILE *out)
{
    struct lt_row row;
    fprintf(out, "#compdef %s\n# zsh completion for %s: source it, or put it into a folder of "
            "$fpath as _%s.\n\n",
            line->program, line->program, line->program);
    print_function(line->program, out);
    fputs("() {\n    local -a commands options settings\n", out);
    print_zsh_commands(settings, out);
    for (int i = 0; i < lt_rows_count(settings); i++) {
        if (i == 0 || i == LT_OPTIONS)
            fprintf(out, "%s    %s=(\n", i ? "    )\n" : "", i ? "settings" : "options");
        lt_row_read(settings, i, &row);
        if (is_offered(&row))
            print_zsh_row(&row, out);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
          "        return\n    fi\n    local command=$words[2]\n    shift words\n"
          "    (( CURRENT-- ))\n    case $command in\n", out);
    for (int i = 0; i < LT_COMMANDS; i++)
        print_zsh_command(settings, (enum lt_command)i, out);
    fprintf(out, "    esac\n}\n\nif [ \"$funcstack[1]\" = '_%s' ]; then\n    ", line->program);
    print_function(line->program, out);
    fputs(" \"$@\"\nelse\n    compdef ", out);
    print_function(line->program, out);
    fputc(' ', out);
    print_shell(line->program, out);
    fputs("\nfi\n", out);
}

void lt_completion_print(const struct lt_line *line, const struct lt_settings *settings, FILE *out)
{
    if (strcmp(line->option[LT_OPTION_completion], "zsh") == 0)
        print_zsh(line, settings, out);
    else
        print_bash(line, settings, out);
}
