/* Stored parts before and after a live one: one timeline, without gaps. Chimes hum at one pitch, what is live at another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decoder.h"
#include "encoder.h"
#include "helpers.h"
#include "oggfile.h"
#include "packet.h"
#include "src_live.h"

#define START_US (INT64_C(1800000000) * USEC_PER_SEC)
#define LEAD_US (2 * USEC_PER_SEC)
#define DELAY_US (200 * USEC_PER_MSEC)
#define CHIME_HZ 400
#define LIVE_HZ 2500
#define BEFORE_MS 730 /* 36.5 packets */
#define LIVE_MS 3000
#define AFTER_MS 510
#define FIRST 37 /* packets: where the live part begins, ... */
#define LAST 186 /* ... and where it ends */
#define PACKETS_MAX 400
#define JOIN_MAX \
    2400 /* samples around a join: half a packet, the encoder's and the limiter's delay */

struct fixture {
    struct scratch *scratch;
    struct media_id chime;
    struct pcmring *ring;
    struct live_control control;
    struct source *source;
    struct decoder *decoder;
    size_t packets, jumps;
    uint32_t first_seq, next_seq;
    double phase;
    float pcm[PACKETS_MAX * PACKET_SAMPLES]; /* by place on the timeline */
    usec_t ahead_us[PACKETS_MAX]; /* how early each packet came */
};

static void hum(float *pcm, double hz, double *phase)
{
    for (size_t i = 0; i < PACKET_SAMPLES; i++) {
        pcm[i] = 0.2F * (float)sin(*phase);
        *phase += 2 * 3.14159265358979 * hz / SAMPLE_RATE_HZ;
    }
}

static struct media_id store_chime(const struct scratch *s)
{
    struct encoder *e;
    struct oggfile *f;
    struct media_id id;
    uint64_t size;
    double phase = 0;
    bool known;

    assert_int_equal(encoder_new(ENCODER_BITRATE_BPS, &e), ERR_OK);
    assert_int_equal(oggfile_new(s->media, encoder_preskip(e), &f, NULL), ERR_OK);
    for (size_t i = 0; i < 60; i++) {
        float pcm[PACKET_SAMPLES];
        uint8_t data[PACKET_PAYLOAD_MAX];
        size_t len;

        hum(pcm, CHIME_HZ, &phase);
        assert_int_equal(encoder_packet(e, pcm, data, &len), ERR_OK);
        assert_int_equal(oggfile_add(f, bytes_of(data, len), NULL), ERR_OK);
    }
    assert_int_equal(oggfile_finish(f, 59 * PACKET_SAMPLES, &id, &size, &known, NULL), ERR_OK);
    oggfile_free(f);
    encoder_free(e);
    return id;
}

static struct partsound *parts(const struct fixture *f, uint32_t duration_ms)
{
    const struct src_media_item items[] = {
        {f->chime, duration_ms - 200}, {{{0}}, 100}, {f->chime, 100}};
    struct partsound *p;

    assert_int_equal(partsound_new(f->scratch->media, items, 3, &p, NULL), ERR_OK);
    return p;
}

static struct fixture *make(void **state, bool with_before)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct src_live_plan plan = {
        .start_us = START_US,
        .delay_us = DELAY_US,
        .bundle_packets = 3,
        .trim_start = true,
        .bitrate_bps = ENCODER_BITRATE_BPS,
        .end_us = START_US + (BEFORE_MS + LIVE_MS) * USEC_PER_MSEC,
    };

    assert_non_null(f);
    f->scratch = *state;
    f->chime = store_chime(f->scratch);
    plan.before = with_before ? parts(f, BEFORE_MS) : NULL;
    plan.after = parts(f, AFTER_MS);
    assert_int_equal(src_live_packets(plan.before), with_before ? FIRST : 0);
    assert_int_equal(pcmring_new(SAMPLE_RATE_HZ, &f->ring), ERR_OK);
    assert_int_equal(src_live_new(&plan, f->ring, &f->control, &f->source), ERR_OK);
    assert_int_equal(decoder_new(&f->decoder), ERR_OK);
    return f;
}

static void unmake(struct fixture *f)
{
    f->source->ops->free(f->source);
    decoder_free(f->decoder);
    pcmring_unref(f->ring);
    free(f);
}

static void say(struct fixture *f, double hz)
{
    float pcm[PACKET_SAMPLES];

    hum(pcm, hz, &f->phase);
    (void)pcmring_write(f->ring, pcm, PACKET_SAMPLES);
}

/* Take what is due, as the engine does. Returns the source's last word. */
static enum err take(struct fixture *f, usec_t now_us)
{
    struct source_packet p;
    enum err e;

