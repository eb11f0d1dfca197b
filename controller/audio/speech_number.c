#include "speech_number.h"

#include <stdbool.h>

static const char *const digit_words[] = {
    "không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín",
};

#define BILLION UINT64_C(1000000000)

/* Puts a space before every word but the first. */
struct line {
    FILE *out;
    bool begun;
};

static void say(struct line *l, const char *word)
{
    if (l->begun)
        fputc(' ', l->out);
    fputs(word, l->out);
    l->begun = true;
}

/* After "mươi", one, four and five have names of their own. */
static void say_unit(struct line *l, unsigned unit, unsigned tens)
{
    if (unit == 5 && tens >= 1)
        say(l, "lăm");
    else if (unit == 1 && tens >= 2)
        say(l, "mốt");
    else if (unit == 4 && tens >= 2)
        say(l, "tư");
    else
        say(l, digit_words[unit]);
}

/* 1..999; `inner`: something stands before it, so that its hundreds are named even when there are none. */
static void say_group(struct line *l, unsigned n, bool inner)
{
    unsigned hundreds = n / 100;
    unsigned tens = n / 10 % 10;
    unsigned unit = n % 10;

    if (hundreds > 0 || inner) {
        say(l, digit_words[hundreds]);
        say(l, "trăm");
        if (tens == 0 && unit > 0)
            say(l, "linh");
    }
    if (tens == 1)
        say(l, "mười");
    if (tens >= 2) {
        say(l, digit_words[tens]);
        say(l, "mươi");
    }
    if (unit > 0)
        say_unit(l, unit, tens);
}

/* 1..999,999,999 */
static void say_below_billion(struct line *l, uint64_t n, bool inner)
{
    static const struct {
        uint64_t size;
        const char *name;
    } groups[] = {{1000000, "triệu"}, {1000, "nghìn"}, {1, NULL}};

    for (size_t i = 0; i < 3; i++) {
        unsigned group = (unsigned)(n / groups[i].size % 1000);

        if (group == 0)
            continue;
        say_group(l, group, inner);
        inner = true;
        if (groups[i].name != NULL)
            say(l, groups[i].name);
    }
}

/* Beyond a thousand million, millions of millions are counted in "tỷ" again. */
static void say_number(struct line *l, uint64_t n, bool inner)
{
    if (n >= BILLION) {
        say_number(l, n / BILLION, inner);
        say(l, "tỷ");
        inner = true;
        n %= BILLION;
    }
    if (n > 0)
        say_below_billion(l, n, inner);
}

void speech_number(FILE *out, uint64_t n)
{
    struct line l = {.out = out};

    if (n == 0)
        say(&l, digit_words[0]);
    else
        say_number(&l, n, false);
}

void speech_number_digits(FILE *out, const char *digits, size_t len)
{
    struct line l = {.out = out};

    for (size_t i = 0; i < len; i++) {
        if (digits[i] >= '0' && digits[i] <= '9')
            say(&l, digit_words[digits[i] - '0']);
    }
}
