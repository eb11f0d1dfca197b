#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "flash.h"
#include "tempdir.h"

static struct tempdir dir;
static struct flash flash;

static int make_flash(void **state)
{
    (void)state;
    tempdir_init(&dir);
    return flash_open(&flash, tempdir_path(&dir, "flash"), 1000000, NULL) == ERR_OK ? 0 : -1;
}

static int drop_flash(void **state)
{
    (void)state;
    flash_close(&flash);
    tempdir_deinit(&dir);
    return 0;
}

static struct bytes text(const char *t)
{
    return bytes_of(t, strlen(t));
}

static void assert_holds(const char *name, const char *wanted)
{
    char got[256] = {0};
    size_t len = 0;

    assert_int_equal(flash_read(&flash, name, 0, got, sizeof(got), &len), ERR_OK);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(got, wanted, len);
}

static void test_only_plain_names_are_taken(void **state)
{
    static const char *const bad[] = {"",  ".",   "..",  ".x",  "../x",     "a/b", "/a",
                                      "A", "a b", "a\n", "a:b", "\xc3\xa9", "-\\"};
    char longest[PORT_NAME_MAX + 1];
    char unused[1];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(flash_name_valid(bad[i]));
        assert_int_equal(flash_read(&flash, bad[i], 0, unused, 1, &len), ERR_ARG);
        assert_int_equal(flash_write(&flash, bad[i], 0, text("x")), ERR_ARG);
        assert_int_equal(flash_sync(&flash, bad[i]), ERR_ARG);
        assert_int_equal(flash_replace(&flash, bad[i], text("x")), ERR_ARG);
        assert_int_equal(flash_rename(&flash, "a", bad[i]), ERR_ARG);
        assert_int_equal(flash_rename(&flash, bad[i], "a"), ERR_ARG);
        assert_int_equal(flash_remove(&flash, bad[i]), ERR_ARG);
    }
    memset(longest, 'a', sizeof(longest));
    longest[PORT_NAME_MAX] = '\0';
    assert_false(flash_name_valid(longest));
    longest[PORT_NAME_MAX - 1] = '\0';
    assert_true(flash_name_valid(longest));
    assert_true(flash_name_valid("m-0af3.opus"));
}

static void test_pieces_are_written_in_place_and_at_the_end_but_not_past_it(void **state)
{
    char got[3];
    size_t len = 9;

    (void)state;
    assert_int_equal(flash_write(&flash, "a", 1, text("x")), ERR_ARG);
    assert_int_equal(flash_read(&flash, "a", 0, got, 3, &len), ERR_NOT_FOUND);
    assert_int_equal(flash_write(&flash, "a", 0, text("hello")), ERR_OK);
    assert_int_equal(flash_write(&flash, "a", 5, text(" world")), ERR_OK);
    assert_int_equal(flash_write(&flash, "a", 0, text("J")), ERR_OK);
    assert_int_equal(flash_sync(&flash, "a"), ERR_OK);
    assert_holds("a", "Jello world");
    assert_int_equal(flash_read(&flash, "a", 9, got, 3, &len), ERR_OK);
    assert_int_equal(len, 2);
    assert_int_equal(flash_read(&flash, "a", 99, got, 3, &len), ERR_OK);
    assert_int_equal(len, 0);
    assert_int_equal(flash_sync(&flash, "b"), ERR_NOT_FOUND);
}

static void test_replace_and_rename_put_the_new_in_the_place_of_the_old(void **state)
{
    (void)state;
    assert_int_equal(flash_replace(&flash, "a", text("one")), ERR_OK);
    assert_int_equal(flash_replace(&flash, "a", text("2")), ERR_OK);
    assert_holds("a", "2");
    assert_int_equal(flash_replace(&flash, "b", text("other")), ERR_OK);
    assert_int_equal(flash_rename(&flash, "a", "b"), ERR_OK);
    assert_holds("b", "2");
    assert_int_equal(flash_rename(&flash, "a", "b"), ERR_NOT_FOUND);
    assert_int_equal(flash_remove(&flash, "b"), ERR_OK);
    assert_int_equal(flash_remove(&flash, "b"), ERR_NOT_FOUND);
    assert_int_equal(flash.used_bytes, 0);
}

struct listing {
    char names[256];
    uint64_t bytes;
};

static void note(void *arg, const char *name, uint64_t size_bytes)
{
    struct listing *l = (struct listing *)arg;

    strcat(strcat(l->names, name), " ");
    l->bytes += size_bytes;
}

static void test_the_list_holds_objects_only(void **state)
{
    struct listing all = {0}, some = {0};

    (void)state;
    assert_int_equal(flash_replace(&flash, "m-1", text("12345")), ERR_OK);
    assert_int_equal(flash_replace(&flash, "r-1", text("1")), ERR_OK);
    tempdir_write(&dir, "flash/.new", "half of something");
    tempdir_write(&dir, "flash/UPPER", "no object");
    assert_int_equal(mkdir(tempdir_path(&dir, "flash/folder"), 0700), 0);
    assert_int_equal(flash_list(&flash, "", note, &all), ERR_OK);
    assert_int_equal(all.bytes, 6);
    assert_int_equal(strlen(all.names), 8);
    assert_int_equal(flash_list(&flash, "m-", note, &some), ERR_OK);
    assert_string_equal(some.names, "m-1 ");
}

