/* apifix.h - the API on a database of its own, with one account a role and a running station that only
 * takes notes. Everything fails the running cmocka test instead of returning an error.
 * Thread: the test's. */
#ifndef LOA_APIFIX_H
#define LOA_APIFIX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "api.h"
#include "db.h"
#include "routes.h"

/* Monday 2026-11-23, 10:00 in Viet Nam. */
#define NOW_US (INT64_C(1795402800) * USEC_PER_SEC)
#define ADMIN_CODE "code-of-the-first-start"
#define PASSWORD "correct horse"

struct apifix {
    char dir[64];
    char path[96];
    char resume_dir[96];
    struct db *db;
    struct registry *registry;
    struct station station;
    struct api *api;
    struct web_handler handler;
    usec_t now_us;
    uint64_t next_id;
    enum web_method upload_method; /* of uploads; POST when WEB_NONE */
    char console_dir[96]; /* below dir; the test makes it */
    char tiles[128];
    const char *if_match; /* sent with requests when not NULL; likewise those below */
    const char *if_none_match;
    const char *range;
    const char *if_range;
    const char *accept_encoding;
    const char *host; /* "dai.example:8443" when NULL */
    const char *origin;
    const char *idempotency_key;
    const char *accept_language;

    /* What the running station was asked. */
    unsigned schedule_changes;
    unsigned set_ups;
    unsigned policy_changes;
    unsigned emergency_changes;
    unsigned node_changes;
    unsigned node_revocations;
    unsigned node_tests;
    unsigned node_reboots;
    unsigned site_changes;
    unsigned media_deletions;
    unsigned broadcasts_committed;
    unsigned stops;
    struct api_play played; /* nodes are not kept */
    struct api_live live; /* as last asked for; its texts are gone */
    struct alert alert; /* as last planned */
    unsigned alerts_committed;
    uint64_t sound_bytes;
    int listeners;
    uint64_t listener; /* the last one, while it listens; 0 nobody */
    uint64_t watcher; /* the last stream that was begun; 0 none */
    char sent[32768]; /* on any stream, since the test emptied it */
    unsigned pieces; /* likewise */
    unsigned streams_ended;
    unsigned sound_packets;
    enum err packet_result;
    enum err talk_result; /* is there a state to tell */
    char why[16]; /* of the last WebSocket that was closed; "" none */
    uint64_t closed;
    unsigned level_looks;
    enum err stream_result; /* of sending */
    struct broadcast *broadcasts; /* under way; the test's */
    size_t broadcast_count;
    int listeners_gone;
    int sound_ends;
    enum err plan_result;
    enum err stop_result;

    /* What a CAP message is answered, and what was handed in. */
    struct api_cap_outcome cap_outcome;
    enum err cap_result;
    size_t cap_bytes;
    char cap_source[32];
    char cap_by[64];

    /* A worker's job, or an import, that has been started and not done. */
    void (*work)(void *arg);
    void (*work_done)(void *arg);
    void *work_arg;
    enum err work_result;
    bool hold_work; /* until apifix_work() */
    api_import_done import_done;
    void *import_arg;
    char import_path[256];
    char import_title[BULLETIN_TITLE_SIZE];
    struct cue import_cue;
    enum err import_result;
    struct api_speech speech;
    char speech_text[512];
    enum err speech_result;

    /* The last answer. */
    unsigned answers;
    uint64_t answered;
    unsigned status;
    json_t *body; /* NULL when it was not JSON */
    char text[8192];
    char file[256];
    char type[64];
    char cache[64];
    char policy[1024];
    char headers[1024]; /* "name: value" lines */
    char cookie[512]; /* set-cookie */
    char etag[64];
    char csrf[128]; /* sent with requests when not empty */
    char remote[32];
    char token[128]; /* used for every request when not empty, so that none is made anew */
};

int apifix_setup(void **state);
int apifix_teardown(void **state);

/* Make an account with this role set and PASSWORD; returns its id. */
struct user_id apifix_user(struct apifix *f, const char *login, unsigned roles);

/* A bearer token of an account that is made when it does not exist: "operator", or "admin+operator". */
const char *apifix_token(struct apifix *f, unsigned roles);

/* Send a request and run what it left for a worker; returns the status.
 *
 *   roles  0: nobody; otherwise with a token of such an account
 *   path   with its query
 *   body   JSON or NULL */
unsigned apifix_send(struct apifix *f, enum web_method method, const char *path, unsigned roles,
                     const char *body);

/* The same with a cookie instead of a token. */
unsigned apifix_send_cookie(struct apifix *f, enum web_method method, const char *path,
                            const char *cookie, const char *body);

/* Do what waits for a worker. */
void apifix_work(struct apifix *f);

/* End the API and begin it anew with the same database. */
void apifix_restart(struct apifix *f);

/* Ask for a WebSocket with a token, or with a cookie when roles is 0. Returns the status, 0: it is *ret_id. */
unsigned apifix_socket(struct apifix *f, const char *path, unsigned roles, const char *cookie,
                       uint64_t *ret_id);

/* Expect a status; prints the answer when it is another. */
#define expect_status(f, status, call) apifix_expect(f, status, call, __FILE__, __LINE__)
void apifix_expect(struct apifix *f, unsigned status, unsigned got, const char *file, int line);

/* Of the last answer: "a.b.0.c". Missing is -1, "" or NULL. */
json_t *apifix_json(struct apifix *f, const char *path);
int64_t apifix_number(struct apifix *f, const char *path);
const char *apifix_string(struct apifix *f, const char *path);

/* True when the message of the last answer holds this. */
bool apifix_says(struct apifix *f, const char *part);

/* Number of journal entries; the last one's action in ret_action (64 bytes), may be NULL. */
uint64_t apifix_journal(struct apifix *f, char *ret_action);

/* A zone, an active node in it, a recording, a bulletin approved with it. */
uint64_t apifix_zone(struct apifix *f, const char *code, const char *name);
uint32_t apifix_node(struct apifix *f, uint64_t zone, const char *name);
void apifix_media(struct apifix *f, uint8_t first_byte, uint32_t duration_ms, char ret_hex[65]);
uint64_t apifix_bulletin(struct apifix *f, const char *title, bool approve);

/* Begin an upload as these roles; true when its body is wanted. Then pieces, then the end. */
bool apifix_upload_begin(struct apifix *f, const char *path, unsigned roles, uint64_t *ret_id);
bool apifix_upload_piece(struct apifix *f, uint64_t id, const void *data, size_t len);
void apifix_upload_end(struct apifix *f, uint64_t id, const char *path, unsigned roles);

#endif
