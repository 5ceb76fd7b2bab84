// Spells a Tiling as C over the functions of lt/tile.h.
//
//     for each unit                        panel of lanes, block of rows, point of the outer loops
//         for each tile of the block       six rows: six pointers
//             lt_tile(...)                 the whole sum
//             for each row, for each lane  what is done with the sum
//
// Where sums are cut in chunks, or stored along rows, all sums of a block stand in `total` first.
#include "c_contract.h"

#include "../kernel/contract.h"

typedef struct Tiles {                  // a kernel being printed
    C *c;
    const Stage *stage;
    const Tiling *t;
    IndexContext *context;
    const char *type, *suffix;          // "float", "f32"
    const char *value;                  // name of a finished sum
    const char *first_lane;             // of a panel
    const Var *first;                   // the same, in indexes
    const Body *after;                  // of the stage, over `place` if all rows are one run there,
                                        // and over `panel` and `within` if lanes are cut
    const Var *panel, *within;          // of memory; NULL: lanes are one run
    Dim panel_width;
    const Loop *place;
    int place_count;
} Tiles;

static Tiles tiles_of(C *c, const Kernel *kernel)
{
    const Stage *stage = kernel->stage[0];
    const Tiling *t = stage->contraction->tiling;
    return (Tiles){.c = c, .stage = stage, .t = t, .context = c_context(c),
                   .type = c_type(t->dtype), .suffix = c_suffix(t->dtype)};
}

// ---- sizes --------------------------------------------------------------------------------------

static const char *lanes_text(const Tiles *p)
{
    return p->t->width ? arena_format(c_arena(p->c), "%d", p->t->width)
                       : arena_format(c_arena(p->c), "lt_wide_%s", p->suffix);
}

static const char *rows_text(const Tiles *p)
{
    return c_dim(p->c, loops_size(p->t->row, p->t->row_count));
}

static const char *outer_text(const Tiles *p)
{
    if (p->t->outer_count == 0)
        return "";
    return arena_format(c_arena(p->c), "%s * ",
                        c_dim(p->c, loops_size(p->t->outer, p->t->outer_count)));
}

static const char *lane_count_text(const Tiles *p)
{
    return c_dim(p->c, p->t->lanes);
}

// Every tile is full of lanes that count, whatever the width of the machine.
// Lanes of a tile on the widest machine.
static int widest(const Tiles *p)
{
    return p->t->width ? p->t->width : tile_width(p->t->dtype, 2);
}

static bool lanes_divide(const Tiles *p)
{
    return p->t->lanes.power == 0 && p->t->lanes.scale % widest(p) == 0;
}

static void print_sizes(const Tiles *p)
{
    c_line(p->c, "const int row_count = %s, lane_count = %s;", rows_text(p), lane_count_text(p));
    c_line(p->c, "const int panels = (lane_count + lanes - 1) / lanes;");
    if (p->t->parts) {
        c_line(p->c, "const int tiles = (row_count + tile - 1) / tile;");
        c_line(p->c, "const int turns = %s, parts = (turns + part_turns - 1) / part_turns;",
               c_dim(p->c, p->t->sum[0].count));
        return;
    }
    c_line(p->c, "const int blocks = (row_count + block_rows - 1) / block_rows;");
    c_line(p->c, "const int units = %spanels * blocks;", outer_text(p));
}

static void print_nest(const Tiles *p)
{
    Text text = text_new(c_arena(p->c));
    for (int i = p->t->sum_count; i < tile_loops; i++)
        text_add(&text, "{1, 0, 0}, ");
    for (int i = 0; i < p->t->sum_count; i++) {
        const TileLoop *loop = &p->t->sum[i];
        text_add(&text, "{%s, %s, %s}%s", c_dim(p->c, loop->count), c_dim(p->c, loop->rows),
                 c_dim(p->c, loop->lanes), i + 1 < p->t->sum_count ? ", " : "");
    }
    c_line(p->c, "%sstruct lt_nest nest = {{%s}, 0};", p->t->chunk ? "" : "const ", text.data);
}

