#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "state_dir.h"
#include "telemetry.h"
#include "tempdir.h"
#include "utf8.h"
#include "wall.h"

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
    uint8_t bytes[16];
    char id[64], hex[HEX_SIZE(16)];

    (void)state;
    state_dir_boot_id(id, sizeof(id));
    assert_int_equal(strlen(id), 36);
    state_dir_boot_id_bytes(bytes);
    bytes_to_hex(bytes_of(bytes, sizeof(bytes)), hex);
    assert_memory_equal(hex, id, 8);
    assert_memory_equal(hex + 8, id + 9, 4);
    assert_memory_equal(hex + 20, id + 24, 12);
}

static void test_the_wall_clock_counts_where_something_keeps_it(void **state)
{
    usec_t now_us = 0;

    (void)state;
    assert_true(wall_now_us("/", &now_us));
    assert_in_range(now_us / USEC_PER_SEC, time(NULL) - 5, time(NULL) + 5);
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
    assert_int_equal(telemetry_open(&telemetry, &ini, NULL), ERR_OK);
    telemetry.flash_fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    telemetry_read(&telemetry, 1000000, &t);
    assert_true(t.has_temperature && t.temperature_mc == 48250);
    assert_true(t.has_mains && t.mains_ok && t.muted_locally);
    assert_int_equal(t.supply_mv, 12600);
    assert_in_range(t.rss_kb, 500, 4000000);
    assert_in_range(t.memory_free_kb, 1000, INT64_C(1) << 32);
    assert_true(t.disk_free_bytes > 0 && !t.flash_failed);

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
    close(telemetry.flash_fd);
    telemetry_close(&telemetry);
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

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, drop_dir)
    const struct CMUnitTest tests[] = {
        CASE(test_the_directory_is_made_and_kept_private),
        CASE(test_a_second_program_on_the_same_directory_is_refused),
        CASE(test_restarts_are_counted_with_their_cause),
        CASE(test_a_damaged_note_counts_as_the_first_start),
        CASE(test_the_kernel_has_a_boot_id),
        CASE(test_the_wall_clock_counts_where_something_keeps_it),
        CASE(test_sensors_are_read_and_broken_ones_are_absent),
        CASE(test_the_board_has_a_name_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
