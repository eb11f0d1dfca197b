#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <opus/opus.h>

#include "encoder.h"

#define CELT_FROM 16 /* configurations of a packet's first byte, RFC 6716 section 3.1 */

/* Encode two seconds of noise, which fills every band; the widest band and the lowest configuration. */
static void encode(uint32_t bitrate_bps, int *ret_band, int *ret_config)
{
    struct encoder *e;
    float pcm[PACKET_SAMPLES];
    uint8_t data[PACKET_PAYLOAD_MAX];
    uint32_t random = 1;
    size_t len;

    *ret_band = 0;
    *ret_config = 255;
    assert_int_equal(encoder_new(bitrate_bps, &e), ERR_OK);
    for (int k = 0; k < 100; k++) {
        for (size_t i = 0; i < PACKET_SAMPLES; i++) {
            random = random * 1664525U + 1013904223U;
            pcm[i] = ((float)(random >> 8) / (float)(1U << 24) - 0.5F) * 0.4F;
        }
        assert_int_equal(encoder_packet(e, pcm, data, &len), ERR_OK);
        assert_int_equal(opus_packet_get_nb_samples(data, (opus_int32)len, SAMPLE_RATE_HZ),
                         PACKET_SAMPLES);
        if (opus_packet_get_bandwidth(data) > *ret_band)
            *ret_band = opus_packet_get_bandwidth(data);
        if (data[0] >> 3 < *ret_config)
            *ret_config = data[0] >> 3;
    }
    encoder_free(e);
}

static void test_the_usual_bitrate_codes_the_spectrum_that_horns_play(void **state)
{
    int band, config;

    (void)state;
    encode(ENCODER_BITRATE_BPS, &band, &config);
    assert_int_equal(band, OPUS_BANDWIDTH_SUPERWIDEBAND);
    assert_true(config >= CELT_FROM);
}

static void test_a_high_bitrate_codes_all_that_is_heard(void **state)
{
    int band, config;

    (void)state;
    encode(ENCODER_BITRATE_MAX_BPS, &band, &config);
    assert_int_equal(band, OPUS_BANDWIDTH_FULLBAND);
}

static void test_a_bitrate_out_of_range_is_refused(void **state)
{
    struct encoder *e;

    (void)state;
    assert_int_equal(encoder_new(ENCODER_BITRATE_MIN_BPS - 1, &e), ERR_ARG);
    assert_int_equal(encoder_new(ENCODER_BITRATE_MAX_BPS + 1, &e), ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_usual_bitrate_codes_the_spectrum_that_horns_play),
        cmocka_unit_test(test_a_high_bitrate_codes_all_that_is_heard),
        cmocka_unit_test(test_a_bitrate_out_of_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
