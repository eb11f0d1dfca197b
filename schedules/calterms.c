/* What the X-LOA- properties say (FORMAT.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calfile.h"
#include "caltext.h"

static const char *const own[] = {"X-LOA-ZONES",    "X-LOA-BULLETIN", "X-LOA-PRIORITY",
                                  "X-LOA-CONFLICT", "X-LOA-REPEATS",  "X-LOA-PAUSE"};
#define OWN (sizeof(own) / sizeof(own[0]))

static enum err read_word(const struct caltext_line *l, const char *const *words, char *ret,
                          size_t size, struct err_detail *detail)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(l->value, words[i]) == 0) {
            snprintf(ret, size, "%s", words[i]);
            return ERR_OK;
        }
    }
    return err_set(detail, ERR_FORMAT, "line %d: %s takes %s, %s or %s, not \"%.40s\"", l->number,
                   l->name, words[0], words[1], words[2], l->value);
}

static enum err read_number(const struct caltext_line *l, unsigned max, unsigned *ret,
                            struct err_detail *detail)
{
    size_t n = strspn(l->value, "0123456789");
    unsigned long v = n >= 1 && n <= 6 && l->value[n] == '\0' ? strtoul(l->value, NULL, 10) : 0;

    if (v < 1 || v > max)
        return err_set(detail, ERR_FORMAT, "line %d: %s takes 1 to %u, not \"%.40s\"", l->number,
                       l->name, max, l->value);
    *ret = (unsigned)v;
    return ERR_OK;
}

static enum err read_terms(const char *text, struct caltext_line *l, struct calfile_terms *t,
                           struct err_detail *detail)
{
    static const char *const priorities[] = {"normal", "priority", "emergency", NULL};
    static const char *const conflicts[] = {"replace", "append", "refuse", NULL};
    size_t len = strlen(text);
    enum err e = ERR_OK;

    if (caltext_find(text, len, "X-LOA-ZONES", l))
        snprintf(t->zones, sizeof(t->zones), "%s", l->value);
    if (caltext_find(text, len, "X-LOA-BULLETIN", l))
        caltext_unescape(l->value, t->bulletin, sizeof(t->bulletin));
    if (caltext_find(text, len, "X-LOA-PRIORITY", l))
        e = read_word(l, priorities, t->priority, sizeof(t->priority), detail);
    if (e == ERR_OK && caltext_find(text, len, "X-LOA-CONFLICT", l))
        e = read_word(l, conflicts, t->conflict, sizeof(t->conflict), detail);
    if (e == ERR_OK && caltext_find(text, len, "X-LOA-REPEATS", l))
        e = read_number(l, 10, &t->repeats, detail);
    if (e == ERR_OK && caltext_find(text, len, "X-LOA-PAUSE", l))
        e = read_number(l, 7200, &t->pause_s, detail);
    return e;
}

enum err calfile_terms_of(const char *text, struct calfile_terms *ret_terms,
                          struct err_detail *detail)
{
    struct calfile_terms t = {0};
    struct caltext_line line;
    enum err e = read_terms(text, &line, &t, detail);

    if (e == ERR_OK)
        *ret_terms = t;
    return e;
}

static void put_terms(struct caltext_out *out, const struct calfile_terms *t)
{
    if (t->zones[0] != '\0')
        caltext_put_line(out, "X-LOA-ZONES", t->zones);
    if (t->bulletin[0] != '\0')
        caltext_put_text(out, "X-LOA-BULLETIN", t->bulletin);
    if (t->priority[0] != '\0')
        caltext_put_line(out, "X-LOA-PRIORITY", t->priority);
    if (t->conflict[0] != '\0')
        caltext_put_line(out, "X-LOA-CONFLICT", t->conflict);
    if (t->repeats > 0)
        caltext_put(out, "X-LOA-REPEATS:%u\r\n", t->repeats);
    if (t->pause_s > 0)
        caltext_put(out, "X-LOA-PAUSE:%u\r\n", t->pause_s);
}

enum err calfile_set_terms(const char *text, const struct calfile_terms *terms, char *ret_text,
                           size_t size)
{
    struct caltext c = caltext_of(text, strlen(text));
    struct caltext_out out = {.text = ret_text, .size = size};
    size_t end = caltext_before_end(text, c.len);
    struct caltext_line l;

    while (caltext_next(&c, &l)) {
        bool drop = false;

        for (size_t i = 0; i < OWN && l.begin < end; i++)
            drop = drop || strcasecmp(l.name, own[i]) == 0;
        if (l.begin == end)
            put_terms(&out, terms);
        if (!drop)
            caltext_put_bytes(&out, text + l.begin, l.end - l.begin);
    }
    return out.full ? ERR_LIMIT : ERR_OK;
}
