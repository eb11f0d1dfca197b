#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "limiter.h"
#include "loudness.h"
#include "waveform.h"

static struct waveform make(size_t samples)
{
    struct waveform w;

    assert_int_equal(waveform_new(samples, SAMPLE_RATE_HZ, &w), ERR_OK);
    return w;
}

static void measure(const struct waveform *w, int32_t *ret_mlufs, int32_t *ret_peak_mdb)
{
    struct loudness_meter *m;

    assert_int_equal(loudness_meter_new(true, &m), ERR_OK);
    assert_int_equal(loudness_meter_add(m, w->pcm, w->samples), ERR_OK);
    *ret_mlufs = loudness_meter_integrated_mlufs(m);
    *ret_peak_mdb = loudness_meter_peak_mdb(m);
    loudness_meter_free(m);
}

/* BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS. */
static void test_a_full_scale_sine_reads_minus_three_lufs(void **state)
{
    struct waveform w = make(3 * SAMPLE_RATE_HZ);
    int32_t mlufs;
    int32_t peak;

    (void)state;
    waveform_add_sine(&w, 997, 1);
    measure(&w, &mlufs, &peak);
    assert_in_range(mlufs + 10000, 10000 - 3110, 10000 - 2910);
    assert_in_range(peak + 1000, 950, 1050);
    waveform_free(&w);
}

static void test_a_short_sound_is_measured_as_its_repetition(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ / 5);
    int32_t mlufs;
    int32_t peak;

    (void)state;
    waveform_add_sine(&w, 1000, 0.1);
    measure(&w, &mlufs, &peak);
    assert_in_range(mlufs + 100000, 100000 - 23200, 100000 - 22800);
    waveform_free(&w);
}

static void test_silence_and_nothing_are_silent(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ);
    struct waveform none = make(0);
    int32_t mlufs;
    int32_t peak;

    (void)state;
    measure(&w, &mlufs, &peak);
    assert_int_equal(mlufs, LOUDNESS_SILENT_MLUFS);
    assert_int_equal(peak, -200000);
    measure(&none, &mlufs, &peak);
    assert_int_equal(mlufs, LOUDNESS_SILENT_MLUFS);
    waveform_free(&w);
    waveform_free(&none);
}

/* At a quarter of the rate, 45 degrees off, no sample comes near the peak between them. */
static void test_the_peak_between_samples_is_seen(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ);
    int32_t mlufs;
    int32_t peak;

    (void)state;
    for (size_t i = 0; i < w.samples; i++)
        w.pcm[i] = (float)(0.5 * sin(M_PI / 2 * (double)i + M_PI / 4));
    measure(&w, &mlufs, &peak);
    assert_in_range(peak + 10000, 10000 - 6200, 10000 - 5800);
    waveform_free(&w);
}

static void limit(struct waveform *w, int32_t gain_mdb, int32_t ceiling_mdb)
{
    struct limiter *l;

    assert_int_equal(limiter_new(gain_mdb, ceiling_mdb, &l), ERR_OK);
    limiter_process(l, w->pcm, w->samples);
    limiter_free(l);
}

static void test_below_the_ceiling_only_gain_and_delay_change_the_signal(void **state)
{
    struct waveform w = make(4800);
    struct waveform original = make(4800);

    (void)state;
    waveform_add_noise(&w, 7, 0.1);
    waveform_add_noise(&original, 7, 0.1);
    limit(&w, 6000, -1000);
    for (size_t i = 0; i < LIMITER_DELAY_SAMPLES; i++)
        assert_true(w.pcm[i] == 0);
    for (size_t i = LIMITER_DELAY_SAMPLES; i < w.samples; i++) {
        double want = (double)original.pcm[i - LIMITER_DELAY_SAMPLES] * pow(10, 0.3);

        assert_true(fabs((double)w.pcm[i] - want) < 1e-5);
    }
    waveform_free(&w);
    waveform_free(&original);
}

