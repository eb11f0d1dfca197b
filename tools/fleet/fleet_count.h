/* fleet_count.h - what a fleet has seen, and how it is printed.
 *
 * Thread: the loop's. */
#ifndef LOA_FLEET_COUNT_H
#define LOA_FLEET_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "tally.h"

struct fleet_count {
    uint64_t joined;
    uint64_t connects;
    uint64_t resumed; /* of them, by ticket */
    uint64_t lost; /* links that ended unasked */
    uint64_t refused; /* for good */
    uint64_t orders;
    uint64_t receipts; /* acknowledged */
    uint64_t bundles;
    uint64_t packets;
    uint64_t packets_lost;
    uint64_t late; /* bundles that came after their first sample was due */
    uint64_t decoded;
    uint64_t bytes;
    struct tally join_ms; /* from connecting to holding a certificate */
    struct tally ready_ms; /* from connecting to Welcome */
    struct tally audible_ms; /* from being dark to having the clock, and the sound that is on air */
    struct tally lead_ms; /* how long before it is due a bundle comes */
    struct tally order_ms; /* from issue to arrival of an order */
    struct tally
        early_ms; /* how long before its start the order of an emergency comes; below 0: late */
    struct tally stop_ms; /* from issue to arrival of the first stop of a broadcast on air */
    struct tally clock_us; /* own station time against the middle of all */
    char last_problem[200];
};

void fleet_count_print(struct fleet_count *c, unsigned members, double seconds, bool json);
void fleet_count_free(struct fleet_count *c);

#endif
