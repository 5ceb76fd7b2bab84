// data: a data block: its source, its settings, and what it exports.
#include "data.h"

#include <math.h>
#include <string.h>

// ---- members ------------------------------------------------------------------------------------

static bool whole_setting(Tracer *t, const Value *value, const char *name, Span span)
{
    if (value_is_whole(value) && value->number >= 1 && value->number < 1e9)
        return true;
    fail(t, E_DATA_SETTING, span, "`%s` is a whole number of at least 1, but this is %s", name,
         value_text_of(t->arena, value));
    return false;
}

static void set_flag(Tracer *t, const Value *value, const char *name, bool *flag, Span span)
{
    if (value->kind == V_BOOL)
        *flag = value->number != 0;
    else
        fail(t, E_DATA_SETTING, span, "`%s` is true or false, but this is %s", name,
             value_text_of(t->arena, value));
}

static const char *const part_name[3] = {"train", "val", "test"};

static bool split_part(Tracer *t, DataBlock *block, int part, const Value *value, Span span)
{
    if (value->kind == V_SOURCE) {
        fail(t, E_SPLIT, span, "a split gives numbers of rows or shares, and this is a source");
        diag_hint(t->diag, "source = (train = …, test = …)");
        return false;
    }
    bool share = value->kind == V_NUMBER && !value->whole;
    if (value->kind != V_NUMBER || !(value->number >= 0 && value->number <= 9e15)
        || (share && value->number > 1)) {
        fail(t, E_SPLIT, span, "`%s` is a number of rows or a share of them, such as 8000 or "
             "80%%, but this is %s", part_name[part], value_text_of(t->arena, value));
        return false;
    }
    block->split[part] = value->number;
    block->split_share[part] = share;
    return true;
}

// The parts must not ask for more rows than there are.
static void check_split(Tracer *t, const DataPart *data, Span span)
{
    const DataBlock *block = data->block;
    double shares = 0, counts = 0;
    for (int i = 0; i < 3; i++)
        if (block->split[i] > 0)
            *(block->split_share[i] ? &shares : &counts) += block->split[i];
    double rows = data->source ? (double)data->source->rows : INFINITY;
    if (shares > 1 + 1e-9)
        fail(t, E_SPLIT, span, "the shares of this split are %.15g%% together", shares * 100);
    else if (counts + floor(shares * rows) > rows)
        fail(t, E_SPLIT, span, "this split asks for %.0f rows, but the source has %.0f",
             counts + floor(shares * rows), rows);
}

static bool check_parts(Tracer *t, const DataBlock *block, Span span)
{
    for (int i = 1; i < block->part_count; i++)
        if (block->split[block->part[i]] >= 0) {
            fail(t, E_SPLIT, span, "the rows of `%s` are those of its own source; a split divides "
                 "the rows of `train`", part_name[block->part[i]]);
            return false;
        }
    return true;
}

static void set_split(Tracer *t, DataPart *data, const Value *value, Span span)
{
    DataBlock *block = data->block;
    if (value->kind != V_RECORD) {
        fail(t, E_SPLIT, span, "a split is written (train = 80%%, val = 10%%, test = 10%%)");
        return;
    }
    block->split_given = true;
    for (int i = 0; i < value->count; i++) {
        int part = 0;
        while (part < 3 && strcmp(value->label[i], part_name[part]) != 0)
            part++;
        if (part == 3) {
            fail(t, E_SPLIT, span, "a split has the parts train, val and test, not `%s`",
                 value->label[i]);
            return;
        }
        if (!split_part(t, block, part, value->item[i], span))
            return;
    }
    if (check_parts(t, block, span))
        check_split(t, data, span);
}

