/* store_published.h - keep what the station published: signed CAP messages of its own alerts, and reports to those
 * whose alerts were stopped here.
 *
 * What is due follows from the alerts themselves, so a crash between the two loses nothing. Thread: main. */
#ifndef LOA_STORE_PUBLISHED_H
#define LOA_STORE_PUBLISHED_H

#include "alert.h"
#include "db.h"

#define PUBLISHED_NAME_SIZE 64 /* identifier with its NUL */
#define PUBLISHED_KEEP_US USEC_PER_DAY /* to be read, after it expired */

enum published_kind { /* stored: numbers never change */
                      PUBLISHED_BEGUN = 0, /* Alert or Update */
                      PUBLISHED_ENDED, /* Cancel */
                      PUBLISHED_STOPPED, /* Error: somebody here stopped what came as CAP */
};

struct published {
    uint64_t id;
    uint64_t alert;
    enum published_kind kind;
    char identifier[PUBLISHED_NAME_SIZE];
    usec_t sent_us;
    usec_t expires_us;
    char title[BULLETIN_TITLE_SIZE];
};

/* The next thing to publish: a live alert of the station's own, the end of one that was published and would still be
 * valid, or, when there is neither, that people here stopped one that came as CAP and expired no longer than
 * PUBLISHED_KEEP_US ago. Only alert and kind are set.
 *
 * ERR_NOT_FOUND  nothing */
MUST_USE enum err store_published_due(struct db *db, usec_t now_us, struct published *ret_due);

/* How people here stopped an alert that came as CAP. */
struct published_stop {
    uint64_t message; /* that it came with, of store_alert_message.h */
    uint64_t own; /* the station's alert that took its place; 0: it was silenced or ended */
    usec_t at_us;
};

/* ERR_NOT_FOUND  it did not come as a message, or goes on, or its sender ended it */
MUST_USE enum err store_published_stop(struct db *db, uint64_t alert,
                                       struct published_stop *ret_stop);

/* Add one; id is ignored. ERR_EXISTS  it is published already */
MUST_USE enum err store_published_add(struct db *db, const struct published *p,
                                      const char *message);

/* ERR_NOT_FOUND  not published */
MUST_USE enum err store_published_find(struct db *db, uint64_t alert, enum published_kind kind,
                                       struct published *ret_p);

/* List those that were valid at or after an instant, the newest first. */
MUST_USE enum err store_published_list(struct db *db, usec_t valid_us, struct published *rows,
                                       size_t rows_max, size_t *ret_count);

/* The message of this identifier; terminated, for free(). ERR_NOT_FOUND */
MUST_USE enum err store_published_message(struct db *db, const char *identifier, char **ret_text);

/* Forget what expired before an instant, within the room (db.h). */
MUST_USE enum err store_published_prune(struct db *db, usec_t before_us, size_t *room);

#endif
