/* simfleet.h - a station and its nodes in one process, in virtual time, over simulated 4G, with faults.
 *
 * simfleet_run() draws everything from its seed: crystals, broadcasts, faults. All nodes advance by
 * SIM_STEP_US, which is less than the floor of the link's delay, so the order of events is exact. After
 * each step the invariants of ARCHITECTURE.md that show from outside are checked against what the
 * cards played (simcheck.c). Thread: the test's. */
#ifndef LOA_SIMFLEET_H
#define LOA_SIMFLEET_H

#include "nodebed.h"
#include "simnet.h"
#include "simstation.h"

#define SIM_STEP_US 20000
#define SIM_RECORDINGS 3
#define SIM_SETTLED_US (180 * USEC_PER_SEC) /* since the program started, the link broken or not */

/* How one node stands to one broadcast; true microseconds, 0 not yet. */
struct sim_part {
    int64_t order_at_us; /* an order for it reaches the node */
    int64_t acked_us; /* the node says it accepted it */
    int64_t stop_at_us, stop_acked_us;
    bool refused;
    uint32_t silent_steps; /* while it should sound */
    bool measured_now;
    double late_us; /* of the sound, at the last measurement */
};

struct sim_node {
    struct bed bed;
    struct bed_flash flash;
    struct simnet up, down;
    double crystal_ppm;
    bool linked;
    int64_t linked_us; /* since when */
    int64_t link_again_us; /* when down */
    int64_t born_us;
    int64_t late_us; /* when the last piece arrived that took too long for the stream's buffer */
    int64_t late_join_us; /* when the last piece arrived there that a stream cannot wait for */
    int64_t asleep_until_us; /* suspended */
    bool babbled; /* sent rubbish in this session */
    int64_t cached_us[SIM_RECORDINGS];
    int hang_ups;
    struct sim_part parts[SIM_BROADCASTS_MAX];
};

/* Pairwise offsets of nodes that play one broadcast, us. */
struct sim_offsets {
    float *us;
    size_t count, room;
};

struct sim_results {
    struct sim_offsets settled; /* both nodes have run for SIM_SETTLED_US */
    struct sim_offsets all;
    unsigned violations;
    unsigned measured, sounded_receipts, receipts, refused;
    unsigned drops, restarts, suspends, station_restarts, babbles, cancelled;
    unsigned forged, forged_refused; /* a drop may swallow some */
};

struct simfleet {
    uint64_t seed;
    struct prop random;
    bool calm; /* no faults of ours; the link stalls all the same */
    int64_t now_us, end_us, calm_from_us;
    const struct recording *recordings;
    struct simstation station;
    size_t count;
    struct sim_node *nodes;
    size_t cancel_at; /* index; SIM_BROADCASTS_MAX: none is */
    int64_t cancel_us;
    unsigned violations;
    struct sim_results *results;
};

/* Run one seed to its end; the results are added up. */
void simfleet_run(uint64_t seed, const struct teststation *identity,
                  const struct recording recordings[SIM_RECORDINGS], struct sim_results *results);

/* Report a broken invariant, with the seed, at most a few times a run. */
void simfleet_violation(struct simfleet *f, size_t node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

double simfleet_between(struct simfleet *f, double lo, double hi);

/* simfaults.c: break a link for so long, make it again; once a second let crystals wander and faults
 * happen. */
void simfaults_unlink(struct simfleet *f, size_t node, int64_t away_us);
void simfaults_link(struct simfleet *f, size_t node);
void simfaults_every_second(struct simfleet *f);

/* simcheck.c: judge the step that has just been played; at the end, the books. */
void simcheck_step(struct simfleet *f);
void simcheck_end(struct simfleet *f);

#endif
