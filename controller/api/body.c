#include "body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "utf8.h"

enum err body_parse(struct bytes text, json_t **ret_body, struct err_detail *detail)
{
    json_error_t error;
    json_t *body;

    if (text.len == 0)
        return err_set(detail, ERR_FORMAT, "The body is empty; send a JSON object.");
    body = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (body == NULL)
        return err_set(detail, ERR_FORMAT, "The body is not valid JSON (line %d, column %d): %s.",
                       error.line, error.column, LOG_TEXT(error.text));
    if (!json_is_object(body)) {
        json_decref(body);
        return err_set(detail, ERR_FORMAT, "The body is not a JSON object; send {...}.");
    }
    *ret_body = body;
    return ERR_OK;
}

static enum err read_text(const struct body_field *f, const json_t *value,
                          struct err_detail *detail)
{
    size_t len = json_string_length(value);
    const char *text = json_string_value(value);

    if (text == NULL)
        return err_set(detail, ERR_FORMAT, "\"%s\" is not a text; put it in quotes.", f->name);
    if ((int64_t)len < f->min)
        return err_set(detail, ERR_LIMIT,
                       "\"%s\" is too short; it takes %" PRId64 " to %" PRId64 " bytes.", f->name,
                       f->min, f->max);
    if ((int64_t)len > f->max)
        return err_set(detail, ERR_LIMIT, "\"%s\" is too long; it takes at most %" PRId64 " bytes.",
                       f->name, f->max);
    if (!utf8_valid(text, len, f->kind == BODY_LINES))
        return err_set(detail, ERR_FORMAT,
                       "\"%s\" holds control characters; remove them and send it again.", f->name);
    memcpy(f->to, text, len + 1);
    return ERR_OK;
}

static enum err read_number(const struct body_field *f, const json_t *value,
                            struct err_detail *detail)
{
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value))
        return err_set(detail, ERR_FORMAT, "\"%s\" is not a whole number.", f->name);
    if (number < f->min || number > f->max)
        return err_set(detail, ERR_LIMIT,
                       "\"%s\" is out of range; it takes %" PRId64 " to %" PRId64 ".", f->name,
                       f->min, f->max);
    memcpy(f->to, &number, sizeof(number));
    return ERR_OK;
}

static enum err read_value(const struct body_field *f, json_t *value, struct err_detail *detail)
{
    bool flag = json_is_true(value);
    int64_t count;

    switch (f->kind) {
    case BODY_TEXT:
    case BODY_LINES:
        return read_text(f, value, detail);
    case BODY_NUMBER:
        return read_number(f, value, detail);
    case BODY_BOOL:
        if (!json_is_boolean(value))
            return err_set(detail, ERR_FORMAT, "\"%s\" is neither true nor false.", f->name);
        memcpy(f->to, &flag, sizeof(flag));
        return ERR_OK;
    case BODY_LIST:
        count = (int64_t)json_array_size(value);
        if (!json_is_array(value))
            return err_set(detail, ERR_FORMAT, "\"%s\" is not a list; send [...].", f->name);
        if (count < f->min || count > f->max)
            return err_set(detail, ERR_LIMIT, "\"%s\" takes %" PRId64 " to %" PRId64 " items.",
                           f->name, f->min, f->max);
        memcpy(f->to, &value, sizeof(value));
        return ERR_OK;
    case BODY_OBJECT:
    case BODY_NULLABLE:
        if (!json_is_object(value) && !(f->kind == BODY_NULLABLE && json_is_null(value)))
            return err_set(detail, ERR_FORMAT, "\"%s\" is not an object; send {...}.", f->name);
        memcpy(f->to, &value, sizeof(value));
        return ERR_OK;
    }
    return ERR_ARG;
}

static enum err unknown_key(const char *key, const struct body_field *fields, size_t count,
                            struct err_detail *detail)
{
    char names[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < count && used < sizeof(names); i++) {
        int n =
            snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "", fields[i].name);

        used += n > 0 ? (size_t)n : 0;
    }
    return err_set(detail, ERR_FORMAT, "Unknown key %s; this takes: %s.", LOG_TEXT(key),
                   count > 0 ? names : "no keys at all");
}

enum err body_read(json_t *body, const struct body_field *fields, size_t count,
                   struct err_detail *detail)
{
    bool seen[BODY_FIELDS_MAX] = {false};
    const char *key;
    json_t *value;

    json_object_foreach(body, key, value)
    {
        size_t i = 0;
        enum err e;

        while (i < count && strcmp(fields[i].name, key) != 0)
            i++;
        if (i == count)
            return unknown_key(key, fields, count, detail);
        e = read_value(&fields[i], value, detail);
        if (e != ERR_OK)
            return e;
        seen[i] = true;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && !seen[i])
            return err_set(detail, ERR_FORMAT, "The key \"%s\" is missing; add it.",
                           fields[i].name);
    return ERR_OK;
}

bool body_has(json_t *body, const char *name)
{
    return json_object_get(body, name) != NULL;
}
