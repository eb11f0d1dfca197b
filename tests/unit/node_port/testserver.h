/* testserver.h - a controller for tests: accepts connections on loopback and lets the test
 * answer frames. Same loop and thread as what is tested. */
#ifndef LOA_TESTSERVER_H
#define LOA_TESTSERVER_H

#include <uv.h>

#include "control.h"
#include "frame.h"
#include "link.h"
#include "teststation.h"

struct testserver;

struct testserver_connection {
    uv_tcp_t tcp;
    struct testserver *server;
    struct testserver_connection *next;
    struct link *link;
    struct frame_reader frames;
    bool established;
};

struct testserver {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct link_config *config;
    struct testserver_connection *all;
    struct testserver_connection *last; /* that said something; NULL none */
    uint16_t port;
    int accepted; /* connections so far */
    int resumed; /* of them with a session ticket */
    int received; /* frames so far */
    int hang_up_next; /* connections still to be dropped as soon as they come */
    bool mute; /* answer nothing, not even TLS */
    char memory[65536];

    /* A frame came; msg is set for CONTROL. */
    void (*frame)(struct testserver *s, const struct frame *frame, const loa_Msg *msg);
    void *ctx;
    loa_Msg msg;
};

/* Listen on a free port of 127.0.0.1. */
void testserver_init(struct testserver *s, uv_loop_t *loop, const struct teststation *station);

/* Begin to close; when the loop has run empty its config is to be freed. */
void testserver_close(struct testserver *s);

/* Close everything and run the loop until that is done. */
void testserver_deinit(struct testserver *s);

/* Send to, or drop without a word, the connection that spoke last. */
void testserver_send(struct testserver *s, enum frame_type type, struct bytes payload);
void testserver_send_msg(struct testserver *s, const loa_Msg *msg);
void testserver_drop(struct testserver *s);

/* Run the loop until *flag; fails the test after 20 s. */
void testserver_run_until(uv_loop_t *loop, const bool *flag);

#endif
