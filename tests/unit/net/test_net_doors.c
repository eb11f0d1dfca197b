#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "netbed.h"

static void test_bytes_that_are_not_tls_end_only_their_own_connection(void **state)
{
    struct testclient good;
    uint8_t junk[4096];

    (void)state;
    netbed_join(&good);
    memset(junk, 0x5a, sizeof(junk));
    for (int i = 0; i < 20; i++) {
        int fd = netbed_dial();

        assert_true(send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0);
        netbed_ping(&good, i);
        close(fd);
    }
    netbed_await_count(NET_COUNT_REFUSED_FORMAT, 20);
    assert_int_equal(netbed_count(NET_CONNECTED), 1);
    assert_int_equal(netbed_count(NET_CLOSED), 0);
    testclient_close(&good);
    netbed_await_gone();
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
    cred = (struct link_credentials){.ca_cert = test_identity_der(&netbed.pki.ca),
                                     .cert = test_identity_der(&node),
                                     .key = test_identity_key(&node)};
    assert_int_equal(link_config_new(LINK_CLIENT, &cred, &foreign), ERR_OK);
    netbed_open(&c, foreign);
    assert_int_not_equal(testclient_end(&c, NETBED_WAIT_US), ERR_TIMEOUT);
    netbed_await_count(NET_COUNT_REFUSED_AUTH, 1);
    assert_int_equal(netbed.seen_count, 0);
    testclient_close(&c);
    link_config_free(foreign);
    test_identity_deinit(&node);
    test_identity_deinit(&ca);
    netbed_await_gone();
}

static void test_a_slow_handshake_is_cut_off(void **state)
{
    struct net_config c = netbed_config(1);
    struct testclient good;
    char byte;
    int fds[20];

    (void)state;
    c.limits.handshake_ms = 300;
    netbed_start_with(&c);
    for (int i = 0; i < 20; i++) {
        fds[i] = netbed_dial();
        assert_int_equal(send(fds[i], "\x16", 1, MSG_NOSIGNAL), 1);
    }
    netbed_join(&good);
    netbed_await_count(NET_COUNT_REFUSED_TIMEOUT, 20);
    for (int i = 0; i < 20; i++) {
        assert_true(recv(fds[i], &byte, 1, 0) <= 0);
        close(fds[i]);
    }
    netbed_ping(&good, 1);
    testclient_close(&good);
}

static void test_with_all_handshakes_taken_a_node_waits_and_comes_in(void **state)
{
    struct net_config c = netbed_config(1);
    struct testclient good;
    int fds[4];

    (void)state;
    c.limits.handshakes = 4;
    c.limits.handshake_ms = 300;
    netbed_start_with(&c);
    for (int i = 0; i < 4; i++)
        fds[i] = netbed_dial();
    netbed_await_count(NET_COUNT_HANDSHAKES, 4);
    netbed_join(&good);
    assert_true(net_count(netbed.net, NET_COUNT_REFUSED_TIMEOUT) >= 1);
    testclient_close(&good);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void test_over_the_limit_connections_are_closed_at_once(void **state)
{
    enum { LIMIT = 6 };
    struct net_config c = netbed_config(2);
    struct testclient in[LIMIT], over;

    (void)state;
    c.limits.connections = LIMIT; /* of both shards together, however the kernel spreads them */
    netbed_start_with(&c);
    for (int i = 0; i < LIMIT; i++)
        netbed_join(&in[i]);
    netbed_open(&over, netbed.client);
    assert_int_equal(testclient_end(&over, NETBED_WAIT_US), ERR_IO);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_FULL), 1);
    testclient_close(&over);
    testclient_close(&in[0]);
    netbed_await(NET_CLOSED, 1);
    while (net_count(netbed.net, NET_COUNT_CONNECTIONS) == LIMIT)
        netbed_turn(NULL);
    netbed_join(&in[0]);
    for (int i = 0; i < LIMIT; i++)
        testclient_close(&in[i]);
}

