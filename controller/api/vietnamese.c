#include "vietnamese.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 8
#define DEPTH_MAX 3 /* a sentence in a sentence */

struct span {
    const char *at;
    size_t len;
    bool is_text; /* of %s: may itself be known to the catalogue */
};

struct match {
    struct span args[ARGS_MAX];
    size_t count;
};

/* Length of the conversion at `at` ('%' first), its letter, and its number ("%2$s"), 0 none. */
static size_t conversion(const char *at, char *ret_letter, size_t *ret_number)
{
    size_t n = 1;
    char *end;
    unsigned long number = strtoul(at + 1, &end, 10);

    *ret_number = 0;
    if (*end == '$' && number <= ARGS_MAX) {
        *ret_number = number;
        n = (size_t)(end - at) + 1;
    }
    n += strspn(at + n, "-0123456789.*hlzj");
    *ret_letter = at[n];
    return n + 1;
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Match the whole text with the format; a %s takes as little as it can. */
static bool matches(const char *format, const char *text, struct match *m)
{
    size_t before = m->count;
    char letter;
    size_t number;

    while (*format != '\0' && *format != '%')
        if (*format++ != *text++)
            return false;
    if (*format == '\0')
        return *text == '\0';
    format += conversion(format, &letter, &number);
    if (letter == '%')
        return *text == '%' && matches(format, text + 1, m);
    if (before == ARGS_MAX)
        return false;
    for (size_t len = 0;; len++) {
        m->args[before] = (struct span){text, len, letter == 's'};
        m->count = before + 1;
        if ((len > 0 || letter == 's') && matches(format, text + len, m))
            return true;
        if (text[len] == '\0' || (letter != 's' && !is_number_char(text[len])))
            return false;
    }
}

static size_t own_letters(const char *format)
{
    size_t n = 0;

    while (*format != '\0') {
        char letter = '\0';
        size_t number;

        if (*format == '%')
            format += conversion(format, &letter, &number);
        else
            format++;
        n += letter == '\0' || letter == '%' ? 1 : 0;
    }
    return n;
}

struct out {
    char *text;
    size_t len, size;
};

static void put(struct out *o, const char *text, size_t len)
{
    if (len > o->size - 1 - o->len) {
        len = o->size - 1 - o->len;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(o->text + o->len, text, len);
    o->len += len;
    o->text[o->len] = '\0';
}

static bool translate(const char *sentence, struct out *o, int depth);

static void put_argument(struct out *o, const struct span *arg, int depth)
{
    char *text = arg->is_text && depth < DEPTH_MAX ? strndup(arg->at, arg->len) : NULL;

    if (text == NULL || !translate(text, o, depth + 1))
        put(o, arg->at, arg->len);
    free(text);
}

static void put_format(struct out *o, const char *format, const struct match *m, int depth)
{
    size_t next = 0;

    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        char letter;
        size_t number, n;

        put(o, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        n = conversion(format, &letter, &number);
        if (letter == '%')
            put(o, "%", 1);
        else if ((number > 0 ? number - 1 : next) < m->count)
            put_argument(o, &m->args[number > 0 ? number - 1 : next++], depth);
        format += n;
    }
}

static bool translate(const char *sentence, struct out *o, int depth)
{
    const struct vietnamese_pair *best = NULL;
    size_t best_letters = 0;
    struct match best_match = {0};

    for (size_t i = 0; i < vietnamese_count; i++) {
        struct match m = {.count = 0};
        size_t letters;

        if (!matches(vietnamese_pairs[i].english, sentence, &m))
            continue;
        letters = own_letters(vietnamese_pairs[i].english);
        if (best == NULL || letters > best_letters) {
            best = &vietnamese_pairs[i];
            best_letters = letters;
            best_match = m;
        }
    }
    if (best == NULL)
        return false;
    put_format(o, best->text, &best_match, depth);
    return true;
}

bool vietnamese(const char *sentence, char *ret_text, size_t size)
{
    struct out o = {.text = ret_text, .size = size};

    ret_text[0] = '\0';
    if (translate(sentence, &o, 0))
        return true;
    put(&o, sentence, strlen(sentence));
    return false;
}

/* Thousandths of the quality of one language in the header; -1: it is not named. */
static int quality_of(const char *header, const char *language)
{
    int best = -1;

    while (*header != '\0') {
        int quality = 1000;
        const char *q;
        size_t len;

        header += strspn(header, " \t");
        len = strcspn(header, ",");
        q = strstr(header, ";q=");
        if (q != NULL && q < header + len)
            quality = (int)(strtod(q + 3, NULL) * 1000);
        if (strncmp(header, language, 2) == 0 && strchr("-;, \t", header[2]) != NULL &&
            quality > best)
            best = quality;
        header += len + (header[len] == ',' ? 1 : 0);
    }
    return best;
}

bool vietnamese_is_wanted(const char *accept_language)
{
    int vi = quality_of(accept_language, "vi");
    int en = quality_of(accept_language, "en");

    if (vi != en)
        return vi > en && vi > 0;
    return vi > 0 && strstr(accept_language, "vi") < strstr(accept_language, "en");
}
