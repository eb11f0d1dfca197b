/* cap_words.h - the words of CAP's enumerations, and ours.
 *
 * Words are exact: another case is another word. Position 0 of each table stands for no such word.
 * Thread: any. */
#ifndef LOA_CAP_WORDS_H
#define LOA_CAP_WORDS_H

#include <stddef.h>

#define CAP_WORDS_MAX 13

struct cap_words {
    const char *words[CAP_WORDS_MAX + 1]; /* ends with NULL after position 1.. */
};

extern const struct cap_words cap_words_status, cap_words_type, cap_words_scope, cap_words_urgency,
    cap_words_severity, cap_words_certainty, cap_words_category, cap_words_response;
extern const struct cap_words cap_words_level; /* by enum priority, "none" first */
extern const struct cap_words cap_words_action; /* by enum cap_action */

/* Position of a word of `len` bytes, 0 when it is none (or the first). */
int cap_words_find(const struct cap_words *table, const char *text, size_t len);

#endif
