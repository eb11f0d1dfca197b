#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "helpers.h"
#include "master.h"
#include "peaks.h"
#include "scratch.h"

#define SECONDS 4

/* A tone in the second of four seconds; stored. */
static struct media_id store(struct scratch *s)
{
    static float pcm[SECONDS * SAMPLE_RATE_HZ];
    struct master_job job = {
        .samples = SECONDS * SAMPLE_RATE_HZ, .media_dir = s->media, .bitrate_bps = 32000};
    struct master_result result;

    for (size_t i = SAMPLE_RATE_HZ; i < 2 * (size_t)SAMPLE_RATE_HZ; i++)
        pcm[i] = 0.3F * (float)sin(2 * M_PI * 440 * (double)i / SAMPLE_RATE_HZ);
    job.pcm_fd = scratch_open(s->media);
    assert_int_equal(write(job.pcm_fd, pcm, sizeof(pcm)), sizeof(pcm));
    assert_int_equal(master_store(&job, &result, NULL), ERR_OK);
    close(job.pcm_fd);
    return result.id;
}

static void test_peaks_are_where_the_sound_is(void **state)
{
    struct scratch *s = *state;
    struct media_id id = store(s);
    uint8_t peaks[40], one;

    assert_int_equal(peaks_measure(s->media, &id, 40, peaks, NULL), ERR_OK);
    for (size_t i = 0; i < 40; i++) {
        if (i >= 10 && i < 20)
            assert_in_range(peaks[i], 20, 230);
        else if (i != 9 && i != 20)
            assert_in_range(peaks[i], 0, 3);
    }
    assert_int_equal(peaks_measure(s->media, &id, 1, &one, NULL), ERR_OK);
    for (size_t i = 0; i < 40; i++)
        assert_true(peaks[i] <= one);
}

static void test_what_cannot_be_measured_is_said(void **state)
{
    struct scratch *s = *state;
    const struct media_id unknown = {{7}};
    struct media_id id = store(s);
    uint8_t peaks[1];

    assert_int_equal(peaks_measure(s->media, &unknown, 1, peaks, NULL), ERR_NOT_FOUND);
    assert_int_equal(peaks_measure(s->media, &id, 0, peaks, NULL), ERR_ARG);
    assert_int_equal(peaks_measure(s->media, &id, PEAKS_MAX + 1, peaks, NULL), ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_peaks_are_where_the_sound_is, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_measured_is_said, scratch_setup,
                                        scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
