#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"
#include "order.h"

static struct teststation station, stranger;
static struct recording speech, other;

struct fixture {
    struct bed_flash flash;
    struct bed bed;
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    teststation_init(&stranger);
    recording_make(&speech, 6000, 11);
    recording_make(&other, 3000, 12);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
    recording_free(&other);
    teststation_deinit(&station);
    teststation_deinit(&stranger);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    bed_flash_init(&f->flash);
    bed_init(&f->bed, &f->flash, &station);
    f->bed.card_jitter_us = 300;
    bed_start(&f->bed);
    bed_cache(&f->bed, &speech);
    bed_cache(&f->bed, &other);
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

static usec_t soon(const struct bed *b)
{
    return bed_station_us(b) + 5 * USEC_PER_SEC;
}

/* The recording sounds at this instant, in its place. */
static bool sounds(const struct bed *b, const struct recording *r, usec_t start_us, usec_t at_us)
{
    double correlation, late = bed_lateness_us(b, r, start_us, at_us, &correlation);

    return correlation > 0.95 && fabs(late) < 100;
}

static loa_Verdict verdict_on(struct bed *b, const loa_OrderBody *order)
{
    bed_send_order(b, order);
    bed_run_us(b, 300000);
    return bed_verdict(b, order->order_id);
}

static void test_a_forged_order_is_refused_and_silent(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);
    struct order_signer *forger;
    loa_Msg m;

    assert_int_equal(order_signer_new(test_identity_key(&stranger.signer), &forger), ERR_OK);
    order_signer_free(b->signer);
    b->signer = forger;
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 3 * USEC_PER_SEC);
    assert_int_equal(b->said.ack_count, 1);
    assert_int_equal(b->said.acks[0].verdict, loa_Verdict_VERDICT_BAD_SIGNATURE);
    assert_true(bed_silent(b, order.start_us, order.start_us + 2 * USEC_PER_SEC));

    order_signer_free(b->signer);
    assert_int_equal(order_signer_new(test_identity_key(&station.signer), &b->signer), ERR_OK);
    m = bed_sign(b, &order);
    m.body.order.body.bytes[m.body.order.body.size / 2] ^= 1;
    bed_say(b, &m);
    bed_run_us(b, 300000);
    assert_int_equal(b->said.acks[1].verdict, loa_Verdict_VERDICT_BAD_SIGNATURE);
    assert_int_equal(b->said.receipt_count, 0);
}

static void test_orders_that_are_not_for_this_node_are_refused(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    order.nodes[0] = BED_NODE + 1;
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_NOT_FOR_ME);
    order = bed_order(2, soon(b), &speech);
    strcpy(order.station, "54321");
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_NOT_FOR_ME);
    order = bed_order(3, soon(b), &speech);
    order.expires_us = bed_station_us(b) - 1;
    order.start_us = order.expires_us - 1000;
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_EXPIRED);
    order = bed_order(4, bed_station_us(b) + 9 * USEC_PER_DAY, &speech);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_TOO_FAR);
    order = bed_order(5, soon(b), &speech);
    order.nodes_count = 0;
    order.everyone = true;
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
}

static void test_the_same_order_again_is_accepted_again_and_played_once(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, order.start_us + 7 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    assert_int_equal(b->said.ack_count, 3);
    bed_run_us(b, 10 * USEC_PER_SEC);
    assert_true(bed_silent(b, order.start_us + 7 * USEC_PER_SEC, bed_station_us(b)));
    assert_int_equal(bed_receipts_of(b, 1), 1);
    order.repeats = 2;
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_REPLAYED);
}

