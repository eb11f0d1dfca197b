#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "packet.h"
#include "sendq.h"

#define NOW (1000 * USEC_PER_SEC)

static struct sendq q;

static int start(void **state)
{
    (void)state;
    sendq_init(&q);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sendq_deinit(&q);
    return 0;
}

/* One packet of 20 ms. */
static struct bundle *bundle_at(usec_t pts_us, bool last)
{
    uint8_t memory[64];
    struct packet p = {.stream = {5}, .pts_us = pts_us, .payload = bytes_of("opus", 4)};
    struct bundle_writer w;
    struct bundle *b;
    struct bytes payload;

    bundle_begin(&w, memory, sizeof(memory));
    assert_int_equal(bundle_add(&w, &p), ERR_OK);
    assert_int_equal(bundle_finish(&w, last, NULL, &payload), ERR_OK);
    assert_int_equal(bundle_new(payload, &b), ERR_OK);
    return b;
}

static unsigned put_bundle(usec_t pts_us)
{
    struct bundle *b = bundle_at(pts_us, false);
    unsigned dropped = sendq_put_bundle(&q, b);

    bundle_unref(b);
    return dropped;
}

/* `count` frames of the class whose payload is `size` bytes of `mark`. */
static enum err put_frames(enum netcmd_kind kind, uint8_t mark, size_t size, int count)
{
    size_t len = (size_t)count * (FRAME_HEADER_BYTES + size);
    struct netcmd *cmd = calloc(1, sizeof(*cmd) + len);
    uint8_t payload[CHUNK_DATA_MAX];
    struct writer w;
    enum err e;

    assert_non_null(cmd);
    memset(payload, mark, size);
    writer_init(&w, cmd->data, len);
    for (int i = 0; i < count; i++)
        assert_int_equal(frame_write(&w, kind == NETCMD_SEND_MEDIA ? FRAME_CHUNK : FRAME_CONTROL,
                                     bytes_of(payload, size)),
                         ERR_OK);
    cmd->len = len;
    cmd->item.kind = (int)kind;
    e = sendq_put(&q, cmd);
    if (e != ERR_OK)
        free(cmd);
    return e;
}

static enum sendq_class next(struct bytes *ret_frame, unsigned *ret_dropped)
{
    return sendq_peek(&q, NOW, ret_frame, ret_dropped);
}

static void test_an_empty_queue_has_nothing(void **state)
{
    struct bytes frame;
    unsigned dropped;

    (void)state;
    assert_int_equal(next(&frame, &dropped), SENDQ_NONE);
    assert_int_equal(dropped, 0);
}

static void test_control_goes_before_bundles_before_media(void **state)
{
    const enum sendq_class order[] = {SENDQ_CONTROL, SENDQ_CONTROL, SENDQ_BUNDLE, SENDQ_MEDIA};
    struct bytes frame;
    unsigned dropped;

    (void)state;
    assert_int_equal(put_frames(NETCMD_SEND_MEDIA, 'm', 100, 1), ERR_OK);
    assert_int_equal(put_bundle(NOW), 0);
    assert_int_equal(put_frames(NETCMD_SEND_CONTROL, 'c', 10, 2), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(next(&frame, &dropped), order[i]);
        sendq_pop(&q);
    }
    assert_int_equal(next(&frame, &dropped), SENDQ_NONE);
}

static void test_control_overtakes_media_at_a_frame_border(void **state)
{
    struct bytes frame;
    unsigned dropped;

    (void)state;
    assert_int_equal(put_frames(NETCMD_SEND_MEDIA, 'm', 1000, 3), ERR_OK);
    assert_int_equal(next(&frame, &dropped), SENDQ_MEDIA);
    assert_int_equal(frame.len, FRAME_HEADER_BYTES + 1000);
    sendq_pop(&q);
    assert_int_equal(put_frames(NETCMD_SEND_CONTROL, 'c', 10, 1), ERR_OK);
    assert_int_equal(next(&frame, &dropped), SENDQ_CONTROL);
    assert_int_equal(frame.data[FRAME_HEADER_BYTES], 'c');
    sendq_pop(&q);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next(&frame, &dropped), SENDQ_MEDIA);
        assert_int_equal(frame.data[FRAME_HEADER_BYTES], 'm');
        sendq_pop(&q);
    }
    assert_int_equal(next(&frame, &dropped), SENDQ_NONE);
}

