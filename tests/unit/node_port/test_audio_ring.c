#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "audio_ring.h"
#include "prop.h"

#define FADE_FRAMES 480
#define LEAD_FRAMES 2048

static struct audio_ring ring;

static int make_ring(void **state)
{
    (void)state;
    return audio_ring_init(&ring, 4096) == ERR_OK ? 0 : -1;
}

static int drop_ring(void **state)
{
    (void)state;
    audio_ring_deinit(&ring);
    return 0;
}

/* A frame's number as its value: 1, 2, 3 ... as far as floats hold it exactly. */
static float value_of(int64_t frame)
{
    return (float)(frame % (1 << 24) + 1);
}

static size_t fill(size_t target, int64_t *ret_first)
{
    float block[256];
    size_t total = 0, count;
    int64_t first;

    while ((count = audio_ring_wanted(&ring, target, &first)) > 0) {
        if (count > 256)
            count = 256;
        for (size_t i = 0; i < count; i++)
            block[i] = value_of(first + (int64_t)i);
        audio_ring_write(&ring, first, block, count);
        if (total == 0 && ret_first != NULL)
            *ret_first = first;
        total += count;
    }
    return total;
}

static void test_frames_come_out_as_they_went_in(void **state)
{
    float out[300];
    int64_t at = 0;

    (void)state;
    for (int round = 0; round < 100; round++) {
        fill(LEAD_FRAMES, NULL);
        audio_ring_read(&ring, out, 300);
        for (int i = 0; i < 300; i++)
            assert_true(out[i] == value_of(at + i));
        at += 300;
    }
    assert_int_equal(audio_ring_underruns(&ring), 0);
    assert_int_equal(audio_ring_position(&ring), at);
}

static void test_no_more_is_wanted_than_the_target(void **state)
{
    int64_t first = -1;

    (void)state;
    assert_int_equal(fill(1000, &first), 1000);
    assert_int_equal(first, 0);
    first = -1;
    assert_int_equal(audio_ring_wanted(&ring, 1000, &first), 0);
    assert_int_equal(first, -1);
    assert_int_equal(fill(1 << 30, NULL), 4096 - 1000);
}

static void test_silence_before_the_first_write_is_no_underrun(void **state)
{
    float out[480];

    (void)state;
    for (int i = 0; i < 480; i++)
        out[i] = 7;
    audio_ring_read(&ring, out, 480);
    for (int i = 0; i < 480; i++)
        assert_true(out[i] == 0);
    assert_int_equal(audio_ring_underruns(&ring), 0);
}

static void test_sound_after_a_skip_is_faded_in_at_its_place(void **state)
{
    float out[1000];

    (void)state;
    fill(4000, NULL);
    audio_ring_read(&ring, out, 1000);
    audio_ring_skip(&ring, 500);
    audio_ring_read(&ring, out, 100); /* a fade over several reads */
    audio_ring_read(&ring, out + 100, 900);
    for (int i = 0; i < 1000; i++) {
        float share = i < FADE_FRAMES ? (float)i / FADE_FRAMES : 1.0F, full = value_of(1500 + i);

        assert_true(out[i] >= full * share - 0.01F && out[i] <= full * share + 0.01F);
    }
    assert_int_equal(audio_ring_skipped(&ring), 500);
}

static void test_a_skip_beyond_the_sound_or_without_any_begins_nothing(void **state)
{
    float out[1000];

    (void)state;
    audio_ring_skip(&ring, 100);
    fill(1000, NULL);
    audio_ring_read(&ring, out, 100);
    assert_true(out[99] != 0 && out[99] == value_of(199)); /* its first sound is whole */
    audio_ring_skip(&ring, 5000);
    audio_ring_read(&ring, out, 1000);
    for (int i = 0; i < 1000; i++)
        assert_true(out[i] == 0);
}