    while ((e = f->source->ops->next_packet(f->source, now_us, now_us + LEAD_US, &p)) == ERR_OK) {
        assert_true(p.seq < PACKETS_MAX);
        assert_true(f->packets == 0 || p.seq >= f->next_seq);
        assert_int_equal(p.pts_us, START_US + p.seq * PACKET_US);
        if (f->packets++ == 0)
            f->first_seq = p.seq;
        else
            f->jumps += p.seq != f->next_seq;
        f->next_seq = p.seq + 1;
        f->ahead_us[p.seq] = p.pts_us - now_us;
        assert_int_equal(
            decoder_packet(f->decoder, p.payload, f->pcm + (size_t)p.seq * PACKET_SAMPLES), ERR_OK);
    }
    return e;
}

/* How much of a stretch is this pitch, 0..1. */
static double share(const float *pcm, size_t count, double hz)
{
    double re = 0, im = 0, all = 0;

    for (size_t i = 0; i < count; i++) {
        double turn = 2 * 3.14159265358979 * hz * (double)i / SAMPLE_RATE_HZ;

        re += pcm[i] * cos(turn);
        im += pcm[i] * sin(turn);
        all += (double)pcm[i] * pcm[i];
    }
    return all < 1e-6 * (double)count ? 0 : 2 * (re * re + im * im) / ((double)count * all);
}

static void assert_pitch(const struct fixture *f, size_t from, size_t to, double hz)
{
    for (size_t at = from; at + 480 <= to; at += 480)
        if (share(f->pcm + at, 480, hz) < 0.8)
            fail_msg("sample %zu does not hum at %.0f Hz: %.2f", at, hz,
                     share(f->pcm + at, 480, hz));
}

static size_t samples_of(uint32_t ms)
{
    return (size_t)ms * SAMPLE_RATE_HZ / 1000;
}

static void test_chime_live_and_chime_follow_each_other_without_a_gap(void **state)
{
    struct fixture *f = make(state, true);
    size_t first = (size_t)FIRST * PACKET_SAMPLES, last = (size_t)LAST * PACKET_SAMPLES;
    usec_t now_us = START_US - 3 * USEC_PER_SEC;
    enum err e = ERR_MORE;

    for (; e == ERR_MORE && now_us < START_US + 6 * USEC_PER_SEC; now_us += PACKET_US) {
        say(f, now_us < START_US ? CHIME_HZ : LIVE_HZ); /* what came early is not to be heard */
        e = take(f, now_us);
    }
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_int_equal(f->first_seq, 0);
    assert_int_equal(f->jumps, 0);
    assert_int_equal(f->packets, LAST + 26); /* 510 ms are 25.5 packets */
    assert_int_equal(atomic_load(&f->control.end_us), START_US + f->packets * PACKET_US);
    assert_pitch(f, JOIN_MAX, samples_of(BEFORE_MS - 200), CHIME_HZ);
    assert_pitch(f, samples_of(BEFORE_MS - 100) + JOIN_MAX, samples_of(BEFORE_MS), CHIME_HZ);
    assert_pitch(f, first + JOIN_MAX, last, LIVE_HZ);
    assert_pitch(f, last + JOIN_MAX, last + samples_of(AFTER_MS - 200), CHIME_HZ);
    /* Silence is where it was put, and only there. */
    assert_true(share(f->pcm + samples_of(BEFORE_MS - 200) + JOIN_MAX, 480, CHIME_HZ) < 0.1);
    assert_true(f->ahead_us[10] > USEC_PER_SEC && f->ahead_us[LAST + 20] > DELAY_US);
    assert_in_range(f->ahead_us[FIRST + 50], DELAY_US - 60000, DELAY_US + 2 * PACKET_US);
    unmake(f);
}

static void test_what_follows_comes_when_the_speaker_ends_early(void **state)
{
    struct fixture *f = make(state, true);
    usec_t hung_up_us = START_US + 2 * USEC_PER_SEC, now_us = START_US - USEC_PER_SEC;
    uint32_t after;
    enum err e = ERR_MORE;

    for (; now_us < hung_up_us; now_us += PACKET_US) {
        say(f, LIVE_HZ);
        assert_int_equal(take(f, now_us), ERR_MORE);
    }
    pcmring_close(f->ring);
    for (; e == ERR_MORE && now_us < START_US + 6 * USEC_PER_SEC; now_us += PACKET_US)
        e = take(f, now_us);
    assert_int_equal(e, ERR_NOT_FOUND);
    after = f->next_seq - 26;
    assert_in_range(after, 100, 113);
    assert_true(f->jumps <= 1);
    assert_pitch(f, (size_t)after * PACKET_SAMPLES + JOIN_MAX,
                 (size_t)after * PACKET_SAMPLES + samples_of(AFTER_MS - 200), CHIME_HZ);
    assert_int_equal(atomic_load(&f->control.end_us), START_US + f->next_seq * PACKET_US);
    unmake(f);
}

