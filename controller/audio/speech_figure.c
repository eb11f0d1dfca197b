#include "speech_figure.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "speech_number.h"
#include "speech_words.h"

#define PHONE_DIGITS_MAX 16
#define NUMBER_DIGITS_MAX 18 /* longer ones are read digit by digit */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

/* At least `min` and at most `max` digits that no further digit follows.
 *
 * Returns their count, 0 when they are not there. */
static size_t take_digits(const char *text, size_t min, size_t max, unsigned *ret_value)
{
    unsigned value = 0;
    size_t n = 0;

    while (n < max && is_digit(text[n]))
        value = value * 10 + (unsigned)(text[n++] - '0');
    if (n < min || is_digit(text[n]))
        return 0;
    *ret_value = value;
    return n;
}

static bool is_day(unsigned day, unsigned month)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static void say_month(FILE *out, unsigned month)
{
    if (month == 4)
        fputs("tư", out); /* never "bốn" */
    else
        speech_number(out, month);
}

static void say_date(FILE *out, unsigned day, unsigned month)
{
    if (day <= 10)
        fputs("mùng ", out);
    speech_number(out, day);
    fputs(" tháng ", out);
    say_month(out, month);
}

static void say_year(FILE *out, unsigned year)
{
    fputs(" năm ", out);
    speech_number(out, year);
}

/* 22/11/2026, 22-11-2026, 22.11.2026 */
static size_t full_date(FILE *out, const char *text)
{
    unsigned day;
    unsigned month;
    unsigned year;
    size_t a = take_digits(text, 1, 2, &day);
    char mark = text[a];
    size_t b;
    size_t c;

    if (a == 0 || (mark != '/' && mark != '-' && mark != '.'))
        return 0;
    b = take_digits(text + a + 1, 1, 2, &month);
    if (b == 0 || text[a + 1 + b] != mark)
        return 0;
    c = take_digits(text + a + b + 2, 4, 4, &year);
    if (c == 0 || !is_day(day, month))
        return 0;
    say_date(out, day, month);
    say_year(out, year);
    return a + b + c + 2;
}

/* 2026-11-22 */
static size_t iso_date(FILE *out, const char *text)
{
    unsigned day;
    unsigned month;
    unsigned year;

    if (take_digits(text, 4, 4, &year) == 0 || text[4] != '-' ||
        take_digits(text + 5, 2, 2, &month) == 0 || text[7] != '-' ||
        take_digits(text + 8, 2, 2, &day) == 0 || !is_day(day, month))
        return 0;
    say_date(out, day, month);
    say_year(out, year);
    return 10;
}

/* 11/2026, after "tháng" or by itself; after "quý" the first figure is a quarter. */
static size_t month_of_year(FILE *out, const char *text, const char *before)
{
    unsigned month;
    unsigned year;
    size_t a = take_digits(text, 1, 2, &month);

    if (a == 0 || text[a] != '/' || take_digits(text + a + 1, 4, 4, &year) == 0 || month < 1 ||
        month > 12 || year < 1900 || year > 2199)
        return 0;
    if (strcmp(before, "tháng") != 0 && strcmp(before, "quý") != 0)
        fputs("tháng ", out);
    if (strcmp(before, "quý") == 0)
        speech_number(out, month);
    else
        say_month(out, month);
    say_year(out, year);
    return a + 5;
}

/* 22/11 where the word before speaks of days; elsewhere it is a fraction. */
static size_t day_of_month(FILE *out, const char *text, const char *before)
{
    static const char *const words[] = {"ngày", "hôm", "mùng", "sáng", "trưa", "chiều", "tối",
                                        "đêm",  "từ",  "đến",  "tới",  "nay",  "mai",   NULL};
    unsigned day;
    unsigned month;
    size_t a = take_digits(text, 1, 2, &day);
    size_t b;

    if (a == 0 || text[a] != '/' || !one_of(before, words))
        return 0;
    b = take_digits(text + a + 1, 1, 2, &month);
    if (b == 0 || text[a + 1 + b] == '/' || !is_day(day, month))
        return 0;
    if (strcmp(before, "mùng") == 0 && day <= 10) {
        speech_number(out, day);
        fputs(" tháng ", out);
        say_month(out, month);
    } else {
        say_date(out, day, month);
    }
    return a + b + 1;
}

