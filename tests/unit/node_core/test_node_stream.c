#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bedport.h"
#include "nodebed.h"

#define STREAM 77
#define PRESKIP_US 6500
#define AHEAD_US 1000000

static struct teststation station;
static struct recording speech;

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
    recording_make(&speech, 10000, 21);
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
    f->bed.card_ppm = -60;
    f->bed.card_jitter_us = 300;
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

static void order_stream(struct fixture *f, usec_t in_us)
{
    loa_OrderBody order;

    f->start_us = bed_station_us(&f->bed) + in_us;
    order = bed_order(1, f->start_us, &speech);
    order.stream_id = STREAM;
    bed_send_order(&f->bed, &order);
}

static usec_t pts(const struct fixture *f, size_t k)
{
    return f->start_us - PRESKIP_US + (usec_t)k * PACKET_US;
}

static void send_packets(struct fixture *f, uint32_t stream, size_t first, size_t count)
{
    uint8_t payload[FRAME_PAYLOAD_MAX];
    struct bundle_writer w;
    struct bytes view;

    bundle_begin(&w, payload, sizeof(payload));
    for (size_t k = first; k < first + count; k++) {
        struct packet p = {.stream = {stream},
                           .seq = (uint32_t)k,
                           .pts_us = pts(f, k),
                           .payload = bytes_of(speech.packets[k], speech.packet_len[k])};

        assert_int_equal(bundle_add(&w, &p), ERR_OK);
    }
    assert_int_equal(bundle_finish(&w, false, NULL, &view), ERR_OK);
    bed_say_frame(&f->bed, FRAME_BUNDLE, view);
}

/* Send what is due, five packets a bundle, until a station time; some of it may be withheld. */
static void stream_until(struct fixture *f, usec_t until_us, bool (*withheld)(size_t bundle))
{
    while (bed_station_us(&f->bed) < until_us) {
        while (f->bed.said.joined == STREAM && f->next < speech.packet_count &&
               pts(f, f->next) < bed_station_us(&f->bed) + AHEAD_US) {
            size_t left = speech.packet_count - f->next, count = left < 5 ? left : 5;

            if (withheld == NULL || !withheld(f->next / 5))
                send_packets(f, STREAM, f->next, count);
            f->next += count;
        }
        bed_run_us(&f->bed, 20000);
    }
}

static double lateness(const struct fixture *f, usec_t after_start_us)
{
    double correlation, late = bed_lateness_us(&f->bed, &speech, f->start_us,
                                               f->start_us + after_start_us, &correlation);

    return correlation > 0.95 ? late : 1e9;
}

static void test_what_is_not_cached_is_streamed_to_the_same_place(void **state)
{
    struct fixture *f = *state;

    order_stream(f, 5 * USEC_PER_SEC);
    stream_until(f, f->start_us + 11 * USEC_PER_SEC, NULL);
    assert_int_equal(f->bed.said.joins, 1);
    for (usec_t at = 20000; at < 9500000; at += 1500000)
        assert_true(fabs(lateness(f, at)) < 50);
    assert_true(bed_silent(&f->bed, f->start_us - USEC_PER_SEC, f->start_us - 100));
    assert_int_equal(bed_receipt(&f->bed, 1)->carrier, loa_Carrier_CARRIER_STREAM);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(f->bed.said.leaves, 1);
}

static void test_a_late_joiner_of_a_stream_enters_in_progress(void **state)
{
    struct fixture *f = *state;

    order_stream(f, -3 * USEC_PER_SEC);
    f->next = 160; /* the controller begins just before now */
    stream_until(f, f->start_us + 11 * USEC_PER_SEC, NULL);
    assert_true(fabs(lateness(f, 4500000)) < 50);
    assert_true(fabs(lateness(f, 9000000)) < 50);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_LATE);
}

static bool lose_one(size_t bundle)
{
    return bundle == 20;
}

