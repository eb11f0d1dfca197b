/* supervise.h - alarms: what is wrong with each node, from its link, its statuses and its receipts.
 *
 * Evidence comes in (supervise_on_*), each kind of alarm has a time for which the evidence must stand
 * before the alarm is raised, and one before it clears by itself. A lost link is raised
 * SUPERVISE_LINK_US after the node was last heard, every other fault within SUPERVISE_FAULT_US after it
 * arose at the node, its own judgement (PROTOCOL.md section 6, Status) and one status interval
 * included; EN 54-16 asks 100 s. While a node cannot be heard its other alarms stay as they are.
 *
 * Pure: what is due is asked for (supervise_due), stored by the caller, and only then confirmed
 * (supervise_done), so that nothing is lost when the disk fails. Thread: main. Times: station time. */
#ifndef LOA_SUPERVISE_H
#define LOA_SUPERVISE_H

#include "control.h"
#include "err.h"
#include "station.h"
#include "units.h"

#define SUPERVISE_NODES_MAX 20000
#define SUPERVISE_LINK_US (8 * USEC_PER_SEC)
#define SUPERVISE_LINK_BOUND_US (10 * USEC_PER_SEC) /* promised: silence to alarm */
#define SUPERVISE_FAULT_US (30 * USEC_PER_SEC) /* promised: fault at the node to alarm */
#define SUPERVISE_START_US (20 * USEC_PER_SEC) /* for nodes to come back when the station starts */

/* Numbers are stored: append, never renumber. */
enum alarm_kind {
    ALARM_NONE = 0,
    ALARM_LINK_LOST,
    ALARM_TEMPERATURE_HIGH,
    ALARM_MAINS_LOST,
    ALARM_SUPPLY_LOW,
    ALARM_FLASH_FULL,
    ALARM_FLASH_FAILED,
    ALARM_CACHE_DAMAGED,
    ALARM_UNDERRUNS,
    ALARM_CARD_LOST,
    ALARM_CLOCK_LOST,
    ALARM_SILENT_OUTPUT,
    ALARM_AMPLIFIER,
    ALARM_MUTED_LOCALLY, /* the switch on the cabinet */
    ALARM_NOT_SOUNDED, /* a broadcast was missed, or a receipt says that a fault cut it */
    ALARM_NOT_HEARD, /* the tone of a node test did not reach the microphone */
    ALARM_SILENT_SOURCE, /* what is broadcast is itself silent */
    ALARM_SOURCE_LOST, /* of the station: a live source brings nothing, its grace is over */
    ALARM_RELAY_TROUBLE, /* of the station: another broadcaster is silent, or cannot be reached */
    ALARM_ALERT_STOPPED, /* of the station: somebody silenced a live alert */
    ALARM_ALERT_UNCONFIRMED, /* of the station: nobody confirmed an alert in time */
    ALARM_SIM_DUE, /* its SIM card is to be paid */
    ALARM_FEED_LOST, /* of the station: a feed of alerts was not read for as long as it may */
    ALARM_IMPOSTOR, /* a controller of another authority stands at an address of the node's list */
    ALARM_KINDS,
};

enum alarm_level {
    ALARM_LEVEL_NONE = 0,
    ALARM_LEVEL_WARNING, /* it still sounds */
    ALARM_LEVEL_CRITICAL, /* it does not, or may not */
};

/* One alarm of one node, or of the station (node 0), while it stands and afterwards. */
struct alarm {
    uint64_t id;
    struct node_id node;
    enum alarm_kind kind;
    usec_t since_us; /* when the evidence began */
    usec_t cleared_us; /* 0: it stands */
    usec_t acknowledged_us; /* 0: nobody has seen it */
    struct user_id acknowledged_by;
};

/* "link_lost"; "unknown" for a kind of a newer version. */
const char *alarm_kind_name(enum alarm_kind kind);
enum alarm_level alarm_kind_level(enum alarm_kind kind);

/* The bit of Status.faults that is its evidence; 0: none. */
uint32_t alarm_kind_fault(enum alarm_kind kind);

struct supervise_change {
    struct node_id node;
    enum alarm_kind kind;
    bool raised; /* false: cleared */
    usec_t at_us; /* when the evidence began or ended */
};

struct supervise;

/* Make one; it watches the station (node 0), and nodes as they are named to it. */
MUST_USE enum err supervise_new(struct supervise **ret_supervise);
void supervise_free(struct supervise *s);

/* Begin to watch a node; harmless when it is watched. It gets SUPERVISE_START_US to connect.
 *
 * ERR_LIMIT  SUPERVISE_NODES_MAX; ERR_NOMEM */
MUST_USE enum err supervise_watch(struct supervise *s, struct node_id node, usec_t now_us);

/* It was revoked: its alarms clear, nothing new is raised. */
void supervise_unwatch(struct supervise *s, struct node_id node, usec_t now_us);

/* An alarm that the store says stands; for nodes that are watched. */
void supervise_restore(struct supervise *s, const struct alarm *alarm);

/* Evidence; a node that is not watched is passed over. */
void supervise_on_link(struct supervise *s, struct node_id node, bool up, usec_t now_us);
void supervise_on_heard(struct supervise *s, struct node_id node, usec_t now_us);
void supervise_on_status(struct supervise *s, struct node_id node, const loa_Status *status,
                         usec_t now_us);
void supervise_on_receipt(struct supervise *s, struct node_id node, const loa_Receipt *receipt,
                          usec_t now_us);
/* A broadcast was over before the node could be told of it. */
void supervise_on_missed(struct supervise *s, struct node_id node, usec_t now_us);
void supervise_on_test(struct supervise *s, struct node_id node, loa_Heard heard, usec_t now_us);

void supervise_on_sim(struct supervise *s, struct node_id node, bool due, usec_t now_us);

/* What became of the station's alerts, all together. */
void supervise_on_alerts(struct supervise *s, bool stopped, bool unconfirmed, usec_t now_us);

/* Whether a feed of alerts is lost, of all that the station reads. */
void supervise_on_feeds(struct supervise *s, bool lost, usec_t now_us);

/* What the live sources of the station are like, all together. */
void supervise_on_sources(struct supervise *s, bool lost, bool relay_trouble, usec_t now_us);

/* What is to be raised or cleared by now, at most `max` changes; call at least once a second. The same
 * changes are due again until they are confirmed. */
size_t supervise_due(const struct supervise *s, usec_t now_us, struct supervise_change *ret_changes,
                     size_t max);

/* A change was stored. */
void supervise_done(struct supervise *s, const struct supervise_change *change);

/* Alarms that stand. */
size_t supervise_standing(const struct supervise *s, enum alarm_level level);

#endif
