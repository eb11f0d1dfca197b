#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "journal.h"

static const uint8_t zeros[SHA256_BYTES];

static struct journal_entry entry(uint64_t seq, const uint8_t prev[SHA256_BYTES])
{
    struct journal_entry e = {.seq = seq,
                              .at_us = 1800000000000000,
                              .actor = "lan",
                              .action = "bulletin.approve",
                              .object = "bulletin:12",
                              .detail = "{\"title\":\"Lịch tiêm chủng\"}"};

    journal_hash(&e, prev, e.hash);
    return e;
}

/* Computed with another implementation (Python's hashlib) from the words in journal.h. */
static void test_the_hash_is_the_one_that_the_header_describes(void **state)
{
    struct journal_entry e = entry(1, zeros);
    char hex[HEX_SIZE(SHA256_BYTES)];

    (void)state;
    bytes_to_hex(bytes_of(e.hash, SHA256_BYTES), hex);
    assert_string_equal(hex, "69a383039336f72649f452dd81d03e06215087c87dec04347b126735c929d4ec");
}

static void test_a_chain_of_two_is_intact(void **state)
{
    struct journal_entry first = entry(1, zeros);
    struct journal_entry second = entry(2, first.hash);

    (void)state;
    assert_int_equal(journal_check(&first, NULL, NULL), ERR_OK);
    assert_int_equal(journal_check(&second, &first, NULL), ERR_OK);
}

static void test_a_change_of_any_field_is_found(void **state)
{
    struct journal_entry first = entry(1, zeros);
    const struct journal_entry good = entry(2, first.hash);

    (void)state;
    for (int field = 0; field < 6; field++) {
        struct journal_entry bad = good;
        struct err_detail detail = {0};

        switch (field) {
        case 0:
            bad.at_us++;
            break;
        case 1:
            bad.actor[0]++;
            break;
        case 2:
            bad.action[0]++;
            break;
        case 3:
            bad.object[0]++;
            break;
        case 4:
            bad.detail[0]++;
            break;
        default:
            bad.hash[31]++;
            break;
        }
        assert_int_equal(journal_check(&bad, &first, &detail), ERR_FORMAT);
        assert_non_null(strstr(detail.text, "entry 2 was changed"));
    }
}

static void test_text_cannot_move_from_one_field_to_the_next(void **state)
{
    struct journal_entry e = entry(1, zeros);

    (void)state;
    memcpy(e.actor, "lanb", 5);
    memcpy(e.action, "ulletin.approve", 16);
    assert_int_equal(journal_check(&e, NULL, NULL), ERR_FORMAT);
}

static void test_a_gap_and_a_foreign_predecessor_are_found(void **state)
{
    struct journal_entry first = entry(1, zeros);
    struct journal_entry other = first;
    struct journal_entry second = entry(2, first.hash);
    struct err_detail detail = {0};

    (void)state;
    assert_int_equal(journal_check(&second, NULL, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "entry 1 is missing"));
    other.hash[0]++;
    assert_int_equal(journal_check(&second, &other, NULL), ERR_FORMAT);
    assert_int_equal(journal_check(&first, &first, NULL), ERR_FORMAT);
}

static void test_what_follows_the_end_of_a_text_does_not_count(void **state)
{
    struct journal_entry e = entry(1, zeros);

    (void)state;
    e.detail[sizeof e.detail - 1] = 'x';
    assert_int_equal(journal_check(&e, NULL, NULL), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hash_is_the_one_that_the_header_describes),
        cmocka_unit_test(test_a_chain_of_two_is_intact),
        cmocka_unit_test(test_a_change_of_any_field_is_found),
        cmocka_unit_test(test_text_cannot_move_from_one_field_to_the_next),
        cmocka_unit_test(test_a_gap_and_a_foreign_predecessor_are_found),
        cmocka_unit_test(test_what_follows_the_end_of_a_text_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