static void test_lost_packets_are_concealed_counted_and_the_rest_is_in_place(void **state)
{
    struct fixture *f = *state;

    order_stream(f, 5 * USEC_PER_SEC);
    stream_until(f, f->start_us + 11 * USEC_PER_SEC, lose_one);
    /* Packets 100 to 104 cover 1,993.5 to 2,093.5 ms: 60 ms concealed, 20 ms of fade, silence. */
    assert_true(fabs(lateness(f, 1900000)) < 50);
    assert_false(bed_silent(&f->bed, f->start_us + 1994000, f->start_us + 2020000));
    assert_false(bed_silent(&f->bed, f->start_us + 2046000, f->start_us + 2053000));
    assert_false(bed_silent(&f->bed, f->start_us + 2055000, f->start_us + 2060000));
    assert_true(bed_silent(&f->bed, f->start_us + 2074000, f->start_us + 2092000));
    assert_true(fabs(lateness(f, 2200000)) < 50);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(&f->bed, 1)->gaps, 1);
    assert_in_range(bed_receipt(&f->bed, 1)->gap_ms, 99, 101);
    assert_int_equal(f->bed.said.faults, 0);
}

static bool stall(size_t bundle)
{
    return bundle >= 20 && bundle < 60;
}

static void test_a_stall_ends_in_silence_and_an_aligned_return(void **state)
{
    struct fixture *f = *state;

    order_stream(f, 5 * USEC_PER_SEC);
    stream_until(f, f->start_us + 11 * USEC_PER_SEC, stall);
    assert_true(bed_silent(&f->bed, f->start_us + 2100000, f->start_us + 5990000));
    assert_true(fabs(lateness(f, 6200000)) < 50);
    assert_int_equal(bed_receipt(&f->bed, 1)->gaps, 1);
    assert_in_range(bed_receipt(&f->bed, 1)->gap_ms, 3990, 4100);
    assert_true((f->bed.said.faults & loa_Fault_FAULT_SILENT_OUTPUT) != 0);
    assert_int_equal(f->bed.said.status.faults, 0);
}

static void test_duplicates_and_disorder_change_nothing(void **state)
{
    struct fixture *f = *state;

    order_stream(f, 5 * USEC_PER_SEC);
    bed_run_to(&f->bed, f->start_us - USEC_PER_SEC);
    assert_int_equal(f->bed.said.joined, STREAM);
    for (size_t block = 0; block < 500 / 50; block++) {
        for (size_t k = 10; k-- > 0;) {
            send_packets(f, STREAM, block * 50 + k * 5, 5);
            if (k % 3 == 0)
                send_packets(f, STREAM, block * 50 + k * 5, 5);
        }
        bed_run_us(&f->bed, 900000);
    }
    bed_run_to(&f->bed, f->start_us + 12 * USEC_PER_SEC);
    for (usec_t at = 20000; at < 9500000; at += 1500000)
        assert_true(fabs(lateness(f, at)) < 50);
    assert_in_range(bed_receipt(&f->bed, 1)->gap_ms, 0, 20);
}

static void test_a_stream_that_no_order_names_never_sounds(void **state)
{
    struct fixture *f = *state;

    f->start_us = bed_station_us(&f->bed) + USEC_PER_SEC;
    for (size_t k = 0; k < 100; k += 5)
        send_packets(f, STREAM, k, 5);
    bed_run_us(&f->bed, 5 * USEC_PER_SEC);
    assert_true(bed_silent(&f->bed, f->start_us - USEC_PER_SEC, bed_station_us(&f->bed)));

    order_stream(f, 5 * USEC_PER_SEC);
    bed_run_to(&f->bed, f->start_us - USEC_PER_SEC);
    for (size_t k = 0; k < 100; k += 5)
        send_packets(f, STREAM + 1, k, 5);
    bed_run_us(&f->bed, 5 * USEC_PER_SEC);
    assert_true(bed_silent(&f->bed, f->start_us, bed_station_us(&f->bed)));
}

static void test_media_that_nobody_has_is_reported_missing(void **state)
{
    struct fixture *f = *state;
    loa_OrderBody order = bed_order(1, bed_station_us(&f->bed) + 2 * USEC_PER_SEC, &speech);

    bed_send_order(&f->bed, &order);
    bed_run_to(&f->bed, order.start_us + 11 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(&f->bed, 1)->outcome, loa_Outcome_OUTCOME_MISSED);
    assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_NO_MEDIA);
}

static void test_the_stream_is_joined_again_after_the_link_came_back(void **state)
{
    struct fixture *f = *state;

    order_stream(f, 5 * USEC_PER_SEC);
    stream_until(f, f->start_us + 3 * USEC_PER_SEC, NULL);
    bed_link(&f->bed, false);
    bed_run_us(&f->bed, 2 * USEC_PER_SEC);
    bed_link(&f->bed, true);
    f->next += 150;
    f->next -= f->next % 5;
    stream_until(f, f->start_us + 11 * USEC_PER_SEC, NULL);
    assert_int_equal(f->bed.said.joins, 2);
    assert_true(fabs(lateness(f, 3800000)) < 50);
    assert_true(fabs(lateness(f, 9000000)) < 50);
    assert_int_equal(bed_receipt(&f->bed, 1)->gaps, 1);
}

