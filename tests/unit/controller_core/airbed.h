/* airbed.h - a broadcast with a few nodes, and a station around it, for tests. Thread: the test's. */
#ifndef LOA_AIRBED_H
#define LOA_AIRBED_H

#include "broadcast.h"

#define S USEC_PER_SEC
#define START (1000 * S)
#define END (START + 20 * S)
#define GRACE BROADCAST_RECEIPT_GRACE_US
#define NODES_MAX 6

/* A broadcast with its nodes 1..n, and what the world around it did. */
struct airbed {
    struct broadcast b;
    bool ready[NODES_MAX + 1];
    uint64_t next_order;
    usec_t now_us;
    usec_t next_us;
    size_t plays[NODES_MAX + 1]; /* orders sent */
    size_t stops[NODES_MAX + 1];
    size_t changes;
};

/* Set up a broadcast of 20 s at START; fails the running test when it cannot. */
void airbed_setup(struct airbed *w, size_t nodes);

bool airbed_is_ready(void *ctx, struct node_id node);
struct broadcast_target *airbed_target(struct airbed *w, uint32_t node);

/* Do all that is due, as the station would. */
void airbed_run(struct airbed *w, usec_t now_us);

/* What a node answers. */
enum err airbed_ack(struct airbed *w, uint32_t node, uint64_t order, loa_Verdict verdict);
enum err airbed_accept(struct airbed *w, uint32_t node);
enum err airbed_receipt(struct airbed *w, uint32_t node, uint64_t receipt_id);

#endif
