// arena.h: the memory of one compilation.
//
// Everything a pass makes lives in one arena and is freed as a whole; nothing in the compiler
// calls free. Memory comes zeroed. Running out of it ends the process with one sentence, so
// callers never see NULL.
#pragma once
#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define LTC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define LTC_NORETURN __attribute__((noreturn))
#else
#define LTC_PRINTF(text, first)
#define LTC_NORETURN
#endif

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *arena);

void *arena_alloc(Arena *arena, size_t bytes);                  // zeroed, 16-byte aligned
void *arena_copy(Arena *arena, const void *bytes, size_t count);
char *arena_string(Arena *arena, const char *text, size_t length);      // adds the final NUL
char *arena_format(Arena *arena, const char *format, ...) LTC_PRINTF(2, 3);
char *arena_vformat(Arena *arena, const char *format, va_list list);

// Room for one more element behind `count`; doubles as needed. Returns the array, maybe moved.
void *arena_grow(Arena *arena, void *array, int count, int *capacity, size_t element);

// A fault of ours: says where and what, then exits with status 3.
void bug(const char *format, ...) LTC_PRINTF(1, 2) LTC_NORETURN;
