#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"

#define MORE 6

static struct teststation station;
static struct recording more[MORE], large;

struct fixture {
    struct bed_flash flash;
    struct bed bed;
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    for (size_t i = 0; i < MORE; i++)
        recording_make(&more[i], 2000, 40 + i);
    recording_make(&large, 40000, 32);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < MORE; i++)
        recording_free(&more[i]);
    recording_free(&large);
    teststation_deinit(&station);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    bed_flash_init(&f->flash);
    bed_init(&f->bed, &f->flash, &station);
    bed_start(&f->bed);
    bed_run_us(&f->bed, USEC_PER_SEC);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    bed_deinit(&f->bed);
    bed_flash_deinit(&f->flash);
    free(f);
    return 0;
}

static bool holds(struct bed *b, const struct recording *r)
{
    char name[PORT_NAME_MAX] = "m.";

    bytes_to_hex(bytes_of(r->sha256, SHA256_BYTES), name + 2);
    return bed_flash_find(b->flash, name) != NULL;
}

/* Room for so many of the small recordings beside what else the node keeps. */
static void leave_room_for(struct bed *b, size_t count)
{
    b->flash->capacity = count * more[0].len + more[0].len / 2;
}

static void offer(struct bed *b, const struct recording *r, usec_t needed_us)
{
    bed_offer(b, r, needed_us);
    bed_run_us(b, USEC_PER_SEC);
}

static void test_the_emergency_set_is_never_evicted(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t soon_us = bed_station_us(b) + USEC_PER_HOUR;

    leave_room_for(b, 2);
    offer(b, &more[0], 0);
    assert_true(holds(b, &more[0]));
    for (size_t i = 1; i < MORE; i++)
        offer(b, &more[i], i == MORE - 1 ? soon_us : 1);
    bed_run_us(b, 3 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]));
    assert_true(holds(b, &more[MORE - 1]));
    /* Pinned anew in each session, whatever else is offered behind it. */
    bed_link(b, false);
    bed_link(b, true);
    bed_run_us(b, USEC_PER_SEC);
    offer(b, &more[0], 0);
    offer(b, &more[1], soon_us);
    offer(b, &more[2], soon_us);
    bed_run_us(b, 3 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]));
}

static void test_what_is_needed_within_two_days_stays_and_the_farthest_goes_first(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    usec_t now_us = bed_station_us(b);

    leave_room_for(b, 3);
    offer(b, &more[0], now_us + 47 * USEC_PER_HOUR);
    offer(b, &more[1], now_us + 5 * USEC_PER_DAY);
    offer(b, &more[2], now_us + 3 * USEC_PER_DAY);
    /* Later than all: nothing makes way for it. */
    offer(b, &more[3], now_us + 6 * USEC_PER_DAY);
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_false(holds(b, &more[3]));
    assert_int_equal(b->said.media[b->said.media_count - 1].result,
                     loa_MediaResult_MEDIA_RESULT_NO_SPACE);
    /* Nearer ones push the farthest out, in that order; what is due within 48 h never goes. */
    offer(b, &more[4], now_us + USEC_PER_DAY);
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]) && holds(b, &more[2]) && holds(b, &more[4]));
    assert_false(holds(b, &more[1]));
    offer(b, &more[5], now_us + USEC_PER_HOUR);
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]) && holds(b, &more[4]) && holds(b, &more[5]));
    assert_false(holds(b, &more[2]));
    offer(b, &more[1], now_us + USEC_PER_MIN * 30);
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]) && holds(b, &more[4]) && holds(b, &more[5]));
}

static void test_what_was_used_last_goes_last_among_the_unplanned(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;

    leave_room_for(b, 3);
    offer(b, &more[0], 1);
    offer(b, &more[1], 1);
    order = bed_order(1, bed_station_us(b) + 5 * USEC_PER_SEC, &more[0]);
    bed_send_order(b, &order);
    bed_run_us(b, 12 * USEC_PER_SEC);
    offer(b, &more[2], 1);
    offer(b, &more[3], 1);
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_true(holds(b, &more[0]));
    assert_false(holds(b, &more[1]));
}

