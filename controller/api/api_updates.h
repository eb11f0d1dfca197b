/* api_updates.h - what changes at the station, told to everyone who watches, as server-sent events.
 *
 * A watcher is a request of GET /api/v1/updates that is answered without an end. It is sent the whole state first, then
 * what changed, a few times a second at most. What is due is written once and shared by all watchers; who does not
 * read it in time is dropped (web.h). A watcher whose session ended is sent off within UPDATES_CHECK_US.
 * Thread: main. */
#ifndef LOA_API_UPDATES_H
#define LOA_API_UPDATES_H

#include "api_impl.h"

#define UPDATES_CHECK_US (15 * USEC_PER_SEC) /* between two heartbeats */
#define UPDATES_QUEUE_BYTES 1048576 /* that may wait for one watcher; shared with the others */
#define UPDATES_BYTES_PER_S 20000000 /* to all watchers together; beyond, ticks come more seldom */
#define UPDATES_MAX 10000

struct updates;

MUST_USE enum err updates_new(struct api *a, struct updates **ret_updates);
void updates_free(struct updates *u);

/* Answer the call with updates until it ends. ERR_MORE: it is answered; ERR_BUSY: too many watch. */
MUST_USE enum err updates_watch(struct updates *u, struct call *c, bool keeps_session);

/* The client of a request has gone; harmless for others. */
void updates_gone(struct updates *u, uint64_t request);

size_t updates_watchers(const struct updates *u);

/* Tell what is due; call every API_STEP_MS. */
void updates_step(struct updates *u);

#endif