static void quiet_all_day(struct bed *b)
{
    loa_Msg m = {.which_body = loa_Msg_settings_tag};
    int64_t minute = bed_station_us(b) / USEC_PER_MIN % 1440;

    /* Allowed only in an hour that is four hours away. */
    m.body.settings.revision = 3;
    m.body.settings.allowed_count = 1;
    m.body.settings.allowed[0].weekdays = 0x7F;
    m.body.settings.allowed[0].from_min = (uint32_t)((minute + 240) % 1440);
    m.body.settings.allowed[0].to_min = (uint32_t)((minute + 300) % 1440);
    bed_say(b, &m);
    bed_run_us(b, 100000);
}

static void test_quiet_hours_refuse_normal_orders_and_let_emergencies_pass(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody normal = bed_order(1, soon(b), &speech), alarm = bed_order(2, soon(b), &other);

    quiet_all_day(b);
    alarm.priority = loa_Priority_PRIORITY_EMERGENCY;
    assert_int_equal(verdict_on(b, &normal), loa_Verdict_VERDICT_QUIET_HOURS);
    assert_int_equal(verdict_on(b, &alarm), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, alarm.start_us + 4 * USEC_PER_SEC);
    assert_true(sounds(b, &other, alarm.start_us, alarm.start_us + USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 2)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_quiet_hours_that_come_in_the_middle_end_the_sound(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_to(b, order.start_us + 2 * USEC_PER_SEC);
    quiet_all_day(b);
    bed_run_to(b, order.start_us + 7 * USEC_PER_SEC);
    assert_true(bed_silent(b, order.start_us + 2300000, order.start_us + 6 * USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_QUIET_HOURS);
}

static void test_an_order_longer_than_the_settings_allow_is_refused(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);
    loa_Msg m = {.which_body = loa_Msg_settings_tag};

    m.body.settings.max_broadcast_s = 5;
    bed_say(b, &m);
    bed_run_us(b, 100000);
    assert_int_equal(verdict_on(b, &order), loa_Verdict_VERDICT_TOO_LONG);
}

static void test_stop_silences_what_sounds_and_leaves_what_is_planned(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech), later = bed_order(2, soon(b), &other);
    loa_OrderBody stop = {.order_id = 9, .kind = loa_OrderKind_ORDER_KIND_STOP, .everyone = true};
    usec_t at;

    later.start_us += 20 * USEC_PER_SEC;
    bed_send_order(b, &order);
    bed_send_order(b, &later);
    bed_run_to(b, order.start_us + 2 * USEC_PER_SEC);
    at = bed_station_us(b);
    strcpy(stop.station, BED_STATION);
    stop.expires_us = at + USEC_PER_HOUR;
    bed_send_order(b, &stop);
    bed_run_us(b, 2 * USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 9), loa_Verdict_VERDICT_ACCEPTED);
    assert_true(bed_silent(b, at + 50000, bed_station_us(b)));
    assert_true(sounds(b, &speech, order.start_us, at - 100000));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_STOPPED);
    assert_in_range(bed_receipt(b, 1)->played_ms, 1950, 2080);
    bed_run_to(b, later.start_us + 2 * USEC_PER_SEC);
    assert_true(sounds(b, &other, later.start_us, later.start_us + USEC_PER_SEC));
}

static void test_an_emergency_pre_empts_and_the_lower_resumes_in_progress(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech), alarm;
    usec_t at;

    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + USEC_PER_SEC);
    at = bed_station_us(b);
    alarm = bed_order(2, at + 100000, &other);
    alarm.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &alarm);
    bed_run_to(b, order.start_us + 8 * USEC_PER_SEC);
    assert_true(sounds(b, &speech, order.start_us, at - 100000));
    assert_true(sounds(b, &other, alarm.start_us, alarm.start_us + 100000));
    assert_true(sounds(b, &other, alarm.start_us, alarm.start_us + 2900000));
    assert_true(sounds(b, &speech, order.start_us, alarm.start_us + 3100000));
    assert_int_equal(bed_receipt(b, 2)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_PREEMPTED);
    assert_in_range(bed_receipt(b, 1)->played_ms, 2900, 3100);
}

