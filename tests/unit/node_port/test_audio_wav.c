#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio_null.h"
#include "audio_wav.h"
#include "log.h"
#include "pacer.h"
#include "tempdir.h"
#include "wav_file.h"

static struct tempdir dir;

static int make_dir(void **state)
{
    (void)state;
    tempdir_init(&dir);
    return 0;
}

static int drop_dir(void **state)
{
    (void)state;
    tempdir_deinit(&dir);
    return 0;
}

static int64_t take_until(struct pacer *p, usec_t mono_us)
{
    int64_t first;

    while (pacer_take(p, mono_us, &first))
        assert_int_equal(first, p->taken - PACER_PERIOD_FRAMES);
    return p->taken;
}

static void test_an_hour_of_frames_is_as_long_as_the_crystal_says(void **state)
{
    const double ppm[] = {0, 100, -100, 1000, -1000, 0.25};

    (void)state;
    for (size_t i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++) {
        struct pacer p;
        double due = 3600.0 * 48000 * (1 + ppm[i] * 1e-6);
        usec_t mono_us = 1000000;

        pacer_init(&p, ppm[i], mono_us);
        for (; mono_us <= 1000000 + 3600 * USEC_PER_SEC; mono_us += 10000)
            take_until(&p, mono_us);
        /* What sounds 20 ms from now was taken, in whole periods. */
        assert_true(fabs((double)p.taken - due) <= PACER_PERIOD_FRAMES + 1);
        assert_in_range(pacer_mono(&p, (int64_t)llround(due)) - p.start_mono_us,
                        3600 * USEC_PER_SEC - 12, 3600 * USEC_PER_SEC + 12);
    }
}

static void test_a_late_caller_gets_all_that_is_due(void **state)
{
    struct pacer p;

    (void)state;
    pacer_init(&p, 0, 0);
    assert_int_equal(take_until(&p, 0), 480);
    assert_int_equal(take_until(&p, 5000), 480);
    assert_int_equal(take_until(&p, 9999), 480);
    assert_int_equal(take_until(&p, 10000), 960);
    assert_int_equal(take_until(&p, 2000000), 201 * 480);
}

static uint32_t le(const uint8_t *at, int width)
{
    uint32_t v = 0;

    for (int i = 0; i < width; i++)
        v |= (uint32_t)at[i] << (8 * i);
    return v;
}

/* Check the header against the file and return the frames it promises. */
static uint32_t promised_frames(const char *path)
{
    uint8_t head[WAV_FILE_HEADER_BYTES];
    FILE *file = fopen(path, "rbe");
    struct stat st;

    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    assert_int_equal(fstat(fileno(file), &st), 0);
    fclose(file);
    assert_memory_equal(head, "RIFF", 4);
    assert_memory_equal(head + 8, "WAVEfmt ", 8);
    assert_int_equal(le(head + 20, 2), 1);
    assert_int_equal(le(head + 22, 2), 1);
    assert_int_equal(le(head + 24, 4), 48000);
    assert_int_equal(le(head + 28, 4), 96000);
    assert_int_equal(le(head + 34, 2), 16);
    assert_memory_equal(head + 36, "data", 4);
    assert_int_equal(le(head + 4, 4), le(head + 40, 4) + 36);
    assert_true((int64_t)le(head + 40, 4) + WAV_FILE_HEADER_BYTES <= st.st_size);
    return le(head + 40, 4) / 2;
}

static int16_t sample_at(const char *path, long frame)
{
    uint8_t two[2];
    FILE *file = fopen(path, "rbe");

    assert_non_null(file);
    assert_int_equal(fseek(file, WAV_FILE_HEADER_BYTES + 2 * frame, SEEK_SET), 0);
    assert_int_equal(fread(two, 1, 2, file), 2);
    fclose(file);
    return (int16_t)le(two, 2);
}