static void test_links_are_not_followed(void **state)
{
    char got[8];
    size_t len;

    (void)state;
    tempdir_write(&dir, "secret", "secret");
    assert_int_equal(symlink("../secret", tempdir_path(&dir, "flash/a")), 0);
    assert_int_equal(flash_read(&flash, "a", 0, got, 8, &len), ERR_IO);
    assert_int_equal(flash_write(&flash, "a", 0, text("x")), ERR_IO);
    assert_string_equal(tempdir_read(&dir, "secret"), "secret");
}

static void test_the_quota_holds_across_reopening(void **state)
{
    static const uint8_t much[600000];

    (void)state;
    assert_int_equal(flash_replace(&flash, "a", bytes_of(much, sizeof(much))), ERR_OK);
    assert_in_range(flash_free_bytes(&flash), 1, 400000);
    flash_close(&flash);
    assert_int_equal(flash_open(&flash, tempdir_path(&dir, "flash"), 1000000, NULL), ERR_OK);
    assert_int_equal(flash_write(&flash, "b", 0, bytes_of(much, sizeof(much))), ERR_LIMIT);
    assert_int_equal(flash_replace(&flash, "b", bytes_of(much, sizeof(much))), ERR_LIMIT);
    assert_int_equal(flash_sync(&flash, "b"), ERR_NOT_FOUND);
    assert_int_equal(flash_replace(&flash, "a", bytes_of(much, sizeof(much))), ERR_OK);
    assert_int_equal(flash_remove(&flash, "a"), ERR_OK);
    assert_int_equal(flash_write(&flash, "b", 0, bytes_of(much, sizeof(much))), ERR_OK);
}

static void test_a_full_disk_leaves_what_was_there(void **state)
{
    static uint8_t much[20000];
    struct rlimit before, limit;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(flash_replace(&flash, "a", text("old")), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 10000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(flash_replace(&flash, "a", bytes_of(much, sizeof(much))), ERR_LIMIT);
    assert_int_equal(flash_write(&flash, "a", 3, bytes_of(much, sizeof(much))), ERR_LIMIT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_holds("a", "old");
    assert_int_equal(access(tempdir_path(&dir, "flash/.new"), F_OK), -1);
    assert_int_equal(flash.used_bytes, 3);
}

static void test_a_directory_that_cannot_be_written_is_an_io_error(void **state)
{
    (void)state;
    /* Removed under our feet: works the same for root, whom permissions do not stop. */
    assert_int_equal(rmdir(tempdir_path(&dir, "flash")), 0);
    assert_int_not_equal(flash_write(&flash, "a", 0, text("x")), ERR_OK);
    assert_int_not_equal(flash_replace(&flash, "a", text("x")), ERR_OK);
    assert_int_equal(flash.used_bytes, 0);
}

static void test_the_leftover_of_an_interrupted_replace_goes_at_the_next_start(void **state)
{
    (void)state;
    assert_int_equal(flash_replace(&flash, "a", text("whole")), ERR_OK);
    tempdir_write(&dir, "flash/.new", "who");
    flash_close(&flash);
    assert_int_equal(flash_open(&flash, tempdir_path(&dir, "flash"), 0, NULL), ERR_OK);
    assert_int_equal(access(tempdir_path(&dir, "flash/.new"), F_OK), -1);
    assert_holds("a", "whole");
    assert_int_equal(flash.used_bytes, 5);
}

static void test_a_file_in_the_place_of_the_directory_is_said_so(void **state)
{
    struct err_detail detail = {0};
    struct flash f;

    (void)state;
    tempdir_write(&dir, "file", "x");
    assert_int_equal(flash_open(&f, tempdir_path(&dir, "file"), 0, &detail), ERR_IO);
    assert_non_null(strstr(detail.text, "Not a directory"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_flash, drop_flash)
    const struct CMUnitTest tests[] = {
        CASE(test_only_plain_names_are_taken),
        CASE(test_pieces_are_written_in_place_and_at_the_end_but_not_past_it),
        CASE(test_replace_and_rename_put_the_new_in_the_place_of_the_old),
        CASE(test_the_list_holds_objects_only),
        CASE(test_links_are_not_followed),
        CASE(test_the_quota_holds_across_reopening),
        CASE(test_a_full_disk_leaves_what_was_there),
        CASE(test_a_directory_that_cannot_be_written_is_an_io_error),
        CASE(test_the_leftover_of_an_interrupted_replace_goes_at_the_next_start),
        CASE(test_a_file_in_the_place_of_the_directory_is_said_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
