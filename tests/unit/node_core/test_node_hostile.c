#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodebed.h"
#include "prop.h"
#include "tsync.h"

static struct teststation station;
static struct recording speech;

struct fixture {
    struct bed_flash flash;
    struct bed bed;
};

static int group_set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    recording_make(&speech, 3000, 51);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    recording_free(&speech);
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
    bed_cache(&f->bed, &speech);
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

/* Straight into the core, in memory of exactly that length so that the sanitizer sees each byte too far. */
static enum err put_in(struct bed *b, enum frame_type type, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct frame frame;
    enum err e;

    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, data, len);
    frame = (struct frame){.type = type, .payload = bytes_of(copy, len)};
    e = node_receive(b->node, &frame, bed_mono_us(b));
    free(copy);
    return e;
}

static size_t encode(const loa_Msg *m, uint8_t *ret_bytes)
{
    struct writer w;

    writer_init(&w, ret_bytes, CONTROL_BYTES_MAX);
    assert_int_equal(control_encode(&w, m), ERR_OK);
    return writer_view(&w).len;
}

static size_t messages(struct bed *b, loa_Msg *ret)
{
    loa_OrderBody order = bed_order(900, bed_station_us(b) + USEC_PER_HOUR, &speech);
    size_t n = 0;

    ret[n] = (loa_Msg){.which_body = loa_Msg_welcome_tag};
    ret[n].body.welcome.version = 1;
    strcpy(ret[n].body.welcome.station, BED_STATION);
    ret[n].body.welcome.order_cert.size = 600;
    memset(ret[n++].body.welcome.order_cert.bytes, 0x30, 600);
    ret[n] = (loa_Msg){.which_body = loa_Msg_settings_tag};
    ret[n].body.settings.revision = 9;
    strcpy(ret[n].body.settings.name, "cum loa 1");
    ret[n].body.settings.zones_count = 3;
    ret[n].body.settings.delay_us = 1000;
    ret[n].body.settings.allowed_count = 1;
    ret[n++].body.settings.allowed[0] = (loa_Window){0x7F, 0, 1440};
    ret[n] = (loa_Msg){.which_body = loa_Msg_media_offer_tag};
    ret[n].body.media_offer.size_bytes = 1234;
    ret[n++].body.media_offer.needed_us = 5;
    ret[n++] = (loa_Msg){.which_body = loa_Msg_media_gone_tag};
    ret[n++] = bed_sign(b, &order);
    ret[n] = (loa_Msg){.which_body = loa_Msg_receipt_ack_tag};
    ret[n++].body.receipt_ack.receipt_id = 77;
    ret[n] = (loa_Msg){.which_body = loa_Msg_bye_tag};
    strcpy(ret[n++].body.bye.detail, "later");
    return n;
}

static void test_every_message_cut_at_every_byte_leaves_the_node_unharmed(void **state)
{
    static loa_Msg m[16];
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, bed_station_us(b) + 5 * USEC_PER_SEC, &speech);
    uint8_t bytes[CONTROL_BYTES_MAX];
    size_t count = messages(b, m);
    double correlation;

    bed_send_order(b, &order);
    bed_run_us(b, 100000);
    for (size_t i = 0; i < count; i++) {
        size_t len = encode(&m[i], bytes);

        for (size_t cut = 0; cut < len; cut++) {
            enum err e = put_in(b, FRAME_CONTROL, bytes, cut);

            assert_true(e == ERR_OK || e == ERR_FORMAT || e == ERR_STATE || e == ERR_LIMIT);
        }
    }
    for (size_t cut = 0; cut < 64; cut++) {
        enum err e = put_in(b, FRAME_BUNDLE, bytes, cut);

        assert_true(e == ERR_OK || e == ERR_FORMAT);
        e = put_in(b, FRAME_CHUNK, bytes, cut);
        assert_true(e == ERR_OK || e == ERR_FORMAT);
        if (cut != TSYNC_REPLY_BYTES)
            assert_int_equal(put_in(b, FRAME_TIME_REPLY, bytes, cut), ERR_FORMAT);
    }
    assert_int_equal(put_in(b, FRAME_TIME_REQUEST, bytes, 8), ERR_STATE);
    bed_run_to(b, order.start_us + 4 * USEC_PER_SEC);
    bed_lateness_us(b, &speech, order.start_us, order.start_us + USEC_PER_SEC, &correlation);
    assert_true(correlation > 0.95);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_messages_at_the_wrong_time_end_the_session(void **state)
{
    static loa_Msg m[16];
    struct bed *b = &((struct fixture *)*state)->bed;
    uint8_t bytes[CONTROL_BYTES_MAX];
    size_t count = messages(b, m), len;

    /* Only nodes say these, and Welcome comes once. */
    len = encode(&(loa_Msg){.which_body = loa_Msg_status_tag}, bytes);
    assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_STATE);
    len = encode(&m[0], bytes);
    assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_STATE);
    /* Before Welcome nothing else counts. */
    bed_link(b, false);
    b->linked = true;
    node_link_up(b->node, bed_mono_us(b));
    for (size_t i = 1; i + 1 < count; i++) {
        len = encode(&m[i], bytes);
        assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_STATE);
    }
    assert_int_equal(put_in(b, FRAME_CHUNK, bytes, 20), ERR_STATE);
    strcpy(m[0].body.welcome.station, "99999");
    len = encode(&m[0], bytes);
    assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_STATE);
    len = encode(&m[count - 1], bytes);
    assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_OK);
    assert_int_equal(b->hang_ups, 1);
    /* Without a session nothing is taken in. */
    bed_link(b, false);
    assert_int_equal(put_in(b, FRAME_CONTROL, bytes, len), ERR_STATE);
}

