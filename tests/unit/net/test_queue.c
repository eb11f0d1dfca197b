#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "queue.h"
#include "stime.h"

#define PRODUCERS 4
#define ITEMS 20000
#define BATCH 64

struct number {
    struct queue_item item; /* first */
    int producer;
    int value;
};

struct consumer {
    uv_loop_t loop;
    struct queue queue;
    int next[PRODUCERS]; /* expected from each */
    int total;
    int wakeups;
    bool closed;
};

static struct number *number_new(int producer, int value)
{
    struct number *n = calloc(1, sizeof(*n));

    assert_non_null(n);
    n->item.cost_bytes = 100;
    n->producer = producer;
    n->value = value;
    return n;
}

static void on_closed(void *ctx)
{
    struct consumer *c = ctx;

    c->closed = true;
}

static void on_ready(void *ctx)
{
    struct consumer *c = ctx;
    struct queue_item *list = queue_take(&c->queue, BATCH);
    int taken = 0;

    c->wakeups++;
    while (list != NULL) {
        struct number *n = (struct number *)(void *)list;

        list = list->next;
        assert_int_equal(n->value, c->next[n->producer]);
        c->next[n->producer]++;
        c->total++;
        taken++;
        free(n);
    }
    if (taken == BATCH)
        queue_wake(&c->queue);
    if (c->total == PRODUCERS * ITEMS)
        assert_null(queue_close(&c->queue, on_closed));
}

static void start(struct consumer *c, size_t limit_bytes)
{
    *c = (struct consumer){0};
    assert_int_equal(uv_loop_init(&c->loop), 0);
    assert_int_equal(queue_init(&c->queue, &c->loop, limit_bytes, on_ready, c), ERR_OK);
}

static void end(struct consumer *c)
{
    uv_run(&c->loop, UV_RUN_DEFAULT);
    assert_true(c->closed);
    assert_int_equal(uv_loop_close(&c->loop), 0);
}

struct producer {
    pthread_t thread;
    struct queue *queue;
    int number;
    int refused;
};

static void *produce(void *arg)
{
    struct producer *p = arg;

    for (int i = 0; i < ITEMS; i++) {
        struct number *n = number_new(p->number, i);

        while (queue_push(p->queue, &n->item, false) != ERR_OK) {
            p->refused++;
            sched_yield();
        }
    }
    return NULL;
}

static void test_each_producers_items_arrive_once_and_in_order(void **state)
{
    static struct consumer c;
    struct producer producers[PRODUCERS] = {{0}};

    (void)state;
    start(&c, 10000);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i].queue = &c.queue;
        producers[i].number = i;
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    end(&c);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    assert_int_equal(c.total, PRODUCERS * ITEMS);
}

static void free_list(struct queue_item *list)
{
    while (list != NULL) {
        struct queue_item *item = list;

        list = item->next;
        free(item);
    }
}

static void test_the_bound_refuses_and_force_passes_it(void **state)
{
    static struct consumer c;
    struct number *n[4];

    (void)state;
    start(&c, 250);
    for (int i = 0; i < 4; i++)
        n[i] = number_new(0, i);
    assert_int_equal(queue_push(&c.queue, &n[0]->item, false), ERR_OK);
    assert_int_equal(queue_push(&c.queue, &n[1]->item, false), ERR_OK);
    assert_false(queue_is_full(&c.queue));
    assert_int_equal(queue_push(&c.queue, &n[2]->item, false), ERR_LIMIT);
    assert_int_equal(queue_push(&c.queue, &n[2]->item, true), ERR_OK);
    assert_true(queue_is_full(&c.queue));
    assert_int_equal(queue_push(&c.queue, &n[3]->item, false), ERR_LIMIT);
    free_list(queue_take(&c.queue, 1));
    assert_false(queue_is_full(&c.queue));
    free(n[3]);
    free_list(queue_close(&c.queue, on_closed));
    end(&c);
}

static void test_taking_from_an_empty_queue_gives_nothing(void **state)
{
    static struct consumer c;

    (void)state;
    start(&c, 1000);
    assert_null(queue_take(&c.queue, 10));
    assert_null(queue_close(&c.queue, on_closed));
    end(&c);
}

static void test_after_closing_nothing_is_taken_in(void **state)
{
    static struct consumer c;
    struct number *n = number_new(0, 0), *left = number_new(0, 1);

    (void)state;
    start(&c, 1000);
    assert_int_equal(queue_push(&c.queue, &left->item, false), ERR_OK);
    assert_ptr_equal(queue_close(&c.queue, on_closed), &left->item);
    assert_int_equal(queue_push(&c.queue, &n->item, true), ERR_STATE);
    free(n);
    free(left);
    end(&c);
}

struct reader {
    pthread_t thread;
    const struct stime *stime;
    atomic_bool *stop;
    int differed;
};

static void *read_clock(void *arg)
{
    struct reader *r = arg;
    usec_t first_us = stime_at(r->stime, 1000 * USEC_PER_SEC);

    while (!atomic_load(r->stop)) {
        usec_t now_us = stime_at(r->stime, 1000 * USEC_PER_SEC);

        r->differed += now_us != first_us;
    }
    return NULL;
}

/* With the rate held, one local instant has one station time for ever, so a torn read of base and station
 * time shows as another one. */
static void test_station_time_is_read_whole_while_it_is_written(void **state)
{
    static struct stime t;
    atomic_bool stop = false;
    struct reader readers[2] = {{0}};

    (void)state;
    stime_init(&t);
    for (int i = 0; i < 2; i++) {
        readers[i].stime = &t;
        readers[i].stop = &stop;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_clock, &readers[i]), 0);
    }
    for (int i = 0; i < 300000; i++)
        (void)stime_tick(&t, true);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].differed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_producers_items_arrive_once_and_in_order),
        cmocka_unit_test(test_the_bound_refuses_and_force_passes_it),
        cmocka_unit_test(test_taking_from_an_empty_queue_gives_nothing),
        cmocka_unit_test(test_after_closing_nothing_is_taken_in),
        cmocka_unit_test(test_station_time_is_read_whole_while_it_is_written),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