/* "ngày 5 tháng 11" */
static size_t day_in_words(FILE *out, const char *text, const char *before)
{
    unsigned day;
    size_t a = take_digits(text, 1, 2, &day);

    if (a == 0 || strcmp(before, "ngày") != 0 || day < 1 || day > 10 ||
        strncmp(text + a, " tháng ", strlen(" tháng ")) != 0)
        return 0;
    fputs("mùng ", out);
    speech_number(out, day);
    return a;
}

/* 17h30, 17h, 17g30, 17:30 */
static size_t clock_time(FILE *out, const char *text)
{
    unsigned hour;
    unsigned minute = 0;
    size_t a = take_digits(text, 1, 2, &hour);
    char mark = text[a];
    size_t b;
    char after;

    if (a == 0 || hour > 24 || (mark != 'h' && mark != 'g' && mark != ':' && mark != 'H'))
        return 0;
    b = take_digits(text + a + 1, 2, 2, &minute);
    after = text[a + 1 + b];
    if (minute > 59 || (b == 0 && mark != 'h' && mark != 'H'))
        return 0;
    if ((after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z') || is_digit(after) ||
        (unsigned char)after >= 0xC3 || (mark == ':' && after == ':'))
        return 0;
    speech_number(out, hour);
    fputs(" giờ", out);
    if (minute > 0) {
        fputc(' ', out);
        speech_number(out, minute);
        fputs(" phút", out);
    }
    return a + 1 + b;
}

/* Digits with single separators between them, as telephone numbers are written. */
static size_t phone_span(const char *text, char *ret_digits, size_t *ret_count)
{
    size_t at = text[0] == '+';
    size_t n = 0;

    while (is_digit(text[at]) && n < PHONE_DIGITS_MAX) {
        ret_digits[n++] = text[at++];
        if ((text[at] == ' ' || text[at] == '.' || text[at] == '-') && is_digit(text[at + 1]))
            at++;
    }
    *ret_count = n;
    return is_digit(text[at]) ? 0 : at;
}

static void say_phone(FILE *out, const char *digits, size_t n)
{
    size_t first = n % 3 == 0 ? 3 : n % 3 + 3; /* 4-3-3, 5-3, 3-3-3 */

    if (n == 8)
        first = 4; /* 1900 1234 */
    for (size_t at = 0; at < n;) {
        size_t len = at == 0 ? first : n == 8 ? 4 : 3;

        if (at > 0)
            fputs(", ", out);
        speech_number_digits(out, digits + at, len);
        at += len;
    }
}

static size_t phone_number(FILE *out, const char *text)
{
    char digits[PHONE_DIGITS_MAX];
    size_t n;
    size_t len = phone_span(text, digits, &n);

    if (len == 0)
        return 0;
    if (text[0] == '+' && n >= 9) {
        fputs("cộng ", out);
        speech_number_digits(out, digits, n);
        return len;
    }
    if ((digits[0] == '0' && digits[1] != '0' && n >= 9 && n <= 11) ||
        ((strncmp(digits, "1900", 4) == 0 || strncmp(digits, "1800", 4) == 0) &&
         (n == 8 || n == 10))) {
        say_phone(out, digits, n);
        return len;
    }
    return 0;
}

/* 113, 114, 115 and their like, where people are told to call. */
static size_t short_number(FILE *out, const char *text, const char *before)
{
    static const char *const words[] = {"gọi",  "số",      "máy", "thoại",
                                        "nóng", "hotline", "tới", NULL};
    unsigned value;

    if (take_digits(text, 3, 3, &value) == 0 || value < 111 || value > 119 ||
        !one_of(before, words))
        return 0;
    speech_number_digits(out, text, 3);
    return 3;
}

struct amount {
    size_t len; /* of all of it */
    size_t whole_digits;
    uint64_t whole;
    const char *decimals;
    size_t decimal_count;
};

/* 1.250.000 or 1250000, then maybe ",5"; a point that does not group thousands is a decimal one. */
static struct amount read_amount(const char *text)
{
    struct amount a = {.decimals = ""};

    while (true) {
        while (is_digit(text[a.len])) {
            if (a.whole_digits++ < NUMBER_DIGITS_MAX)
                a.whole = a.whole * 10 + (uint64_t)(text[a.len] - '0');
            a.len++;
        }
        if (text[a.len] != '.' || a.len == 0 || !is_digit(text[a.len + 1]) ||
            !is_digit(text[a.len + 2]) || !is_digit(text[a.len + 3]) || is_digit(text[a.len + 4]))
            break;
        a.len++;
    }
    if ((text[a.len] == ',' || text[a.len] == '.') && is_digit(text[a.len + 1])) {
        a.decimals = text + a.len + 1;
        while (is_digit(a.decimals[a.decimal_count]))
            a.decimal_count++;
        a.len += 1 + a.decimal_count;
    }
    return a;
}

static void say_amount(FILE *out, const char *text, const struct amount *a)
{
    bool code = text[0] == '0' && a->whole_digits > 2; /* 007: no number of things */

    if (code || a->whole_digits > NUMBER_DIGITS_MAX)
        speech_number_digits(out, text, a->len - (a->decimal_count > 0 ? a->decimal_count + 1 : 0));
    else
        speech_number(out, a->whole);
    if (a->decimal_count == 0)
        return;
    fputs(" phẩy ", out);
    if (a->decimal_count <= 2 && a->decimals[0] != '0') {
        uint64_t n = (uint64_t)(a->decimals[0] - '0');

        if (a->decimal_count == 2)
            n = n * 10 + (uint64_t)(a->decimals[1] - '0');
        speech_number(out, n);
    } else {
        speech_number_digits(out, a->decimals, a->decimal_count);
    }
}

/* "kg", or "đồng/kg": what it costs a piece. */
static size_t say_unit(FILE *out, const char *text)
{
    size_t space = text[0] == ' ' ? 1 : 0;
    size_t len;
    size_t more;
    const char *spoken = speech_words_unit(text + space, &len);

    if (spoken == NULL)
        return 0;
    fprintf(out, " %s", spoken);
    len += space;
    if (text[len] != '/')
        return len;
    spoken = speech_words_unit(text + len + 1, &more);
    if (spoken == NULL)
        return len;
    fprintf(out, " một %s", spoken);
    return len + 1 + more;
}

/* "-5°C" in ranges: a stroke of either length between two figures. */
static size_t range_stroke(const char *text)
{
    static const char *const strokes[] = {"-", " - ", "–", " – "};

    for (size_t i = 0; i < sizeof(strokes) / sizeof(strokes[0]); i++) {
        size_t len = strlen(strokes[i]);

        if (strncmp(text, strokes[i], len) == 0 && is_digit(text[len]))
            return len;
    }
    return 0;
}

static size_t plain_number(FILE *out, const char *text, const char *before)
{
    struct amount a = read_amount(text);
    size_t stroke;
    unsigned below;

    if (a.decimal_count == 0 && a.whole == 4 &&
        (strcmp(before, "thứ") == 0 || strcmp(before, "tháng") == 0))
        fputs("tư", out);
    else if (a.decimal_count == 0 && a.whole == 1 && strcmp(before, "thứ") == 0)
        fputs("nhất", out);
    else
        say_amount(out, text, &a);
    a.len += say_unit(out, text + a.len);
    if (a.decimal_count == 0 && text[a.len] == '/' &&
        take_digits(text + a.len + 1, 1, 3, &below) > 0) {
        fputs(a.whole < below && below <= 10 ? " phần " : " trên ", out);
        return a.len + 1 + plain_number(out, text + a.len + 1, "");
    }
    stroke = range_stroke(text + a.len);
    if (stroke > 0)
        fputs(" đến", out);
    return a.len + stroke;
}

size_t speech_figure(FILE *out, const char *text, const char *before)
{
    size_t len = iso_date(out, text);

    if (len == 0)
        len = full_date(out, text);
    if (len == 0)
        len = month_of_year(out, text, before);
    if (len == 0)
        len = day_of_month(out, text, before);
    if (len == 0)
        len = day_in_words(out, text, before);
    if (len == 0)
        len = clock_time(out, text);
    if (len > 0) {
        size_t stroke = range_stroke(text + len);

        if (stroke > 0)
            fputs(" đến", out);
        return len + stroke;
    }
    len = phone_number(out, text);
    if (len == 0)
        len = short_number(out, text, before);
    if (len > 0)
        return len;
    if (text[0] == '+') {
        fputs("cộng ", out);
        return 1;
    }
    return plain_number(out, text, before);
}

unsigned speech_figure_roman(const char *text, size_t *ret_len)
{
    static const char *const units[] = {"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"};
    size_t tens = 0;

    while (tens < 3 && text[tens] == 'X')
        tens++;
    for (size_t unit = 9; unit < 10; unit--) {
        size_t len = tens + strlen(units[unit]);
        char after;

        if (len == 0 || strncmp(text + tens, units[unit], len - tens) != 0)
            continue;
        after = text[len];
        if ((after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z') || is_digit(after) ||
            (unsigned char)after >= 0xC3)
            continue;
        *ret_len = len;
        return (unsigned)(tens * 10 + unit);
    }
    return 0;
}