/* What a power cut leaves of bytes that were not made durable: nothing, or anything. */
enum tear { TEAR_GARBLED, TEAR_LOST };

static void cut_power(struct bed_flash *f, enum tear tear)
{
    for (size_t i = 0; tear == TEAR_LOST && i < BED_OBJECTS; i++)
        if (f->objects[i].used)
            f->objects[i].len = f->objects[i].durable_len;
    bed_flash_power_cut(f);
}

/* At flash operation 1, 2, 3 ... of fetching a recording of several pieces: what was durable is not
 * fetched again, and nothing becomes an object that is not the recording. */
static long sweep(enum tear tear)
{
    long cut = 0;

    for (bool hit = true; hit;) {
        struct bed_flash flash;
        struct bed b;
        char name[PORT_NAME_MAX] = "m.";
        struct bed_object *o;

        cut++;
        bed_flash_init(&flash);
        bed_init(&b, &flash, &station);
        bed_start(&b);
        bed_run_us(&b, USEC_PER_SEC);
        b.recordings[b.recording_count++] = &large;
        flash.fail_from = flash.ops + cut;
        bed_offer(&b, &large, bed_station_us(&b) + USEC_PER_HOUR);
        while (flash.ops < flash.fail_from && !holds(&b, &large))
            bed_run_us(&b, 5000);
        hit = flash.ops >= flash.fail_from;
        cut_power(&flash, tear);
        bed_restart(&b);
        b.said.want_bytes = 0;
        bed_offer(&b, &large, bed_station_us(&b) + USEC_PER_HOUR);
        bed_run_us(&b, 3 * USEC_PER_MIN);
        bytes_to_hex(bytes_of(large.sha256, SHA256_BYTES), name + 2);
        o = bed_flash_find(&flash, name);
        assert_non_null(o);
        assert_int_equal(o->len, large.len);
        assert_memory_equal(o->data, large.data, large.len);
        if (cut > 19) /* two pieces were durable; the last on flash is never believed */
            assert_true(b.said.want_bytes < large.len);
        bed_deinit(&b);
        bed_flash_deinit(&flash);
    }
    return cut - 1;
}

static void test_a_power_cut_at_any_operation_of_a_transfer_is_survived(void **state)
{
    (void)state;
    assert_true(large.len > 65536);
    print_message("# %ld flash operations, garbled\n", sweep(TEAR_GARBLED));
    print_message("# %ld flash operations, lost\n", sweep(TEAR_LOST));
}

static void test_a_flash_that_turns_read_only_keeps_playing_and_says_so(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;

    bed_cache(b, &more[0]);
    b->flash->fail_from = b->flash->ops + 1;
    b->said.media_count = 0;
    offer(b, &more[1], bed_station_us(b) + USEC_PER_HOUR);
    assert_int_equal(b->said.media[0].result, loa_MediaResult_MEDIA_RESULT_IO_ERROR);
    order = bed_order(1, bed_station_us(b) + 2 * USEC_PER_SEC, &more[0]);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 5 * USEC_PER_SEC);
    assert_true(bed_logged(b, "flash.write_failed"));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    /* It cannot promise to remember the order, so it does not acknowledge it until it can. */
    assert_int_equal(bed_verdict(b, 1), loa_Verdict_VERDICT_NONE);
    b->flash->fail_from = 0;
    bed_run_us(b, 70 * USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 1), loa_Verdict_VERDICT_ACCEPTED);
    assert_true(holds(b, &more[1]));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_emergency_set_is_never_evicted),
        CASE(test_what_is_needed_within_two_days_stays_and_the_farthest_goes_first),
        CASE(test_what_was_used_last_goes_last_among_the_unplanned),
        cmocka_unit_test(test_a_power_cut_at_any_operation_of_a_transfer_is_survived),
        CASE(test_a_flash_that_turns_read_only_keeps_playing_and_says_so),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
