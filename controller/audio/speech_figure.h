/* speech_figure.h - what is written in figures, read in words: dates, times, telephone numbers, decimals,
 * fractions, ranges and plain numbers with their units.
 *
 * Vietnamese habits of writing: 22/11/2026, 17h30, 1.250.000 đồng, 3,5 m, 0912 345 678. Thread: any. */
#ifndef LOA_SPEECH_FIGURE_H
#define LOA_SPEECH_FIGURE_H

#include <stddef.h>
#include <stdio.h>

/* Read one figure.
 *
 *   text    starts with an ASCII digit, or with '+' and one; NUL-terminated
 *   before  the word before it in lower case, "" when there is none: it decides what a figure means
 *
 * Returns how many bytes of `text` were read, at least 1. */
size_t speech_figure(FILE *out, const char *text, const char *before);

/* A Roman numeral of I..XXXIX at the start of `text` that ends there as a word, or 0.
 * *ret_len is its length. */
unsigned speech_figure_roman(const char *text, size_t *ret_len);

#endif