/* As netbed_dial(), from another address. */
static int dial_from_elsewhere(void)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(net_port(netbed.net)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void test_one_address_cannot_take_all_handshakes(void **state)
{
    struct net_config c = netbed_config(1);
    struct testclient good = {.idle = netbed_turn};
    int fds[4];

    (void)state;
    c.limits.handshakes = 4;
    c.limits.handshakes_of_one = 2;
    c.limits.waiting = 0;
    netbed_start_with(&c);
    for (int i = 0; i < 4; i++)
        fds[i] = netbed_dial();
    netbed_await_count(NET_COUNT_REFUSED_FULL, 2);
    assert_int_equal(net_count(netbed.net, NET_COUNT_HANDSHAKES), 2);
    assert_int_equal(testclient_open(&good, netbed.client, dial_from_elsewhere()), ERR_OK);
    assert_int_equal(testclient_handshake(&good, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_TIMEOUT), 0);
    testclient_close(&good);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    netbed_await_gone();
    netbed_join(&good);
    testclient_close(&good);
}

static void test_more_of_one_address_than_may_shake_hands_come_in_one_after_the_other(void **state)
{
    enum { CROWD = 6 };
    struct net_config c = netbed_config(1);
    struct testclient good = {.idle = netbed_turn}, crowd[CROWD];
    int silent;

    (void)state;
    link_config_forget(netbed.client);
    c.limits.handshakes_of_one = 1;
    c.limits.handshake_ms = 300;
    netbed_start_with(&c);
    silent = netbed_dial();
    netbed_await_count(NET_COUNT_HANDSHAKES, 1);
    for (int i = 0; i < CROWD; i++)
        netbed_open(&crowd[i], netbed.client);
    netbed_await_count(NET_COUNT_CONNECTIONS, CROWD + 1);
    assert_int_equal(net_count(netbed.net, NET_COUNT_HANDSHAKES), 1);
    /* Others do not wait for them. */
    assert_int_equal(testclient_open(&good, netbed.client, dial_from_elsewhere()), ERR_OK);
    assert_int_equal(testclient_handshake(&good, NETBED_WAIT_US), ERR_OK);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(testclient_handshake(&crowd[i], NETBED_WAIT_US), ERR_OK);
    netbed_await(NET_CONNECTED, CROWD + 1);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_FULL), 0);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_TIMEOUT), 1); /* who said nothing */
    for (int i = 0; i < CROWD; i++)
        testclient_close(&crowd[i]);
    testclient_close(&good);
    close(silent);
    netbed_await_gone();
}

static void test_who_hangs_up_or_ends_the_station_while_some_wait_harms_nothing(void **state)
{
    struct net_config c = netbed_config(1);
    struct testclient good = {.idle = netbed_turn};
    int fds[4];

    (void)state;
    c.limits.handshakes_of_one = 1;
    c.limits.waiting = 2;
    c.limits.handshake_ms = 300;
    netbed_start_with(&c);
    for (int i = 0; i < 4; i++)
        fds[i] = netbed_dial();
    netbed_await_count(NET_COUNT_REFUSED_FULL, 1); /* the fourth */
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    netbed_await_gone();
    /* Their places are free again. */
    fds[0] = netbed_dial();
    netbed_await_count(NET_COUNT_HANDSHAKES, 1);
    netbed_open(&good, netbed.client);
    assert_int_equal(testclient_handshake(&good, NETBED_WAIT_US), ERR_OK);
    close(fds[0]);
    for (int i = 0; i < 3; i++)
        fds[i] = netbed_dial();
    netbed_await_count(NET_COUNT_CONNECTIONS, 4);
    netbed_stop(NULL);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    testclient_close(&good);
}