/* How loud a recording is in what the card played, between two instants that lie `from_ms` and `to_ms` from
 * at_us: 1 is as it was recorded. Least squares, so that what else sounds hardly counts. */
static double gain_of(const struct bed *b, const struct recording *r, usec_t start_us, usec_t at_us,
                      double from_ms, double to_ms)
{
    double cross = 0, own = 0;
    int64_t end = (int64_t)ceil(bed_frame_at(b, (double)at_us + to_ms * 1000));

    for (int64_t f = (int64_t)ceil(bed_frame_at(b, (double)at_us + from_ms * 1000)); f < end; f++) {
        int64_t sample = llround((bed_time_of(b, (double)f) - (double)start_us) * 0.048);
        double was = sample >= 0 && sample < r->samples ? (double)r->pcm[sample] : 0;

        cross += was * (double)b->out[f - b->out_from];
        own += was * was;
    }
    return own > 0 ? cross / own : 0;
}

static void test_a_pre_emption_fades_in_30_ms_and_clips_nothing_of_what_comes(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech), alarm;
    double lower, higher;

    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + USEC_PER_SEC);
    alarm = bed_order(2, bed_station_us(b) + USEC_PER_SEC, &other);
    alarm.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &alarm);
    bed_run_to(b, alarm.start_us + 2 * USEC_PER_SEC);
    lower = gain_of(b, &speech, order.start_us, alarm.start_us, -600, -100);
    higher = gain_of(b, &other, alarm.start_us, alarm.start_us, 500, 1000);
    assert_true(lower > 0.5 && higher > 0.5);
    /* The lower one is whole until 30 ms before, and gone when the higher one begins. */
    assert_true(gain_of(b, &speech, order.start_us, alarm.start_us, -50, -30) > 0.9 * lower);
    assert_true(gain_of(b, &speech, order.start_us, alarm.start_us, -1, 0) < 0.2 * lower);
    assert_true(fabs(gain_of(b, &speech, order.start_us, alarm.start_us, 5, 100)) < 0.1 * lower);
    /* The higher one fades in over its first 5 ms, which no syllable is short enough to be lost in. */
    assert_true(gain_of(b, &other, alarm.start_us, alarm.start_us, 1, 5) > 0.3 * higher);
    assert_true(gain_of(b, &other, alarm.start_us, alarm.start_us, 5, 30) > 0.95 * higher);
}

static void test_an_emergency_sounds_at_a_volume_of_its_own(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_Msg settings = {.which_body = loa_Msg_settings_tag};
    loa_OrderBody order, alarm;
    double lower, higher;

    settings.body.settings.revision = 1;
    settings.body.settings.volume_mdb = -20000;
    settings.body.settings.emergency_volume_mdb = -6000;
    bed_say(b, &settings);
    bed_run_us(b, USEC_PER_SEC);
    order = bed_order(1, soon(b), &other);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 1500 * USEC_PER_MSEC);
    lower = gain_of(b, &other, order.start_us, order.start_us, 500, 1000);
    bed_run_to(b, order.start_us + 5 * USEC_PER_SEC);
    alarm = bed_order(2, soon(b), &other);
    alarm.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &alarm);
    bed_run_to(b, alarm.start_us + 1500 * USEC_PER_MSEC);
    higher = gain_of(b, &other, alarm.start_us, alarm.start_us, 500, 1000);
    assert_true(lower > 0.02);
    assert_true(higher / lower > 4.7 && higher / lower < 5.3); /* 14 dB */
}

static void test_the_switch_on_the_cabinet_silences_everything(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody alarm = bed_order(1, soon(b), &speech);

    alarm.priority = loa_Priority_PRIORITY_EMERGENCY;
    b->muted_switch = true;
    bed_send_order(b, &alarm);
    bed_run_to(b, alarm.start_us + 8 * USEC_PER_SEC);
    assert_true(bed_silent(b, alarm.start_us, alarm.start_us + 7 * USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_MISSED);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_MUTED);
}

