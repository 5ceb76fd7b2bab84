// library: reads the standard library, the spec and what it uses, and binds their declarations.
#include "tracer.h"
#include "stdlib_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Loaded {         // files read so far: a file used twice is read once
    const char *path;
    Scope *scope;
    struct Loaded *next;
} Loaded;

static Declaration *declaration_new(Tracer *t, const Ast *tree, Scope *scope, bool library)
{
    Declaration *d = arena_alloc(t->arena, sizeof *d);
    d->kind = tree->kind;
    d->name = tree->name;
    d->tree = tree;
    d->scope = scope;
    d->library = library;
    t->declaration = arena_grow(t->arena, t->declaration, t->declaration_count,
                                &t->declaration_capacity, sizeof *t->declaration);
    t->declaration[t->declaration_count++] = d;
    return d;
}

static void bind_declaration(Tracer *t, Scope *scope, const Ast *tree, bool library)
{
    Binding *old = scope_here(scope, tree->name);
    if (old && old->span.source) {
        fail(t, E_DECLARED_TWICE, tree->name_span.source ? tree->name_span : tree->span,
             "`%s` is declared twice", tree->name);
        diag_note(t->diag, old->span, "the first is here");
        return;
    }
    if (tree->kind != AST_FUNCTION && tree->kind != AST_CONSTANT && tree->text)
        fail(t, E_LATER, tree->span, "`%s` comes from a file of C, which is not part of this "
             "version", tree->name);
    Value *value;
    if (tree->kind == AST_FUNCTION) {
        value = new_value(t->arena, V_FUNCTION);
        value->function = arena_alloc(t->arena, sizeof *value->function);
        *value->function = (Function){tree, scope, NULL, tree->name};
    } else {
        value = new_value(t->arena, V_DECLARATION);
        value->declaration = declaration_new(t, tree, scope, library);
    }
    value->span = tree->span;
    scope_bind(t->arena, scope, tree->name, value, BIND_GLOBAL, tree->span);
}

static Scope *load_used(Tracer *t, const Ast *use, const char *folder, Loaded **loaded);

static void bind_file(Tracer *t, Scope *scope, const Ast *file, const char *folder, bool library,
                      Loaded **loaded)
{
    for (const Ast *d = file->a; d; d = d->next) {
        if (d->kind == AST_USE) {
            Scope *used = load_used(t, d, folder, loaded);
            if (!used)
                continue;
            if (d->name) {
                Value *names = new_value(t->arena, V_NAMESPACE);
                names->names = used;
                names->text = d->name;
                scope_bind(t->arena, scope, d->name, names, BIND_GLOBAL, d->span);
                continue;
            }
            for (Binding *b = used->first; b; b = b->next) {
                if (b->name[0] == '_')
                    continue;
                if (scope_here(scope, b->name)) {
                    fail(t, E_DECLARED_TWICE, d->span, "`%s` comes from here too", b->name);
                    diag_hint(t->diag, "give this file a name: use \"%s\" as name", d->text);
                    continue;
                }
                scope_bind(t->arena, scope, b->name, b->value, BIND_GLOBAL, b->span);
            }
        } else if (d->kind != AST_TRAINER && d->kind != AST_ERROR && d->name) {
            bind_declaration(t, scope, d, library);
        }
    }
}

static const char *folder_of(Tracer *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_string(t->arena, path, (size_t)(slash - path)) : ".";
}

static Scope *load_used(Tracer *t, const Ast *use, const char *folder, Loaded **loaded)
{
    const char *path = use->text[0] == '/' ? use->text
                     : strcmp(folder, ".") == 0 ? use->text
                     : arena_format(t->arena, "%s/%s", folder, use->text);
    for (Loaded *l = *loaded; l; l = l->next)
        if (strcmp(l->path, path) == 0)
            return l->scope;
    const char *why;
    Source *source = source_read(t->arena, path, &why);
    if (!source) {
        fail(t, E_FILE, use->span, "`%s` cannot be read: %s", path, why);
        return NULL;
    }
    Loaded *l = arena_alloc(t->arena, sizeof *l);
    *l = (Loaded){path, scope_new(t->arena, t->library), *loaded};
    *loaded = l;
    note_source(t, source);
    const Ast *file = parse(t->arena, t->atoms, t->diag, source);
    bind_file(t, l->scope, file, folder_of(t, path), false, loaded);
    return l->scope;
}

// ---- the standard library -----------------------------------------------------------------------

static void load_library_text(Tracer *t, const char *path, const char *text, size_t length)
{
    Source *source = source_new(t->arena, path, text, length);
    source->library = true;
    const Ast *file = parse(t->arena, t->atoms, t->diag, source);
    bind_file(t, t->library, file, ".", true, NULL);
    note_source(t, source);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void load_library_folder(Tracer *t, const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        fail(t, E_FILE, (Span){0}, "the library folder `%s` cannot be read", folder);
        return;
    }
    const char *name[256];
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && count < 256;) {
        size_t n = strlen(entry->d_name);
        if (n > 3 && strcmp(entry->d_name + n - 3, ".lt") == 0)
            name[count++] = arena_string(t->arena, entry->d_name, n);
    }
    closedir(dir);
    qsort(name, (size_t)count, sizeof *name, by_name);
    for (int i = 0; i < count; i++) {
        const char *why, *path = arena_format(t->arena, "%s/%s", folder, name[i]);
        Source *source = source_read(t->arena, path, &why);
        if (source)
            load_library_text(t, arena_format(t->arena, "stdlib/%s", name[i]), source->text,
                              source->length);
        else
            fail(t, E_FILE, (Span){0}, "`%s` cannot be read: %s", path, why);
    }
}

void load_files(Tracer *t)
{
    if (t->options->stdlib_folder)
        load_library_folder(t, t->options->stdlib_folder);
    else
        for (int i = 0; i < stdlib_file_count; i++)
            load_library_text(t, stdlib_file[i].path, stdlib_file[i].text, stdlib_file[i].length);

    const char *why;
    Source *source = source_read(t->arena, t->options->spec_path, &why);
    if (!source) {
        fail(t, E_FILE, (Span){0}, "`%s` cannot be read: %s", t->options->spec_path, why);
        return;
    }
    note_source(t, source);
    begin_stages(t, source);
    t->spec_folder = folder_of(t, t->options->spec_path);
    t->tree = parse(t->arena, t->atoms, t->diag, source);
    Loaded *loaded = NULL;
    bind_file(t, t->file, t->tree, t->spec_folder, false, &loaded);
}

// The only declaration of a kind in the spec itself, or the one named.
Declaration *find_declaration(Tracer *t, AstKind kind, const char *name)
{
    Declaration *found = NULL;
    for (int i = 0; i < t->declaration_count; i++) {
        Declaration *d = t->declaration[i];
        if (d->kind != kind || d->library || (name && strcmp(d->name, name) != 0))
            continue;
        if (!name && d->scope != t->file)
            continue;
        if (found)
            return NULL;
        found = d;
    }
    return found;
}

// The compiler knows no name of the library by heart; a hint takes one from it.
const char *library_example(Tracer *t, AstKind kind)
{
    for (int i = 0; i < t->declaration_count; i++)
        if (t->declaration[i]->kind == kind && t->declaration[i]->library)
            return t->declaration[i]->name;
    return "name";
}
