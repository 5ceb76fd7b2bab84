// foreign: hints for what people write who come from other frameworks, and for slips of the pen.
#include "tracer.h"

#include <ctype.h>
#include <string.h>

typedef struct Foreign {
    const char *name, *ours;
} Foreign;

static const char *ours(const Foreign *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].ours;
    return NULL;
}

// Names that others have for parameters of ours.
const char *foreign_parameter(const char *name)
{
    static const Foreign table[] = {
        {"dim", "axis"}, {"dims", "axis"}, {"keepdim", "keep"}, {"keepdims", "keep"},
        {"learning_rate", "lr"}, {"strides", "stride"}, {"rate", "p"}, {"filters", "out_channels"},
        {"units", "out_features"}, {"epsilon", "eps"}, {"inplace", ""},
    };
    const char *name_here = ours(table, sizeof table / sizeof *table, name);
    return name_here ? name_here : "";
}

// ---- names --------------------------------------------------------------------------------------

static const Foreign things[] = {
    {"Sequential", "a list of layers is a layer: [first, second, third]"},
    {"ModuleList", "a list of layers needs no wrapper: [first, second]"},
    {"Parameter", "param name: f32[n] = zeros"},
    {"Variable", "param name: f32[n] = zeros"},
    {"torch", "functions of the library stand alone: exp(x)"},
    {"nn", "layers of the library stand alone, without `nn.`"},
    {"F", "functions of the library stand alone: exp(x)"},
    {"np", "functions of the library stand alone: exp(x)"},
    {"optim", "optimisers of the library stand alone, without `optim.`"},
    {"keras", "layers of the library stand alone, without `keras.`"},
    {"jnp", "functions of the library stand alone: exp(x)"},
    {"cat", "concat([a, b], axis = 1)"},
    {"arange", "a range as a tensor: i32(0..n)"},
    {"bmm", "a @ b"},
    {"matmul", "a @ b"},
    {"mm", "a @ b"},
    {"float", "f32(x)"},
    {"int", "i32(x)"},
    {"long", "i64(x)"},
    {"tensor", "numbers as a tensor: f32([1, 2, 3])"},
    {"rand", "uniform(0, 1)[B, 3]"},
    {"rand_like", "uniform(0, 1)[x.shape]"},
    {"randn_like", "randn[x.shape]"},
    {"zeros_like", "zeros[x.shape]"},
    {"ones_like", "ones[x.shape]"},
    {"topk", "top(x, k): values and indices"},
    {"chunk", "split(x, 2)"},
    {"pow", "x ^ 2"},
    {"masked_fill", "value when mask else x"},
    {"Module", "layer Name(...) { ... }"},
    {"ModuleDict", "a record of layers: (first = a, second = b)"},
    {"DataLoader", "a block of its own: data Name { source = ...; batch = 64 }"},
    {"Trainer", "a block of its own: trainer { max_epochs = 3 }"},
    {"einops", "rearrange(x, \"b h w -> b (h w)\")"},
    {"len", "xs.size"},
    {"print", "log name = value, or `-d` of ltc"},
    {"where", "a when condition else b"},
    {"permute", "transpose(x, [0, 2, 1]) or rearrange(x, \"b t c -> b c t\")"},
    {"unsqueeze", "x[:, _] adds an axis"},
    {"view", "reshape(x, [3, _])"},
    {"self.log", "the statement has no parentheses: log train_loss = loss { prog_bar = true }"},
    {"no_grad", "stop_gradient(x)"},
    {"detach", "stop_gradient(x)"},
    {"B", "B, the rows of the batch, is known in steps and methods only; what outlives a step has "
          "fixed sizes"},
};

// A name without its capitals, lines and what other libraries put behind it: MaxPool2d, MSELoss.
static void bare_name(const char *name, char *bare, size_t room)
{
    size_t n = 0;
    for (; *name && n + 1 < room; name++)
        if (*name != '_')
            bare[n++] = (char)tolower((unsigned char)*name);
    bare[n] = 0;
    if (n > 4 && strcmp(bare + n - 4, "loss") == 0)
        bare[n -= 4] = 0;
}