// ---- points -------------------------------------------------------------------------------------

// Declares the variables of `loop`, outermost first, of which `from` is the flattened number.
static void print_point(const Tiles *p, const char *qualifier, const Loop *loop, int count,
                        const char *from)
{
    for (int i = 0; i < count; i++) {
        const Dim below = loops_size(loop + i + 1, count - i - 1);
        const char *quotient = dim_is(below, 1) ? from
                                                : arena_format(c_arena(p->c), "%s / (%s)", from,
                                                               c_dim(p->c, below));
        const char *name = c_var(p->c, loop[i].var);
        if (i == 0)
            c_line(p->c, "%s%s %s = %s;", qualifier, c_integer(p->c), name, quotient);
        else
            c_line(p->c, "%s%s %s = %s %% %s;", qualifier, c_integer(p->c), name, quotient,
                   c_dim(p->c, loop[i].var->extent));
    }
}

static bool starts_early(const Tiles *p)        // the last tile, for want of lanes
{
    return !lanes_divide(p) && !p->t->padded;
}

static void print_first_lane(const Tiles *p)
{
    const char *early = starts_early(p) ? "lt_least(panel * lanes, lane_count - lanes)"
                                        : "panel * lanes";
    c_line(p->c, "const %s %s = %s;", c_integer(p->c), p->first_lane, early);
}

// The lanes of the panel that count: an early tile skips what it has twice. And where in memory
// they lie, if that is in panels.
static void print_live_lanes(const Tiles *p)
{
    if (starts_early(p))
        c_line(p->c, "const int skip = panel * lanes - %s;", p->first_lane);
    else if (!lanes_divide(p))
        c_line(p->c, "const int last = lt_least(lanes, lane_count - %s);", p->first_lane);
    if (p->panel)
        c_line(p->c, "const %s %s = %s / %s;", c_integer(p->c), c_var(p->c, p->panel),
               p->first_lane, c_dim(p->c, p->panel_width));
}

static void print_unit(const Tiles *p)
{
    const Tiling *t = p->t;
    if (t->panel_outermost)
        c_line(p->c, "const int block = unit %% blocks, panel = unit / blocks %% panels;");
    else
        c_line(p->c, "const int panel = unit %% panels, block = unit / panels %% blocks;");
    print_point(p, "const ", t->outer, t->outer_count, "(unit / (panels * blocks))");
    c_line(p->c, "const int first_row = block * block_rows;");
    c_line(p->c, "const int last_row = lt_least(first_row + block_rows, row_count);");
    print_first_lane(p);
    print_live_lanes(p);
}

// ---- operands -----------------------------------------------------------------------------------

// Address of an operand at the start of the sum and at the first lane.
static const char *operand_text(const Tiles *p, const Expr *operand)
{
    const Index *at = operand->index;
    const Index *zero = index_number(p->context, 0);
    for (int i = 0; i < p->stage->reduce_count; i++)
        at = index_substitute(p->context, at, p->stage->reduce[i].var, zero);
    at = index_substitute(p->context, at, p->t->lane, index_var(p->context, p->first));
    return arena_format(c_arena(p->c), "%s + %s", c_buffer(p->c, operand->buffer),
                        c_index(p->c, at));
}

static const char *chunk_step(const Tiles *p, Dim stride)
{
    return p->t->chunk ? arena_format(c_arena(p->c), " + (ptrdiff_t)turn * %s",
                                      c_dim(p->c, stride))
                       : "";
}

