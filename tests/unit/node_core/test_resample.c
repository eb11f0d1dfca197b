#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resample.h"

#define FRAMES 9600
#define SAMPLES (FRAMES * 6 + 1024)

static struct resample filter;
static float tone[SAMPLES], out[FRAMES];

struct quality {
    double gain_db; /* of the tone itself */
    double noise_db; /* all else, under the tone as it was */
};

/* A tone at a card of this rate whose crystal is off, in pieces of odd lengths. */
static struct quality play(double hz, uint32_t rate_hz, double ppm)
{
    double step = 48000.0 / rate_hz / (1 + ppm * 1e-6), w = 2 * M_PI * hz / 48000;
    uint64_t at = RESAMPLE_ONE / 3, step_fixed = (uint64_t)llround(step * (double)RESAMPLE_ONE);
    double first = (double)at / (double)RESAMPLE_ONE, noise = 0, s, c;
    double ss = 0, sc = 0, cc = 0, sy = 0, cy = 0;
    size_t made = 0;

    resample_init(&filter, rate_hz);
    first += (double)resample_before(&filter);
    for (size_t i = 0; i < SAMPLES; i++)
        tone[i] = (float)sin(w * (double)i);
    while (made < FRAMES) {
        size_t piece = FRAMES - made < 77 ? FRAMES - made : 77;

        assert_int_equal(resample_run(&filter, tone, SAMPLES, &at, step_fixed, out + made, piece),
                         piece);
        made += piece;
    }
    /* The sine and cosine that fit best. */
    for (size_t i = 0; i < FRAMES; i++) {
        double phase = w * (first + (double)i * step), y = (double)out[i];

        ss += sin(phase) * sin(phase);
        sc += sin(phase) * cos(phase);
        cc += cos(phase) * cos(phase);
        sy += sin(phase) * y;
        cy += cos(phase) * y;
    }
    s = (sy * cc - cy * sc) / (ss * cc - sc * sc);
    c = (cy * ss - sy * sc) / (ss * cc - sc * sc);
    for (size_t i = 0; i < FRAMES; i++) {
        double phase = w * (first + (double)i * step);
        double rest = (double)out[i] - s * sin(phase) - c * cos(phase);

        noise += 2 * rest * rest / FRAMES;
    }
    /* In its place: no part of it lags. */
    assert_true(hz > rate_hz * 0.4 || fabs(c) < 1e-3);
    return (struct quality){10 * log10(s * s + c * c + 1e-20), 10 * log10(noise + 1e-20)};
}

static void test_a_tone_comes_out_as_it_was(void **state)
{
    static const double tones[] = {100, 1000, 5000, 10000, 14000, 16000, 18000, 20000};
    static const double limits_db[] = {-95, -75, -74, -72, -72, -72, -67, -67};

    (void)state;
    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        for (double ppm = -200; ppm <= 200; ppm += 200) {
            struct quality q = play(tones[i], 48000, ppm);

            print_message("# %5.0f Hz, %4.0f ppm: %+.3f dB, rest %.1f dB\n", tones[i], ppm,
                          q.gain_db, q.noise_db);
            assert_true(q.noise_db < limits_db[i]);
            assert_true(fabs(q.gain_db) < 0.02);
        }
    }
}

static void test_other_cards_hear_the_same(void **state)
{
    static const uint32_t rates[] = {8000, 16000, 32000, 44100, 96000, 192000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct quality q = play(rates[i] < 32000 ? rates[i] * 0.35 : 10000, rates[i], 50);

        assert_true(fabs(q.gain_db) < 0.05);
        assert_true(q.noise_db < -60);
    }
}

static void test_what_a_slow_card_cannot_play_does_not_fold_back(void **state)
{
    static const double tones[] = {5000, 6000, 9000, 15000, 20000};

    (void)state;
    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        struct quality q = play(tones[i], 8000, 0);

        assert_true(fmax(q.gain_db, q.noise_db) < -55);
    }
}

static void test_it_stops_where_the_samples_end(void **state)
{
    uint64_t at = 0;

    (void)state;
    resample_init(&filter, 48000);
    assert_int_equal(resample_run(&filter, tone, filter.taps - 1, &at, RESAMPLE_ONE, out, 10), 0);
    assert_true(at == 0);
    assert_int_equal(resample_run(&filter, tone, filter.taps + 4, &at, RESAMPLE_ONE, out, 10), 5);
    assert_true(at == 5 * RESAMPLE_ONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tone_comes_out_as_it_was),
        cmocka_unit_test(test_other_cards_hear_the_same),
        cmocka_unit_test(test_what_a_slow_card_cannot_play_does_not_fold_back),
        cmocka_unit_test(test_it_stops_where_the_samples_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