static void test_an_underrun_dies_away_is_counted_once_and_writing_goes_on_ahead(void **state)
{
    float out[1000];
    int64_t first;

    (void)state;
    fill(500, NULL);
    audio_ring_read(&ring, out, 1000);
    assert_true(out[499] == value_of(499));
    for (int i = 500; i < 1000; i++) {
        assert_true(out[i] <= out[i - 1]);
        assert_true(out[i - 1] - out[i] <= out[499] / FADE_FRAMES + 1e-3F);
    }
    assert_true(out[500 + FADE_FRAMES] == 0);
    audio_ring_read(&ring, out, 1000);
    assert_int_equal(audio_ring_underruns(&ring), 1);
    assert_true(audio_ring_wanted(&ring, LEAD_FRAMES, &first) > 0);
    assert_int_equal(first, 3000); /* 2,000 were asked for, the longest read was 1,000 */
    fill(LEAD_FRAMES, NULL);
    audio_ring_read(&ring, out, 1000);
    assert_true(out[999] == 0);
    audio_ring_read(&ring, out, 1000);
    assert_true(out[0] == value_of(3000));
}

static void test_a_flush_fades_out_then_plays_only_what_is_written_after_it(void **state)
{
    float out[256];
    int64_t first;

    (void)state;
    fill(LEAD_FRAMES, NULL);
    audio_ring_read(&ring, out, 256);
    audio_ring_flush(&ring);
    assert_true(audio_ring_flushing(&ring));
    assert_int_equal(audio_ring_wanted(&ring, LEAD_FRAMES, &first), 0);
    audio_ring_read(&ring, out, 256);
    assert_true(out[0] > 0.99F * value_of(256) * (FADE_FRAMES - 1) / FADE_FRAMES);
    assert_true(out[255] > 0 && out[255] < value_of(511) / 2);
    assert_true(audio_ring_flushing(&ring));
    audio_ring_read(&ring, out, 256);
    assert_false(audio_ring_flushing(&ring));
    for (int i = FADE_FRAMES - 256; i < 256; i++)
        assert_true(out[i] == 0);
    audio_ring_read(&ring, out, 256); /* nothing rendered yet: silence, but no underrun */
    for (int i = 0; i < 256; i++)
        assert_true(out[i] == 0);
    assert_int_equal(audio_ring_underruns(&ring), 0);
    assert_true(fill(LEAD_FRAMES, &first) > 0);
    assert_int_equal(first, 4 * 256 + 256); /* one read ahead of the card */
    audio_ring_read(&ring, out, 256);
    audio_ring_read(&ring, out, 256);
    assert_true(out[0] == value_of(first));
}

static void test_a_second_flush_before_refilling_changes_nothing(void **state)
{
    float out[256];

    (void)state;
    fill(LEAD_FRAMES, NULL);
    audio_ring_read(&ring, out, 256);
    audio_ring_flush(&ring);
    audio_ring_flush(&ring);
    audio_ring_read(&ring, out, 256);
    audio_ring_read(&ring, out, 256);
    assert_false(audio_ring_flushing(&ring));
    audio_ring_flush(&ring);
    assert_false(audio_ring_flushing(&ring));
    assert_true(fill(LEAD_FRAMES, NULL) > 0);
}

static void test_positions_travel_in_order_and_overflow_drops_the_newest(void **state)
{
    struct audio_ring_position p;

    (void)state;
    for (int i = 0; i < AUDIO_RING_POSITIONS + 5; i++)
        audio_ring_note(&ring, i, 1000 + i);
    for (int i = 0; i < AUDIO_RING_POSITIONS; i++) {
        assert_true(audio_ring_next_position(&ring, &p));
        assert_int_equal(p.frame, i);
        assert_int_equal(p.mono_us, 1000 + i);
    }
    assert_false(audio_ring_next_position(&ring, &p));
}

static void test_a_reset_starts_at_frame_zero_and_keeps_the_underruns(void **state)
{
    float out[600];
    int64_t first = -1;

    (void)state;
    fill(500, NULL);
    audio_ring_read(&ring, out, 600);
    audio_ring_flush(&ring);
    audio_ring_reset(&ring, 44100);
    assert_int_equal(audio_ring_underruns(&ring), 1);
    assert_false(audio_ring_flushing(&ring));
    assert_int_equal(fill(100, &first), 100);
    assert_int_equal(first, 0);
    audio_ring_read(&ring, out, 50);
    assert_true(out[0] == value_of(0));
}

/* ---- property: two threads, random sizes, stalls and flushes ---- */

#define EXACT_ENOUGH 20000

struct reader_result {
    struct prop random;
    _Atomic bool stop;
    _Atomic uint32_t exact; /* frames that came out with their own value */
    int wrong; /* values that belong to a later frame or to none */
};

