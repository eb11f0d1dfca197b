/* storefix.h - a database in a folder of its own for each test, and a small station to fill it with.
 *
 * Everything fails the running cmocka test instead of returning an error. Thread: the test's. */
#ifndef LOA_STOREFIX_H
#define LOA_STOREFIX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "bulletin.h"
#include "db.h"
#include "event.h"
#include "library.h"
#include "registry.h"

#define NOW_US (INT64_C(1800000000) * USEC_PER_SEC)

#define assert_err(expected, call) assert_string_equal(err_name(call), err_name(expected))
#define assert_ok(call) assert_err(ERR_OK, call)

struct storefix {
    char dir[64];
    char path[96];
    struct db *db;
};

/* What storefix_fill() made. */
struct sample {
    struct user_id author;
    struct user_id approver;
    struct zone_id zones[2]; /* the second lies in the first */
    struct node_id nodes[3]; /* two in the first zone, one in the second */
    struct media_id media[2];
    struct bulletin_id bulletin; /* approved, both media */
    struct event_id event; /* both zones */
    struct broadcast_id broadcast; /* of the event at NOW_US, all nodes */
};

/* cmocka set-up and tear-down: *state is a struct storefix with an empty, open database. */
int storefix_setup(void **state);
int storefix_teardown(void **state);

/* Close and open again. */
void storefix_reopen(struct storefix *f);

void storefix_fill(struct storefix *f, struct sample *ret_sample);

struct user storefix_user(const char *login, unsigned roles);
struct zone storefix_zone(const char *code, struct zone_id parent);
struct media_info storefix_media(uint8_t first_byte);
struct bulletin storefix_bulletin(const struct sample *s);
struct event storefix_event(const struct sample *s);
struct node_record storefix_node(const char *name, struct zone_id zone);

/* Fill a SHA-256 with one byte. */
void storefix_hash(uint8_t byte, uint8_t ret_sha256[SHA256_BYTES]);

/* SHA-256 over all tables and their rows, read through another connection. */
void storefix_digest(const struct storefix *f, uint8_t ret_sha256[SHA256_BYTES]);

/* Run SQL through another connection, as somebody with a database tool would. */
void storefix_tamper(const struct storefix *f, const char *sql);
/* Likewise; returns the result code. */
int storefix_try(const struct storefix *f, const char *sql);

/* The number a statement yields, through another connection. */
int64_t storefix_count(const struct storefix *f, const char *sql);

#endif
