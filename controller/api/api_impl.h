/* api_impl.h - what the files of the API share; nobody else includes it.
 *
 * A call is one authenticated request on its way through a handler. A handler fills `out` (and status,
 * when it is not 200) and returns ERR_OK, or an error with its sentence in `detail`, or ERR_MORE after
 * it has arranged for call_finish() to be called later with a copy. Thread: main. */
#ifndef LOA_API_IMPL_H
#define LOA_API_IMPL_H

#include <jansson.h>

#include "api.h"
#include "backoff.h"
#include "db.h"
#include "event.h"
#include "handlers.h"
#include "routes.h"
#include "store_credential.h"

#define API_SESSION_US (12 * USEC_PER_HOUR)
#define API_TOUCH_US USEC_PER_MIN
#define API_PAGE_DEFAULT 100
#define API_PAGE_MAX 500
#define API_UPLOADS_MAX 4

struct upload;

struct api {
    struct api_ports ports;
    uint8_t admin_code[SHA256_BYTES];
    bool has_admin_code;
    struct backoff logins;
    struct upload *uploads; /* being received */
    uint64_t requests; /* answered */
    uint64_t refused; /* of them, with a status of 400 or more */
    uint64_t login_failures;
};

struct call {
    struct api *api;
    const struct web_request *req; /* NULL once the handler has returned ERR_MORE */
    const struct route *route;
    uint64_t id; /* of the request */
    usec_t now_us;
    char remote[64];
    struct user user; /* who asks; id 0: nobody */
    struct credential credential;
    bool by_cookie;
    char param[2][80]; /* texts in place of {...} of the pattern */
    json_t *body; /* object, owned; NULL when the route takes none */
    json_t *out; /* owned */
    struct web_response res; /* headers, or a whole answer when res.status is set */
    unsigned status; /* 0: 200, or the error's */
    unsigned retry_after_s; /* with ERR_BUSY */
    const char *confirm; /* name of the field that would confirm what was refused */
    struct err_detail detail;
};

/* Answer with the result of a handler and release the call. */
void call_finish(struct call *c, enum err e);

/* Copy a call for later: the request's memory is left behind. NULL: out of memory. */
struct call *call_keep(struct call *c);

/* One transaction: begin, change, call_journal(), end. */
MUST_USE enum err call_begin(struct call *c);
MUST_USE enum err call_end(struct call *c, enum err result);

/* Append to the journal in the open transaction.
 *
 *   detail_json  taken, may be NULL */
MUST_USE enum err call_journal(struct call *c, const char *action, json_t *detail_json,
                               const char *object_fmt, ...) PRINTF_LIKE(4, 5);

/* The number in place of the first {...}. ERR_NOT_FOUND: not a number, so there is no such thing. */
MUST_USE enum err call_number(struct call *c, uint64_t *ret_number);

/* Name what a store function did not find. */
enum err call_missing(struct call *c, enum err e, const char *what);

/* Add a header to the answer; the value is formatted. */
void call_header(struct call *c, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One page of a list: reads ?after= and ?limit=, answers {"items": [...], "next": number or null}. */
typedef enum err (*call_fetch)(struct call *c, struct db_page *page, void *rows, size_t max,
                               size_t *ret_count);
typedef json_t *(*call_item)(struct call *c, const void *row);
MUST_USE enum err call_list(struct call *c, size_t row_size, call_fetch fetch, call_item item);

/* Read one unsigned number of the query.
 *
 * ERR_NOT_FOUND  not given; ERR_FORMAT  not a number */
MUST_USE enum err call_query_number(struct call *c, const char *name, uint64_t *ret_number);

/* Set the answer. ERR_NOMEM when out is NULL. */
MUST_USE enum err call_out(struct call *c, unsigned status, json_t *out);

/* {"id": 7} with 201. */
MUST_USE enum err call_created(struct call *c, uint64_t id);

bool call_may(const struct call *c, unsigned roles);

/* auth.c */
MUST_USE enum err auth_identify(struct call *c);

/* Shared between nouns. */
json_t *api_user_json(const struct user *u);
json_t *api_media_json(const struct media_info *m);
json_t *api_bulletin_json(const struct bulletin *b);
json_t *api_receipt_json(const loa_Receipt *r);

/* Where something is to sound. */
struct where {
    bool everyone;
    struct zone_id zones[EVENT_ZONES_MAX];
    size_t zone_count;
};
MUST_USE enum err api_where_read(struct call *c, bool everyone, json_t *zones,
                                 struct where *ret_where);

/* Active nodes of these places, ascending; *ret_nodes is malloc'd. ERR_STATE: none. */
MUST_USE enum err api_where_nodes(struct call *c, const struct where *where,
                                  struct node_id **ret_nodes, size_t *ret_count);

/* Fetch a bulletin that may be broadcast. ERR_NOT_FOUND; ERR_STATE: not approved, or expired. */
MUST_USE enum err api_usable_bulletin(struct call *c, struct bulletin_id id,
                                      struct bulletin *ret_bulletin);

/* Judge length and quiet hours of one play list. Sets call.confirm. */
MUST_USE enum err api_check_airtime(struct call *c, const struct bulletin *b, usec_t start_us,
                                    uint32_t repeats, uint32_t pause_ms, bool quiet_confirmed);

/* Uploads (api_upload.c). */
MUST_USE enum err api_upload_begin(struct call *c);
bool api_upload_piece(struct api *a, uint64_t id, struct bytes piece);
void api_upload_gone(struct api *a, uint64_t id);
void api_upload_free_all(struct api *a);

#endif
