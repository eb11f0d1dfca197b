#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net.h"
#include "packet.h"
#include "session.h"
#include "testclient.h"
#include "teststation.h"
#include "tsync.h"

#define LONG_US (20 * USEC_PER_SEC) /* for what must happen; generous because machines are busy */
#define EVENTS_MAX 16384
#define NODE 7

struct seen {
    struct net_event event; /* msg is not kept */
    pb_size_t which;
    uint32_t number; /* restarts of a Hello, uptime of a Status */
};

/* A station that greets whoever says Hello and notes all it hears. */
static struct station {
    uv_loop_t loop;
    struct stime stime;
    struct teststation pki;
    struct link_config *client;
    struct net *net;
    struct seen seen[EVENTS_MAX];
    size_t seen_count;
    bool stalled; /* main does nothing */
} st;

static void on_event(void *ctx, const struct net_event *e)
{
    struct seen *s = &st.seen[st.seen_count];

    (void)ctx;
    assert_true(st.seen_count++ < EVENTS_MAX);
    *s = (struct seen){.event = *e};
    if (e->msg == NULL)
        return;
    s->which = e->msg->which_body;
    if (s->which == loa_Msg_status_tag)
        s->number = (uint32_t)e->msg->body.status.uptime_ms;
    if (s->which == loa_Msg_hello_tag) {
        loa_Msg welcome = {.which_body = loa_Msg_welcome_tag};

        welcome.body.welcome.version = 1;
        /* The node may be gone again. */
        (void)!net_send_message(st.net, e->conn, &welcome);
    }
}

static void turn(void *ctx)
{
    (void)ctx;
    if (!st.stalled)
        uv_run(&st.loop, UV_RUN_NOWAIT);
}

static struct link_credentials credentials(void)
{
    return (struct link_credentials){
        .ca_cert = test_identity_der(&st.pki.ca),
        .cert = bytes_of(st.pki.chain_pem, strlen(st.pki.chain_pem) + 1),
        .key = test_identity_key(&st.pki.controller),
    };
}

static struct net_config config(unsigned shards)
{
    return (struct net_config){
        .address = "127.0.0.1",
        .shards = shards,
        .credentials = credentials(),
        .stime = &st.stime,
        .limits = net_limits_default(),
        .on_event = on_event,
    };
}

static void start_with(const struct net_config *c)
{
    struct err_detail detail = {0};

    st.seen_count = 0;
    st.stalled = false;
    stime_init(&st.stime);
    assert_int_equal(uv_loop_init(&st.loop), 0);
    assert_int_equal(net_new(&st.loop, c, &st.net, &detail), ERR_OK);
    assert_int_not_equal(net_port(st.net), 0);
}

static int start(void **state)
{
    struct net_config c = config(2);

    (void)state;
    start_with(&c);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (st.net == NULL)
        return 0;
    net_free(st.net);
    st.net = NULL;
    uv_run(&st.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&st.loop), 0);
    return 0;
}

static int make_pki(void **state)
{
    (void)state;
    teststation_init(&st.pki);
    st.client = teststation_client(&st.pki, &st.pki.node);
    return 0;
}

static int drop_pki(void **state)
{
    (void)state;
    link_config_free(st.client);
    teststation_deinit(&st.pki);
    return 0;
}

static int dial(void)
{
    int fd = testclient_dial(net_port(st.net), 0);

    assert_true(fd >= 0);
    return fd;
}

static void client_open(struct testclient *c, struct link_config *link)
{
    *c = (struct testclient){.idle = turn};
    assert_int_equal(testclient_open(c, link, dial()), ERR_OK);
}

static size_t count_seen(enum net_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < st.seen_count; i++)
        n += st.seen[i].event.kind == kind;
    return n;
}

static const struct seen *last_seen(enum net_event_kind kind)
{
    for (size_t i = st.seen_count; i-- > 0;)
        if (st.seen[i].event.kind == kind)
            return &st.seen[i];
    return NULL;
}

/* Run the station until `count` events of the kind have come. */
static const struct seen *await(enum net_event_kind kind, size_t count)
{
    usec_t until_us = stime_mono() + LONG_US;

    while (count_seen(kind) < count) {
        assert_true(stime_mono() < until_us);
        turn(NULL);
        usleep(500);
    }
    return last_seen(kind);
}