// Rows of several variables are walked, not divided; the last row stands for those behind it.
static void print_walk(const Tiles *p, const char *row)
{
    const Tiling *t = p->t;
    for (int i = t->row_count - 1; i > 0; i--) {
        const char *name = c_var(p->c, t->row[i].var), *size = c_dim(p->c, t->row[i].var->extent);
        const char *more = i == t->row_count - 1
                               ? arena_format(c_arena(p->c), "%s + 1 < row_count && ", row)
                               : "";
        c_open(p->c, "if (%s++%s == %s)", more, name, size);
        c_line(p->c, "%s = 0;", name);
    }
    c_line(p->c, "%s++;", c_var(p->c, t->row[0].var));
    for (int i = t->row_count - 1; i > 0; i--)
        c_close(p->c);
}

static void print_call(const Tiles *p, const char *left, const char *carry, const char *sums)
{
    const Tiling *t = p->t;
    c_line(p->c, "lt_%s_%s%s(%s, %s%s, &nest, %s, %s);", t->pairs ? "pairs" : "tile", p->suffix,
           t->width ? arena_format(c_arena(p->c), "_%d", t->width) : "", left,
           operand_text(p, t->right), chunk_step(p, t->sum[0].lanes), carry, sums);
}

static void print_tile(const Tiles *p, const char *carry, const char *sums)
{
    const Tiling *t = p->t;
    c_line(p->c, "const %s *left[tile];", p->type);
    c_open(p->c, "for (int i = 0; i < tile; i++)");
    if (t->row_count == 1 && index_uses(t->left->index, t->row[0].var))
        c_line(p->c, "const %s %s = lt_least(row + i, row_count - 1);", c_integer(p->c),
               c_var(p->c, t->row[0].var));
    c_line(p->c, "left[i] = %s%s;", operand_text(p, t->left), chunk_step(p, t->sum[0].rows));
    if (t->row_count > 1)
        print_walk(p, "row + i");
    c_close(p->c);
    print_call(p, "left", carry, sums);
}

// ---- what is done with a sum --------------------------------------------------------------------

static void print_lanes_open(const Tiles *p)
{
    c_pragma(p->c, "omp simd");
    if (lanes_divide(p))
        c_open(p->c, "for (int j = 0; j < lanes; j++)");
    else if (p->t->padded)
        c_open(p->c, "for (int j = 0; j < last; j++)");
    else
        c_open(p->c, "for (int j = skip; j < lanes; j++)");
}

static void print_lane(const Tiles *p)
{
    if (p->panel) {
        c_line(p->c, "const %s %s = %s %% %s + j;", c_integer(p->c), c_var(p->c, p->within),
               p->first_lane, c_dim(p->c, p->panel_width));
        return;
    }
    c_line(p->c, "const %s %s = %s + j;", c_integer(p->c), c_var(p->c, p->t->lane),
           p->first_lane);
}

static void print_result(const Tiles *p, const char *sum)
{
    c_line(p->c, "const %s %s = %s;", p->type, p->value, sum);
    c_body(p->c, p->after);
}

static void print_tile_after(const Tiles *p)
{
    c_open(p->c, "for (int i = 0; i < tile && row + i < last_row; i++)");
    print_point(p, "const ", p->place, p->place_count, "(row + i)");
    print_lanes_open(p);
    print_lane(p);
    print_result(p, "sum[i * lanes + j]");
    c_close(p->c);
    c_close(p->c);
}

static void print_block_after(const Tiles *p)
{
    if (p->t->turned) {
        c_open(p->c, "for (int j = %s; j < %s; j++)",
               lanes_divide(p) || p->t->padded ? "0" : "skip",
               !lanes_divide(p) && p->t->padded ? "last" : "lanes");
        print_lane(p);
        c_pragma(p->c, "omp simd");
        c_open(p->c, "for (int row = first_row; row < last_row; row++)");
        print_point(p, "const ", p->place, p->place_count, "row");
    } else {
        c_open(p->c, "for (int row = first_row; row < last_row; row++)");
        print_point(p, "const ", p->place, p->place_count, "row");
        print_lanes_open(p);
        print_lane(p);
    }
    print_result(p, "total[(row - first_row) * lanes + j]");
    c_close(p->c);
    c_close(p->c);
}

