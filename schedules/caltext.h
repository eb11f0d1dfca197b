/* caltext.h - the content lines of an iCalendar text (RFC 5545 3.1), read and written one at a time.
 *
 * What nobody asks for passes through unchanged, byte for byte; that is how unknown properties survive.
 * Thread: any. */
#ifndef LOA_CALTEXT_H
#define LOA_CALTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "units.h"

#define CALTEXT_NAME_SIZE 64
#define CALTEXT_LINE_SIZE \
    4096 /* of parameters, and of the value; longer ones are cut in the line, not in the text */

struct caltext {
    const char *text;
    size_t len;
    size_t at;
    int number;
};

/* One line, unfolded. */
struct caltext_line {
    int number; /* as a person counts, of its first part */
    size_t begin; /* in the text, with its line end: begin..end */
    size_t end;
    char name[CALTEXT_NAME_SIZE];
    char parameters[CALTEXT_LINE_SIZE]; /* ";TZID=..." */
    char value[CALTEXT_LINE_SIZE]; /* as written, escapes and all */
};

struct caltext caltext_of(const char *text, size_t len);

/* Read the next line that is not empty; false at the end. */
bool caltext_next(struct caltext *c, struct caltext_line *ret_line);

/* Find the first line of a property of the first component, not in components inside it. */
bool caltext_find(const char *text, size_t len, const char *name, struct caltext_line *ret_line);

/* Where the line END of the first component begins; len when there is none. */
size_t caltext_before_end(const char *text, size_t len);

/* Copy a parameter's value without quotes; false when there is none. */
bool caltext_parameter(const struct caltext_line *l, const char *name, char *ret, size_t size);

/* Undo the escapes of a TEXT value (RFC 5545 3.3.11). */
void caltext_unescape(const char *value, char *ret, size_t size);

/* True when a name stands in a list of names with commas between. */
bool caltext_listed(const char *names, const char *name);

/* True when a text is not what caltext_next() may read: a NUL, or a control character but tab, CR and LF. */
bool caltext_has_control(const char *text, size_t len);

/* A text that grows; `full` once it did not fit. Always terminated. */
struct caltext_out {
    char *text; /* caller's, `size` bytes */
    size_t size;
    size_t len;
    bool full;
};

void caltext_put(struct caltext_out *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
void caltext_put_bytes(struct caltext_out *out, const char *bytes, size_t len);
/* "20260104T223000Z" */
void caltext_put_utc(struct caltext_out *out, usec_t at_us);
/* One line, escaped as TEXT, folded at 75 bytes between characters, CRLF. */
void caltext_put_text(struct caltext_out *out, const char *name, const char *value);
/* The same without escapes. */
void caltext_put_line(struct caltext_out *out, const char *name, const char *value);

#endif