static void test_random_bytes_leave_the_node_unharmed(void **state)
{
    static loa_Msg m[16];
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, bed_station_us(b) + 5 * USEC_PER_SEC, &speech);
    uint8_t bytes[CONTROL_BYTES_MAX];
    struct prop p;
    size_t count = messages(b, m) - 1;

    prop_init(&p, "random_bytes");
    bed_send_order(b, &order);
    bed_run_us(b, 100000);
    for (int i = 0; i < 6000; i++) {
        size_t len = encode(&m[prop_range(&p, 0, (int64_t)count - 1)], bytes);
        enum frame_type type = FRAME_CONTROL;
        enum err e;

        for (int64_t k = prop_range(&p, 1, 4); k > 0; k--)
            bytes[prop_range(&p, 0, (int64_t)len - 1)] = (uint8_t)prop_next(&p);
        if (prop_one_in(&p, 4))
            type = prop_one_in(&p, 2) ? FRAME_BUNDLE : FRAME_CHUNK;
        /* Settings that make sense may silence the node: leave them out. */
        if (type == FRAME_CONTROL && control_decode(bytes_of(bytes, len), &m[15]) == ERR_OK &&
            m[15].which_body == loa_Msg_settings_tag)
            continue;
        e = put_in(b, type, bytes, len);
        (void)e;
        if (i % 300 == 0)
            bed_run_us(b, 20000);
    }
    bed_run_to(b, order.start_us + 4 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

static void test_a_flapping_link_disturbs_no_sound(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody order = bed_order(1, bed_station_us(b) + 10 * USEC_PER_SEC, &speech);
    double correlation, late;

    bed_send_order(b, &order);
    bed_run_us(b, 100000);
    for (int i = 0; i < 100; i++) {
        bed_link(b, i % 2 != 0);
        bed_run_us(b, 137000);
    }
    bed_run_to(b, order.start_us + 4 * USEC_PER_SEC);
    late = bed_lateness_us(b, &speech, order.start_us, order.start_us + USEC_PER_SEC, &correlation);
    assert_true(correlation > 0.95 && fabs(late) < 100);
    bed_link(b, true);
    bed_run_us(b, 3 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
}

/* The plan holds 256; answers leave at a pace that the controller allows (200 a second). */
static void test_when_the_plan_is_full_nearer_orders_win(void **state)
{
    struct bed *b = &((struct fixture *)*state)->bed;
    loa_OrderBody near = bed_order(1000, bed_station_us(b) + USEC_PER_HOUR, &speech);

    for (uint64_t id = 1; id <= 257; id++) {
        loa_OrderBody order = bed_order(id, bed_station_us(b) + USEC_PER_DAY, &speech);

        bed_send_order(b, &order);
        bed_run_us(b, 1000);
    }
    bed_run_us(b, 500000);
    assert_in_range(b->said.ack_count, 100, 200);
    bed_run_us(b, 2 * USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 257), loa_Verdict_VERDICT_FULL);
    assert_int_equal(bed_verdict(b, 256), loa_Verdict_VERDICT_ACCEPTED);
    bed_send_order(b, &near);
    bed_run_us(b, USEC_PER_SEC);
    assert_int_equal(bed_verdict(b, 1000), loa_Verdict_VERDICT_ACCEPTED);
    assert_int_equal(bed_verdict(b, 256), loa_Verdict_VERDICT_FULL);
    assert_int_equal(bed_verdict(b, 255), loa_Verdict_VERDICT_ACCEPTED);
    assert_int_equal(b->said.status.orders_held, 256);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_message_cut_at_every_byte_leaves_the_node_unharmed),
        CASE(test_messages_at_the_wrong_time_end_the_session),
        CASE(test_random_bytes_leave_the_node_unharmed),
        CASE(test_a_flapping_link_disturbs_no_sound),
        CASE(test_when_the_plan_is_full_nearer_orders_win),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