// ---- blocks -------------------------------------------------------------------------------------

static void print_rows_open(const Tiles *p)
{
    if (p->t->row_count > 1)
        print_point(p, "", p->t->row, p->t->row_count, "first_row");
    c_open(p->c, "for (int row = first_row; row < last_row; row += tile)");
}

static void print_sum(const Tiles *p)
{
    c_line(p->c, "_Alignas(64) %s sum[tile * lanes];", p->type);
    print_tile(p, "false", "sum");
}

// Pieces of a long sum, one after the other through all tiles of the block: what they read of the
// lanes' operand stays in the first cache meanwhile.
static void print_chunks(const Tiles *p)
{
    const Tiling *t = p->t;
    c_line(p->c, "_Alignas(64) %s total[block_rows * lanes];", p->type);
    c_line(p->c, "const %s *left[block_rows];", p->type);
    if (t->row_count > 1)
        print_point(p, "", t->row, t->row_count, "first_row");
    c_open(p->c, "for (int row = first_row; row < first_row + block_rows; row++)");
    if (t->row_count == 1 && index_uses(t->left->index, t->row[0].var))
        c_line(p->c, "const %s %s = lt_least(row, row_count - 1);", c_integer(p->c),
               c_var(p->c, t->row[0].var));
    c_line(p->c, "left[row - first_row] = %s;", operand_text(p, t->left));
    if (t->row_count > 1)
        print_walk(p, "row");
    c_close(p->c);
    c_open(p->c, "for (int turn = 0; turn < %s; turn += %d)", c_dim(p->c, t->sum[0].count),
           (int)t->chunk);
    c_line(p->c, "nest.start = (ptrdiff_t)turn * %s;", c_dim(p->c, t->sum[0].rows));
    c_line(p->c, "nest.loop[%d].count = lt_least(%d, %s - turn);", tile_loops - t->sum_count,
           (int)t->chunk, c_dim(p->c, t->sum[0].count));
    c_line(p->c, "for (int row = 0; row < last_row - first_row; row += tile)");
    p->c->depth++;
    print_call(p, "left + row", "turn > 0", "total + row * lanes");
    p->c->depth--;
    c_close(p->c);
    print_block_after(p);
}

static void print_turned(const Tiles *p)
{
    c_line(p->c, "_Alignas(64) %s total[block_rows * lanes];", p->type);
    print_rows_open(p);
    print_tile(p, "false", "total + (row - first_row) * lanes");
    c_close(p->c);
    print_block_after(p);
}

static void print_straight(const Tiles *p)
{
    print_rows_open(p);
    print_sum(p);
    print_tile_after(p);
    c_close(p->c);
}

// ---- parts --------------------------------------------------------------------------------------

// Each part of the batch adds up sums of its own, chunk by chunk through all tiles.
static void print_parts(const Tiles *p)
{
    const Tiling *t = p->t;
    const char *partial = c_buffer(p->c, t->partial);
    c_written(p->c, t->partial);
    c_share(p->c, "");
    c_open(p->c, "for (int unit = 0; unit < %sparts; unit++)", outer_text(p));
    print_point(p, "const ", t->outer, t->outer_count, "(unit / parts)");
    c_line(p->c, "const int start = unit %% parts * part_turns;");
    c_line(p->c, "const int end = lt_least(start + part_turns, turns);");
    c_line(p->c, "%s *into = %s + (ptrdiff_t)unit * panels * tiles * tile * lanes;", p->type,
           partial);
    c_open(p->c, "for (int turn = start; turn < end; turn += chunk)");
    c_line(p->c, "nest.loop[%d].count = lt_least(chunk, end - turn);", tile_loops - t->sum_count);
    c_open(p->c, "for (int panel = 0; panel < panels; panel++)");
    print_first_lane(p);
    if (t->row_count > 1)
        print_point(p, "", t->row, t->row_count, "0");
    c_open(p->c, "for (int row = 0; row < row_count; row += tile)");
    print_tile(p, "turn > start", "into + (panel * tiles + row / tile) * tile * lanes");
    for (int i = 0; i < 4; i++)
        c_close(p->c);
}