static void test_samples_are_rounded_and_clipped_and_silence_is_kept(void **state)
{
    const float frames[] = {0, 1, -1, 2, -2, 0.5F, 1.0F / 32767 * 0.6F};
    const int16_t wanted[] = {0, 32767, -32767, 32767, -32767, 16384, 1};
    const float silence[480] = {0};
    struct wav_file w;

    (void)state;
    assert_int_equal(wav_file_open(&w, tempdir_path(&dir, "a.wav"), 48000, NULL), ERR_OK);
    assert_int_equal(wav_file_append(&w, silence, 480), ERR_OK);
    assert_int_equal(wav_file_append(&w, frames, 7), ERR_OK);
    assert_int_equal(wav_file_append(&w, silence, 480), ERR_OK);
    wav_file_close(&w);
    wav_file_close(&w);
    assert_int_equal(promised_frames(tempdir_path(&dir, "a.wav")), 967);
    for (int i = 0; i < 7; i++)
        assert_in_range(sample_at(tempdir_path(&dir, "a.wav"), 480 + i) + 40000,
                        wanted[i] + 40000 - (i == 5), wanted[i] + 40000);
    assert_int_equal(sample_at(tempdir_path(&dir, "a.wav"), 966), 0);
}

static void test_a_recording_of_a_killed_program_is_valid(void **state)
{
    const char *path = tempdir_path(&dir, "killed.wav");
    int ready[2], status;
    char byte;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        float frames[480];
        struct wav_file w;

        for (int i = 0; i < 480; i++)
            frames[i] = 0.25F;
        if (wav_file_open(&w, path, 48000, NULL) != ERR_OK)
            _exit(1);
        for (int i = 0;; i++) {
            if (wav_file_append(&w, frames, 480) != ERR_OK ||
                (i % 100 == 99 && wav_file_commit(&w) != ERR_OK) ||
                (i == 350 && write(ready[1], "x", 1) != 1) || i == 100000)
                _exit(1);
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ready[0]);
    close(ready[1]);
    assert_true(promised_frames(path) >= 300 * 480);
    assert_int_equal(sample_at(path, (long)promised_frames(path) - 1), 8192);
}

static void write_ramp(struct audio_ring *ring, size_t target)
{
    float block[256];
    int64_t first;
    size_t count;

    while ((count = audio_ring_wanted(ring, target, &first)) > 0) {
        if (count > 256)
            count = 256;
        for (size_t i = 0; i < count; i++)
            block[i] = (float)((first + (int64_t)i) % 1000) / 32767.0F;
        audio_ring_write(ring, first, block, count);
    }
}

static void test_the_output_records_what_the_ring_held_and_tells_positions(void **state)
{
    const char *path = tempdir_path(&dir, "node.wav");
    struct audio_ring_position p = {0}, last = {-1, 0};
    struct audio_ring ring;
    struct audio_out *out;
    usec_t mono_us = 5000000;

    (void)state;
    assert_int_equal(audio_ring_init(&ring, 8192), ERR_OK);
    assert_int_equal(audio_wav_open(path, 500, &ring, mono_us, &out, NULL), ERR_OK);
    assert_int_equal(out->rate_hz, 48000);
    for (; mono_us < 8000000; mono_us += 10000) {
        write_ramp(&ring, 5760);
        out->tick(out, mono_us);
        while (audio_ring_next_position(&ring, &p)) {
            assert_int_equal(p.frame, last.frame < 0 ? 0 : last.frame + 480);
            last = p;
        }
    }
    /* 3 s at 48,024 Hz, the first frame 20 ms after opening. */
    assert_in_range(last.mono_us, 5020000 + last.frame * 1000000 / 48024 - 2,
                    5020000 + last.frame * 1000000 / 48024 + 2);
    out->close(out);
    assert_int_equal(audio_ring_underruns(&ring), 0);
    audio_ring_deinit(&ring);
    assert_int_equal(promised_frames(path), last.frame + 480);
    for (long i = 0; i < 100000; i += 777)
        assert_int_equal(sample_at(path, i), i % 1000);
}

