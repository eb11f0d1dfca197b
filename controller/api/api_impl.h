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
#define API_SOUNDS_MAX 8
#define API_LISTEN_CHECK_US (2 * USEC_PER_SEC) /* so long one is heard after signing out */
#define API_FOLLOWERS 256
#define API_ONCE_MAX 256 /* answers that are kept in case they got lost */

struct upload;
struct updates;
struct capbody;
struct resume;

/* A request with an Idempotency-Key, under way or done. */
struct once {
    uint64_t serial; /* 0: the place is free */
    struct user_id user;
    uint8_t key[SHA256_BYTES];
    uint8_t request[SHA256_BYTES]; /* of what was asked */
    bool is_stored;
    unsigned status; /* 0: under way */
    char *body; /* NULL: none, or too long to be kept */
};

/* A WebSocket over which somebody speaks. */
struct talk {
    uint64_t request; /* 0: the place is free */
    uint64_t broadcast;
    struct user_id user;
    uint8_t sha256[SHA256_BYTES]; /* of what they signed in with */
    usec_t checked_us;
    bool has_format;
    bool is_opus;
    unsigned tokens; /* messages that may come */
    usec_t filled_us;
};

/* A request that is answered with what is on air. It may have left meanwhile: ports.listens(). */
struct hearer {
    uint64_t request; /* 0: the place is free */
    uint8_t sha256[SHA256_BYTES]; /* of what it signed in with */
    usec_t checked_us;
};

struct api {
    struct api_ports ports;
    uint8_t admin_code[SHA256_BYTES];
    bool has_admin_code;
    struct backoff logins;
    struct upload *uploads; /* being received */
    struct capbody *cap_bodies; /* likewise */
    struct resume *resumes; /* uploads in parts, unfinished */
    usec_t
        followers[API_FOLLOWERS]; /* of what is published: when each has its full allowance again */
    unsigned peaks_running; /* in workers */
    struct talk talks[API_SOUNDS_MAX];
    uint64_t sounds[API_SOUNDS_MAX]; /* requests that bring sound; 0 free */
    struct hearer hearers[API_LISTENERS_MAX];
    struct updates *updates;
    struct once onces[API_ONCE_MAX];
    uint64_t once_serial;
    bool reading_all; /* api_reader.h */
    unsigned readers; /* likewise */
    uint64_t requests; /* answered */
    uint64_t refused; /* of them, with a status of 400 or more */
    uint64_t login_failures;
    char console_policy[1024]; /* Content-Security-Policy of the console */
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
    bool in_vietnamese; /* what is wrong is said so */
    uint8_t secret_sha256[SHA256_BYTES]; /* of the token or session */
    char param[2][80]; /* texts in place of {...} of the pattern */
    json_t *body; /* object, owned; NULL when the route takes none */
    json_t *out; /* owned */
    struct web_response res; /* headers, or a whole answer when res.status is set */
    unsigned status; /* 0: 200, or the error's */
    unsigned retry_after_s; /* with ERR_BUSY */
    uint64_t once; /* serial of its struct once; 0 none */
    const char *confirm; /* name of the field that would confirm what was refused */
    struct err_detail detail;
};

/* A sentence for people in the language of the request.
 *
 *   ret_text  CALL_SAY_SIZE bytes */
void call_say(const struct call *c, const char *sentence, char *ret_text);
#define CALL_SAY_SIZE (2 * ERR_DETAIL_MAX)

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

/* Read ?from_us= and ?to_us=, all of time by default. */
MUST_USE enum err call_query_span(struct call *c, usec_t *ret_from_us, usec_t *ret_to_us);

/* Set the answer. ERR_NOMEM when out is NULL. */
MUST_USE enum err call_out(struct call *c, unsigned status, json_t *out);

/* {"id": 7} with 201. */
MUST_USE enum err call_created(struct call *c, uint64_t id);

bool call_may(const struct call *c, unsigned roles);

/* auth.c */
MUST_USE enum err auth_identify(struct call *c);

/* When a session that is used now ends, and let it end so; the station's disk may fail. */
usec_t auth_session_end(const struct api *a, bool browser, usec_t now_us);
void auth_keep(struct api *a, const struct credential *credential, usec_t now_us);

/* Answer with a file, which is closed in every case: 200, 206 for a range, 304 when the client holds it.
 *
 *   content_type, cache  static
 *   tag                  quoted; other bytes have another one
 *
 * ERR_NOT_FOUND  no regular file; ERR_LIMIT: the range is not within it (416) */
