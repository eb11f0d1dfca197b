#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "helpers.h"

static struct waveform voice_like(size_t samples)
{
    struct waveform w;

    assert_int_equal(waveform_new(samples, 48000, &w), ERR_OK);
    waveform_add_sweep(&w, 200, 3000, 0.4);
    return w;
}

static void test_a_delayed_copy_is_found_to_a_hundredth_of_a_sample(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        double delay = -100.25 + 37.4 * k;
        struct waveform a;
        struct waveform b = voice_like(9600);
        struct waveform_match m;

        assert_int_equal(waveform_new(9600, 48000, &a), ERR_OK);
        for (size_t i = 0; i < a.samples; i++) {
            double t = ((double)i - delay) / 48000;

            a.pcm[i] = (float)(0.1 * sin(2 * M_PI * (200 * t + 2800 * t * t / 0.4)));
        }
        assert_int_equal(waveform_match(&a, &b, &m), ERR_OK);
        assert_true(m.correlation > 0.99);
        assert_true(fabs(m.lag_samples - delay) < 0.02);
        waveform_free(&a);
        waveform_free(&b);
    }
}

static void test_unrelated_noise_does_not_match(void **state)
{
    struct waveform a;
    struct waveform b;
    struct waveform_match m;

    (void)state;
    assert_int_equal(waveform_new(9600, 48000, &a), ERR_OK);
    assert_int_equal(waveform_new(9600, 48000, &b), ERR_OK);
    waveform_add_noise(&a, 1, 0.5);
    waveform_add_noise(&b, 2, 0.5);
    assert_int_equal(waveform_match(&a, &b, &m), ERR_OK);
    assert_true(m.correlation < 0.1);
    waveform_free(&a);
    waveform_free(&b);
}

static void test_a_written_file_reads_back(void **state)
{
    const char *path = scratch_path(*state, "a.wav");
    struct waveform a = voice_like(4800);
    struct waveform b;

    assert_int_equal(waveform_write_wav(path, &a), ERR_OK);
    assert_int_equal(waveform_read_wav(path, &b), ERR_OK);
    assert_int_equal(b.samples, a.samples);
    assert_int_equal(b.rate_hz, a.rate_hz);
    for (size_t i = 0; i < a.samples; i++)
        assert_true(fabs((double)(a.pcm[i] - b.pcm[i])) < 2.0 / 32768);
    waveform_free(&a);
    waveform_free(&b);
}

static void test_what_is_not_wave_is_refused(void **state)
{
    const char *path = scratch_path(*state, "a.wav");
    struct waveform w;

    assert_int_equal(waveform_read_wav(path, &w), ERR_NOT_FOUND);
    write_file(path, "hello", 5);
    assert_int_equal(waveform_read_wav(path, &w), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_delayed_copy_is_found_to_a_hundredth_of_a_sample),
        cmocka_unit_test(test_unrelated_noise_does_not_match),
        cmocka_unit_test_setup_teardown(test_a_written_file_reads_back, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_wave_is_refused, scratch_setup,
                                        scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
