#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nodebed.h"

#define START_LIMIT_US 50
#define HOLD_LIMIT_US 50
#define SLIP_LIMIT_US 200

static struct teststation station;
static struct recording speech, longer;

static int set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    recording_make(&speech, 5000, 1);
    recording_make(&longer, 60000, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
    recording_free(&longer);
    teststation_deinit(&station);
    return 0;
}

struct crystal {
    double node_ppm, card_ppm;
    int64_t card_jitter_us;
    uint32_t rate_hz;
};

/* Cache, order, sound: from the first sample on in its place. */
static void check_start(const struct crystal *c)
{
    struct bed_flash flash;
    struct bed b;
    loa_OrderBody order;
    const loa_Receipt *r;
    usec_t start;
    double late, correlation;
    int64_t first;

    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.node_ppm = c->node_ppm;
    b.card_ppm = c->card_ppm;
    b.card_jitter_us = c->card_jitter_us;
    b.card_rate_hz = c->rate_hz;
    bed_start(&b);
    bed_cache(&b, &speech);
    start = bed_station_us(&b) + 20 * USEC_PER_SEC + 123457;
    order = bed_order(1, start, &speech);
    bed_send_order(&b, &order);
    bed_run_to(&b, start + 7 * USEC_PER_SEC);
    assert_int_equal(bed_verdict(&b, 1), loa_Verdict_VERDICT_ACCEPTED);
    assert_true(bed_silent(&b, start - 10 * USEC_PER_SEC, start - 200));
    first = bed_first_sound(&b, (int64_t)bed_frame_at(&b, (double)start) - 480, b.card_head);
    assert_true(fabs(bed_time_of(&b, (double)first) - (double)start) < 700);
    for (usec_t at = 0; at < 4500000; at += 500000) {
        late = bed_lateness_us(&b, &speech, start, start + at, &correlation);
        if (getenv("BED_LOG") != NULL)
            printf("# ppm %g %g at %g s: late %.2f us, r %.4f\n", c->node_ppm, c->card_ppm,
                   (double)at * 1e-6, late, correlation);
        assert_true(correlation > 0.98);
        assert_true(fabs(late) < START_LIMIT_US);
    }
    r = bed_receipt(&b, 1);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(r->carrier, loa_Carrier_CARRIER_CACHE);
    assert_int_equal(r->gaps, 0);
    assert_in_range(r->played_ms, 4980, 5000);
    assert_in_range(llabs(r->actual_start_us - start), 0, 50);
    assert_in_range(llabs(r->actual_end_us - start - 5 * USEC_PER_SEC), 0, 1000);
    assert_in_range(r->rms_mdb + 60000, 20000, 60000);
    assert_true(bed_silent(&b, start + 5001000, start + 7 * USEC_PER_SEC - 100000));
    bed_deinit(&b);
    bed_flash_deinit(&flash);
}

