#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "joincode.h"

static const struct joincode sample = {
    .secret = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6},
    .ca_pin = {0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf},
};
#define SAMPLE_TEXT "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ"

static void test_a_code_is_eight_groups_of_four(void **state)
{
    char text[JOINCODE_TEXT_SIZE];

    (void)state;
    joincode_format(&sample, text);
    assert_string_equal(text, SAMPLE_TEXT);
}

static void assert_reads_as_sample(const char *text)
{
    struct joincode code;

    assert_int_equal(joincode_parse(text, &code, NULL), ERR_OK);
    assert_memory_equal(code.secret, sample.secret, sizeof(code.secret));
    assert_memory_equal(code.ca_pin, sample.ca_pin, sizeof(code.ca_pin));
}

static void test_case_hyphens_spaces_and_look_alikes_do_not_matter(void **state)
{
    (void)state;
    assert_reads_as_sample(SAMPLE_TEXT);
    assert_reads_as_sample("0123456789abcdefghjkmnpqrstvwxyz");
    assert_reads_as_sample("  o1 23 4567-89ab cdef ghjk mnpq rstv wxyz\n");
    assert_reads_as_sample("Oi23-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ");
    assert_reads_as_sample("0L23-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ");
}

static void test_random_codes_survive_writing_and_reading(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char text[JOINCODE_TEXT_SIZE];
        struct joincode code, back;

        digest_random(&code, sizeof(code));
        joincode_format(&code, text);
        assert_int_equal(strlen(text), JOINCODE_TEXT_SIZE - 1);
        assert_int_equal(joincode_parse(text, &back, NULL), ERR_OK);
        assert_memory_equal(&code, &back, sizeof(code));
    }
}

static void assert_refused(const char *text, const char *sentence_part)
{
    struct joincode code = sample;
    struct err_detail detail = {0};

    assert_int_equal(joincode_parse(text, &code, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, sentence_part));
    assert_memory_equal(&code, &sample, sizeof(code));
}

static void test_another_length_is_refused_with_the_count(void **state)
{
    (void)state;
    assert_refused("", "0 characters instead of 32");
    assert_refused("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXY", "31 characters instead of 32");
    assert_refused(SAMPLE_TEXT "0", "33 characters instead of 32");
    assert_refused(SAMPLE_TEXT SAMPLE_TEXT SAMPLE_TEXT, "96 characters instead of 32");
}

static void test_an_impossible_character_is_named(void **state)
{
    (void)state;
    assert_refused("U123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ", "'U'");
    assert_refused("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXY!", "'!'");
    assert_refused("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXY\xc3\xa9", "no letter or digit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_code_is_eight_groups_of_four),
        cmocka_unit_test(test_case_hyphens_spaces_and_look_alikes_do_not_matter),
        cmocka_unit_test(test_random_codes_survive_writing_and_reading),
        cmocka_unit_test(test_another_length_is_refused_with_the_count),
        cmocka_unit_test(test_an_impossible_character_is_named),
    };

    return cmocka_run_group_tests_name("joincode", tests, NULL, NULL);
}
