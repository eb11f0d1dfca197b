#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "netbed.h"

struct netbed netbed;

static void on_event(void *ctx, const struct net_event *e)
{
    struct netbed_event *s = &netbed.seen[netbed.seen_count];

    (void)ctx;
    assert_true(netbed.seen_count++ < NETBED_EVENTS);
    *s = (struct netbed_event){.event = *e};
    if (e->msg == NULL)
        return;
    s->which = e->msg->which_body;
    if (s->which == loa_Msg_status_tag)
        s->number = (uint32_t)e->msg->body.status.uptime_ms;
    if (s->which == loa_Msg_hello_tag) {
        loa_Msg welcome = {.which_body = loa_Msg_welcome_tag};

        welcome.body.welcome.version = 1;
        /* The node may be gone again. */
        (void)!net_send_message(netbed.net, e->conn, &welcome);
    }
}

void netbed_turn(void *ctx)
{
    (void)ctx;
    if (!netbed.stalled)
        uv_run(&netbed.loop, UV_RUN_NOWAIT);
}

static struct link_credentials credentials(void)
{
    return (struct link_credentials){
        .ca_cert = test_identity_der(&netbed.pki.ca),
        .cert = bytes_of(netbed.pki.chain_pem, strlen(netbed.pki.chain_pem) + 1),
        .key = test_identity_key(&netbed.pki.controller),
    };
}

struct net_config netbed_config(unsigned shards)
{
    return (struct net_config){
        .address = "127.0.0.1",
        .shards = shards,
        .handshakers = 2,
        .credentials = credentials(),
        .stime = &netbed.stime,
        .limits = net_limits_default(),
        .on_event = on_event,
    };
}

void netbed_start_with(const struct net_config *c)
{
    struct err_detail detail = {0};

    netbed.seen_count = 0;
    netbed.stalled = false;
    stime_init(&netbed.stime);
    assert_int_equal(uv_loop_init(&netbed.loop), 0);
    assert_int_equal(net_new(&netbed.loop, c, &netbed.net, &detail), ERR_OK);
    assert_int_not_equal(net_port(netbed.net), 0);
}

int netbed_start(void **state)
{
    struct net_config c = netbed_config(2);

    (void)state;
    netbed_start_with(&c);
    return 0;
}

int netbed_stop(void **state)
{
    (void)state;
    if (netbed.net == NULL)
        return 0;
    net_free(netbed.net);
    netbed.net = NULL;
    uv_run(&netbed.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&netbed.loop), 0);
    return 0;
}

int netbed_make_pki(void **state)
{
    (void)state;
    teststation_init(&netbed.pki);
    netbed.client = teststation_client(&netbed.pki, &netbed.pki.node);
    return 0;
}

int netbed_drop_pki(void **state)
{
    (void)state;
    link_config_free(netbed.client);
    teststation_deinit(&netbed.pki);
    return 0;
}

int netbed_dial(void)
{
    int fd = testclient_dial(net_port(netbed.net), 0);

    assert_true(fd >= 0);
    return fd;
}

void netbed_open(struct testclient *c, struct link_config *link)
{
    *c = (struct testclient){.idle = netbed_turn};
    assert_int_equal(testclient_open(c, link, netbed_dial()), ERR_OK);
}

size_t netbed_count(enum net_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < netbed.seen_count; i++)
        n += netbed.seen[i].event.kind == kind;
    return n;
}

const struct netbed_event *netbed_last(enum net_event_kind kind)
{
    for (size_t i = netbed.seen_count; i-- > 0;)
        if (netbed.seen[i].event.kind == kind)
            return &netbed.seen[i];
    return NULL;
}

const struct netbed_event *netbed_await(enum net_event_kind kind, size_t count)
{
    usec_t until_us = stime_mono() + NETBED_WAIT_US;

    while (netbed_count(kind) < count) {
        assert_true(stime_mono() < until_us);
        netbed_turn(NULL);
        usleep(500);
    }
    return netbed_last(kind);
}

void netbed_await_count(enum net_counter counter, uint64_t least)
{
    usec_t until_us = stime_mono() + NETBED_WAIT_US;

    while (net_count(netbed.net, counter) < least) {
        assert_true(stime_mono() < until_us);
        netbed_turn(NULL);
        usleep(500);
    }
}

void netbed_await_gone(void)
{
    usec_t until_us = stime_mono() + NETBED_WAIT_US;

    while (net_count(netbed.net, NET_COUNT_CONNECTIONS) > 0) {
        assert_true(stime_mono() < until_us);
        netbed_turn(NULL);
        usleep(500);
    }
}

uint64_t netbed_join(struct testclient *c)
{
    size_t before = netbed_count(NET_CONNECTED);
    loa_Msg msg;

    netbed_open(c, netbed.client);
    assert_int_equal(testclient_handshake(c, NETBED_WAIT_US), ERR_OK);
    assert_int_equal(testclient_send_hello(c, (struct node_id){NETBED_NODE}), ERR_OK);
    assert_int_equal(testclient_msg(c, NETBED_WAIT_US, &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_welcome_tag);
    return netbed_await(NET_CONNECTED, before + 1)->event.conn;
}

void netbed_ping(struct testclient *c, usec_t t1_us)
{
    struct frame f;

    assert_int_equal(testclient_send_time(c, t1_us), ERR_OK);
    do {
        assert_int_equal(testclient_frame(c, NETBED_WAIT_US, &f), ERR_OK);
    } while (f.type != FRAME_TIME_REPLY);
}
