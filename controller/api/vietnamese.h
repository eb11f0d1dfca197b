/* vietnamese.h - say a sentence of the station in Vietnamese.
 *
 * Sentences are made in English where something is refused (err_set), by code that knows nothing of who
 * reads them. Here the finished sentence is matched with the formats of the catalogue (vi.po), what its
 * conversions brought along is taken out, and put into the Vietnamese format. The format with the most
 * letters of its own wins. Pure. Thread: any. */
#ifndef LOA_VIETNAMESE_H
#define LOA_VIETNAMESE_H

#include <stdbool.h>
#include <stddef.h>

struct vietnamese_pair {
    const char *english; /* a printf format */
    const char *text; /* the same conversions, in order or numbered */
};

extern const struct vietnamese_pair vietnamese_pairs[]; /* made from vi.po */
extern const size_t vietnamese_count;

/* Translate.
 *
 *   ret_text  size bytes, always terminated; cut at a character when it is too small
 *
 * False: the catalogue does not know the sentence; ret_text holds it as it is. */
bool vietnamese(const char *sentence, char *ret_text, size_t size);

/* True when an Accept-Language header (RFC 9110 12.5.4) prefers Vietnamese to English. */
bool vietnamese_is_wanted(const char *accept_language);

#endif
