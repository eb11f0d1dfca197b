/* resume.h - how a node comes back after a power cut: its session on flash, and when to dial.
 *
 * `node.session` (0600) in the state directory holds the controller's wish (Welcome.reconnect_spread_ms) and
 * the TLS session, which resumes at one hundredth of the cost of a handshake. It is written after full
 * handshakes alone, so a few times a day at most. A session lasts a day from the last full handshake: a node
 * that stays connected shows its certificate again twice a day, at a quiet moment, or it would have
 * nothing to resume when it matters. Thread: main. */
#ifndef LOA_RESUME_H
#define LOA_RESUME_H

#include "flash.h"
#include "link.h"
#include "units.h"

#define RESUME_FILE "node.session"
#define RESUME_SPREAD_MAX_US USEC_PER_MIN
#define RESUME_COLD_FACTOR 10 /* a full handshake takes so much more of the spread */
#define RESUME_KEEP_EVERY_US USEC_PER_MIN /* at most: flash wears out */
#define RESUME_RENEW_S (12 * INT64_C(3600)) /* of the session left, up to a third more */
#define RESUME_RENEW_EVERY_US (6 * USEC_PER_HOUR) /* at most */

struct resume {
    struct flash *files; /* borrowed; NULL: nothing is kept */
    uint32_t spread_ms; /* the controller's wish; 0 none */
    usec_t kept_us; /* local time of the last write; 0 never */
    usec_t renewed_us; /* of the last renewal; 0 never */
    int64_t renew_s;
};

/* Start with what an earlier life of the node kept, if anything.
 *
 *   random  all 32 bits used */
void resume_load(struct resume *r, struct flash *files, struct link_config *config,
                 uint32_t random);

/* Note what a Welcome wished, and keep the session when it is a new one.
 *
 *   resumed  the session was not new */
void resume_on_welcome(struct resume *r, const struct link_config *config, uint32_t spread_ms,
                       bool resumed, usec_t now_us);

/* Within how long to dial, evenly spread; longer without a session. */
usec_t resume_spread_us(const struct resume *r, const struct link_config *config);

/* True when it is time for a full handshake again; once each time. */
bool resume_renews(struct resume *r, const struct link_config *config, usec_t now_us);

#endif
