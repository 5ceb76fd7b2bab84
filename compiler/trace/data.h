// data.h: what the files of data blocks share: data.c (the block and what it exports), source.c
// (files and their columns), sample.c (the graphs that make a row of the batch).
//
// Files are opened through the reader that programs use too (runtime/data/reader.h), for their
// schema, and read whole only where the spec asks for what lies in the rows: greatest labels,
// texts. Nothing of a file is kept but that.
#pragma once
#include "tracer.h"

// Columns that `sample` takes, or all of the source if there is no `sample`.
bool match_columns(Tracer *t, DataPart *data, const Ast *sample);
// The field of that name, or spelled alike; NULL: none, or several.
SourceField *field_named(const SourceInfo *source, const char *name);
// source = (train = …, test = …): the sources of `other` parts beside `source`. Columns get the
// types that hold the rows of all.
bool unite_sources(Tracer *t, SourceInfo *source, SourceInfo *other, Span span);
// Reads greatest values and texts; false: the file cannot be read any more, reported.
bool scan_column(Tracer *t, const SourceInfo *source, SourceField *field);
bool column_is_label(const RawColumn *column);          // one whole number a row
// The index of a text among those that the spec asks for.
int ask_word(Tracer *t, RawColumn *column, const char *word);

void fill_raw(Tracer *t, DataPart *data);
void trace_sample(Tracer *t, DataPart *data, const Ast *sample);