static void print_parts_joined(const Tiles *p)
{
    const Tiling *t = p->t;
    c_barrier(p->c);
    c_share(p->c, "");
    c_open(p->c, "for (int unit = 0; unit < %spanels * tiles; unit++)", outer_text(p));
    c_line(p->c, "const int panel = unit / tiles %% panels, row = unit %% tiles * tile;");
    c_line(p->c, "const int last_row = row_count;");
    print_point(p, "const ", t->outer, t->outer_count, "(unit / (panels * tiles))");
    print_first_lane(p);
    print_live_lanes(p);
    c_line(p->c, "_Alignas(64) %s sum[tile * lanes];", p->type);
    c_line(p->c, "for (int i = 0; i < tile * lanes; i++) sum[i] = 0;");
    c_open(p->c, "for (int part = 0; part < parts; part++)");
    c_line(p->c, "const int at = (unit / (panels * tiles) * parts + part) * panels * tiles +");
    c_line(p->c, "               unit %% (panels * tiles);");
    c_line(p->c, "const %s *from = %s + (ptrdiff_t)at * tile * lanes;", p->type,
           c_buffer(p->c, t->partial));
    c_pragma(p->c, "omp simd");
    c_line(p->c, "for (int i = 0; i < tile * lanes; i++) sum[i] += from[i];");
    c_close(p->c);
    print_tile_after(p);
    c_close(p->c);
}

// ---- rows in one run ----------------------------------------------------------------------------

// True if along the rows, flattened, the index goes by one stride.
static bool runs_through(const Tiles *p, const Index *index)
{
    const Tiling *t = p->t;
    Dim innermost;
    if (!index)
        return true;
    if (!index_stride(index, t->row[t->row_count - 1].var, &innermost))
        return false;
    for (int i = 0; i < t->row_count - 1; i++) {
        Dim stride;
        const Dim below = loops_size(t->row + i + 1, t->row_count - i - 1);
        if (!index_stride(index, t->row[i].var, &stride) ||
            !dim_equal(stride, dim_mul(innermost, below)))
            return false;
    }
    return true;
}

static bool expr_runs_through(const Tiles *p, const Expr *e)
{
    bool through = runs_through(p, e->index);
    for (int i = 0; i < e->operand_count && through; i++)
        through = expr_runs_through(p, e->operand[i]);
    return through;
}

static const Index *index_over(const Tiles *p, const Index *index, const Index *place)
{
    const int last = p->t->row_count - 1;
    for (int i = 0; i < last; i++)
        index = index_substitute(p->context, index, p->t->row[i].var, index_number(p->context, 0));
    return index_substitute(p->context, index, p->t->row[last].var, place);
}

static const Expr *expr_over(const Tiles *p, const Expr *e, const Index *place)
{
    const int last = p->t->row_count - 1;
    for (int i = 0; i < last; i++)
        e = expr_substitute(p->context, e, p->t->row[i].var, index_number(p->context, 0));
    return expr_substitute(p->context, e, p->t->row[last].var, place);
}

// What is done with sums needs no row, image and pixel apart if it is dense over all of them.
static void join_places(Tiles *p)
{
    const Body *after = &p->stage->after;
    p->after = after;
    p->place = p->t->row;
    p->place_count = p->t->row_count;
    for (int i = 0; i < after->count; i++)
        if (p->t->row_count < 2 || !expr_runs_through(p, after->item[i].value) ||
            !runs_through(p, after->item[i].index))
            return;
    Arena *arena = c_arena(p->c);
    Body *joined = arena_copy(arena, after, sizeof *after);
    Loop *place = arena_alloc(arena, sizeof *place);
    joined->item = arena_copy(arena, after->item, sizeof(Item) * (size_t)after->count);
    place->var = var_new(p->context, "place", loops_size(p->t->row, p->t->row_count));
    const Index *at = index_var(p->context, place->var);
    for (int i = 0; i < joined->count; i++) {
        Item *item = &joined->item[i];
        item->value = expr_over(p, item->value, at);
        item->index = item->index ? index_over(p, item->index, at) : NULL;
    }
    p->after = joined;
    p->place = place;
    p->place_count = 1;
}

