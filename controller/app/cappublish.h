/* cappublish.h - the station's own alerts for others, and reports of what was stopped: signed CAP 1.2, and a feed.
 *
 * An alert is published once it is live, as an Alert, or as an Update of the published one that it replaces;
 * when people end it before its time, as a Cancel. What is due is read from the store, so nothing waits for it
 * and a crash loses none. Alerts that came from others as CAP are theirs to publish; when people here stop one, an
 * Error that refers to it tells its sender (CAP 1.2 section 3.2.1: the rejection of a message, explained in its note).
 * Thread: main. */
#ifndef LOA_CAPPUBLISH_H
#define LOA_CAPPUBLISH_H

#include "cap_policy.h"
#include "db.h"
#include "station.h"

#define CAPPUBLISH_ENTRIES 100 /* of the feed, the newest */

struct cappublish;

struct cappublish_config {
    struct db *db;
    const struct station *station;
    const struct cap_policy *policy; /* codes and boundaries of zones */
    const char *key_pem; /* of the signer */
    bool training; /* whatever is published is an exercise */
};

/* Borrows what the config points to. ERR_NOMEM */
MUST_USE enum err cappublish_new(const struct cappublish_config *config,
                                 struct cappublish **ret_publish);
void cappublish_free(struct cappublish *p); /* NULL is harmless */

/* Publish what is due. Call every second. NULL is harmless. */
void cappublish_step(struct cappublish *p, usec_t now_us);

/* Write the feed as it is now.
 *
 *   base      address before "/cap/", as the follower knows it
 *   ret_text  terminated, for free() */
MUST_USE enum err cappublish_feed(struct cappublish *p, const char *base, usec_t now_us,
                                  char **ret_text);

#endif
