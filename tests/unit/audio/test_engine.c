#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "encoder.h"
#include "engine.h"
#include "helpers.h"
#include "oggfile.h"
#include "packet.h"
#include "programme.h"
#include "src_media.h"

#define PREROLL_US 6500 /* 312 samples */
#define START_US (INT64_C(1800000000) * USEC_PER_SEC)
#define STREAM ((struct stream_id){77})

struct record {
    uint32_t seq;
    usec_t pts_us;
    usec_t at_us; /* when it came out */
    size_t len;
    uint8_t first; /* bytes of its payload, to know it again */
    uint8_t last;
};

/* What came out of one stream. */
static struct {
    struct record packets[6000];
    size_t packet_count;
    size_t bundles;
    size_t largest; /* packets in a bundle */
    size_t lasts;
    uint32_t end_seq;
    usec_t end_us;
    usec_t now_us;
} heard;

static void listen(void *ctx, const struct engine_bundle *b)
{
    struct bundle_reader r;
    struct packet p;
    usec_t end_us = b->pts_us;
    size_t count = 0;

    (void)ctx;
    assert_int_equal(bundle_open(&r, b->payload), ERR_OK);
    assert_int_equal(r.last, b->last);
    assert_int_equal(r.stream.v, b->stream.v);
    assert_int_equal(r.pts_us, b->pts_us);
    assert_int_equal(heard.lasts, 0);
    while (bundle_next(&r, &p) == ERR_OK) {
        assert_true(heard.packet_count < 6000);
        heard.packets[heard.packet_count++] =
            (struct record){p.seq,         p.pts_us,          heard.now_us,
                            p.payload.len, p.payload.data[0], p.payload.data[p.payload.len - 1]};
        end_us = p.pts_us + PACKET_US;
        count++;
    }
    assert_int_equal(end_us, b->end_us);
    heard.bundles++;
    if (count > heard.largest)
        heard.largest = count;
    if (b->last) {
        heard.lasts++;
        heard.end_seq = r.seq;
        heard.end_us = r.pts_us;
    }
}

static usec_t no_time(void *ctx)
{
    (void)ctx;
    return 0;
}

static struct engine *make_engine(void)
{
    const struct engine_config config = {.now_us = no_time, .on_bundle = listen};
    struct engine *e;

    memset(&heard, 0, sizeof(heard));
    assert_int_equal(engine_new(&config, &e), ERR_OK);
    return e;
}

static void run(struct engine *e, usec_t from_us, usec_t to_us)
{
    for (usec_t t = from_us; t < to_us; t += ENGINE_STEP_US) {
        heard.now_us = t;
        engine_step(e, t);
    }
}

/* Store a sweep of so many samples; two lengths are two media. */
static struct media_id store_sweep(struct scratch *s, uint64_t samples)
{
    struct encoder *e;
    struct oggfile *f;
    struct media_id id;
    struct waveform w;
    uint64_t size;
    size_t count = (size_t)((samples + 312 + 959) / 960);
    bool known;

    assert_int_equal(encoder_new(32000, &e), ERR_OK);
    assert_int_equal(oggfile_new(s->media, encoder_preskip(e), &f, NULL), ERR_OK);
    assert_int_equal(waveform_new(count * PACKET_SAMPLES, 48000, &w), ERR_OK);
    waveform_add_sweep(&w, 200, 2000, 0.3);
    for (size_t i = 0; i < count; i++) {
        uint8_t data[PACKET_PAYLOAD_MAX];
        size_t len;

        assert_int_equal(encoder_packet(e, w.pcm + i * PACKET_SAMPLES, data, &len), ERR_OK);
        assert_int_equal(oggfile_add(f, bytes_of(data, len), NULL), ERR_OK);
    }
    assert_int_equal(oggfile_finish(f, samples, &id, &size, &known, NULL), ERR_OK);
    oggfile_free(f);
    encoder_free(e);
    waveform_free(&w);
    return id;
}

static struct source *open_source(struct scratch *s, const struct src_media_plan *plan)
{
    struct source *source;

