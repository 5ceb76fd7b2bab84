// visit.h: which buffers a kernel touches, and whether two kernels may run side by side.
#pragma once
#include "kernel.h"

typedef void SeeBuffer(void *data, Buffer *buffer, bool written);

// Every load and store, in the order of the text; a buffer may be seen more than once.
void kernel_visit(const Kernel *kernel, SeeBuffer *see, void *data);

typedef struct Touch {
    Buffer *buffer;
    bool written;
} Touch;

typedef struct Touches {                // of a kernel: each buffer once
    Touch *touch;
    int count, capacity;
} Touches;

Touches kernel_touches(Arena *arena, const Kernel *kernel);
// True if one writes bytes that the other touches; offsets must be set.
bool touches_conflict(const Touches *a, const Touches *b);
