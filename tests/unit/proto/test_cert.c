#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cert.h"
#include "teststation.h"
#include "tls.h"

#define NOW INT64_C(1800000000)

static struct teststation station;

static int make_station(void **state)
{
    (void)state;
    teststation_init(&station);
    return 0;
}

static int drop_station(void **state)
{
    (void)state;
    teststation_deinit(&station);
    return 0;
}

static enum err issue(const struct cert_spec *spec, uint8_t *ret_der, size_t *ret_len)
{
    return cert_issue(station.ca.key, test_identity_der(&station.ca), station.node.key, spec,
                      ret_der, ret_len);
}

static void test_a_certificate_says_what_was_asked(void **state)
{
    static const char *const names[] = {"loa.xa.vn", "10.1.2.3", "2001:db8::1"};
    const struct cert_spec spec = {
        .use = CERT_SERVER,
        .common_name = "loa-controller",
        .names = names,
        .name_count = 3,
        .from_s = NOW,
        .to_s = NOW + 86400,
    };
    uint8_t der[CERT_DER_MAX];
    struct cert_facts facts;
    struct bytes cert;
    size_t len;

    (void)state;
    assert_int_equal(issue(&spec, der, &len), ERR_OK);
    cert = bytes_of(der, len);
    assert_int_equal(cert_read(cert, &facts), ERR_OK);
    assert_string_equal(facts.common_name, "loa-controller");
    assert_int_equal(facts.from_s, NOW);
    assert_int_equal(facts.to_s, NOW + 86400);
    assert_false(facts.is_ca);
    for (int i = 0; i < 3; i++)
        assert_true(cert_has_name(cert, names[i]));
    assert_false(cert_has_name(cert, "10.1.2.4"));
    assert_false(cert_has_name(cert, "loa.xa"));
    assert_false(cert_has_name(cert, "loa-controller"));
    assert_true(cert_issued_by(cert, test_identity_der(&station.ca)));
    assert_false(cert_issued_by(cert, test_identity_der(&station.controller)));
    assert_true(cert_key_fits(station.node.key, cert));
    assert_false(cert_key_fits(station.ca.key, cert));
}

static void test_sixteen_long_names_fit_and_seventeen_are_refused(void **state)
{
    const char *names[CERT_NAMES_MAX + 1];
    char texts[CERT_NAMES_MAX + 1][CERT_NAME_MAX + 1];
    struct cert_spec spec = {
        .use = CERT_SERVER, .common_name = "x", .names = names, .from_s = NOW, .to_s = NOW + 1};
    uint8_t der[CERT_DER_MAX];
    size_t len;

    (void)state;
    for (int i = 0; i <= CERT_NAMES_MAX; i++) {
        memset(texts[i], 'a' + i, CERT_NAME_MAX);
        texts[i][CERT_NAME_MAX] = '\0';
        names[i] = texts[i];
    }
    for (spec.name_count = 0; spec.name_count <= CERT_NAMES_MAX; spec.name_count++) {
        assert_int_equal(issue(&spec, der, &len), ERR_OK);
        for (size_t i = 0; i < CERT_NAMES_MAX; i++)
            assert_int_equal(cert_has_name(bytes_of(der, len), names[i]), i < spec.name_count);
    }
    assert_int_equal(issue(&spec, der, &len), ERR_ARG);
}

static void test_names_with_a_meaning_of_their_own_are_refused(void **state)
{
    static const char *const bad[] = {"",    "a,CN=b", "a=b", "a b", "a\n",        "a/b",
                                      "a+b", "a\"b",   "*",   "a_b", "th\xc3\xb4n"};
    struct cert_spec good = {
        .use = CERT_CLIENT, .common_name = "x", .from_s = NOW, .to_s = NOW + 1};
    uint8_t der[CERT_DER_MAX], csr[CERT_DER_MAX];
    size_t len = 5;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cert_spec spec = good;

        spec.common_name = bad[i];
        assert_int_equal(issue(&spec, der, &len), ERR_ARG);
        spec = good;
        spec.names = &bad[i];
        spec.name_count = 1;
        assert_int_equal(issue(&spec, der, &len), ERR_ARG);
        assert_int_equal(cert_request(station.node.key, bad[i], csr, &len), ERR_ARG);
    }
    assert_int_equal(len, 5);
}

