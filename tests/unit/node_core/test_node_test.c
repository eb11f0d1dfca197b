#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hearing.h"
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
    f->bed.has_microphone = true;
    bed_start(&f->bed);
    bed_run_us(&f->bed, 5 * USEC_PER_SEC);
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

static loa_OrderBody test_order(const struct bed *b, uint64_t order_id)
{
    loa_OrderBody body = bed_order(order_id, bed_station_us(b), NULL);

    body.kind = loa_OrderKind_ORDER_KIND_TEST;
    body.broadcast_id = 0;
    body.issued_us = body.start_us;
    body.expires_us = body.start_us + 30 * USEC_PER_SEC;
    return body;
}

/* Run, with a microphone that hears what the card plays, times `gain`. */
static void run_listening(struct bed *b, usec_t us, float gain)
{
    for (int64_t end_us = b->world_us + us; b->world_us < end_us;) {
        int64_t from = (int64_t)bed_frame_at(b, (double)bed_station_us(b)), to;
        float heard[2000];
        size_t count = 0;

        bed_run_us(b, 20000);
        to = (int64_t)bed_frame_at(b, (double)bed_station_us(b));
        for (int64_t i = from; i < to && count < 2000; i++)
            heard[count++] = gain * b->out[i - b->out_from];
        if (b->listening)
            node_hear(b->node, heard, count, b->card_rate_hz, bed_mono_us(b));
    }
}

static void test_a_signed_order_starts_the_board_anew_once_it_is_idle(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody body = test_order(b, 60);

    body.kind = loa_OrderKind_ORDER_KIND_REBOOT;
    bed_send_order(b, &body);
    assert_int_equal(b->reboots, 0);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(b->reboots, 0); /* the acknowledgement goes first */
    assert_int_equal(bed_verdict(b, 60), loa_Verdict_VERDICT_ACCEPTED);
    bed_run_us(b, 3 * USEC_PER_SEC);
    assert_int_equal(b->reboots, 1);
    bed_send_order(b, &body); /* repeated: known, done */
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_int_equal(b->reboots, 1);
}

static void test_a_signed_test_sounds_is_heard_and_told(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody body = test_order(b, 50);
    usec_t began_us = bed_station_us(b);

    bed_send_order(b, &body);
    run_listening(b, 500000, 1);
    assert_int_equal(bed_verdict(b, 50), loa_Verdict_VERDICT_ACCEPTED);
    assert_true(b->listening && b->amplifier);
    run_listening(b, 4 * USEC_PER_SEC, 1);
    assert_int_equal(b->said.tests, 1);
    assert_int_equal(b->said.test.order_id, 50);
    assert_int_equal(b->said.test.heard, loa_Heard_HEARD_YES);
    assert_int_equal(b->said.test.tries, 1);
    assert_false(b->listening);
    assert_true(bed_silent(b, began_us, began_us + 900000)); /* the amplifier wakes up */
    assert_false(bed_silent(b, began_us + USEC_PER_SEC, began_us + 2 * USEC_PER_SEC));
    run_listening(b, 5 * USEC_PER_SEC, 1);
    assert_false(b->amplifier);
    /* The same bytes again: answered, not played. */
    began_us = bed_station_us(b);
    bed_send_order(b, &body);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_int_equal(b->said.tests, 1);
    assert_true(bed_silent(b, began_us, began_us + 4 * USEC_PER_SEC));
}

static void test_a_dead_horn_is_tried_three_times(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody body = test_order(b, 51);

    bed_send_order(b, &body);
    run_listening(b, 12 * USEC_PER_SEC, 0);
    assert_int_equal(b->said.test.heard, loa_Heard_HEARD_NO);
    assert_int_equal(b->said.test.tries, 3);
}

static void test_without_a_microphone_it_says_so(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody body = test_order(b, 52);

    b->has_microphone = false;
    bed_send_order(b, &body);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_int_equal(b->said.test.heard, loa_Heard_HEARD_NOT_MEASURED);
}