// True if a store is cut along the lanes into panels that hold whole tiles; then their width.
static bool stores_panels(Tiles *p)
{
    const Dim tile = dim_of(widest(p));
    for (int i = 0; i < p->after->count; i++) {
        Dim width, stride, count;
        const Index *index = p->after->item[i].index;
        if (index && index_cut_stride(index, p->t->lane, &width, &stride) &&
            dim_divides(width, tile, &count)) {
            p->panel_width = width;
            return true;
        }
    }
    return false;
}

// A tile lies within one panel of what it stores: with the panel and the place in it as variables,
// places are sums of strides.
static void cut_lanes(Tiles *p)
{
    const Var *lane = p->t->lane;
    Dim count;
    if (!lanes_divide(p) || !stores_panels(p) ||
        !dim_divides(lane->extent, p->panel_width, &count))
        return;
    p->panel = var_new(p->context, "group", count);
    p->within = var_new(p->context, "lane", p->panel_width);
    const Index *at = index_add(p->context,
                                index_scale(p->context, index_var(p->context, p->panel),
                                            p->panel_width),
                                index_var(p->context, p->within));
    Body *cut = arena_copy(c_arena(p->c), p->after, sizeof *cut);
    cut->item = arena_copy(c_arena(p->c), cut->item, sizeof(Item) * (size_t)cut->count);
    for (int i = 0; i < cut->count; i++) {
        Item *item = &cut->item[i];
        item->value = expr_substitute(p->context, item->value, lane, at);
        item->index = item->index ? index_substitute(p->context, item->index, lane, at) : NULL;
    }
    p->after = cut;
}

// Names that the text below uses; whoever comes later gets another.
static void take_names(C *c)
{
    static const char *const names[] = {
        "tile", "lanes", "block_rows", "row_count", "lane_count", "panels", "blocks", "units",
        "nest", "unit", "block", "panel", "first_row", "last_row", "last", "skip", "row", "left",
        "sum", "i", "j", "into", "total", "turn", "tiles", "turns", "parts", "part", "part_turns",
        "chunk", "start", "end", "from", "at",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        c_keep(c, names[i]);
}

void c_contraction(C *c, const Kernel *kernel)
{
    Tiles p = tiles_of(c, kernel);
    take_names(c);
    p.value = c_acc(c, &p.stage->acc[0]);
    p.first = var_new(p.context, "first_lane", p.t->lanes);
    join_places(&p);
    cut_lanes(&p);
    if (p.t->parts)
        c_line(c, "enum { tile = lt_rows, lanes = %s, chunk = %d, part_turns = %d };",
               lanes_text(&p), (int)p.t->chunk, (int)p.t->part_turns);
    else
        c_line(c, "enum { tile = lt_rows, lanes = %s, block_rows = %d };", lanes_text(&p),
               (int)p.t->block);
    print_sizes(&p);
    print_nest(&p);
    p.first_lane = c_var(c, p.first);
    if (p.t->parts) {
        print_parts(&p);
        print_parts_joined(&p);
        return;
    }
    c_share(c, "");
    c_open(c, "for (int unit = 0; unit < units; unit++)");
    print_unit(&p);
    if (p.t->chunk)
        print_chunks(&p);
    else if (p.t->turned)
        print_turned(&p);
    else
        print_straight(&p);
    c_close(c);
}
