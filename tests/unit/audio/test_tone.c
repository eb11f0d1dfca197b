#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loudness.h"
#include "oggfile.h"
#include "tone.h"

static void test_every_signal_is_made_level_and_the_same_each_time(void **state)
{
    char dir[] = "/tmp/loa-tone-XXXXXX", command[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    for (int s = EMERGENCY_NONE; s <= EMERGENCY_SIGNALS; s++) {
        struct media_info made, again;
        struct err_detail detail = {0};
        char path[OGGFILE_PATH_MAX];

        assert_int_equal(tone_make((enum emergency_signal)s, dir, 32000, NULL, &made, &detail),
                         ERR_OK);
        assert_int_equal(tone_make((enum emergency_signal)s, dir, 32000, NULL, &again, &detail),
                         ERR_OK);
        assert_memory_equal(made.id.sha256, again.id.sha256, SHA256_BYTES);
        assert_int_equal(oggfile_path(dir, &made.id, path, sizeof(path)), ERR_OK);
        assert_int_equal(access(path, R_OK), 0);
        assert_in_range(made.duration_ms, 3000, 24000);
        assert_in_range(-made.loudness_mlufs, 15000, 17000);
        assert_true(made.true_peak_mdb <= LOUDNESS_PEAK_MAX_MDB);
        assert_true(made.size_bytes < 200 * 1024);
        assert_string_equal(made.title, s != EMERGENCY_NONE
                                            ? emergency_signal_title((enum emergency_signal)s)
                                            : "Nhạc hiệu của đài");
    }
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void test_the_signals_have_names(void **state)
{
    enum emergency_signal signal = EMERGENCY_NONE;

    (void)state;
    for (int s = EMERGENCY_SIREN; s <= EMERGENCY_SIGNALS; s++) {
        const char *name = emergency_signal_name((enum emergency_signal)s);

        assert_int_equal(emergency_signal_parse(name, &signal), ERR_OK);
        assert_int_equal(signal, s);
    }
    assert_int_equal(emergency_signal_parse("sirens", &signal), ERR_NOT_FOUND);
    assert_null(emergency_signal_name(EMERGENCY_NONE));
    assert_int_equal(emergency_signal_priority(EMERGENCY_SIREN), PRIORITY_EMERGENCY);
    assert_int_equal(emergency_signal_priority(EMERGENCY_TEST), PRIORITY_NORMAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_signal_is_made_level_and_the_same_each_time),
        cmocka_unit_test(test_the_signals_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