static void test_nothing_sounds_that_is_not_signed_or_not_allowed(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t began_us = bed_station_us(b);
    loa_OrderBody body = test_order(b, 53);
    loa_Msg order = bed_sign(b, &body);
    loa_Msg settings = {.which_body = loa_Msg_settings_tag};

    order.body.order.signature.bytes[20] ^= 1;
    bed_say(b, &order);
    body = test_order(b, 54);
    body.nodes[0] = BED_NODE + 1;
    bed_send_order(b, &body);
    body = test_order(b, 55);
    body.expires_us = body.start_us + 1;
    bed_send_order(b, &body);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 54), loa_Verdict_VERDICT_NOT_FOR_ME);
    assert_int_equal(bed_verdict(b, 55), loa_Verdict_VERDICT_EXPIRED);
    b->muted_switch = true;
    bed_run_us(b, USEC_PER_SEC);
    body = test_order(b, 56);
    bed_send_order(b, &body);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 56), loa_Verdict_VERDICT_MUTED);
    b->muted_switch = false;
    /* Outside the allowed windows, even for one that calls itself an emergency. */
    settings.body.settings.revision = 2;
    settings.body.settings.allowed_count = 1;
    settings.body.settings.allowed[0] = (loa_Window){.weekdays = 0x7F, .from_min = 0, .to_min = 1};
    bed_say(b, &settings);
    bed_run_us(b, USEC_PER_SEC);
    body = test_order(b, 57);
    body.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &body);
    bed_run_us(b, 5 * USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 57), loa_Verdict_VERDICT_QUIET_HOURS);
    assert_int_equal(b->said.tests, 0);
    assert_true(bed_silent(b, began_us, bed_station_us(b) - USEC_PER_SEC));
}

