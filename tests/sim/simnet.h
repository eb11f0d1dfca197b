/* simnet.h - one direction of a 4G link in virtual time: a byte stream that is late, never out of order.
 *
 * Each piece takes SIMNET_FLOOR_US and an exponential wait of mean SIMNET_QUEUE_US; nothing overtakes
 * (TCP). In one second of a hundred a stall begins: 0.5 to 3 s in which nothing arrives.
 * Times are true microseconds since the start of the run. Thread: the test's. */
#ifndef LOA_SIMNET_H
#define LOA_SIMNET_H

#include "bytes.h"
#include "prop.h"

#define SIMNET_FLOOR_US 30000
#define SIMNET_QUEUE_US 40000

struct simnet_piece {
    struct simnet_piece *next;
    int64_t due_us;
    size_t len;
    uint8_t data[];
};

struct simnet {
    struct prop *random;
    bool stalls;
    int64_t arrived_us; /* when the last piece arrives */
    int64_t judged_us; /* stalls were drawn up to here */
    int64_t stall_from_us, stall_to_us;
    struct simnet_piece *first;
};

/* `random` is borrowed. */
void simnet_init(struct simnet *n, struct prop *random, bool stalls);

/* When a piece that leaves now arrives; later pieces arrive no earlier. */
int64_t simnet_arrival(struct simnet *n, int64_t now_us);

/* Put bytes on the way; copied. */
void simnet_send(struct simnet *n, struct bytes bytes, int64_t now_us);

/* Take the next piece that has arrived by then; free() it. NULL: none. */
struct simnet_piece *simnet_take(struct simnet *n, int64_t until_us);

/* The link breaks: what is on the way is lost. */
void simnet_drop(struct simnet *n);

#endif