static void await_count(enum net_counter counter, uint64_t least)
{
    usec_t until_us = stime_mono() + LONG_US;

    while (net_count(st.net, counter) < least) {
        assert_true(stime_mono() < until_us);
        turn(NULL);
        usleep(500);
    }
}

static void await_gone(void)
{
    usec_t until_us = stime_mono() + LONG_US;

    while (net_count(st.net, NET_COUNT_CONNECTIONS) > 0) {
        assert_true(stime_mono() < until_us);
        turn(NULL);
        usleep(500);
    }
}

/* Connect, Hello, Welcome; returns the connection's number. */
static uint64_t join_station(struct testclient *c)
{
    size_t before = count_seen(NET_CONNECTED);
    loa_Msg msg;

    client_open(c, st.client);
    assert_int_equal(testclient_handshake(c, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_hello(c, (struct node_id){NODE}), ERR_OK);
    assert_int_equal(testclient_msg(c, LONG_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_welcome_tag);
    return await(NET_CONNECTED, before + 1)->event.conn;
}

static struct bundle *make_bundle(uint32_t stream, uint32_t seq, usec_t pts_us, size_t bytes)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX], opus[PACKET_PAYLOAD_MAX];
    struct bundle_writer w;
    struct bundle *b;
    struct bytes payload;

    bundle_begin(&w, memory, sizeof(memory));
    for (uint32_t i = 0; i == 0 || bytes > i * sizeof(opus); i++) {
        struct packet p = {{stream},
                           seq + i,
                           pts_us + i * PACKET_US,
                           bytes_of(opus, bytes < sizeof(opus) ? bytes : sizeof(opus))};

        assert_int_equal(bundle_add(&w, &p), ERR_OK);
    }
    assert_int_equal(bundle_finish(&w, false, NULL, &payload), ERR_OK);
    assert_int_equal(bundle_new(payload, &b), ERR_OK);
    return b;
}

static void send_bundle(uint32_t stream, uint32_t seq, usec_t pts_us, size_t bytes)
{
    struct bundle *b = make_bundle(stream, seq, pts_us, bytes);

    assert_int_equal(net_bundle(st.net, b), ERR_OK);
    bundle_unref(b);
}

static uint32_t next_bundle_seq(struct testclient *c)
{
    struct bundle_reader r;
    struct frame f;

    do {
        assert_int_equal(testclient_frame(c, LONG_US, &f), ERR_OK);
    } while (f.type != FRAME_BUNDLE);
    assert_int_equal(bundle_open(&r, f.payload), ERR_OK);
    return r.seq;
}

static void send_status(struct testclient *c, uint32_t number)
{
    loa_Msg msg = {.which_body = loa_Msg_status_tag};

    msg.body.status.uptime_ms = number;
    assert_int_equal(testclient_send_msg(c, &msg), ERR_OK);
}

/* Ask until an answer comes: what was sent before has then arrived at the shard and been acted on. */
static void ping(struct testclient *c, usec_t t1_us)
{
    struct frame f;

    assert_int_equal(testclient_send_time(c, t1_us), ERR_OK);
    do {
        assert_int_equal(testclient_frame(c, LONG_US, &f), ERR_OK);
    } while (f.type != FRAME_TIME_REPLY);
}

static void test_a_node_connects_and_talks(void **state)
{
    struct testclient c;
    uint64_t conn = join_station(&c);
    const struct seen *s = last_seen(NET_CONNECTED);

    (void)state;
    assert_int_equal(s->event.node.v, NODE);
    assert_int_equal(s->event.peer.node.v, NODE);
    assert_string_equal(s->event.address, "127.0.0.1");
    s = last_seen(NET_MESSAGE);
    assert_int_equal(s->event.conn, conn);
    assert_int_equal(s->which, loa_Msg_hello_tag);
    for (uint32_t i = 1; i <= 50; i++)
        send_status(&c, i);
    s = await(NET_MESSAGE, 51);
    for (size_t i = 1; i <= 50; i++)
        assert_int_equal(st.seen[st.seen_count - 51 + i].number, i);
    assert_int_equal(net_count(st.net, NET_COUNT_CONNECTIONS), 1);
    assert_int_equal(net_count(st.net, NET_COUNT_SESSIONS), 1);
    testclient_close(&c);
    assert_int_equal(await(NET_CLOSED, 1)->event.reason, NET_REASON_LOST);
    assert_int_equal(net_send(st.net, conn, bytes_of("\0\1\1\0x", 5), NET_CONTROL), ERR_NOT_FOUND);
    await_gone();
}

