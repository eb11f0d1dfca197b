#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "digest.h"
#include "order.h"
#include "teststation.h"
#include "tls.h"

#define BODY "play this on the three hamlets"

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

static struct order_signer *signer_of(const struct test_identity *id)
{
    struct order_signer *s = NULL;

    assert_int_equal(order_signer_new(test_identity_key(id), &s), ERR_OK);
    return s;
}

static struct order_verifier *verifier_of(const struct test_identity *id)
{
    struct order_verifier *v = NULL;

    assert_int_equal(order_verifier_new(test_identity_der(&station.ca), test_identity_der(id), &v),
                     ERR_OK);
    return v;
}

static void test_a_signed_order_verifies(void **state)
{
    struct order_signer *s = signer_of(&station.signer);
    struct order_verifier *v = verifier_of(&station.signer);
    uint8_t signature[ORDER_SIGNATURE_MAX];

    (void)state;
    for (size_t len = 0; len <= sizeof(BODY); len++) {
        size_t signature_len = 0;

        assert_int_equal(order_sign(s, bytes_of(BODY, len), signature, &signature_len), ERR_OK);
        assert_true(signature_len > 60 && signature_len <= ORDER_SIGNATURE_MAX);
        assert_int_equal(order_verify(v, bytes_of(BODY, len), bytes_of(signature, signature_len)),
                         ERR_OK);
    }
    order_verifier_free(v);
    order_signer_free(s);
}

static void test_any_changed_bit_or_length_is_refused(void **state)
{
    struct order_signer *s = signer_of(&station.signer);
    struct order_verifier *v = verifier_of(&station.signer);
    uint8_t signature[ORDER_SIGNATURE_MAX], body[sizeof(BODY)] = BODY;
    size_t len = 0;

    (void)state;
    assert_int_equal(order_sign(s, bytes_of(body, sizeof(body)), signature, &len), ERR_OK);
    for (size_t bit = 0; bit < sizeof(body) * 8; bit += 3) {
        body[bit / 8] = (uint8_t)(body[bit / 8] ^ 1U << bit % 8);
        assert_int_equal(order_verify(v, bytes_of(body, sizeof(body)), bytes_of(signature, len)),
                         ERR_AUTH);
        body[bit / 8] = (uint8_t)(body[bit / 8] ^ 1U << bit % 8);
    }
    for (size_t bit = 0; bit < len * 8; bit += 3) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
        assert_int_equal(order_verify(v, bytes_of(body, sizeof(body)), bytes_of(signature, len)),
                         ERR_AUTH);
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(order_verify(v, bytes_of(body, sizeof(body)), bytes_of(signature, cut)),
                         ERR_AUTH);
    assert_int_equal(order_verify(v, bytes_of(body, sizeof(body) - 1), bytes_of(signature, len)),
                     ERR_AUTH);
    assert_int_equal(order_verify(v, bytes_of(body, sizeof(body)), bytes_of(signature, len)),
                     ERR_OK);
    order_verifier_free(v);
    order_signer_free(s);
}

static void test_a_signature_of_another_key_is_refused(void **state)
{
    struct order_signer *s = signer_of(&station.node);
    struct order_verifier *v = verifier_of(&station.signer);
    uint8_t signature[ORDER_SIGNATURE_MAX];
    size_t len = 0;

    (void)state;
    assert_int_equal(order_sign(s, bytes_of(BODY, sizeof(BODY)), signature, &len), ERR_OK);
    assert_int_equal(order_verify(v, bytes_of(BODY, sizeof(BODY)), bytes_of(signature, len)),
                     ERR_AUTH);
    order_verifier_free(v);
    order_signer_free(s);
}

/* Sign these very bytes, as another program that holds the key would. */
static size_t sign_raw(struct bytes data, uint8_t signature[ORDER_SIGNATURE_MAX])
{
    uint8_t sha256[SHA256_BYTES];
    mbedtls_pk_context key;
    size_t len = 0;

    mbedtls_pk_init(&key);
    assert_int_equal(tls_key_parse(&key, test_identity_key(&station.signer)), ERR_OK);
    digest_sha256(data, sha256);
    assert_int_equal(tls_sign(&key, sha256, signature, ORDER_SIGNATURE_MAX, &len), 0);
    mbedtls_pk_free(&key);
    return len;
}

