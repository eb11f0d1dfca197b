#include "err.h"

#include <stdio.h>
#include <string.h>

static const char *const names[ERR_COUNT_] = {
    [ERR_OK] = "ok",
    [ERR_NOMEM] = "out_of_memory",
    [ERR_ARG] = "argument",
    [ERR_FORMAT] = "format",
    [ERR_LIMIT] = "limit",
    [ERR_STATE] = "state",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",
    [ERR_AUTH] = "auth",
    [ERR_IO] = "io",
    [ERR_TIMEOUT] = "timeout",
    [ERR_CANCELLED] = "cancelled",
    [ERR_BUSY] = "busy",
    [ERR_MORE] = "more",
    [ERR_UNSUPPORTED] = "unsupported",
};

const char *err_name(enum err e)
{
    if ((unsigned)e >= (unsigned)ERR_COUNT_)
        return "unknown";
    return names[e];
}

/* A cut in the middle of a UTF-8 sequence would make the whole sentence invalid JSON. */
static void cut_at_character(char *text, size_t size)
{
    size_t len = strlen(text);

    if (len + 1 < size)
        return;
    while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80)
        len--;
    if (len > 0 && ((unsigned char)text[len - 1] & 0x80) != 0)
        len--;
    text[len] = '\0';
}

enum err err_set(struct err_detail *detail, enum err code, const char *fmt, ...)
{
    va_list ap;

    if (detail == NULL)
        return code;
    va_start(ap, fmt);
    vsnprintf(detail->text, sizeof(detail->text), fmt, ap);
    va_end(ap);
    cut_at_character(detail->text, sizeof(detail->text));
    return code;
}
