#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bedport.h"
#include "nodebed.h"

#define STREAM 91
#define DELAY_US 250000
#define LIVE_S 60
#define GRACE_MS 10000

static struct teststation station;
static struct recording speech; /* what is said */
static struct recording music; /* what takes its place */

struct fixture {
    struct bed_flash flash;
    struct bed bed;
    usec_t start_us;
    size_t next; /* packet to send */
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    recording_make(&speech, 40000, 5);
    recording_make(&music, 7000, 6);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
    recording_free(&music);
    teststation_deinit(&station);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    bed_flash_init(&f->flash);
    bed_init(&f->bed, &f->flash, &station);
    f->bed.card_ppm = 40;
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

static void order_live(struct fixture *f, bool with_fallback)
{
    loa_OrderBody order;

    f->start_us = bed_station_us(&f->bed) + 2 * USEC_PER_SEC;
    order = bed_order(1, f->start_us, &speech);
    order.items_count = 0;
    order.stream_id = STREAM;
    order.max_duration_ms = LIVE_S * 1000;
    order.expires_us = f->start_us + LIVE_S * USEC_PER_SEC;
    order.grace_ms = GRACE_MS;
    if (with_fallback) {
        bed_cache(&f->bed, &music);
        order.has_fallback = true;
        memcpy(order.fallback.sha256, music.sha256, SHA256_BYTES);
        order.fallback.duration_ms = 7000;
    }
    bed_send_order(&f->bed, &order);
}

static void send_packets(struct fixture *f, size_t count, bool last)
{
    uint8_t payload[FRAME_PAYLOAD_MAX];
    struct packet p = {.stream = {STREAM}};
    struct bundle_writer w;
    struct bytes view;

    bundle_begin(&w, payload, sizeof(payload));
    for (size_t i = 0; i <= count; i++) {
        p.seq = (uint32_t)(f->next + i);
        p.pts_us = f->start_us + (usec_t)(f->next + i) * PACKET_US;
        if (i == count)
            break;
        p.payload = bytes_of(speech.packets[p.seq], speech.packet_len[p.seq]);
        assert_int_equal(bundle_add(&w, &p), ERR_OK);
    }
    assert_int_equal(bundle_finish(&w, last, &p, &view), ERR_OK);
    bed_say_frame(&f->bed, FRAME_BUNDLE, view);
    f->next += count;
}

/* Two packets a bundle, one delay before they sound. */
static void speak_until(struct fixture *f, usec_t after_start_us)
{
    while (bed_station_us(&f->bed) < f->start_us + after_start_us) {
        usec_t pts_us = f->start_us + (usec_t)f->next * PACKET_US;

        if (f->bed.said.joined == STREAM && pts_us < bed_station_us(&f->bed) + DELAY_US)
            send_packets(f, 2, false);
        bed_run_us(&f->bed, 10000);
    }
}

/* Say nothing; what would have been said is gone. */
static void pause_until(struct fixture *f, usec_t after_start_us)
{
    bed_run_to(&f->bed, f->start_us + after_start_us);
    f->next = (size_t)((after_start_us + DELAY_US) / PACKET_US);
}

static double alike(const struct fixture *f, const struct recording *r, usec_t origin_us,
                    usec_t at_us)
{
    double correlation, late;

    late = bed_lateness_us(&f->bed, r, origin_us, f->start_us + at_us, &correlation);
    return fabs(late) < 1000 ? correlation : 0;
}

static bool is_silent(const struct fixture *f, usec_t from_us, usec_t to_us)
{
    return bed_silent(&f->bed, f->start_us + from_us, f->start_us + to_us);
}

static void test_live_sound_ends_regularly_when_the_speaker_hangs_up(void **state)
{
    struct fixture *f = *state;
    const struct recording *r = &speech;
    usec_t end_us;

    order_live(f, false);
    speak_until(f, 8 * USEC_PER_SEC);
    send_packets(f, 0, true);
    end_us = f->start_us + (usec_t)f->next * PACKET_US;
    bed_run_us(&f->bed, 3 * USEC_PER_SEC);
    /* The codec's own delay: the recording's sample 0 is packet 0 after its pre-skip. */
    assert_true(alike(f, r, f->start_us + 6500, 4 * USEC_PER_SEC) > 0.99);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_in_range(bed_receipt(&f->bed, 1)->actual_end_us, end_us - 20000, end_us + 20000);
    assert_true(f->bed.said.status.uptime_ms > 0);
}

static void test_a_stall_longer_than_the_buffer_is_silence_and_comes_back_aligned(void **state)
{
    struct fixture *f = *state;

    order_live(f, false);
    speak_until(f, 6 * USEC_PER_SEC);
    pause_until(f, 9 * USEC_PER_SEC);
    speak_until(f, 15 * USEC_PER_SEC);
    send_packets(f, 0, true);
    bed_run_us(&f->bed, 3 * USEC_PER_SEC);
    assert_true(is_silent(f, 6 * USEC_PER_SEC + 500000, 9 * USEC_PER_SEC));
    assert_true(alike(f, &speech, f->start_us + 6500, 11 * USEC_PER_SEC) > 0.99);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(&f->bed, 1)->gaps, 1);
    assert_in_range(bed_receipt(&f->bed, 1)->gap_ms, 2600, 3300);
}