// source = (train = …, val = …, test = …): the first is that of the training rows, whose split the
// other parts may be left to.
static void set_parts(Tracer *t, DataPart *data, const Value *value, Span span)
{
    DataBlock *block = data->block;
    SourceInfo *part[3] = {NULL}, *source;
    for (int i = 0; i < value->count; i++) {
        int which = 0;
        while (which < 3 && strcmp(value->label[i], part_name[which]) != 0)
            which++;
        if (value->item[i]->kind == V_POISON)
            return;
        if (which == 3 || value->item[i]->kind != V_SOURCE) {
            fail(t, E_SOURCE, span, "sources of parts are written (train = npy(…), test = npy(…)), "
                 "for train, val and test, but here is `%s = %s`", value->label[i],
                 value_kind_text(value->item[i]));
            return;
        }
        part[which] = value->item[i]->source;
    }
    if (!part[0]) {
        fail(t, E_SOURCE, span, "there is no source for `train`");
        return;
    }
    source = data->source = part[0];
    block->source = source->kind;
    block->option = source->option;
    block->split_given = true;
    for (int which = 0; which < 3; which++)
        if (part[which] && (!which || unite_sources(t, source, part[which], span))) {
            block->part[block->part_count++] = (Phase)which;
            source->part[source->part_count++] = part[which];
            block->rows += part[which]->rows;
        }
    check_parts(t, block, span);
}

static void set_source(Tracer *t, DataPart *data, const Value *value, Span span)
{
    if (value->kind == V_NONE)
        return;
    if (value->kind == V_RECORD) {
        set_parts(t, data, value, span);
        return;
    }
    if (value->kind != V_SOURCE) {
        fail(t, E_SOURCE, span, "a source is idx(…), csv(…), npy(…) or none, but this is %s",
             value_kind_text(value));
        return;
    }
    data->source = value->source;
    data->block->source = value->source->kind;
    data->block->option = value->source->option;
    data->block->rows = value->source->rows;
}

// Members that mean something to the compiler; every other one is a constant of the block.
static void set_member(Tracer *t, DataPart *data, const char *name, const Value *value, Span span)
{
    DataBlock *block = data->block;
    if (value->kind == V_POISON)
        return;
    if (strcmp(name, "source") == 0)
        set_source(t, data, value, span);
    else if (strcmp(name, "split") == 0)
        set_split(t, data, value, span);
    else if (strcmp(name, "batch") == 0 && whole_setting(t, value, name, span))
        block->batch = (int64_t)value->number;
    else if (strcmp(name, "shuffle") == 0)
        set_flag(t, value, name, &block->shuffle, span);
    else if (strcmp(name, "drop_last") == 0)
        set_flag(t, value, name, &block->drop_last, span);
    else if (strcmp(name, "classes") == 0)
        whole_setting(t, value, name, span);
    else if (strcmp(name, "split_order") == 0 && value->kind == V_TEXT
             && (strcmp(value->text, "file") == 0 || strcmp(value->text, "seed") == 0))
        block->split_file_order = value->text[0] == 'f';
    else if (strcmp(name, "split_order") == 0)
        fail(t, E_DATA_SETTING, span, "`split_order` is \"file\" or \"seed\"");
    else if (strcmp(name, "contiguous") == 0 || strcmp(name, "window") == 0)
        fail(t, E_LATER, span, "`%s` belongs to sources of text, which are not part of this "
             "version", name);
}

static void bind_member(Tracer *t, DataPart *data, const Ast *target, Value *value, Span span)
{
    const char *block = data->declaration->name;        // -D Digits.batch=128
    Value *given = defined_value(t, arena_format(t->arena, "%s.%s", block, target->name));
    value = given ? given : value;
    scope_bind(t->arena, data->scope, target->name, value, BIND_MEMBER, target->span);
    set_member(t, data, target->name, value, span);
}

static void bind_members(Tracer *t, DataPart *data, const Ast *member)
{
    int targets = ast_count(member->a), values = ast_count(member->b);
    Value *all = values == 1 && targets > 1 ? eval(t, data->scope, member->b) : NULL;
    if (all && bind_targets(t, data->scope, member->a, all, BIND_MEMBER))
        return;
    if (targets != values) {
        fail(t, E_DESTRUCTURE, member->span, "%d names for %d values", targets, values);
        return;
    }
    const Ast *b = member->b;
    for (const Ast *a = member->a; a; a = a->next, b = b->next)
        bind_member(t, data, a, eval(t, data->scope, b), b->span);
}

