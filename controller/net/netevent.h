/* netevent.h - what the shards tell the main thread, and what they count.
 *
 * Thread: made by a shard, read by main. */
#ifndef LOA_NETEVENT_H
#define LOA_NETEVENT_H

#include "control.h"
#include "link.h"

#define NET_ADDRESS_SIZE 46 /* numeric IPv4 or IPv6 without port */
#define NET_TEXT_SIZE 128

enum net_event_kind {
    NET_EVENT_NONE = 0,
    NET_CONNECTED, /* a node proved its certificate; judge it (registry_admit), Hello follows */
    NET_MESSAGE, /* one message of a node, in order; the first is its Hello */
    NET_ENROL_REQUEST, /* answer with net_send(), then net_close() without Bye */
    NET_CLOSED, /* exactly once after CONNECTED or ENROL_REQUEST, the last event of a connection */
};

enum net_reason {
    NET_REASON_NONE = 0,
    NET_REASON_STATION, /* net_close() */
    NET_REASON_NODE, /* the node said Bye or closed in good order */
    NET_REASON_LOST, /* connection reset, or ended without farewell */
    NET_REASON_SILENT, /* nothing heard, or no Hello, in time */
    NET_REASON_PROTOCOL, /* broke PROTOCOL.md; text says how */
    NET_REASON_TOO_SLOW, /* did not take what it had been sent */
    NET_REASON_NO_MEMORY,
    NET_REASON_COUNT_
};

/* "station", "node", "lost", ...; "none" outside the set. */
const char *net_reason_name(enum net_reason reason);

/* Valid during the call that delivers it. */
struct net_event {
    enum net_event_kind kind;
    uint64_t conn;
    struct node_id node; /* from the certificate; 0 for ENROL_REQUEST and what follows it */
    struct link_peer peer; /* CONNECTED */
    char address[NET_ADDRESS_SIZE]; /* CONNECTED, ENROL_REQUEST */
    uint64_t in_bytes, out_bytes; /* encrypted, of this connection until now */
    const loa_Msg *msg; /* MESSAGE, ENROL_REQUEST; NULL otherwise */
    enum net_reason reason; /* CLOSED */
    char text[NET_TEXT_SIZE]; /* CLOSED: for logs, may be empty; peer-controlled in part */
};

/* Counters, all since start except the two gauges. */
enum net_counter {
    NET_COUNT_CONNECTIONS = 0, /* gauge: sockets open, handshakes included */
    NET_COUNT_HANDSHAKES, /* gauge: in progress */
    NET_COUNT_ACCEPTED,
    NET_COUNT_SESSIONS, /* handshakes that ended in a session */
    NET_COUNT_RESUMED, /* of these, by ticket */
    NET_COUNT_ENROLMENTS, /* handshakes that ended in an enrolment */
    NET_COUNT_REFUSED_FULL, /* over the connection or enrolment limit */
    NET_COUNT_REFUSED_AUTH, /* certificate or ALPN */
    NET_COUNT_REFUSED_FORMAT, /* not TLS */
    NET_COUNT_REFUSED_TIMEOUT, /* handshake or enrolment too slow */
    NET_COUNT_CLOSED_PROTOCOL,
    NET_COUNT_CLOSED_TOO_SLOW,
    NET_COUNT_CLOSED_SILENT,
    NET_COUNT_CLOSED_OTHER,
    NET_COUNT_BYTES_IN, /* encrypted */
    NET_COUNT_BYTES_OUT,
    NET_COUNT_MESSAGES_IN,
    NET_COUNT_TIME_REPLIES,
    NET_COUNT_BUNDLES_SENT, /* bundle times connection */
    NET_COUNT_BUNDLES_DROPPED, /* stale, or the connection's queue was full */
    NET_COUNT_COUNT_
};

/* "loa_net_connections", ...: the metric's name; NULL outside the set. */
const char *net_counter_name(enum net_counter counter);

#endif