static void test_impossible_dates_are_refused(void **state)
{
    static const int64_t dates[][2] = {
        {NOW, NOW - 1}, {-1, NOW}, {NOW, INT64_C(253402300800)}, {INT64_MIN, INT64_MAX}};
    struct cert_spec spec = {.use = CERT_CLIENT, .common_name = "x"};
    uint8_t der[CERT_DER_MAX];
    struct cert_facts facts;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        spec.from_s = dates[i][0];
        spec.to_s = dates[i][1];
        assert_int_equal(issue(&spec, der, &len), ERR_ARG);
    }
    spec.from_s =
        INT64_C(2524607999); /* the last second of UTCTime, the first of GeneralizedTime */
    spec.to_s = INT64_C(2524608000);
    assert_int_equal(issue(&spec, der, &len), ERR_OK);
    assert_int_equal(cert_read(bytes_of(der, len), &facts), ERR_OK);
    assert_int_equal(facts.from_s, spec.from_s);
    assert_int_equal(facts.to_s, spec.to_s);
    spec.use = CERT_NONE;
    assert_int_equal(issue(&spec, der, &len), ERR_ARG);
}

static void test_serial_numbers_differ(void **state)
{
    struct cert_spec spec = {
        .use = CERT_CLIENT, .common_name = "x", .from_s = NOW, .to_s = NOW + 1};
    uint8_t first[CERT_DER_MAX], second[CERT_DER_MAX];
    mbedtls_x509_crt a, b;
    size_t len;

    (void)state;
    mbedtls_x509_crt_init(&a);
    mbedtls_x509_crt_init(&b);
    assert_int_equal(issue(&spec, first, &len), ERR_OK);
    assert_int_equal(mbedtls_x509_crt_parse_der(&a, first, len), 0);
    assert_int_equal(issue(&spec, second, &len), ERR_OK);
    assert_int_equal(mbedtls_x509_crt_parse_der(&b, second, len), 0);
    assert_int_equal(a.serial.len, CERT_SERIAL_BYTES);
    assert_int_equal(b.serial.len, CERT_SERIAL_BYTES);
    assert_memory_not_equal(a.serial.p, b.serial.p, CERT_SERIAL_BYTES);
    mbedtls_x509_crt_free(&a);
    mbedtls_x509_crt_free(&b);
}

static void test_a_request_gives_its_key_and_nothing_else(void **state)
{
    uint8_t csr[CERT_DER_MAX], der[CERT_DER_MAX];
    struct cert_spec spec = {
        .use = CERT_CLIENT, .common_name = "loa-node-9", .from_s = NOW, .to_s = NOW + 1};
    struct cert_key *key = NULL;
    struct cert_facts facts;
    size_t csr_len, len;

    (void)state;
    assert_int_equal(cert_request(station.node.key, "loa-controller", csr, &csr_len), ERR_OK);
    assert_true(csr_len <= 1024);
    assert_int_equal(cert_request_key(bytes_of(csr, csr_len), &key), ERR_OK);
    assert_int_equal(
        cert_issue(station.ca.key, test_identity_der(&station.ca), key, &spec, der, &len), ERR_OK);
    assert_int_equal(cert_read(bytes_of(der, len), &facts), ERR_OK);
    assert_string_equal(facts.common_name, "loa-node-9");
    assert_true(cert_key_fits(station.node.key, bytes_of(der, len)));
    cert_key_free(key);
}

static void test_a_request_fits_certificates_of_its_own_key_only(void **state)
{
    uint8_t csr[CERT_DER_MAX];
    size_t len;

    (void)state;
    assert_int_equal(cert_request(station.node.key, "x", csr, &len), ERR_OK);
    assert_true(cert_request_fits(bytes_of(csr, len), test_identity_der(&station.node)));
    assert_false(cert_request_fits(bytes_of(csr, len), test_identity_der(&station.ca)));
    assert_false(cert_request_fits(bytes_of(csr, len - 1), test_identity_der(&station.node)));
    assert_false(cert_request_fits(bytes_of(csr, len), bytes_of("", 0)));
}