static void test_mute_and_a_broadcast_break_it_off(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody body = test_order(b, 60);
    usec_t muted_us, start_us;

    bed_send_order(b, &body);
    bed_run_us(b, 1500000);
    b->muted_switch = true;
    bed_run_us(b, USEC_PER_SEC);
    muted_us = bed_station_us(b);
    assert_int_equal(b->said.test.heard, loa_Heard_HEARD_BROKEN_OFF);
    bed_run_us(b, 3 * USEC_PER_SEC);
    assert_true(bed_silent(b, muted_us - 500000, muted_us + 2 * USEC_PER_SEC));
    b->muted_switch = false;
    bed_cache(b, &speech);
    start_us = bed_station_us(b) + 15 * USEC_PER_SEC;
    body = bed_order(61, start_us, &speech);
    bed_send_order(b, &body);
    bed_run_us(b, USEC_PER_SEC);
    body = test_order(b, 62); /* something is due soon */
    bed_send_order(b, &body);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 62), loa_Verdict_VERDICT_NOT_READY);
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    body = test_order(b, 63);
    bed_send_order(b, &body);
    start_us = bed_station_us(b) + 1500000;
    body = bed_order(64, start_us, &speech);
    body.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &body);
    bed_run_to(b, start_us + 4 * USEC_PER_SEC);
    assert_int_equal(b->said.test.order_id, 63);
    assert_int_equal(b->said.test.heard, loa_Heard_HEARD_BROKEN_OFF);
    assert_int_equal(bed_receipt(b, 64)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

/* Play a broadcast; what the microphone said of it. */
static loa_Heard heard_of(struct bed *b, uint64_t order_id, float gain)
{
    usec_t start_us = bed_station_us(b) + 5 * USEC_PER_SEC;
    loa_OrderBody body;

    bed_cache(b, &speech);
    body = bed_order(order_id, start_us, &speech);
    bed_send_order(b, &body);
    run_listening(b, 4 * USEC_PER_SEC, gain);
    assert_true(b->listening == b->has_microphone);
    run_listening(b, 6 * USEC_PER_SEC, gain);
    assert_false(b->listening);
    assert_int_equal(bed_receipt(b, order_id)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    return bed_receipt(b, order_id)->heard;
}

static void test_a_receipt_says_whether_the_microphone_heard_it(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;

    assert_int_equal(heard_of(b, 70, 1), loa_Heard_HEARD_YES);
    assert_int_equal(heard_of(b, 71, 0.01F), loa_Heard_HEARD_YES);
    assert_int_equal(heard_of(b, 72, 0), loa_Heard_HEARD_NO);
    b->has_microphone = false;
    assert_int_equal(heard_of(b, 73, 1), loa_Heard_HEARD_NOT_MEASURED);
}

static void test_an_emergency_does_not_wait_for_the_microphone(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t start_us = bed_station_us(b) + 500000;
    loa_OrderBody body;

    bed_cache(b, &speech);
    body = bed_order(74, start_us, &speech);
    body.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(b, &body);
    run_listening(b, 5 * USEC_PER_SEC, 1);
    assert_int_equal(bed_receipt(b, 74)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(bed_receipt(b, 74)->heard, loa_Heard_HEARD_NOT_MEASURED);
}

/* Loudness that comes and goes, as of speech; another seed is another speaker. */
static float voice_at(uint32_t seed, size_t block)
{
    uint32_t x = (uint32_t)(block / 4 + 1) * 2654435761U ^ seed * 40503U;

    x ^= x >> 15;
    x *= 2246822519U;
    return (float)((x >> 9) % 1000) / 1000.0F;
}

static void test_other_sound_is_not_taken_for_what_the_horn_plays(void **state)
{
    static struct hearing h;
    float piece[400];
    int taken = 0;

    (void)state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        hearing_begin(&h, USEC_PER_SEC);
        for (size_t k = 0; k < 240; k++) {
            usec_t at_us = USEC_PER_SEC + (usec_t)k * HEARING_BLOCK_US;

            for (size_t i = 0; i < 400; i++)
                piece[i] = k < 40 ? 0 : voice_at(seed, k) * (i % 2 ? 0.3F : -0.3F);
            hearing_played(&h, at_us, piece, 400, 8000);
            for (size_t i = 0; i < 400; i++)
                piece[i] = voice_at(seed + 1000, k) * (i % 2 ? 0.3F : -0.3F);
            hearing_listen(&h, at_us + HEARING_BLOCK_US, piece, 400, 8000);
        }
        taken += hearing_end(&h, USEC_PER_SEC + HEARING_US) != loa_Heard_HEARD_NO;
    }
    assert_in_range(taken, 0, 2);
}

static void test_a_noisy_place_and_a_late_card_still_hear(void **state)
{
    static struct hearing h;
    float piece[400];

    (void)state;
    hearing_begin(&h, USEC_PER_SEC);
    for (size_t k = 0; k < 240; k++) {
        usec_t at_us = USEC_PER_SEC + (usec_t)k * HEARING_BLOCK_US;
        float before = k < 60 ? 0 : voice_at(3, k - 20);

        for (size_t i = 0; i < 400; i++)
            piece[i] = k < 40 ? 0 : voice_at(3, k) * (i % 2 ? 0.3F : -0.3F);
        hearing_played(&h, at_us, piece, 400, 8000);
        for (size_t i = 0; i < 400; i++) /* a second later, over steady noise 10 dB below */
            piece[i] = 0.1F * before * (i % 2 ? 1.0F : -1.0F) + (i % 3 ? 0.02F : -0.02F);
        hearing_listen(&h, at_us + HEARING_BLOCK_US, piece, 400, 8000);
    }
    assert_int_equal(hearing_end(&h, USEC_PER_SEC + HEARING_US), loa_Heard_HEARD_YES);
    hearing_begin(&h, USEC_PER_SEC);
    assert_int_equal(hearing_end(&h, 9 * USEC_PER_SEC), loa_Heard_HEARD_NOT_MEASURED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_signed_test_sounds_is_heard_and_told),
        CASE(test_a_signed_order_starts_the_board_anew_once_it_is_idle),
        CASE(test_a_dead_horn_is_tried_three_times),
        CASE(test_without_a_microphone_it_says_so),
        CASE(test_nothing_sounds_that_is_not_signed_or_not_allowed),
        CASE(test_mute_and_a_broadcast_break_it_off),
        CASE(test_a_receipt_says_whether_the_microphone_heard_it),
        CASE(test_an_emergency_does_not_wait_for_the_microphone),
        cmocka_unit_test(test_other_sound_is_not_taken_for_what_the_horn_plays),
        cmocka_unit_test(test_a_noisy_place_and_a_late_card_still_hear),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
