#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "frame.h"
#include "link_impl.h"
#include "teststation.h"

struct pair {
    struct teststation station;
    struct link_config *server_config;
    struct link_config *client_config;
    struct link *server;
    struct link *client;
};

static int make_pair(void **state)
{
    static struct pair p;

    memset(&p, 0, sizeof(p));
    teststation_init(&p.station);
    p.server_config = teststation_server(&p.station);
    p.client_config = teststation_client(&p.station, &p.station.node);
    assert_int_equal(link_new(p.server_config, &p.server), ERR_OK);
    assert_int_equal(link_new(p.client_config, &p.client), ERR_OK);
    *state = &p;
    return 0;
}

static int drop_pair(void **state)
{
    struct pair *p = *state;

    link_free(p->client);
    link_free(p->server);
    link_config_free(p->client_config);
    link_config_free(p->server_config);
    teststation_deinit(&p->station);
    return 0;
}

static void reconnect(struct pair *p)
{
    link_free(p->client);
    link_free(p->server);
    assert_int_equal(link_new(p->server_config, &p->server), ERR_OK);
    assert_int_equal(link_new(p->client_config, &p->client), ERR_OK);
}

/* Move what one side has queued to the other; both must stay alive. */
static void pass(struct link *from, struct link *to)
{
    struct bytes out = link_output(from);

    assert_int_equal(link_feed(to, out, NULL), ERR_OK);
    link_output_sent(from, out.len);
}

static void say(struct link *from, struct link *to, const char *text)
{
    char got[256] = {0};
    size_t len = 0;

    assert_int_equal(link_write(from, bytes_of(text, strlen(text))), ERR_OK);
    pass(from, to);
    assert_int_equal(link_read(to, got, sizeof(got), &len), ERR_OK);
    assert_string_equal(got, text);
    assert_int_equal(link_read(to, got, sizeof(got), &len), ERR_MORE);
}

static void test_both_sides_speak_after_the_handshake(void **state)
{
    struct pair *p = *state;

    assert_int_equal(link_write(p->client, bytes_of("x", 1)), ERR_STATE);
    testwire_connect(p->client, p->server);
    say(p->client, p->server, "xin chao");
    say(p->server, p->client, "chao ban");
}

static void test_bytes_may_arrive_in_pieces_of_any_size(void **state)
{
    struct pair *p = *state;

    for (size_t step = 1; step < 1500; step = step * 3 + 1) {
        struct testwire w;

        reconnect(p);
        w = testwire_run(p->client, p->server, step);
        assert_int_equal(w.a, ERR_OK);
        assert_int_equal(w.b, ERR_OK);
        assert_true(link_established(p->client) && link_established(p->server));
        say(p->client, p->server, "tung byte mot");
    }
}

static void test_the_server_learns_who_the_node_is(void **state)
{
    struct pair *p = *state;
    const struct link_peer *peer;
    struct link_peer none = {0};

    testwire_connect(p->client, p->server);
    peer = link_peer(p->server);
    assert_int_equal(peer->node.v, 7);
    assert_false(peer->enrolling);
    assert_false(peer->resumed);
    assert_memory_not_equal(peer->serial, none.serial, sizeof(peer->serial));
    assert_memory_not_equal(peer->cert_sha256, none.cert_sha256, sizeof(peer->cert_sha256));
    assert_memory_not_equal(link_peer(p->client)->cert_sha256, peer->cert_sha256, SHA256_BYTES);
}

static void test_a_resumed_session_tells_the_same_peer(void **state)
{
    struct pair *p = *state;
    struct link_peer server, client;

    testwire_connect(p->client, p->server);
    say(p->server, p->client, "ve"); /* under TLS 1.3 the ticket comes after the handshake */
    server = *link_peer(p->server);
    client = *link_peer(p->client);
    link_remember_session(p->client);
    for (int round = 0; round < 3; round++) {
        reconnect(p);
        testwire_connect(p->client, p->server);
        assert_true(link_peer(p->server)->resumed);
        assert_true(link_peer(p->client)->resumed);
        assert_int_equal(link_peer(p->server)->node.v, 7);
        assert_memory_equal(link_peer(p->server)->cert_sha256, server.cert_sha256, SHA256_BYTES);
        assert_memory_equal(link_peer(p->server)->serial, server.serial, sizeof(server.serial));
        assert_memory_equal(link_peer(p->client)->cert_sha256, client.cert_sha256, SHA256_BYTES);
        say(p->client, p->server, "noi lai");
        say(p->server, p->client, "ve");
        link_remember_session(p->client);
    }
}