/* Random mixtures of sines, noise and single clicks, far over the ceiling. */
static void test_no_signal_passes_the_ceiling(void **state)
{
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20240;

    (void)state;
    print_message("# SEED=%llu\n", (unsigned long long)seed);
    for (unsigned k = 0; k < 20; k++) {
        struct waveform w = make(SAMPLE_RATE_HZ);
        int32_t ceiling = -1000 - (int32_t)(k % 5) * 1000;
        int32_t mlufs;
        int32_t peak;

        waveform_add_noise(&w, seed + k, 0.05 * k);
        waveform_add_sine(&w, 100 + 800 * k, 0.3);
        for (size_t i = 100; i < w.samples; i += 5000 + 100 * k)
            w.pcm[i] += 1.5F;
        limit(&w, 10000, ceiling);
        measure(&w, &mlufs, &peak);
        if (peak > ceiling + 250)
            fail_msg("SEED=%llu: peak %d mdB over ceiling %d", (unsigned long long)(seed + k), peak,
                     ceiling);
        assert_true(peak > ceiling - 3000);
        waveform_free(&w);
    }
}

/* Only the points between the samples are over, by 2 dB. */
static void test_a_peak_between_samples_is_limited(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ);
    int32_t mlufs;
    int32_t peak;

    (void)state;
    for (size_t i = 0; i < w.samples; i++)
        w.pcm[i] = (float)(1.12 * sin(M_PI / 2 * (double)i + M_PI / 4));
    limit(&w, 0, -1000);
    measure(&w, &mlufs, &peak);
    assert_in_range(peak + 10000, 10000 - 1300, 10000 - 750);
    waveform_free(&w);
}

static void test_the_gain_comes_back_after_a_peak(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ);

    (void)state;
    waveform_add_sine(&w, 1000, 0.1);
    w.pcm[1000] = 10;
    limit(&w, 0, -1000);
    /* Soft beside the peak, as before 0.5 s later. */
    assert_true(fabs((double)w.pcm[1000 + LIMITER_DELAY_SAMPLES]) < 0.9);
    for (size_t i = SAMPLE_RATE_HZ / 2; i < w.samples; i++) {
        double want = 0.1 * sin(2 * M_PI * 1000 * (double)(i - LIMITER_DELAY_SAMPLES) / 48000);

        assert_true(fabs((double)w.pcm[i] - want) < 0.001);
    }
    waveform_free(&w);
}

/* A step in the gain would be heard as a click: it goes down by 20 dB within the look-ahead, evenly. */
static void test_the_gain_moves_without_steps(void **state)
{
    struct waveform w = make(SAMPLE_RATE_HZ / 2);

    (void)state;
    for (size_t i = 0; i < w.samples; i++)
        w.pcm[i] = 0.1F;
    w.pcm[10000] = 10;
    limit(&w, 0, -1000);
    for (size_t i = LIMITER_DELAY_SAMPLES + 1; i < w.samples; i++) {
        double step = fabs((double)(w.pcm[i] - w.pcm[i - 1])) / 0.1;

        if (i != 10000 + LIMITER_DELAY_SAMPLES && i != 10001 + LIMITER_DELAY_SAMPLES)
            assert_true(step < 0.01);
    }
    waveform_free(&w);
}

static void test_settings_out_of_range_are_refused(void **state)
{
    struct limiter *l;

    (void)state;
    assert_int_equal(limiter_new(60001, -1000, &l), ERR_ARG);
    assert_int_equal(limiter_new(-100001, -1000, &l), ERR_ARG);
    assert_int_equal(limiter_new(0, 1, &l), ERR_ARG);
    limiter_free(NULL);
    loudness_meter_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_scale_sine_reads_minus_three_lufs),
        cmocka_unit_test(test_a_short_sound_is_measured_as_its_repetition),
        cmocka_unit_test(test_silence_and_nothing_are_silent),
        cmocka_unit_test(test_the_peak_between_samples_is_seen),
        cmocka_unit_test(test_below_the_ceiling_only_gain_and_delay_change_the_signal),
        cmocka_unit_test(test_no_signal_passes_the_ceiling),
        cmocka_unit_test(test_a_peak_between_samples_is_limited),
        cmocka_unit_test(test_the_gain_comes_back_after_a_peak),
        cmocka_unit_test(test_the_gain_moves_without_steps),
        cmocka_unit_test(test_settings_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
