/* capfeeds.h - feeds of CAP messages, polled by a thread of their own, and the alarm when one is not heard.
 *
 * A message that a feed names is fetched once it is new or changed, and counts as seen when what it causes is
 * stored; after a restart all are fetched again, and those that came before are duplicates. Thread: main; the
 * thread inside only fetches. */
#ifndef LOA_CAPFEEDS_H
#define LOA_CAPFEEDS_H

#include <uv.h>

#include "capdesk.h"
#include "config.h"

struct capfeeds;

struct capfeeds_config {
    uv_loop_t *loop;
    struct db *db;
    struct capdesk *desk;
    const struct config_feed *feeds; /* borrowed */
    size_t count;
    const struct relay_config *addresses; /* that may be connected to; borrowed */
    usec_t (*now_us)(void *ctx); /* any thread */
    void *ctx;
};

/* ERR_AUTH  the policy takes unsigned messages by the channel of a feed that comes by http; detail names it
 * ERR_NOMEM; ERR_IO  no thread */
MUST_USE enum err capfeeds_new(const struct capfeeds_config *config, struct capfeeds **ret_feeds,
                               struct err_detail *detail);

/* Journal which feeds were lost and are back; call once a second. Returns true while one is lost. NULL is harmless here
 * and below. */
bool capfeeds_step(struct capfeeds *f, usec_t now_us);

/* Ends the thread; then run the loop until it is empty, then free. */
void capfeeds_close(struct capfeeds *f);
void capfeeds_free(struct capfeeds *f);

#endif
