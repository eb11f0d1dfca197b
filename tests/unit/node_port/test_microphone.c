#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "microphone.h"
#include "tempdir.h"
#include "wav_file.h"

static struct tempdir dir;

static int set_up(void **state)
{
    (void)state;
    tempdir_init(&dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_deinit(&dir);
    return 0;
}

static const char *spec(const char *name)
{
    static char text[PATH_MAX + 8];

    snprintf(text, sizeof(text), "wav:%s", tempdir_path(&dir, name));
    return text;
}

static void test_what_is_appended_to_a_file_is_heard_from_now_on(void **state)
{
    struct microphone m;
    struct wav_file w;
    float before[100], after[1500], heard[2000];
    size_t count = 0, n;

    (void)state;
    for (int i = 0; i < 1500; i++)
        after[i] = (float)(i - 750) / 1000;
    memset(before, 0x3C, sizeof(before));
    assert_int_equal(wav_file_open(&w, tempdir_path(&dir, "card.wav"), 44100, NULL), ERR_OK);
    assert_int_equal(wav_file_append(&w, before, 100), ERR_OK);
    microphone_init(&m);
    assert_int_equal(microphone_read(&m, heard, 2000), 0);
    assert_int_equal(microphone_open(&m, spec("card.wav"), NULL), ERR_OK);
    assert_int_equal(m.rate_hz, 44100);
    assert_int_equal(microphone_read(&m, heard, 2000), 0);
    assert_int_equal(wav_file_append(&w, after, 1500), ERR_OK);
    while ((n = microphone_read(&m, heard + count, 2000 - count)) > 0)
        count += n;
    assert_int_equal(count, 1500);
    for (int i = 0; i < 1500; i++)
        assert_true(heard[i] > after[i] - 0.0001F && heard[i] < after[i] + 0.0001F);
    microphone_close(&m);
    microphone_close(&m);
    wav_file_close(&w);
}

static void test_what_is_no_recording_is_refused(void **state)
{
    struct err_detail detail = {0};
    struct microphone m;

    (void)state;
    microphone_init(&m);
    assert_int_equal(microphone_open(&m, spec("none.wav"), &detail), ERR_NOT_FOUND);
    tempdir_write(&dir, "text.wav", "RIFF this is forty-four bytes of nothing at all, really");
    assert_int_equal(microphone_open(&m, spec("text.wav"), &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "16 bit mono"));
    tempdir_write(&dir, "short.wav", "RIFF");
    assert_int_equal(microphone_open(&m, spec("short.wav"), &detail), ERR_FORMAT);
    assert_int_equal(m.rate_hz, 0);
    assert_int_equal(m.fd, -1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_appended_to_a_file_is_heard_from_now_on),
        CASE(test_what_is_no_recording_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
