#include "caltext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "civil.h"

struct caltext caltext_of(const char *text, size_t len)
{
    return (struct caltext){.text = text, .len = len, .number = 1};
}

/* Where a line without folding begins and ends from an offset on. */
static size_t line_end(const char *text, size_t len, size_t at, size_t *ret_content)
{
    const char *feed = memchr(text + at, '\n', len - at);
    size_t end = feed != NULL ? (size_t)(feed - text) : len;

    *ret_content = end > at && text[end - 1] == '\r' ? end - 1 : end;
    return feed != NULL ? end + 1 : len;
}

struct cursor {
    struct caltext_line *line;
    size_t used;
    int part; /* 0 name, 1 parameters, 2 value */
    bool quoted;
};

static void put_char(struct cursor *c, char ch)
{
    char *to = c->part == 0 ? c->line->name : c->part == 1 ? c->line->parameters : c->line->value;
    size_t size = c->part == 0 ? CALTEXT_NAME_SIZE : CALTEXT_LINE_SIZE;

    if (c->part < 2 && ch == '"')
        c->quoted = !c->quoted;
    if ((c->part == 0 && (ch == ';' || ch == ':')) || (c->part == 1 && ch == ':' && !c->quoted)) {
        c->used = 0;
        c->part = ch == ':' ? 2 : 1;
        if (ch == ':')
            return;
        to = c->line->parameters;
        size = CALTEXT_LINE_SIZE;
    }
    if (c->used + 1 < size) {
        to[c->used++] = ch;
        to[c->used] = '\0';
    }
}

bool caltext_next(struct caltext *c, struct caltext_line *ret_line)
{
    struct cursor cursor = {.line = ret_line};
    size_t content;
    size_t next;

    while (c->at < c->len) {
        next = line_end(c->text, c->len, c->at, &content);
        if (content > c->at)
            break;
        c->at = next;
        c->number++;
    }
    if (c->at >= c->len)
        return false;
    ret_line->name[0] = ret_line->parameters[0] = ret_line->value[0] = '\0';
    ret_line->number = c->number;
    ret_line->begin = c->at;
    do {
        size_t i = c->at + (c->at > ret_line->begin ? 1 : 0);

        next = line_end(c->text, c->len, c->at, &content);
        for (; i < content; i++)
            put_char(&cursor, c->text[i]);
        c->at = next;
        c->number++;
    } while (c->at < c->len && (c->text[c->at] == ' ' || c->text[c->at] == '\t'));
    ret_line->end = c->at;
    return true;
}

bool caltext_find(const char *text, size_t len, const char *name, struct caltext_line *ret_line)
{
    struct caltext c = caltext_of(text, len);
    int depth = 0;

    while (caltext_next(&c, ret_line)) {
        if (depth == 1 && strcasecmp(ret_line->name, name) == 0)
            return true;
        if (strcasecmp(ret_line->name, "BEGIN") == 0)
            depth++;
        else if (strcasecmp(ret_line->name, "END") == 0 && --depth == 0)
            return false;
    }
    return false;
}

size_t caltext_before_end(const char *text, size_t len)
{
    struct caltext c = caltext_of(text, len);
    struct caltext_line l;
    int depth = 0;

    while (caltext_next(&c, &l)) {
        if (strcasecmp(l.name, "BEGIN") == 0)
            depth++;
        else if (strcasecmp(l.name, "END") == 0 && --depth == 0)
            return l.begin;
    }
    return len;
}

bool caltext_parameter(const struct caltext_line *l, const char *name, char *ret, size_t size)
{
    size_t n = strlen(name);

    for (const char *at = strchr(l->parameters, ';'); at != NULL; at = strchr(at, ';')) {
        at++;
        if (strncasecmp(at, name, n) != 0 || at[n] != '=')
            continue;
        at += n + 1;
        if (*at == '"')
            snprintf(ret, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
        else
            snprintf(ret, size, "%.*s", (int)strcspn(at, ";"), at);
        return ret[0] != '\0';
    }
    return false;
}

void caltext_unescape(const char *value, char *ret, size_t size)
{
    size_t n = 0;

    for (; *value != '\0' && n + 1 < size; value++) {
        if (*value == '\\' && value[1] != '\0') {
            value++;
            ret[n++] = *value == 'n' || *value == 'N' ? '\n' : *value;
        } else {
            ret[n++] = *value;
        }
    }
    ret[n] = '\0';
}

bool caltext_listed(const char *names, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = names; *at != '\0'; at += strcspn(at, ","), at += *at == ',') {
        if (strcspn(at, ",") == n && strncmp(at, name, n) == 0)
            return true;
    }
    return false;
}

bool caltext_has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return true;
    }
    return false;
}

void caltext_put_bytes(struct caltext_out *out, const char *bytes, size_t len)
{
    if (out->full || len >= out->size - out->len) {
        out->full = true;
        return;
    }
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
    out->text[out->len] = '\0';
}

void caltext_put(struct caltext_out *out, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text))
        out->full = true;
    else
        caltext_put_bytes(out, text, (size_t)n);
}

void caltext_put_utc(struct caltext_out *out, usec_t at_us)
{
    struct civil c;
    char text[CIVIL_TEXT_SIZE];

    if (civil_from_us(at_us, "UTC", &c) != ERR_OK) {
        out->full = true;
        return;
    }
    civil_format(&c, text);
    caltext_put(out, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", text, text + 5, text + 8, text + 11, text + 14,
                text + 17);
}

/* One byte of a line; before the first byte of a character that would not fit whole, a fold. */
static void put_folded(struct caltext_out *out, size_t *column, const char *at)
{
    size_t n = 1;

    if (((unsigned char)at[0] & 0xC0) != 0x80) {
        while (((unsigned char)at[n] & 0xC0) == 0x80)
            n++;
        if (*column + n > 75) {
            caltext_put_bytes(out, "\r\n ", 3);
            *column = 1;
        }
    }
    caltext_put_bytes(out, at, 1);
    ++*column;
}

void caltext_put_line(struct caltext_out *out, const char *name, const char *value)
{
    size_t column = 0;

    for (; *name != '\0'; name++)
        put_folded(out, &column, name);
    put_folded(out, &column, ":");
    for (; *value != '\0'; value++)
        put_folded(out, &column, value);
    caltext_put_bytes(out, "\r\n", 2);
}

void caltext_put_text(struct caltext_out *out, const char *name, const char *value)
{
    char escaped[CALTEXT_LINE_SIZE];
    size_t n = 0;

    for (; *value != '\0' && n + 3 < sizeof(escaped); value++) {
        if (strchr("\\;,\n", *value) != NULL)
            escaped[n++] = '\\';
        escaped[n++] = *value == '\n' ? 'n' : *value;
    }
    escaped[n] = '\0';
    caltext_put_line(out, name, escaped);
}