MUST_USE enum err call_file(struct call *c, int fd, const char *content_type, const char *tag,
                            const char *cache);

/* Idempotency-Key (call_once.c): was this done before? *ret_done: then it is answered as it was.
 *
 * ERR_BUSY    it is under way
 * ERR_EXISTS  done, and its answer is not known any more
 * ERR_LIMIT   the key was another request's */
MUST_USE enum err once_judge(struct call *c, bool *ret_done);
MUST_USE enum err once_store(struct call *c); /* in the transaction of its change */
void once_finish(struct call *c);
void once_free_all(struct api *a);

/* ETag and If-Match (call_etag.c): tag what is shown; was what is to be changed seen as it is now? ERR_STATE (412). */
void call_tag(struct call *c);
MUST_USE enum err call_tag_judge(struct call *c);

/* The web console (console.c): a file of it, its policy, the address of the map's tiles for it, "" none. */
MUST_USE enum err console_answer(struct call *c);
void console_policy(struct api *a);
const char *console_tiles(const struct api *a);

/* Shared between nouns. */
json_t *api_user_json(const struct user *u);
/* The name of an account as a string; "" when there is none of that id. */
json_t *api_user_name_json(struct call *c, struct user_id id);
json_t *api_roles_json(unsigned roles);
MUST_USE enum err api_roles_read(struct call *c, json_t *list, unsigned *ret_roles);
/* How long a browser's session lasts without use, s; 0: until it ends by itself. */
unsigned api_idle_s(const struct api *a);

json_t *api_faults_json(uint32_t faults);
json_t *api_alarm_item(struct call *c, const void *alarm); /* c: only its api is used */
json_t *api_alert_item(struct call *c, const void *alert); /* likewise */
/* Bulletins that wait for the approval of who asks. */
MUST_USE enum err api_bulletins_waiting(struct call *c, uint64_t *ret_count);
json_t *api_media_json(const struct media_info *m);
json_t *api_parts_json(struct call *c, const struct bulletin *b);

/* Read the parts of a bulletin: objects with their kind, or the sha256 of recordings. */
MUST_USE enum err api_parts_read(struct call *c, json_t *list, struct bulletin *b);

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

/* Plan what was asked for, journal it, let it go out; answers with its id.
 *
 *   action  for the journal */
MUST_USE enum err api_play_now(struct call *c, const struct api_play *play, const char *action);

/* Fetch a bulletin that may be broadcast. ERR_NOT_FOUND; ERR_STATE: not approved, or expired. */
MUST_USE enum err api_usable_bulletin(struct call *c, struct bulletin_id id,
                                      struct bulletin *ret_bulletin);

/* Judge length and quiet hours of one play list. Sets call.confirm. */
MUST_USE enum err api_check_airtime(struct call *c, const struct bulletin *b, usec_t start_us,
                                    uint32_t repeats, uint32_t pause_ms, bool quiet_confirmed);

/* Store and journal a recording whose file is in its place, and answer with it. */
MUST_USE enum err api_media_imported(struct call *c, const char *action,
                                     const struct media_info *info);

/* Uploads (api_upload.c). */
MUST_USE enum err api_upload_begin(struct call *c);
bool api_upload_piece(struct api *a, uint64_t id, struct bytes piece);
void api_upload_gone(struct api *a, uint64_t id);
void api_upload_free_all(struct api *a);

/* CAP messages (api_cap.c); as the functions for uploads. */
MUST_USE enum err api_cap_begin(struct call *c);
bool api_cap_is_open(const struct api *a, uint64_t id);
bool api_cap_piece(struct api *a, uint64_t id, struct bytes piece);
void api_cap_gone(struct api *a, uint64_t id);
void api_cap_free_all(struct api *a);

/* Speaking over a WebSocket (api_talk.c): judge who asks for one, take a message, tell how it is heard. */
MUST_USE enum err api_talk_open(struct call *c);
void api_talk_message(struct api *a, uint64_t request, struct bytes message, bool is_text);
void api_talk_gone(struct api *a, uint64_t request);
void api_talk_step(struct api *a);

/* A client that listened has gone (harmless for others); send off those whose session is over. */
void api_listen_gone(struct api *a, uint64_t request);
void api_listen_step(struct api *a);

/* Sound for what is on air (api_live.c); as the functions for uploads. */
MUST_USE enum err api_sound_begin(struct call *c);
bool api_sound_is_open(const struct api *a, uint64_t id);
bool api_sound_piece(struct api *a, uint64_t id, struct bytes piece);
void api_sound_gone(struct api *a, uint64_t id);

#endif
