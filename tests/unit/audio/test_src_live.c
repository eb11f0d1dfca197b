#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agc.h"
#include "encoder.h"
#include "packet.h"
#include "src_live.h"

#define START_US (INT64_C(1800000000) * USEC_PER_SEC)
#define DELAY_US (200 * USEC_PER_MSEC)
#define PIECE PACKET_SAMPLES

struct fixture {
    struct pcmring *ring;
    struct live_control control;
    struct source *source;
    uint32_t next_seq; /* that is expected */
    size_t packets, jumps;
    usec_t last_pts_us, least_delay_us;
};

static void make(struct fixture *f, bool trim_start)
{
    const struct src_live_plan plan = {.start_us = START_US,
                                       .delay_us = DELAY_US,
                                       .bundle_packets = 2,
                                       .trim_start = trim_start,
                                       .level = true,
                                       .bitrate_bps = ENCODER_BITRATE_BPS};

    *f = (struct fixture){.least_delay_us = INT64_MAX};
    assert_int_equal(pcmring_new(SAMPLE_RATE_HZ, &f->ring), ERR_OK);
    assert_int_equal(src_live_new(&plan, f->ring, &f->control, &f->source), ERR_OK);
}

static void unmake(struct fixture *f)
{
    f->source->ops->free(f->source);
    pcmring_unref(f->ring);
}

/* Twenty milliseconds of a hum; amplitude 0 is a pause. */
static void say(struct fixture *f, float amplitude)
{
    float pcm[PIECE];

    for (size_t i = 0; i < PIECE; i++)
        pcm[i] = amplitude * sinf((float)i * 0.05F);
    (void)pcmring_write(f->ring, pcm, PIECE);
}

/* Take what is due, as the engine does. Returns the source's last word. */
static enum err take(struct fixture *f, usec_t now_us)
{
    struct source_packet p;
    enum err e;

    while ((e = f->source->ops->next_packet(f->source, now_us, now_us, &p)) == ERR_OK) {
        assert_true(p.payload.len > 0);
        assert_true(f->packets == 0 || p.seq > f->next_seq - 1);
        f->jumps += f->packets > 0 && p.seq != f->next_seq;
        f->next_seq = p.seq + 1;
        f->packets++;
        f->last_pts_us = p.pts_us;
        assert_int_equal(p.pts_us, START_US + p.seq * PACKET_US);
        if (p.pts_us - now_us < f->least_delay_us)
            f->least_delay_us = p.pts_us - now_us;
    }
    return e;
}

static void speak(struct fixture *f, usec_t from_us, usec_t until_us, float amplitude)
{
    for (usec_t now_us = from_us; now_us < until_us; now_us += PACKET_US) {
        say(f, amplitude);
        assert_int_equal(take(f, now_us), ERR_MORE);
    }
}

static void test_steady_input_goes_out_without_a_jump_one_delay_ahead(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, true);
    speak(&f, START_US - USEC_PER_SEC, START_US + 4 * USEC_PER_SEC, 0.2F);
    assert_int_equal(f.jumps, 0);
    assert_in_range(f.packets, 205, 211);
    assert_in_range(f.least_delay_us, DELAY_US - 60000, DELAY_US);
    assert_int_equal(atomic_load(&f.control.late), 0);
    unmake(&f);
}

static void test_what_a_microphone_heard_before_the_start_is_dropped(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, true);
    speak(&f, START_US - USEC_PER_SEC, START_US - DELAY_US + PACKET_US, 0.2F);
    assert_true(pcmring_held(f.ring) < 3 * PIECE);
    unmake(&f);
}

static void test_a_stall_leaves_a_gap_and_the_timeline_goes_on_one_delay_later(void **state)
{
    struct fixture f;
    usec_t again_us = START_US + 3 * USEC_PER_SEC;

    (void)state;
    make(&f, true);
    speak(&f, START_US, START_US + USEC_PER_SEC, 0.2F);
    assert_int_equal(take(&f, again_us - 1), ERR_MORE);
    f.jumps = 0;
    f.least_delay_us = INT64_MAX;
    speak(&f, again_us, again_us + USEC_PER_SEC, 0.2F);
    assert_int_equal(f.jumps, 1);
    assert_int_equal(atomic_load(&f.control.late), 1);
    assert_in_range(f.least_delay_us, DELAY_US - 60000, DELAY_US + PACKET_US);
    unmake(&f);
}

static void test_input_that_comes_too_fast_waits_in_the_ring(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, false);
    for (size_t i = 0; i < 40; i++)
        say(&f, 0.2F);
    assert_int_equal(take(&f, START_US - DELAY_US - 1), ERR_MORE);
    assert_int_equal(f.packets, 0);
    assert_int_equal(take(&f, START_US - DELAY_US), ERR_MORE);
    assert_int_equal(f.packets, 2);
    assert_int_equal(pcmring_held(f.ring), 38 * PIECE);
    unmake(&f);
}