static void test_a_changed_or_cut_request_is_refused(void **state)
{
    uint8_t csr[CERT_DER_MAX];
    struct cert_key *key = NULL;
    size_t len;

    (void)state;
    assert_int_equal(cert_request(station.node.key, "x", csr, &len), ERR_OK);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(cert_request_key(bytes_of(csr, cut), &key), ERR_FORMAT);
    for (size_t at = 0; at < len; at++) {
        enum err e;

        csr[at] ^= 0x10;
        e = cert_request_key(bytes_of(csr, len), &key);
        assert_true(e == ERR_FORMAT || e == ERR_AUTH);
        csr[at] ^= 0x10;
    }
    assert_null(key);
    assert_int_equal(cert_request_key(test_identity_der(&station.node), &key), ERR_FORMAT);
}

static void make_other_key(mbedtls_pk_context *pk, mbedtls_ecp_group_id curve)
{
    mbedtls_pk_init(pk);
    assert_int_equal(mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(*pk), tls_random, NULL), 0);
}

static void test_keys_on_other_curves_are_refused(void **state)
{
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_BP256R1,
                                                  MBEDTLS_ECP_DP_SECP256K1};
    unsigned char der[CERT_DER_MAX], pem[CERT_PEM_MAX];
    struct cert_key *key = NULL;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        mbedtls_pk_context pk;
        mbedtls_x509write_csr csr;
        int len;

        make_other_key(&pk, curves[i]);
        mbedtls_x509write_csr_init(&csr);
        mbedtls_x509write_csr_set_key(&csr, &pk);
        mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
        assert_int_equal(mbedtls_x509write_csr_set_subject_name(&csr, "CN=x"), 0);
        len = mbedtls_x509write_csr_der(&csr, der, sizeof(der), tls_random, NULL);
        assert_true(len > 0);
        assert_int_equal(cert_request_key(bytes_of(der + sizeof(der) - len, (size_t)len), &key),
                         ERR_FORMAT);
        assert_int_equal(mbedtls_pk_write_key_pem(&pk, pem, sizeof(pem)), 0);
        assert_int_equal(cert_key_load(bytes_of(pem, strlen((char *)pem) + 1), &key), ERR_FORMAT);
        mbedtls_x509write_csr_free(&csr);
        mbedtls_pk_free(&pk);
    }
    assert_null(key);
}

static void test_keys_and_certificates_survive_pem(void **state)
{
    char pem[CERT_PEM_MAX];
    uint8_t der[CERT_DER_MAX];
    struct cert_key *key = NULL;
    size_t len;

    (void)state;
    assert_int_equal(cert_key_load(test_identity_key(&station.node), &key), ERR_OK);
    assert_true(cert_key_fits(key, test_identity_der(&station.node)));
    cert_key_free(key);
    assert_int_equal(cert_pem(test_identity_der(&station.ca), pem), ERR_OK);
    assert_int_equal(cert_der(bytes_of(pem, strlen(pem) + 1), der, &len), ERR_OK);
    assert_true(bytes_equal(bytes_of(der, len), test_identity_der(&station.ca)));
    assert_int_equal(cert_der(bytes_of("no certificate", 15), der, &len), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_says_what_was_asked),
        cmocka_unit_test(test_sixteen_long_names_fit_and_seventeen_are_refused),
        cmocka_unit_test(test_names_with_a_meaning_of_their_own_are_refused),
        cmocka_unit_test(test_impossible_dates_are_refused),
        cmocka_unit_test(test_serial_numbers_differ),
        cmocka_unit_test(test_a_request_gives_its_key_and_nothing_else),
        cmocka_unit_test(test_a_request_fits_certificates_of_its_own_key_only),
        cmocka_unit_test(test_a_changed_or_cut_request_is_refused),
        cmocka_unit_test(test_keys_on_other_curves_are_refused),
        cmocka_unit_test(test_keys_and_certificates_survive_pem),
    };

    return cmocka_run_group_tests_name("cert", tests, make_station, drop_station);
}
