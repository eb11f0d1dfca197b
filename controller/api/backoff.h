/* backoff.h - slow down guessing: the more failures of a key, the longer the wait before the next try.
 *
 * A fixed table; when it is full the entry that has been quiet longest makes room. Pure: time is an
 * argument. Thread: main. */
#ifndef LOA_BACKOFF_H
#define LOA_BACKOFF_H

#include <stddef.h>
#include <stdint.h>

#include "units.h"

#define BACKOFF_ENTRIES 1024
#define BACKOFF_FREE_FAILURES 3 /* without a wait */
#define BACKOFF_FIRST_US USEC_PER_SEC /* doubles with each failure */
#define BACKOFF_FORGET_US USEC_PER_HOUR /* after the last failure */

struct backoff_entry {
    uint64_t key; /* 0 free */
    uint32_t failures;
    usec_t last_us;
};

struct backoff {
    struct backoff_entry entries[BACKOFF_ENTRIES];
};

/* Make a key of a kind ('a' account, 'r' remote address) and a text; never 0. */
uint64_t backoff_key(char kind, const char *text);

/* Make the key of a remote address; all of an IPv6 /64 is one, for a household has that many to change through. */
uint64_t backoff_remote_key(const char *address);

/* How long this key must still wait, us; 0: may try now.
 *
 *   max_us  the longest wait: short for accounts, so that nobody can lock out another for long */
usec_t backoff_wait_us(const struct backoff *b, uint64_t key, usec_t now_us, usec_t max_us);

void backoff_failed(struct backoff *b, uint64_t key, usec_t now_us);
void backoff_passed(struct backoff *b, uint64_t key);

#endif
