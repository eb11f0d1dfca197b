#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tempdir.h"
#include "watchdog.h"

/* The manager's end of the socket. */
static int manager;
static struct tempdir dir;

static int set_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    tempdir_init(&dir);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", tempdir_path(&dir, "notify"));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "4000000", 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(manager);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    tempdir_deinit(&dir);
    return 0;
}

static const char *heard(void)
{
    static char text[64];
    ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* Rounds of 10 ms until `to_us`; what is named in `stuck` does not move. Returns how often it fed. */
static int run(struct watchdog *w, struct watchdog_proof *p, usec_t *mono_us, usec_t to_us,
               const char *stuck)
{
    int fed = 0;

    for (; *mono_us < to_us; *mono_us += 10000) {
        p->card_frame += strcmp(stuck, "card") != 0 ? 480 : 0;
        p->rendered_frame += strcmp(stuck, "render") != 0 ? 480 : 0;
        p->rounds += strcmp(stuck, "rounds") != 0;
        fed += watchdog_feed(w, p, *mono_us);
    }
    return fed;
}

static void test_a_working_loop_is_fed_for_at_half_the_time(void **state)
{
    struct watchdog_proof p = {.has_card = true};
    struct watchdog w;
    usec_t mono_us = 5000000;

    (void)state;
    watchdog_init(&w);
    assert_int_equal(watchdog_ready(&w, "", mono_us, NULL), ERR_OK);
    assert_string_equal(heard(), "READY=1");
    assert_int_equal(run(&w, &p, &mono_us, mono_us + 20 * USEC_PER_SEC, ""), 10);
    for (int i = 0; i < 10; i++)
        assert_string_equal(heard(), "WATCHDOG=1");
    watchdog_stop(&w);
    assert_string_equal(heard(), "STOPPING=1");
}

static void test_a_loop_that_does_not_work_starves(void **state)
{
    static const char *const stuck[] = {"card", "render", "rounds"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct watchdog_proof p = {.has_card = true};
        struct watchdog w;
        usec_t mono_us = 0;

        watchdog_init(&w);
        assert_int_equal(watchdog_ready(&w, "", mono_us, NULL), ERR_OK);
        assert_int_equal(run(&w, &p, &mono_us, 10 * USEC_PER_SEC, ""), 5);
        assert_true(run(&w, &p, &mono_us, mono_us + WATCHDOG_STUCK_US, stuck[i]) <= 2);
        assert_int_equal(run(&w, &p, &mono_us, mono_us + 30 * USEC_PER_SEC, stuck[i]), 0);
        assert_true(run(&w, &p, &mono_us, mono_us + USEC_PER_SEC, "") > 0);
        watchdog_stop(&w);
        while (heard()[0] != '\0')
            continue;
    }
}

static void test_without_a_card_decisions_are_the_work(void **state)
{
    struct watchdog_proof p = {.has_card = false};
    struct watchdog w;
    usec_t mono_us = 0;

    (void)state;
    watchdog_init(&w);
    assert_int_equal(watchdog_ready(&w, "", mono_us, NULL), ERR_OK);
    assert_int_equal(run(&w, &p, &mono_us, 10 * USEC_PER_SEC, "card"), 5);
    watchdog_stop(&w);
}

static void test_the_boards_watchdog_is_fed_and_disarmed_on_purpose_only(void **state)
{
    struct watchdog_proof p = {.has_card = true};
    struct watchdog w;
    usec_t mono_us = 0;
    struct err_detail detail = {0};

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    watchdog_init(&w);
    assert_int_equal(watchdog_ready(&w, tempdir_path(&dir, "none/dog"), 0, &detail), ERR_IO);
    assert_non_null(strstr(detail.text, "cannot open the watchdog"));
    tempdir_write(&dir, "dog", "");
    assert_int_equal(watchdog_ready(&w, tempdir_path(&dir, "dog"), 0, NULL), ERR_OK);
    assert_true(run(&w, &p, &mono_us, 10 * USEC_PER_SEC, "") >= 2);
    assert_null(strchr(tempdir_read(&dir, "dog"), 'V'));
    watchdog_stop(&w);
    assert_non_null(strchr(tempdir_read(&dir, "dog"), 'V'));
}

static void test_without_a_service_manager_nothing_is_said(void **state)
{
    struct watchdog_proof p = {.rounds = 1};
    struct watchdog w;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    watchdog_init(&w);
    assert_int_equal(w.fd, -1);
    assert_int_equal(watchdog_ready(&w, "", 0, NULL), ERR_OK);
    assert_false(watchdog_feed(&w, &p, 1));
    watchdog_stop(&w);
    assert_string_equal(heard(), "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_working_loop_is_fed_for_at_half_the_time),
        CASE(test_a_loop_that_does_not_work_starves),
        CASE(test_without_a_card_decisions_are_the_work),
        CASE(test_the_boards_watchdog_is_fed_and_disarmed_on_purpose_only),
        CASE(test_without_a_service_manager_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