/* A value is right when it is the frame's own, or less: inside a fade or decay, or silence. */
static bool judge(struct reader_result *r, int64_t first, const float *out, size_t count)
{
    uint32_t exact = 0;

    for (size_t i = 0; i < count; i++) {
        float own = value_of(first + (int64_t)i);

        if (out[i] == own)
            exact++;
        else if (out[i] < 0 || out[i] > own)
            r->wrong++;
    }
    atomic_fetch_add(&r->exact, exact);
    return exact > 0;
}

static void *card(void *arg)
{
    struct reader_result *r = (struct reader_result *)arg;
    float out[512];

    while (!atomic_load(&r->stop)) {
        size_t count = (size_t)prop_range(&r->random, 1, 512);
        int64_t first = audio_ring_position(&ring);
        bool sounds;

        audio_ring_read(&ring, out, count);
        audio_ring_note(&ring, first, first * 2);
        sounds = judge(r, first, out, count);
        /* Without sound, leave the processor to the writer. */
        if (!sounds || prop_one_in(&r->random, 2))
            nanosleep(&(struct timespec){.tv_nsec = sounds ? 1000 : 200000}, NULL);
    }
    return NULL;
}

static void test_two_threads_under_random_load_agree_on_the_frames(void **state)
{
    struct reader_result r = {.wrong = 0};
    struct audio_ring_position p = {-1, -1};
    struct prop random;
    pthread_t thread;
    int64_t last = -1;

    (void)state;
    prop_init(&random, "audio_ring");
    r.random = random;
    assert_int_equal(pthread_create(&thread, NULL, card, &r), 0);
    while (atomic_load(&r.exact) < EXACT_ENOUGH) {
        fill((size_t)prop_range(&random, 1, 4096), NULL);
        if (prop_one_in(&random, 50))
            audio_ring_flush(&ring);
        while (audio_ring_next_position(&ring, &p)) {
            assert_true(p.frame > last);
            assert_int_equal(p.mono_us, p.frame * 2);
            last = p.frame;
        }
        if (prop_one_in(&random, 10))
            nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    }
    atomic_store(&r.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(audio_ring_position(&ring) < 1 << 24, true);
}

/* Numbers whose halves agree; a mixture of two would not. */
#define CELL_CHANGES 20000

struct cell_writer {
    struct frame_cell cell;
    atomic_bool stop;
};

static void *set_cell(void *arg)
{
    struct cell_writer *w = arg;

    for (int64_t i = 1; !atomic_load_explicit(&w->stop, memory_order_relaxed); i++) {
        frame_cell_set(&w->cell, i << 32 | i);
        if (i % 1000 == 0)
            sched_yield(); /* on one processor the two take turns: i stays below 2^32 */
    }
    return NULL;
}

static void test_a_frame_number_is_never_read_half_old_and_half_new(void **state)
{
    static struct cell_writer w;
    pthread_t thread;
    int64_t last = 0;
    unsigned changes = 0, mixed = 0, backwards = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, set_cell, &w), 0);
    while (changes < CELL_CHANGES) {
        int64_t now = frame_cell_get(&w.cell);

        changes += now != last;
        mixed += now >> 32 != (now & UINT32_MAX);
        backwards += now < last;
        if (now == last)
            sched_yield();
        last = now;
    }
    atomic_store(&w.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(mixed, 0);
    assert_int_equal(backwards, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_ring, drop_ring)
    const struct CMUnitTest tests[] = {
        CASE(test_frames_come_out_as_they_went_in),
        CASE(test_no_more_is_wanted_than_the_target),
        CASE(test_silence_before_the_first_write_is_no_underrun),
        CASE(test_sound_after_a_skip_is_faded_in_at_its_place),
        CASE(test_a_skip_beyond_the_sound_or_without_any_begins_nothing),
        CASE(test_an_underrun_dies_away_is_counted_once_and_writing_goes_on_ahead),
        CASE(test_a_flush_fades_out_then_plays_only_what_is_written_after_it),
        CASE(test_a_second_flush_before_refilling_changes_nothing),
        CASE(test_positions_travel_in_order_and_overflow_drops_the_newest),
        CASE(test_a_reset_starts_at_frame_zero_and_keeps_the_underruns),
        CASE(test_two_threads_under_random_load_agree_on_the_frames),
        CASE(test_a_frame_number_is_never_read_half_old_and_half_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
