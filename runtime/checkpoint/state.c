// state: run states made, written, read and freed.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/state.h"
#include "data/text.h"

// ---- facts --------------------------------------------------------------------------------------

const char *lt_run_state_fact(const struct lt_run_state *state, const char *name)
{
    for (int i = 0; i < state->fact_count; i++)
        if (!strcmp(state->fact[i].name, name))
            return state->fact[i].text;
    return NULL;
}

bool lt_run_state_set(struct lt_run_state *state, const char *name, const char *text)
{
    char *copy = strdup(text);
    for (int i = 0; copy && i < state->fact_count; i++)
        if (!strcmp(state->fact[i].name, name)) {
            free(state->fact[i].text);
            state->fact[i].text = copy;
            return true;
        }
    char *key = copy ? strdup(name) : NULL;
    struct lt_fact *more = key ? realloc(state->fact,
                                         ((size_t)state->fact_count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(copy);
        free(key);
        return false;
    }
    state->fact = more;
    state->fact[state->fact_count++] = (struct lt_fact){key, copy};
    return true;
}

bool lt_run_state_set_number(struct lt_run_state *state, const char *name, double value)
{
    struct lt_text text = {0};
    lt_text_exact(&text, value);
    bool fine = !text.failed;
    if (fine) {
        text.text[text.length - 1] = '\0';      // without its quotes
        fine = lt_run_state_set(state, name, text.text + 1);
    }
    free(text.text);
    return fine;
}

double lt_run_state_number(const struct lt_run_state *state, const char *name, double otherwise)
{
    const char *text = lt_run_state_fact(state, name);
    return text ? strtod(text, NULL) : otherwise;
}

void lt_run_state_free(struct lt_run_state *state)
{
    for (int i = 0; i < state->fact_count; i++) {
        free(state->fact[i].name);
        free(state->fact[i].text);
    }
    for (int i = 0; i < state->kept_count; i++)
        free(state->kept[i].file);
    free(state->fact);
    free(state->kept);
    free(state->state);
    free(state->metric);
    free(state->setting);
    *state = (struct lt_run_state){0};
}

// ---- names of numbers ---------------------------------------------------------------------------

// Logs of two phases may share a name, so it stands behind the phase's.
static const char *const phases[] = {"train", "validate", "test", "predict"};

static bool is_log(const struct lt_log *log, const struct lt_json_text *name)
{
    const char *kind = phases[lt_phase_kind(log->phase)];
    const size_t phase = strlen(kind), rest = strlen(log->name);
    return name->length == phase + 1 + rest && !memcmp(name->text, kind, phase)
        && name->text[phase] == '.' && !memcmp(name->text + phase + 1, log->name, rest);
}

static double *state_named(const struct lt_program *program, struct lt_run_state *state,
                           const struct lt_json_text *name)
{
    for (int i = 0; i < program->state_count; i++)
        if (lt_json_is(name, program->state_name[i]))
            return &state->state[i];
    return NULL;
}

static double *metric_named(const struct lt_program *program, struct lt_run_state *state,
                            const struct lt_json_text *name)
{
    for (int i = 0; i < program->log_count; i++)
        if (is_log(&program->log[i], name))
            return &state->metric[i];
    return NULL;
}

static double *setting_named(const struct lt_program *program, struct lt_run_state *state,
                             const struct lt_json_text *name)
{
    for (int i = 0; i < program->setting_count; i++)
        if (lt_json_is(name, program->setting[i].name))
            return &state->setting[i];
    return NULL;
}

// ---- writing ------------------------------------------------------------------------------------

static void begin(struct lt_text *out, const char *name)
{
    const char last = out->length ? out->text[out->length - 1] : '\0';
    if (last != '{' && last != '[')
        lt_text_string(out, ",");
    lt_text_quoted(out, name);
    lt_text_string(out, ":");
}

static void write_integer(struct lt_text *out, const char *name, int64_t value)
{
    begin(out, name);
    lt_text_number(out, value);
}

static void write_exact(struct lt_text *out, const char *name, double value)
{
    begin(out, name);
    lt_text_exact(out, value);
}

static void write_metrics(struct lt_text *out, const struct lt_program *program,
                          const double *metric)
{
    for (int i = 0; metric && i < program->log_count; i++) {
        struct lt_text name = {0};
        lt_text_string(&name, phases[lt_phase_kind(program->log[i].phase)]);
        lt_text_string(&name, ".");
        lt_text_string(&name, program->log[i].name);
        out->failed = out->failed || name.failed;
        if (!out->failed)
            write_exact(out, name.text, metric[i]);
        free(name.text);
    }
}

static void write_kept(struct lt_text *out, const struct lt_run_state *state)
{
    for (int i = 0; i < state->kept_count; i++) {
        lt_text_string(out, i ? ",{" : "{");
        write_integer(out, "callback", state->kept[i].callback);
        write_exact(out, "score", state->kept[i].score);
        begin(out, "greater_is_better");
        lt_text_string(out, state->kept[i].greater_is_better ? "1" : "0");
        begin(out, "file");
        lt_text_quoted(out, state->kept[i].file);
        lt_text_string(out, "}");
    }
}

static void write_facts(struct lt_text *out, const struct lt_run_state *state)
{
    for (int i = 0; i < state->fact_count; i++)
        if (strncmp(state->fact[i].name, "lt.", 3)) {
            begin(out, state->fact[i].name);
            lt_text_quoted(out, state->fact[i].text);
        }
}

void lt_state_write(struct lt_text *out, const struct lt_program *program,
                    const struct lt_run_state *state)
{
    lt_text_string(out, "{");
    write_integer(out, "step", state->step);
    write_integer(out, "epoch", state->epoch);
    write_integer(out, "batch", state->batch);
    write_integer(out, "micro_batch", state->micro_batch);
    write_integer(out, "validation_batch", state->validation_batch);
    write_integer(out, "seed", (int64_t)state->seed);
    write_integer(out, "split_seed", (int64_t)state->split_seed);
    write_exact(out, "seconds", state->seconds);
    lt_text_string(out, ",\"state\":{");
    for (int i = 0; state->state && i < program->state_count; i++)
        write_exact(out, program->state_name[i], state->state[i]);
    lt_text_string(out, "},\"metric\":{");
    write_metrics(out, program, state->metric);
    lt_text_string(out, "},\"setting\":{");
    for (int i = 0; state->setting && i < program->setting_count; i++)
        write_exact(out, program->setting[i].name, state->setting[i]);
    lt_text_string(out, "},\"kept\":[");
    write_kept(out, state);
    lt_text_string(out, "],\"fact\":{");
    write_facts(out, state);
    lt_text_string(out, "}}");
}

// ---- reading ------------------------------------------------------------------------------------

struct reading {
    struct lt_json json;
    const struct lt_program *program;
    struct lt_run_state *state;
};

// A closing quote stood behind the string, so there is room for the 0.
static char *ended(struct lt_json_text *text)
{
    text->text[text->length] = '\0';
    return text->text;
}

static bool read_exact(struct lt_json *json, double *value)
{
    struct lt_json_text text;
    if (!lt_json_string(json, &text))
        return false;
    char *end;
    *value = strtod(ended(&text), &end);
    return *text.text && !*end ? true : lt_json_fail(json, "an exact number");
}

typedef double *named(const struct lt_program *program, struct lt_run_state *state,
                      const struct lt_json_text *name);

static bool read_named(struct reading *reading, named *find)
{
    bool first = true;
    struct lt_json_text key;
    if (!lt_json_open(&reading->json, '{'))
        return false;
    while (lt_json_more(&reading->json, '{', &first)) {
        double value;
        if (!lt_json_key(&reading->json, &key) || !read_exact(&reading->json, &value))
            return false;
        double *place = find(reading->program, reading->state, &key);
        if (place)
            *place = value;
    }
    return !reading->json.mistake;
}

static bool read_states(struct reading *reading)
{
    return read_named(reading, state_named);
}

static bool read_metrics(struct reading *reading)
{
    return read_named(reading, metric_named);
}

static bool read_settings(struct reading *reading)
{
    return read_named(reading, setting_named);
}

static bool read_keep(struct lt_json *json, struct lt_kept *kept)
{
    bool first = true;
    struct lt_json_text key, text = {0};
    int64_t number = 0;
    if (!lt_json_open(json, '{'))
        return false;
    while (lt_json_more(json, '{', &first)) {
        if (!lt_json_key(json, &key))
            return false;
        bool fine;
        if (lt_json_is(&key, "score"))
            fine = read_exact(json, &kept->score);
        else if (lt_json_is(&key, "file"))
            fine = lt_json_string(json, &text);
        else
            fine = lt_json_integer(json, &number);
        if (!fine)
            return false;
        if (lt_json_is(&key, "callback"))
            kept->callback = (int)number;
        else if (lt_json_is(&key, "greater_is_better"))
            kept->greater_is_better = number != 0;
    }
    if (json->mistake || !text.text)
        return lt_json_fail(json, "the name of a file");
    kept->file = strdup(ended(&text));
    return kept->file || lt_json_fail(json, "more memory than there is");
}

static bool read_kept(struct reading *reading)
{
    bool first = true;
    struct lt_run_state *state = reading->state;
    if (!lt_json_open(&reading->json, '['))
        return false;
    while (lt_json_more(&reading->json, '[', &first)) {
        struct lt_kept kept = {0};
        if (!read_keep(&reading->json, &kept))
            return false;
        struct lt_kept *more = realloc(state->kept, ((size_t)state->kept_count + 1) * sizeof kept);
        if (!more) {
            free(kept.file);
            return lt_json_fail(&reading->json, "more memory than there is");
        }
        state->kept = more;
        state->kept[state->kept_count++] = kept;
    }
    return !reading->json.mistake;
}

static bool read_facts(struct reading *reading)
{
    bool first = true;
    struct lt_json_text key, text;
    if (!lt_json_open(&reading->json, '{'))
        return false;
    while (lt_json_more(&reading->json, '{', &first)) {
        if (!lt_json_key(&reading->json, &key) || !lt_json_string(&reading->json, &text))
            return false;
        if (!lt_run_state_set(reading->state, ended(&key), ended(&text)))
            return lt_json_fail(&reading->json, "more memory than there is");
    }
    return !reading->json.mistake;
}

static bool read_number(struct reading *reading, int64_t *value)
{
    return lt_json_integer(&reading->json, value);
}

static bool read_entry(struct reading *reading, const struct lt_json_text *key)
{
    static const struct {
        const char *name;
        bool (*read)(struct reading *reading);
    } part[] = {{"state", read_states}, {"metric", read_metrics}, {"setting", read_settings},
                {"kept", read_kept}, {"fact", read_facts}};
    struct lt_run_state *state = reading->state;
    const struct { const char *name; int64_t *value; } number[] = {
        {"step", &state->step}, {"epoch", &state->epoch}, {"batch", &state->batch},
        {"micro_batch", &state->micro_batch}, {"validation_batch", &state->validation_batch},
        {"seed", (int64_t *)&state->seed}, {"split_seed", (int64_t *)&state->split_seed},
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (lt_json_is(key, part[i].name))
            return part[i].read(reading);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (lt_json_is(key, number[i].name))
            return read_number(reading, number[i].value);
    if (lt_json_is(key, "seconds"))
        return read_exact(&reading->json, &state->seconds);
    return lt_json_skip(&reading->json);
}

static double *numbers(int count, const double *initial)
{
    double *values = malloc(((size_t)count + 1) * sizeof *values);
    for (int i = 0; values && i < count; i++)
        values[i] = initial ? initial[i] : (double)NAN;
    return values;
}

bool lt_state_read(const struct lt_json_text *text, const struct lt_program *program,
                   struct lt_run_state *state, const char *path, struct lt_fault *fault)
{
    struct reading reading = {.program = program, .state = state};
    struct lt_json_text key;
    bool first = true;
    *state = (struct lt_run_state){.validation_batch = -1};
    state->state = numbers(program->state_count, program->state_initial);
    state->metric = numbers(program->log_count, NULL);
    state->setting = numbers(program->setting_count, NULL);
    char *copy = malloc(text->length + 1);
    if (!copy || !state->state || !state->metric || !state->setting) {
        free(copy);
        lt_run_state_free(state);
        return lt_fail(fault, "%s: no memory to read it", path);
    }
    memcpy(copy, text->text, text->length);
    lt_json_start(&reading.json, copy, text->length);
    if (lt_json_open(&reading.json, '{'))
        while (lt_json_more(&reading.json, '{', &first))
            if (!lt_json_key(&reading.json, &key) || !read_entry(&reading, &key))
                break;
    const bool fine = !reading.json.mistake && lt_json_end(&reading.json);
    free(copy);
    if (fine)
        return true;
    lt_run_state_free(state);
    return lt_fail(fault, "%s: its run state is wrong at byte %llu, expected %s", path,
                   (unsigned long long)reading.json.mistake_at, reading.json.mistake);
}