static void test_play_goes_on_without_a_link_and_the_receipt_follows(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    bed_send_order(b, &order);
    bed_run_to(b, order.start_us - USEC_PER_SEC);
    bed_link(b, false);
    bed_run_to(b, order.start_us + 10 * USEC_PER_SEC);
    assert_true(sounds(b, &speech, order.start_us, order.start_us + 5 * USEC_PER_SEC));
    assert_int_equal(b->said.receipt_count, 0);
    bed_link(b, true);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_what_expired_meanwhile_is_skipped_with_a_receipt(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    order.expires_us = order.start_us + 10 * USEC_PER_SEC;
    bed_send_order(b, &order);
    bed_run_us(b, USEC_PER_SEC);
    bed_link(b, false);
    b->world_us += 30 * USEC_PER_SEC;
    b->node_step_us = bed_mono_us(b);
    bed_card(b, 48000);
    bed_link(b, true);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_true(bed_silent(b, order.start_us + 20 * USEC_PER_SEC, bed_station_us(b)));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_MISSED);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_EXPIRED);
}

static void test_the_delay_of_a_node_shifts_its_sound(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);
    loa_Msg m = {.which_body = loa_Msg_settings_tag};

    m.body.settings.delay_us = 250000;
    bed_say(b, &m);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 8 * USEC_PER_SEC);
    assert_true(bed_silent(b, order.start_us, order.start_us + 249900));
    assert_true(sounds(b, &speech, order.start_us + 250000, order.start_us + USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_in_range(llabs(bed_receipt(b, 1)->actual_start_us - order.start_us - 250000), 0, 50);
}

static void test_repeats_and_pauses_are_laid_out_as_ordered(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &other);
    usec_t second;

    order.items_count = 2;
    order.items[1] = order.items[0];
    memcpy(order.items[1].sha256, speech.sha256, SHA256_BYTES);
    order.items[1].duration_ms = 1500;
    order.repeats = 2;
    order.pause_ms = 700;
    second = order.start_us + 5200000;
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 12 * USEC_PER_SEC);
    assert_true(sounds(b, &other, order.start_us, order.start_us + 2900000));
    assert_true(sounds(b, &speech, order.start_us + 3000000, order.start_us + 3100000));
    assert_true(bed_silent(b, order.start_us + 4502000, second - 2000));
    assert_true(sounds(b, &other, second, second + 200000));
    assert_true(sounds(b, &speech, second + 3000000, second + 4300000));
    assert_true(bed_silent(b, second + 4502000, bed_station_us(b)));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(b, 1)->plays, 2);
    assert_int_equal(bed_receipt(b, 1)->gaps, 0);
}

static void test_an_item_without_a_recording_is_silence(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &other);
    usec_t silence = order.start_us + 3000000;

    order.items_count = 3;
    order.items[2] = order.items[0];
    order.items[1] = (loa_OrderItem){.duration_ms = 2500};
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 12 * USEC_PER_SEC);
    assert_true(sounds(b, &other, order.start_us, order.start_us + 2900000));
    assert_true(bed_silent(b, silence + 2000, silence + 2498000));
    assert_true(sounds(b, &other, silence + 2500000, silence + 5300000));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(b, 1)->carrier, loa_Carrier_CARRIER_CACHE);
    assert_int_equal(bed_receipt(b, 1)->gaps, 0);
}

static void test_a_card_underrun_is_counted_and_realigned(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 2 * USEC_PER_SEC);
    b->card_head += 2400;
    bed_run_to(b, order.start_us + 8 * USEC_PER_SEC);
    assert_true(sounds(b, &speech, order.start_us, order.start_us + 2500000));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_UNDERRUN);
    assert_int_equal(bed_receipt(b, 1)->gaps, 1);
    assert_in_range(bed_receipt(b, 1)->gap_ms, 50, 51);
    assert_int_equal(b->said.status.underruns, 1);
}

