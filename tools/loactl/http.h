/* http.h - one request to the station's API and its answer, over verified TLS (libcurl). */
#ifndef LOA_HTTP_H
#define LOA_HTTP_H

#include "call.h"

struct http_answer {
    long status; /* HTTP status; 0: the station was not reached (said already) */
    json_t *json; /* owned; NULL when the body is not JSON */
};

/* Send a request and read a JSON answer.
 *
 *   path  begins with /api/v1
 *   body  may be NULL; borrowed
 *
 * False after saying in one line why the station could not be reached. A refusal by the station is true:
 * look at status, or use http_refused(). */
bool http_request(const struct call *call, const char *method, const char *path, json_t *body,
                  struct http_answer *ret_answer);

/* Send a file as the body of a POST, with a progress line on a terminal. */
bool http_upload(const struct call *call, const char *path, const char *file,
                 struct http_answer *ret_answer);

/* Send what `more` gives as it comes as the body of a POST.
 *
 *   more  fills up to `size` bytes and returns how many, when it has some; 0: no more, the connection is
 *         then closed in the middle of the body
 *
 * True when `more` ended it, or the station refused (look at status); false: the connection was lost, and
 * nothing was said. */
bool http_stream(const struct call *call, const char *path,
                 size_t (*more)(void *arg, char *ret_data, size_t size), void *arg,
                 struct http_answer *ret_answer);

/* Write the body of a 200 answer to an open file as it comes, until it ends. */
bool http_listen(const struct call *call, const char *path, FILE *to,
                 struct http_answer *ret_answer);

/* Write the body of a 200 answer to `file`, whole or not at all. */
bool http_download(const struct call *call, const char *method, const char *path, const char *file,
                   struct http_answer *ret_answer);

/* Say the station's own sentence in the words of the command (refusal.h) when it refused; true then. */
bool http_refused(const struct call *call, const struct http_answer *answer);

void http_answer_deinit(struct http_answer *answer);

#endif