/* As after a restart of the node: what it remembers comes back from its flash. */
static void restart_client(struct pair *p, const struct test_identity *node, struct bytes saved,
                           enum err expected)
{
    link_free(p->client);
    p->client = NULL;
    link_config_free(p->client_config);
    p->client_config = teststation_client(&p->station, node);
    assert_int_equal(link_config_load(p->client_config, saved), expected);
    reconnect(p);
    testwire_connect(p->client, p->server);
}

static void test_a_session_resumes_from_flash(void **state)
{
    struct pair *p = *state;
    uint8_t saved[LINK_SESSION_MAX], server[SHA256_BYTES];
    struct test_identity renewed;
    size_t len;

    assert_int_equal(link_config_save(p->client_config, saved, &len), ERR_NOT_FOUND);
    testwire_connect(p->client, p->server);
    say(p->server, p->client, "ve");
    link_remember_session(p->client);
    memcpy(server, link_peer(p->client)->cert_sha256, sizeof(server));
    assert_int_equal(link_config_save(p->client_config, saved, &len), ERR_OK);
    for (int round = 0; round < 2; round++) {
        restart_client(p, &p->station.node, bytes_of(saved, len), ERR_OK);
        assert_true(link_peer(p->server)->resumed);
        assert_int_equal(link_peer(p->server)->node.v, 7);
        assert_true(link_peer(p->client)->resumed);
        assert_memory_equal(link_peer(p->client)->cert_sha256, server, sizeof(server));
    }
    /* The same node with a new certificate begins anew. */
    test_identity_init(&renewed, &p->station.ca, CERT_CLIENT, LINK_NODE_NAME_PREFIX "7", -1, 30);
    restart_client(p, &renewed, bytes_of(saved, len), ERR_FORMAT);
    assert_false(link_peer(p->server)->resumed);
    test_identity_deinit(&renewed);
    for (size_t at = 0; at < len; at += 7) {
        saved[at] ^= 1;
        assert_int_equal(link_config_load(p->client_config, bytes_of(saved, len)), ERR_FORMAT);
        saved[at] ^= 1;
        assert_int_equal(link_config_load(p->client_config, bytes_of(saved, at)), ERR_FORMAT);
    }
}

static void test_a_session_that_has_ended_or_is_forgotten_is_not_offered(void **state)
{
    struct pair *p = *state;

    for (int round = 0; round < 2; round++) {
        reconnect(p);
        testwire_connect(p->client, p->server);
        assert_false(link_peer(p->server)->resumed);
        say(p->server, p->client, "ve");
        link_remember_session(p->client);
        if (round == 0)
            link_config_forget(p->client_config);
        else
            p->client_config->remembered_identity.expires_s = (int64_t)time(NULL);
    }
    reconnect(p);
    testwire_connect(p->client, p->server);
    assert_false(link_peer(p->server)->resumed);
}

