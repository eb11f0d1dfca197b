#include "recording.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ogg/ogg.h>
#include <opus/opus.h>

#include "digest.h"

#define PRESKIP 312
#define PACKETS_A_PAGE 50

static void append(struct recording *r, const ogg_page *page)
{
    size_t head = (size_t)page->header_len, body = (size_t)page->body_len;

    r->data = realloc(r->data, r->len + head + body);
    assert_non_null(r->data);
    memcpy(r->data + r->len, page->header, head);
    memcpy(r->data + r->len + head, page->body, body);
    r->len += head + body;
}

static void flush(struct recording *r, ogg_stream_state *s)
{
    ogg_page page;

    while (ogg_stream_flush(s, &page) != 0)
        append(r, &page);
}

static void put(ogg_stream_state *s, const void *data, size_t len, int64_t granule, long number,
                bool last)
{
    ogg_packet p = {.packet = (unsigned char *)(uintptr_t)data,
                    .bytes = (long)len,
                    .b_o_s = number == 0,
                    .e_o_s = last,
                    .granulepos = granule,
                    .packetno = number};

    assert_int_equal(ogg_stream_packetin(s, &p), 0);
}

static float noise(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (float)((double)(*state >> 33) / (double)(1U << 30) - 1.0);
}

static void encode(struct recording *r, uint64_t seed)
{
    int error;
    OpusEncoder *e = opus_encoder_create(SAMPLE_RATE_HZ, 1, OPUS_APPLICATION_AUDIO, &error);
    OpusDecoder *d = opus_decoder_create(SAMPLE_RATE_HZ, 1, &error);
    float in[PACKET_SAMPLES], low = 0, lower = 0;
    float *decoded = calloc(r->packet_count * PACKET_SAMPLES, sizeof(float));

    assert_non_null(e);
    assert_non_null(d);
    assert_non_null(decoded);
    opus_encoder_ctl(e, OPUS_SET_BITRATE(48000));
    opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(2));
    for (size_t k = 0; k < r->packet_count; k++) {
        for (size_t i = 0; i < PACKET_SAMPLES; i++) {
            double t = (double)(k * PACKET_SAMPLES + i) / SAMPLE_RATE_HZ;

            low += 0.3F * (noise(&seed) - low);
            lower += 0.3F * (low - lower);
            in[i] = lower * (float)(0.6 + 0.3 * sin(t * 7.3));
        }
        r->packet_len[k] = (uint16_t)opus_encode_float(e, in, PACKET_SAMPLES, r->packets[k],
                                                       sizeof(r->packets[k]));
        assert_int_equal(opus_decode_float(d, r->packets[k], r->packet_len[k],
                                           decoded + k * PACKET_SAMPLES, PACKET_SAMPLES, 0),
                         PACKET_SAMPLES);
    }
    r->pcm = calloc((size_t)r->samples, sizeof(float));
    assert_non_null(r->pcm);
    memcpy(r->pcm, decoded + PRESKIP, (size_t)r->samples * sizeof(float));
    free(decoded);
    opus_encoder_destroy(e);
    opus_decoder_destroy(d);
}

void recording_make(struct recording *r, uint32_t duration_ms, uint64_t seed)
{
    static const uint8_t head[19] = {
        'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, PRESKIP & 0xFF, PRESKIP >> 8, 0x80, 0xBB};
    static const uint8_t tags[16] = {'O', 'p', 'u', 's', 'T', 'a', 'g', 's'};
    ogg_stream_state s;

    *r = (struct recording){.duration_ms = duration_ms, .samples = (int64_t)duration_ms * 48};
    r->packet_count = (size_t)((r->samples + PRESKIP + PACKET_SAMPLES - 1) / PACKET_SAMPLES);
    r->packets = calloc(r->packet_count, sizeof(*r->packets));
    r->packet_len = calloc(r->packet_count, sizeof(*r->packet_len));
    assert_non_null(r->packets);
    assert_non_null(r->packet_len);
    encode(r, seed);
    assert_int_equal(ogg_stream_init(&s, (int)seed), 0);
    put(&s, head, sizeof(head), 0, 0, false);
    flush(r, &s);
    put(&s, tags, sizeof(tags), 0, 1, false);
    flush(r, &s);
    for (size_t k = 0; k < r->packet_count; k++) {
        bool last = k + 1 == r->packet_count;
        int64_t granule = last ? r->samples + PRESKIP : (int64_t)(k + 1) * PACKET_SAMPLES;

        put(&s, r->packets[k], r->packet_len[k], granule, (long)k + 2, last);
        if (last || (k + 1) % PACKETS_A_PAGE == 0)
            flush(r, &s);
    }
    ogg_stream_clear(&s);
    digest_sha256(bytes_of(r->data, r->len), r->sha256);
}

void recording_free(struct recording *r)
{
    free(r->data);
    free(r->pcm);
    free(r->packets);
    free(r->packet_len);
    *r = (struct recording){0};
}
