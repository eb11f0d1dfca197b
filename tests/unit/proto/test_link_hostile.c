#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "digest.h"
#include "link_impl.h"
#include "teststation.h"

static struct teststation station;
static struct link_config *server_config;
static struct link_config *client_config;

static int make_station(void **state)
{
    (void)state;
    teststation_init(&station);
    server_config = teststation_server(&station);
    client_config = teststation_client(&station, &station.node);
    return 0;
}

static int drop_station(void **state)
{
    (void)state;
    link_config_free(client_config);
    link_config_free(server_config);
    teststation_deinit(&station);
    return 0;
}

static struct link *link_of(struct link_config *config)
{
    struct link *l = NULL;

    assert_int_equal(link_new(config, &l), ERR_OK);
    return l;
}

static void feed_garbage(const void *data, size_t len, size_t step, enum err expected)
{
    struct link *server = link_of(server_config);
    const uint8_t *at = data;
    enum err e = ERR_OK;

    for (size_t i = 0; i < len && e == ERR_OK; i += step)
        e = link_feed(server, bytes_of(at + i, len - i < step ? len - i : step), NULL);
    assert_int_equal(e, expected);
    assert_false(link_established(server));
    assert_true(link_output(server).len <= 64);
    link_free(server);
}

static void test_what_is_not_tls_is_refused(void **state)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: loa\r\n\r\n";
    static uint8_t zeros[100000];
    static uint8_t ones[100000];
    const uint8_t huge_record[] = {22, 3, 1, 0xff, 0xff, 1, 0, 0, 0};
    const uint8_t empty_record[] = {22, 3, 1, 0, 0};
    const uint8_t data_first[] = {23, 3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'};

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    feed_garbage(http, sizeof(http), sizeof(http), ERR_FORMAT);
    feed_garbage(http, sizeof(http), 1, ERR_FORMAT);
    feed_garbage(zeros, sizeof(zeros), 16384, ERR_FORMAT);
    feed_garbage(ones, sizeof(ones), sizeof(ones), ERR_FORMAT);
    feed_garbage(huge_record, sizeof(huge_record), sizeof(huge_record), ERR_FORMAT);
    feed_garbage(empty_record, sizeof(empty_record), 1, ERR_FORMAT);
    feed_garbage(data_first, sizeof(data_first), sizeof(data_first), ERR_FORMAT);
    feed_garbage(NULL, 0, 1, ERR_OK);
}

static void test_random_bytes_never_make_a_session(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct link *server = link_of(server_config);
        uint8_t noise[400];

        digest_random(noise, sizeof(noise));
        if (i % 2 == 0)
            memcpy(noise, "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", 11);
        (void)!link_feed(server, bytes_of(noise, sizeof(noise)), NULL);
        assert_false(link_established(server));
        link_free(server);
    }
}

/* One flight of bytes out of `from`, changed by the caller before it goes on. */
static size_t take(struct link *from, uint8_t *ret_data, size_t size)
{
    struct bytes out = link_output(from);

    assert_true(out.len <= size);
    if (out.len > 0)
        memcpy(ret_data, out.data, out.len);
    link_output_sent(from, out.len);
    return out.len;
}

/* Run a handshake in which the flight number `flight` (0 client, 1 server, 2 client ...) has one byte
 * flipped. Returns the length of that flight, 0 when there is none. */
static size_t shake_with_a_flip(int flight, size_t at, struct link *client, struct link *server)
{
    uint8_t data[16384];
    enum err e = link_step(client, NULL);
    size_t flipped_len = 0;

    assert_int_equal(e, ERR_OK);
    for (int i = 0; i < 6; i++) {
        struct link *from = i % 2 == 0 ? client : server, *to = i % 2 == 0 ? server : client;
        size_t len = take(from, data, sizeof(data));

        if (len == 0)
            break;
        if (i == flight) {
            flipped_len = len;
            data[at % len] ^= 0x20;
        }
        if (link_feed(to, bytes_of(data, len), NULL) != ERR_OK)
            break;
    }
    return flipped_len;
}

/* Under TLS 1.3 what a server sends last are tickets for a client that it has accepted already. */
static bool flight_is_tickets(int flight, const struct link *server)
{
    return flight == 3 && tls_is_13(&server->tls);
}

static void test_a_flipped_byte_in_the_handshake_never_joins_both_ends(void **state)
{
    int joined = 0, runs = 0;

    (void)state;
    for (int flight = 0; flight < 4; flight++) {
        size_t len = 1;

        /* From 5: the version bytes of the very first record header mean nothing (RFC 5246 E.1). */
        for (size_t at = 5; at < len || at == 5; at += 23) {
            struct link *client = link_of(client_config), *server = link_of(server_config);

            len = shake_with_a_flip(flight, at, client, server);
            if (flight_is_tickets(flight, server) && len > 0)
                assert_int_equal(client->dead, ERR_FORMAT);
            else if (!flight_is_tickets(flight, server))
                joined += link_established(client) && link_established(server);
            runs++;
            link_free(client);
            link_free(server);
            if (len == 0)
                break;
        }
    }
    assert_int_equal(joined, 0);
    assert_true(runs > 60);
}

