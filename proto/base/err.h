/* err.h - the one closed set of results of the whole project.
 *
 * A code says what the caller can *do* about a failure, not which library failed; foreign codes are
 * mapped once, in the module that wraps the library. Fallible functions return `enum err`, are marked
 * MUST_USE, and write their `ret_` outputs only on ERR_OK.
 * Thread: any. */
#ifndef LOA_ERR_H
#define LOA_ERR_H

#include <stdarg.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

enum err {
    ERR_OK = 0,
    ERR_NOMEM, /* out of memory: drop this request or connection, the rest goes on */
    ERR_ARG, /* the caller passed something that is never valid */
    ERR_FORMAT, /* the bytes or text are not what they should be */
    ERR_LIMIT, /* a stated limit would be exceeded; nothing was changed */
    ERR_STATE, /* not possible in the present state, may be later */
    ERR_NOT_FOUND, /* the named thing does not exist */
    ERR_EXISTS, /* the thing exists already; nothing was changed */
    ERR_AUTH, /* not authenticated, or not allowed */
    ERR_IO, /* disk, network or child process failed */
    ERR_TIMEOUT, /* the other side did not answer in time */
    ERR_CANCELLED, /* stopped on request */
    ERR_BUSY, /* try again later */
    ERR_MORE, /* not an error: feed more input or drain more output, then call again */
    ERR_UNSUPPORTED, /* understood, but this build or version cannot do it */
    ERR_COUNT_ /* number of codes, never returned */
};

/* Name a code for logs and JSON.
 *
 *   e  any value
 *
 * Returns a static lower-case word such as "not_found"; "unknown" outside the set. */
const char *err_name(enum err e);

#define ERR_DETAIL_MAX 512

/* What went wrong in words a person can act on: one sentence that says what is wrong and what to do.
 * Caller's memory, zero-initialised; `text` is always terminated UTF-8. */
struct err_detail {
    char text[ERR_DETAIL_MAX];
};

/* Write the sentence and pass the code on, so that a failure is one statement:
 * `return err_set(detail, ERR_FORMAT, "line %d: ...", line);`
 *
 *   detail  may be NULL; longer text is cut at a character boundary
 *   code    returned unchanged */
enum err err_set(struct err_detail *detail, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
