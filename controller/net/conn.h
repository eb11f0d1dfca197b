/* conn.h - one connection of a shard: socket, TLS link, session, send queue.
 *
 *   (WAITING ->) HANDSHAKE -> SESSION or (SHAKEN ->) ENROL -> CLOSING (what is queued goes out, then close_notify) -> DEAD
 *
 * Whatever goes wrong ends here and touches no other connection. The flights of a handshake go to
 * handshakers.h and back; while one is away (job) the link is not touched. Who may not begin yet waits and is not read: before the
 * handshake without a link (WAITING), after it with its place among the handshakes (SHAKEN), so that no paid
 * handshake is thrown away.
 * A connection is freed only from the loop's closing phase (gone), never inside a call of this header.
 * Thread: the shard's. */
#ifndef LOA_CONN_H
#define LOA_CONN_H

#include <uv.h>

#include "handshakers.h"
#include "netcmd.h"
#include "netevent.h"
#include "netsource.h"
#include "sendq.h"
#include "session.h"
#include "stime.h"
#include "tally.h"

#define CONN_READ_BYTES 16384
#define CONN_TIMES_MAX 16 /* clock requests that wait for an answer */
#define CONN_STREAMS_MAX 8
#define CONN_WAIT_US (8 * USEC_PER_SEC) /* for a place: a node gives up after 10 s of silence */
#define CONN_CLOSE_US (800 * USEC_PER_MSEC) /* from the decision to close until it is done */

enum conn_state {
    CONN_HANDSHAKE = 0,
    CONN_WAITING,
    CONN_SHAKEN,
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
    struct handshakers *handshakers;
    struct queue *orders; /* the shard's: where they send jobs back to */
    uint64_t next_handshaker;
    struct queue *events; /* to main: struct conn_post */
    struct tally *tally;
    usec_t handshake_us;
    uint32_t handshakes_max;
    uint32_t waiting_max;
    uint32_t waiting;
    uint32_t enrolments_max;
    uint32_t enrolments;
    struct netsource_table *handshaking; /* which source holds how many handshakes */
    struct netsource_table *enrolling; /* likewise enrolments */
    void (*gone)(struct conn_env *env, struct conn *c); /* forget it; it is freed on return */
    struct conn *unsent; /* list of those that conn_send_rest() is to send */
    bool posted_later; /* main is to be woken at the next tick */
    bool restless; /* one is not in session, or pauses: all are to be looked at in the next tick */
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
    bool enrolling; /* counts in env->enrolments and env->enrolling */
    bool notified; /* CLOSING: close_notify went into the link */
    bool finished; /* CLOSING: all is out and our side is shut */
    bool refused; /* counted as one of the REFUSED counters */
    struct link *link; /* NULL: WAITING */
    uint64_t handshaker;
    struct handshake_job *job; /* a flight that is with its handshaker; NULL: none */
    bool shaking; /* a flight has been there */
    struct session session; /* its frame reader serves ENROL too */
    struct sendq out;
    struct conn *next_unsent;
    bool is_unsent;
    struct conn_time times[CONN_TIMES_MAX];
    unsigned time_count;
    struct stream_id streams[CONN_STREAMS_MAX]; /* joined; kept by fanout */
    unsigned stream_count;
    struct conn_post
        *farewell; /* CLOSED, made at CONNECTED so that it cannot fail; NULL once sent */
    usec_t opened_us; /* local time */
    usec_t turn_us; /* HANDSHAKE: since when it is the other side's turn */
    usec_t waited_us; /* and how long it was in earlier turns */
    usec_t close_by_us;
    uint64_t in_bytes, out_bytes; /* encrypted, since it opened */
    char address[NET_ADDRESS_SIZE];
};

/* Take over an accepted socket.
 *
 *   fd       non-blocking; the connection's on ERR_OK, else still the caller's
 *   address  numeric, of the other side; copied
 *
 * ERR_LIMIT  its source holds as many handshakes as one may, and too many wait already
 * ERR_NOMEM / ERR_IO */
MUST_USE enum err conn_new(struct conn_env *env, uint64_t id, int fd, const char *address,
                           struct conn **ret_conn);

/* A flight comes back; the job is freed. */
void conn_shaken(struct conn *c, struct handshake_job *job);

/* Queue for conn_send_rest(), so that what one connection is told in a turn leaves in one go; dropped when the
 * connection is closing.
 *
 *   cmd  NETCMD_SEND_CONTROL or _MEDIA; taken over */
void conn_put(struct conn *c, struct netcmd *cmd);
void conn_put_bundle(struct conn *c, struct bundle *b);

/* Send what was put, as far as the sockets take it. Before the loop goes on. */
void conn_send_rest(struct conn_env *env);

/* Send now, unless something waits that goes first: then it is put. A frame is a control frame, borrowed; a connection
 * that there is no memory for ends. */
void conn_send_frame(struct conn *c, struct bytes frame);
void conn_send_bundle(struct conn *c, struct bundle *b, usec_t now_us); /* station time */

/* Close at main's wish.
 *
 *   bye  NETCMD_CLOSE, taken over; NULL or empty for none */
void conn_close(struct conn *c, struct netcmd *bye);

/* Look for timeouts; call every 100 ms or so.
 *
 *   handshake_us  how long a handshake may wait for the other side: less than env's when others queue */
void conn_tick(struct conn *c, usec_t mono_us, usec_t handshake_us);

/* A Bye as a NETCMD_CLOSE; NULL without memory. */
struct netcmd *conn_bye(const loa_Bye *bye);

#endif
