/* conn_impl.h - what conn.c and conn_read.c share; nobody else includes it.
 *
 * Any of these may leave the connection CLOSING or DEAD; none frees it. Thread: the shard's. */
#ifndef LOA_CONN_IMPL_H
#define LOA_CONN_IMPL_H

#include "conn.h"

/* An event for main about this connection, with room for a message when asked; NULL without memory. */
struct conn_post *conn_post_new(const struct conn *c, enum net_event_kind kind, bool with_msg);

/* Always accepted: what goes beyond the bound makes connections pause instead (conn_pause). */
void conn_post_send(struct conn *c, struct conn_post *p);

/* The same for what may reach main a tick later, with all that came meanwhile: it is woken less often. */
void conn_post_send_later(struct conn *c, struct conn_post *p);

/* Close without farewell to the other side; main hears of it unless it has. */
void conn_kill(struct conn *c, enum net_reason reason, const char *text);

/* Start closing: control that is queued and the Bye go out, nothing else; main hears of it now.
 *
 *   bye  taken over; may be NULL */
void conn_begin_close(struct conn *c, enum net_reason reason, const char *text, struct netcmd *bye);

/* SHAKEN: take a place among the enrolments and read on, if there is one. */
void conn_enrol(struct conn *c);

/* It holds a handshake no longer. */
void conn_handshake_over(struct conn *c);

/* The socket is no longer watched; the connection is freed later. Not while a job is away. */
void conn_let_go(struct conn *c);

/* Count the connection once as refused. */
void conn_count_refused(struct conn *c, enum net_counter counter);

/* Send what waits, as far as the socket takes it. */
void conn_pump(struct conn *c);

/* Wait for what the flags say. */
void conn_update_poll(struct conn *c);

/* Read and act on what has arrived, a bounded amount. */
void conn_read(struct conn *c);

/* True when main is behind: what the node sends stays in the socket, which slows it and nobody else. */
bool conn_pause(struct conn *c);

#endif