static void test_station_time_is_told(void **state)
{
    struct testclient c;

    (void)state;
    join_station(&c);
    for (int i = 0; i < 20; i++) {
        usec_t before_us = stime_now(&st.stime), after_us;
        struct tsync_sample s;
        struct frame f;

        assert_int_equal(testclient_send_time(&c, 1000 + i), ERR_OK);
        assert_int_equal(testclient_frame(&c, LONG_US, &f), ERR_OK);
        after_us = stime_now(&st.stime);
        assert_int_equal(f.type, FRAME_TIME_REPLY);
        assert_int_equal(tsync_read_reply(f.payload, 0, &s), ERR_OK);
        assert_int_equal(s.t1_mono_us, 1000 + i);
        /* The arrival comes from the kernel's own reading of the wall clock: allow it a tick. */
        assert_true(s.t2_us >= before_us - 5000);
        assert_true(s.t2_us <= s.t3_us);
        assert_true(s.t3_us <= after_us);
    }
    testclient_close(&c);
}

static void test_bundles_reach_those_who_joined_only(void **state)
{
    struct testclient a, b;
    uint64_t conn_a = join_station(&a), conn_b = join_station(&b);
    usec_t pts_us = stime_now(&st.stime) + USEC_PER_MIN;

    (void)state;
    assert_int_equal(net_stream_join(st.net, conn_a, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(st.net, conn_b, (struct stream_id){2}), ERR_OK);
    for (uint32_t i = 0; i < 10; i++) {
        send_bundle(1, i, pts_us + i * PACKET_US, 80);
        send_bundle(2, 100 + i, pts_us + i * PACKET_US, 80);
        send_bundle(3, 200 + i, pts_us + i * PACKET_US, 80);
    }
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(next_bundle_seq(&a), i);
        assert_int_equal(next_bundle_seq(&b), 100 + i);
    }
    assert_int_equal(net_stream_leave(st.net, conn_a, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 10, pts_us + USEC_PER_SEC, 80);
    send_bundle(2, 110, pts_us + USEC_PER_SEC, 80);
    assert_int_equal(next_bundle_seq(&b), 110);
    ping(&a, 1);
    assert_int_equal(net_count(st.net, NET_COUNT_BUNDLES_SENT), 21);
    assert_int_equal(net_count(st.net, NET_COUNT_BUNDLES_DROPPED), 0);
    testclient_close(&a);
    testclient_close(&b);
}

static void test_a_late_joiner_gets_what_has_not_sounded_yet(void **state)
{
    struct testclient a, late;
    uint64_t conn_a = join_station(&a), conn_late;
    usec_t now_us = stime_now(&st.stime);

    (void)state;
    assert_int_equal(net_stream_join(st.net, conn_a, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 0, now_us - USEC_PER_SEC, 80);
    send_bundle(1, 1, now_us + USEC_PER_MIN, 80);
    send_bundle(1, 2, now_us + USEC_PER_MIN + PACKET_US, 80);
    assert_int_equal(next_bundle_seq(&a), 1); /* the first was stale already */
    conn_late = join_station(&late);
    assert_int_equal(net_stream_join(st.net, conn_late, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(st.net, conn_late, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 3, now_us + USEC_PER_MIN + 2 * PACKET_US, 80);
    for (uint32_t i = 1; i < 4; i++)
        assert_int_equal(next_bundle_seq(&late), i);
    testclient_close(&a);
    testclient_close(&late);
}

static void test_a_node_that_does_not_read_delays_nobody_else(void **state)
{
    struct testclient stuck = {.idle = turn}, a;
    uint64_t conn_a, conn_stuck;
    usec_t pts_us;
    loa_Msg msg;

    (void)state;
    assert_int_equal(testclient_open(&stuck, st.client, testclient_dial(net_port(st.net), 4096)),
                     ERR_OK);
    assert_int_equal(testclient_handshake(&stuck, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_hello(&stuck, (struct node_id){NODE}), ERR_OK);
    assert_int_equal(testclient_msg(&stuck, LONG_US, &msg), ERR_OK);
    conn_stuck = await(NET_CONNECTED, 1)->event.conn;
    conn_a = join_station(&a);
    assert_int_equal(net_stream_join(st.net, conn_stuck, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(st.net, conn_a, (struct stream_id){1}), ERR_OK);
    /* 15 kB each: far more than socket buffers and the queue of one connection hold. The other one must
     * have each before the next is made, so it cannot have waited for the stuck one. */
    for (uint32_t i = 0; i < 800; i++) {
        pts_us = stime_now(&st.stime) + USEC_PER_MIN;
        send_bundle(1, i * 12, pts_us, 15000);
        assert_int_equal(next_bundle_seq(&a), i * 12);
    }
    assert_true(net_count(st.net, NET_COUNT_BUNDLES_DROPPED) > 0);
    assert_int_equal(count_seen(NET_CLOSED), 0);
    testclient_close(&a);
    testclient_close(&stuck);
}

static void test_a_node_that_takes_no_control_is_closed(void **state)
{
    static uint8_t frames[90000], payload[4000];
    struct testclient stuck = {.idle = turn};
    struct writer w;
    uint64_t conn;
    loa_Msg msg;
    enum err e;

    (void)state;
    assert_int_equal(testclient_open(&stuck, st.client, testclient_dial(net_port(st.net), 4096)),
                     ERR_OK);
    assert_int_equal(testclient_handshake(&stuck, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_hello(&stuck, (struct node_id){NODE}), ERR_OK);
    assert_int_equal(testclient_msg(&stuck, LONG_US, &msg), ERR_OK);
    conn = await(NET_CONNECTED, 1)->event.conn;
    writer_init(&w, frames, sizeof(frames));
    for (int i = 0; i < 20; i++)
        assert_int_equal(frame_write(&w, FRAME_CONTROL, bytes_of(payload, sizeof(payload))),
                         ERR_OK);
    for (int i = 0; i < 1000 && count_seen(NET_CLOSED) == 0; i++) {
        e = net_send(st.net, conn, writer_view(&w), NET_CONTROL);
        assert_true(e == ERR_OK || e == ERR_BUSY || e == ERR_NOT_FOUND);
        turn(NULL);
        usleep(1000);
    }
    assert_int_equal(await(NET_CLOSED, 1)->event.reason, NET_REASON_TOO_SLOW);
    await_gone();
    testclient_close(&stuck);
}

static void test_bytes_that_are_not_tls_end_only_their_own_connection(void **state)
{
    struct testclient good;
    uint8_t junk[4096];

    (void)state;
    join_station(&good);
    memset(junk, 0x5a, sizeof(junk));
    for (int i = 0; i < 20; i++) {
        int fd = dial();

        assert_true(send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0);
        ping(&good, i);
        close(fd);
    }
    await_count(NET_COUNT_REFUSED_FORMAT, 20);
    assert_int_equal(count_seen(NET_CONNECTED), 1);
    assert_int_equal(count_seen(NET_CLOSED), 0);
    testclient_close(&good);
    await_gone();
}

static void bad_bytes_end_it(struct bytes bytes)
{
    size_t closed = count_seen(NET_CLOSED);
    struct testclient c;
    loa_Msg msg;

    join_station(&c);
    assert_int_equal(testclient_send(&c, bytes), ERR_OK);
    assert_int_equal(testclient_msg(&c, LONG_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_PROTOCOL);
    assert_int_equal(testclient_end(&c, LONG_US), ERR_CANCELLED);
    assert_int_equal(await(NET_CLOSED, closed + 1)->event.reason, NET_REASON_PROTOCOL);
    testclient_close(&c);
}

static void test_bytes_that_are_no_frames_end_in_bye(void **state)
{
    static uint8_t oversized[FRAME_BYTES_MAX] = {0xff, 0xff, FRAME_CONTROL, 0};
    uint8_t junk[64];

    (void)state;
    memset(junk, 0xee, sizeof(junk));
    bad_bytes_end_it(bytes_of(junk, sizeof(junk)));
    bad_bytes_end_it(bytes_of(oversized, sizeof(oversized)));
    bad_bytes_end_it(bytes_of("\0\2\1\0\377\377", 6));
    await_gone();
    assert_int_equal(net_count(st.net, NET_COUNT_CLOSED_PROTOCOL), 3);
}

static void test_a_foreign_certificate_is_refused(void **state)
{
    struct test_identity ca, node;
    struct link_credentials cred;
    struct link_config *foreign;
    struct testclient c;

    (void)state;
    test_identity_init(&ca, NULL, CERT_CA, "loa-ca-other", -1, 30);
    test_identity_init(&node, &ca, CERT_CLIENT, LINK_NODE_NAME_PREFIX "7", -1, 30);
    /* It trusts the station; the station does not trust it. */
    cred = (struct link_credentials){.ca_cert = test_identity_der(&st.pki.ca),
                                     .cert = test_identity_der(&node),
                                     .key = test_identity_key(&node)};
    assert_int_equal(link_config_new(LINK_CLIENT, &cred, &foreign), ERR_OK);
    client_open(&c, foreign);
    assert_int_not_equal(testclient_end(&c, LONG_US), ERR_TIMEOUT);
    await_count(NET_COUNT_REFUSED_AUTH, 1);
    assert_int_equal(st.seen_count, 0);
    testclient_close(&c);
    link_config_free(foreign);
    test_identity_deinit(&node);
    test_identity_deinit(&ca);
    await_gone();
}

static void test_a_slow_handshake_is_cut_off(void **state)
{
    struct net_config c = config(1);
    struct testclient good;
    char byte;
    int fds[20];

    (void)state;
    c.limits.handshake_ms = 300;
    start_with(&c);
    for (int i = 0; i < 20; i++) {
        fds[i] = dial();
        assert_int_equal(send(fds[i], "\x16", 1, MSG_NOSIGNAL), 1);
    }
    join_station(&good);
    await_count(NET_COUNT_REFUSED_TIMEOUT, 20);
    for (int i = 0; i < 20; i++) {
        assert_true(recv(fds[i], &byte, 1, 0) <= 0);
        close(fds[i]);
    }
    ping(&good, 1);
    testclient_close(&good);
}

static void test_with_all_handshakes_taken_a_node_waits_and_comes_in(void **state)
{
    struct net_config c = config(1);
    struct testclient good;
    int fds[4];

    (void)state;
    c.limits.handshakes = 4;
    c.limits.handshake_ms = 300;
    start_with(&c);
    for (int i = 0; i < 4; i++)
        fds[i] = dial();
    await_count(NET_COUNT_HANDSHAKES, 4);
    join_station(&good);
    assert_true(net_count(st.net, NET_COUNT_REFUSED_TIMEOUT) >= 1);
    testclient_close(&good);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void test_over_the_limit_connections_are_closed_at_once(void **state)
{
    enum { LIMIT = 6 };
    struct net_config c = config(2);
    struct testclient in[LIMIT], over;

    (void)state;
    c.limits.connections = LIMIT; /* of both shards together, however the kernel spreads them */
    start_with(&c);
    for (int i = 0; i < LIMIT; i++)
        join_station(&in[i]);
    client_open(&over, st.client);
    assert_int_equal(testclient_end(&over, LONG_US), ERR_IO);
    assert_int_equal(net_count(st.net, NET_COUNT_REFUSED_FULL), 1);
    testclient_close(&over);
    testclient_close(&in[0]);
    await(NET_CLOSED, 1);
    while (net_count(st.net, NET_COUNT_CONNECTIONS) == LIMIT)
        turn(NULL);
    join_station(&in[0]);
    for (int i = 0; i < LIMIT; i++)
        testclient_close(&in[i]);
}

static void test_main_closes_with_bye_within_a_second(void **state)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_REVOKED, .detail = "revoked"};
    struct testclient c;
    uint64_t conn = join_station(&c);
    usec_t begin_us = stime_mono();
    loa_Msg msg;

    (void)state;
    assert_int_equal(net_close(st.net, conn, &bye), ERR_OK);
    assert_int_equal(net_close(st.net, conn, &bye), ERR_NOT_FOUND);
    assert_int_equal(testclient_msg(&c, LONG_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_REVOKED);
    /* The other end stays open: the station ends it all the same. */
    await_gone();
    assert_true(stime_mono() - begin_us < LONG_US);
    assert_int_equal(await(NET_CLOSED, 1)->event.reason, NET_REASON_STATION);
    assert_int_equal(count_seen(NET_CLOSED), 1);
    testclient_close(&c);
}

static void test_a_node_that_says_bye_is_gone_in_good_order(void **state)
{
    loa_Msg bye = {.which_body = loa_Msg_bye_tag};
    struct testclient c;

    (void)state;
    join_station(&c);
    assert_int_equal(testclient_send_msg(&c, &bye), ERR_OK);
    assert_int_equal(testclient_end(&c, LONG_US), ERR_CANCELLED);
    assert_int_equal(await(NET_CLOSED, 1)->event.reason, NET_REASON_NODE);
    testclient_close(&c);
}

static void test_stopping_says_bye_to_each_node(void **state)
{
    struct testclient c[3];

    (void)state;
    start(NULL);
    for (int i = 0; i < 3; i++)
        join_station(&c[i]);
    stop(NULL);
    for (int i = 0; i < 3; i++) {
        loa_Msg msg;

        c[i].idle = NULL;
        assert_int_equal(testclient_msg(&c[i], LONG_US, &msg), ERR_OK);
        assert_int_equal(msg.which_body, loa_Msg_bye_tag);
        assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_SHUTDOWN);
        testclient_close(&c[i]);
    }
}

static void test_an_enrolment_is_one_question_and_one_answer(void **state)
{
    struct link_config *enroller = teststation_enroller(&st.pki);
    loa_Msg request = {.which_body = loa_Msg_enrol_request_tag};
    loa_Msg reply = {.which_body = loa_Msg_enrol_reply_tag}, answer;
    struct testclient c;
    const struct seen *s;

    (void)state;
    client_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    s = await(NET_ENROL_REQUEST, 1);
    assert_int_equal(s->which, loa_Msg_enrol_request_tag);
    assert_int_equal(s->event.node.v, 0);
    assert_string_equal(s->event.address, "127.0.0.1");
    reply.body.enrol_reply.node_id = 12;
    assert_int_equal(net_send_message(st.net, s->event.conn, &reply), ERR_OK);
    assert_int_equal(net_close(st.net, s->event.conn, NULL), ERR_OK);
    assert_int_equal(testclient_msg(&c, LONG_US, &answer), ERR_OK);
    assert_int_equal(answer.which_body, loa_Msg_enrol_reply_tag);
    assert_int_equal(answer.body.enrol_reply.node_id, 12);
    assert_int_equal(testclient_end(&c, LONG_US), ERR_CANCELLED);
    await(NET_CLOSED, 1);
    assert_int_equal(count_seen(NET_CONNECTED), 0);
    testclient_close(&c);
    link_config_free(enroller);
}

static void test_an_enrolment_that_says_anything_else_is_closed(void **state)
{
    struct link_config *enroller = teststation_enroller(&st.pki);
    struct testclient c;

    (void)state;
    client_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_hello(&c, (struct node_id){NODE}), ERR_OK);
    assert_int_equal(testclient_end(&c, LONG_US), ERR_CANCELLED);
    await_gone();
    turn(NULL);
    assert_int_equal(st.seen_count, 0);
    assert_int_equal(net_count(st.net, NET_COUNT_REFUSED_TIMEOUT), 0);
    testclient_close(&c);
    link_config_free(enroller);
}

static void test_a_second_question_ends_an_enrolment(void **state)
{
    struct link_config *enroller = teststation_enroller(&st.pki);
    loa_Msg request = {.which_body = loa_Msg_enrol_request_tag};
    struct testclient c;

    (void)state;
    client_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, LONG_US), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    assert_int_equal(testclient_end(&c, LONG_US), ERR_CANCELLED);
    assert_int_equal(await(NET_CLOSED, 1)->event.reason, NET_REASON_PROTOCOL);
    assert_int_equal(count_seen(NET_ENROL_REQUEST), 1);
    testclient_close(&c);
    link_config_free(enroller);
}

/* More than main's queue holds: the shards must stop reading, and go on when main does. */
static void test_a_stalled_main_thread_loses_no_message(void **state)
{
    enum { CLIENTS = 32, EACH = 190 }; /* joined well within the silence that ends a session */
    static struct testclient c[CLIENTS];
    static uint32_t next_of[CLIENTS];
    uint64_t conns[CLIENTS];

    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        conns[i] = join_station(&c[i]);
        next_of[i] = 1;
    }
    st.stalled = true;
    for (int i = 0; i < CLIENTS; i++)
        for (uint32_t k = 1; k <= EACH; k++)
            send_status(&c[i], k);
    await_count(NET_COUNT_MESSAGES_IN, CLIENTS + 3500);
    usleep(300000);
    assert_true(net_count(st.net, NET_COUNT_MESSAGES_IN) < CLIENTS + CLIENTS * EACH);
    st.stalled = false;
    await(NET_MESSAGE, CLIENTS + CLIENTS * EACH);
    for (size_t i = 0; i < st.seen_count; i++) {
        const struct seen *s = &st.seen[i];

        for (int k = 0; k < CLIENTS; k++)
            if (s->which == loa_Msg_status_tag && s->event.conn == conns[k])
                assert_int_equal(s->number, next_of[k]++);
    }
    assert_int_equal(count_seen(NET_CLOSED), 0);
    for (int i = 0; i < CLIENTS; i++)
        testclient_close(&c[i]);
}

static void test_stale_and_invented_numbers_are_harmless(void **state)
{
    const uint64_t invented[] = {0, 1, UINT64_MAX, 0xfffff0, UINT64_C(99) << 24, 0xffffffff};
    struct testclient c;
    uint64_t conn = join_station(&c);

    (void)state;
    for (size_t i = 0; i < sizeof(invented) / sizeof(invented[0]); i++) {
        assert_int_equal(net_close(st.net, invented[i], NULL), ERR_NOT_FOUND);
        assert_int_equal(net_stream_join(st.net, invented[i], (struct stream_id){1}),
                         ERR_NOT_FOUND);
    }
    assert_int_equal(net_send(st.net, conn, bytes_of("\0\2\1\0x", 5), NET_CONTROL), ERR_ARG);
    assert_int_equal(net_send(st.net, conn, bytes_of(NULL, 0), NET_CONTROL), ERR_ARG);
    testclient_close(&c);
    await(NET_CLOSED, 1);
    assert_int_equal(net_close(st.net, conn, NULL), ERR_NOT_FOUND);
    assert_int_not_equal(join_station(&c), conn);
    assert_int_equal(net_close(st.net, conn, NULL), ERR_NOT_FOUND);
    ping(&c, 1);
    testclient_close(&c);
}

static void test_a_port_that_another_controller_has_is_refused(void **state)
{
    struct net_config c = config(2);
    struct err_detail detail = {0};
    struct net *second = NULL;

    (void)state;
    c.port = net_port(st.net);
    assert_int_equal(net_new(&st.loop, &c, &second, &detail), ERR_EXISTS);
    assert_true(strstr(detail.text, "taken by another program") != NULL);
    c.port = 0;
    c.address = "localhost";
    assert_int_equal(net_new(&st.loop, &c, &second, &detail), ERR_FORMAT);
    c.address = "127.0.0.1";
    c.shards = 17;
    assert_int_equal(net_new(&st.loop, &c, &second, &detail), ERR_ARG);
    assert_null(second);
}

#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NET(test_a_node_connects_and_talks),
        WITH_NET(test_station_time_is_told),
        WITH_NET(test_bundles_reach_those_who_joined_only),
        WITH_NET(test_a_late_joiner_gets_what_has_not_sounded_yet),
        WITH_NET(test_a_node_that_does_not_read_delays_nobody_else),
        WITH_NET(test_a_node_that_takes_no_control_is_closed),
        WITH_NET(test_bytes_that_are_not_tls_end_only_their_own_connection),
        WITH_NET(test_bytes_that_are_no_frames_end_in_bye),
        WITH_NET(test_a_foreign_certificate_is_refused),
        cmocka_unit_test_teardown(test_a_slow_handshake_is_cut_off, stop),
        cmocka_unit_test_teardown(test_with_all_handshakes_taken_a_node_waits_and_comes_in, stop),
        cmocka_unit_test_teardown(test_over_the_limit_connections_are_closed_at_once, stop),
        WITH_NET(test_main_closes_with_bye_within_a_second),
        WITH_NET(test_a_node_that_says_bye_is_gone_in_good_order),
        cmocka_unit_test_teardown(test_stopping_says_bye_to_each_node, stop),
        WITH_NET(test_an_enrolment_is_one_question_and_one_answer),
        WITH_NET(test_an_enrolment_that_says_anything_else_is_closed),
        WITH_NET(test_a_second_question_ends_an_enrolment),
        WITH_NET(test_a_stalled_main_thread_loses_no_message),
        WITH_NET(test_stale_and_invented_numbers_are_harmless),
        WITH_NET(test_a_port_that_another_controller_has_is_refused),
    };

    return cmocka_run_group_tests_name("net", tests, make_pki, drop_pki);
}