static void add_member(Tracer *t, DataPart *data, const Ast *member, const Ast **sample)
{
    switch (member->kind) {
    case AST_BIND: bind_members(t, data, member); break;
    case AST_FUNCTION: case AST_ASSERT: {
        Ast statement = *member;
        statement.next = NULL;
        run_statements(t, data->scope, member->kind == AST_FUNCTION ? member : &statement);
        break;
    }
    case AST_METHOD:
        if (strcmp(member->name, "sample") == 0) {
            if (*sample && *sample != member)
                fail(t, E_DATA_MEMBER, member->span, "a data block has one `sample`, and this is "
                     "the second");
            *sample = member;
            break;
        }
        fail(t, E_DATA_MEMBER, member->span, "a data block has one method, `sample`, but here is "
             "`%s`", member->name);
        break;
    case AST_ERROR: break;
    default:
        fail(t, E_DATA_MEMBER, member->span, "a data block has a source, settings, constants, "
             "functions and `sample`; %s belongs into a model", ast_kind_name(member->kind));
    }
}

// ---- the block ----------------------------------------------------------------------------------

static void missing_batch(Tracer *t, DataPart *data)
{
    fail(t, E_DATA_SETTING, data->declaration->tree->name_span, "`%s` does not say how many rows "
         "make a batch", data->declaration->name);
    const char *names[64];
    int count = 0;
    for (Binding *b = data->scope->first; b && count < 64; b = b->next)
        names[count++] = b->name;
    const char *near = diag_nearest(t->arena, "batch", names, count);
    for (int i = 0; i < count; i++)
        near = strncmp(names[i], "batch", 5) == 0 ? names[i] : near;
    if (near)
        diag_hint(t->diag, "did you mean `batch` where `%s` stands?", near);
    else
        diag_hint(t->diag, "batch = 64");
}

static DataBlock *block_new(Tracer *t, const Declaration *declaration)
{
    DataBlock *block = arena_alloc(t->arena, sizeof *block);
    block->name = declaration->name;
    block->source = "none";
    block->option = "";
    block->shuffle = true;
    block->span = declaration->tree->span;
    for (int i = 0; i < 3; i++)
        block->split[i] = -1;
    return block;
}

static bool fill_block(Tracer *t, DataPart *data)
{
    const Declaration *declaration = data->declaration;
    int errors = diag_count(t->diag);
    Binder binder = {.what = arena_format(t->arena, "`%s`", declaration->name), .kind = BIND_HYPER,
                     .span = declaration->tree->name_span};
    bind_arguments(t, data->scope, declaration->tree->a, NULL, 0, &binder);
    const Ast *sample = member_named(declaration, AST_METHOD, "sample");
    bool matched = false;
    for (const Ast *m = declaration->tree->b; m; m = m->next) {
        add_member(t, data, m, &sample);
        if (data->source && !matched) {         // categories(…) further down want its columns
            matched = true;
            match_columns(t, data, sample);
        }
    }
    if (diag_count(t->diag) > errors)
        return false;
    if (!data->source && sample) {
        fail(t, E_SOURCE, sample->span, "`sample` makes samples of rows, but there is no source");
        return false;
    }
    if (data->source && !data->block->batch)
        missing_batch(t, data);
    if (!data->source)
        data->block->shuffle = false;
    else if (diag_count(t->diag) == errors)
        trace_sample(t, data, sample);
    return diag_count(t->diag) == errors;
}

// Made at its first use, wherever that is: what is being traced there waits.
DataPart *data_part(Tracer *t, Declaration *declaration)
{
    if (declaration->data)
        return declaration->data->block ? declaration->data : NULL;
    if (declaration->busy) {
        fail(t, E_DATA_CYCLE, declaration->tree->name_span, "`%s` is needed to make itself",
             declaration->name);
        return NULL;
    }
    DataPart *data = arena_alloc(t->arena, sizeof *data), *outer = t->making_data;
    data->declaration = declaration;
    data->scope = scope_new(t->arena, declaration->scope);
    data->block = block_new(t, declaration);

    Context before = save_context(t);
    HostFrame *host = t->host;
    Part *self = t->self;
    bool in_log = t->in_log, making = t->making;
    restore_context(t, &(Context){.path = ""});
    t->host = NULL;
    t->self = NULL;
    t->in_log = t->making = false;
    t->making_data = data;
    declaration->busy = true;
    bool good = fill_block(t, data);
    declaration->busy = false;
    declaration->data = data;
    restore_context(t, &before);
    t->host = host;
    t->self = self;
    t->in_log = in_log;
    t->making = making;
    t->making_data = outer;
    if (!good)
        data->block = NULL;             // so that later uses stay silent
    return good ? data : NULL;
}

