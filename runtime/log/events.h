// events.h: TensorBoard event files: scalars, histograms and images.
//
// An event file is a TFRecord file (tensorflow/core/lib/io/record_writer.h): each record is the
// length of its data in 8 bytes, a masked CRC-32C of those, the data, and a masked CRC-32C of the
// data, all little-endian. The data is an Event protobuf (tensorflow/core/util/event.proto). A
// resumed run begins a new file in the same folder, whose second event says from which step on
// older files no longer count (SessionLog START, which TensorBoard answers by purging them).
#pragma once
#include "log/picture.h"
#include "log/record.h"

enum { LT_EVENTS_BUFFER = 1 << 16 };

struct lt_events_file {
    int file;                   // -1: closed
    char *path;
    size_t used;
    unsigned char *buffer;
    uint32_t table[256];        // of the checksum
};

bool lt_events_open(struct lt_events_file *events, const char *folder, int64_t from_step,
                    struct lt_fault *fault);
bool lt_events_write(struct lt_events_file *events, const struct lt_record *record,
                     struct lt_fault *fault);
// `bytes` is what lt_picture_bytes gave.
bool lt_events_picture(struct lt_events_file *events, const char *name, int64_t step, bool image,
                       const struct lt_bytes *bytes, struct lt_fault *fault);
bool lt_events_flush(struct lt_events_file *events, struct lt_fault *fault);
bool lt_events_close(struct lt_events_file *events, struct lt_fault *fault);
