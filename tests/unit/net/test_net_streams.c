#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netbed.h"
#include "packet.h"
#include "sendq.h"

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

    assert_int_equal(net_bundle(netbed.net, b), ERR_OK);
    bundle_unref(b);
}

static uint32_t next_bundle_seq(struct testclient *c)
{
    struct bundle_reader r;
    struct frame f;

    do {
        assert_int_equal(testclient_frame(c, NETBED_WAIT_US, &f), ERR_OK);
    } while (f.type != FRAME_BUNDLE);
    assert_int_equal(bundle_open(&r, f.payload), ERR_OK);
    return r.seq;
}

static void test_bundles_reach_those_who_joined_only(void **state)
{
    struct testclient a, b;
    uint64_t conn_a = netbed_join(&a), conn_b = netbed_join(&b);
    usec_t pts_us = stime_now(&netbed.stime) + USEC_PER_MIN;

    (void)state;
    assert_int_equal(net_stream_join(netbed.net, conn_a, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(netbed.net, conn_b, (struct stream_id){2}), ERR_OK);
    for (uint32_t i = 0; i < 10; i++) {
        send_bundle(1, i, pts_us + i * PACKET_US, 80);
        send_bundle(2, 100 + i, pts_us + i * PACKET_US, 80);
        send_bundle(3, 200 + i, pts_us + i * PACKET_US, 80);
    }
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(next_bundle_seq(&a), i);
        assert_int_equal(next_bundle_seq(&b), 100 + i);
    }
    assert_int_equal(net_stream_leave(netbed.net, conn_a, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 10, pts_us + USEC_PER_SEC, 80);
    send_bundle(2, 110, pts_us + USEC_PER_SEC, 80);
    assert_int_equal(next_bundle_seq(&b), 110);
    netbed_ping(&a, 1);
    assert_int_equal(net_count(netbed.net, NET_COUNT_BUNDLES_SENT), 21);
    assert_int_equal(net_count(netbed.net, NET_COUNT_BUNDLES_DROPPED), 0);
    testclient_close(&a);
    testclient_close(&b);
}

static void test_a_late_joiner_gets_what_has_not_sounded_yet(void **state)
{
    struct testclient a, late;
    uint64_t conn_a = netbed_join(&a), conn_late;
    usec_t now_us = stime_now(&netbed.stime);

    (void)state;
    assert_int_equal(net_stream_join(netbed.net, conn_a, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 0, now_us - USEC_PER_SEC, 80);
    send_bundle(1, 1, now_us + USEC_PER_MIN, 80);
    send_bundle(1, 2, now_us + USEC_PER_MIN + PACKET_US, 80);
    assert_int_equal(next_bundle_seq(&a), 1); /* the first was stale already */
    conn_late = netbed_join(&late);
    assert_int_equal(net_stream_join(netbed.net, conn_late, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(netbed.net, conn_late, (struct stream_id){1}), ERR_OK);
    send_bundle(1, 3, now_us + USEC_PER_MIN + 2 * PACKET_US, 80);
    for (uint32_t i = 1; i < 4; i++)
        assert_int_equal(next_bundle_seq(&late), i);
    testclient_close(&a);
    testclient_close(&late);
}

/* One that takes little before it reads. */
static uint64_t join_stuck(struct testclient *c)
{
    loa_Msg msg;

    *c = (struct testclient){.idle = netbed_turn};
    assert_int_equal(testclient_open(c, netbed.client, testclient_dial(net_port(netbed.net), 4096)),
                     ERR_OK);
    assert_int_equal(testclient_handshake(c, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_hello(c, (struct node_id){NETBED_NODE}), ERR_OK);
    assert_int_equal(testclient_msg(c, NETBED_WAIT_US, &msg), ERR_OK);
    return netbed_await(NET_CONNECTED, 1)->event.conn;
}

static void test_a_node_that_does_not_read_delays_nobody_else(void **state)
{
    struct testclient stuck, a;
    uint64_t conn_a, conn_stuck;
    usec_t pts_us;

    (void)state;
    conn_stuck = join_stuck(&stuck);
    conn_a = netbed_join(&a);
    assert_int_equal(net_stream_join(netbed.net, conn_stuck, (struct stream_id){1}), ERR_OK);
    assert_int_equal(net_stream_join(netbed.net, conn_a, (struct stream_id){1}), ERR_OK);
    /* 15 kB each: far more than socket buffers and the queue of one connection hold. The other one must
     * have each before the next is made, so it cannot have waited for the stuck one. */
    for (uint32_t i = 0; i < 800; i++) {
        pts_us = stime_now(&netbed.stime) + USEC_PER_MIN;
        send_bundle(1, i * 12, pts_us, 15000);
        assert_int_equal(next_bundle_seq(&a), i * 12);
    }
    assert_true(net_count(netbed.net, NET_COUNT_BUNDLES_DROPPED) > 0);
    assert_int_equal(netbed_count(NET_CLOSED), 0);
    testclient_close(&a);
    testclient_close(&stuck);
}

static loa_Msg receipt_ack(uint64_t number)
{
    loa_Msg msg = {.which_body = loa_Msg_receipt_ack_tag};

    msg.body.receipt_ack.receipt_id = number;
    return msg;
}

static void test_one_message_reaches_many_in_order(void **state)
{
    struct testclient c[6];
    uint64_t conns[8] = {0};
    loa_Msg msg;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        conns[i] = netbed_join(&c[i]);
    conns[6] = conns[0] + (UINT64_C(1) << 40); /* invented */
    testclient_close(&c[5]);
    (void)netbed_await(NET_CLOSED, 1);
    for (uint64_t n = 1; n <= 3; n++) {
        msg = receipt_ack(n);
        assert_int_equal(net_send_many(netbed.net, conns, 8, &msg), ERR_OK);
    }
    assert_int_equal(net_send_many(netbed.net, &conns[5], 3, &msg), ERR_OK); /* to nobody */
    msg = receipt_ack(4);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(net_send_message(netbed.net, conns[i], &msg), ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        for (uint64_t n = 1; n <= 4; n++) {
            assert_int_equal(testclient_msg(&c[i], NETBED_WAIT_US, &msg), ERR_OK);
            assert_int_equal(msg.which_body, loa_Msg_receipt_ack_tag);
            assert_int_equal(msg.body.receipt_ack.receipt_id, n);
        }
        testclient_close(&c[i]);
    }
}

static void test_a_message_to_many_overtakes_sound_that_waits(void **state)
{
    struct testclient stuck, a;
    uint64_t conns[2];
    uint32_t before = 0, after = 0, made = 0;
    bool told = false;
    loa_Msg msg = receipt_ack(9);
    struct frame f;

    (void)state;
    conns[0] = join_stuck(&stuck);
    conns[1] = netbed_join(&a);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(net_stream_join(netbed.net, conns[i], (struct stream_id){1}), ERR_OK);
    /* So small that all that waits is less than a link holds which is read from in one go. */
    while (net_count(netbed.net, NET_COUNT_BUNDLES_DROPPED) == 0) {
        send_bundle(1, made, stime_now(&netbed.stime) + USEC_PER_MIN, 1000);
        assert_int_equal(next_bundle_seq(&a), made);
        made++;
    }
    assert_int_equal(net_send_many(netbed.net, conns, 2, &msg), ERR_OK);
    assert_int_equal(testclient_msg(&a, NETBED_WAIT_US, &msg), ERR_OK); /* at once */
    while (before + after + net_count(netbed.net, NET_COUNT_BUNDLES_DROPPED) < made) {
        assert_int_equal(testclient_frame(&stuck, NETBED_WAIT_US, &f), ERR_OK);
        told = told || f.type == FRAME_CONTROL;
        before += f.type == FRAME_BUNDLE && !told ? 1 : 0;
        after += f.type == FRAME_BUNDLE && told ? 1 : 0;
    }
    assert_true(after >= SENDQ_BUNDLES_MAX - 1);
    testclient_close(&a);
    testclient_close(&stuck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETBED_TEST(test_bundles_reach_those_who_joined_only),
        NETBED_TEST(test_a_late_joiner_gets_what_has_not_sounded_yet),
        NETBED_TEST(test_a_node_that_does_not_read_delays_nobody_else),
        NETBED_TEST(test_one_message_reaches_many_in_order),
        NETBED_TEST(test_a_message_to_many_overtakes_sound_that_waits),
    };

    return cmocka_run_group_tests_name("net streams", tests, netbed_make_pki, netbed_drop_pki);
}
