// kinks.h: the stated rule of every point where a derivative has none.
#pragma once

int test_kinks(void);                   // number of failures; says each
