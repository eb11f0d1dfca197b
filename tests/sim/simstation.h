/* simstation.h - the station of a simulated fleet: the real session, registry and broadcast modules,
 * with the wiring that controller/app and controller/net do in earnest, without store and sockets.
 *
 * Times are station time. Thread: the test's. */
#ifndef LOA_SIMSTATION_H
#define LOA_SIMSTATION_H

#include "broadcast.h"
#include "order.h"
#include "prop.h"
#include "recording.h"
#include "registry.h"
#include "session.h"
#include "station.h"
#include "teststation.h"

#define SIM_NODES_MAX 8
#define SIM_BROADCASTS_MAX 3
#define SIM_RECEIPTS_MAX 16
#define SIM_STREAM_AHEAD_US (2 * USEC_PER_SEC)

struct simstation_link {
    bool connected, ready;
    struct session session;
    uint32_t stream; /* joined, 0 none */
    size_t next_packet;
};

/* A broadcast with what the store would keep of it. */
struct simstation_broadcast {
    struct broadcast b;
    const struct recording *recording;
    bool offered; /* media pushed ahead; otherwise only the stream has it */
    loa_Order orders[SIM_NODES_MAX], stops[SIM_NODES_MAX]; /* as signed, repeated as they are */
    uint64_t receipt_ids[SIM_NODES_MAX][SIM_RECEIPTS_MAX];
    size_t receipt_count[SIM_NODES_MAX];
    usec_t next_us;
};

struct simstation {
    const struct teststation *identity;
    struct order_signer *signer;
    struct station station;
    struct registry *registry;
    struct prop *random;
    bool loses_chunks;
    size_t node_count;
    struct simstation_link links[SIM_NODES_MAX];
    size_t broadcast_count;
    struct simstation_broadcast broadcasts[SIM_BROADCASTS_MAX];
    uint64_t next_order;
    usec_t now_us;
    const char
        *broken; /* what a node did that the protocol forbids, or the core refused; NULL nothing */
    void (*send)(void *ctx, size_t node, enum frame_type type, struct bytes payload);
    void *ctx;
};

/* Nodes are numbered 0.. here and have the ids 1.. . */
void simstation_init(struct simstation *s, const struct teststation *identity, struct prop *random,
                     size_t node_count);
void simstation_deinit(struct simstation *s);

void simstation_connected(struct simstation *s, size_t node, usec_t now_us);
void simstation_lost(struct simstation *s, size_t node);

/* Take bytes in that arrived at now_us. False: the session is over, drop the link. */
bool simstation_receive(struct simstation *s, size_t node, struct bytes bytes, usec_t now_us);

/* Do what is due: orders, stops, states, streams, silent sessions. */
void simstation_step(struct simstation *s, usec_t now_us);

bool simstation_all_closed(const struct simstation *s);

#endif
