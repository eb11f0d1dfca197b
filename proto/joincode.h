/* joincode.h - the join code that a technician types or scans to bring a node into a station.
 *
 * 32 Crockford base-32 characters in groups of four: 8 bytes of secret, then the first 12 bytes of the
 * SHA-256 of the station CA's certificate (DER), which the node pins before it says anything.
 * PROTOCOL.md section 8. Thread: any. */
#ifndef LOA_JOINCODE_H
#define LOA_JOINCODE_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define JOINCODE_SECRET_BYTES 8
#define JOINCODE_PIN_BYTES 12
#define JOINCODE_TEXT_SIZE 40 /* 32 characters, 7 hyphens, NUL */

struct joincode {
    uint8_t secret[JOINCODE_SECRET_BYTES];
    uint8_t ca_pin[JOINCODE_PIN_BYTES];
};

void joincode_format(const struct joincode *code, char ret_text[JOINCODE_TEXT_SIZE]);

/* Read what a person typed: any case, hyphens and spaces ignored, O read as 0, I and L as 1.
 *
 * ERR_FORMAT  another length or an impossible character; detail says which */
MUST_USE enum err joincode_parse(const char *text, struct joincode *ret_code,
                                 struct err_detail *detail);

#endif
