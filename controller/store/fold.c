#include "fold.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Letters that follow each other and have one base; ends with base 0. */
static const struct {
    uint16_t from, to;
    char base;
} ranges[] = {
    {0x00C0, 0x00C5, 'a'}, {0x00C7, 0x00C7, 'c'}, {0x00C8, 0x00CB, 'e'}, {0x00CC, 0x00CF, 'i'},
    {0x00D0, 0x00D0, 'd'}, {0x00D1, 0x00D1, 'n'}, {0x00D2, 0x00D6, 'o'}, {0x00D8, 0x00D8, 'o'},
    {0x00D9, 0x00DC, 'u'}, {0x00DD, 0x00DD, 'y'}, {0x00E0, 0x00E5, 'a'}, {0x00E7, 0x00E7, 'c'},
    {0x00E8, 0x00EB, 'e'}, {0x00EC, 0x00EF, 'i'}, {0x00F0, 0x00F0, 'd'}, {0x00F1, 0x00F1, 'n'},
    {0x00F2, 0x00F6, 'o'}, {0x00F8, 0x00F8, 'o'}, {0x00F9, 0x00FC, 'u'}, {0x00FD, 0x00FD, 'y'},
    {0x00FF, 0x00FF, 'y'}, {0x0100, 0x0105, 'a'}, {0x0110, 0x0111, 'd'}, {0x0128, 0x0129, 'i'},
    {0x0168, 0x0169, 'u'}, {0x01A0, 0x01A1, 'o'}, {0x01AF, 0x01B0, 'u'}, {0x1EA0, 0x1EB7, 'a'},
    {0x1EB8, 0x1EC7, 'e'}, {0x1EC8, 0x1ECB, 'i'}, {0x1ECC, 0x1EE3, 'o'}, {0x1EE4, 0x1EF1, 'u'},
    {0x1EF2, 0x1EF9, 'y'}, {0, 0, '\0'},
};

/* Length of the character at `at`, 1 for what is broken; its code, or 0. */
static size_t read_char(const uint8_t *at, size_t left, uint32_t *ret_code)
{
    *ret_code = 0;
    if (left >= 2 && (at[0] & 0xE0) == 0xC0 && (at[1] & 0xC0) == 0x80) {
        *ret_code = (at[0] & 0x1FU) << 6 | (at[1] & 0x3FU);
        return 2;
    }
    if (left >= 3 && (at[0] & 0xF0) == 0xE0 && (at[1] & 0xC0) == 0x80 && (at[2] & 0xC0) == 0x80) {
        *ret_code = (at[0] & 0x0FU) << 12 | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
        return 3;
    }
    return 1;
}

static char base_of(uint32_t code)
{
    for (size_t i = 0; ranges[i].base != '\0'; i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return ranges[i].base;
    return '\0';
}

size_t fold_text(const char *text, size_t len, char *ret_text)
{
    size_t out = 0;

    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t n = read_char((const uint8_t *)text + at, len - at, &code);
        char base = base_of(code);

        if (base != '\0') {
            ret_text[out++] = base;
        } else if (code < 0x0300 || code > 0x036F) { /* not a combining mark */
            memcpy(ret_text + out, text + at, n);
            if (n == 1 && text[at] >= 'A' && text[at] <= 'Z')
                ret_text[out] = (char)(text[at] - 'A' + 'a');
            out += n;
        }
        at += n;
    }
    ret_text[out] = '\0';
    return out;
}