    assert_int_equal(src_media_new(s->media, plan, &source, NULL), ERR_OK);
    return source;
}

static struct src_media_plan one_item(struct scratch *s, uint64_t samples)
{
    return (struct src_media_plan){
        .start_us = START_US,
        .repeats = 1,
        .item_count = 1,
        .items = {{store_sweep(s, samples), (uint32_t)((samples + 47) / 48)}},
    };
}

static void test_each_packet_comes_once_in_order_and_ahead_of_its_time(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 240000);
    struct engine *e = make_engine();
    struct programme *p;

    assert_int_equal(programme_open(s->media, &plan.items[0].media, &p, NULL), ERR_OK);
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US - 5 * USEC_PER_SEC, START_US + 6 * USEC_PER_SEC);
    assert_int_equal(heard.packet_count, programme_packets(p));
    for (uint32_t k = 0; k < heard.packet_count; k++) {
        const struct record *r = &heard.packets[k];
        struct bytes payload = programme_packet(p, k);

        assert_int_equal(r->seq, k);
        assert_int_equal(r->pts_us, START_US - PREROLL_US + k * PACKET_US);
        assert_int_equal(r->len, payload.len);
        assert_int_equal(r->first, payload.data[0]);
        assert_int_equal(r->last, payload.data[payload.len - 1]);
        /* At most the lead and a bundle early, at least the lead less a step. */
        assert_true(r->pts_us - r->at_us > ENGINE_LEAD_US - ENGINE_STEP_US);
        assert_true(r->pts_us - r->at_us <=
                    ENGINE_LEAD_US + engine_bundle_packets(ENGINE_LEAD_US) * PACKET_US);
    }
    assert_int_equal(heard.lasts, 1);
    assert_int_equal(heard.end_seq, programme_packets(p));
    assert_int_equal(heard.end_us, START_US + 5 * USEC_PER_SEC);
    assert_int_equal(heard.largest, 25);
    assert_int_equal(heard.bundles, (heard.packet_count + 24) / 25 + 1);
    assert_int_equal(engine_streams(e), 0);
    engine_free(e);
    programme_free(p);
}

static void test_items_and_repeats_lie_where_the_order_puts_them(void **state)
{
    struct scratch *s = *state;
    const uint64_t lengths[3] = {48000, 33333, 48000};
    struct src_media_plan plan = {
        .start_us = START_US, .repeats = 3, .pause_ms = 1500, .item_count = 3};
    struct engine *e = make_engine();
    uint32_t packets[3];
    uint32_t total_ms = 0;
    size_t k = 0;

    for (size_t j = 0; j < 3; j++) {
        plan.items[j].media = store_sweep(s, lengths[j]);
        plan.items[j].duration_ms = (uint32_t)((lengths[j] + 47) / 48);
        packets[j] = (uint32_t)((lengths[j] + 312 + 959) / 960);
        total_ms += plan.items[j].duration_ms;
    }
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US - 3 * USEC_PER_SEC, START_US + 20 * USEC_PER_SEC);
    for (uint32_t r = 0; r < 3; r++) {
        usec_t item_us = START_US + r * (usec_t)(total_ms + 1500) * USEC_PER_MSEC;

        for (size_t j = 0; j < 3; j++) {
            for (uint32_t i = 0; i < packets[j]; i++, k++) {
                assert_int_equal(heard.packets[k].seq, k);
                assert_int_equal(heard.packets[k].pts_us, item_us - PREROLL_US + i * PACKET_US);
            }
            item_us += plan.items[j].duration_ms * USEC_PER_MSEC;
        }
    }
    assert_int_equal(heard.packet_count, k);
    assert_int_equal(heard.lasts, 1);
    assert_int_equal(heard.end_us, START_US + (3 * (usec_t)total_ms + 2 * 1500) * USEC_PER_MSEC);
    engine_free(e);
}

