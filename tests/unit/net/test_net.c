#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "netbed.h"
#include "tsync.h"

static void send_status(struct testclient *c, uint32_t number)
{
    loa_Msg msg = {.which_body = loa_Msg_status_tag};

    msg.body.status.uptime_ms = number;
    assert_int_equal(testclient_send_msg(c, &msg), ERR_OK);
}

static void test_a_node_connects_and_talks(void **state)
{
    struct testclient c;
    uint64_t conn = netbed_join(&c);
    const struct netbed_event *s = netbed_last(NET_CONNECTED);

    (void)state;
    assert_int_equal(s->event.node.v, NETBED_NODE);
    assert_int_equal(s->event.peer.node.v, NETBED_NODE);
    assert_string_equal(s->event.address, "127.0.0.1");
    s = netbed_last(NET_MESSAGE);
    assert_int_equal(s->event.conn, conn);
    assert_int_equal(s->which, loa_Msg_hello_tag);
    for (uint32_t i = 1; i <= 50; i++)
        send_status(&c, i);
    s = netbed_await(NET_MESSAGE, 51);
    for (size_t i = 1; i <= 50; i++)
        assert_int_equal(netbed.seen[netbed.seen_count - 51 + i].number, i);
    assert_int_equal(net_count(netbed.net, NET_COUNT_CONNECTIONS), 1);
    assert_int_equal(net_count(netbed.net, NET_COUNT_SESSIONS), 1);
    testclient_close(&c);
    assert_int_equal(netbed_await(NET_CLOSED, 1)->event.reason, NET_REASON_LOST);
    assert_int_equal(net_send(netbed.net, conn, bytes_of("\0\1\1\0x", 5), NET_CONTROL),
                     ERR_NOT_FOUND);
    netbed_await_gone();
}

