#include "info/info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/reader.h"

// ---- memory -------------------------------------------------------------------------------------

size_t lt_peak_memory(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    size_t kilobytes = 0;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %zu", &kilobytes) == 1)
            break;
    if (status)
        fclose(status);
    return kilobytes * 1024;
}

void lt_bytes_text(double bytes, char *text, int size)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    int unit = 0;
    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, (size_t)size, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes,
             units[unit]);
}

static void thousands(int64_t value, char *text, int size)
{
    char digits[32];
    int used = 0;
    snprintf(digits, sizeof digits, "%" PRId64, value);
    const int count = (int)strlen(digits);
    for (int i = 0; i < count && used + 2 < size; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

// ---- the layers ---------------------------------------------------------------------------------

static int wider(const char *text, int width)
{
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

void lt_summary_print(const struct lt_program *program, FILE *out)
{
    char count[40], block[32];
    int path = 5, type = 4;             // widths
    for (int i = 0; i < program->layer_count; i++) {
        path = wider(program->layer[i].path, path);
        type = wider(program->layer[i].type, type);
    }
    if (program->layer_count)
        fprintf(out, "%-*s  %-*s  %12s\n", path, "layer", type, "type", "parameters");
    for (int i = 0; i < program->layer_count; i++) {
        const struct lt_layer *layer = &program->layer[i];
        thousands(layer->parameters, count, sizeof count);
        fprintf(out, "%-*s  %-*s  %12s\n", path, layer->path, type, layer->type, count);
    }
    thousands(program->parameter_count, count, sizeof count);
    lt_bytes_text((double)program->block_bytes, block, sizeof block);
    fprintf(out, "%s: %s parameters, %s\n", program->name, count, block);
}

// ---- info ---------------------------------------------------------------------------------------

static void print_field(const struct lt_field *field, FILE *out)
{
    fprintf(out, " %s: %s[", field->name, lt_dtype_name(field->dtype));
    for (int axis = 0; axis < field->rank; axis++)
        fprintf(out, "%s%" PRId64, axis ? ", " : "", field->shape[axis]);
    fprintf(out, "]");
    if (field->below > 0)
        fprintf(out, " < %" PRId64, field->below);
}

static void print_data(const struct lt_data *data, FILE *out)
{
    fprintf(out, "data         %s from %s, batches of %" PRId64 "%s%s\n", data->name, data->source,
            data->batch, data->shuffle ? ", shuffled" : "", data->drop_last ? ", whole" : "");
    const int files = data->raw_count * (data->part_count ? data->part_count : 1);
    for (int i = 0; i < files; i++)
        fprintf(out, "             reads %s from %s\n", data->raw[i].name,
                data->raw[i].file ? data->raw[i].file : "");
    for (int i = 0; i < data->field_count; i++) {
        fprintf(out, "             gives");
        print_field(&data->field[i], out);
        fputc('\n', out);
    }
}

static void print_phases(const struct lt_program *program, FILE *out)
{
    static const char *const names[] = {"fit", "validate", "test", "predict"};
    fprintf(out, "steps       ");
    for (int phase = 0; phase < LT_MORE; phase++)
        if (program->phase[phase])
            fprintf(out, " %s", names[phase]);
    fputc('\n', out);
}

// Where a step does not read the first block, or reads others too.
static void print_blocks(const struct lt_program *program, FILE *out)
{
    static const char *const names[] = {"fit", "validate", "test", "predict"};
    for (int phase = 0; phase < LT_PHASES; phase++) {
        if (!program->phase[phase] || (!program->lead[phase] && !program->also[phase]))
            continue;
        fprintf(out, "%-12s reads %s", names[lt_phase_kind((enum lt_phase)phase)],
                program->data[program->lead[phase]].name);
        for (int i = 0; i < program->data_count; i++)
            if (program->also[phase] >> i & 1)
                fprintf(out, ", %s along", program->data[i].name);
        fputc('\n', out);
    }
}

static void print_logs(const struct lt_program *program, FILE *out)
{
    if (program->log_count == 0)
        return;
    fprintf(out, "logs        ");
    for (int i = 0; i < program->log_count; i++)
        fprintf(out, " %s", program->log[i].name);
    fputc('\n', out);
}

static void print_callbacks(const struct lt_program *program, FILE *out)
{
    static const char *const events[] = {
#define LT_EVENT(id, name) name,
#include "lt/events.def"
#undef LT_EVENT
    };
    for (int i = 0; i < program->callback_count; i++) {
        fprintf(out, "callback     %s:", program->callback[i].name);
        for (int event = 0; event < LT_EVENTS; event++)
            if (program->callback[i].events & 1u << event)
                fprintf(out, " %s", events[event]);
        fputc('\n', out);
    }
}

static void print_rows(const struct lt_extent *extent, FILE *out)
{
    fprintf(out, "rows         %" PRId64 " to train, %" PRId64 " to validate, %" PRId64
                 " to test\n", extent->train_rows, extent->val_rows, extent->test_rows);
}

void lt_info_print(const struct lt_program *program, const struct lt_settings *settings,
                   const struct lt_extent *extent, const struct lt_plan *plan, FILE *out)
{
    char text[160];
    lt_summary_print(program, out);
    fprintf(out, "\nspec         %s, sha256 %s\n", program->spec, program->spec_hash);
    fprintf(out, "compiler     %s\n", program->compiler);
    lt_bytes_text((double)program->variable_bytes, text, sizeof text);
    fprintf(out, "memory       %s of variables", text);
    lt_bytes_text((double)(program->block_bytes - program->variable_bytes), text, sizeof text);
    fprintf(out, " and %s of arena\n", text);
    const double rows = program->data_count ? (double)program->data[program->lead[LT_TRAIN]].batch
                                            : 0;
    const double work = program->flops_per_step + program->flops_per_row * rows;
    if (work > 0)
        fprintf(out, "work         %.4g MFLOP a training step\n", work * 1e-6);
    for (int i = 0; i < program->hyper_count; i++)
        fprintf(out, "%-12s %s = %s\n", i ? "" : "model", program->hyper[i].name,
                program->hyper[i].text);
    for (int i = 0; i < program->data_count; i++)
        print_data(&program->data[i], out);
    print_phases(program, out);
    print_blocks(program, out);
    print_logs(program, out);
    print_callbacks(program, out);
    if (plan) {
        fputc('\n', out);
        if (program->data_count > 0)
            print_rows(extent, out);
        lt_plan_print(plan, out);
    }
    fprintf(out, "\nsettings\n");
    for (int i = 0; i < settings->count; i++) {
        lt_setting_print(settings, i, text, sizeof text);
        fprintf(out, "  %-36s %s%s\n", settings->value[i].of->name, text,
                settings->value[i].of->fixed ? "  (fixed)" : "");
    }
}
