#include "joincode.h"

#include <ctype.h>
#include <string.h>

#define CODE_BYTES (JOINCODE_SECRET_BYTES + JOINCODE_PIN_BYTES)
#define CODE_DIGITS (CODE_BYTES * 8 / 5)
#define GROUP_DIGITS 4

_Static_assert(CODE_DIGITS * 5 == CODE_BYTES * 8, "no bits left over");
_Static_assert(CODE_DIGITS + CODE_DIGITS / GROUP_DIGITS == JOINCODE_TEXT_SIZE, "text size");

/* Crockford's base 32: no I, L, O (they are read as digits) and no U. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void joincode_format(const struct joincode *code, char ret_text[JOINCODE_TEXT_SIZE])
{
    uint8_t raw[CODE_BYTES];
    char *to = ret_text;

    memcpy(raw, code->secret, JOINCODE_SECRET_BYTES);
    memcpy(raw + JOINCODE_SECRET_BYTES, code->ca_pin, JOINCODE_PIN_BYTES);
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        unsigned value = 0;

        for (size_t bit = i * 5; bit < i * 5 + 5; bit++)
            value = value << 1 | ((unsigned)raw[bit / 8] >> (7 - bit % 8) & 1U);
        if (i > 0 && i % GROUP_DIGITS == 0)
            *to++ = '-';
        *to++ = digits[value];
    }
    *to = '\0';
}

/* Value of one typed character, or -1. */
static int digit_value(char c)
{
    char upper = (char)toupper((unsigned char)c);
    const char *at;

    if (upper == 'O')
        return 0;
    if (upper == 'I' || upper == 'L')
        return 1;
    at = upper != '\0' ? strchr(digits, upper) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static enum err refuse_character(struct err_detail *detail, char c)
{
    if (isprint((unsigned char)c))
        return err_set(detail, ERR_FORMAT,
                       "the character '%c' does not occur in join codes; type the code as it was "
                       "shown, letters and digits only",
                       c);
    return err_set(detail, ERR_FORMAT,
                   "the join code has a character that is no letter or digit; type the code as it "
                   "was shown");
}

enum err joincode_parse(const char *text, struct joincode *ret_code, struct err_detail *detail)
{
    uint8_t raw[CODE_BYTES] = {0};
    size_t count = 0;

    for (; *text != '\0'; text++) {
        int value;

        if (*text == '-' || isspace((unsigned char)*text))
            continue;
        value = digit_value(*text);
        if (value < 0)
            return refuse_character(detail, *text);
        for (size_t bit = 0; bit < 5 && count < CODE_DIGITS; bit++) {
            size_t at = count * 5 + bit;
            unsigned one = (unsigned)value >> (4 - bit) & 1U;

            raw[at / 8] = (uint8_t)(raw[at / 8] | one << (7 - at % 8));
        }
        count++;
    }
    if (count != CODE_DIGITS)
        return err_set(detail, ERR_FORMAT,
                       "the join code has %zu characters instead of %d; type all of it, hyphens "
                       "do not count",
                       count, CODE_DIGITS);
    memcpy(ret_code->secret, raw, JOINCODE_SECRET_BYTES);
    memcpy(ret_code->ca_pin, raw + JOINCODE_SECRET_BYTES, JOINCODE_PIN_BYTES);
    return ERR_OK;
}
