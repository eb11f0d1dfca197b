#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "link_impl.h"
#include "teststation.h"

#ifndef MBEDTLS_PRIVATE /* version 2 hides nothing */
#define MBEDTLS_PRIVATE(member) member
#endif

/* What one side did with the other; `server` and `client` are freed by close_case(). */
struct wire_case {
    struct link *server;
    struct link *client;
    struct testwire wire; /* a: client, b: server */
};

static struct teststation station;
static struct link_config *server_config;

static int make_station(void **state)
{
    (void)state;
    teststation_init(&station);
    server_config = teststation_server(&station);
    return 0;
}

static int drop_station(void **state)
{
    (void)state;
    link_config_free(server_config);
    teststation_deinit(&station);
    return 0;
}

static void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static struct wire_case open_case(struct link_config *client_config, struct link_config *server)
{
    struct wire_case w;

    assert_int_equal(link_new(client_config, &w.client), ERR_OK);
    assert_int_equal(link_new(server, &w.server), ERR_OK);
    w.wire = testwire_run(w.client, w.server, SIZE_MAX);
    return w;
}

static void close_case(struct wire_case *w)
{
    link_free(w->client);
    link_free(w->server);
}

/* The server refuses this client; the client is told so by an alert. */
static void assert_client_refused(struct link_config *client_config, const char *sentence_part)
{
    struct wire_case w = open_case(client_config, server_config);

    assert_says(w.wire.detail_b.text, sentence_part);
    assert_int_equal(w.wire.b, ERR_AUTH);
    assert_false(link_established(w.server));
    assert_int_equal(link_peer(w.server)->node.v, 0);
    assert_int_equal(w.wire.a, ERR_AUTH);
    assert_int_equal(link_write(w.server, bytes_of("x", 1)), ERR_STATE);
    assert_int_equal(link_feed(w.server, bytes_of("x", 1), NULL), ERR_AUTH);
    close_case(&w);
}

static void assert_node_refused(const struct test_identity *ca, enum cert_use use, const char *name,
                                int from_day, int days, const char *sentence_part)
{
    struct test_identity node;
    struct link_config *config;

    test_identity_init(&node, ca, use, name, from_day, days);
    config = teststation_client(&station, &node);
    assert_client_refused(config, sentence_part);
    link_config_free(config);
    test_identity_deinit(&node);
}

static void test_a_node_without_a_certificate_is_refused(void **state)
{
    struct link_config *config = teststation_enroller(&station);

    (void)state;
    config->alpn[0] = LINK_ALPN_SESSION;
    assert_client_refused(config, "no certificate");
    link_config_free(config);
}

static void test_an_enrolment_that_turns_into_a_session_is_refused(void **state)
{
    struct link_config *config = teststation_enroller(&station);
    struct wire_case w = open_case(config, server_config);
    struct err_detail detail = {{0}};

    (void)state;
    assert_int_equal(w.wire.b, ERR_OK);
    /* A second ClientHello, with another protocol and a ticket that opened but was not used. */
    w.server->tls.MBEDTLS_PRIVATE(alpn_chosen) = LINK_ALPN_SESSION;
    w.server->claimed = true;
    w.server->identity.node.v = 7;
    assert_int_equal(link_judge_peer(w.server, &detail), ERR_AUTH);
    assert_says(detail.text, "no certificate");
    close_case(&w);
    link_config_free(config);
}

static void test_a_node_of_a_foreign_ca_is_refused(void **state)
{
    struct test_identity foreign;

    (void)state;
    test_identity_init(&foreign, NULL, CERT_CA, "loa-ca-test", -1, 30);
    assert_node_refused(&foreign, CERT_CLIENT, "loa-node-7", -1, 30, "not from this station");
    test_identity_deinit(&foreign);
}

static void test_a_node_certified_by_a_node_is_refused(void **state)
{
    (void)state;
    assert_node_refused(&station.node, CERT_CLIENT, "loa-node-8", -1, 20, "not from this station");
}

static void test_an_expired_or_future_node_certificate_is_refused(void **state)
{
    (void)state;
    assert_node_refused(&station.ca, CERT_CLIENT, "loa-node-7", -3, 2, "expired");
    assert_node_refused(&station.ca, CERT_CLIENT, "loa-node-7", 1, 2, "not valid yet");
}

static void test_a_certificate_for_another_use_is_refused(void **state)
{
    (void)state;
    assert_node_refused(&station.ca, CERT_SERVER, "loa-node-7", -1, 30, "another use");
    assert_node_refused(&station.ca, CERT_SIGNER, "loa-node-7", -1, 30, "another use");
    assert_node_refused(&station.ca, CERT_CA, "loa-node-7", -1, 30, "another use");
}

