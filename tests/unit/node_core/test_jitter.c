#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jitter.h"

static struct jitter j;

static enum err push(uint32_t seq, usec_t now_us)
{
    uint8_t byte = (uint8_t)seq;
    struct packet p = {.stream = {1},
                       .seq = seq,
                       .pts_us = (usec_t)(int32_t)seq * PACKET_US,
                       .payload = bytes_of(&byte, 1)};

    return jitter_push(&j, &p, now_us);
}

static int set_up(void **state)
{
    (void)state;
    j = (struct jitter){0};
    return 0;
}

static void test_packets_come_out_in_order_whatever_order_they_came_in(void **state)
{
    static const uint32_t order[] = {3, 1, 0, 4, 2};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(push(order[i], -1000000), ERR_OK);
    for (uint32_t seq = 0; seq < 5; seq++) {
        assert_non_null(jitter_front(&j));
        assert_int_equal(jitter_front(&j)->seq, seq);
        jitter_pop(&j);
    }
    assert_null(jitter_front(&j));
}

static void test_late_double_and_far_packets_are_refused_and_counted(void **state)
{
    (void)state;
    assert_int_equal(push(10, 0), ERR_OK);
    assert_int_equal(push(10, 0), ERR_EXISTS);
    assert_int_equal(push(5, 6 * PACKET_US), ERR_STATE);
    assert_int_equal(push(10 + JITTER_SLOTS, 0), ERR_LIMIT);
    assert_int_equal(push(9 + JITTER_SLOTS, 0), ERR_OK);
    assert_int_equal(j.late, 1);
    assert_int_equal(j.duplicate, 1);
    assert_int_equal(j.ahead, 1);
}

static void test_after_a_long_stall_the_buffer_goes_on_where_the_stream_is(void **state)
{
    (void)state;
    assert_int_equal(push(0, 0), ERR_OK);
    jitter_pop(&j);
    assert_int_equal(push(5000, 0), ERR_OK);
    assert_int_equal(jitter_front(&j)->seq, 5000);
}

/* Something else sounds for ten seconds while the stream goes on unread. */
static void test_a_stream_that_nobody_reads_stays_up_to_date(void **state)
{
    (void)state;
    for (uint32_t seq = 0; seq < 500; seq++)
        assert_int_equal(push(seq, ((usec_t)seq - 100) * PACKET_US), ERR_OK);
    jitter_seek(&j, 400 * PACKET_US);
    for (uint32_t seq = 400; seq < 500; seq++) {
        assert_int_equal(jitter_front(&j)->seq, seq);
        jitter_pop(&j);
    }
}

static void test_what_was_taken_can_be_taken_again(void **state)
{
    (void)state;
    for (uint32_t seq = 0; seq < 20; seq++) {
        assert_int_equal(push(seq, 0), ERR_OK);
        jitter_pop(&j);
    }
    jitter_seek(&j, 12 * PACKET_US + 1);
    assert_int_equal(jitter_front(&j)->seq, 12);
    jitter_seek(&j, 50 * PACKET_US);
    assert_null(jitter_front(&j));
    assert_int_equal(push(20, 0), ERR_OK);
    assert_int_equal(jitter_front(&j)->seq, 20);
}

static void test_sequence_numbers_wrap(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(push(UINT32_MAX - 4 + i, INT64_C(-1000000)), ERR_OK);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(jitter_front(&j)->seq, UINT32_MAX - 4 + i);
        jitter_pop(&j);
    }
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_packets_come_out_in_order_whatever_order_they_came_in),
        CASE(test_late_double_and_far_packets_are_refused_and_counted),
        CASE(test_after_a_long_stall_the_buffer_goes_on_where_the_stream_is),
        CASE(test_a_stream_that_nobody_reads_stays_up_to_date),
        CASE(test_what_was_taken_can_be_taken_again),
        CASE(test_sequence_numbers_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