static void test_what_piled_up_is_dropped_in_a_pause(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, false);
    for (size_t i = 0; i < 8; i++)
        say(&f, 0.2F);
    speak(&f, START_US - DELAY_US, START_US + USEC_PER_SEC, 0.2F);
    assert_true(pcmring_held(f.ring) > 6 * PIECE);
    speak(&f, START_US + USEC_PER_SEC, START_US + 2 * USEC_PER_SEC, 0);
    assert_true(pcmring_held(f.ring) <= 4 * PIECE);
    assert_int_equal(f.jumps, 0);
    unmake(&f);
}

static void test_the_delay_grows_at_a_pause_only(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, true);
    speak(&f, START_US, START_US + USEC_PER_SEC, 0.2F);
    atomic_store(&f.control.delay_us, DELAY_US + 300000);
    speak(&f, START_US + USEC_PER_SEC, START_US + 2 * USEC_PER_SEC, 0.2F);
    assert_int_equal(atomic_load(&f.control.in_force_us), DELAY_US);
    speak(&f, START_US + 2 * USEC_PER_SEC, START_US + 3 * USEC_PER_SEC, 0);
    f.least_delay_us = INT64_MAX;
    speak(&f, START_US + 3 * USEC_PER_SEC, START_US + 4 * USEC_PER_SEC, 0.2F);
    assert_true(f.least_delay_us >= DELAY_US + 240000);
    unmake(&f);
}

static void test_a_closed_ring_is_played_to_its_last_sample(void **state)
{
    struct fixture f;
    float few[100] = {0};

    (void)state;
    make(&f, true);
    speak(&f, START_US, START_US + USEC_PER_SEC, 0.2F);
    (void)pcmring_write(f.ring, few, 100);
    pcmring_close(f.ring);
    for (usec_t now_us = START_US + USEC_PER_SEC; take(&f, now_us) == ERR_MORE; now_us += PACKET_US)
        assert_true(now_us < START_US + 2 * USEC_PER_SEC);
    assert_int_equal(pcmring_held(f.ring), 0);
    unmake(&f);
}

static void test_a_quiet_and_a_loud_voice_come_to_one_level(void **state)
{
    const float amplitudes[] = {0.02F, 0.9F};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct agc agc;
        float pcm[PIECE];
        int32_t last = 0;

        agc_init(&agc);
        for (size_t n = 0; n < 600; n++) {
            for (size_t i = 0; i < PIECE; i++)
                pcm[i] = amplitudes[k] * sinf((float)i * 0.05F);
            (void)agc_process(&agc, pcm, PIECE);
            last = agc_rms_mdb(pcm, PIECE);
        }
        assert_in_range(last - AGC_TARGET_MDB + 1000, 0, 2000);
    }
}

static void test_a_pause_is_not_raised(void **state)
{
    struct agc agc;
    float pcm[PIECE];

    (void)state;
    agc_init(&agc);
    for (size_t n = 0; n < 500; n++) {
        for (size_t i = 0; i < PIECE; i++)
            pcm[i] = 0.0005F;
        (void)agc_process(&agc, pcm, PIECE);
    }
    assert_true(fabsf(pcm[0] - 0.0005F) < 1e-6F);
}

static void test_the_ring_wraps_and_refuses_what_does_not_fit(void **state)
{
    struct pcmring *r;
    float in[70], out[70];

    (void)state;
    for (size_t i = 0; i < 70; i++)
        in[i] = (float)i;
    assert_int_equal(pcmring_new(100, &r), ERR_OK);
    for (size_t round = 0; round < 50; round++) {
        assert_int_equal(pcmring_write(r, in, 70), 70);
        assert_int_equal(pcmring_write(r, in, 70), 30);
        assert_true(pcmring_read(r, out, 70));
        assert_memory_equal(out, in, sizeof(in));
        assert_false(pcmring_read(r, out, 31));
        assert_true(pcmring_read(r, out, 30));
        assert_memory_equal(out, in, 30 * sizeof(float));
    }
    pcmring_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_input_goes_out_without_a_jump_one_delay_ahead),
        cmocka_unit_test(test_what_a_microphone_heard_before_the_start_is_dropped),
        cmocka_unit_test(test_a_stall_leaves_a_gap_and_the_timeline_goes_on_one_delay_later),
        cmocka_unit_test(test_input_that_comes_too_fast_waits_in_the_ring),
        cmocka_unit_test(test_what_piled_up_is_dropped_in_a_pause),
        cmocka_unit_test(test_the_delay_grows_at_a_pause_only),
        cmocka_unit_test(test_a_closed_ring_is_played_to_its_last_sample),
        cmocka_unit_test(test_a_quiet_and_a_loud_voice_come_to_one_level),
        cmocka_unit_test(test_a_pause_is_not_raised),
        cmocka_unit_test(test_the_ring_wraps_and_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