static void test_another_config_resumes_only_with_the_same_secret(void **state)
{
    struct pair *p = *state;
    struct ticketring keys = {{{1, {1, 2, 3}}}};
    struct link_credentials cred = {
        .ca_cert = test_identity_der(&p->station.ca),
        .cert = test_identity_der(&p->station.controller),
        .key = test_identity_key(&p->station.controller),
        .tickets = &keys,
    };
    struct link_config *old = p->server_config;

    assert_int_equal(link_config_new(LINK_SERVER, &cred, &p->server_config), ERR_OK);
    reconnect(p);
    link_config_free(old);
    testwire_connect(p->client, p->server);
    say(p->server, p->client, "ve");
    link_remember_session(p->client);
    old = p->server_config;
    assert_int_equal(link_config_new(LINK_SERVER, &cred, &p->server_config), ERR_OK);
    reconnect(p);
    link_config_free(old);
    testwire_connect(p->client, p->server);
    assert_true(link_peer(p->server)->resumed);
    keys.keys[0].key[0] = 9;
    old = p->server_config;
    assert_int_equal(link_config_new(LINK_SERVER, &cred, &p->server_config), ERR_OK);
    reconnect(p);
    link_config_free(old);
    testwire_connect(p->client, p->server);
    assert_false(link_peer(p->server)->resumed);
    assert_int_equal(link_peer(p->server)->node.v, 7);
}

static void test_an_enroller_needs_only_the_pin(void **state)
{
    struct pair *p = *state;
    struct bytes ca;

    link_config_free(p->client_config);
    p->client_config = NULL;
    link_free(p->client);
    p->client_config = teststation_enroller(&p->station);
    assert_int_equal(link_new(p->client_config, &p->client), ERR_OK);
    assert_int_equal(link_ca_der(p->client).len, 0);
    testwire_connect(p->client, p->server);
    assert_true(link_peer(p->server)->enrolling);
    assert_int_equal(link_peer(p->server)->node.v, 0);
    ca = link_ca_der(p->client);
    assert_true(bytes_equal(ca, test_identity_der(&p->station.ca)));
    say(p->client, p->server, "ma gia nhap");
    say(p->server, p->client, "chung thu");
}

static void test_output_is_bounded_and_recovers(void **state)
{
    static uint8_t frame[FRAME_BYTES_MAX], got[FRAME_BYTES_MAX];
    struct pair *p = *state;
    size_t queued = 0, received = 0, before;

    testwire_connect(p->client, p->server);
    memset(frame, 0x5a, sizeof(frame));
    while (link_write(p->server, bytes_of(frame, sizeof(frame))) == ERR_OK)
        queued++;
    assert_true(queued >= 15 && queued < 16);
    before = link_output(p->server).len;
    assert_true(before <= LINK_OUT_MAX);
    assert_int_equal(link_write(p->server, bytes_of(frame, sizeof(frame))), ERR_LIMIT);
    assert_int_equal(link_output(p->server).len, before);
    while (link_output(p->server).len > 0) {
        struct bytes out = link_output(p->server);
        size_t step = out.len < 5000 ? out.len : 5000, len;

        assert_int_equal(link_feed(p->client, bytes_of(out.data, step), NULL), ERR_OK);
        link_output_sent(p->server, step);
        while (link_read(p->client, got, sizeof(got), &len) == ERR_OK)
            received += len;
    }
    assert_int_equal(received, queued * sizeof(frame));
    say(p->server, p->client, "con song");
}

static void test_a_reader_that_never_reads_is_cut_off(void **state)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    struct pair *p = *state;
    enum err e = ERR_OK;
    int fed = 0;

    testwire_connect(p->client, p->server);
    for (; e == ERR_OK && fed < 100; fed++) {
        struct bytes out;

        assert_int_equal(link_write(p->client, bytes_of(frame, sizeof(frame))), ERR_OK);
        out = link_output(p->client);
        e = link_feed(p->server, out, NULL);
        link_output_sent(p->client, out.len);
    }
    assert_int_equal(e, ERR_LIMIT);
    assert_true(fed > 15 && fed < 20);
}

static void test_the_largest_frame_fills_a_record(void **state)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    struct pair *p = *state;
    struct bytes out;
    size_t first;

    testwire_connect(p->client, p->server);
    assert_int_equal(link_write(p->client, bytes_of(frame, sizeof(frame))), ERR_OK);
    out = link_output(p->client);
    first = 5 + ((size_t)out.data[3] << 8 | out.data[4]);
    /* Under TLS 1.3 mbedTLS fills a record with one byte less: the content type takes its place. The
     * last byte has a record of its own: header, padding to 16 bytes, tag. */
    assert_int_equal(out.len - first, tls_is_13(&p->client->tls) ? 5 + 16 + 16 : 0);
}

