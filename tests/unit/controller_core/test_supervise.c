#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervise.h"

#define S USEC_PER_SEC
#define START_US (INT64_C(1800000000) * S)

static struct supervise *s;
static usec_t now_us;
static const struct node_id node = {7};

/* What was raised and cleared, as the station would store it. */
static struct {
    struct supervise_change last[64];
    usec_t at_us[64]; /* when it was stored */
    size_t count;
} log_;

static int set_up(void **state)
{
    (void)state;
    now_us = START_US;
    memset(&log_, 0, sizeof(log_));
    assert_int_equal(supervise_new(&s), ERR_OK);
    assert_int_equal(supervise_watch(s, node, now_us), ERR_OK);
    supervise_on_link(s, node, true, now_us);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    supervise_free(s);
    return 0;
}

/* The station's second. */
static void step(void)
{
    struct supervise_change due[8];
    size_t n = supervise_due(s, now_us, due, 8);

    for (size_t i = 0; i < n; i++) {
        supervise_done(s, &due[i]);
        log_.at_us[log_.count] = now_us;
        log_.last[log_.count++] = due[i];
        assert_true(log_.count < 64);
    }
}

/* Virtual time; a status each second while `status` is given. */
static void run(usec_t us, const loa_Status *status)
{
    for (usec_t end_us = now_us + us; now_us < end_us;) {
        now_us += S;
        if (status != NULL) {
            supervise_on_heard(s, node, now_us);
            supervise_on_status(s, node, status, now_us);
        }
        step();
    }
}

static void assert_change(size_t i, enum alarm_kind kind, bool raised)
{
    assert_true(i < log_.count);
    assert_string_equal(alarm_kind_name(log_.last[i].kind), alarm_kind_name(kind));
    assert_int_equal(log_.last[i].raised, raised);
    assert_int_equal(log_.last[i].node.v, node.v);
}

static void test_a_healthy_node_has_no_alarm(void **state)
{
    const loa_Status well = loa_Status_init_zero;

    (void)state;
    run(3600 * S, &well);
    assert_int_equal(log_.count, 0);
}

/* TCP stays open: the session ends after 8 s of silence (session.h), whatever the phase of the second. */
static void test_a_silent_link_is_an_alarm_within_ten_seconds(void **state)
{
    const loa_Status well = loa_Status_init_zero;

    (void)state;
    for (int phase = 0; phase < 10; phase++) {
        usec_t heard_us;

        set_up(NULL);
        run(20 * S, &well);
        heard_us = now_us - 99 * S / 100 + phase * S / 10;
        supervise_on_heard(s, node, heard_us);
        now_us = heard_us + 8 * S;
        supervise_on_link(s, node, false, now_us);
        now_us += 999999; /* the latest second after it */
        step();
        assert_change(0, ALARM_LINK_LOST, true);
        assert_int_equal(log_.last[0].at_us, heard_us);
        assert_true(log_.at_us[0] - heard_us <= SUPERVISE_LINK_BOUND_US);
        supervise_free(s);
    }
    set_up(NULL);
}

static void test_a_link_that_comes_back_soon_is_no_alarm_and_a_lost_one_clears(void **state)
{
    (void)state;
    supervise_on_link(s, node, false, now_us);
    run(7 * S, NULL);
    supervise_on_link(s, node, true, now_us);
    run(60 * S, NULL);
    assert_int_equal(log_.count, 0);
    supervise_on_link(s, node, false, now_us);
    run(60 * S, NULL);
    assert_int_equal(log_.count, 1);
    assert_change(0, ALARM_LINK_LOST, true);
    assert_int_equal(supervise_standing(s, ALARM_LEVEL_CRITICAL), 1);
    supervise_on_link(s, node, true, now_us);
    run(S, NULL);
    assert_change(1, ALARM_LINK_LOST, false);
    assert_int_equal(supervise_standing(s, ALARM_LEVEL_CRITICAL), 0);
}

/* Each bit, from the fault at the node to the alarm. What a node itself needs is in PROTOCOL.md: 20 s for
 * the clock, 10 s for underruns, 2 s for the card, otherwise nothing. */
