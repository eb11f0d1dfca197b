#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "audio_feed.h"
#include "audio_portaudio.h"
#include "fakenode.h"
#include "mono.h"

/* PortAudio tries every host API, and the plugins that these load and unload again leak. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* Real cards only: LOA_TEST_CARD names one (part of its name, or "" for the default). */

#define SECONDS 5
#define POSITIONS_MAX 5000

static struct audio_ring ring;
static struct audio_feed feed;
static struct node node;
static struct audio_ring_position seen[POSITIONS_MAX];
static int seen_count;

static void run_for(usec_t length_us)
{
    usec_t until_us = mono_now_us() + length_us;

    while (mono_now_us() < until_us) {
        int before = node.positions;

        audio_feed_run(&feed, mono_now_us());
        if (node.positions != before && seen_count < POSITIONS_MAX)
            seen[seen_count++] = (struct audio_ring_position){
                .frame = node.last_position, .mono_us = node.last_position_mono_us};
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* Least-squares line through the positions; returns the standard deviation around it in us. */
static double fit(double *ret_rate_hz)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, n = seen_count, slope, offset, sum = 0;

    for (int i = 0; i < seen_count; i++) {
        double x = (double)(seen[i].frame - seen[0].frame);
        double y = (double)(seen[i].mono_us - seen[0].mono_us);

        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    offset = (sy - slope * sx) / n;
    for (int i = 0; i < seen_count; i++) {
        double e = (double)(seen[i].mono_us - seen[0].mono_us) - offset -
                   slope * (double)(seen[i].frame - seen[0].frame);

        sum += e * e;
    }
    *ret_rate_hz = 1e6 / slope;
    return sqrt(sum / n);
}

static void test_a_card_plays_at_its_rate_and_tells_when(void **state)
{
    const char *device = getenv("LOA_TEST_CARD");
    struct err_detail detail = {0};
    struct audio_out *out;
    double rate_hz, deviation_us;

    (void)state;
    node.value = 0.25F;
    assert_int_equal(audio_ring_init(&ring, audio_feed_ring_frames(120)), ERR_OK);
    if (audio_portaudio_open(device, 40, &ring, mono_now_us(), &out, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    audio_feed_init(&feed, &ring, out, 120);
    feed.node = &node;
    run_for(USEC_PER_SEC);
    seen_count = 0;
    run_for(SECONDS * USEC_PER_SEC);
    deviation_us = fit(&rate_hz);
    printf("# card rate_hz=%u measured_hz=%.2f position_sd_us=%.1f positions=%d underruns=%u "
           "gaps=%d ahead_us=%lld\n",
           out->rate_hz, rate_hz, deviation_us, seen_count, audio_ring_underruns(&ring), node.gaps,
           (long long)(seen[seen_count - 1].mono_us - mono_now_us()));
    assert_true(fabs(rate_hz / out->rate_hz - 1) < 0.01);
    out->close(out);
    audio_ring_deinit(&ring);
}

static void test_an_absent_card_is_refused_with_a_list(void **state)
{
    struct err_detail detail = {0};
    struct audio_out *out = NULL;

    (void)state;
    assert_int_equal(audio_ring_init(&ring, 1024), ERR_OK);
    assert_int_equal(audio_portaudio_open("no such card", 40, &ring, 0, &out, &detail),
                     ERR_NOT_FOUND);
    assert_null(out);
    assert_non_null(strstr(detail.text, "there is no sound card"));
    assert_null(strchr(detail.text, '\n'));
    audio_ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest always[] = {
        cmocka_unit_test(test_an_absent_card_is_refused_with_a_list),
    };
    const struct CMUnitTest with_card[] = {
        cmocka_unit_test(test_an_absent_card_is_refused_with_a_list),
        cmocka_unit_test(test_a_card_plays_at_its_rate_and_tells_when),
    };

    if (getenv("LOA_TEST_CARD") == NULL)
        return cmocka_run_group_tests(always, NULL, NULL);
    return cmocka_run_group_tests(with_card, NULL, NULL);
}