static void test_the_newest_tls_of_both_ends_is_spoken(void **state)
{
    struct pair *p = *state;

    testwire_connect(p->client, p->server);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    assert_string_equal(mbedtls_ssl_get_version(&p->client->tls), "TLSv1.3");
    assert_string_equal(mbedtls_ssl_get_version(&p->server->tls), "TLSv1.3");
#else
    assert_string_equal(mbedtls_ssl_get_version(&p->client->tls), "TLSv1.2");
    assert_string_equal(mbedtls_ssl_get_version(&p->server->tls), "TLSv1.2");
#endif
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
/* An end of Debian 12, as far as one of Debian 13 can see. */
static void keep_to_tls_12(struct link_config *config)
{
    mbedtls_ssl_conf_max_tls_version(&config->tls, MBEDTLS_SSL_VERSION_TLS1_2);
}

static void assert_12_meets_13(struct pair *p)
{
    reconnect(p);
    testwire_connect(p->client, p->server);
    assert_string_equal(mbedtls_ssl_get_version(&p->client->tls), "TLSv1.2");
    assert_int_equal(link_peer(p->server)->node.v, 7);
    say(p->client, p->server, "xin chao");
    say(p->server, p->client, "chao ban");
}

static void test_an_end_that_knows_only_tls_12_is_spoken_to(void **state)
{
    struct pair *p = *state;

    keep_to_tls_12(p->client_config);
    assert_12_meets_13(p);
    assert_false(link_peer(p->server)->resumed);
    link_remember_session(p->client);
    assert_12_meets_13(p);
    assert_true(link_peer(p->server)->resumed);
}

static void test_a_server_that_knows_only_tls_12_is_spoken_to(void **state)
{
    struct pair *p = *state;

    keep_to_tls_12(p->server_config);
    assert_12_meets_13(p);
    link_remember_session(p->client);
    assert_12_meets_13(p);
    assert_true(link_peer(p->server)->resumed);
}

static void restart_server(struct pair *p)
{
    link_free(p->client);
    p->client = NULL;
    link_free(p->server);
    p->server = NULL;
    link_config_free(p->server_config);
    p->server_config = teststation_server(&p->station);
}

static void assert_version(struct pair *p, const char *version)
{
    reconnect(p);
    testwire_connect(p->client, p->server);
    say(p->server, p->client, "ve");
    assert_string_equal(mbedtls_ssl_get_version(&p->client->tls), version);
    link_remember_session(p->client);
}

static void test_a_renewed_controller_is_spoken_to_in_tls_13_again(void **state)
{
    struct pair *p = *state;

    keep_to_tls_12(p->server_config);
    assert_version(p, "TLSv1.2");
    restart_server(p);
    assert_version(p, "TLSv1.2"); /* the session is of TLS 1.2 and no more known */
    assert_false(link_peer(p->client)->resumed);
    assert_version(p, "TLSv1.3");
}

static void test_a_controller_put_back_to_tls_12_is_reached_at_the_second_try(void **state)
{
    struct pair *p = *state;
    struct testwire w;

    assert_version(p, "TLSv1.3");
    restart_server(p);
    keep_to_tls_12(p->server_config);
    reconnect(p);
    w = testwire_run(p->client, p->server, SIZE_MAX);
    assert_int_not_equal(w.a, ERR_OK);
    assert_version(p, "TLSv1.2");
}

static void test_a_client_is_accepted_with_the_first_bytes_it_gets(void **state)
{
    struct pair *p = *state;
    struct test_identity foreign, node;
    struct link_config *config;
    struct testwire w;

    test_identity_init(&foreign, NULL, CERT_CA, "loa-ca-test", -1, 30);
    test_identity_init(&node, &foreign, CERT_CLIENT, "loa-node-7", -1, 30);
    config = teststation_client(&p->station, &node);
    link_free(p->client);
    assert_int_equal(link_new(config, &p->client), ERR_OK);
    config->remembers = true;
    w = testwire_run(p->client, p->server, SIZE_MAX);
    assert_true(link_established(p->client));
    assert_false(p->client->heard);
    assert_int_equal(w.a, ERR_AUTH);
    assert_false(config->remembers);
    link_free(p->client);
    p->client = NULL;
    link_config_free(config);
    test_identity_deinit(&node);
    test_identity_deinit(&foreign);
    reconnect(p);
    testwire_connect(p->client, p->server);
    assert_false(p->client->heard);
    say(p->server, p->client, "ve");
    assert_true(p->client->heard);
}
#endif

static void test_close_notify_ends_reading_after_what_was_sent(void **state)
{
    struct pair *p = *state;
    char got[8];
    size_t len;

    testwire_connect(p->client, p->server);
    assert_int_equal(link_write(p->client, bytes_of("het", 3)), ERR_OK);
    link_close_notify(p->client);
    link_close_notify(p->client);
    assert_int_equal(link_write(p->client, bytes_of("x", 1)), ERR_STATE);
    pass(p->client, p->server);
    assert_int_equal(link_read(p->server, got, sizeof(got), &len), ERR_OK);
    assert_int_equal(len, 3);
    assert_int_equal(link_read(p->server, got, sizeof(got), &len), ERR_CANCELLED);
    assert_int_equal(link_feed(p->server, bytes_of("late bytes", 10), NULL), ERR_OK);
    assert_int_equal(link_read(p->server, got, sizeof(got), &len), ERR_CANCELLED);
}

static void test_credentials_that_do_not_fit_are_refused(void **state)
{
    struct pair *p = *state;
    struct link_config *c = NULL;
    struct link_credentials good = {
        .ca_cert = test_identity_der(&p->station.ca),
        .cert = test_identity_der(&p->station.node),
        .key = test_identity_key(&p->station.node),
    };
    struct link_credentials bad = good;

    bad.key = test_identity_key(&p->station.controller);
    assert_int_equal(link_config_new(LINK_CLIENT, &bad, &c), ERR_FORMAT);
    bad = good;
    bad.cert.len -= 1;
    assert_int_equal(link_config_new(LINK_CLIENT, &bad, &c), ERR_FORMAT);
    bad = good;
    bad.ca_cert = bytes_of(NULL, 0);
    assert_int_equal(link_config_new(LINK_CLIENT, &bad, &c), ERR_FORMAT);
    assert_int_equal(link_config_new(LINK_ENROLLER, &good, &c), ERR_FORMAT);
    assert_null(c);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_pair, drop_pair)
    const struct CMUnitTest tests[] = {
        CASE(test_both_sides_speak_after_the_handshake),
        CASE(test_bytes_may_arrive_in_pieces_of_any_size),
        CASE(test_the_server_learns_who_the_node_is),
        CASE(test_a_resumed_session_tells_the_same_peer),
        CASE(test_a_session_resumes_from_flash),
        CASE(test_a_session_that_has_ended_or_is_forgotten_is_not_offered),
        CASE(test_another_config_resumes_only_with_the_same_secret),
        CASE(test_an_enroller_needs_only_the_pin),
        CASE(test_output_is_bounded_and_recovers),
        CASE(test_a_reader_that_never_reads_is_cut_off),
        CASE(test_the_largest_frame_fills_a_record),
        CASE(test_the_newest_tls_of_both_ends_is_spoken),
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        CASE(test_an_end_that_knows_only_tls_12_is_spoken_to),
        CASE(test_a_server_that_knows_only_tls_12_is_spoken_to),
        CASE(test_a_renewed_controller_is_spoken_to_in_tls_13_again),
        CASE(test_a_controller_put_back_to_tls_12_is_reached_at_the_second_try),
        CASE(test_a_client_is_accepted_with_the_first_bytes_it_gets),
#endif
        CASE(test_close_notify_ends_reading_after_what_was_sent),
        CASE(test_credentials_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
