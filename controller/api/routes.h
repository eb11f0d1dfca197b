/* routes.h - the one table of what the API offers: method, path, who may, what it does.
 *
 * openapi.yaml describes the same table for people and programs; a test compares the two.
 * Pure. Thread: any. */
#ifndef LOA_ROUTES_H
#define LOA_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "station.h"
#include "web.h"

#define ROUTE_ANYONE (1U << 31) /* in `roles`: without signing in */

enum route_body {
    ROUTE_NO_BODY = 0, /* a body is refused unless it is empty or {} */
    ROUTE_JSON, /* a JSON object */
    ROUTE_UPLOAD, /* bytes of a recording, streamed to a file */
    ROUTE_PHOTO, /* bytes of a picture, likewise, 1 MiB at most */
    ROUTE_PART, /* bytes of an upload that can be resumed, appended to its file */
    ROUTE_SOUND, /* bytes, streamed to what is on air */
    ROUTE_CAP, /* bytes of a CAP message, collected in memory */
};

struct call;

struct route {
    enum web_method method;
    const char *pattern; /* "/api/v1/nodes/{id}" */
    unsigned roles; /* any of these; ROLE_ALL: every account */
    enum route_body body;
    enum err (*handle)(struct call *c);
    const char *summary;
};

/* Ends with a route without pattern. */
const struct route *routes_all(void);

/* Find the route of a request.
 *
 *   ret_param  texts in place of {...}, up to 2, each shorter than 80 bytes
 *
 * ERR_NOT_FOUND    no such path
 * ERR_UNSUPPORTED  the path exists, with other methods */
MUST_USE enum err routes_find(enum web_method method, const char *path,
                              const struct route **ret_route, char ret_param[2][80]);

#endif