static void test_silence_takes_its_time_and_no_packets(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 48000);
    struct engine *e = make_engine();
    uint32_t packets = (48000 + 312 + 959) / 960;
    usec_t second_us = START_US + 3 * USEC_PER_SEC;
    struct source *none;

    plan.item_count = 3;
    plan.items[2] = plan.items[0];
    plan.items[1] = (struct src_media_item){.duration_ms = 2000};
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US - 3 * USEC_PER_SEC, START_US + 8 * USEC_PER_SEC);
    assert_int_equal(heard.packet_count, 2 * packets);
    for (uint32_t i = 0; i < 2 * packets; i++) {
        usec_t from_us = i < packets ? START_US : second_us;

        assert_int_equal(heard.packets[i].seq, i);
        assert_int_equal(heard.packets[i].pts_us, from_us - PREROLL_US + i % packets * PACKET_US);
    }
    assert_int_equal(heard.end_us, START_US + 4 * USEC_PER_SEC);
    plan.item_count = 1;
    plan.items[0] = plan.items[1];
    assert_int_equal(src_media_new(s->media, &plan, &none, NULL), ERR_ARG);
    engine_free(e);
}

/* Whenever it is taken up, the packets still to come are the same, with the same numbers and times. */
static void test_a_stream_taken_up_in_the_middle_goes_on_as_it_would_have(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 96000);
    static struct record all[6000];
    struct engine *e;
    size_t count;

    plan.repeats = 2;
    plan.pause_ms = 700;
    e = make_engine();
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US - 3 * USEC_PER_SEC, START_US + 6 * USEC_PER_SEC);
    count = heard.packet_count;
    memcpy(all, heard.packets, sizeof(all));
    engine_free(e);
    for (usec_t late = -100000; late < 5 * USEC_PER_SEC; late += 77777) {
        size_t skipped = 0;

        while (skipped < count && all[skipped].pts_us + PACKET_US <= START_US + late)
            skipped++;
        e = make_engine();
        assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US),
                         ERR_OK);
        run(e, START_US + late, START_US + 7 * USEC_PER_SEC);
        assert_int_equal(heard.packet_count, count - skipped);
        for (size_t k = 0; k < heard.packet_count; k++) {
            assert_int_equal(heard.packets[k].seq, all[skipped + k].seq);
            assert_int_equal(heard.packets[k].pts_us, all[skipped + k].pts_us);
            assert_int_equal(heard.packets[k].len, all[skipped + k].len);
        }
        assert_int_equal(heard.lasts, 1);
        engine_free(e);
    }
}

static void test_what_lies_beyond_its_place_is_cut(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 96000);
    struct engine *e = make_engine();

    plan.items[0].duration_ms = 500;
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US - 3 * USEC_PER_SEC, START_US + 3 * USEC_PER_SEC);
    assert_int_equal(heard.packet_count, 26);
    assert_int_equal(heard.end_us, START_US + 500000);
    engine_free(e);
}

static void test_a_stalled_thread_drops_what_is_past_and_keeps_the_time(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 480000);
    struct engine *e = make_engine();

    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), 100000), ERR_OK);
    run(e, START_US - USEC_PER_SEC, START_US + USEC_PER_SEC);
    run(e, START_US + 4 * USEC_PER_SEC, START_US + 11 * USEC_PER_SEC);
    assert_true(heard.packet_count < 400 && heard.packet_count > 300);
    for (size_t k = 0; k < heard.packet_count; k++) {
        const struct record *r = &heard.packets[k];

        assert_int_equal(r->pts_us, START_US - PREROLL_US + r->seq * PACKET_US);
        assert_true(r->pts_us + PACKET_US > r->at_us);
    }
    engine_free(e);
}

static void test_a_stopped_stream_ends_at_once(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 240000);
    struct engine *e = make_engine();
    size_t before;

    assert_int_equal(engine_stop_stream(e, STREAM), ERR_NOT_FOUND);
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), ENGINE_LEAD_US), ERR_OK);
    run(e, START_US, START_US + USEC_PER_SEC);
    before = heard.packet_count;
    assert_int_equal(engine_streams(e), 1);
    assert_int_equal(engine_stop_stream(e, STREAM), ERR_OK);
    assert_int_equal(engine_stop_stream(e, STREAM), ERR_OK);
    run(e, START_US + USEC_PER_SEC, START_US + 7 * USEC_PER_SEC);
    assert_int_equal(heard.packet_count, before);
    assert_int_equal(heard.lasts, 1);
    assert_int_equal(heard.end_seq, heard.packets[before - 1].seq + 1);
    assert_int_equal(engine_streams(e), 0);
    assert_int_equal(engine_stop_stream(e, STREAM), ERR_NOT_FOUND);
    engine_free(e);
}

