/* language.h - tags of languages (BCP 47), and which of them a zone wants to hear. Thread: any. */
#ifndef LOA_LANGUAGE_H
#define LOA_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#define LANGUAGE_SIZE 16 /* with its NUL: zh-Hant-TW, hmn, vi */
#define LANGUAGES_MAX 4
#define LANGUAGES_TEXT_SIZE (LANGUAGES_MAX * LANGUAGE_SIZE) /* all with commas between, "hmn,vi" */

/* What a zone wants to hear, in this order; none: everything as it is written. */
struct languages {
    size_t count;
    char at[LANGUAGES_MAX][LANGUAGE_SIZE];
};

void languages_print(const struct languages *l, char ret_text[LANGUAGES_TEXT_SIZE]);

/* Read what languages_print() wrote; what is no tag is left out. */
void languages_parse(const char *text, struct languages *ret_languages);

/* Letters, then groups of letters and digits after hyphens, shorter than LANGUAGE_SIZE. */
bool language_valid(const char *tag);

#endif
