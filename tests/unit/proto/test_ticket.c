#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "link_impl.h"
#include "teststation.h"
#include "ticket.h"

#define NOW (TICKET_LIFETIME_S * 20000 + 1000)

static const uint8_t secret[TICKET_SECRET_BYTES] = {1, 2, 3};
static const struct ticket_identity node = {
    .node = {7}, .cert_sha256 = {8}, .serial = {9}, .expires_s = NOW + 500};

static struct teststation station;
static struct link_config *server_config;
static struct link_config *client_config;
static struct link *server;
static struct link *client;

static int make_session(void **state)
{
    (void)state;
    teststation_init(&station);
    server_config = teststation_server(&station);
    client_config = teststation_client(&station, &station.node);
    assert_int_equal(link_new(server_config, &server), ERR_OK);
    assert_int_equal(link_new(client_config, &client), ERR_OK);
    testwire_connect(client, server);
    return 0;
}

static int drop_session(void **state)
{
    (void)state;
    link_free(client);
    link_free(server);
    link_config_free(client_config);
    link_config_free(server_config);
    teststation_deinit(&station);
    return 0;
}

static size_t seal(const struct ticket_identity *who, uint8_t *ticket, size_t size)
{
    size_t len = 0;

    assert_int_equal(
        ticket_seal(secret, who, server->tls.session, NOW, ticket, ticket + size, &len), ERR_OK);
    return len;
}

/* Opening decrypts in place, so each try works on a copy. */
static enum err try_open(const uint8_t *with, const uint8_t *ticket, size_t len, int64_t now_s)
{
    struct ticket_identity who = {0};
    mbedtls_ssl_session session;
    uint8_t copy[2048];
    enum err e;

    memcpy(copy, ticket, len);
    mbedtls_ssl_session_init(&session);
    e = ticket_open(with, copy, len, now_s, &session, &who);
    if (e == ERR_OK) {
        assert_int_equal(who.node.v, node.node.v);
        assert_memory_equal(who.cert_sha256, node.cert_sha256, sizeof(who.cert_sha256));
        assert_memory_equal(who.serial, node.serial, sizeof(who.serial));
        assert_int_equal(who.expires_s, node.expires_s);
    } else {
        assert_int_equal(who.node.v, 0);
    }
    mbedtls_ssl_session_free(&session);
    return e;
}

static void test_a_ticket_gives_back_who_it_belongs_to(void **state)
{
    uint8_t ticket[2048], again[2048];
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(secret, ticket, len, NOW), ERR_OK);
    assert_int_equal(try_open(secret, ticket, len, NOW + 499), ERR_OK);
    assert_int_equal(seal(&node, again, sizeof(again)), len);
    assert_memory_not_equal(ticket, again, len);
}

static void test_a_ticket_ends_with_what_it_proves(void **state)
{
    struct ticket_identity lasting = node;
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(secret, ticket, len, NOW + 500), ERR_TIMEOUT);
    lasting.expires_s = INT64_MAX;
    len = seal(&lasting, ticket, sizeof(ticket));
    assert_int_equal(try_open(secret, ticket, len, NOW + 2 * TICKET_LIFETIME_S), ERR_TIMEOUT);
    assert_int_equal(try_open(secret, ticket, len, NOW - TICKET_LIFETIME_S), ERR_TIMEOUT);
}

static void test_a_ticket_of_an_enrolment_never_opens(void **state)
{
    const struct ticket_identity nobody = {.expires_s = INT64_MAX};
    uint8_t ticket[2048];
    size_t len = seal(&nobody, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(secret, ticket, len, NOW), ERR_TIMEOUT);
}

static void test_any_changed_byte_cut_or_other_secret_is_refused(void **state)
{
    uint8_t ticket[2048], other[TICKET_SECRET_BYTES] = {1, 2, 4};
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(other, ticket, len, NOW), ERR_AUTH);
    for (size_t at = 0; at < len; at++) {
        ticket[at] ^= 1;
        assert_int_not_equal(try_open(secret, ticket, len, NOW), ERR_OK);
        ticket[at] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(try_open(secret, ticket, cut, NOW), ERR_AUTH);
    assert_int_equal(try_open(secret, ticket, len, NOW), ERR_OK);
}

static void test_a_buffer_that_is_too_small_is_refused(void **state)
{
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket)), got = 5;

    (void)state;
    for (size_t size = 0; size < len; size++)
        assert_int_equal(
            ticket_seal(secret, &node, server->tls.session, NOW, ticket, ticket + size, &got),
            ERR_LIMIT);
    assert_int_equal(got, 5);
    assert_int_equal(seal(&node, ticket, len), len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_gives_back_who_it_belongs_to),
        cmocka_unit_test(test_a_ticket_ends_with_what_it_proves),
        cmocka_unit_test(test_a_ticket_of_an_enrolment_never_opens),
        cmocka_unit_test(test_any_changed_byte_cut_or_other_secret_is_refused),
        cmocka_unit_test(test_a_buffer_that_is_too_small_is_refused),
    };

    return cmocka_run_group_tests_name("ticket", tests, make_session, drop_session);
}