static void test_a_handshake_cut_anywhere_stays_unfinished(void **state)
{
    struct link *client = link_of(client_config);
    struct bytes hello;

    (void)state;
    assert_int_equal(link_step(client, NULL), ERR_OK);
    hello = link_output(client);
    for (size_t cut = 0; cut < hello.len; cut++) {
        struct link *server = link_of(server_config);

        assert_int_equal(link_feed(server, bytes_of(hello.data, cut), NULL), ERR_OK);
        assert_false(link_established(server));
        assert_int_equal(link_output(server).len, 0);
        link_free(server);
    }
    link_free(client);
}

static void test_a_tampered_record_ends_the_session(void **state)
{
    static const char text[] = "phat luc sau gio";
    uint8_t data[256], got[64];
    size_t len = 256, got_len;

    (void)state;
    for (size_t at = 0; at < len; at++) {
        struct link *client = link_of(client_config), *server = link_of(server_config);
        enum err e;

        testwire_connect(client, server);
        assert_int_equal(link_write(client, bytes_of(text, sizeof(text))), ERR_OK);
        len = take(client, data, sizeof(data));
        data[at] ^= 1;
        e = link_feed(server, bytes_of(data, len), NULL);
        if (e == ERR_OK) /* a longer length: it waits for the rest, and the rest does not help */
            e = link_feed(server, bytes_of(data, len), NULL);
        if (e == ERR_OK)
            assert_true(at == 3 || at == 4);
        else
            assert_int_equal(e, ERR_FORMAT);
        assert_int_equal(link_read(server, got, sizeof(got), &got_len), ERR_MORE);
        if (e != ERR_OK)
            assert_int_equal(link_write(server, bytes_of("x", 1)), ERR_STATE);
        link_free(client);
        link_free(server);
    }
}

static void test_a_replayed_or_reordered_record_ends_the_session(void **state)
{
    struct link *client = link_of(client_config), *server = link_of(server_config);
    uint8_t first[256], second[256], got[64];
    size_t first_len, second_len, got_len;

    (void)state;
    testwire_connect(client, server);
    assert_int_equal(link_write(client, bytes_of("one", 3)), ERR_OK);
    first_len = take(client, first, sizeof(first));
    assert_int_equal(link_feed(server, bytes_of(first, first_len), NULL), ERR_OK);
    assert_int_equal(link_read(server, got, sizeof(got), &got_len), ERR_OK);
    assert_int_equal(link_feed(server, bytes_of(first, first_len), NULL), ERR_FORMAT);
    link_free(client);
    link_free(server);

    client = link_of(client_config);
    server = link_of(server_config);
    testwire_connect(client, server);
    assert_int_equal(link_write(client, bytes_of("one", 3)), ERR_OK);
    first_len = take(client, first, sizeof(first));
    assert_int_equal(link_write(client, bytes_of("two", 3)), ERR_OK);
    second_len = take(client, second, sizeof(second));
    assert_int_equal(link_feed(server, bytes_of(second, second_len), NULL), ERR_FORMAT);
    assert_int_equal(link_feed(server, bytes_of(first, first_len), NULL), ERR_FORMAT);
    link_free(client);
    link_free(server);
}

/* Connect as node 7 and keep what a client keeps for resumption. */
static void earn_ticket(struct link_config *config, mbedtls_ssl_session *ret_session)
{
    struct link *client = link_of(config), *server = link_of(server_config);
    uint8_t got[8];
    size_t len;

    testwire_connect(client, server);
    assert_int_equal(link_write(server, bytes_of("x", 1)), ERR_OK);
    assert_int_equal(link_feed(client, link_output(server), NULL), ERR_OK);
    assert_int_equal(link_read(client, got, sizeof(got), &len), ERR_OK);
    mbedtls_ssl_session_init(ret_session);
    assert_int_equal(mbedtls_ssl_get_session(&client->tls, ret_session), 0);
    link_free(client);
    link_free(server);
}

