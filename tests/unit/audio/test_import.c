#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "encoder.h"
#include "helpers.h"
#include "import.h"
#include "loudness.h"
#include "programme.h"

static struct media_info info;
static struct err_detail detail;
static bool known;

static enum err import_with(struct scratch *s, const struct import_config *c, const char *path)
{
    enum err err;
    size_t descriptors = count_descriptors();

    memset(&detail, 0, sizeof(detail));
    err = import_file(c, path, s->media, NULL, &info, &known, &detail);
    assert_int_equal(count_descriptors(), descriptors);
    assert_false(has_children());
    return err;
}

static void init_config(struct import_config *c)
{
    import_config_init(c);
    if (!sandbox_works())
        c->decode.sandbox = SRC_FILE_SANDBOX_NONE;
}

static enum err import_plain(struct scratch *s, const char *path)
{
    struct import_config c;

    init_config(&c);
    return import_with(s, &c, path);
}

static void measure(const struct waveform *w, int32_t *ret_mlufs, int32_t *ret_peak_mdb)
{
    struct loudness_meter *m;

    assert_int_equal(loudness_meter_new(true, &m), ERR_OK);
    assert_int_equal(loudness_meter_add(m, w->pcm, w->samples), ERR_OK);
    *ret_mlufs = loudness_meter_integrated_mlufs(m);
    *ret_peak_mdb = loudness_meter_peak_mdb(m);
    loudness_meter_free(m);
}

/* The recording as ffmpeg understands it, 48 kHz mono: what the result is compared with. */
static struct waveform reference(struct scratch *s, const char *path)
{
    const char *wav = scratch_path(s, "reference.wav");
    char args[300];
    struct waveform w;

    snprintf(args, sizeof(args), "-i %s -ac 1 -ar 48000", path);
    make_sound(wav, args);
    assert_int_equal(waveform_read_wav(wav, &w), ERR_OK);
    return w;
}

/* Import and check what the listener gets, as decoded by ffmpeg. */
static void check_sound(struct scratch *s, const char *path, double correlation)
{
    struct waveform want = reference(s, path);
    struct waveform got;
    struct waveform_match m;
    int32_t mlufs;
    int32_t peak;

    if (import_plain(s, path) != ERR_OK)
        fail_msg("%s: %s", path, detail.text);
    got = decode_media(s, &info.id);
    assert_int_equal(got.samples, info.samples);
    assert_int_equal(info.duration_ms, (info.samples + 47) / 48);
    measure(&got, &mlufs, &peak);
    assert_int_equal(waveform_match(&got, &want, &m), ERR_OK);
    print_message("# %s: %d mLUFS, peak %d mdB, gain %d mdB, correlation %.4f, lag %.2f\n", path,
                  mlufs, peak, info.gain_mdb, m.correlation, m.lag_samples);
    assert_in_range(mlufs + 100000, 100000 + LOUDNESS_TARGET_MLUFS - 1000,
                    100000 + LOUDNESS_TARGET_MLUFS + 1000);
    assert_true(peak <= LOUDNESS_PEAK_MAX_MDB);
    assert_true(abs(info.loudness_mlufs - mlufs) <= 50 && abs(info.true_peak_mdb - peak) <= 100);
    assert_true(m.correlation >= correlation);
    assert_true(m.lag_samples > -2 && m.lag_samples < 2);
    waveform_free(&want);
    waveform_free(&got);
}

/* Raw voices have peaks 20 dB above their loudness, which the limiter must turn down: that, not the
 * codec, is what the last per cents of correlation are lost to. */
static void test_real_voices_are_levelled_and_sound_the_same(void **state)
{
    struct scratch *s = *state;
    size_t voices = 0;
    glob_t found;

    assert_int_equal(glob("/usr/share/sounds/alsa/*_*.wav", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        check_sound(s, found.gl_pathv[i], 0.96);
        voices++;
    }
    globfree(&found);
    assert_true(voices >= 8);
    assert_int_equal(count_files(s->media), voices);
}

static void make_speech(const char *path)
{
    run_program("espeak-ng", "-v", "vi", "-w", path,
                "Kính mời bà con đưa các cháu đi tiêm phòng lúc bảy giờ sáng mai.", (char *)NULL);
}

static void test_speech_in_every_container_is_levelled(void **state)
{
    static const char *const kinds[][2] = {
        {"a.mp3", "-b:a 96k"},
        {"a.m4a", "-b:a 96k"},
        {"a.ogg", "-c:a libvorbis -q 5"},
        {"a.opus", "-b:a 48k"},
        {"a.flac", ""},
        {"a.wav", "-ac 6"},
        {"a8.wav", "-ar 8000"},
        {"soft.wav", "-af volume=-25dB"},
    };
    struct scratch *s = *state;

    make_speech(scratch_path(s, "speech.wav"));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char path[128];
        char args[200];

        snprintf(path, sizeof(path), "%s/%s", s->dir, kinds[i][0]);
        snprintf(args, sizeof(args), "-i %s/speech.wav %s", s->dir, kinds[i][1]);
        make_sound(path, args);
        check_sound(s, path, 0.9);
    }
}

