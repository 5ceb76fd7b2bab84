// ltc_parse.c: the front end alone. Prints the tree of each file, or what is wrong with it.
//
//   ltc_parse [-q] FILE ...      -q: messages only; exit 1 if there are any
#include "base/diag.h"
#include "syntax/ast.h"

#include <string.h>

// Messages name files by their last part, so that they are the same wherever the tests run.
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool parse_file(const char *path, bool quiet)
{
    Arena *arena = arena_new();
    const char *why = NULL;
    Source *source = source_read(arena, path, &why);
    if (!source) {
        fprintf(stderr, "%s: %s\n", path, why);
        arena_free(arena);
        return false;
    }
    source->path = base_name(source->path);
    Diag *diag = diag_new(arena);
    const Ast *tree = parse(arena, atom_table_new(arena), diag, source);
    bool good = !diag_failed(diag);
    diag_print(diag, stdout, false);
    if (good && !quiet)
        ast_print(tree, stdout);
    arena_free(arena);
    return good;
}

int main(int count, char **words)
{
    bool good = true, quiet = count > 1 && strcmp(words[1], "-q") == 0;
    for (int i = quiet ? 2 : 1; i < count; i++)
        good &= parse_file(words[i], quiet);
    return good ? 0 : 1;
}
