#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETBED_TEST(test_bytes_that_are_not_tls_end_only_their_own_connection),
        NETBED_TEST(test_a_foreign_certificate_is_refused),
        cmocka_unit_test_teardown(test_a_slow_handshake_is_cut_off, netbed_stop),
        cmocka_unit_test_teardown(test_with_all_handshakes_taken_a_node_waits_and_comes_in,
                                  netbed_stop),
        cmocka_unit_test_teardown(test_over_the_limit_connections_are_closed_at_once, netbed_stop),
        NETBED_TEST(test_an_enrolment_is_one_question_and_one_answer),
        NETBED_TEST(test_an_enrolment_that_says_anything_else_is_closed),
        NETBED_TEST(test_a_second_question_ends_an_enrolment),
    };

    return cmocka_run_group_tests_name("net doors", tests, netbed_make_pki, netbed_drop_pki);
}
