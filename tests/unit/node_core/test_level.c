#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "level.h"

#define RATE 48000
#define PIECE 480

/* Play a tone for so many pieces. */
static void play(struct level *l, double hz, double amplitude, double phase, int pieces,
                 bool sounding, struct meter *m)
{
    float frames[PIECE];

    for (int k = 0; k < pieces; k++) {
        for (int i = 0; i < PIECE; i++)
            frames[i] = (float)(amplitude * sin(2 * M_PI * hz * (k * PIECE + i) / RATE + phase));
        level_apply(l, frames, PIECE, sounding, m, NULL);
    }
}

static void test_peaks_between_the_samples_are_seen(void **state)
{
    /* Samples at 45 degrees: each is 3 dB under the tone's peak (EBU Tech 3341, case 15 to 17). */
    static const struct {
        double hz, phase;
    } tones[] = {{12000, M_PI / 4}, {8000, M_PI / 6}, {6000, M_PI / 8}, {997, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        struct level l;
        struct meter m = {0};

        level_init(&l, RATE);
        play(&l, tones[i].hz, 0.5, tones[i].phase, 2, true, NULL);
        play(&l, tones[i].hz, 0.5, tones[i].phase, 50, true, &m);
        assert_in_range(meter_peak_mdb(&m) + 20000, 20000 - 6021 - 400, 20000 - 6021 + 200);
        assert_in_range(meter_rms_mdb(&m) + 20000, 20000 - 9031 - 10, 20000 - 9031 + 10);
    }
}

static void test_the_loudest_moment_counts_wherever_it_lies(void **state)
{
    static float frames[PIECE];

    (void)state;
    for (size_t at = 0; at < 100; at++) {
        struct level l;
        struct meter first = {.peak = 0.5F}, second = {0};

        level_init(&l, RATE);
        play(&l, 1000, 0.01, 0, 4, true, NULL);
        memset(frames, 0, sizeof(frames));
        frames[at] = frames[at + 1] = 0.5F; /* the peak lies between them */
        level_apply(&l, frames, PIECE, true, &first, NULL);
        assert_in_range(meter_peak_mdb(&first) + 20000, 20000 - 6021 + 1500, 20000 - 6021 + 2500);
        memset(frames, 0, sizeof(frames));
        level_apply(&l, frames, PIECE, true, &second, NULL);
        assert_true(meter_peak_mdb(&second) < -40000);
    }
}

static void test_nothing_exceeds_the_ceiling(void **state)
{
    float frames[PIECE];
    struct level l;

    (void)state;
    level_init(&l, RATE);
    level_set_volume(&l, 12000);
    for (int k = 0; k < 100; k++) {
        for (int i = 0; i < PIECE; i++)
            frames[i] = (float)sin(0.13 * (k * PIECE + i)) * (k % 7 == 0 ? 1.0F : 0.1F);
        level_apply(&l, frames, PIECE, true, NULL, NULL);
        for (int i = 0; i < PIECE; i++)
            assert_true(fabsf(frames[i]) <= LEVEL_CEILING);
    }
}

static void test_a_steady_level_is_exactly_its_volume(void **state)
{
    float frames[PIECE], was[PIECE];
    struct level l;

    (void)state;
    level_init(&l, RATE);
    level_set_volume(&l, -6000);
    play(&l, 440, 0.5, 0, 10, true, NULL);
    level_set_volume(&l, -12000);
    play(&l, 440, 0.5, 0, 10, true, NULL);
    for (int i = 0; i < PIECE; i++)
        frames[i] = was[i] = (float)sin(0.05 * i) * 0.3F;
    level_apply(&l, frames, PIECE, true, NULL, NULL);
    for (int i = 0; i < PIECE; i++)
        assert_true(fabsf(frames[i] - was[i] * powf(10.0F, -0.6F)) < 1e-6F);
}

static void test_fades_go_all_the_way_without_a_step(void **state)
{
    float frames[PIECE], last = 0;
    struct level l;

    (void)state;
    level_init(&l, RATE);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < PIECE; i++)
            frames[i] = 0.5F;
        level_apply(&l, frames, PIECE, k < 2, NULL, NULL);
        for (int i = 0; i < PIECE; i++) {
            assert_true(fabsf(frames[i] - last) < 0.003F);
            last = frames[i];
        }
    }
    assert_true(fabsf(last) < 1e-6F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peaks_between_the_samples_are_seen),
        cmocka_unit_test(test_the_loudest_moment_counts_wherever_it_lies),
        cmocka_unit_test(test_nothing_exceeds_the_ceiling),
        cmocka_unit_test(test_a_steady_level_is_exactly_its_volume),
        cmocka_unit_test(test_fades_go_all_the_way_without_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
