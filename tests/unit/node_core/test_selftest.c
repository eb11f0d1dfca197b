#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prop.h"
#include "selftest.h"

#define CARD_HZ 48000
#define STEP_US 10000
#define PATH_MS 180 /* from rendering to the microphone: ring, card, air */

/* A horn and a microphone in one room. */
struct room {
    double gain; /* of the horn's tone at the microphone */
    double noise; /* amplitude of white noise */
    bool noise_begins; /* with the tone, as a motor that starts then */
    double hum; /* amplitude of a steady tone at the very pitch */
    double mic_ppm;
    uint32_t mic_hz;
    struct prop prop;
    double peak[SELFTEST_TRIES]; /* rendered */
};

static float delayed[CARD_HZ * 20];

/* A whole test in virtual time. */
static loa_TestResult run(struct room *room, bool listens)
{
    struct selftest s;
    loa_TestResult result = {0};
    size_t frames = 0, heard = 0;
    usec_t mono_us = 5 * USEC_PER_SEC, began_us = mono_us;
    const size_t per_step = (size_t)((int64_t)CARD_HZ * STEP_US / USEC_PER_SEC);

    memset(delayed, 0, sizeof(delayed));
    selftest_begin(&s, 9, listens, mono_us);
    while (!selftest_step(&s, mono_us, &result)) {
        const size_t late = CARD_HZ * PATH_MS / 1000;
        float block[480], mic[2000];
        size_t count = 0;
        double noise = room->noise_begins && s.phase != SELFTEST_TONE ? 0 : room->noise;

        if (selftest_render(&s, block, per_step, CARD_HZ))
            for (size_t i = 0; i < per_step; i++) {
                double loud = fabs((double)block[i]);

                delayed[frames + late + i] = block[i];
                /* Not fmax(): gcc 12 for arm64 ends in an internal error over it. */
                if (loud > room->peak[s.tries - 1])
                    room->peak[s.tries - 1] = loud;
            }
        frames += per_step;
        mono_us += STEP_US;
        /* The microphone has its own rate and crystal. */
        for (;; heard++) {
            double t = (double)heard / (room->mic_hz * (1 + room->mic_ppm * 1e-6));
            double at = t * CARD_HZ;
            size_t i = (size_t)at;

            if (i + 1 >= frames)
                break;
            mic[count++] = (float)(room->gain * ((1 - (at - (double)i)) * (double)delayed[i] +
                                                 (at - (double)i) * (double)delayed[i + 1]) +
                                   noise * (double)prop_range(&room->prop, -1000, 1000) / 1000 +
                                   room->hum * sin(2 * M_PI * SELFTEST_TONE_HZ * t));
        }
        if (listens)
            selftest_listen(&s, mic, count, room->mic_hz);
        assert_true(mono_us - began_us < 12 * USEC_PER_SEC);
    }
    assert_false(selftest_is_active(&s));
    assert_int_equal(result.order_id, 9);
    return result;
}

static struct room quiet_room(void)
{
    return (struct room){.gain = 0.1, .noise = 0.001, .mic_hz = 48000, .prop = {.state = 1}};
}

static void test_a_horn_that_sounds_is_heard_at_the_first_try(void **state)
{
    static const uint32_t rates[] = {8000, 16000, 44100, 48000, 96000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct room room = quiet_room();
        loa_TestResult r;

        room.mic_hz = rates[i];
        room.mic_ppm = 200;
        r = run(&room, true);
        assert_int_equal(r.heard, loa_Heard_HEARD_YES);
        assert_int_equal(r.tries, 1);
        assert_true(r.margin_mdb > 10000);
    }
}