static void test_station_time_is_told(void **state)
{
    struct testclient c;

    (void)state;
    netbed_join(&c);
    for (int i = 0; i < 20; i++) {
        usec_t before_us = stime_now(&netbed.stime), after_us;
        struct tsync_sample s;
        struct frame f;

        assert_int_equal(testclient_send_time(&c, 1000 + i), ERR_OK);
        assert_int_equal(testclient_frame(&c, NETBED_WAIT_US, &f), ERR_OK);
        after_us = stime_now(&netbed.stime);
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

static void test_a_node_that_takes_no_control_is_closed(void **state)
{
    static uint8_t frames[90000], payload[4000];
    struct testclient stuck = {.idle = netbed_turn};
    struct writer w;
    uint64_t conn;
    loa_Msg msg;
    enum err e;

    (void)state;
    assert_int_equal(
        testclient_open(&stuck, netbed.client, testclient_dial(net_port(netbed.net), 4096)),
        ERR_OK);
    assert_int_equal(testclient_handshake(&stuck, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_hello(&stuck, (struct node_id){NETBED_NODE}), ERR_OK);
    assert_int_equal(testclient_msg(&stuck, NETBED_WAIT_US, &msg), ERR_OK);
    conn = netbed_await(NET_CONNECTED, 1)->event.conn;
    writer_init(&w, frames, sizeof(frames));
    for (int i = 0; i < 20; i++)
        assert_int_equal(frame_write(&w, FRAME_CONTROL, bytes_of(payload, sizeof(payload))),
                         ERR_OK);
    for (int i = 0; i < 1000 && netbed_count(NET_CLOSED) == 0; i++) {
        e = net_send(netbed.net, conn, writer_view(&w), NET_CONTROL);
        assert_true(e == ERR_OK || e == ERR_BUSY || e == ERR_NOT_FOUND);
        netbed_turn(NULL);
        usleep(1000);
    }
    assert_int_equal(netbed_await(NET_CLOSED, 1)->event.reason, NET_REASON_TOO_SLOW);
    netbed_await_gone();
    testclient_close(&stuck);
}

static void bad_bytes_end_it(struct bytes bytes)
{
    size_t closed = netbed_count(NET_CLOSED);
    struct testclient c;
    loa_Msg msg;

    netbed_join(&c);
    assert_int_equal(testclient_send(&c, bytes), ERR_OK);
    assert_int_equal(testclient_msg(&c, NETBED_WAIT_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_PROTOCOL);
    assert_int_equal(testclient_end(&c, NETBED_WAIT_US), ERR_CANCELLED);
    assert_int_equal(netbed_await(NET_CLOSED, closed + 1)->event.reason, NET_REASON_PROTOCOL);
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
    netbed_await_gone();
    assert_int_equal(net_count(netbed.net, NET_COUNT_CLOSED_PROTOCOL), 3);
}

static void test_main_closes_with_bye_within_a_second(void **state)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_REVOKED, .detail = "revoked"};
    struct testclient c;
    uint64_t conn = netbed_join(&c);
    usec_t begin_us = stime_mono();
    loa_Msg msg;

    (void)state;
    assert_int_equal(net_close(netbed.net, conn, &bye), ERR_OK);
    assert_int_equal(net_close(netbed.net, conn, &bye), ERR_NOT_FOUND);
    assert_int_equal(testclient_msg(&c, NETBED_WAIT_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_REVOKED);
    /* The other end stays open: the station ends it all the same. */
    netbed_await_gone();
    assert_true(stime_mono() - begin_us < NETBED_WAIT_US);
    assert_int_equal(netbed_await(NET_CLOSED, 1)->event.reason, NET_REASON_STATION);
    assert_int_equal(netbed_count(NET_CLOSED), 1);
    testclient_close(&c);
}

static void test_a_node_that_says_bye_is_gone_in_good_order(void **state)
{
    loa_Msg bye = {.which_body = loa_Msg_bye_tag};
    struct testclient c;

    (void)state;
    netbed_join(&c);
    assert_int_equal(testclient_send_msg(&c, &bye), ERR_OK);
    assert_int_equal(testclient_end(&c, NETBED_WAIT_US), ERR_CANCELLED);
    assert_int_equal(netbed_await(NET_CLOSED, 1)->event.reason, NET_REASON_NODE);
    testclient_close(&c);
}

static void test_stopping_says_bye_to_each_node(void **state)
{
    struct testclient c[3];

    (void)state;
    netbed_start(NULL);
    for (int i = 0; i < 3; i++)
        netbed_join(&c[i]);
    netbed_stop(NULL);
    for (int i = 0; i < 3; i++) {
        loa_Msg msg;

        c[i].idle = NULL;
        assert_int_equal(testclient_msg(&c[i], NETBED_WAIT_US, &msg), ERR_OK);
        assert_int_equal(msg.which_body, loa_Msg_bye_tag);
        assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_SHUTDOWN);
        assert_in_range(msg.body.bye.spread_ms, 1, 3); /* 1 for each that is still there */
        testclient_close(&c[i]);
    }
}

/* More than main's queue holds: the shards must stop reading, and go on when main does. */
static void test_a_stalled_main_thread_loses_no_message(void **state)
{
    enum { CLIENTS = 32, EACH = 190 };
    static struct testclient c[CLIENTS];
    static uint32_t next_of[CLIENTS];
    uint64_t conns[CLIENTS];

    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        conns[i] = netbed_join(&c[i]);
        next_of[i] = 1;
        for (int k = 0; k <= i && i % 4 == 3; k++) /* silence would end their sessions */
            assert_int_equal(testclient_send_time(&c[k], 1), ERR_OK);
    }
    netbed.stalled = true;
    for (int i = 0; i < CLIENTS; i++)
        for (uint32_t k = 1; k <= EACH; k++)
            send_status(&c[i], k);
    netbed_await_count(NET_COUNT_MESSAGES_IN, CLIENTS + 3500);
    usleep(300000);
    assert_true(net_count(netbed.net, NET_COUNT_MESSAGES_IN) < CLIENTS + CLIENTS * EACH);
    netbed.stalled = false;
    netbed_await(NET_MESSAGE, CLIENTS + CLIENTS * EACH);
    for (size_t i = 0; i < netbed.seen_count; i++) {
        const struct netbed_event *s = &netbed.seen[i];

        for (int k = 0; k < CLIENTS; k++)
            if (s->which == loa_Msg_status_tag && s->event.conn == conns[k])
                assert_int_equal(s->number, next_of[k]++);
    }
    assert_int_equal(netbed_count(NET_CLOSED), 0);
    for (int i = 0; i < CLIENTS; i++)
        testclient_close(&c[i]);
}

static void test_stale_and_invented_numbers_are_harmless(void **state)
{
    const uint64_t invented[] = {0, 1, UINT64_MAX, 0xfffff0, UINT64_C(99) << 24, 0xffffffff};
    struct testclient c;
    uint64_t conn = netbed_join(&c);

    (void)state;
    for (size_t i = 0; i < sizeof(invented) / sizeof(invented[0]); i++) {
        assert_int_equal(net_close(netbed.net, invented[i], NULL), ERR_NOT_FOUND);
        assert_int_equal(net_stream_join(netbed.net, invented[i], (struct stream_id){1}),
                         ERR_NOT_FOUND);
    }
    assert_int_equal(net_send(netbed.net, conn, bytes_of("\0\2\1\0x", 5), NET_CONTROL), ERR_ARG);
    assert_int_equal(net_send(netbed.net, conn, bytes_of(NULL, 0), NET_CONTROL), ERR_ARG);
    testclient_close(&c);
    netbed_await(NET_CLOSED, 1);
    assert_int_equal(net_close(netbed.net, conn, NULL), ERR_NOT_FOUND);
    assert_int_not_equal(netbed_join(&c), conn);
    assert_int_equal(net_close(netbed.net, conn, NULL), ERR_NOT_FOUND);
    netbed_ping(&c, 1);
    testclient_close(&c);
}

static void test_a_port_that_another_controller_has_is_refused(void **state)
{
    struct net_config c = netbed_config(2);
    struct err_detail detail = {0};
    struct net *second = NULL;

    (void)state;
    c.port = net_port(netbed.net);
    assert_int_equal(net_new(&netbed.loop, &c, &second, &detail), ERR_EXISTS);
    assert_true(strstr(detail.text, "taken by another program") != NULL);
    c.port = 0;
    c.address = "localhost";
    assert_int_equal(net_new(&netbed.loop, &c, &second, &detail), ERR_FORMAT);
    c.address = "127.0.0.1";
    c.shards = 17;
    assert_int_equal(net_new(&netbed.loop, &c, &second, &detail), ERR_ARG);
    assert_null(second);
}

/* How many threads of handshakes there are; each of them must stand at `nice`. */
static int handshakers_at(int nice)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int count = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)) != NULL) {
        char path[300], name[16] = "";
        FILE *comm;

        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        comm = fopen(path, "re");
        if (comm == NULL)
            continue; /* "." and "..", or it has ended */
        if (fgets(name, sizeof(name), comm) != NULL && strncmp(name, "loa-tls-", 8) == 0) {
            assert_int_equal(getpriority(PRIO_PROCESS, (id_t)strtoul(task->d_name, NULL, 10)),
                             nice);
            count++;
        }
        fclose(comm);
    }
    closedir(tasks);
    return count;
}

