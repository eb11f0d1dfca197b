#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "helpers.h"
#include "import.h"
#include "src_speech.h"

static struct err_detail detail;

static struct src_speech_config defaults(void)
{
    struct src_speech_config c;

    src_speech_config_init(&c);
    if (!sandbox_works())
        c.sandbox = SRC_FILE_SANDBOX_NONE;
    return c;
}

/* Speak into "out.wav"; whatever happens, no child, descriptor or further file is left. */
static enum err speak(struct scratch *s, const struct src_speech_config *c, const char *text,
                      enum speech_voice voice, uint32_t speed)
{
    const struct src_speech_request r = {.text = text, .voice = voice, .speed = speed};
    size_t descriptors = count_descriptors();
    size_t files;
    enum err err;

    (void)unlink(scratch_path(s, "out.wav"));
    files = count_files(s->dir);
    memset(&detail, 0, sizeof(detail));
    err = src_speech(c, &r, s->dir, scratch_path(s, "out.wav"), NULL, &detail);
    if (err != ERR_OK)
        assert_true(strlen(detail.text) > 20);
    assert_int_equal(count_files(s->dir), files + (err == ERR_OK ? 1 : 0));
    assert_false(has_children());
    assert_int_equal(count_descriptors(), descriptors);
    return err;
}

static enum err run_script(struct scratch *s, const char *body, uint32_t timeout_ms)
{
    struct src_speech_config c = defaults();
    char command[256];

    write_script(scratch_path(s, "tts"), body);
    snprintf(command, sizeof(command), "%s {voice} {speed} {text}", scratch_path(s, "tts"));
    c.command = command;
    c.timeout_ms = timeout_ms;
    c.output_bytes_max = 1 << 20;
    return speak(s, &c, "xin chào", SPEECH_VOICE_SOUTH, 120);
}

static void test_each_voice_speaks_and_its_sound_can_be_imported(void **state)
{
    struct scratch *s = *state;
    struct import_config import;
    struct media_info info[SPEECH_VOICES];

    import_config_init(&import);
    if (!sandbox_works())
        import.decode.sandbox = SRC_FILE_SANDBOX_NONE;
    for (int v = 0; v < SPEECH_VOICES; v++) {
        struct src_speech_config c = defaults();
        bool known = true;
        enum err err = speak(s, &c, "Kính mời bà con đến nhà văn hóa thôn bốn.",
                             (enum speech_voice)v, SPEECH_SPEED);

        if (err == ERR_OK)
            err = import_file(&import, scratch_path(s, "out.wav"), s->media, NULL, &info[v], &known,
                              &detail);
        if (err != ERR_OK)
            fail_msg("%s: %s", speech_voice_name((enum speech_voice)v), detail.text);
        assert_in_range(info[v].duration_ms, 1500, 6000);
        assert_in_range(info[v].loudness_mlufs + 18500, 0, 3500);
        assert_false(known); /* each voice sounds different */
    }
}

static void test_slow_speech_takes_longer(void **state)
{
    struct scratch *s = *state;
    struct src_speech_config c = defaults();
    size_t fast;

    assert_int_equal(speak(s, &c, "một hai ba bốn năm sáu", SPEECH_VOICE_NORTH, 200), ERR_OK);
    fast = file_size(scratch_path(s, "out.wav"));
    assert_int_equal(speak(s, &c, "một hai ba bốn năm sáu", SPEECH_VOICE_NORTH, 100), ERR_OK);
    assert_true(file_size(scratch_path(s, "out.wav")) > fast * 3 / 2);
}

static void test_the_command_gets_voice_speed_and_text(void **state)
{
    struct scratch *s = *state;
    char got[64] = "";
    FILE *f;

    assert_int_equal(run_script(s, "echo \"$1 $2 $(cat \"$3\")\"", 5000), ERR_OK);
    f = fopen(scratch_path(s, "out.wav"), "r");
    assert_non_null(f);
    assert_non_null(fgets(got, sizeof(got), f));
    fclose(f);
    assert_string_equal(got, "vi-vn-x-south 120 xin chào\n");
}

static void test_a_program_that_fails_hangs_or_floods_is_ended_with_a_reason(void **state)
{
    struct scratch *s = *state;
    struct src_speech_config c = defaults();

    assert_int_equal(run_script(s, "echo no such voice >&2; exit 3", 5000), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "no such voice"));
    assert_int_equal(run_script(s, "exit 0", 5000), ERR_FORMAT);
    assert_int_equal(run_script(s, "sleep 60", 300), ERR_TIMEOUT);
    assert_int_equal(run_script(s, "exec cat /dev/zero", 60000), ERR_LIMIT);
    c.command = "/nonexistent/tts {text}";
    assert_int_equal(speak(s, &c, "a", SPEECH_VOICE_NORTH, SPEECH_SPEED), ERR_UNSUPPORTED);
    assert_non_null(strstr(detail.text, "espeak-ng"));
}

static void test_a_speed_or_voice_out_of_range_is_refused(void **state)
{
    struct scratch *s = *state;
    struct src_speech_config c = defaults();

    assert_int_equal(speak(s, &c, "a", SPEECH_VOICE_NORTH, SPEECH_SPEED_MIN - 1), ERR_ARG);
    assert_int_equal(speak(s, &c, "a", SPEECH_VOICE_NORTH, SPEECH_SPEED_MAX + 1), ERR_ARG);
    assert_int_equal(speak(s, &c, "a", SPEECH_VOICES, SPEECH_SPEED), ERR_ARG);
    assert_int_equal(speech_voice_from_name("north"), SPEECH_VOICE_NORTH);
    assert_int_equal(speech_voice_from_name("vi; rm"), -1);
}

static void test_the_program_sees_neither_network_nor_files(void **state)
{
    struct scratch *s = *state;
    char body[256];

    if (!sandbox_works())
        skip();
    write_file(scratch_path(s, "secret"), "x", 1);
    snprintf(body, sizeof(body),
             "test -e %s && exit 1; test -e /etc/passwd && exit 2; "
             "test \"$(wc -l </proc/net/dev 2>/dev/null || echo 0)\" -gt 3 && exit 3; echo ok",
             scratch_path(s, "secret"));
    assert_int_equal(run_script(s, body, 5000), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_voice_speaks_and_its_sound_can_be_imported,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_slow_speech_takes_longer, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_the_command_gets_voice_speed_and_text, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_program_that_fails_hangs_or_floods_is_ended_with_a_reason, scratch_setup,
            scratch_teardown),
        cmocka_unit_test_setup_teardown(test_a_speed_or_voice_out_of_range_is_refused,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_the_program_sees_neither_network_nor_files,
                                        scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests_name("src_speech", tests, NULL, NULL);
}