/* ---- a cached recording that is lost after it was judged ready ---- */

static struct bed_object *cached(struct fixture *f)
{
    for (size_t i = 0; i < BED_OBJECTS; i++)
        if (f->flash.objects[i].used && f->flash.objects[i].name[0] == 'm')
            return &f->flash.objects[i];
    fail_msg("nothing is cached");
    return NULL;
}

static void lose(struct fixture *f)
{
    assert_int_equal(bed_flash_remove(&f->bed, cached(f)->name), ERR_OK);
}

static void truncate_it(struct fixture *f)
{
    cached(f)->len /= 2;
}

/* A byte in the sixth of eleven pages: 4.99 to 5.99 s. */
static void corrupt(struct fixture *f)
{
    cached(f)->data[cached(f)->len / 2] ^= 0x40;
}

/* Have the recording, and an order in 40 s that names a stream or none; run to so long before the start. */
static void order_cached(struct fixture *f, bool stream, bool serves, usec_t until_us)
{
    loa_OrderBody order;

    bed_cache(&f->bed, &speech);
    f->bed.serves_media = serves;
    f->start_us = bed_station_us(&f->bed) + 40 * USEC_PER_SEC;
    order = bed_order(1, f->start_us, &speech);
    order.stream_id = stream ? STREAM : 0;
    bed_send_order(&f->bed, &order);
    bed_run_to(&f->bed, f->start_us + until_us);
    assert_int_equal(f->bed.said.joins, 0);
}

/* Serve the stream once it is asked for, as a controller does: from just before what sounds on, first
 * half a second in one bundle. */
static const loa_Receipt *finish(struct fixture *f)
{
    usec_t sounds_us;

    while (f->bed.said.joins == 0 && bed_station_us(&f->bed) < f->start_us + 12 * USEC_PER_SEC)
        bed_run_us(&f->bed, 5000);
    sounds_us = bed_station_us(&f->bed) - f->start_us;
    if (f->bed.said.joins > 0 && sounds_us > 0) {
        f->next = (size_t)(sounds_us / PACKET_US - 5);
        send_packets(f, STREAM, f->next, 25);
        f->next += 25;
    }
    stream_until(f, f->start_us + 12 * USEC_PER_SEC, NULL);
    return bed_receipt(&f->bed, 1);
}

static void test_a_recording_lost_before_its_start_is_streamed_whole(void **state)
{
    struct fixture *f = *state;
    const loa_Receipt *r;

    order_cached(f, true, false, -5 * USEC_PER_SEC);
    lose(f);
    bed_run_to(&f->bed, f->start_us - USEC_PER_SEC);
    assert_int_equal(f->bed.said.joins, 1);
    r = finish(f);
    assert_int_equal(f->bed.said.joins, 1);
    for (usec_t at = 20000; at < 9500000; at += 1500000)
        assert_true(fabs(lateness(f, at)) < 50);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(r->carrier, loa_Carrier_CARRIER_STREAM);
    assert_true(bed_logged(&f->bed, "cache.unreadable"));
}

static void test_a_recording_lost_at_its_start_is_streamed_from_there(void **state)
{
    struct fixture *f = *state;
    const loa_Receipt *r;

    order_cached(f, true, false, -USEC_PER_SEC);
    lose(f);
    r = finish(f);
    for (usec_t at = 500000; at < 9500000; at += 1500000)
        assert_true(fabs(lateness(f, at)) < 50);
    assert_int_not_equal(r->outcome, loa_Outcome_OUTCOME_MISSED);
    assert_int_equal(r->carrier, loa_Carrier_CARRIER_STREAM);
    assert_in_range(r->gap_ms, 0, 300);
}

static void test_a_lost_recording_without_a_stream_is_fetched_again(void **state)
{
    struct fixture *f = *state;
    const loa_Receipt *r;

    order_cached(f, false, true, -5 * USEC_PER_SEC);
    lose(f);
    r = finish(f);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(r->carrier, loa_Carrier_CARRIER_CACHE);
    assert_int_equal(cached(f)->len, speech.len);
}

