/* body.h - read a JSON object strictly: known keys only, right types, in range; else one sentence why.
 *
 * Thread: any. */
#ifndef LOA_BODY_H
#define LOA_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"

enum body_kind {
    BODY_TEXT = 0, /* to: char[max + 1]; min..max bytes, one line */
    BODY_LINES, /* the same, may hold line feeds */
    BODY_NUMBER, /* to: int64_t; min..max */
    BODY_BOOL, /* to: bool */
    BODY_LIST, /* to: json_t *, borrowed; min..max items */
    BODY_OBJECT, /* to: json_t *, borrowed */
    BODY_NULLABLE, /* the same, or null */
};

struct body_field {
    const char *name;
    enum body_kind kind;
    void *to; /* untouched when the key is absent */
    int64_t min;
    int64_t max;
    bool required;
};

#define BODY_FIELDS_MAX 24

/* Parse text into an object. ERR_FORMAT with line and column. */
MUST_USE enum err body_parse(struct bytes text, json_t **ret_body, struct err_detail *detail);

/* Fill the fields; nothing is promised about `to` after an error.
 *
 * ERR_FORMAT  unknown, missing or mistyped key
 * ERR_LIMIT   out of range */
MUST_USE enum err body_read(json_t *body, const struct body_field *fields, size_t count,
                            struct err_detail *detail);

/* True when the key was sent. */
bool body_has(json_t *body, const char *name);

#endif