static void test_handshakes_yield_to_the_rest_of_the_program_whatever_its_own_priority(void **state)
{
    struct net_config c = netbed_config(1);
    int nice = getpriority(PRIO_PROCESS, 0);
    struct testclient node;

    (void)state;
    nice = nice < 13 ? nice + 1 : nice; /* lowest is 19 */
    assert_int_equal(setpriority(PRIO_PROCESS, 0, nice), 0);
    c.handshakers = 1;
    netbed_start_with(&c);
    netbed_join(&node); /* it has begun to run */
    testclient_close(&node);
    netbed_await_gone();
    assert_int_equal(handshakers_at(nice + 5 < 19 ? nice + 5 : 19), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETBED_TEST(test_a_node_connects_and_talks),
        NETBED_TEST(test_station_time_is_told),
        NETBED_TEST(test_a_node_that_takes_no_control_is_closed),
        NETBED_TEST(test_bytes_that_are_no_frames_end_in_bye),
        NETBED_TEST(test_main_closes_with_bye_within_a_second),
        NETBED_TEST(test_a_node_that_says_bye_is_gone_in_good_order),
        cmocka_unit_test_teardown(test_stopping_says_bye_to_each_node, netbed_stop),
        NETBED_TEST(test_a_stalled_main_thread_loses_no_message),
        NETBED_TEST(test_stale_and_invented_numbers_are_harmless),
        cmocka_unit_test_teardown(
            test_handshakes_yield_to_the_rest_of_the_program_whatever_its_own_priority,
            netbed_stop),
        NETBED_TEST(test_a_port_that_another_controller_has_is_refused),
    };

    return cmocka_run_group_tests_name("net", tests, netbed_make_pki, netbed_drop_pki);
}