static void test_one_address_cannot_take_all_enrolments(void **state)
{
    struct link_config *enroller = teststation_enroller(&netbed.pki);
    struct net_config config = netbed_config(1);
    struct testclient c[3], good = {.idle = netbed_turn};
    loa_Msg request = {.which_body = loa_Msg_enrol_request_tag};

    (void)state;
    config.limits.enrolments_of_one = 2;
    netbed_start_with(&config);
    for (int i = 0; i < 3; i++) {
        netbed_open(&c[i], enroller);
        assert_int_equal(testclient_handshake(&c[i], NETBED_WAIT_US), ERR_OK);
    }
    /* Its handshake is not thrown away: the third waits for a place. */
    assert_int_equal(testclient_send_msg(&c[2], &request), ERR_OK);
    assert_int_equal(testclient_open(&good, enroller, dial_from_elsewhere()), ERR_OK);
    assert_int_equal(testclient_handshake(&good, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_msg(&good, &request), ERR_OK);
    netbed_await(NET_ENROL_REQUEST, 1);
    assert_int_equal(net_count(netbed.net, NET_COUNT_HANDSHAKES), 1);
    testclient_close(&c[0]);
    netbed_await(NET_ENROL_REQUEST, 2);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_FULL), 0);
    for (int i = 1; i < 3; i++)
        testclient_close(&c[i]);
    testclient_close(&good);
    netbed_await_gone();
    link_config_free(enroller);
}

static void test_an_enrolment_is_one_question_and_one_answer(void **state)
{
    struct link_config *enroller = teststation_enroller(&netbed.pki);
    loa_Msg request = {.which_body = loa_Msg_enrol_request_tag};
    loa_Msg reply = {.which_body = loa_Msg_enrol_reply_tag}, answer;
    struct testclient c;
    const struct netbed_event *s;

    (void)state;
    netbed_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    s = netbed_await(NET_ENROL_REQUEST, 1);
    assert_int_equal(s->which, loa_Msg_enrol_request_tag);
    assert_int_equal(s->event.node.v, 0);
    assert_string_equal(s->event.address, "127.0.0.1");
    reply.body.enrol_reply.node_id = 12;
    assert_int_equal(net_send_message(netbed.net, s->event.conn, &reply), ERR_OK);
    assert_int_equal(net_close(netbed.net, s->event.conn, NULL), ERR_OK);
    assert_int_equal(testclient_msg(&c, NETBED_WAIT_US, &answer), ERR_OK);
    assert_int_equal(answer.which_body, loa_Msg_enrol_reply_tag);
    assert_int_equal(answer.body.enrol_reply.node_id, 12);
    assert_int_equal(testclient_end(&c, NETBED_WAIT_US), ERR_CANCELLED);
    netbed_await(NET_CLOSED, 1);
    assert_int_equal(netbed_count(NET_CONNECTED), 0);
    testclient_close(&c);
    link_config_free(enroller);
}

static void test_an_enrolment_that_says_anything_else_is_closed(void **state)
{
    struct link_config *enroller = teststation_enroller(&netbed.pki);
    struct testclient c;

    (void)state;
    netbed_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_hello(&c, (struct node_id){NETBED_NODE}), ERR_OK);
    assert_int_equal(testclient_end(&c, NETBED_WAIT_US), ERR_CANCELLED);
    netbed_await_gone();
    netbed_turn(NULL);
    assert_int_equal(netbed.seen_count, 0);
    assert_int_equal(net_count(netbed.net, NET_COUNT_REFUSED_TIMEOUT), 0);
    testclient_close(&c);
    link_config_free(enroller);
}

