#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "state_dir.h"
#include "telemetry.h"
#include "tempdir.h"
#include "utf8.h"
#include "watchdog.h"

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

static const char *node_path(void)
{
    return tempdir_path(&dir, "node");
}

static void test_the_directory_is_made_and_kept_private(void **state)
{
    struct state_dir s;
    struct stat st;

    (void)state;
    assert_int_equal(mkdir(node_path(), 0755), 0);
    assert_int_equal(state_dir_open(&s, node_path(), 0, NULL), ERR_OK);
    assert_int_equal(stat(node_path(), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(flash_replace(&s.objects, "m-1", bytes_of("x", 1)), ERR_OK);
    state_dir_close(&s);
    state_dir_close(&s);
    assert_string_equal(tempdir_read(&dir, "node/flash/m-1"), "x");
}

static void test_a_second_program_on_the_same_directory_is_refused(void **state)
{
    struct state_dir first, second;
    struct err_detail detail = {0};

    (void)state;
    assert_int_equal(state_dir_open(&first, node_path(), 0, NULL), ERR_OK);
    assert_int_equal(state_dir_open(&second, node_path(), 0, &detail), ERR_BUSY);
    assert_non_null(strstr(detail.text, "another loa-node runs"));
    state_dir_close(&second);
    state_dir_close(&first);
    assert_int_equal(state_dir_open(&second, node_path(), 0, NULL), ERR_OK);
    state_dir_close(&second);
}

/* One life of the program; a crash leaves the note behind as it was while running. */
static void live(const char *boot_id, bool crash, uint32_t restarts, const char *cause)
{
    struct state_dir s;
    char note[128];

    assert_int_equal(state_dir_open(&s, node_path(), 0, NULL), ERR_OK);
    assert_int_equal(state_dir_count_start(&s, boot_id), ERR_OK);
    assert_int_equal(s.restarts, restarts);
    assert_string_equal(s.restart_cause, cause);
    strcpy(note, tempdir_read(&dir, "node/restarts"));
    state_dir_close(&s);
    if (crash)
        tempdir_write(&dir, "node/restarts", note);
}

static void test_restarts_are_counted_with_their_cause(void **state)
{
    (void)state;
    live("boot-1", false, 0, "first");
    live("boot-1", true, 1, "stopped");
    live("boot-1", false, 2, "crash");
    live("boot-2", true, 3, "reboot");
    live("boot-3", false, 4, "power");
    live("", false, 5, "reboot"); /* a system without boot ids */
    live("", true, 6, "stopped");
    live("", true, 7, "crash");
}

static void test_a_damaged_note_counts_as_the_first_start(void **state)
{
    (void)state;
    live("b", true, 0, "first");
    tempdir_write(&dir, "node/restarts", "nonsense");
    live("b", true, 0, "first");
}

static void test_the_kernel_has_a_boot_id(void **state)
{
    char id[64];

    (void)state;
    state_dir_boot_id(id, sizeof(id));
    assert_int_equal(strlen(id), 36);
}

static void test_sensors_are_read_and_broken_ones_are_absent(void **state)
{
    struct node_telemetry t;
    struct telemetry telemetry;
    struct node_ini ini;

    (void)state;
    node_ini_defaults(&ini);
    strcpy(ini.temperature_file, tempdir_path(&dir, "temp"));
    strcpy(ini.mains_file, tempdir_path(&dir, "online"));
    strcpy(ini.supply_uv_file, tempdir_path(&dir, "voltage"));
    strcpy(ini.mute_file, tempdir_path(&dir, "mute"));
    tempdir_write(&dir, "temp", "48250\n");
    tempdir_write(&dir, "online", "1\n");
    tempdir_write(&dir, "voltage", "12600000\n");
    tempdir_write(&dir, "mute", "1\n");
    telemetry_init(&telemetry, &ini);
    telemetry_read(&telemetry, 1000000, &t);
    assert_true(t.has_temperature && t.temperature_mc == 48250);
    assert_true(t.has_mains && t.mains_ok && t.muted_locally);
    assert_int_equal(t.supply_mv, 12600);
    assert_in_range(t.rss_kb, 500, 4000000);

    tempdir_write(&dir, "temp", "broken\n");
    tempdir_write(&dir, "online", "0\n");
    tempdir_write(&dir, "voltage", "-5\n");
    assert_int_equal(unlink(tempdir_path(&dir, "mute")), 0);
    telemetry_read(&telemetry, 1100000, &t); /* too soon: the old values */
    assert_int_equal(t.supply_mv, 12600);
    telemetry_read(&telemetry, 1200000, &t);
    assert_false(t.has_temperature);
    assert_true(t.has_mains && !t.mains_ok && !t.muted_locally);
    assert_int_equal(t.supply_mv, 0);
}

static void test_the_amplifier_line_is_written(void **state)
{
    struct telemetry telemetry;
    struct node_ini ini;

    (void)state;
    node_ini_defaults(&ini);
    telemetry_init(&telemetry, &ini);
    assert_true(telemetry_set_amplifier(&telemetry, true)); /* none: nothing to do */
    strcpy(ini.enable_file, tempdir_path(&dir, "value"));
    assert_false(telemetry_set_amplifier(&telemetry, true));
    tempdir_write(&dir, "value", "");
    assert_true(telemetry_set_amplifier(&telemetry, true));
    assert_string_equal(tempdir_read(&dir, "value"), "1\n");
    assert_true(telemetry_set_amplifier(&telemetry, false));
    assert_string_equal(tempdir_read(&dir, "value"), "0\n");
}

static void test_the_board_has_a_name_for_people(void **state)
{
    struct node_ini ini;
    char name[64];

    (void)state;
    node_ini_defaults(&ini);
    telemetry_hardware(&ini, name, sizeof(name));
    assert_true(strlen(name) > 0);
    strcpy(ini.hardware, "loa-2 rev C");
    telemetry_hardware(&ini, name, sizeof(name));
    assert_string_equal(name, "loa-2 rev C");
    strcpy(ini.hardware, "bad \xff utf");
    telemetry_hardware(&ini, name, sizeof(name));
    assert_true(utf8_valid(name, strlen(name), false));
}

static void assert_heard(int fd, const char *wanted)
{
    char got[64] = {0};
    ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

    if (wanted == NULL) {
        assert_int_equal(n, -1);
        return;
    }
    assert_true(n > 0);
    assert_string_equal(got, wanted);
}

static void test_the_service_manager_hears_ready_alive_and_stopping(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct watchdog w;

    (void)state;
    strcpy(address.sun_path, tempdir_path(&dir, "notify"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "10000000", 1);
    watchdog_init(&w);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    watchdog_ready(&w);
    assert_heard(fd, "READY=1");
    watchdog_feed(&w, 1000000);
    assert_heard(fd, "WATCHDOG=1");
    watchdog_feed(&w, 5999999);
    assert_heard(fd, NULL);
    watchdog_feed(&w, 6000000);
    assert_heard(fd, "WATCHDOG=1");
    watchdog_stop(&w);
    assert_heard(fd, "STOPPING=1");
    close(fd);
}

static void test_without_a_service_manager_nothing_is_said(void **state)
{
    struct watchdog w;

    (void)state;
    watchdog_init(&w);
    assert_int_equal(w.fd, -1);
    watchdog_ready(&w);
    watchdog_feed(&w, 1);
    watchdog_stop(&w);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, drop_dir)
    const struct CMUnitTest tests[] = {
        CASE(test_the_directory_is_made_and_kept_private),
        CASE(test_a_second_program_on_the_same_directory_is_refused),
        CASE(test_restarts_are_counted_with_their_cause),
        CASE(test_a_damaged_note_counts_as_the_first_start),
        CASE(test_the_kernel_has_a_boot_id),
        CASE(test_sensors_are_read_and_broken_ones_are_absent),
        CASE(test_the_amplifier_line_is_written),
        CASE(test_the_board_has_a_name_for_people),
        CASE(test_the_service_manager_hears_ready_alive_and_stopping),
        CASE(test_without_a_service_manager_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
