// table.h: numbers by name or by address.
//
// Keys stay the caller's: names must live as long as the table. Nothing is ever taken out.
#pragma once
#include "arena.h"
#include <stdbool.h>

typedef struct Table Table;

Table *table_new(Arena *arena);
int table_name(const Table *table, const char *name);           // its number, -1: not in the table
int table_address(const Table *table, const void *address);
void table_put_name(Table *table, const char *name, int number);        // again: a new number
void table_put_address(Table *table, const void *address, int number);