static void test_the_companion_file_tells_both_clocks(void **state)
{
    struct audio_ring ring;
    struct audio_out *out;

    (void)state;
    assert_int_equal(audio_ring_init(&ring, 1024), ERR_OK);
    assert_int_equal(audio_wav_open(tempdir_path(&dir, "c.wav"), -20.5, &ring, 1000, &out, NULL),
                     ERR_OK);
    assert_string_equal(tempdir_read(&dir, "c.wav.json"),
                        "{\"rate_hz\": 48000, \"ppm\": -20.500, \"mono_us\": 21000, "
                        "\"station_us\": null, \"uncertainty_us\": -1}\n");
    assert_int_equal(out->stamp_mono_us, 21000);
    out->stamp(out, 1800000000000000, 100);
    assert_non_null(strstr(tempdir_read(&dir, "c.wav.json"), "\"station_us\": 1800000000000000,"));
    out->stamp(out, 1800000000000007, 60); /* hardly better: the file stays */
    assert_non_null(strstr(tempdir_read(&dir, "c.wav.json"), "\"station_us\": 1800000000000000,"));
    out->stamp(out, 1800000000000009, 50);
    assert_non_null(strstr(tempdir_read(&dir, "c.wav.json"),
                           "\"station_us\": 1800000000000009, \"uncertainty_us\": 50}"));
    out->close(out);
    audio_ring_deinit(&ring);
}

static void test_a_full_disk_ends_the_recording_and_not_the_pace(void **state)
{
    const char *path = tempdir_path(&dir, "full.wav");
    struct rlimit before, limit;
    struct audio_ring ring;
    struct audio_out *out;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    log_set_level(LOG_ERROR + 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(audio_ring_init(&ring, 8192), ERR_OK);
    assert_int_equal(audio_wav_open(path, 0, &ring, 0, &out, NULL), ERR_OK);
    limit = (struct rlimit){.rlim_cur = 100000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (usec_t mono_us = 0; mono_us < 3000000; mono_us += 10000) {
        write_ramp(&ring, 5760);
        out->tick(out, mono_us);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(audio_ring_position(&ring), 300 * 480);
    out->close(out);
    audio_ring_deinit(&ring);
    log_set_level(LOG_INFO);
    assert_in_range(promised_frames(path), 1, 50000);
}

static void test_a_folder_that_is_not_there_is_said_so(void **state)
{
    struct err_detail detail = {0};
    struct audio_ring ring;
    struct audio_out *out = NULL;

    (void)state;
    assert_int_equal(audio_ring_init(&ring, 1024), ERR_OK);
    assert_int_equal(audio_wav_open("/nowhere/x.wav", 0, &ring, 0, &out, &detail), ERR_IO);
    assert_null(out);
    assert_non_null(strstr(detail.text, "/nowhere/x.wav: No such file or directory"));
    audio_ring_deinit(&ring);
}

static void test_the_null_output_keeps_the_pace_and_writes_nothing(void **state)
{
    struct audio_ring ring;
    struct audio_out *out;

    (void)state;
    assert_int_equal(audio_ring_init(&ring, 1024), ERR_OK);
    assert_int_equal(audio_null_open(&ring, 0, &out), ERR_OK);
    out->tick(out, 1000000);
    out->stamp(out, 1, 1);
    assert_int_equal(audio_ring_position(&ring), 101 * 480);
    out->close(out);
    audio_ring_deinit(&ring);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, drop_dir)
    const struct CMUnitTest tests[] = {
        CASE(test_an_hour_of_frames_is_as_long_as_the_crystal_says),
        CASE(test_a_late_caller_gets_all_that_is_due),
        CASE(test_samples_are_rounded_and_clipped_and_silence_is_kept),
        CASE(test_a_recording_of_a_killed_program_is_valid),
        CASE(test_the_output_records_what_the_ring_held_and_tells_positions),
        CASE(test_the_companion_file_tells_both_clocks),
        CASE(test_a_full_disk_ends_the_recording_and_not_the_pace),
        CASE(test_a_folder_that_is_not_there_is_said_so),
        CASE(test_the_null_output_keeps_the_pace_and_writes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
