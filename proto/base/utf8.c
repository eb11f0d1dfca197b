#include "utf8.h"

#include <stdint.h>

/* Length of the well-formed sequence at p, 0 when there is none (RFC 3629 section 4). */
static size_t utf8_sequence(const unsigned char *p, size_t left, uint32_t *ret_code)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xC0 ? 0
               : p[0] < 0xE0 ? 2
               : p[0] < 0xF0 ? 3
               : p[0] < 0xF8 ? 4
                             : 0;
    uint32_t code;

    if (n == 0 || n > left)
        return 0;
    code = n == 1 ? p[0] : p[0] & (0x7FU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3FU);
    }
    if (code < smallest[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *ret_code = code;
    return n;
}

bool utf8_valid(const char *text, size_t len, bool multiline)
{
    const unsigned char *p = (const unsigned char *)text;

    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t n = utf8_sequence(p + at, len - at, &code);

        if (n == 0)
            return false;
        if ((code < 0x20 || (code >= 0x7F && code < 0xA0)) &&
            !(multiline && (code == '\n' || code == '\t')))
            return false;
        at += n;
    }
    return true;
}
