/* ticketring.h - the two keys that tickets are sealed with: today's, and the one before.
 *
 * Each key is random and serves TICKETRING_TURN_S; then a new one seals and the oldest is forgotten, so
 * that what was sealed before can be opened by nobody any more. Pure but for the random bytes. Thread: the owner's. */
#ifndef LOA_TICKETRING_H
#define LOA_TICKETRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define TICKETRING_KEYS 2
#define TICKETRING_KEY_BYTES 32
#define TICKETRING_TURN_S INT64_C(86400)
#define TICKETRING_TEXT_MAX (TICKETRING_KEYS * (20 + 1 + 2 * TICKETRING_KEY_BYTES + 1) + 1)

struct ticketring_key {
    uint64_t turn; /* which stretch of TICKETRING_TURN_S since 1970 it was made in; 0: none */
    uint8_t key[TICKETRING_KEY_BYTES];
};

struct ticketring {
    struct ticketring_key keys[TICKETRING_KEYS]; /* the newest first: it seals, all of them open */
};

/* Make a new key when the newest is not of this turn; zeroed memory is a ring without keys.
 *
 *   now_s  seconds since 1970
 *
 * True when the ring changed and is to be stored. */
bool ticketring_turn(struct ticketring *r, int64_t now_s);

/* The key of that turn; NULL when it is not held, or no more. */
const uint8_t *ticketring_find(const struct ticketring *r, uint64_t turn);

/* As text: a line for each key, the turn and the key in hexadecimal.
 *
 *   ret_text  TICKETRING_TEXT_MAX bytes, terminated; to be wiped by the caller */
void ticketring_write(const struct ticketring *r, char *ret_text);

/* ERR_FORMAT  not what ticketring_write() wrote */
MUST_USE enum err ticketring_read(const char *text, struct ticketring *ret_ring);

#endif
