/* conn.h - one connection of a shard: socket, TLS link, session, send queue.
 *
 *   HANDSHAKE -> SESSION or ENROL -> CLOSING (what is queued goes out, then close_notify) -> DEAD
 *
 * Whatever goes wrong ends here and touches no other connection. A handshake costs milliseconds of CPU,
 * so the shard does one a turn of its loop (handshake_ready), between which the others are served.
 * A connection is freed only from the loop's closing phase (gone), never inside a call of this header.
 * Thread: the shard's. */
#ifndef LOA_CONN_H
#define LOA_CONN_H

#include <sys/queue.h>
#include <uv.h>

#include "netcmd.h"
#include "netevent.h"
#include "sendq.h"
#include "session.h"
#include "stime.h"
#include "tally.h"

#define CONN_READ_BYTES 16384
#define CONN_TIMES_MAX 16 /* clock requests that wait for an answer */
#define CONN_STREAMS_MAX 8
#define CONN_CLOSE_US (800 * USEC_PER_MSEC) /* from the decision to close until it is done */

enum conn_state {
    CONN_HANDSHAKE = 0,
    CONN_SESSION,
    CONN_ENROL,
    CONN_CLOSING,
    CONN_DEAD,
};

struct conn;

/* What the connections of one shard share. */
struct conn_env {
    uv_loop_t *loop;
    const struct stime *stime;
    struct link_config *link_config;
    struct queue *events; /* to main: struct conn_post */
    struct tally *tally;
    usec_t handshake_us;
    uint32_t enrolments_max;
    uint32_t enrolments;
    void (*handshake_ready)(struct conn_env *env,
                            struct conn *c); /* call conn_handshake_turn() soon */
    void (*gone)(struct conn_env *env, struct conn *c); /* forget it; it is freed on return */
    usec_t wall_offset_us; /* CLOCK_REALTIME minus CLOCK_MONOTONIC when last looked at */
    uint8_t encrypted[CONN_READ_BYTES]; /* scratch */
    uint8_t plain[CONN_READ_BYTES];
    struct session_event event;
};

/* One event on its way to main, freed there with free(). */
struct conn_post {
    struct queue_item item; /* first */
    struct net_event event; /* msg points to the member below */
    loa_Msg msg[]; /* none or one */
};

struct conn_time {
    usec_t t1_us;
    usec_t t2_us;
};

struct conn {
    struct conn_env *env;
    uint64_t id;
    enum conn_state state;
    int fd;
    uv_poll_t poll;
    int events; /* what poll waits for now */
    bool blocked; /* the socket takes no more for now */
    bool paused; /* main is behind: not reading */
    bool waiting; /* for its turn to go on with the handshake */
    bool enrolling; /* counts in env->enrolments */
    bool notified; /* CLOSING: close_notify went into the link */
    bool finished; /* CLOSING: all is out and our side is shut */
    bool refused; /* counted as one of the REFUSED counters */
    TAILQ_ENTRY(conn) turn; /* the shard's, while waiting */
    struct link *link;
    struct session session; /* its frame reader serves ENROL too */
    struct sendq out;
    struct conn_time times[CONN_TIMES_MAX];
    unsigned time_count;
    struct stream_id streams[CONN_STREAMS_MAX]; /* joined; kept by fanout */
    unsigned stream_count;
    struct conn_post
        *farewell; /* CLOSED, made at CONNECTED so that it cannot fail; NULL once sent */
    usec_t opened_us; /* local time */
    usec_t close_by_us;
    char address[NET_ADDRESS_SIZE];
};

/* Take over an accepted socket.
 *
 *   fd       non-blocking; the connection's on ERR_OK, else still the caller's
 *   address  numeric, of the other side; copied
 *
 * ERR_NOMEM / ERR_IO */
MUST_USE enum err conn_new(struct conn_env *env, uint64_t id, int fd, const char *address,
                           struct conn **ret_conn);

/* Go on with the handshake: what arrived is read now. */
void conn_handshake_turn(struct conn *c);

/* Queue and send what can be sent now; dropped when the connection is closing.
 *
 *   cmd  NETCMD_SEND_CONTROL or _MEDIA; taken over */
void conn_send(struct conn *c, struct netcmd *cmd);
void conn_send_bundle(struct conn *c, struct bundle *b);

/* Close at main's wish.
 *
 *   bye  NETCMD_CLOSE, taken over; NULL or empty for none */
void conn_close(struct conn *c, struct netcmd *bye);

/* Look for timeouts; call every 100 ms or so.
 *
 *   handshake_us  how long a handshake may last: less than env's when there is a queue for it */
void conn_tick(struct conn *c, usec_t mono_us, usec_t handshake_us);

/* A Bye as a NETCMD_CLOSE; NULL without memory. */
struct netcmd *conn_bye(const loa_Bye *bye);

#endif