/* As from a studio: peaks already tamed, so that nothing but the codec touches the sound. */
static void test_levelled_speech_in_every_container_sounds_the_same(void **state)
{
    static const char *const kinds[][2] = {
        {"a.mp3", "-b:a 96k"},  {"a.m4a", "-b:a 96k"}, {"a.ogg", "-c:a libvorbis -q 5"},
        {"a.opus", "-b:a 96k"}, {"a.flac", ""},        {"a.wav", "-ac 6"},
        {"a8.wav", "-ar 8000"},
    };
    struct scratch *s = *state;
    char args[300];

    make_speech(scratch_path(s, "raw.wav"));
    snprintf(args, sizeof(args),
             "-i %s/raw.wav -af asoftclip=type=tanh:threshold=0.2,volume=-3dB -ar 48000", s->dir);
    make_sound(scratch_path(s, "speech.wav"), args);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", s->dir, kinds[i][0]);
        snprintf(args, sizeof(args), "-i %s/speech.wav %s", s->dir, kinds[i][1]);
        make_sound(path, args);
        check_sound(s, path, 0.98);
    }
}

static void test_hard_signals_keep_the_peak(void **state)
{
    static const char *const makes[] = {
        "-f lavfi -i anoisesrc=d=1.5:a=0.9",
        "-f lavfi -i sine=60:d=1.5,volume=17dB",
        "-f lavfi -i aevalsrc='if(lt(mod(t,0.5),0.001),1,0.02*sin(2*PI*300*t))':d=1.5",
        "-f lavfi -i aevalsrc='sgn(sin(2*PI*440*t))':d=1.5",
        /* These two leave the codec 1 to 4 dB higher than they went in. */
        "-f lavfi -i aevalsrc='0.5*sgn(sin(2*PI*90*t))*lt(mod(t,1),0.05)':d=1.5",
        "-f lavfi -i aevalsrc='(random(0)-0.5)*lt(mod(t,0.5),0.02)':d=1.5",
        "-f lavfi -i aevalsrc='0.99*sin(2*PI*6000*t+0.785)':d=1.5",
        "-f lavfi -i aevalsrc='3*sin(2*PI*500*t)*lt(mod(t,1),0.1)':d=1.5 -c:a pcm_f32le",
    };
    static const uint32_t bitrates[] = {16000, 32000, 64000};
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");

    for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
        make_sound(path, makes[i]);
        for (size_t k = 0; k < 3; k++) {
            struct import_config c;
            struct waveform got;
            int32_t mlufs;
            int32_t peak;

            init_config(&c);
            c.bitrate_bps = bitrates[k];
            if (import_with(s, &c, path) != ERR_OK)
                fail_msg("%s: %s", makes[i], detail.text);
            got = decode_media(s, &info.id);
            measure(&got, &mlufs, &peak);
            print_message("# signal %zu at %u bit/s: %d mLUFS, peak %d mdB\n", i, bitrates[k],
                          mlufs, peak);
            assert_true(peak <= LOUDNESS_PEAK_MAX_MDB);
            waveform_free(&got);
        }
    }
}

static void test_the_same_recording_twice_is_the_same_media(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");
    struct media_id first;
    uint64_t encodes = encoder_programmes();

    make_speech(path);
    assert_int_equal(import_plain(s, path), ERR_OK);
    assert_false(known);
    first = info.id;
    assert_int_equal(rename(path, scratch_path(s, "other name.bin")), 0);
    assert_int_equal(import_plain(s, scratch_path(s, "other name.bin")), ERR_OK);
    assert_true(known);
    assert_memory_equal(first.sha256, info.id.sha256, SHA256_BYTES);
    assert_int_equal(count_files(s->media), 1);
    assert_int_equal(encoder_programmes(), encodes + 2);
}

static void test_the_stored_programme_opens(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");
    struct programme *p;

    make_sound(path, "-f lavfi -i sine=440:d=1.2345");
    assert_int_equal(import_plain(s, path), ERR_OK);
    assert_int_equal(programme_open(s->media, &info.id, &p, NULL), ERR_OK);
    assert_int_equal(programme_samples(p), info.samples);
    assert_int_equal(programme_packets(p), (info.samples + 312 + 959) / 960);
    programme_free(p);
}

static void test_silence_is_refused(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");

    make_sound(path, "-f lavfi -i anullsrc=d=2 -t 2");
    assert_int_equal(import_plain(s, path), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "silent"));
    assert_int_equal(count_files(s->media), 0);
}

