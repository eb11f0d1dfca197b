/* speech_words.h - how Vietnamese abbreviations, units and letters are read aloud.
 *
 * Tables only. Thread: any. */
#ifndef LOA_SPEECH_WORDS_H
#define LOA_SPEECH_WORDS_H

#include <stddef.h>

/* The longest abbreviation at the start of `text` that is not the beginning of a longer word.
 *
 * Returns its spoken form, NULL when there is none; *ret_len is its length in bytes. */
const char *speech_words_abbreviation(const char *text, size_t *ret_len);

/* The same for a unit of measure that follows a number ("km/h", "m²", "đ", "%"). */
const char *speech_words_unit(const char *text, size_t *ret_len);

/* Name of a capital letter A..Z or Đ at the start of `text`, NULL when it is something else. */
const char *speech_words_letter(const char *text, size_t *ret_len);

#endif