static void test_every_fault_is_an_alarm_within_thirty_seconds_and_clears(void **state)
{
    unsigned bits = 0;

    (void)state;
    for (int kind = ALARM_NONE; kind < ALARM_KINDS; kind++) {
        loa_Status status = loa_Status_init_zero;
        usec_t node_us = kind == ALARM_CLOCK_LOST  ? 20 * S
                         : kind == ALARM_UNDERRUNS ? 10 * S
                                                   : 2 * S;
        usec_t fault_us = now_us;

        status.faults = alarm_kind_fault((enum alarm_kind)kind);
        if (status.faults == 0)
            continue;
        bits |= status.faults;
        log_.count = 0;
        now_us += node_us + S; /* the status may come a second later */
        run(SUPERVISE_FAULT_US - node_us - S, &status);
        assert_int_equal(log_.count, 1);
        assert_change(0, (enum alarm_kind)kind, true);
        assert_true(log_.at_us[0] - fault_us <= SUPERVISE_FAULT_US);
        status.faults = 0;
        run(30 * S, &status);
        assert_int_equal(log_.count, 2);
        assert_change(1, (enum alarm_kind)kind, false);
    }
    assert_int_equal(bits, 2 * _loa_Fault_MAX - 1); /* every bit there is */
}

/* 15 s are promised from the first silent sample on; the node needs up to 11 of them (test_silence). */
static void test_silence_is_an_alarm_within_four_seconds_of_the_status(void **state)
{
    static const enum alarm_kind kinds[] = {ALARM_SILENT_OUTPUT, ALARM_SILENT_SOURCE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        loa_Status status = {.faults = alarm_kind_fault(kinds[i])};
        usec_t told_us = now_us;

        log_.count = 0;
        run(4 * S, &status);
        assert_int_equal(log_.count, 1);
        assert_change(0, kinds[i], true);
        assert_true(log_.at_us[0] - told_us <= 4 * S);
        status.faults = 0;
        run(30 * S, &status);
    }
}

static void test_a_lost_live_source_is_an_alarm_of_the_station_at_once(void **state)
{
    const loa_Status well = loa_Status_init_zero;

    (void)state;
    supervise_on_sources(s, true, false, now_us);
    step();
    assert_int_equal(log_.count, 1);
    assert_int_equal(log_.last[0].kind, ALARM_SOURCE_LOST);
    assert_int_equal(log_.last[0].node.v, 0);
    assert_int_equal(supervise_standing(s, ALARM_LEVEL_CRITICAL), 1);
    supervise_on_sources(s, false, true, now_us);
    run(10 * S, &well);
    assert_int_equal(log_.count, 3);
    assert_int_equal(log_.last[1].kind, ALARM_RELAY_TROUBLE);
    assert_int_equal(log_.last[2].kind, ALARM_SOURCE_LOST);
    assert_false(log_.last[2].raised);
    assert_int_equal(supervise_standing(s, ALARM_LEVEL_CRITICAL), 0);
}

static void test_a_fault_that_flickers_is_one_alarm(void **state)
{
    loa_Status status = loa_Status_init_zero;

    (void)state;
    for (int i = 0; i < 100; i++) {
        status.faults = loa_Fault_FAULT_MAINS_LOST;
        run(4 * S, &status);
        status.faults = 0;
        run(5 * S, &status);
    }
    assert_int_equal(log_.count, 1);
    for (int i = 0; i < 100; i++) {
        status.faults = loa_Fault_FAULT_MAINS_LOST;
        run(2 * S, &status);
        status.faults = 0;
        run(12 * S, &status);
    }
    assert_int_equal(log_.count, 2); /* it cleared; two seconds never raise it */
}

static void test_what_cannot_be_heard_stays_as_it_is(void **state)
{
    loa_Status status = {.faults = loa_Fault_FAULT_MAINS_LOST};

    (void)state;
    run(10 * S, &status);
    supervise_on_link(s, node, false, now_us);
    run(3600 * S, NULL);
    assert_int_equal(log_.count, 2);
    assert_change(0, ALARM_MAINS_LOST, true);
    assert_change(1, ALARM_LINK_LOST, true);
}

static void test_receipts_tell_faults_from_decisions(void **state)
{
    loa_Receipt receipt = {.outcome = loa_Outcome_OUTCOME_MISSED,
                           .reason = loa_Reason_REASON_MUTED};

    (void)state;
    supervise_on_receipt(s, node, &receipt, now_us);
    step();
    assert_int_equal(log_.count, 0);
    receipt.reason = loa_Reason_REASON_CARD_FAULT;
    supervise_on_receipt(s, node, &receipt, now_us);
    step();
    assert_change(0, ALARM_NOT_SOUNDED, true);
    receipt.outcome = loa_Outcome_OUTCOME_SOUNDED;
    supervise_on_receipt(s, node, &receipt, now_us);
    step();
    assert_change(1, ALARM_NOT_SOUNDED, false);
    supervise_on_missed(s, node, now_us);
    step();
    assert_change(2, ALARM_NOT_SOUNDED, true);
}

