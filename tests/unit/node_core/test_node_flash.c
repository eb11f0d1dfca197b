#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"

static struct teststation station;
static struct recording speech, large;

struct fixture {
    struct bed_flash flash;
    struct bed bed;
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    recording_make(&speech, 2000, 31);
    recording_make(&large, 40000, 32);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
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
    f->bed.node_ppm = 20;
    f->bed.card_ppm = -30;
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

static void name_of(const struct recording *r, char kind, char *ret_name)
{
    sprintf(ret_name, "%c.", kind);
    bytes_to_hex(bytes_of(r->sha256, SHA256_BYTES), ret_name + 2);
}

static bool sounds(const struct bed *b, const struct recording *r, usec_t start_us, usec_t at_us)
{
    double correlation, late = bed_lateness_us(b, r, start_us, at_us, &correlation);

    return correlation > 0.95 && fabs(late) < 100;
}

static void test_a_transfer_goes_on_where_it_was_cut(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    char partial[PORT_NAME_MAX];
    uint64_t before;

    b->delay_us = 40000;
    bed_offer(b, &large, bed_station_us(b) + USEC_PER_HOUR);
    bed_run_us(b, 350000);
    name_of(&large, 'p', partial);
    assert_non_null(bed_flash_find(b->flash, partial));
    assert_true(b->said.wants >= 2);
    bed_link(b, false);
    bed_flash_power_cut(b->flash);
    bed_restart(b);
    bed_link(b, true);
    before = b->said.want_bytes;
    bed_cache(b, &large);
    assert_true(b->said.want_bytes - before < large.len);
    assert_null(bed_flash_find(b->flash, partial));
}

static void test_media_whose_hash_is_wrong_never_becomes_an_object(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    char whole[PORT_NAME_MAX], partial[PORT_NAME_MAX];

    name_of(&speech, 'm', whole);
    name_of(&speech, 'p', partial);
    b->corrupt_chunks = true;
    bed_offer(b, &speech, bed_station_us(b) + USEC_PER_HOUR);
    bed_run_us(b, USEC_PER_SEC);
    assert_true(b->said.media_count > 0);
    assert_int_equal(b->said.media[0].result, loa_MediaResult_MEDIA_RESULT_HASH_MISMATCH);
    assert_null(bed_flash_find(b->flash, whole));
    assert_true(b->said.wants < 100);
    b->corrupt_chunks = false;
    b->said.media_count = 0;
    bed_run_us(b, 2 * USEC_PER_MIN);
    assert_non_null(bed_flash_find(b->flash, whole));
}

static void test_an_object_that_rots_on_flash_is_not_played_and_fetched_again(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;
    char whole[PORT_NAME_MAX];

    bed_cache(b, &speech);
    name_of(&speech, 'm', whole);
    bed_flash_find(b->flash, whole)->data[speech.len / 2] ^= 4;
    bed_restart(b);
    bed_run_us(b, 3 * USEC_PER_SEC);
    bed_offer(b, &speech, bed_station_us(b) + USEC_PER_HOUR);
    order = bed_order(1, bed_station_us(b) + 15 * USEC_PER_SEC, &speech);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 4 * USEC_PER_SEC);
    assert_true(bed_logged(b, "cache.hash_mismatch"));
    assert_true(sounds(b, &speech, order.start_us, order.start_us + USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_what_is_planned_is_never_evicted(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    struct recording more[4];
    char name[PORT_NAME_MAX];
    loa_OrderBody order;

    bed_cache(b, &speech);
    order = bed_order(1, bed_station_us(b) + 5 * USEC_PER_MIN, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 100000);
    b->flash->capacity = 3 * speech.len + 6000;
    for (uint64_t i = 0; i < 4; i++) {
        recording_make(&more[i], 2000, 40 + i);
        bed_offer(b, &more[i], 1);
        bed_run_us(b, USEC_PER_SEC);
    }
    bed_run_us(b, 3 * USEC_PER_MIN);
    name_of(&speech, 'm', name);
    assert_non_null(bed_flash_find(b->flash, name));
    name_of(&more[0], 'm', name);
    assert_null(bed_flash_find(b->flash, name));
    name_of(&more[3], 'm', name);
    assert_non_null(bed_flash_find(b->flash, name));
    for (size_t i = 0; i < 4; i++)
        recording_free(&more[i]);
}

static void test_a_restart_in_the_middle_comes_back_in_sync_and_says_so(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;

    bed_cache(b, &large);
    order = bed_order(1, bed_station_us(b) + 3 * USEC_PER_SEC, &large);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 10 * USEC_PER_SEC);
    bed_flash_power_cut(b->flash);
    bed_restart(b);
    bed_run_to(b, order.start_us + 42 * USEC_PER_SEC);
    assert_true(sounds(b, &large, order.start_us, order.start_us + 14 * USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(b, 1)->reason, loa_Reason_REASON_RESTARTED);
}

/* Everything on flash damaged in turn, at several places: the node starts, says so and takes new orders. */
static void test_damaged_objects_of_each_kind_do_not_keep_it_from_starting(void **state)
{
    static const char *const names[] = {"plan", "receipts", "settings", "order.crt", "clock"};
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_Msg settings = {.which_body = loa_Msg_settings_tag};
    loa_OrderBody order = bed_order(1, bed_station_us(b) + 2 * USEC_PER_SEC, &speech);
    uint64_t id = 10;

    b->acks_receipts = false;
    settings.body.settings.revision = 5;
    bed_say(b, &settings);
    bed_cache(b, &speech);
    bed_send_order(b, &order);
    order = bed_order(2, bed_station_us(b) + USEC_PER_DAY, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, 11 * USEC_PER_MIN);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bed_object *o = bed_flash_find(b->flash, names[i]);
        size_t len, step;

        assert_non_null(o);
        len = o->len;
        step = len / 9 + 1;
        for (size_t at = 0; at < len; at += step) {
            o = bed_flash_find(b->flash, names[i]);
            if (at < o->len)
                o->data[at] ^= 0xFF;
            b->logged[0] = '\0';
            bed_restart(b);
            bed_run_us(b, USEC_PER_SEC);
            order = bed_order(++id, bed_station_us(b) + USEC_PER_HOUR, &speech);
            bed_send_order(b, &order);
            bed_run_us(b, USEC_PER_SEC);
            assert_int_equal(bed_verdict(b, id), loa_Verdict_VERDICT_ACCEPTED);
        }
        /* Cut off in the middle, and empty. */
        o = bed_flash_find(b->flash, names[i]);
        o->len /= 2;
        bed_restart(b);
        o = bed_flash_find(b->flash, names[i]);
        o->len = 0;
        bed_restart(b);
        bed_run_us(b, USEC_PER_SEC);
    }
    assert_int_equal(b->hang_ups, 0);
}

/* A power cut at flash operation 1, 2, 3 ...: after it the order sounds or is still owed by the
 * controller (not accepted), and there is exactly one receipt. */
static void test_a_power_cut_at_any_flash_operation_loses_nothing(void **state)
{
    bool hit = true;
    long cut = 0;

    (void)state;
    while (hit) {
        struct bed_flash flash;
        struct bed b;
        loa_OrderBody order;
        bool accepted;

        cut++;
        bed_flash_init(&flash);
        bed_init(&b, &flash, &station);
        bed_start(&b);
        bed_cache(&b, &speech);
        flash.fail_from = flash.ops + cut;
        order = bed_order(1, bed_station_us(&b) + 2 * USEC_PER_SEC, &speech);
        bed_send_order(&b, &order);
        while (flash.ops < flash.fail_from &&
               bed_station_us(&b) < order.start_us + 4 * USEC_PER_SEC)
            bed_run_us(&b, 1000);
        hit = flash.ops >= flash.fail_from;
        accepted = bed_verdict(&b, 1) == loa_Verdict_VERDICT_ACCEPTED;
        bed_flash_power_cut(&flash);
        bed_restart(&b);
        if (!accepted)
            bed_send_order(&b, &order);
        bed_run_us(&b, 10 * USEC_PER_SEC);
        assert_int_equal(bed_verdict(&b, 1), loa_Verdict_VERDICT_ACCEPTED);
        /* It may be sent again before the acknowledgement was stored, but it is the same one. */
        assert_in_range(bed_receipts_of(&b, 1), 1, 2);
        assert_int_equal(b.said.receipts[0].receipt_id,
                         b.said.receipts[b.said.receipt_count - 1].receipt_id);
        assert_int_equal(b.said.receipts[0].played_ms,
                         b.said.receipts[b.said.receipt_count - 1].played_ms);
        bed_deinit(&b);
        bed_flash_deinit(&flash);
    }
    print_message("# %ld flash operations\n", cut - 1);
    assert_true(cut > 4);
}

static void test_a_full_flash_is_reported_and_the_node_still_plays(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;

    bed_cache(b, &speech);
    b->flash->capacity = 1;
    bed_offer(b, &large, bed_station_us(b) + USEC_PER_HOUR);
    order = bed_order(1, bed_station_us(b) + 2 * USEC_PER_SEC, &speech);
    bed_send_order(b, &order);
    bed_run_to(b, order.start_us + 5 * USEC_PER_SEC);
    assert_int_equal(b->said.media[b->said.media_count - 1].result,
                     loa_MediaResult_MEDIA_RESULT_NO_SPACE);
    assert_true(sounds(b, &speech, order.start_us, order.start_us + USEC_PER_SEC));
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_receipts_wait_for_the_link_and_survive_restarts(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order;

    bed_cache(b, &speech);
    order = bed_order(1, bed_station_us(b) + 2 * USEC_PER_SEC, &speech);
    bed_send_order(b, &order);
    bed_run_us(b, USEC_PER_SEC);
    bed_link(b, false);
    bed_run_us(b, 5 * USEC_PER_SEC);
    bed_flash_power_cut(b->flash);
    bed_restart(b);
    bed_run_us(b, USEC_PER_SEC);
    bed_link(b, true);
    b->acks_receipts = false;
    bed_run_us(b, 25 * USEC_PER_SEC);
    assert_in_range(bed_receipts_of(b, 1), 2, 4);
    b->acks_receipts = true;
    bed_run_us(b, 11 * USEC_PER_SEC);
    b->said.receipt_count = 0;
    bed_restart(b);
    bed_run_us(b, 30 * USEC_PER_SEC);
    assert_int_equal(b->said.receipt_count, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_transfer_goes_on_where_it_was_cut),
        CASE(test_media_whose_hash_is_wrong_never_becomes_an_object),
        CASE(test_an_object_that_rots_on_flash_is_not_played_and_fetched_again),
        CASE(test_what_is_planned_is_never_evicted),
        CASE(test_a_restart_in_the_middle_comes_back_in_sync_and_says_so),
        CASE(test_damaged_objects_of_each_kind_do_not_keep_it_from_starting),
        cmocka_unit_test(test_a_power_cut_at_any_flash_operation_loses_nothing),
        CASE(test_a_full_flash_is_reported_and_the_node_still_plays),
        CASE(test_receipts_wait_for_the_link_and_survive_restarts),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