static void test_the_first_sample_is_in_its_place_for_any_crystal(void **state)
{
    static const struct crystal crystals[] = {
        {0, 0, 0, 48000},         {0, -200, 1000, 48000},   {0, 200, 1000, 48000},
        {100, -100, 1000, 48000}, {-100, 150, 1000, 48000}, {30, 2000, 500, 48000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(crystals) / sizeof(crystals[0]); i++)
        check_start(&crystals[i]);
}

static void test_a_card_at_another_rate_is_in_its_place(void **state)
{
    static const struct crystal crystals[] = {{20, 50, 500, 44100}, {20, 50, 500, 96000}};

    (void)state;
    for (size_t i = 0; i < sizeof(crystals) / sizeof(crystals[0]); i++)
        check_start(&crystals[i]);
}

/* Ten minutes a play; the one argument of this program asks for fewer. */
static int drift_plays = 3;

static void test_drift_is_held_for_half_an_hour(void **state)
{
    struct bed_flash flash;
    struct bed b;
    loa_OrderBody order;
    usec_t start;
    double worst = 0;

    (void)state;
    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.node_ppm = -40;
    b.card_ppm = 120;
    b.card_jitter_us = 1000;
    bed_start(&b);
    bed_cache(&b, &longer);
    start = bed_station_us(&b) + 15 * USEC_PER_SEC;
    order = bed_order(1, start, &longer);
    order.items_count = 10;
    for (pb_size_t i = 1; i < order.items_count; i++)
        order.items[i] = order.items[0];
    order.repeats = (uint32_t)drift_plays;
    bed_send_order(&b, &order);
    for (int minute = 0; minute < 10 * drift_plays; minute++) {
        usec_t item = start + minute * USEC_PER_MIN;
        double correlation, late;

        bed_run_to(&b, item + 31 * USEC_PER_SEC);
        late = bed_lateness_us(&b, &longer, item, item + 30 * USEC_PER_SEC, &correlation);
        assert_true(correlation > 0.98);
        worst = fabs(late) > worst ? fabs(late) : worst;
    }
    print_message("# worst error in %d min: %.1f us\n", 10 * drift_plays, worst);
    assert_true(worst < HOLD_LIMIT_US);
    bed_run_to(&b, start + 10 * drift_plays * USEC_PER_MIN + USEC_PER_SEC);
    assert_int_equal(bed_receipt(&b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(&b, 1)->plays, drift_plays);
    bed_deinit(&b);
    bed_flash_deinit(&flash);
}

static void test_a_late_joiner_enters_in_progress(void **state)
{
    struct bed_flash flash;
    struct bed b;
    loa_OrderBody order;
    usec_t start;
    double late, correlation;

    (void)state;
    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.card_ppm = 80;
    b.card_jitter_us = 500;
    bed_start(&b);
    bed_cache(&b, &longer);
    bed_run_us(&b, 10 * USEC_PER_SEC);
    start = bed_station_us(&b) - 33333333;
    order = bed_order(1, start, &longer);
    bed_send_order(&b, &order);
    bed_run_us(&b, 2 * USEC_PER_SEC);
    late = bed_lateness_us(&b, &longer, start, bed_station_us(&b) - 1700000, &correlation);
    assert_true(correlation > 0.98);
    assert_true(fabs(late) < START_LIMIT_US);
    bed_run_to(&b, start + 62 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(&b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(&b, 1)->reason, loa_Reason_REASON_LATE);
    bed_deinit(&b);
    bed_flash_deinit(&flash);
}

/* Two nodes with other crystals, other cards and a link that queues. */
/* Over a mobile network two minutes teach the rate; the node that starts again needs no second lesson. */
static void test_the_rate_of_the_crystal_outlives_a_restart(void **state)
{
    struct bed_flash flash;
    struct bed b;
    usec_t now;
    uint32_t sd;

    (void)state;
    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.node_ppm = 80;
    b.delay_us = 30000;
    b.jitter_us = 40000;
    bed_start(&b);
    bed_run_us(&b, 120 * USEC_PER_SEC);
    bed_restart(&b);
    bed_run_us(&b, 30 * USEC_PER_SEC);
    bed_link(&b, false);
    bed_run_us(&b, 60 * USEC_PER_SEC);
    assert_true(node_clock(b.node, bed_mono_us(&b), &now, &sd));
    assert_true(llabs(now - bed_station_us(&b)) < 1500);
    assert_true(sd < 500);
    bed_deinit(&b);
    bed_flash_deinit(&flash);
}

static void test_two_nodes_sound_together(void **state)
{
    static const struct crystal crystals[] = {{80, -170, 1000, 48000}, {-60, 140, 700, 48000}};
    struct bed_flash flash[2];
    static struct bed b[2];
    usec_t start = BED_EPOCH_US + 60 * USEC_PER_SEC;
    double late[2], correlation, worst = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        loa_OrderBody order;

        bed_flash_init(&flash[i]);
        bed_init(&b[i], &flash[i], &station);
        b[i].node_ppm = crystals[i].node_ppm;
        b[i].card_ppm = crystals[i].card_ppm;
        b[i].card_jitter_us = crystals[i].card_jitter_us;
        b[i].delay_us = 200;
        b[i].jitter_us = 100;
        b[i].random = i + 1;
        bed_start(&b[i]);
        bed_cache(&b[i], &longer);
        order = bed_order(1, start, &longer);
        bed_send_order(&b[i], &order);
        bed_run_to(&b[i], start + 61 * USEC_PER_SEC);
    }
    for (usec_t at = 10000; at < 59 * USEC_PER_SEC; at += 2345678) {
        for (size_t i = 0; i < 2; i++) {
            late[i] = bed_lateness_us(&b[i], &longer, start, start + at, &correlation);
            assert_true(correlation > 0.98);
        }
        worst = fabs(late[0] - late[1]) > worst ? fabs(late[0] - late[1]) : worst;
    }
    print_message("# worst difference of two nodes: %.1f us\n", worst);
    assert_true(worst < 100);
    for (size_t i = 0; i < 2; i++) {
        bed_deinit(&b[i]);
        bed_flash_deinit(&flash[i]);
    }
}

/* A card that missed a period, or caught up: faded out, entered anew in its place, one gap. */
static void check_slip(int64_t late_us, int64_t jitter_us)
{
    struct bed_flash flash;
    struct bed b;
    loa_OrderBody order;
    const loa_Receipt *r;
    usec_t start, slip;
    double correlation, late;

    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.card_ppm = 60;
    b.card_jitter_us = jitter_us;
    bed_start(&b);
    bed_cache(&b, &speech);
    start = bed_station_us(&b) + 10 * USEC_PER_SEC;
    order = bed_order(1, start, &speech);
    bed_send_order(&b, &order);
    slip = start + 2 * USEC_PER_SEC;
    bed_run_to(&b, slip);
    bed_card_slip(&b, late_us);
    bed_run_to(&b, slip + 2 * USEC_PER_SEC);
    for (usec_t at = slip + 250000; at < slip + 1500000; at += 600000) {
        late = bed_lateness_us(&b, &speech, start, at, &correlation);
        if (getenv("BED_LOG") != NULL)
            printf("# slip %g us: %g s later late %.1f us, r %.4f\n", (double)late_us,
                   (double)(at - slip) * 1e-6, late, correlation);
        assert_true(correlation > 0.95);
        assert_true(fabs(late) < SLIP_LIMIT_US);
    }
    bed_run_to(&b, start + 6 * USEC_PER_SEC);
    r = bed_receipt(&b, 1);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(r->reason, loa_Reason_REASON_UNDERRUN);
    assert_int_equal(r->gaps, 1);
    assert_in_range(r->gap_ms, llabs(late_us) / 1000 - 1, llabs(late_us) / 1000 + 2);
    bed_deinit(&b);
    bed_flash_deinit(&flash);
}

static void test_a_card_that_slips_is_back_in_its_place_at_once(void **state)
{
    static const int64_t slips[] = {3000, -3000, 10000, -10000, 19000, -19000, 30000};

    (void)state;
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        check_slip(slips[i], 100);
        check_slip(slips[i], 1000);
    }
}

/* Reports that jitter, single ones by a period, are no slip: nothing is cut. */
static void test_a_card_that_only_reports_badly_is_left_alone(void **state)
{
    static const int64_t jitters[] = {20, 1000, 2000};

    (void)state;
    for (size_t i = 0; i < sizeof(jitters) / sizeof(jitters[0]); i++) {
        struct bed_flash flash;
        struct bed b;
        loa_OrderBody order;
        usec_t start;

        bed_flash_init(&flash);
        bed_init(&b, &flash, &station);
        b.card_ppm = -90;
        b.card_jitter_us = jitters[i];
        b.card_outlier_us = 8000;
        b.random = 7 + i;
        bed_start(&b);
        bed_cache(&b, &longer);
        start = bed_station_us(&b) + 10 * USEC_PER_SEC;
        order = bed_order(1, start, &longer);
        bed_send_order(&b, &order);
        for (int s = 1; s < 60; s += 5) {
            double correlation, late;

            bed_run_to(&b, start + s * USEC_PER_SEC);
            late = bed_lateness_us(&b, &longer, start, start + s * USEC_PER_SEC - 500000,
                                   &correlation);
            assert_true(correlation > 0.98);
            assert_true(fabs(late) < 2 * HOLD_LIMIT_US + 0.1 * (double)jitters[i]);
        }
        bed_run_to(&b, start + 61 * USEC_PER_SEC);
        assert_int_equal(bed_receipt(&b, 1)->gaps, 0);
        assert_int_equal(bed_receipt(&b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
        assert_int_equal(b.flushes, 0);
        bed_deinit(&b);
        bed_flash_deinit(&flash);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_sample_is_in_its_place_for_any_crystal),
        cmocka_unit_test(test_a_card_at_another_rate_is_in_its_place),
        cmocka_unit_test(test_drift_is_held_for_half_an_hour),
        cmocka_unit_test(test_a_late_joiner_enters_in_progress),
        cmocka_unit_test(test_the_rate_of_the_crystal_outlives_a_restart),
        cmocka_unit_test(test_two_nodes_sound_together),
        cmocka_unit_test(test_a_card_that_slips_is_back_in_its_place_at_once),
        cmocka_unit_test(test_a_card_that_only_reports_badly_is_left_alone),
    };

    if (argc > 1)
        drift_plays = atoi(argv[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
