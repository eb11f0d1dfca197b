/* fold.h - compare texts as people search them: no case, no diacritics of Vietnamese, đ as d.
 *
 * "Bão lũ", "BAO LU" and "bao lũ" are one. Composed and decomposed letters count alike. Pure.
 * Thread: any. */
#ifndef LOA_FOLD_H
#define LOA_FOLD_H

#include <stddef.h>

/* Fold UTF-8; broken bytes are copied as they are.
 *
 *   ret_text  len + 1 bytes; the result is never longer
 *
 * Returns its length. */
size_t fold_text(const char *text, size_t len, char *ret_text);

#endif