static void test_a_very_quiet_recording_is_raised_by_30_db_and_told(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");

    make_sound(path, "-f lavfi -i sine=1000:d=2 -af volume=-36dB -c:a pcm_f32le");
    assert_int_equal(import_plain(s, path), ERR_OK);
    assert_int_equal(info.gain_mdb, LOUDNESS_GAIN_MAX_MDB);
    assert_in_range(info.loudness_mlufs + 100000, 100000 - 28500, 100000 - 26000);
    assert_non_null(strstr(detail.text, "very quiet"));
}

static void test_floats_that_are_not_numbers_are_survived(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");
    static float pcm[96000];
    FILE *f;

    make_sound(path, "-f lavfi -i sine=1000:d=2:r=48000 -ac 1 -c:a pcm_f32le -fflags +bitexact");
    assert_true(file_size(path) > sizeof(pcm));
    f = fopen(path, "r+be");
    assert_non_null(f);
    fseek(f, -(long)sizeof(pcm), SEEK_END);
    assert_int_equal(fread(pcm, sizeof(float), 24000, f), 24000);
    for (size_t i = 0; i < 24000; i += 1000)
        memcpy(&pcm[i], i % 3000 == 0 ? "\0\0\xC0\x7F" : "\0\0\x80\xFF", 4);
    fseek(f, -(long)sizeof(pcm), SEEK_END);
    assert_int_equal(fwrite(pcm, sizeof(float), 24000, f), 24000);
    fclose(f);
    assert_int_equal(import_plain(s, path), ERR_OK);
    assert_in_range(info.loudness_mlufs + 100000, 83000, 85000);
}

static void test_bad_uploads_leave_nothing_behind(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.mp3");
    struct import_config c;
    static const char text[] = "#EXTM3U\nfile:///etc/passwd\n";

    write_file(path, text, strlen(text));
    assert_int_equal(import_plain(s, path), ERR_FORMAT);
    write_file(path, "", 0);
    assert_int_equal(import_plain(s, path), ERR_FORMAT);
    assert_int_equal(truncate(path, INT64_C(2) << 30), 0);
    assert_int_equal(import_plain(s, path), ERR_LIMIT);
    assert_int_equal(import_plain(s, "/nonexistent"), ERR_NOT_FOUND);
    init_config(&c);
    c.bitrate_bps = 8000;
    assert_int_equal(import_with(s, &c, path), ERR_ARG);
    assert_int_equal(count_files(s->media), 0);
}

/* The disk fills at every stage: samples, then the encoded file. */
static void test_a_full_disk_leaves_nothing_behind(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");
    struct rlimit whole;
    enum err err = ERR_IO;
    unsigned failures = 0;

    make_sound(path, "-f lavfi -i sine=440:d=1");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    for (rlim_t room = 0; err != ERR_OK; room += 50000) {
        struct rlimit limit = {.rlim_cur = room, .rlim_max = whole.rlim_max};

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        err = import_plain(s, path);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
        if (err == ERR_OK)
            break;
        failures++;
        assert_int_equal(err, ERR_IO);
        assert_non_null(strstr(detail.text, "disk is full"));
        assert_int_equal(count_files(s->media), 0);
    }
    assert_int_equal(failures, 4); /* 192,000 bytes of samples */
    assert_int_equal(count_files(s->media), 1);
}

static void test_cancelling_leaves_nothing_behind(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");
    atomic_bool cancel = true;
    struct import_config c;

    init_config(&c);
    make_sound(path, "-f lavfi -i sine=440:d=1");
    assert_int_equal(import_file(&c, path, s->media, &cancel, &info, &known, &detail),
                     ERR_CANCELLED);
    assert_int_equal(count_files(s->media), 0);
    assert_false(has_children());
}

static void test_sweeping_removes_only_temporary_files(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "a.wav");

    make_sound(path, "-f lavfi -i sine=440:d=1");
    assert_int_equal(import_plain(s, path), ERR_OK);
    write_file(scratch_path(s, "media/.import-abcdef"), "x", 1);
    assert_int_equal(count_files(s->media), 2);
    import_sweep(s->media);
    assert_int_equal(count_files(s->media), 1);
    import_sweep("/nonexistent");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_real_voices_are_levelled_and_sound_the_same),
        CASE(test_speech_in_every_container_is_levelled),
        CASE(test_levelled_speech_in_every_container_sounds_the_same),
        CASE(test_hard_signals_keep_the_peak),
        CASE(test_the_same_recording_twice_is_the_same_media),
        CASE(test_the_stored_programme_opens),
        CASE(test_silence_is_refused),
        CASE(test_a_very_quiet_recording_is_raised_by_30_db_and_told),
        CASE(test_floats_that_are_not_numbers_are_survived),
        CASE(test_bad_uploads_leave_nothing_behind),
        CASE(test_a_full_disk_leaves_nothing_behind),
        CASE(test_cancelling_leaves_nothing_behind),
        CASE(test_sweeping_removes_only_temporary_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