static void test_a_second_question_ends_an_enrolment(void **state)
{
    struct link_config *enroller = teststation_enroller(&netbed.pki);
    loa_Msg request = {.which_body = loa_Msg_enrol_request_tag};
    struct testclient c;

    (void)state;
    netbed_open(&c, enroller);
    assert_int_equal(testclient_handshake(&c, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    assert_int_equal(testclient_send_msg(&c, &request), ERR_OK);
    assert_int_equal(testclient_end(&c, NETBED_WAIT_US), ERR_CANCELLED);
    assert_int_equal(netbed_await(NET_CLOSED, 1)->event.reason, NET_REASON_PROTOCOL);
    assert_int_equal(netbed_count(NET_ENROL_REQUEST), 1);
    testclient_close(&c);
    link_config_free(enroller);
}

/* Connect, be heard, and leave with a session to resume; was it itself resumed? */
static bool visit(void)
{
    struct testclient c;
    bool resumed;

    netbed_join(&c);
    resumed = link_peer(c.link)->resumed;
    link_remember_session(c.link);
    testclient_close(&c);
    netbed_await_gone();
    return resumed;
}

static void restart(const struct net_config *c)
{
    netbed_stop(NULL);
    netbed_start_with(c);
}

static void test_a_session_is_resumed_after_a_restart_with_the_same_keys(void **state)
{
    struct net_config c = netbed_config(2);
    struct ticketring keys = {0};
    int64_t now_s = (int64_t)time(NULL);

    (void)state;
    link_config_forget(netbed.client);
    assert_true(ticketring_turn(&keys, now_s));
    c.credentials.tickets = &keys;
    netbed_start_with(&c);
    assert_false(visit());
    assert_true(visit());
    restart(&c);
    assert_true(visit());
    assert_int_equal(net_count(netbed.net, NET_COUNT_RESUMED), 1);
    assert_true(ticketring_turn(&keys, now_s + TICKETRING_TURN_S));
    net_set_tickets(netbed.net, &keys);
    assert_true(visit()); /* by the older key */
    assert_true(ticketring_turn(&keys, now_s + 2 * TICKETRING_TURN_S));
    assert_true(ticketring_turn(&keys, now_s + 3 * TICKETRING_TURN_S));
    net_set_tickets(netbed.net, &keys);
    assert_false(visit());
    c.credentials.tickets = NULL;
    restart(&c);
    assert_false(visit());
    link_config_forget(netbed.client);
}

/* Many at once, of whom some vanish in the middle: all flights come back, also while the station ends. */
static void test_a_station_ends_in_the_middle_of_many_handshakes(void **state)
{
    enum { CROWD = 60 };
    struct net_config c = netbed_config(2);
    struct testclient crowd[CROWD];

    (void)state;
    link_config_forget(netbed.client);
    for (int round = 0; round < 3; round++) {
        netbed_start_with(&c);
        for (int i = 0; i < CROWD; i++) {
            struct bytes hello;

            netbed_open(&crowd[i], netbed.client);
            hello = link_output(crowd[i].link);
            assert_int_equal(send(crowd[i].fd, hello.data, hello.len, MSG_NOSIGNAL), hello.len);
        }
        netbed_await_count(NET_COUNT_HANDSHAKES, 1);
        for (int i = 0; i < CROWD; i += 3)
            testclient_close(&crowd[i]);
        if (round > 0)
            netbed_await_count(NET_COUNT_BYTES_OUT, (uint64_t)round * 3000);
        netbed_stop(NULL);
        for (int i = 0; i < CROWD; i++)
            if (i % 3 != 0)
                testclient_close(&crowd[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETBED_TEST(test_bytes_that_are_not_tls_end_only_their_own_connection),
        NETBED_TEST(test_a_foreign_certificate_is_refused),
        cmocka_unit_test_teardown(test_a_slow_handshake_is_cut_off, netbed_stop),
        cmocka_unit_test_teardown(test_with_all_handshakes_taken_a_node_waits_and_comes_in,
                                  netbed_stop),
        cmocka_unit_test_teardown(test_over_the_limit_connections_are_closed_at_once, netbed_stop),
        cmocka_unit_test_teardown(test_one_address_cannot_take_all_handshakes, netbed_stop),
        cmocka_unit_test_teardown(test_one_address_cannot_take_all_enrolments, netbed_stop),
        cmocka_unit_test_teardown(
            test_more_of_one_address_than_may_shake_hands_come_in_one_after_the_other, netbed_stop),
        cmocka_unit_test_teardown(
            test_who_hangs_up_or_ends_the_station_while_some_wait_harms_nothing, netbed_stop),
        cmocka_unit_test_teardown(test_a_session_is_resumed_after_a_restart_with_the_same_keys,
                                  netbed_stop),
        cmocka_unit_test_teardown(test_a_station_ends_in_the_middle_of_many_handshakes,
                                  netbed_stop),
        NETBED_TEST(test_an_enrolment_is_one_question_and_one_answer),
        NETBED_TEST(test_an_enrolment_that_says_anything_else_is_closed),
        NETBED_TEST(test_a_second_question_ends_an_enrolment),
    };

    return cmocka_run_group_tests_name("net doors", tests, netbed_make_pki, netbed_drop_pki);
}