static void test_a_dead_horn_is_not_heard_after_three_louder_tries(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct room room = quiet_room();
        loa_TestResult r;

        room.gain = 0;
        room.noise = seed % 2 == 0 ? 0.3 : 0;
        room.prop.state = seed;
        r = run(&room, true);
        if (r.heard != loa_Heard_HEARD_NO)
            fail_msg("seed %d: %d", (int)seed, (int)r.heard);
        assert_int_equal(r.tries, 3);
        assert_true(room.peak[1] > 2 * room.peak[0] && room.peak[2] > 2 * room.peak[1]);
        assert_true(room.peak[2] <= 0.5);
    }
}

static void test_a_weak_horn_in_noise_is_heard_when_it_gets_louder(void **state)
{
    struct room room = quiet_room();
    loa_TestResult r;

    (void)state;
    room.gain = 0.02;
    room.noise = 0.06;
    r = run(&room, true);
    assert_int_equal(r.heard, loa_Heard_HEARD_YES);
    assert_true(r.tries > 1);
}

static void test_a_hum_at_the_same_pitch_is_not_the_tone(void **state)
{
    struct room room = quiet_room();

    (void)state;
    room.gain = 0;
    room.hum = 0.2;
    assert_int_equal(run(&room, true).heard, loa_Heard_HEARD_NO);
}

static void test_noise_that_begins_with_the_tone_is_not_the_tone(void **state)
{
    struct room room = quiet_room();

    (void)state;
    room.gain = 0;
    room.noise = 0.3;
    room.noise_begins = true;
    assert_int_equal(run(&room, true).heard, loa_Heard_HEARD_NO);
}

static void test_without_a_microphone_one_tone_is_played_and_nothing_claimed(void **state)
{
    struct room room = quiet_room();
    loa_TestResult r;

    (void)state;
    r = run(&room, false);
    assert_int_equal(r.heard, loa_Heard_HEARD_NOT_MEASURED);
    assert_int_equal(r.tries, 1);
    assert_true(room.peak[0] > 0.1);
}

static void test_a_tone_begins_and_ends_without_a_step(void **state)
{
    struct selftest s;
    loa_TestResult r;
    float tone[80000], last = 0;
    size_t count = 0;

    (void)state;
    selftest_begin(&s, 1, false, 0);
    assert_false(selftest_step(&s, SELFTEST_BEFORE_US, &r));
    while (selftest_render(&s, tone + count, 480, CARD_HZ))
        count += 480;
    assert_int_equal(count, CARD_HZ * 3 / 2);
    for (size_t i = 0; i < count; i++) {
        assert_true(fabsf(tone[i] - last) < 0.18F * 0.14F);
        last = tone[i];
    }
    assert_true(fabsf(last) < 0.001F);
}

static void test_a_card_that_asks_for_nothing_breaks_it_off(void **state)
{
    struct selftest s;
    loa_TestResult r = {0};
    usec_t mono_us = 0;

    (void)state;
    selftest_begin(&s, 1, true, 0);
    while (!selftest_step(&s, mono_us, &r))
        mono_us += STEP_US;
    assert_int_equal(r.heard, loa_Heard_HEARD_BROKEN_OFF);
    selftest_begin(&s, 2, true, 0);
    selftest_break_off(&s);
    assert_true(selftest_step(&s, 1, &r));
    assert_int_equal(r.heard, loa_Heard_HEARD_BROKEN_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_horn_that_sounds_is_heard_at_the_first_try),
        cmocka_unit_test(test_a_dead_horn_is_not_heard_after_three_louder_tries),
        cmocka_unit_test(test_a_weak_horn_in_noise_is_heard_when_it_gets_louder),
        cmocka_unit_test(test_a_hum_at_the_same_pitch_is_not_the_tone),
        cmocka_unit_test(test_noise_that_begins_with_the_tone_is_not_the_tone),
        cmocka_unit_test(test_without_a_microphone_one_tone_is_played_and_nothing_claimed),
        cmocka_unit_test(test_a_tone_begins_and_ends_without_a_step),
        cmocka_unit_test(test_a_card_that_asks_for_nothing_breaks_it_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