static void test_a_source_that_gives_nothing_does_not_delay_what_follows(void **state)
{
    struct fixture *f = make(state, true);
    enum err e = ERR_MORE;

    for (usec_t now_us = START_US - USEC_PER_SEC;
         e == ERR_MORE && now_us < START_US + 6 * USEC_PER_SEC; now_us += PACKET_US)
        e = take(f, now_us);
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_int_equal(f->packets, FIRST + 26);
    assert_int_equal(f->jumps, 1);
    assert_int_equal(f->next_seq, LAST + 26);
    assert_pitch(f, LAST * PACKET_SAMPLES + JOIN_MAX,
                 LAST * PACKET_SAMPLES + samples_of(AFTER_MS - 200), CHIME_HZ);
    unmake(f);
}

static void test_a_station_that_comes_back_goes_on_where_the_timeline_stands(void **state)
{
    const uint32_t places[] = {20, FIRST + 40, LAST + 5};
    const int parts_then[] = {SRC_LIVE_ON, SRC_LIVE_ON,
                              SRC_LIVE_AFTER}; /* what comes before goes out early */

    for (size_t i = 0; i < 3; i++) {
        struct fixture *f = make(state, true);
        usec_t now_us = START_US + places[i] * PACKET_US + 7;

        for (size_t k = 0; k < 10; k++)
            say(f, LIVE_HZ);
        (void)take(f, now_us);
        (void)take(f, now_us + PACKET_US);
        assert_in_range(f->first_seq, places[i], places[i] + DELAY_US / PACKET_US);
        assert_int_equal(atomic_load(&f->control.part), parts_then[i]);
        unmake(f);
    }
}

static void test_what_follows_a_live_part_needs_nothing_before_it(void **state)
{
    struct fixture *f = make(state, false);
    enum err e = ERR_MORE;

    for (usec_t now_us = START_US - USEC_PER_SEC;
         e == ERR_MORE && now_us < START_US + 6 * USEC_PER_SEC; now_us += PACKET_US) {
        say(f, LIVE_HZ);
        e = take(f, now_us);
    }
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_int_equal(f->jumps, 0);
    assert_pitch(f, JOIN_MAX, LAST * PACKET_SAMPLES, LIVE_HZ);
    unmake(f);
}

static void test_parts_are_read_alike_from_the_start_and_from_the_middle(void **state)
{
    struct fixture *f = make(state, true);
    struct partsound *p = parts(f, 1000);
    static float whole[48000], piece[4800];

    assert_int_equal(partsound_samples(p), 48000);
    partsound_read(p, whole, 48000);
    partsound_seek(p, 20000);
    partsound_read(p, piece, 4800);
    for (size_t i = 0; i < 4800; i++)
        assert_true(fabsf(piece[i] - whole[20000 + i]) < 0.02F);
    partsound_read(p, piece, 100);
    partsound_seek(p, 47990);
    partsound_read(p, piece, 100);
    for (size_t i = 0; i < 10; i++)
        assert_true(fabsf(piece[i] - whole[47990 + i]) < 0.02F);
    for (size_t i = 10; i < 100; i++)
        assert_true(piece[i] == 0);
    partsound_free(p);
    unmake(f);
}

static void test_parts_that_lack_are_named(void **state)
{
    const struct src_media_item missing = {{{9}}, 100}, empty = {{{0}}, 0};
    const struct scratch *s = *state;
    struct err_detail detail = {{0}};
    struct partsound *p;

    assert_int_equal(partsound_new(s->media, &missing, 1, &p, &detail), ERR_NOT_FOUND);
    assert_int_equal(partsound_new(s->media, &empty, 1, &p, &detail), ERR_ARG);
    assert_int_equal(partsound_new(s->media, &missing, 0, &p, &detail), ERR_ARG);
    partsound_free(NULL);
    assert_int_equal(partsound_samples(NULL), 0);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_chime_live_and_chime_follow_each_other_without_a_gap),
        WITH(test_what_follows_comes_when_the_speaker_ends_early),
        WITH(test_a_source_that_gives_nothing_does_not_delay_what_follows),
        WITH(test_a_station_that_comes_back_goes_on_where_the_timeline_stands),
        WITH(test_what_follows_a_live_part_needs_nothing_before_it),
        WITH(test_parts_are_read_alike_from_the_start_and_from_the_middle),
        WITH(test_parts_that_lack_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
