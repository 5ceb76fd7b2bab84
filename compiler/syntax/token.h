// token.h: what the rules of grammar/lexer.l call.
//
// A rule that has to look closer, or that reports something, is one call into token.c. Each
// `scan_...` that returns a kind has reported its word, and the kind is what was meant.
#pragma once
#include "parse.h"

typedef struct Scan {
    Parse *p;
    Tokens *words;
    uint32_t at;                // behind the last match
    uint32_t start;             // of a string over several lines
    uint32_t line;              // where the line begins
    int lines;                  // how many were before it
    int indent;                 // of its first word
    bool fresh;                 // no word on this line yet
    bool said;                  // the next word has a message already
    uint32_t stray;             // behind the last character without a meaning
    int depth;                  // open brackets, about
    Span doc;                   // `##` lines that wait for what they describe
} Scan;

void spec_scan(Scan *scan, const char *text, size_t length);            // lexer.l
bool scan_word(Scan *scan, int kind, Span span);                        // false: stop

void scan_line(Scan *scan);
int scan_percent(Scan *scan, const Span *span);
int scan_glued(Scan *scan, const Span *span);
int scan_no_whole(Scan *scan, const Span *span);
int scan_single_quotes(Scan *scan, const Span *span);
int scan_triple(Scan *scan, Span *span);
int scan_foreign(Scan *scan, const Span *span);
void scan_self(Scan *scan, const Span *span);
void scan_comment(Scan *scan, const Span *span);
void scan_beyond_ascii(Scan *scan, const Span *span);
void scan_stray(Scan *scan, const Span *span);

// How many bytes belong to the word: of `5 epochs` or `5 when`, of `1.` or `0..`, of a string
// without an end.
size_t scan_open_string(Scan *scan, const Span *span);
size_t scan_measure(const char *text, size_t length);
size_t scan_point(Scan *scan, const Span *span, const char *text);
