#include "share.h"
#include "../base/mutant.h"
#include "../trace/host.h"
#include "../trace/program.h"
#include <string.h>

struct Sharing {
    Arena *arena;
    Node **slot;                // open addressing, a power of two
    int capacity, count;
};

Sharing *sharing_new(Arena *arena)
{
    Sharing *sharing = arena_alloc(arena, sizeof *sharing);
    sharing->arena = arena;
    sharing->capacity = 256;
    sharing->slot = arena_alloc(arena, sizeof(Node *) * 256);
    return sharing;
}

// ---- hashing ------------------------------------------------------------------------------------

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 29;
}

static uint64_t number_bits(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

// x + y is y + x to the bit. A maximum is not so: of 0 and -0 it is the second.
static bool commutes(Prim prim)
{
    return prim == P_ADD || prim == P_MUL || prim == P_EQ || prim == P_NE || prim == P_AND
        || prim == P_OR || (prim == P_SUB && MUTANT(share_turned));
}

// What differs often is hashed; node_same looks at all.
static uint64_t node_hash(const Node *node)
{
    const Attr *attr = node->attr;
    uint64_t hash = hash_add((uint64_t)node->prim, (uint64_t)node->dtype);
    for (int i = 0; i < node->shape.rank; i++) {
        hash = hash_add(hash, (uint64_t)node->shape.dim[i].scale);
        hash = hash_add(hash, (uint64_t)attr->start[i] + (uint64_t)attr->order[i]);
    }
    if (commutes(node->prim))
        hash = hash_add(hash, (uint64_t)node->input[0]->id + (uint64_t)node->input[1]->id);
    for (int i = 0; !commutes(node->prim) && i < node->input_count; i++)
        hash = hash_add(hash, (uint64_t)node->input[i]->id);
    hash = hash_add(hash, number_bits(attr->number));
    hash = hash_add(hash, attr->axes + ((uint64_t)attr->axis << 32));
    hash = hash_add(hash, attr->site + (uint64_t)attr->index);
    return hash_add(hash, attr->variable ? (uint64_t)attr->variable->id : 0);
}

// ---- equality -----------------------------------------------------------------------------------

static bool text_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

// Trees are shared freely, so a walk of all of one could take for ever: below `depth` only the
// same tree is the same number.
static bool host_same(const HostExpr *a, const HostExpr *b, int depth)
{
    if (a == b)
        return true;
    if (!a || !b || depth == 0)
        return false;
    return a->op == b->op && a->type == b->type && a->index == b->index
        && number_bits(a->number) == number_bits(b->number) && text_same(a->text, b->text)
        && host_same(a->a, b->a, depth - 1) && host_same(a->b, b->b, depth - 1)
        && host_same(a->c, b->c, depth - 1);
}

static bool window_same(const Window *a, const Window *b)
{
    if (a->spatial != b->spatial || a->groups != b->groups)
        return false;
    for (int i = 0; i < a->spatial; i++)
        if (a->size[i] != b->size[i] || a->stride[i] != b->stride[i] || a->low[i] != b->low[i]
            || a->high[i] != b->high[i] || a->dilation[i] != b->dilation[i])
            return false;
    return true;
}

static bool attr_same(const Attr *a, const Attr *b)
{
    for (int i = 0; i < max_rank; i++)
        if (a->order[i] != b->order[i] || a->start[i] != b->start[i] || a->step[i] != b->step[i]
            || a->low[i] != b->low[i] || a->high[i] != b->high[i])
            return false;
    return number_bits(a->number) == number_bits(b->number) && a->axes == b->axes
        && a->axis == b->axis && a->batch == b->batch && a->contracted == b->contracted
        && a->reverse == b->reverse && a->descending == b->descending && a->site == b->site
        && a->index == b->index && a->variable == b->variable
        && window_same(&a->window, &b->window) && host_same(a->host, b->host, 6);
}

static bool inputs_same(const Node *a, const Node *b)
{
    if (commutes(a->prim) && a->input[0] == b->input[1] && a->input[1] == b->input[0])
        return true;
    for (int i = 0; i < a->input_count; i++)
        if (a->input[i] != b->input[i])
            return false;
    return true;
}

static bool node_same(const Node *a, const Node *b)
{
    if (a->prim != b->prim || a->dtype != b->dtype || a->input_count != b->input_count
        || !shape_equal(&a->shape, &b->shape))
        return false;
    if (MUTANT(share_attributes))
        return inputs_same(a, b);
    return inputs_same(a, b) && attr_same(a->attr, b->attr);
}

// ---- the table ----------------------------------------------------------------------------------

static void sharing_insert(Sharing *sharing, Node *node)
{
    const uint64_t mask = (uint64_t)sharing->capacity - 1;
    uint64_t at = node_hash(node) & mask;
    while (sharing->slot[at])
        at = (at + 1) & mask;
    sharing->slot[at] = node;
}

static void sharing_double(Sharing *sharing)
{
    Node **old = sharing->slot;
    const int count = sharing->capacity;
    sharing->capacity = 2 * count;
    sharing->slot = arena_alloc(sharing->arena, sizeof(Node *) * (size_t)sharing->capacity);
    for (int i = 0; i < count; i++)
        if (old[i])
            sharing_insert(sharing, old[i]);
}

Node *sharing_find(Sharing *sharing, Node *node)
{
    const uint64_t mask = (uint64_t)sharing->capacity - 1;
    for (uint64_t at = node_hash(node) & mask; sharing->slot[at]; at = (at + 1) & mask) {
        Node *other = sharing->slot[at];
        if (node_same(other, node) && guard_covers(other->guard, node->guard)) {
            if (!other->name)
                other->name = node->name;
            return other;
        }
    }
    if (2 * ++sharing->count > sharing->capacity)
        sharing_double(sharing);
    sharing_insert(sharing, node);
    return node;
}
