/* nodestats.h - gather what nodes measured and used, a sample a quarter of an hour, and their SIM cards.
 *
 * Live values are folded into the registry's tallies every second; what is due is stored in batches, so
 * that no tick writes for more than NODESTATS_BATCH nodes. What was gathered since the last sample is lost
 * with the program. Thread: main. */
#ifndef LOA_NODESTATS_H
#define LOA_NODESTATS_H

#include "db.h"
#include "registry.h"
#include "supervise.h"

#define NODESTATS_BATCH 256

struct nodestats {
    struct db *db;
    struct registry *registry;
    struct supervise *supervise;
    const struct station *station;
    usec_t next_us; /* of the next sample; 0 not yet known */
    usec_t sample_us; /* of the one that is being stored, 0 none */
    size_t at; /* place in the registry where storing goes on */
    bool failing; /* said once */
};

/* Once a second. */
void nodestats_step(struct nodestats *s, usec_t now_us);

/* Judge which SIM cards are due; also done with every sample. */
void nodestats_sims(struct nodestats *s, usec_t now_us);

/* The local month of an instant, "2026-11".
 *
 *   ret_month  STORE_MONTH_SIZE bytes */
void nodestats_month(const struct station *station, usec_t at_us, char *ret_month);

#endif
