// named_axes.h: strings that name the axes of tensors, "b (h p) -> b h p".
//
// Names stand apart by blanks. `( )` holds the parts of one axis, `1` is an axis of size 1, `..`
// stands for axes without names. What is wrong with a string is reported here, at its place in it.
#pragma once
#include "builtins.h"

enum { most_names = 32 };

typedef struct AxisName {
    const char *name;           // an atom; "1"; ".." until its axes are known, then "..0", "..1"
    size_t begin, end;          // in the string
    int group;                  // axis of the tensor that it is, or is a part of
    bool inside;                // of parentheses
} AxisName;

typedef struct Axes {           // one side, or one operand
    AxisName axis[most_names];
    int count, groups;
    int rest;                   // index of `..`, or -1
    size_t begin, end;
} Axes;

typedef struct Notation {
    Tracer *t;
    const char *text;
    Span span;                  // of the argument
} Notation;

// The place of a stretch of the string; of all of it where the spec spells it with escapes.
Span spot(const Notation *n, size_t begin, size_t end);
bool notation_arrow(const Notation *n, size_t *arrow);
// Reads the stretch begin..end of the string; parentheses where `groups` allows them.
bool notation_axes(const Notation *n, size_t begin, size_t end, bool groups, Axes *axes);
bool too_many_axes(const Notation *n, int count);   // axes for a tensor, reported

int axes_index(const Axes *axes, const char *name);     // -1: not there
bool axes_is_one(const AxisName *axis);
// Puts `count` axes without names in the place of `..`; they are counted from the last.
bool axes_expand(const Notation *n, Axes *axes, int count);

Value *call_einsum(Tracer *t, Span span, const Argument *argument, int count, void *data);