static void test_limits_are_kept(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 48000);
    struct engine *e = make_engine();
    struct source *spare = open_source(s, &plan);

    assert_int_equal(engine_start_stream(e, (struct stream_id){0}, spare, 0), ERR_ARG);
    assert_int_equal(engine_start_stream(e, STREAM, spare, -1), ERR_ARG);
    assert_int_equal(engine_start_stream(e, STREAM, spare, 60 * USEC_PER_SEC + 1), ERR_ARG);
    for (uint32_t i = 1; i <= ENGINE_STREAMS_MAX; i++) {
        struct stream_id id = {i};

        if (i == ENGINE_STREAMS_MAX)
            assert_int_equal(engine_start_stream(e, (struct stream_id){1}, spare, 0), ERR_EXISTS);
        assert_int_equal(engine_start_stream(e, id, open_source(s, &plan), 0), ERR_OK);
    }
    assert_int_equal(engine_start_stream(e, (struct stream_id){1000}, spare, 0), ERR_LIMIT);
    spare->ops->free(spare);
    engine_free(e);
    engine_free(NULL);
}

/* Slots and rings go round many times; stops cross the ends of streams that had just ended. */
static void test_slots_are_used_again_and_again(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 960);
    struct engine *e = make_engine();

    for (uint32_t round = 0; round < 200; round++) {
        struct stream_id id = {1 + round % 7};

        heard.lasts = 0;
        heard.packet_count = 0;
        assert_int_equal(engine_start_stream(e, id, open_source(s, &plan), 0), ERR_OK);
        if (round % 3 == 0)
            run(e, START_US - PREROLL_US, START_US);
        else
            assert_int_equal(engine_stop_stream(e, id), ERR_OK);
        if (round % 3 == 2)
            assert_int_equal(engine_stop_stream(e, id), ERR_OK);
        run(e, START_US, START_US + 3 * PACKET_US);
        assert_int_equal(heard.lasts, 1);
        assert_int_equal(engine_streams(e), 0);
    }
    engine_free(e);
}

static void test_a_plan_out_of_range_is_refused(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan good = one_item(s, 48000);
    struct src_media_plan plan = good;
    struct source *source;

    plan.repeats = 0;
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_ARG);
    plan.repeats = SRC_MEDIA_REPEATS_MAX + 1;
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_ARG);
    plan = good;
    plan.item_count = 0;
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_ARG);
    plan.item_count = SRC_MEDIA_ITEMS_MAX + 1;
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_ARG);
    plan = good;
    plan.items[0].duration_ms = 0;
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_ARG);
    plan = good;
    plan.item_count = 2;
    plan.items[1] = (struct src_media_item){{{9}}, 1000};
    assert_int_equal(src_media_new(s->media, &plan, &source, NULL), ERR_NOT_FOUND);
}

/* A live-like source: packets exist only once they were spoken, and sometimes one is lost. */
struct live {
    struct source base;
    uint32_t next;
    bool *freed;
};

static const uint8_t live_payload[3] = {0xF8, 0xFF, 0xFE};

static enum err live_next(struct source *source, usec_t from_us, usec_t until_us,
                          struct source_packet *ret_packet)
{
    struct live *l = (struct live *)source;

    (void)until_us;
    if (l->next % 10 == 7)
        l->next++;
    if (l->next >= 30)
        return ERR_NOT_FOUND;
    if (START_US + l->next * PACKET_US > from_us)
        return ERR_MORE;
    *ret_packet = (struct source_packet){l->next, START_US + 300000 + l->next * PACKET_US,
                                         bytes_of(live_payload, 3)};
    l->next++;
    return ERR_OK;
}