static void test_a_lost_recording_that_nobody_has_is_missing_media(void **state)
{
    static const usec_t before[] = {-5 * USEC_PER_SEC, -USEC_PER_SEC};

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = *state;

        order_cached(f, false, false, before[i]);
        lose(f);
        assert_int_equal(finish(f)->outcome, loa_Outcome_OUTCOME_MISSED);
        assert_int_equal(bed_receipt(&f->bed, 1)->reason, loa_Reason_REASON_NO_MEDIA);
        assert_int_equal(tear_down(state) + set_up(state), 0);
    }
}

static void test_a_recording_lost_while_it_sounds_goes_on_as_a_stream(void **state)
{
    static void (*const harm[])(struct fixture *) = {truncate_it, corrupt};

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = *state;
        const loa_Receipt *r;

        order_cached(f, true, false, 2 * USEC_PER_SEC);
        harm[i](f);
        r = finish(f);
        assert_int_equal(f->bed.said.joins, 1);
        for (usec_t at = 20000; at < 9500000; at += 500000)
            if (at < 4 * USEC_PER_SEC || at > 6 * USEC_PER_SEC)
                assert_true(fabs(lateness(f, at)) < 50);
        assert_int_equal(r->outcome, loa_Outcome_OUTCOME_PARTLY);
        assert_int_equal(r->reason, loa_Reason_REASON_NO_MEDIA);
        assert_int_equal(r->carrier, loa_Carrier_CARRIER_BOTH);
        assert_int_equal(r->gaps, 1);
        assert_in_range(r->gap_ms, 1, 300);
        assert_in_range(r->played_ms + r->gap_ms, 9990, 10010);
        assert_true(bed_logged(&f->bed, "cache.unreadable"));
        assert_int_equal(tear_down(state) + set_up(state), 0);
    }
}

static void test_a_recording_cut_short_without_a_stream_is_said_so(void **state)
{
    struct fixture *f = *state;
    const loa_Receipt *r;

    order_cached(f, false, false, 2 * USEC_PER_SEC);
    truncate_it(f);
    r = finish(f);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(r->reason, loa_Reason_REASON_NO_MEDIA);
    assert_int_equal(r->carrier, loa_Carrier_CARRIER_CACHE);
    assert_int_equal(r->gaps, 1);
    assert_in_range(r->gap_ms, 4000, 6500);
    assert_in_range(r->played_ms + r->gap_ms, 9990, 10010);
}

static void test_a_damaged_recording_plays_on_and_is_fetched_again_after(void **state)
{
    struct fixture *f = *state;
    const loa_Receipt *r;

    order_cached(f, false, true, 2 * USEC_PER_SEC);
    corrupt(f);
    r = finish(f);
    assert_true(fabs(lateness(f, 8000000)) < 50);
    assert_int_equal(r->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(r->reason, loa_Reason_REASON_NO_MEDIA);
    assert_int_equal(r->gaps, 1);
    assert_in_range(r->gap_ms, 900, 1200);
    assert_true(bed_logged(&f->bed, "cache.hash_mismatch"));
    bed_run_us(&f->bed, 5 * USEC_PER_SEC);
    assert_memory_equal(cached(f)->data, speech.data, speech.len);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_not_cached_is_streamed_to_the_same_place),
        CASE(test_a_late_joiner_of_a_stream_enters_in_progress),
        CASE(test_lost_packets_are_concealed_counted_and_the_rest_is_in_place),
        CASE(test_a_stall_ends_in_silence_and_an_aligned_return),
        CASE(test_duplicates_and_disorder_change_nothing),
        CASE(test_a_stream_that_no_order_names_never_sounds),
        CASE(test_media_that_nobody_has_is_reported_missing),
        CASE(test_the_stream_is_joined_again_after_the_link_came_back),
        CASE(test_a_recording_lost_before_its_start_is_streamed_whole),
        CASE(test_a_recording_lost_at_its_start_is_streamed_from_there),
        CASE(test_a_lost_recording_without_a_stream_is_fetched_again),
        CASE(test_a_lost_recording_that_nobody_has_is_missing_media),
        CASE(test_a_recording_lost_while_it_sounds_goes_on_as_a_stream),
        CASE(test_a_recording_cut_short_without_a_stream_is_said_so),
        CASE(test_a_damaged_recording_plays_on_and_is_fetched_again_after),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
