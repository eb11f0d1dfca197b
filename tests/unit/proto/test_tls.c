#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "teststation.h"
#include "tls.h"

/* A subject with these two values; the second is left out when NULL. */
static bool common_name(const char *oid, const char *first, size_t first_len, const char *second,
                        char *ret_name, size_t size)
{
    mbedtls_x509_name tail = {
        .oid = {.p = (unsigned char *)MBEDTLS_OID_AT_CN, .len = 3},
        .val = {.p = (unsigned char *)second, .len = second != NULL ? strlen(second) : 0},
    };
    mbedtls_x509_name head = {
        .oid = {.p = (unsigned char *)oid, .len = 3},
        .val = {.p = (unsigned char *)first, .len = first_len},
        .next = second != NULL ? &tail : NULL,
    };

    return tls_common_name(&head, ret_name, size);
}

static void test_a_subject_has_exactly_one_common_name_that_fits(void **state)
{
    char name[6] = "";

    (void)state;
    assert_true(common_name(MBEDTLS_OID_AT_CN, "abcde", 5, NULL, name, sizeof(name)));
    assert_string_equal(name, "abcde");
    assert_true(common_name(MBEDTLS_OID_AT_ORGANIZATION, "org", 3, "cn", name, sizeof(name)));
    assert_string_equal(name, "cn");
    assert_false(common_name(MBEDTLS_OID_AT_ORGANIZATION, "org", 3, NULL, name, sizeof(name)));
    assert_false(common_name(MBEDTLS_OID_AT_CN, "a", 1, "b", name, sizeof(name)));
    assert_false(common_name(MBEDTLS_OID_AT_CN, "abcdef", 6, NULL, name, sizeof(name)));
    assert_false(common_name(MBEDTLS_OID_AT_CN, "a\0b", 3, NULL, name, sizeof(name)));
    assert_string_equal(name, "cn");
}

static void test_a_certificate_without_a_purpose_is_for_none(void **state)
{
    struct teststation station;
    mbedtls_x509_crt crt;

    (void)state;
    teststation_init(&station);
    mbedtls_x509_crt_init(&crt);
    assert_int_equal(tls_cert_parse(&crt, test_identity_der(&station.node)), ERR_OK);
    assert_true(
        tls_cert_is_for(&crt, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)));
    assert_false(
        tls_cert_is_for(&crt, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)));
    mbedtls_x509_crt_free(&crt);
    mbedtls_x509_crt_init(&crt);
    assert_int_equal(tls_cert_parse(&crt, test_identity_der(&station.ca)), ERR_OK);
    assert_false(
        tls_cert_is_for(&crt, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)));
    mbedtls_x509_crt_free(&crt);
    teststation_deinit(&station);
}

static void test_dates_are_counted_from_1970(void **state)
{
    const mbedtls_x509_time epoch = {.year = 1970, .mon = 1, .day = 1};
    const mbedtls_x509_time leap = {
        .year = 2028, .mon = 2, .day = 29, .hour = 23, .min = 59, .sec = 59};

    (void)state;
    assert_int_equal(tls_seconds(&epoch), 0);
    assert_int_equal(tls_seconds(&leap), INT64_C(1835481599));
}

static void test_every_allocation_failure_is_no_memory(void **state)
{
    static const int codes[] = {MBEDTLS_ERR_SSL_ALLOC_FAILED,  MBEDTLS_ERR_X509_ALLOC_FAILED,
                                MBEDTLS_ERR_PK_ALLOC_FAILED,   MBEDTLS_ERR_ECP_ALLOC_FAILED,
                                MBEDTLS_ERR_MPI_ALLOC_FAILED,  MBEDTLS_ERR_PEM_ALLOC_FAILED,
                                MBEDTLS_ERR_ASN1_ALLOC_FAILED, 0};

    (void)state;
    for (size_t i = 0; codes[i] != 0; i++)
        assert_int_equal(tls_err(codes[i], ERR_FORMAT), ERR_NOMEM);
    assert_int_equal(tls_err(0, ERR_FORMAT), ERR_OK);
    assert_int_equal(tls_err(-1, ERR_AUTH), ERR_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_subject_has_exactly_one_common_name_that_fits),
        cmocka_unit_test(test_a_certificate_without_a_purpose_is_for_none),
        cmocka_unit_test(test_dates_are_counted_from_1970),
        cmocka_unit_test(test_every_allocation_failure_is_no_memory),
    };

    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
