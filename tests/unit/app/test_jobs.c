#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "jobs.h"

static uv_loop_t loop;
static struct jobs *jobs;
static uv_sem_t gate; /* long work waits here */
static int ended[2 * JOBS_MAX], ended_count;
static int numbers[2 * JOBS_MAX];

static int make_jobs(void **state)
{
    struct jobs_config config = {.loop = &loop};

    (void)state;
    ended_count = 0;
    for (int i = 0; i < 2 * JOBS_MAX; i++)
        numbers[i] = i;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    assert_int_equal(jobs_new(&config, &jobs), ERR_OK);
    return 0;
}

static int drop_jobs(void **state)
{
    (void)state;
    jobs_free(jobs);
    uv_sem_destroy(&gate);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void wait_at_gate(void *arg)
{
    (void)arg;
    uv_sem_wait(&gate);
}

static void hash(void *arg)
{
    (void)arg;
}

static void note_end(void *arg)
{
    const int *number = arg;

    ended[ended_count++] = *number;
}

static void open_gate(int times)
{
    for (int i = 0; i < times; i++)
        uv_sem_post(&gate);
}

/* Were short jobs behind long ones, the first turn of the loop would never come back: nothing opens the
 * gate before it. */
static void test_a_login_does_not_wait_for_imports(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[i]), ERR_OK);
    assert_int_equal(jobs_run(jobs, hash, note_end, &numbers[JOBS_MAX]), ERR_OK);
    while (ended_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(ended[0], JOBS_MAX);
    open_gate(JOBS_MAX);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(ended_count, JOBS_MAX + 1);
}

static void test_long_jobs_begin_in_their_order(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[i]), ERR_OK);
    for (int i = 0; i < 8; i++) {
        open_gate(1);
        while (ended_count == i)
            uv_run(&loop, UV_RUN_ONCE);
        /* Two are under way at a time; either may be the one that passed. */
        assert_in_range(ended[i], i > 0 ? 0 : i, i + JOBS_LONG_RUNNING - 1);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void test_too_many_of_a_kind_are_refused_and_the_other_kind_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[i]), ERR_OK);
    assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[0]), ERR_BUSY);
    for (int i = 0; i < JOBS_MAX; i++)
        assert_int_equal(jobs_run(jobs, hash, note_end, &numbers[i]), ERR_OK);
    assert_int_equal(jobs_run(jobs, hash, note_end, &numbers[0]), ERR_BUSY);
    open_gate(JOBS_MAX);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(ended_count, 2 * JOBS_MAX);
}

/* Imports fill their workers and the queue: what is urgent begins beside them, and the next one before them. */
static void test_what_is_urgent_waits_for_no_import(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[i]), ERR_OK);
    assert_int_equal(jobs_run_urgent(jobs, hash, note_end, &numbers[JOBS_MAX]), ERR_OK);
    assert_int_equal(jobs_run_urgent(jobs, hash, note_end, &numbers[JOBS_MAX + 1]), ERR_OK);
    while (ended_count < 2)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(ended[0], JOBS_MAX);
    assert_int_equal(ended[1], JOBS_MAX + 1);
    assert_int_equal(jobs_run_long(jobs, wait_at_gate, note_end, &numbers[0]), ERR_BUSY);
    open_gate(JOBS_MAX);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(ended_count, JOBS_MAX + 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_jobs, drop_jobs)
    const struct CMUnitTest tests[] = {
        CASE(test_a_login_does_not_wait_for_imports),
        CASE(test_long_jobs_begin_in_their_order),
        CASE(test_what_is_urgent_waits_for_no_import),
        CASE(test_too_many_of_a_kind_are_refused_and_the_other_kind_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
