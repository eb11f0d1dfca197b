/* nodelink.h - what nodes say, brought to where it belongs: registry, on-air desk, media files.
 *
 * The controller's answers to each message of PROTOCOL.md section 6: admits certificates, says Welcome
 * and Settings, serves media, and lets go of revoked and replaced sessions. Media on its way
 * through is in static scratch. Thread: main. */
#ifndef LOA_NODELINK_H
#define LOA_NODELINK_H

#include "admission.h"
#include "alarms.h"
#include "err.h"
#include "live.h"
#include "net.h"
#include "onair.h"
#include "registry.h"
#include "station.h"

struct nodelink {
    struct net *net; /* set once it listens */
    struct registry *registry;
    const struct station *station;
    struct onair *onair;
    struct live *live;
    struct admission *admission;
    struct alarms *alarms;
    const char *media_dir;
    struct bytes order_cert_der; /* of the order signing key */
    usec_t (*now_us)(void *ctx);
    void *ctx; /* all borrowed for the life of the object */
};

/* Take in one event of the net; `arg` is the struct nodelink. */
void nodelink_on_event(void *arg, const struct net_event *event);

/* A batch of them is over: store and answer what nodes said. Likewise. */
void nodelink_on_turn(void *arg);

/* Queue one message to a node. ERR_NOT_FOUND: no session stands; otherwise as net_send_message(). */
MUST_USE enum err nodelink_send(struct nodelink *l, struct node_id node, const loa_Msg *msg);

/* Likewise one message to many, at most ONAIR_SEND_MAX; those without a session are left out. ERR_NOT_FOUND: all are;
 * otherwise as net_send_many(). */
MUST_USE enum err nodelink_send_many(struct nodelink *l, const struct node_id *nodes, size_t count,
                                     const loa_Msg *msg);

/* Let a node have a stream. ERR_NOT_FOUND: no session stands. */
MUST_USE enum err nodelink_join(struct nodelink *l, struct node_id node, struct stream_id stream);

/* Tell a node its settings, if it is connected. */
void nodelink_send_settings(struct nodelink *l, struct node_id node);

/* Somebody looks at level meters: ask nodes that sound for theirs, no more often than is needed. */
void nodelink_watch(struct nodelink *l);

/* End a node's session, with the reason for its log. */
void nodelink_drop(struct nodelink *l, struct node_id node, loa_ByeCode code, const char *detail);

#endif
