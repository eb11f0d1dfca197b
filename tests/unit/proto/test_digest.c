#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"

static void assert_digest_is(const uint8_t sha256[SHA256_BYTES], const char *hex)
{
    char text[HEX_SIZE(SHA256_BYTES)];

    bytes_to_hex(bytes_of(sha256, SHA256_BYTES), text);
    assert_string_equal(text, hex);
}

/* FIPS 180-2 appendix B and NIST's long message. */
static void test_published_vectors_come_out(void **state)
{
    uint8_t sha256[SHA256_BYTES];
    uint8_t block[1000];
    struct digest d;

    (void)state;
    digest_sha256(bytes_of(NULL, 0), sha256);
    assert_digest_is(sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_sha256(bytes_of("abc", 3), sha256);
    assert_digest_is(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(block, 'a', sizeof(block));
    digest_init(&d);
    for (int i = 0; i < 1000; i++)
        digest_update(&d, bytes_of(block, sizeof(block)));
    digest_finish(&d, sha256);
    assert_digest_is(sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_pieces_give_the_same_as_the_whole(void **state)
{
    uint8_t data[300], whole[SHA256_BYTES], pieces[SHA256_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31);
    digest_sha256(bytes_of(data, sizeof(data)), whole);
    for (size_t cut = 0; cut <= sizeof(data); cut++) {
        struct digest d;

        digest_init(&d);
        digest_update(&d, bytes_of(data, cut));
        digest_update(&d, bytes_of(data + cut, sizeof(data) - cut));
        digest_finish(&d, pieces);
        assert_true(digest_equal(whole, pieces));
    }
}

static void test_one_other_bit_is_not_equal(void **state)
{
    uint8_t a[SHA256_BYTES] = {0}, b[SHA256_BYTES] = {0};

    (void)state;
    assert_true(digest_equal(a, b));
    for (int bit = 0; bit < SHA256_BYTES * 8; bit++) {
        b[bit / 8] = (uint8_t)(1U << bit % 8);
        assert_false(digest_equal(a, b));
        b[bit / 8] = 0;
    }
}

static void test_random_fills_all_and_differs(void **state)
{
    uint8_t a[1024] = {0}, b[1024] = {0};
    size_t zeros = 0;

    (void)state;
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_true(zeros < 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_come_out),
        cmocka_unit_test(test_pieces_give_the_same_as_the_whole),
        cmocka_unit_test(test_one_other_bit_is_not_equal),
        cmocka_unit_test(test_random_fills_all_and_differs),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