/* A client without a certificate presents this session; it must not become a node. */
static void assert_ticket_is_no_certificate(const mbedtls_ssl_session *session)
{
    struct link_config *thief = teststation_enroller(&station);
    struct link *client, *server = link_of(server_config);

    thief->alpn[0] = LINK_ALPN_SESSION;
    mbedtls_ssl_conf_session_tickets(&thief->tls, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    client = link_of(thief);
    assert_int_equal(mbedtls_ssl_set_session(&client->tls, session), 0);
    (void)testwire_run(client, server, SIZE_MAX);
    assert_false(link_established(server));
    assert_int_equal(link_peer(server)->node.v, 0);
    link_free(client);
    link_free(server);
    link_config_free(thief);
}

#if MBEDTLS_VERSION_NUMBER < 0x03000000
static void test_a_stolen_ticket_without_its_secret_is_worthless(void **state)
{
    mbedtls_ssl_session session;

    (void)state;
    earn_ticket(client_config, &session);
    session.master[0] ^= 1;
    assert_ticket_is_no_certificate(&session);
    mbedtls_ssl_session_free(&session);
}
#endif

static void test_the_ticket_of_an_enrolment_opens_no_session(void **state)
{
    struct link_config *enroller = teststation_enroller(&station);
    mbedtls_ssl_session session;

    (void)state;
    mbedtls_ssl_conf_session_tickets(&enroller->tls, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    earn_ticket(enroller, &session);
    assert_true(session.ticket_len > 0);
    assert_ticket_is_no_certificate(&session);
    mbedtls_ssl_session_free(&session);
    link_config_free(enroller);
}

static void test_a_session_ticket_names_nobody_in_an_enrolment(void **state)
{
    struct link_config *enroller = teststation_enroller(&station);
    struct link *client, *server = link_of(server_config);
    mbedtls_ssl_session session;

    (void)state;
    earn_ticket(client_config, &session);
    mbedtls_ssl_conf_session_tickets(&enroller->tls, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    client = link_of(enroller);
    assert_int_equal(mbedtls_ssl_set_session(&client->tls, &session), 0);
    (void)testwire_run(client, server, SIZE_MAX);
    assert_true(link_established(server));
    assert_true(link_peer(server)->enrolling);
    assert_int_equal(link_peer(server)->node.v, 0);
    link_free(client);
    link_free(server);
    mbedtls_ssl_session_free(&session);
    link_config_free(enroller);
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
/* A TLS 1.3 ticket crosses the wire in the clear; in TLS 1.2 it would stand for a master secret of zeros. */
static void test_a_ticket_of_tls_13_opens_nothing_in_tls_12(void **state)
{
    struct link_config *thief = teststation_enroller(&station);
    struct link *client, *server = link_of(server_config);
    mbedtls_ssl_session session;

    (void)state;
    earn_ticket(client_config, &session);
    assert_int_equal(session.tls_version, MBEDTLS_SSL_VERSION_TLS1_3);
    session.tls_version = MBEDTLS_SSL_VERSION_TLS1_2;
    session.ciphersuite = MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    thief->alpn[0] = LINK_ALPN_SESSION;
    mbedtls_ssl_conf_max_tls_version(&thief->tls, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_session_tickets(&thief->tls, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    client = link_of(thief);
    assert_int_equal(mbedtls_ssl_set_session(&client->tls, &session), 0);
    (void)testwire_run(client, server, SIZE_MAX);
    assert_false(server->claimed);
    assert_false(link_established(server));
    link_free(client);
    link_free(server);
    mbedtls_ssl_session_free(&session);
    link_config_free(thief);
}
#endif

static int64_t ticket_end_s(const struct test_identity *node)
{
    struct link_config *config = teststation_client(&station, node);
    struct link *client = link_of(config), *server = link_of(server_config);
    int64_t end_s;

    testwire_connect(client, server);
    end_s = server->identity.expires_s;
    link_free(client);
    link_free(server);
    link_config_free(config);
    return end_s;
}

static void test_a_ticket_lasts_a_day_or_as_long_as_the_certificate(void **state)
{
    int64_t before_s = (int64_t)time(NULL);
    struct test_identity node;
    struct cert_facts facts;

    (void)state;
    assert_in_range(ticket_end_s(&station.node) - before_s, TICKET_LIFETIME_S,
                    TICKET_LIFETIME_S + 60);
    test_identity_init(&node, &station.ca, CERT_CLIENT, "loa-node-7", 0, 1);
    assert_int_equal(cert_read(test_identity_der(&node), &facts), ERR_OK);
    assert_true(facts.to_s - before_s <= TICKET_LIFETIME_S + 60);
    assert_int_equal(ticket_end_s(&node), facts.to_s);
    test_identity_deinit(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_tls_is_refused),
        cmocka_unit_test(test_random_bytes_never_make_a_session),
        cmocka_unit_test(test_a_flipped_byte_in_the_handshake_never_joins_both_ends),
        cmocka_unit_test(test_a_handshake_cut_anywhere_stays_unfinished),
        cmocka_unit_test(test_a_tampered_record_ends_the_session),
        cmocka_unit_test(test_a_replayed_or_reordered_record_ends_the_session),
#if MBEDTLS_VERSION_NUMBER < 0x03000000
        cmocka_unit_test(test_a_stolen_ticket_without_its_secret_is_worthless),
#else
        cmocka_unit_test(test_a_ticket_of_tls_13_opens_nothing_in_tls_12),
#endif
        cmocka_unit_test(test_the_ticket_of_an_enrolment_opens_no_session),
        cmocka_unit_test(test_a_session_ticket_names_nobody_in_an_enrolment),
        cmocka_unit_test(test_a_ticket_lasts_a_day_or_as_long_as_the_certificate),
    };

    return cmocka_run_group_tests_name("link_hostile", tests, make_station, drop_station);
}