static struct source_packet live_position(const struct source *source)
{
    const struct live *l = (const struct live *)source;

    return (struct source_packet){.seq = l->next,
                                  .pts_us = START_US + 300000 + l->next * PACKET_US};
}

static void live_free(struct source *source)
{
    *((struct live *)source)->freed = true;
    free(source);
}

static void test_a_live_source_passes_as_soon_as_it_speaks(void **state)
{
    static const struct source_ops ops = {live_next, live_position, live_free};
    struct engine *e = make_engine();
    struct live *l = calloc(1, sizeof(*l));
    bool freed = false;

    (void)state;
    assert_non_null(l);
    l->base.ops = &ops;
    l->freed = &freed;
    assert_int_equal(engine_start_stream(e, STREAM, &l->base, 0), ERR_OK);
    run(e, START_US, START_US + USEC_PER_SEC);
    assert_int_equal(heard.packet_count, 27);
    for (size_t k = 0; k < heard.packet_count; k++)
        assert_int_equal(heard.packets[k].pts_us - heard.packets[k].at_us, 300000);
    assert_int_equal(heard.lasts, 1);
    assert_int_equal(heard.end_seq, 30);
    assert_int_equal(engine_streams(e), 0);
    assert_true(freed);
    engine_free(e);
}

/* ---- the thread itself ---- */

struct threaded {
    sem_t over;
    atomic_size_t packets;
};

static usec_t real_time(void *ctx)
{
    struct timespec t;

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void count(void *ctx, const struct engine_bundle *b)
{
    struct threaded *t = ctx;
    struct bundle_reader r;

    if (bundle_open(&r, b->payload) == ERR_OK)
        atomic_fetch_add(&t->packets, r.count);
    if (b->last)
        sem_post(&t->over);
}

static void test_the_thread_plays_streams_to_their_end(void **state)
{
    struct scratch *s = *state;
    struct src_media_plan plan = one_item(s, 24000);
    struct threaded t = {.packets = 0};
    const struct engine_config config = {.now_us = real_time, .on_bundle = count, .ctx = &t};
    struct engine *e;

    assert_int_equal(sem_init(&t.over, 0, 0), 0);
    assert_int_equal(engine_new(&config, &e), ERR_OK);
    assert_int_equal(engine_run(e), ERR_OK);
    assert_int_equal(engine_run(e), ERR_STATE);
    plan.start_us = real_time(NULL) + 100000;
    for (uint32_t i = 1; i <= 4; i++)
        assert_int_equal(
            engine_start_stream(e, (struct stream_id){i}, open_source(s, &plan), 50000), ERR_OK);
    plan.start_us += 3600 * USEC_PER_SEC;
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), 0), ERR_OK);
    assert_int_equal(engine_stop_stream(e, STREAM), ERR_OK);
    for (int i = 0; i < 5; i++)
        sem_wait(&t.over);
    assert_int_equal(atomic_load(&t.packets), 4 * 26);
    /* Freed while a stream is waiting for its start. */
    assert_int_equal(engine_start_stream(e, STREAM, open_source(s, &plan), 0), ERR_OK);
    engine_free(e);
    sem_destroy(&t.over);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_each_packet_comes_once_in_order_and_ahead_of_its_time),
        CASE(test_items_and_repeats_lie_where_the_order_puts_them),
        CASE(test_silence_takes_its_time_and_no_packets),
        CASE(test_a_stream_taken_up_in_the_middle_goes_on_as_it_would_have),
        CASE(test_what_lies_beyond_its_place_is_cut),
        CASE(test_a_stalled_thread_drops_what_is_past_and_keeps_the_time),
        CASE(test_a_stopped_stream_ends_at_once),
        CASE(test_limits_are_kept),
        CASE(test_slots_are_used_again_and_again),
        CASE(test_a_plan_out_of_range_is_refused),
        CASE(test_a_live_source_passes_as_soon_as_it_speaks),
        CASE(test_the_thread_plays_streams_to_their_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