// ---- exports ------------------------------------------------------------------------------------

// A class is a whole number a row; there must be one such column to tell how many there are.
static Value *count_classes(Tracer *t, DataPart *data, Span span)
{
    RawColumn *label = NULL;
    int labels = 0;
    for (int i = 0; i < data->raw_count; i++)
        if (column_is_label(&data->raw[i])) {
            label = &data->raw[i];
            labels++;
        }
    if (labels != 1) {
        fail(t, E_CLASSES, span, labels ? "`sample` of `%s` takes %d columns of whole numbers, so "
             "its classes are not known" : "`sample` of `%s` takes no whole number a row, so it "
             "has no classes", data->declaration->name, labels);
        diag_hint(t->diag, "give the block a member: classes = 10");
        return &value_poison;
    }
    if (!scan_column(t, data->source, label->field))
        return &value_poison;
    if (label->field->least < 0)
        return fail(t, E_CLASSES, span, "the classes in `%s` go from %lld: they count from 0",
                    label->field->name, (long long)label->field->least);
    return value_int(t->arena, label->field->greatest + 1);
}

static Value *tensor_export(Tracer *t, const DataPart *data, const Binding *field, Span span)
{
    Value *names = new_value(t->arena, V_NAMESPACE);
    names->names = scope_new(t->arena, NULL);
    names->text = arena_format(t->arena, "`%s.%s`", data->declaration->name, field->name);
    names->span = field->span;
    static const char *const members[] = {"shape", "rank", "size"};
    for (int i = 0; i < 3; i++)
        scope_bind(t->arena, names->names, atom(t->atoms, members[i]),
                   field_of(t, field->value, members[i], span), BIND_GLOBAL, field->span);
    return names;
}

static void no_such_export(Tracer *t, const DataPart *data, const char *name, Span span)
{
    fail(t, E_DATA_EXPORT, span, "`%s` has no `%s`", data->declaration->name, name);
    const char *names[128] = {"classes", "rows"};
    int count = 2;
    for (Binding *b = data->scope->first; b && count < 128; b = b->next)
        names[count++] = b->name;
    for (Binding *b = data->fields ? data->fields->first : NULL; b && count < 128; b = b->next)
        names[count++] = b->name;
    const char *near = diag_nearest(t->arena, name, names, count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
}

Value *data_field(Tracer *t, DataPart *data, const char *name, Span span)
{
    Binding *member = scope_here(data->scope, name);
    if (member)
        return member->value;
    if (strcmp(name, "rows") == 0 && data->source)
        return value_int(t->arena, data->block->rows);
    if (strcmp(name, "classes") == 0 && data->source) {
        Value *classes = count_classes(t, data, span);
        scope_bind(t->arena, data->scope, name, classes, BIND_MEMBER, span);
        return classes;
    }
    Binding *field = data->fields ? scope_here(data->fields, name) : NULL;
    if (field)
        return tensor_export(t, data, field, span);
    no_such_export(t, data, name, span);
    return &value_poison;
}

// `source.classes`, `source.rows` in the block itself.
Value *source_field(Tracer *t, Value *source, const char *name, Span span)
{
    if (strcmp(name, "rows") == 0)
        return value_int(t->arena, source->source->rows);
    if (strcmp(name, "classes") == 0 && t->making_data && t->making_data->source == source->source)
        return count_classes(t, t->making_data, span);
    fail(t, E_FIELD, span, "a source has no `%s`", name);
    diag_hint(t->diag, "it has rows and classes");
    return &value_poison;
}
