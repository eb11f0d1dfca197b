/* netbed.h - a station for the tests of net: it greets whoever says Hello and notes all that it hears.
 *
 * One station at a time, in `netbed`. Everything fails the running cmocka test instead of returning an
 * error; waits are generous because machines are busy. Thread: the test's, which runs the station's loop. */
#ifndef LOA_NETBED_H
#define LOA_NETBED_H

#include "net.h"
#include "session.h"
#include "testclient.h"
#include "teststation.h"

#define NETBED_WAIT_US (20 * USEC_PER_SEC) /* for what must happen */
#define NETBED_EVENTS 16384
#define NETBED_NODE 7

#define NETBED_TEST(test) cmocka_unit_test_setup_teardown(test, netbed_start, netbed_stop)

struct netbed_event {
    struct net_event event; /* msg is not kept */
    pb_size_t which;
    uint32_t number; /* uptime_ms of a Status */
};

struct netbed {
    uv_loop_t loop;
    struct stime stime;
    struct teststation pki;
    struct link_config *client; /* of node NETBED_NODE */
    struct net *net;
    struct netbed_event seen[NETBED_EVENTS];
    size_t seen_count;
    bool stalled; /* main does nothing */
};

extern struct netbed netbed;

/* For the group: certificates, made once. */
int netbed_make_pki(void **state);
int netbed_drop_pki(void **state);

/* For each test: a station with two shards; or one with a configuration of the test's own. */
int netbed_start(void **state);
int netbed_stop(void **state);
struct net_config netbed_config(unsigned shards);
void netbed_start_with(const struct net_config *c);

/* One turn of the station's loop, unless it is stalled; the `idle` of clients. */
void netbed_turn(void *ctx);

/* Connect only; begin a link; or connect, Hello, Welcome, and return the connection's number. */
int netbed_dial(void);
void netbed_open(struct testclient *c, struct link_config *link);
uint64_t netbed_join(struct testclient *c);

/* Ask for the time until an answer comes: what was sent before has then been acted on by the shard. */
void netbed_ping(struct testclient *c, usec_t t1_us);

/* Events noted so far; the last one of the kind, or NULL. */
size_t netbed_count(enum net_event_kind kind);
const struct netbed_event *netbed_last(enum net_event_kind kind);

/* Run the station until `count` events of the kind have come, until a counter has reached `least`, until
 * no connection is left. */
const struct netbed_event *netbed_await(enum net_event_kind kind, size_t count);
void netbed_await_count(enum net_counter counter, uint64_t least);
void netbed_await_gone(void);

#endif
