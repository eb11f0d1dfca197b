#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"
#include "timekeep.h"

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

/* Sleep without a card until shortly before an instant, then play on. */
static void doze_to(struct bed *b, usec_t station_us)
{
    const int64_t step_us = 30 * USEC_PER_SEC;

    bed_card_stop(b);
    while (bed_station_us(b) + step_us < station_us) {
        b->world_us += step_us;
        b->node_step_us = bed_mono_us(b);
        bed_run_us(b, 50);
    }
    bed_card(b, 48000);
    bed_run_to(b, station_us);
}

static double late_us(struct bed *b, usec_t start_us)
{
    double correlation, late;

    late = bed_lateness_us(b, &speech, start_us, start_us + USEC_PER_SEC, &correlation);
    assert_true(correlation > 0.95);
    return late;
}

static void test_seven_days_without_a_link_sound_on_time_and_are_told_once(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t first_us = bed_station_us(b) + 40 * USEC_PER_MIN;
    const uint64_t days = 7;

    bed_cache(b, &speech);
    for (uint64_t day = 0; day < days; day++) {
        loa_OrderBody order = bed_order(day + 1, first_us + (usec_t)day * USEC_PER_DAY, &speech);

        bed_send_order(b, &order);
    }
    bed_run_us(b, 30 * USEC_PER_MIN); /* with the link, to learn its crystal */
    bed_link(b, false);
    for (uint64_t day = 0; day < days; day++) {
        usec_t start_us = first_us + (usec_t)day * USEC_PER_DAY;
        double late;

        doze_to(b, start_us - 20 * USEC_PER_SEC);
        bed_run_to(b, start_us + 4 * USEC_PER_SEC);
        late = late_us(b, start_us);
        print_message("# day %u: %.0f us late\n", (unsigned)day, late);
        assert_true(fabs(late) < 100000);
    }
    assert_int_equal(b->said.receipt_count, 0);
    bed_link(b, true);
    bed_run_us(b, 30 * USEC_PER_SEC);
    for (uint64_t day = 0; day < days; day++)
        assert_int_equal(bed_receipt(b, day + 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(b->said.status.orders_held, 0);
}

static void test_a_program_that_restarts_without_a_link_keeps_time(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 30 * USEC_PER_MIN;
    loa_OrderBody order = bed_order(1, start_us, &speech);

    bed_cache(b, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 25 * USEC_PER_MIN);
    bed_link(b, false);
    bed_flash_power_cut(b->flash);
    bed_restart(b);
    assert_true(bed_logged(b, "clock.resumed"));
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    assert_true(fabs(late_us(b, start_us)) < 10000);
}

static void test_a_board_that_restarts_without_a_link_goes_on_by_its_battery_clock(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 3 * USEC_PER_HOUR;
    loa_OrderBody order = bed_order(1, start_us, &speech);
    usec_t now_us;
    uint32_t sd_us;

    b->has_wall = true;
    b->wall_error_us = 7 * USEC_PER_MIN; /* a wall clock need not be right, only go on */
    bed_cache(b, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 2 * USEC_PER_MIN);
    bed_link(b, false);
    b->wall_error_us += 300000; /* it drifted */
    bed_reboot(b, 2 * USEC_PER_HOUR + 57 * USEC_PER_MIN);
    assert_true(node_clock(b->node, bed_mono_us(b), &now_us, &sd_us));
    assert_true(llabs(now_us - bed_station_us(b)) < USEC_PER_SEC);
    assert_true(sd_us >= 2000000); /* and it says how unsure it is */
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    assert_true(bed_first_sound(b, 0, (int64_t)bed_frame_at(b, (double)bed_station_us(b))) > 0);
    /* The first word of the controller replaces it, however far off. */
    bed_link(b, true);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_true(node_clock(b->node, bed_mono_us(b), &now_us, &sd_us));
    assert_true(llabs(now_us - bed_station_us(b)) < 1000);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_true(bed_receipt(b, 1)->clock_uncertainty_us >= 2000000);
}

static void test_a_battery_clock_that_is_clearly_wrong_keeps_the_node_silent(void **state)
{
    static const int64_t wrong_us[] = {-USEC_PER_DAY, 70 * USEC_PER_DAY};

    for (size_t i = 0; i < 2; i++) {
        struct bed *b = &((struct fixture *)*state)->bed;
        usec_t start_us = bed_station_us(b) + 2 * USEC_PER_HOUR;
        loa_OrderBody order = bed_order(i + 1, start_us, &speech);

        b->has_wall = true;
        bed_cache(b, &speech);
        bed_send_order(b, &order);
        bed_run_us(b, 11 * USEC_PER_MIN);
        bed_link(b, false);
        b->wall_error_us = wrong_us[i];
        b->logged[0] = '\0';
        bed_reboot(b, USEC_PER_HOUR + 48 * USEC_PER_MIN);
        assert_true(bed_logged(b, "clock.not_resumed"));
        bed_run_to(b, start_us + 10 * USEC_PER_SEC);
        assert_int_equal(bed_first_sound(b, 0, (int64_t)bed_frame_at(b, (double)bed_station_us(b))),
                         -1);
        b->wall_error_us = 0;
        bed_link(b, true);
        bed_run_us(b, 5 * USEC_PER_SEC);
        assert_int_equal(bed_receipt(b, i + 1)->outcome, loa_Outcome_OUTCOME_MISSED);
        assert_int_equal(bed_receipt(b, i + 1)->reason, loa_Reason_REASON_NO_CLOCK);
    }
}

static void test_a_board_without_a_battery_clock_waits_for_its_controller(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 20 * USEC_PER_MIN, now_us;
    loa_OrderBody order = bed_order(1, start_us, &speech);
    uint32_t sd_us;

    bed_cache(b, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 11 * USEC_PER_MIN);
    bed_link(b, false);
    bed_reboot(b, USEC_PER_HOUR);
    assert_false(node_clock(b->node, bed_mono_us(b), &now_us, &sd_us));
    bed_link(b, true);
    bed_run_us(b, 5 * USEC_PER_SEC);
    /* It was without power at that time: no question of a clock. */
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_MISSED);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_EXPIRED);
}

static void test_hello_tells_how_much_of_the_plan_is_held(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;

    for (uint64_t id = 1; id <= 3; id++) {
        loa_OrderBody order = bed_order(id, bed_station_us(b) + USEC_PER_DAY, &speech);

        bed_send_order(b, &order);
    }
    bed_run_us(b, USEC_PER_SEC);
    bed_restart(b);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(b->said.hello.body.hello.orders_held, 3);
    /* One of them damaged: as good as none, so that all are sent again. */
    bed_flash_find(b->flash, "plan")->data[50] ^= 1;
    bed_restart(b);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(b->said.hello.body.hello.orders_held, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_seven_days_without_a_link_sound_on_time_and_are_told_once),
        CASE(test_a_program_that_restarts_without_a_link_keeps_time),
        CASE(test_a_board_that_restarts_without_a_link_goes_on_by_its_battery_clock),
        CASE(test_a_battery_clock_that_is_clearly_wrong_keeps_the_node_silent),
        CASE(test_a_board_without_a_battery_clock_waits_for_its_controller),
        CASE(test_hello_tells_how_much_of_the_plan_is_held),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