static void test_a_source_that_is_lost_gives_way_to_the_fallback_after_the_grace(void **state)
{
    struct fixture *f = *state;
    usec_t lost_us, origin_us;

    order_live(f, true);
    speak_until(f, 5 * USEC_PER_SEC);
    lost_us = (usec_t)f->next * PACKET_US;
    origin_us = lost_us + GRACE_MS * USEC_PER_MSEC + 500000;
    bed_run_to(&f->bed, f->start_us + origin_us + 16 * USEC_PER_SEC);
    assert_true(is_silent(f, lost_us + 200000, origin_us - 100000));
    assert_true(alike(f, &music, f->start_us + origin_us, origin_us + 3 * USEC_PER_SEC) > 0.99);
    /* It goes on from its beginning until there is something else. */
    assert_true(alike(f, &music, f->start_us + origin_us + 7 * USEC_PER_SEC,
                      origin_us + 10 * USEC_PER_SEC) > 0.99);
    bed_run_to(&f->bed, f->start_us + (LIVE_S + 2) * USEC_PER_SEC);
    assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_SOURCE_LOST);
    assert_int_equal(bed_receipt(&f->bed, 1)->carrier, loa_Carrier_CARRIER_BOTH);
}

static void test_a_source_that_comes_back_takes_its_place_again(void **state)
{
    struct fixture *f = *state;

    order_live(f, true);
    speak_until(f, 4 * USEC_PER_SEC);
    pause_until(f, 20 * USEC_PER_SEC);
    speak_until(f, 26 * USEC_PER_SEC);
    send_packets(f, 0, true);
    bed_run_us(&f->bed, 3 * USEC_PER_SEC);
    assert_true(bed_logged(&f->bed, "live.fallback"));
    assert_true(bed_logged(&f->bed, "live.back"));
    assert_true(alike(f, &speech, f->start_us + 6500, 23 * USEC_PER_SEC) > 0.99);
    assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_SOURCE_LOST);
}

static void test_without_a_fallback_a_lost_source_is_silence(void **state)
{
    struct fixture *f = *state;

    order_live(f, false);
    speak_until(f, 4 * USEC_PER_SEC);
    bed_run_to(&f->bed, f->start_us + (LIVE_S + 2) * USEC_PER_SEC);
    assert_true(is_silent(f, 5 * USEC_PER_SEC, LIVE_S * USEC_PER_SEC));
    assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_SOURCE_LOST);
}

static void test_a_source_that_never_came_is_lost_too(void **state)
{
    struct fixture *f = *state;
    usec_t origin_us = GRACE_MS * USEC_PER_MSEC + 500000;

    order_live(f, true);
    bed_run_to(&f->bed, f->start_us + origin_us + 5 * USEC_PER_SEC);
    assert_true(alike(f, &music, f->start_us + origin_us, origin_us + 3 * USEC_PER_SEC) > 0.99);
}

static void test_status_says_how_early_packets_come(void **state)
{
    struct fixture *f = *state;

    order_live(f, false);
    speak_until(f, 5 * USEC_PER_SEC);
    assert_true(f->bed.said.status.has_stream_margin);
    assert_in_range(f->bed.said.status.stream_margin_ms, 1, DELAY_US / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_live_sound_ends_regularly_when_the_speaker_hangs_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_stall_longer_than_the_buffer_is_silence_and_comes_back_aligned, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_source_that_is_lost_gives_way_to_the_fallback_after_the_grace, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_a_source_that_comes_back_takes_its_place_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_fallback_a_lost_source_is_silence, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_source_that_never_came_is_lost_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_status_says_how_early_packets_come, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
