/* speech_text.h - from what an operator typed to what a speech program should read.
 *
 * Text is checked, put into composed form (Unicode NFC) and written out as a person would read it:
 * numbers, dates, times, telephone numbers, units, abbreviations, Roman numerals, and the station's own
 * dictionary of names, which goes first. What has no sound (emoji, box drawings, zero-width characters)
 * is left out. Pure: no files, no locale. Thread: any. */
#ifndef LOA_SPEECH_TEXT_H
#define LOA_SPEECH_TEXT_H

#include <stddef.h>

#include "err.h"

#define SPEECH_TEXT_MAX 20000 /* bytes typed: some 20 minutes of speech */

/* One entry of the station's dictionary: a whole word or several, upper and lower case as written. */
struct speech_entry {
    const char *written;
    const char *spoken;
};

/* Write out a text.
 *
 *   text      UTF-8, `len` bytes, 1..SPEECH_TEXT_MAX; line feeds and tabs are the only control characters
 *   entries   borrowed for the call; the longest that fits is taken
 *   ret_text  NUL-terminated, one sentence or line a line; free() it
 *   detail    one sentence for the operator
 *
 * ERR_FORMAT  not UTF-8, control characters, or nothing in it can be spoken
 * ERR_LIMIT   empty or too long
 * ERR_NOMEM */
MUST_USE enum err speech_text(const char *text, size_t len, const struct speech_entry *entries,
                              size_t entry_count, char **ret_text, struct err_detail *detail);

#endif
