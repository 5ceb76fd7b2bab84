#include <stdio.h>
#include <string.h>

#include "info/info.h"

enum { NAME_COLUMN = 40 };

static const char usage[] =
    "commands\n"
    "  fit                 train; logs and checkpoints go to lightning_logs/version_N\n"
    "  validate            measure on the validation rows\n"
    "  test                measure on the test rows\n"
    "  predict             write the results of rows to a file\n"
    "  info [CHECKPOINT]   what this program is made of, or what a checkpoint holds\n"
    "\n"
    "examples\n"
    "  %s fit --trainer.max_epochs 3 --seed 7\n"
    "  %s fit --resume auto\n"
    "  %s test --weights best\n"
    "  %s predict --output results.npy\n";

static const char endings[] =
    "exit codes\n"
    "  0 done    1 the run failed    2 a mistake on the command line\n"
    "  130 SIGINT, 143 SIGTERM, 129 SIGHUP: the step was finished and saved before leaving\n"
    "  SIGUSR1 saves and goes on; a second SIGINT leaves at once\n"
    "\n"
    "environment\n"
    "  OMP_NUM_THREADS (threads), COLUMNS, NO_COLOR, TERM=dumb (plain lines)\n";

static void print_options(FILE *out)
{
    static const struct {
        const char *name, *argument, *help;
    } options[] = {
#define LT_OPTION(name, argument, commands, help) {#name, argument, help},
#include "settings/options.def"
#undef LT_OPTION
    };
    fprintf(out, "options\n");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].argument);
        fprintf(out, "  %-18s  %s\n", left, options[i].help);
    }
}

static bool same_group(const char *a, const char *b)
{
    const size_t length = strcspn(a, ".");
    return strncmp(a, b, length + 1) == 0;
}

static const char *type_name(const struct lt_setting *setting)
{
    static const char *const names[] = {
        [LT_NUMBER] = "NUMBER", [LT_INTEGER] = "N",   [LT_FLAG] = "true|false",
        [LT_WORD] = "WORD",     [LT_TEXT] = "TEXT",   [LT_DURATION] = "N",
    };
    if (setting->type == LT_WORD && setting->choices && *setting->choices)
        return setting->choices;
    return names[setting->type];
}

static void print_setting(const struct lt_settings *settings, int index, FILE *out)
{
    const struct lt_setting *setting = settings->value[index].of;
    char left[160], value[160];
    snprintf(left, sizeof left, "--%s %s", setting->name, type_name(setting));
    lt_setting_print(settings, index, value, sizeof value);
    fprintf(out, "  %-*s  %s%s[%s]", NAME_COLUMN, left, setting->help ? setting->help : "",
            setting->help && *setting->help ? " " : "", value);
    if (setting->fixed)
        fprintf(out, " fixed: ltc build -D %s=…", setting->name);
    fputc('\n', out);
}

// Groups in the order of their first setting.
static void print_settings(const struct lt_settings *settings, FILE *out)
{
    for (int i = 0; i < settings->count; i++) {
        const char *name = settings->value[i].of->name;
        bool shown = false;
        for (int j = 0; j < i; j++)
            shown |= same_group(name, settings->value[j].of->name);
        if (shown)
            continue;
        fprintf(out, "\n%.*s\n", (int)strcspn(name, "."), name);
        for (int j = i; j < settings->count; j++)
            if (same_group(name, settings->value[j].of->name))
                print_setting(settings, j, out);
    }
}

void lt_help_print(const struct lt_program *program, const struct lt_settings *settings, FILE *out)
{
    const char *name = program->name;
    fprintf(out, "%s, from %s: a training program made by ltc\n\n", name, program->spec);
    fprintf(out, "usage: %s COMMAND [--name value | --name=value]...\n\n", name);
    fprintf(out, usage, name, name, name, name);
    fputc('\n', out);
    print_options(out);
    fprintf(out, "\nsettings [value unless given]; durations take units: \"5 epochs\", 250 steps, "
                 "30 minutes;\nlimits count batches (20) or are a share (0.2)\n");
    print_settings(settings, out);
    fputc('\n', out);
    fputs(endings, out);
}
