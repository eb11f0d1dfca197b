#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "airbed.h"

static void test_closing_says_honestly_why_there_is_no_receipt(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 5);
    w.ready[2] = w.ready[3] = w.ready[4] = w.ready[5] = true;
    airbed_run(&w, START);
    assert_int_equal(airbed_accept(&w, 4), ERR_OK);
    assert_int_equal(airbed_accept(&w, 5), ERR_OK);
    w.ready[2] = w.ready[4] = false;
    airbed_run(&w, END);
    airbed_run(&w, END + GRACE - 1);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    airbed_run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    for (uint32_t n = 1; n <= 5; n++)
        assert_int_equal(airbed_target(&w, n)->state, TARGET_SILENT);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "never connected"));
    assert_non_null(strstr(airbed_target(&w, 2)->note, "lost before it answered"));
    assert_non_null(strstr(airbed_target(&w, 3)->note, "did not answer"));
    assert_non_null(strstr(airbed_target(&w, 4)->note, "may still come"));
    assert_non_null(strstr(airbed_target(&w, 5)->note, "connected, but it sent no receipt"));
    broadcast_deinit(&w.b);
}

static void test_targets_that_no_order_reached_are_not_waited_for(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 2);
    airbed_run(&w, START);
    airbed_run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_SILENT);
    broadcast_deinit(&w.b);
}

static void test_a_receipt_after_closing_is_recorded(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, START);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    w.ready[1] = false;
    airbed_run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(airbed_receipt(&w, 1, 3), ERR_OK);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_RECEIPT);
    assert_string_equal(airbed_target(&w, 1)->note, "");
    airbed_run(&w, END + 2 * GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    broadcast_deinit(&w.b);
}

static void test_cancelling_before_the_start_stops_who_has_the_order(void **state)
{
    struct airbed w;
    usec_t t = START - 500 * S;

    (void)state;
    airbed_setup(&w, 3);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, t);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    assert_int_equal(broadcast_cancel(&w.b, t + S), ERR_OK);
    assert_int_equal(w.b.state, BROADCAST_CANCELLED);
    assert_int_equal(w.b.cancelled_us, t + S);
    assert_int_equal(broadcast_cancel(&w.b, t + S), ERR_STATE);
    w.ready[3] = true;
    airbed_run(&w, t + S);
    assert_int_equal(w.stops[1], 1);
    assert_int_equal(w.stops[2], 1);
    assert_int_equal(w.stops[3], 0);
    assert_int_equal(w.plays[3], 0);
    airbed_run(&w, t + S + BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.stops[1], 2);
    for (uint32_t n = 1; n <= 2; n++) {
        uint64_t stop = airbed_target(&w, n)->stop.v;

        assert_true(stop != 0 && stop != airbed_target(&w, n)->order.v);
        assert_int_equal(airbed_ack(&w, n, stop, loa_Verdict_VERDICT_ACCEPTED), ERR_OK);
        assert_int_equal(airbed_ack(&w, n, stop, loa_Verdict_VERDICT_ACCEPTED), ERR_EXISTS);
    }
    airbed_run(&w, t + 20 * S);
    assert_int_equal(w.stops[1], 2);
    assert_int_equal(w.next_us, t + S + BROADCAST_ORDER_RETRY_US + GRACE);
    airbed_run(&w, w.next_us);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "confirmed the stop"));
    assert_non_null(strstr(airbed_target(&w, 3)->note, "cancelled before"));
    broadcast_deinit(&w.b);
}