static void test_a_horn_that_was_not_heard_is_an_alarm_until_it_is(void **state)
{
    (void)state;
    supervise_on_test(s, node, loa_Heard_HEARD_NOT_MEASURED, now_us);
    supervise_on_test(s, node, loa_Heard_HEARD_BROKEN_OFF, now_us);
    step();
    assert_int_equal(log_.count, 0);
    supervise_on_test(s, node, loa_Heard_HEARD_NO, now_us);
    step();
    assert_change(0, ALARM_NOT_HEARD, true);
    supervise_on_test(s, node, loa_Heard_HEARD_YES, now_us);
    step();
    assert_change(1, ALARM_NOT_HEARD, false);
}

static void test_what_was_not_stored_is_due_again(void **state)
{
    struct supervise_change due[8];

    (void)state;
    supervise_on_link(s, node, false, now_us);
    now_us += 9 * S;
    assert_int_equal(supervise_due(s, now_us, due, 8), 1);
    assert_int_equal(supervise_due(s, now_us, due, 0), 0);
    assert_int_equal(supervise_due(s, now_us, due, 8), 1);
    supervise_done(s, &due[0]);
    assert_int_equal(supervise_due(s, now_us, due, 8), 0);
}

static void test_after_a_restart_of_the_station_nodes_get_time_to_come_back(void **state)
{
    const struct alarm hot = {
        .node = {9}, .kind = ALARM_TEMPERATURE_HIGH, .since_us = START_US - S};
    const loa_Status well = loa_Status_init_zero;

    (void)state;
    assert_int_equal(supervise_watch(s, (struct node_id){9}, now_us), ERR_OK);
    supervise_restore(s, &hot);
    run(19 * S, NULL);
    assert_int_equal(log_.count, 0);
    assert_int_equal(supervise_standing(s, ALARM_LEVEL_WARNING), 1);
    supervise_on_link(s, (struct node_id){9}, true, now_us);
    supervise_on_status(s, (struct node_id){9}, &well, now_us);
    run(11 * S, NULL);
    assert_int_equal(log_.count, 1); /* what stood clears like any other */
    assert_int_equal(log_.last[0].kind, ALARM_TEMPERATURE_HIGH);
    assert_int_equal(supervise_watch(s, (struct node_id){3}, now_us), ERR_OK);
    run(21 * S, NULL);
    assert_int_equal(log_.last[1].node.v, 3);
    assert_true(log_.last[1].raised);
}

static void test_a_revoked_node_has_no_alarms(void **state)
{
    (void)state;
    supervise_on_link(s, node, false, now_us);
    run(20 * S, NULL);
    supervise_unwatch(s, node, now_us);
    run(S, NULL);
    assert_change(1, ALARM_LINK_LOST, false);
    supervise_on_link(s, node, false, now_us);
    run(60 * S, NULL);
    assert_int_equal(log_.count, 2);
}

static void test_as_many_nodes_as_a_station_holds(void **state)
{
    struct supervise_change due[256];
    size_t n, all = 0;

    (void)state;
    for (uint32_t i = SUPERVISE_NODES_MAX + 7; i > 8; i--)
        assert_int_equal(supervise_watch(s, (struct node_id){i}, now_us), ERR_OK);
    assert_int_equal(supervise_watch(s, (struct node_id){1}, now_us), ERR_LIMIT);
    now_us += 60 * S;
    while ((n = supervise_due(s, now_us, due, 256)) > 0) {
        for (size_t i = 0; i < n; i++)
            supervise_done(s, &due[i]);
        all += n;
    }
    assert_int_equal(all, SUPERVISE_NODES_MAX - 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_lost_live_source_is_an_alarm_of_the_station_at_once),
        CASE(test_a_healthy_node_has_no_alarm),
        cmocka_unit_test_teardown(test_a_silent_link_is_an_alarm_within_ten_seconds, tear_down),
        CASE(test_a_link_that_comes_back_soon_is_no_alarm_and_a_lost_one_clears),
        CASE(test_every_fault_is_an_alarm_within_thirty_seconds_and_clears),
        CASE(test_silence_is_an_alarm_within_four_seconds_of_the_status),
        CASE(test_a_fault_that_flickers_is_one_alarm),
        CASE(test_what_cannot_be_heard_stays_as_it_is),
        CASE(test_receipts_tell_faults_from_decisions),
        CASE(test_a_horn_that_was_not_heard_is_an_alarm_until_it_is),
        CASE(test_what_was_not_stored_is_due_again),
        CASE(test_after_a_restart_of_the_station_nodes_get_time_to_come_back),
        CASE(test_a_revoked_node_has_no_alarms),
        CASE(test_as_many_nodes_as_a_station_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