static void test_stale_bundles_are_skipped(void **state)
{
    struct bytes frame;
    unsigned dropped;

    (void)state;
    (void)put_bundle(NOW - 40000);
    (void)put_bundle(NOW - PACKET_US); /* ends now */
    (void)put_bundle(NOW - PACKET_US + 1);
    assert_int_equal(next(&frame, &dropped), SENDQ_BUNDLE);
    assert_int_equal(dropped, 2);
    sendq_pop(&q);
    assert_int_equal(next(&frame, &dropped), SENDQ_NONE);
    assert_int_equal(dropped, 0);
}

static void test_the_last_bundle_of_a_stream_is_never_stale(void **state)
{
    struct bundle *b = bundle_at(NOW - USEC_PER_HOUR, true);
    struct bytes frame;
    unsigned dropped;

    (void)state;
    (void)sendq_put_bundle(&q, b);
    assert_int_equal(next(&frame, &dropped), SENDQ_BUNDLE);
    assert_int_equal(bundle_frame(b).len, frame.len);
    bundle_unref(b);
}

static void test_a_full_bundle_queue_drops_the_oldest(void **state)
{
    struct bytes frame;
    struct bundle_reader r;
    unsigned dropped;

    (void)state;
    for (int i = 0; i < SENDQ_BUNDLES_MAX; i++)
        assert_int_equal(put_bundle(NOW + i), 0);
    assert_int_equal(put_bundle(NOW + 5000), 1);
    assert_int_equal(next(&frame, &dropped), SENDQ_BUNDLE);
    assert_int_equal(
        bundle_open(&r, bytes_of(frame.data + FRAME_HEADER_BYTES, frame.len - FRAME_HEADER_BYTES)),
        ERR_OK);
    assert_int_equal(r.pts_us, NOW + 1);
    assert_int_equal(sendq_drop_audio(&q), SENDQ_BUNDLES_MAX);
}

static void test_control_and_media_are_bounded_each_on_its_own(void **state)
{
    int media = 0, control = 0;

    (void)state;
    while (put_frames(NETCMD_SEND_MEDIA, 'm', CHUNK_DATA_MAX, 1) == ERR_OK)
        media++;
    while (put_frames(NETCMD_SEND_CONTROL, 'c', 4000, 1) == ERR_OK)
        control++;
    while (put_frames(NETCMD_SEND_CONTROL, 'c', 1, 1) == ERR_OK)
        ;
    assert_int_equal(media, SENDQ_MEDIA_MAX / (FRAME_HEADER_BYTES + CHUNK_DATA_MAX));
    assert_int_equal(control, SENDQ_CONTROL_MAX / (FRAME_HEADER_BYTES + 4000));
    assert_int_equal(put_frames(NETCMD_CLOSE, 'b', 10, 1), ERR_OK);
}

static void test_what_was_sent_makes_room(void **state)
{
    struct bytes frame;
    unsigned dropped;

    (void)state;
    while (put_frames(NETCMD_SEND_CONTROL, 'c', 4000, 1) == ERR_OK)
        ;
    assert_int_equal(next(&frame, &dropped), SENDQ_CONTROL);
    sendq_pop(&q);
    assert_int_equal(put_frames(NETCMD_SEND_CONTROL, 'c', 4000, 1), ERR_OK);
}

static void test_bytes_that_are_no_bundle_make_none(void **state)
{
    struct bundle *b = NULL;
    uint8_t junk[BUNDLE_HEADER_BYTES] = {0};

    (void)state;
    assert_int_equal(bundle_new(bytes_of(NULL, 0), &b), ERR_FORMAT);
    assert_int_equal(bundle_new(bytes_of(junk, sizeof(junk)), &b), ERR_FORMAT);
    assert_null(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_queue_has_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_control_goes_before_bundles_before_media, start, end),
        cmocka_unit_test_setup_teardown(test_control_overtakes_media_at_a_frame_border, start, end),
        cmocka_unit_test_setup_teardown(test_stale_bundles_are_skipped, start, end),
        cmocka_unit_test_setup_teardown(test_the_last_bundle_of_a_stream_is_never_stale, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_full_bundle_queue_drops_the_oldest, start, end),
        cmocka_unit_test_setup_teardown(test_control_and_media_are_bounded_each_on_its_own, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_what_was_sent_makes_room, start, end),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_bundle_make_none, start, end),
    };

    return cmocka_run_group_tests_name("sendq", tests, NULL, NULL);
}