static void test_cancelling_what_nobody_was_told_closes_at_once(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    airbed_run(&w, START - 9 * S);
    assert_int_equal(broadcast_cancel(&w.b, START - 8 * S), ERR_OK);
    airbed_run(&w, START - 8 * S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    broadcast_deinit(&w.b);
}

static void test_a_stop_waits_for_a_node_that_is_away_until_the_end(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 2);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, START);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    assert_int_equal(airbed_accept(&w, 2), ERR_OK);
    w.ready[1] = w.ready[2] = false;
    assert_int_equal(broadcast_cancel(&w.b, START + S), ERR_OK);
    airbed_run(&w, START + S);
    assert_int_equal(w.stops[1], 0);
    w.ready[1] = true;
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    airbed_run(&w, START + 10 * S);
    assert_int_equal(w.stops[1], 1);
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    airbed_run(&w, START + 10 * S + 1);
    assert_int_equal(w.stops[1], 2);
    w.ready[2] = true;
    airbed_run(&w, END);
    assert_int_equal(w.stops[2], 0);
    airbed_run(&w, END + GRACE - 1);
    assert_int_equal(w.b.state, BROADCAST_CANCELLED);
    airbed_run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "did not answer"));
    broadcast_deinit(&w.b);
}

static void test_what_is_over_cannot_be_cancelled(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    airbed_run(&w, START);
    assert_int_equal(broadcast_cancel(&w.b, END), ERR_STATE);
    airbed_run(&w, END);
    assert_int_equal(broadcast_cancel(&w.b, END), ERR_STATE);
    assert_int_equal(w.b.cancelled_us, 0);
    broadcast_deinit(&w.b);
}

static void test_a_station_that_was_down_all_the_time_missed_it(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_MISSED);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_SILENT);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "not running"));
    assert_int_equal(w.plays[1], 0);
    assert_int_equal(w.next_us, INT64_MAX);
    broadcast_deinit(&w.b);
}

static void test_nodes_that_held_the_order_are_waited_for_after_a_restart(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 2);
    airbed_target(&w, 1)->state = TARGET_ACCEPTED;
    airbed_target(&w, 1)->order.v = 55;
    airbed_run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    assert_int_equal(airbed_receipt(&w, 1, 1), ERR_OK);
    airbed_run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_RECEIPT);
    assert_int_equal(airbed_target(&w, 2)->state, TARGET_SILENT);
    broadcast_deinit(&w.b);
}

static void test_a_restart_continues_orders_that_were_out(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 2);
    for (uint32_t n = 1; n <= 2; n++) {
        airbed_target(&w, n)->state = TARGET_ORDERED;
        airbed_target(&w, n)->order.v = 50 + n;
        /* The second was sent "in the future": the clock was set back meanwhile. */
        airbed_target(&w, n)->ordered_us = n == 1 ? START - 60 * S : START + 3600 * S;
        w.ready[n] = true;
    }
    airbed_run(&w, START + S);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    for (uint32_t n = 1; n <= 2; n++) {
        assert_int_equal(w.plays[n], 1);
        assert_int_equal(airbed_target(&w, n)->order.v, 50 + n);
    }
    broadcast_deinit(&w.b);
}

static void test_what_expires_before_its_start_is_never_sent(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    w.b.expires_us = START - S;
    airbed_run(&w, START - 10 * S);
    assert_int_equal(w.plays[1], 0);
    airbed_run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_MISSED);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "expires before"));
    broadcast_deinit(&w.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closing_says_honestly_why_there_is_no_receipt),
        cmocka_unit_test(test_targets_that_no_order_reached_are_not_waited_for),
        cmocka_unit_test(test_a_receipt_after_closing_is_recorded),
        cmocka_unit_test(test_cancelling_before_the_start_stops_who_has_the_order),
        cmocka_unit_test(test_cancelling_what_nobody_was_told_closes_at_once),
        cmocka_unit_test(test_a_stop_waits_for_a_node_that_is_away_until_the_end),
        cmocka_unit_test(test_what_is_over_cannot_be_cancelled),
        cmocka_unit_test(test_a_station_that_was_down_all_the_time_missed_it),
        cmocka_unit_test(test_nodes_that_held_the_order_are_waited_for_after_a_restart),
        cmocka_unit_test(test_a_restart_continues_orders_that_were_out),
        cmocka_unit_test(test_what_expires_before_its_start_is_never_sent),
    };

    return cmocka_run_group_tests_name("broadcast_end", tests, NULL, NULL);
}
