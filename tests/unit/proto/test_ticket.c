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

static const struct ticketring keys = {{{20000, {1, 2, 3}}, {19999, {4}}}};
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

    assert_int_equal(ticket_seal(&keys, who, server->tls.session, ticket, ticket + size, &len),
                     ERR_OK);
    return len;
}

/* Opening decrypts in place, so each try works on a copy. */
static enum err try_open(const struct ticketring *with, const uint8_t *ticket, size_t len,
                         int64_t now_s)
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
    assert_int_equal(try_open(&keys, ticket, len, NOW), ERR_OK);
    assert_int_equal(try_open(&keys, ticket, len, NOW + 499), ERR_OK);
    assert_int_equal(seal(&node, again, sizeof(again)), len);
    assert_memory_not_equal(ticket, again, len);
}

static void test_a_ticket_ends_with_what_it_proves(void **state)
{
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(&keys, ticket, len, NOW + 500), ERR_TIMEOUT);
}

static void test_a_ticket_opens_while_its_key_is_one_of_two(void **state)
{
    struct ticketring ring = keys;
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_false(ticketring_turn(&ring, NOW));
    assert_true(ticketring_turn(&ring, NOW + TICKETRING_TURN_S));
    assert_int_equal(try_open(&ring, ticket, len, NOW), ERR_OK);
    assert_true(ticketring_turn(&ring, NOW + 2 * TICKETRING_TURN_S));
    assert_int_equal(try_open(&ring, ticket, len, NOW), ERR_TIMEOUT);
}

static void test_keys_come_back_from_their_text(void **state)
{
    struct ticketring ring = {0}, back = {0};
    char text[TICKETRING_TEXT_MAX];

    (void)state;
    assert_int_equal(ticketring_read("", &back), ERR_FORMAT);
    for (int turns = 1; turns <= 3; turns++) {
        assert_true(ticketring_turn(&ring, NOW + turns * TICKETRING_TURN_S));
        ticketring_write(&ring, text);
        assert_int_equal(ticketring_read(text, &back), ERR_OK);
        assert_memory_equal(&back, &ring, sizeof(ring));
    }
    for (size_t cut = strlen(text) - 1; cut > 0; cut--) {
        text[cut] = '\0';
        if (text[cut - 1] != '\n') /* whole lines are fewer keys */
            assert_int_equal(ticketring_read(text, &back), ERR_FORMAT);
    }
}

static void test_a_ticket_of_an_enrolment_never_opens(void **state)
{
    const struct ticket_identity nobody = {.expires_s = INT64_MAX};
    uint8_t ticket[2048];
    size_t len = seal(&nobody, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(&keys, ticket, len, NOW), ERR_TIMEOUT);
}

static void test_any_changed_byte_cut_or_other_secret_is_refused(void **state)
{
    struct ticketring other = {{{20000, {1, 2, 4}}}};
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket));

    (void)state;
    assert_int_equal(try_open(&other, ticket, len, NOW), ERR_AUTH);
    for (size_t at = 0; at < len; at++) {
        ticket[at] ^= 1;
        assert_int_not_equal(try_open(&keys, ticket, len, NOW), ERR_OK);
        ticket[at] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(try_open(&keys, ticket, cut, NOW), ERR_AUTH);
    assert_int_equal(try_open(&keys, ticket, len, NOW), ERR_OK);
}

static void test_a_buffer_that_is_too_small_is_refused(void **state)
{
    uint8_t ticket[2048];
    size_t len = seal(&node, ticket, sizeof(ticket)), got = 5;

    (void)state;
    for (size_t size = 0; size < len; size++)
        assert_int_equal(
            ticket_seal(&keys, &node, server->tls.session, ticket, ticket + size, &got), ERR_LIMIT);
    assert_int_equal(got, 5);
    assert_int_equal(seal(&node, ticket, len), len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_gives_back_who_it_belongs_to),
        cmocka_unit_test(test_a_ticket_ends_with_what_it_proves),
        cmocka_unit_test(test_a_ticket_opens_while_its_key_is_one_of_two),
        cmocka_unit_test(test_keys_come_back_from_their_text),
        cmocka_unit_test(test_a_ticket_of_an_enrolment_never_opens),
        cmocka_unit_test(test_any_changed_byte_cut_or_other_secret_is_refused),
        cmocka_unit_test(test_a_buffer_that_is_too_small_is_refused),
    };

    return cmocka_run_group_tests_name("ticket", tests, make_session, drop_session);
}