static void test_a_certificate_with_another_name_is_refused(void **state)
{
    static const char *const names[] = {
        "loa-node-",   "loa-node-0",          "loa-node-07",          "loa-node-7x",
        "loa-node--7", "loa-node-4294967296", "loa-node-99999999999", "loa-controller",
        "node-7",      "xloa-node-7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_node_refused(&station.ca, CERT_CLIENT, names[i], -1, 30, "not that of a node");
}

static void test_the_largest_node_id_is_accepted(void **state)
{
    struct test_identity node;
    struct link_config *config;
    struct wire_case w;

    (void)state;
    test_identity_init(&node, &station.ca, CERT_CLIENT, "loa-node-4294967295", -1, 30);
    config = teststation_client(&station, &node);
    w = open_case(config, server_config);
    assert_int_equal(w.wire.b, ERR_OK);
    assert_int_equal(link_peer(w.server)->node.v, UINT32_MAX);
    close_case(&w);
    link_config_free(config);
    test_identity_deinit(&node);
}

static void test_another_protocol_or_none_is_refused(void **state)
{
    struct link_config *config = teststation_client(&station, &station.node);
    struct wire_case w;

    (void)state;
    config->alpn[0] = "h2";
    assert_client_refused(config, "no protocol of Loa");
    config->alpn[0] = "loa/2";
    assert_client_refused(config, "no protocol of Loa");
    link_config_free(config);

    config = teststation_client(&station, &station.node);
    config->tls.alpn_list = NULL;
    w = open_case(config, server_config);
    assert_int_equal(w.wire.b, ERR_AUTH);
    assert_false(link_established(w.server));
    close_case(&w);
    link_config_free(config);
}

static void test_old_versions_and_weak_suites_are_refused(void **state)
{
    static const int weak[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
                               MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CCM, 0};
    struct link_config *config = teststation_client(&station, &station.node);
    struct wire_case w;

    (void)state;
    mbedtls_ssl_conf_ciphersuites(&config->tls, weak);
    w = open_case(config, server_config);
    assert_int_not_equal(w.wire.b, ERR_OK);
    assert_false(link_established(w.server));
    close_case(&w);
    link_config_free(config);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    config = teststation_client(&station, &station.node);
    mbedtls_ssl_conf_min_version(&config->tls, 3, 1);
    mbedtls_ssl_conf_max_version(&config->tls, 3, 2);
    w = open_case(config, server_config);
    assert_int_not_equal(w.wire.b, ERR_OK);
    assert_false(link_established(w.server));
    close_case(&w);
    link_config_free(config);
#endif
}

/* A server with this certificate (and what else it sends) meets a node and an enroller. */
static struct link_config *impostor(const struct test_identity *leaf,
                                    const struct test_identity *second,
                                    const struct test_identity *third)
{
    const struct test_identity *const sent[] = {leaf, second, third};
    char chain[3 * CERT_PEM_MAX] = "", pem[CERT_PEM_MAX];
    struct link_config *config = NULL;
    struct link_credentials cred = {
        .ca_cert = test_identity_der(&station.ca),
        .key = test_identity_key(leaf),
    };

    for (size_t i = 0; i < 3 && sent[i] != NULL; i++) {
        assert_int_equal(cert_pem(test_identity_der(sent[i]), pem), ERR_OK);
        strcat(chain, pem);
    }
    cred.cert = bytes_of(chain, strlen(chain) + 1);
    assert_int_equal(link_config_new(LINK_SERVER, &cred, &config), ERR_OK);
    return config;
}

static void assert_controller_refused(struct link_config *server, const char *to_node,
                                      const char *to_enroller)
{
    struct link_config *node = teststation_client(&station, &station.node);
    struct link_config *enroller = teststation_enroller(&station);
    struct wire_case w = open_case(node, server);

    assert_says(w.wire.detail_a.text, to_node);
    assert_int_equal(w.wire.a, ERR_AUTH);
    assert_false(link_established(w.client));
    close_case(&w);
    w = open_case(enroller, server);
    assert_says(w.wire.detail_a.text, to_enroller);
    assert_int_equal(w.wire.a, ERR_AUTH);
    assert_false(link_established(w.client));
    assert_int_equal(link_ca_der(w.client).len, 0);
    assert_int_equal(link_write(w.client, bytes_of("secret", 6)), ERR_STATE);
    close_case(&w);
    link_config_free(node);
    link_config_free(enroller);
    link_config_free(server);
}

static void test_a_foreign_controller_is_refused(void **state)
{
    struct test_identity ca, leaf;

    (void)state;
    test_identity_init(&ca, NULL, CERT_CA, "loa-ca-test", -1, 30);
    test_identity_init(&leaf, &ca, CERT_SERVER, LINK_SERVER_NAME, -1, 30);
    assert_controller_refused(impostor(&leaf, &ca, NULL), "not from this station",
                              "not the one that the join code names");
    test_identity_deinit(&leaf);
    test_identity_deinit(&ca);
}

/* The station's CA certificate is public: showing it proves nothing. */
static void test_showing_the_pinned_certificate_does_not_make_a_controller(void **state)
{
    struct test_identity ca, leaf;

    (void)state;
    test_identity_init(&ca, NULL, CERT_CA, "loa-ca-test", -1, 30);
    test_identity_init(&leaf, &ca, CERT_SERVER, LINK_SERVER_NAME, -1, 30);
    assert_controller_refused(impostor(&leaf, &station.ca, NULL), "not from this station",
                              "not the one that the join code names");
    assert_controller_refused(impostor(&leaf, &station.ca, &ca), "not from this station",
                              "not the one that the join code names");
    assert_controller_refused(impostor(&leaf, &ca, &station.ca), "not from this station",
                              "not the one that the join code names");
    test_identity_deinit(&leaf);
    test_identity_deinit(&ca);
}

/* Not over a wire: mbedTLS as a server would not use such a certificate, another one might. */
static void test_a_certificate_for_a_client_makes_no_controller(void **state)
{
    struct link_config *config = teststation_client(&station, &station.node);
    struct test_identity leaf;
    struct link *l = NULL;
    mbedtls_x509_crt crt;
    uint32_t flags = 0;

    (void)state;
    test_identity_init(&leaf, &station.ca, CERT_CLIENT, LINK_SERVER_NAME, -1, 30);
    assert_int_equal(link_new(config, &l), ERR_OK);
    mbedtls_x509_crt_init(&crt);
    assert_int_equal(mbedtls_x509_crt_parse(&crt, leaf.der, leaf.der_len), 0);
    assert_int_equal(link_judge_cert(l, &crt, 0, &flags), 0);
    assert_int_equal(flags, MBEDTLS_X509_BADCERT_EXT_KEY_USAGE);
    assert_false(l->proved);
    mbedtls_x509_crt_free(&crt);
    link_free(l);
    link_config_free(config);
    test_identity_deinit(&leaf);
}

static void test_a_controller_certificate_with_another_name_or_date_is_refused(void **state)
{
    struct test_identity leaf;

    (void)state;
    test_identity_init(&leaf, &station.ca, CERT_SERVER, "localhost", -1, 30);
    assert_controller_refused(impostor(&leaf, &station.ca, NULL), "not that of a controller",
                              "not that of a controller");
    test_identity_deinit(&leaf);
    test_identity_init(&leaf, &station.ca, CERT_SERVER, LINK_SERVER_NAME, -3, 2);
    assert_controller_refused(impostor(&leaf, &station.ca, NULL), "expired", "expired");
    test_identity_deinit(&leaf);
}

static void test_a_node_whose_clock_is_in_the_past_still_connects(void **state)
{
    struct test_identity leaf;
    struct link_config *server, *node, *enroller;
    struct wire_case w;

    (void)state;
    test_identity_init(&leaf, &station.ca, CERT_SERVER, LINK_SERVER_NAME, 400, 30);
    server = impostor(&leaf, &station.ca, NULL);
    node = teststation_client(&station, &station.node);
    enroller = teststation_enroller(&station);
    w = open_case(node, server);
    assert_true(link_established(w.client));
    close_case(&w);
    w = open_case(enroller, server);
    assert_true(link_established(w.client));
    close_case(&w);
    link_config_free(enroller);
    link_config_free(node);
    link_config_free(server);
    test_identity_deinit(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_without_a_certificate_is_refused),
        cmocka_unit_test(test_an_enrolment_that_turns_into_a_session_is_refused),
        cmocka_unit_test(test_a_node_of_a_foreign_ca_is_refused),
        cmocka_unit_test(test_a_node_certified_by_a_node_is_refused),
        cmocka_unit_test(test_an_expired_or_future_node_certificate_is_refused),
        cmocka_unit_test(test_a_certificate_for_another_use_is_refused),
        cmocka_unit_test(test_a_certificate_with_another_name_is_refused),
        cmocka_unit_test(test_the_largest_node_id_is_accepted),
        cmocka_unit_test(test_another_protocol_or_none_is_refused),
        cmocka_unit_test(test_old_versions_and_weak_suites_are_refused),
        cmocka_unit_test(test_a_foreign_controller_is_refused),
        cmocka_unit_test(test_showing_the_pinned_certificate_does_not_make_a_controller),
        cmocka_unit_test(test_a_certificate_for_a_client_makes_no_controller),
        cmocka_unit_test(test_a_controller_certificate_with_another_name_or_date_is_refused),
        cmocka_unit_test(test_a_node_whose_clock_is_in_the_past_still_connects),
    };

    return cmocka_run_group_tests_name("link_refusal", tests, make_station, drop_station);
}
