/* relay_feed.h - the bytes of one address, whatever it is: a stream, or a playlist whose segments follow each other.
 *
 * What a playlist names is fetched by relay_fetch like everything else: every address is judged, after every
 * redirect. The decoder sees the bytes of the segments and no names. Thread: the relay's own. */
#ifndef LOA_RELAY_FEED_H
#define LOA_RELAY_FEED_H

#include "bytes.h"
#include "relay_net.h"

struct relay_feed;

/* As the functions of relay_fetch.h.
 *
 * relay_feed_run() is ERR_NOT_FOUND also when a playlist cannot be followed; ERR_NOMEM */
MUST_USE enum err relay_feed_new(const struct relay_config *config, const char *url,
                                 struct relay_feed **ret_feed);
void relay_feed_free(struct relay_feed *f);
MUST_USE enum err relay_feed_run(struct relay_feed *f, int in_fd, int out_fd, int timeout_ms,
                                 struct err_detail *detail);
struct bytes relay_feed_held(const struct relay_feed *f);
void relay_feed_take(struct relay_feed *f, size_t count);

#endif