static void test_what_is_signed_is_prefix_nul_body(void **state)
{
    static const char prefixed[] = "loa-order/1\0" BODY;
    struct order_verifier *v = verifier_of(&station.signer);
    uint8_t signature[ORDER_SIGNATURE_MAX];
    struct bytes body = bytes_of(BODY, sizeof(BODY));
    size_t len;

    (void)state;
    len = sign_raw(bytes_of(prefixed, sizeof(prefixed)), signature);
    assert_int_equal(order_verify(v, body, bytes_of(signature, len)), ERR_OK);
    len = sign_raw(body, signature);
    assert_int_equal(order_verify(v, body, bytes_of(signature, len)), ERR_AUTH);
    order_verifier_free(v);
}

static void assert_certificate_refused(const struct test_identity *ca, enum cert_use use,
                                       const char *name)
{
    struct test_identity id;
    struct order_verifier *v = NULL;

    test_identity_init(&id, ca, use, name, -1, 30);
    assert_int_equal(order_verifier_new(test_identity_der(&station.ca), test_identity_der(&id), &v),
                     ERR_AUTH);
    assert_null(v);
    test_identity_deinit(&id);
}

static void test_only_the_stations_order_certificate_is_accepted(void **state)
{
    struct test_identity foreign;

    (void)state;
    test_identity_init(&foreign, NULL, CERT_CA, "loa-ca-test", -1, 30);
    assert_certificate_refused(&foreign, CERT_SIGNER, ORDER_SIGNER_NAME);
    assert_certificate_refused(&station.node, CERT_SIGNER, ORDER_SIGNER_NAME);
    assert_certificate_refused(&station.signer, CERT_SIGNER, ORDER_SIGNER_NAME);
    assert_certificate_refused(NULL, CERT_SIGNER, ORDER_SIGNER_NAME);
    assert_certificate_refused(&station.ca, CERT_SIGNER, "loa-node-7");
    assert_certificate_refused(&station.ca, CERT_SIGNER, ORDER_SIGNER_NAME "s");
    assert_certificate_refused(&station.ca, CERT_CLIENT, ORDER_SIGNER_NAME);
    test_identity_deinit(&foreign);
}

static void test_dates_are_left_to_the_orders_themselves(void **state)
{
    struct test_identity id;

    (void)state;
    test_identity_init(&id, &station.ca, CERT_SIGNER, ORDER_SIGNER_NAME, 100, 30);
    order_verifier_free(verifier_of(&id));
    test_identity_deinit(&id);
    test_identity_init(&id, &station.ca, CERT_SIGNER, ORDER_SIGNER_NAME, -60, 30);
    order_verifier_free(verifier_of(&id));
    test_identity_deinit(&id);
}

static void test_what_is_no_key_or_certificate_is_refused(void **state)
{
    struct order_signer *s = NULL;
    struct order_verifier *v = NULL;
    struct bytes ca = test_identity_der(&station.ca), cert = test_identity_der(&station.signer);

    (void)state;
    assert_int_equal(order_signer_new(bytes_of("no key", 7), &s), ERR_FORMAT);
    assert_int_equal(order_signer_new(bytes_of(NULL, 0), &s), ERR_FORMAT);
    assert_int_equal(order_signer_new(test_identity_der(&station.ca), &s), ERR_FORMAT);
    assert_null(s);
    for (size_t cut = 0; cut < cert.len; cut += 7)
        assert_int_equal(order_verifier_new(ca, bytes_of(cert.data, cut), &v), ERR_FORMAT);
    assert_int_equal(order_verifier_new(bytes_of("no ca", 5), cert, &v), ERR_FORMAT);
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signed_order_verifies),
        cmocka_unit_test(test_any_changed_bit_or_length_is_refused),
        cmocka_unit_test(test_a_signature_of_another_key_is_refused),
        cmocka_unit_test(test_what_is_signed_is_prefix_nul_body),
        cmocka_unit_test(test_only_the_stations_order_certificate_is_accepted),
        cmocka_unit_test(test_dates_are_left_to_the_orders_themselves),
        cmocka_unit_test(test_what_is_no_key_or_certificate_is_refused),
    };

    return cmocka_run_group_tests_name("order", tests, make_station, drop_station);
}