static void test_a_jump_of_station_time_is_followed_without_a_click(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    bed_run_us(b, 20 * USEC_PER_SEC);
    b->station_jump_us = USEC_PER_DAY;
    bed_run_us(b, 20 * USEC_PER_SEC);
    order = bed_order(1, soon(b), &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 13 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_true(sounds(b, &speech, order.start_us - USEC_PER_DAY,
                       order.start_us - USEC_PER_DAY + 3 * USEC_PER_SEC));
}

static void test_the_amplifier_is_on_only_around_sound(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);

    bed_send_order(b, &order);
    bed_run_to(b, order.start_us - USEC_PER_SEC);
    assert_false(b->amplifier);
    assert_true(node_is_busy(b->node));
    bed_run_to(b, order.start_us - 100000);
    assert_true(b->amplifier);
    bed_run_to(b, order.start_us + 12 * USEC_PER_SEC);
    assert_false(b->amplifier);
    assert_false(node_is_busy(b->node));
    assert_int_equal(b->amplifier_changes, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Somebody looks at the level meter: for a while, only while something sounds, and Status is as before. */
static void test_levels_are_told_while_somebody_looks_and_something_sounds(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, soon(b), &speech);
    loa_Msg meter = {.which_body = loa_Msg_meter_tag,
                     .body.meter = {.interval_ms = 200, .for_ms = 3000}};
    uint32_t levels;

    bed_send_order(b, &order);
    bed_say(b, &meter);
    bed_run_us(b, 2 * USEC_PER_SEC);
    assert_int_equal(b->said.levels, 0); /* nothing sounds */
    bed_run_to(b, order.start_us + USEC_PER_SEC);
    assert_int_equal(b->said.levels, 0); /* nobody looks any more */
    bed_say(b, &meter);
    bed_run_us(b, 2 * USEC_PER_SEC);
    assert_in_range(b->said.levels, 8, 11);
    assert_true(b->said.level.rms_mdb > -60000 && b->said.level.rms_mdb < 0);
    assert_true(b->said.level.peak_mdb >= b->said.level.rms_mdb);
    assert_true(b->said.status.rms_mdb > -60000 && b->said.status.rms_mdb < 0);
    levels = b->said.levels;
    bed_run_to(b, order.start_us + 9 * USEC_PER_SEC);
    assert_in_range(b->said.levels, levels + 4, levels + 6); /* the rest of its three seconds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_forged_order_is_refused_and_silent),
        CASE(test_orders_that_are_not_for_this_node_are_refused),
        CASE(test_the_same_order_again_is_accepted_again_and_played_once),
        CASE(test_quiet_hours_refuse_normal_orders_and_let_emergencies_pass),
        CASE(test_quiet_hours_that_come_in_the_middle_end_the_sound),
        CASE(test_an_order_longer_than_the_settings_allow_is_refused),
        CASE(test_stop_silences_what_sounds_and_leaves_what_is_planned),
        CASE(test_an_emergency_pre_empts_and_the_lower_resumes_in_progress),
        CASE(test_a_pre_emption_fades_in_30_ms_and_clips_nothing_of_what_comes),
        CASE(test_an_emergency_sounds_at_a_volume_of_its_own),
        CASE(test_the_switch_on_the_cabinet_silences_everything),
        CASE(test_play_goes_on_without_a_link_and_the_receipt_follows),
        CASE(test_what_expired_meanwhile_is_skipped_with_a_receipt),
        CASE(test_the_delay_of_a_node_shifts_its_sound),
        CASE(test_repeats_and_pauses_are_laid_out_as_ordered),
        CASE(test_an_item_without_a_recording_is_silence),
        CASE(test_a_card_underrun_is_counted_and_realigned),
        CASE(test_a_jump_of_station_time_is_followed_without_a_click),
        CASE(test_the_amplifier_is_on_only_around_sound),
        CASE(test_levels_are_told_while_somebody_looks_and_something_sounds),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
