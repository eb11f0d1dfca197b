#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "amplifier.h"
#include "log.h"
#include "tempdir.h"

/* The kernel: one chip, of which a line may be asked for, driven and read. */
static struct {
    struct gpio_v2_line_request request;
    int requests, writes;
    bool level, busy;
} kernel;

static struct tempdir dir;

int __wrap_ioctl(int fd, unsigned long command, void *arg);

int __wrap_ioctl(int fd, unsigned long command, void *arg)
{
    struct gpio_v2_line_values *values = arg;

    if (kernel.busy) {
        errno = EBUSY;
        return -1;
    }
    if (command == GPIO_V2_GET_LINE_IOCTL) {
        kernel.request = *(struct gpio_v2_line_request *)arg;
        ((struct gpio_v2_line_request *)arg)->fd = dup(fd);
        kernel.requests++;
    } else if (command == GPIO_V2_LINE_SET_VALUES_IOCTL) {
        assert_int_equal(values->mask, 1);
        kernel.level = (values->bits & 1) != 0;
        kernel.writes++;
    } else {
        assert_int_equal(command, GPIO_V2_LINE_GET_VALUES_IOCTL);
        values->bits = kernel.level;
    }
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof(kernel));
    tempdir_init(&dir);
    tempdir_write(&dir, "chip", "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_deinit(&dir);
    return 0;
}

static const char *spec(const char *line)
{
    static char text[PATH_MAX + 16];

    snprintf(text, sizeof(text), "%s%s", tempdir_path(&dir, "chip"), line);
    return text;
}

static void test_a_line_is_driven_from_off(void **state)
{
    struct amplifier a;
    struct err_detail detail = {0};

    (void)state;
    kernel.level = true;
    if (amplifier_open(&a, "", spec(":17"), &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    assert_int_equal(kernel.request.offsets[0], 17);
    assert_int_equal(kernel.request.num_lines, 1);
    assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_OUTPUT);
    assert_int_equal(kernel.request.config.attrs[0].attr.id, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES);
    assert_int_equal(kernel.request.config.attrs[0].attr.values, 0);
    assert_string_equal(kernel.request.consumer, "loa-node");
    assert_false(kernel.level);
    amplifier_switch(&a, true, 1);
    assert_true(kernel.level && !amplifier_step(&a, 2));
    amplifier_close(&a);
    assert_false(kernel.level);
    assert_int_equal(a.line.fd, -1);
}

static void test_a_line_that_means_on_when_low_says_so_to_the_kernel(void **state)
{
    struct gpio_line line;
    bool on = false;

    (void)state;
    assert_int_equal(gpio_line_open(spec(":3,low"), false, &line, NULL), ERR_OK);
    assert_int_equal(kernel.request.config.flags,
                     GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW);
    assert_int_equal(kernel.request.config.num_attrs, 0);
    kernel.level = true;
    assert_true(gpio_line_get(&line, &on) && on);
    gpio_line_close(&line);
}

static void test_a_line_that_cannot_be_had_is_explained(void **state)
{
    static const char *const wrong[] = {
        "", "gpiochip0", "gpiochip0:", "gpiochip0:x", "gpiochip0:1,high", "gpiochip0:4096"};
    struct err_detail detail = {0};
    struct gpio_line line;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(gpio_line_open(wrong[i], true, &line, &detail), ERR_FORMAT);
        assert_int_equal(line.fd, -1);
    }
    assert_non_null(strstr(detail.text, "gpiochip0:17"));
    assert_int_equal(gpio_line_open("/nowhere/chip:1", true, &line, &detail), ERR_IO);
    kernel.busy = true;
    assert_int_equal(gpio_line_open(spec(":1"), true, &line, &detail), ERR_IO);
    assert_int_equal(line.fd, -1);
}

static void test_a_file_is_written_and_a_failed_write_is_repeated(void **state)
{
    struct amplifier a;

    (void)state;
    assert_int_equal(amplifier_open(&a, tempdir_path(&dir, "value"), "", NULL), ERR_OK);
    assert_true(amplifier_step(&a, 1)); /* there is no such file yet */
    amplifier_switch(&a, true, 1);
    tempdir_write(&dir, "value", "");
    assert_true(amplifier_step(&a, AMPLIFIER_AGAIN_US));
    assert_false(amplifier_step(&a, AMPLIFIER_AGAIN_US + 1));
    assert_string_equal(tempdir_read(&dir, "value"), "1\n");
    amplifier_close(&a);
    assert_string_equal(tempdir_read(&dir, "value"), "0\n");
}

static void test_a_board_without_a_line_has_nothing_to_switch(void **state)
{
    struct amplifier a;

    (void)state;
    assert_int_equal(amplifier_open(&a, "", "", NULL), ERR_OK);
    amplifier_switch(&a, true, 1);
    assert_false(amplifier_step(&a, 2));
    assert_int_equal(kernel.requests + kernel.writes, 0);
    amplifier_close(&a);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_line_is_driven_from_off),
        CASE(test_a_line_that_means_on_when_low_says_so_to_the_kernel),
        CASE(test_a_line_that_cannot_be_had_is_explained),
        CASE(test_a_file_is_written_and_a_failed_write_is_repeated),
        CASE(test_a_board_without_a_line_has_nothing_to_switch),
    };

    log_set_level(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
