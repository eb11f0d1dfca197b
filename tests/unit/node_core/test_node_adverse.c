#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"

static struct teststation station;
static struct recording speech;

struct fixture {
    struct bed_flash flash;
    struct bed bed;
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    recording_make(&speech, 2000, 31);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
    teststation_deinit(&station);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    bed_flash_init(&f->flash);
    bed_init(&f->bed, &f->flash, &station);
    f->bed.node_ppm = 20;
    f->bed.card_ppm = -30;
    bed_start(&f->bed);
    bed_run_us(&f->bed, USEC_PER_SEC);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    bed_deinit(&f->bed);
    bed_flash_deinit(&f->flash);
    free(f);
    return 0;
}

static void expect_sound(struct bed *b, usec_t start_us)
{
    double correlation, late;

    late = bed_lateness_us(b, &speech, start_us, start_us + USEC_PER_SEC, &correlation);
    assert_true(correlation > 0.95 && fabs(late) < 2000);
}

static loa_Verdict verdict_on(struct bed *b, const loa_OrderBody *order)
{
    bed_send_order(b, order);
    bed_run_us(b, 200000);
    return bed_verdict(b, order->order_id);
}

static void test_a_link_that_flaps_every_second_for_an_hour_loses_nothing(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 59 * USEC_PER_MIN;
    loa_OrderBody order = bed_order(1, start_us, &speech);

    bed_send_order(b, &order);
    bed_run_us(b, 100000);
    b->recordings[b->recording_count++] = &speech;
    bed_card_stop(b);
    for (int second = 0; second < 3600; second++) {
        if (second == 58 * 60)
            bed_card(b, 48000);
        bed_link(b, second % 2 != 0);
        if (second % 2 != 0)
            bed_offer(b, &speech, start_us);
        bed_run_us(b, USEC_PER_SEC);
        if (second == 59 * 60 + 10)
            expect_sound(b, start_us);
    }
    bed_link(b, true);
    bed_run_us(b, 15 * USEC_PER_SEC);
    assert_int_equal(b->said.receipts[0].outcome, loa_Outcome_OUTCOME_SOUNDED);
    for (size_t i = 0; i < b->said.receipt_count; i++)
        assert_int_equal(b->said.receipts[i].receipt_id, b->said.receipts[0].receipt_id);
    assert_int_equal(b->hang_ups, 0);
}

static void test_orders_for_the_past_and_the_far_future_are_refused(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t now_us = bed_station_us(b);
    loa_OrderBody past = bed_order(1, now_us - USEC_PER_DAY, &speech);
    loa_OrderBody far = bed_order(2, now_us + 9 * USEC_PER_DAY, &speech);
    loa_OrderBody absurd = bed_order(3, now_us, &speech);
    loa_OrderBody near = bed_order(4, now_us + 7 * USEC_PER_DAY, &speech);

    assert_int_equal(verdict_on(b, &past), loa_Verdict_VERDICT_EXPIRED);
    assert_int_equal(verdict_on(b, &far), loa_Verdict_VERDICT_TOO_FAR);
    absurd.start_us = INT64_MAX - 1;
    absurd.expires_us = INT64_MAX;
    assert_int_equal(verdict_on(b, &absurd), loa_Verdict_VERDICT_MALFORMED);
    assert_int_equal(verdict_on(b, &near), loa_Verdict_VERDICT_ACCEPTED);
}

/* Two broadcasts of one recording that overlap by half: one sounds, then the other's rest in its place. */
static void test_an_order_that_overlaps_itself_sounds_once_at_a_time(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 5 * USEC_PER_SEC;
    loa_OrderBody first = bed_order(1, start_us, &speech);
    loa_OrderBody second = bed_order(2, start_us + USEC_PER_SEC, &speech);

    bed_cache(b, &speech);
    assert_int_equal(verdict_on(b, &first), loa_Verdict_VERDICT_ACCEPTED);
    assert_int_equal(verdict_on(b, &second), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, start_us + 5 * USEC_PER_SEC);
    assert_int_equal(bed_receipts_of(b, 1), 1);
    assert_int_equal(bed_receipts_of(b, 2), 1);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(b, 2)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_true(bed_receipt(b, 1)->actual_end_us <= bed_receipt(b, 2)->actual_start_us + 20000);
}

/* The station's clock is set by a day: what is planned keeps to station time, once, and nothing hangs. */
static void jump(struct bed *b, uint64_t id, int64_t by_us)
{
    loa_OrderBody order = bed_order(id, bed_station_us(b) + by_us + 40 * USEC_PER_SEC, &speech);

    order.issued_us = bed_station_us(b);
    b->station_jump_us += by_us;
    bed_run_us(b, 20 * USEC_PER_SEC); /* three bursts in a row make it believe */
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, order.start_us + 4 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, id)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_true(llabs(bed_receipt(b, id)->actual_start_us - order.start_us) < 2000);
}

static void test_a_clock_that_jumps_a_day_either_way_is_followed(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;

    bed_cache(b, &speech);
    jump(b, 1, USEC_PER_DAY);
    jump(b, 2, -USEC_PER_DAY);
}

static void test_a_card_that_is_unplugged_and_back_sounds_again_in_its_place(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 5 * USEC_PER_SEC;
    loa_OrderBody order = bed_order(1, start_us, &speech);

    bed_cache(b, &speech);
    order.repeats = 10;
    order.expires_us = start_us + USEC_PER_MIN;
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, start_us + 1500000);
    bed_card_stop(b);
    bed_run_us(b, 6 * USEC_PER_SEC);
    bed_card(b, 48000);
    bed_run_to(b, start_us + 25 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_true(bed_receipt(b, 1)->played_ms > 8000);
}

static void test_periods_that_the_card_lost_are_in_the_receipt(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 5 * USEC_PER_SEC;
    loa_OrderBody order = bed_order(1, start_us, &speech);

    bed_cache(b, &speech);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    node_card_skipped(b->node, 480); /* while nothing sounds: nobody's loss */
    bed_run_to(b, start_us + 700000);
    node_card_skipped(b->node, 960);
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    expect_sound(b, start_us);
    assert_int_equal(bed_receipt(b, 1)->gaps, 1);
    assert_int_equal(bed_receipt(b, 1)->gap_ms, 20);
}

static void test_a_card_without_48_khz_that_is_far_off_is_held_in_place(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 30 * USEC_PER_SEC;
    loa_OrderBody order = bed_order(1, start_us, &speech);

    b->card_ppm = 2000;
    bed_card(b, 44100);
    bed_cache(b, &speech);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    expect_sound(b, start_us);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_link_that_flaps_every_second_for_an_hour_loses_nothing),
        CASE(test_orders_for_the_past_and_the_far_future_are_refused),
        CASE(test_an_order_that_overlaps_itself_sounds_once_at_a_time),
        CASE(test_a_clock_that_jumps_a_day_either_way_is_followed),
        CASE(test_a_card_that_is_unplugged_and_back_sounds_again_in_its_place),
        CASE(test_periods_that_the_card_lost_are_in_the_receipt),
        CASE(test_a_card_without_48_khz_that_is_far_off_is_held_in_place),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
