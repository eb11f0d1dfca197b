/* onairbed.h - the station's present on a real database with three nodes, all connected, and one broadcast by hand to them.
 *
 * Thread: the test's. */
#ifndef LOA_ONAIRBED_H
#define LOA_ONAIRBED_H

#include "storefix.h"

#include "onair.h"
#include "teststation.h"

#define ONAIRBED_NODES 1200 /* ids below */
#define ONAIRBED_US (NOW_US - USEC_PER_MIN) /* when it began; the broadcast starts at NOW_US */

struct onairbed {
    struct storefix *store;
    struct sample sample;
    struct teststation keys;
    struct registry *registry;
    struct station station;
    struct order_signer *signer;
    struct onair *onair;
    size_t orders[ONAIRBED_NODES]; /* sent, by id */
    size_t offers[ONAIRBED_NODES]; /* likewise */
    size_t missed;
    void (*acked)(struct node_id node, uint64_t receipt); /* NULL: nobody asks */
};

extern struct onairbed bed;

/* cmocka set-up and tear-down. */
int onairbed_begin(void **state);
int onairbed_end(void **state);

/* Begin anew with what is stored, as after a crash; nobody is told what was not sent. */
void onairbed_restart(usec_t now_us);

/* Likewise on another store than storefix_setup()'s. */
int onairbed_begin_on(void **state, int (*store_setup)(void **state));
int onairbed_end_on(void **state, int (*store_teardown)(void **state));

#endif
