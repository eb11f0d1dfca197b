/* speech_number.h - numbers as Vietnamese words, in the northern standard ("nghìn", "linh").
 *
 * Appends to a stream without spaces around. Thread: any. */
#ifndef LOA_SPEECH_NUMBER_H
#define LOA_SPEECH_NUMBER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* 2026 → "hai nghìn không trăm hai mươi sáu"; every uint64_t. */
void speech_number(FILE *out, uint64_t n);

/* "0234" → "không hai ba bốn"; what is no digit is left out. */
void speech_number_digits(FILE *out, const char *digits, size_t len);

#endif
