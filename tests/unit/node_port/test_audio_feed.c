#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio_feed.h"
#include "fakenode.h"

/* A card that the test moves by hand. */
struct card {
    struct audio_out out;
    struct audio_ring *ring;
    usec_t stamped_us;
    float last;
};

static struct audio_ring ring;
static struct card card;
static struct node node;
static struct audio_feed feed;

static void card_tick(struct audio_out *o, usec_t mono_us)
{
    (void)o;
    (void)mono_us;
}

static void card_stamp(struct audio_out *o, usec_t station_us, uint32_t uncertainty_us)
{
    assert_int_equal(uncertainty_us, 10);
    ((struct card *)o)->stamped_us = station_us;
}

static void play(size_t frames)
{
    float block[480];

    for (; frames > 0; frames -= 480) {
        audio_ring_note(&ring, audio_ring_position(&ring), 5000);
        audio_ring_read(&ring, block, 480);
        card.last = block[479];
    }
}

static int make(void **state)
{
    (void)state;
    memset(&node, 0, sizeof(node));
    node.value = 0.5F;
    memset(&card, 0, sizeof(card));
    card.out = (struct audio_out){.rate_hz = 48000,
                                  .openings = 1,
                                  .name = "test",
                                  .tick = card_tick,
                                  .stamp = card_stamp,
                                  .stamp_mono_us = 1234};
    assert_int_equal(audio_ring_init(&ring, audio_feed_ring_frames(120)), ERR_OK);
    audio_feed_init(&feed, &ring, &card.out, 120);
    feed.node = &node;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    audio_ring_deinit(&ring);
    return 0;
}

static void test_the_lead_is_rendered_once_and_kept(void **state)
{
    (void)state;
    audio_feed_run(&feed, 0);
    assert_int_equal(node.resets, 1);
    assert_int_equal(node.rate_hz, 48000);
    assert_int_equal(node.next_frame, 5760);
    audio_feed_run(&feed, 1);
    assert_int_equal(node.next_frame, 5760);
    play(960);
    audio_feed_run(&feed, 20000);
    assert_int_equal(node.next_frame, 6720);
    assert_int_equal(node.gaps, 0);
    assert_int_equal(node.resets, 1);
    assert_int_equal(node.positions, 2);
    assert_int_equal(node.last_position, 480);
    assert_int_equal(node.last_position_mono_us, 5000);
}

static void test_the_lead_counts_in_time_at_any_rate(void **state)
{
    (void)state;
    card.out.rate_hz = 192000;
    audio_feed_run(&feed, 0);
    assert_int_equal(node.next_frame, 23040);
}

static void test_an_underrun_makes_the_node_render_ahead_of_the_card(void **state)
{
    (void)state;
    audio_feed_run(&feed, 0);
    play(9600);
    audio_feed_run(&feed, 200000);
    assert_int_equal(node.gaps, 1);
    assert_int_equal(node.gap_first, 9600 + 480);
    assert_int_equal(audio_ring_underruns(&ring), 1);
}

static void test_what_the_card_passed_over_is_gone_and_the_rest_in_its_place(void **state)
{
    float out[480];

    (void)state;
    audio_feed_run(&feed, 0);
    play(480);
    audio_ring_skip(&ring, 960);
    audio_feed_run(&feed, 30000);
    assert_int_equal(node.skipped, 960);
    assert_int_equal(node.gaps, 0);
    assert_int_equal(node.next_frame, 1440 + 5760);
    assert_int_equal(audio_ring_position(&ring), 1440);
    audio_ring_read(&ring, out, 480);
    assert_true(out[0] == 0 && out[240] > 0.24F && out[240] < 0.26F); /* faded in */
    audio_ring_read(&ring, out, 480);
    assert_true(out[0] == 0.5F);
    audio_feed_run(&feed, 40000);
    assert_int_equal(node.skipped, 960);
    assert_int_equal(audio_ring_underruns(&ring), 0);
}

static void test_after_a_flush_rendering_goes_on_as_soon_as_it_has_faded(void **state)
{
    (void)state;
    audio_feed_run(&feed, 0);
    play(480);
    audio_feed_flush(&feed);
    assert_int_equal(audio_feed_interval_us(&feed), AUDIO_FEED_FLUSH_INTERVAL_US);
    audio_feed_run(&feed, 10000);
    assert_int_equal(node.next_frame, 5760);
    play(960);
    assert_true(card.last == 0);
    assert_int_equal(audio_feed_interval_us(&feed), AUDIO_FEED_INTERVAL_US);
    audio_feed_run(&feed, 20000);
    assert_int_equal(node.gaps, 1);
    assert_int_equal(node.gap_first, 1440 + 480);
    assert_int_equal(node.next_frame, 1440 + 5760);
    play(960);
    assert_true(card.last == 0.5F);
    assert_int_equal(audio_ring_underruns(&ring), 0);
}

static void test_nothing_is_rendered_while_the_card_is_gone(void **state)
{
    (void)state;
    audio_feed_run(&feed, 0);
    card.out.rate_hz = 0;
    play(960);
    audio_feed_run(&feed, 20000);
    assert_int_equal(node.next_frame, 5760);
    audio_ring_reset(&ring, 44100);
    card.out.rate_hz = 44100;
    card.out.openings++;
    audio_feed_run(&feed, 30000);
    assert_int_equal(node.resets, 2);
    assert_int_equal(node.rate_hz, 44100);
    assert_int_equal(node.next_frame, 5292);
    assert_int_equal(node.gaps, 0);
}

static void test_the_first_frame_is_stamped_once_the_clock_is_locked(void **state)
{
    (void)state;
    audio_feed_run(&feed, 0);
    assert_int_equal(card.stamped_us, 0);
    node.clock_locked = true;
    node.offset_us = 1000000;
    audio_feed_run(&feed, 500000);
    assert_int_equal(card.stamped_us, 0);
    audio_feed_run(&feed, 1000000);
    assert_int_equal(card.stamped_us, 1001234);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        CASE(test_the_lead_is_rendered_once_and_kept),
        CASE(test_the_lead_counts_in_time_at_any_rate),
        CASE(test_an_underrun_makes_the_node_render_ahead_of_the_card),
        CASE(test_what_the_card_passed_over_is_gone_and_the_rest_in_its_place),
        CASE(test_after_a_flush_rendering_goes_on_as_soon_as_it_has_faded),
        CASE(test_nothing_is_rendered_while_the_card_is_gone),
        CASE(test_the_first_frame_is_stamped_once_the_clock_is_locked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
