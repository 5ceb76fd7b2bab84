// stages: which lines of the spec are constant, host or step, for `explain --stages`.
//
// A line belongs to the latest stage that a value on it belongs to.
#include "tracer.h"

#include <string.h>

void begin_stages(Tracer *t, const Source *source)
{
    Program *p = t->program;
    p->source = source;
    t->line_of = arena_alloc(t->arena, sizeof *t->line_of * (source->length + 1));
    int line = 0;
    for (size_t i = 0; i <= source->length; i++) {
        t->line_of[i] = line;
        line += i < source->length && source->text[i] == '\n';
    }
    p->line_count = line + 1;
    p->line_stage = arena_alloc(t->arena, (size_t)p->line_count);
}

static LineStage stage_of(const Value *value)
{
    switch (value->kind) {
    case V_TENSOR: case V_LEAF: return STAGE_STEP;
    case V_HOST: return value->host->op == HOST_ROWS ? STAGE_STEP : STAGE_HOST;
    default: return STAGE_CONSTANT;
    }
}

void note_stage(Tracer *t, Span span, const Value *value)
{
    if (span.source != t->program->source || span.begin > span.source->length)
        return;
    unsigned char *stage = &t->program->line_stage[t->line_of[span.begin]];
    LineStage now = stage_of(value);
    if (now > *stage)
        *stage = (unsigned char)now;
}