static bool same_name(const char *a, const char *b)
{
    char x[64], y[64];
    bare_name(a, x, sizeof x);
    bare_name(b, y, sizeof y);
    size_t n = strlen(x);
    if (n > 2 && x[n - 1] == 'd' && isdigit((unsigned char)x[n - 2]) && strcmp(x, y) != 0)
        x[n - 2] = 0;                   // SomeName2d is some_name
    return strcmp(x, y) == 0;
}

static bool visible(const Binding *binding)
{
    const bool library = binding->span.source && binding->span.source->library;
    return !(library && binding->name[0] == '_');
}

void hint_name(Tracer *t, Scope *scope, const char *name)
{
    enum { most = 2000 };
    const char *meant = ours(things, sizeof things / sizeof *things, name);
    if (meant) {
        diag_hint(t->diag, "%s", meant);
        return;
    }
    const char **names = arena_alloc(t->arena, sizeof *names * most);
    int count = 0;
    const char *near = NULL;
    for (Scope *s = scope; s; s = s->parent)
        for (Binding *b = s->first; b && count < most; b = b->next) {
            if (!visible(b))
                continue;
            names[count++] = b->name;
            near = !near && same_name(name, b->name) ? b->name : near;
        }
    if (!near && strlen(name) > 2)      // everything is near to two letters
        near = diag_nearest(t->arena, name, names, count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
}

// ---- behind a dot -------------------------------------------------------------------------------

static const Foreign methods[] = {
    {"view", "reshape(x, [3, _])"},
    {"permute", "transpose(x, [0, 2, 1]) or rearrange(x, \"b t c -> b c t\")"},
    {"unsqueeze", "x[:, _] adds an axis"},
    {"backward", "minimize loss"},
    {"detach", "stop_gradient(x)"},
    {"item", "a number for the log: log name = x"},
    {"float", "f32(x)"},
    {"long", "i64(x)"},
    {"int", "i32(x)"},
    {"to", "a cast is f32(x); there are no devices in a spec"},
    {"cuda", "there are no devices in a spec"},
    {"cpu", "there are no devices in a spec"},
    {"t", "x.T swaps the last two axes"},
    {"dim", "x.rank"},
    {"ndim", "x.rank"},
    {"numel", "x.size"},
    {"dtype", "a cast is f32(x)"},
    {"contiguous", "layout is the compiler's business; leave it out"},
    {"parameters",
     "an optimiser takes all parameters; `over` chooses: optimizer = name() over head"},
    {"train", "`training` is true in `training_step`, and a frozen part is made by frozen = true"},
    {"eval", "`training` is true in `training_step`, and a frozen part is made by frozen = true"},
    {"append", "xs + [x]"},
    {"clone", "tensors never change; leave it out"},
    {"bool", "bool(x)"},
    {"double", "f64(x)"},
    {"chunk", "split(x, 2)"},
    {"topk", "top(x, k): values and indices"},
    {"pow", "x ^ 2"},
    {"masked_fill", "value when mask else x"},
    {"requires_grad_", "frozen = true where the layer is made"},
    {"state_dict", "a run saves by itself; `weights = safetensors(\"file\")` reads where a part is made"},
    {"load_state_dict", "weights = safetensors(\"file\") where the part is made"},
};

void hint_member(Tracer *t, const char *name, const char *otherwise)
{
    const char *meant = ours(methods, sizeof methods / sizeof *methods, name);
    if (meant)
        diag_hint(t->diag, "%s", meant);
    else if (scope_find(t->library, name))
        diag_hint(t->diag, "functions are not behind a dot: %s(x)", name);
    else if (otherwise)
        diag_hint(t->diag, "%s", otherwise);
}

// ---- lists of what there is ---------------------------------------------------------------------

const char *join_names(Tracer *t, const char *const *names, int count)
{
    enum { most = 12 };
    const char *all = count ? names[0] : "nothing";
    for (int i = 1; i < count && i < most; i++)
        all = arena_format(t->arena, "%s, %s", all, names[i]);
    return count > most ? arena_format(t->arena, "%s, …", all) : all;
}
