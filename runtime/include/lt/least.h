// least.h: the smaller of two counts.
#pragma once

static inline int lt_least(int x, int y)
{
    return x < y ? x : y;
}
