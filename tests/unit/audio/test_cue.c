#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "cue.h"
#include "helpers.h"
#include "scratch.h"
#include "units.h"

#define SECOND ((size_t)SAMPLE_RATE_HZ)
#define MS (SECOND / 1000)

static float pcm[10 * SAMPLE_RATE_HZ];

/* One second of silence, two of a step up from 0.1 to 0.5, three of silence; then cut. */
static enum err cut(struct scratch *s, const struct cue *cue, uint64_t *ret_samples)
{
    struct err_detail detail = {{0}};
    int fd = scratch_open(s->media);
    enum err e;

    memset(pcm, 0, sizeof(pcm));
    for (size_t i = SECOND; i < 3 * SECOND; i++)
        pcm[i] = i < 2 * SECOND ? 0.1F : -0.5F;
    assert_int_equal(write(fd, pcm, 6 * SECOND * sizeof(float)), 6 * SECOND * sizeof(float));
    *ret_samples = 6 * SECOND;
    e = cue_apply(cue, fd, ret_samples, &detail);
    assert_true((e == ERR_OK) == (detail.text[0] == '\0'));
    memset(pcm, 0x7F, sizeof(pcm));
    if (e == ERR_OK)
        assert_int_equal(pread(fd, pcm, sizeof(pcm), 0), *ret_samples * sizeof(float));
    close(fd);
    return e;
}

static void test_nothing_said_changes_nothing(void **state)
{
    uint64_t samples;

    assert_int_equal(cut(*state, &(struct cue){0}, &samples), ERR_OK);
    assert_int_equal(samples, 6 * SECOND);
    assert_true(pcm[SECOND - 1] == 0 && pcm[SECOND] == 0.1F && pcm[3 * SECOND - 1] == -0.5F);
}

static void test_silence_at_both_ends_is_left_out_but_for_a_little(void **state)
{
    uint64_t samples;

    assert_int_equal(cut(*state, &(struct cue){.trim = true}, &samples), ERR_OK);
    assert_int_equal(samples, 2 * SECOND + (CUE_BEFORE_MS + CUE_AFTER_MS) * MS);
    assert_true(pcm[CUE_BEFORE_MS * MS - 1] == 0 && pcm[CUE_BEFORE_MS * MS] == 0.1F);
}

static void test_it_is_cut_where_somebody_says_and_silence_only_within(void **state)
{
    uint64_t samples;

    assert_int_equal(cut(*state, &(struct cue){.from_ms = 1500, .to_ms = 2500}, &samples), ERR_OK);
    assert_int_equal(samples, SECOND);
    assert_true(pcm[SECOND / 2 - 1] == 0.1F && pcm[SECOND / 2] == -0.5F);
    assert_int_equal(
        cut(*state, &(struct cue){.from_ms = 2000, .to_ms = 9000, .trim = true}, &samples), ERR_OK);
    assert_int_equal(samples, SECOND + CUE_AFTER_MS * MS);
    assert_true(pcm[0] == -0.5F);
}

static void test_fades_begin_and_end_at_nothing(void **state)
{
    const struct cue cue = {.from_ms = 2000, .to_ms = 3000, .fade_in_ms = 100, .fade_out_ms = 200};
    uint64_t samples;

    assert_int_equal(cut(*state, &cue, &samples), ERR_OK);
    assert_int_equal(samples, SECOND);
    assert_true(pcm[0] == 0 && fabsf(pcm[50 * MS] + 0.25F) < 0.001F && pcm[100 * MS] == -0.5F);
    assert_true(pcm[799 * MS] == -0.5F && fabsf(pcm[900 * MS] + 0.25F) < 0.001F);
    assert_true(pcm[SECOND - 1] == 0);
}

static void test_fades_longer_than_what_is_left_meet(void **state)
{
    const struct cue cue = {
        .from_ms = 2000, .to_ms = 2010, .fade_in_ms = 10000, .fade_out_ms = 10000};
    uint64_t samples;

    assert_int_equal(cut(*state, &cue, &samples), ERR_OK);
    assert_int_equal(samples, 10 * MS);
    for (size_t i = 0; i < samples; i++)
        assert_true(fabsf(pcm[i]) <= 0.126F);
}

static void test_what_leaves_nothing_is_refused(void **state)
{
    uint64_t samples;

    assert_int_equal(cut(*state, &(struct cue){.from_ms = 6000}, &samples), ERR_FORMAT);
    assert_int_equal(cut(*state, &(struct cue){.from_ms = UINT32_MAX}, &samples), ERR_FORMAT);
    assert_int_equal(cut(*state, &(struct cue){.from_ms = 5, .to_ms = 5}, &samples), ERR_FORMAT);
    assert_int_equal(cut(*state, &(struct cue){.fade_in_ms = CUE_FADE_MAX_MS + 1}, &samples),
                     ERR_ARG);
    assert_int_equal(cut(*state, &(struct cue){.from_ms = 3000, .trim = true}, &samples), ERR_OK);
    assert_int_equal(samples, 3 * SECOND); /* silence stays, for who levels it to refuse */
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_nothing_said_changes_nothing),
        CASE(test_silence_at_both_ends_is_left_out_but_for_a_little),
        CASE(test_it_is_cut_where_somebody_says_and_silence_only_within),
        CASE(test_fades_begin_and_end_at_nothing),
        CASE(test_fades_longer_than_what_is_left_meet),
        CASE(test_what_leaves_nothing_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
