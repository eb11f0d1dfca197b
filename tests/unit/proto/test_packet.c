#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "packet.h"

static uint8_t opus[PACKET_PAYLOAD_MAX + 1];

static struct packet nth(uint32_t n, size_t len)
{
    return (struct packet){.stream = {7},
                           .seq = 0xFFFFFFFEU + n,
                           .pts_us = 1790000000000000 + n * PACKET_US,
                           .payload = bytes_of(opus, len)};
}

static struct bytes make_bundle(uint8_t *memory, size_t size, int count, bool last)
{
    struct bundle_writer b;
    struct packet end = nth(0, 1);
    struct bytes out;

    bundle_begin(&b, memory, size);
    for (int i = 0; i < count; i++) {
        struct packet p = nth((uint32_t)i, (size_t)i + 1);

        assert_int_equal(bundle_add(&b, &p), ERR_OK);
    }
    assert_int_equal(bundle_finish(&b, last, &end, &out), ERR_OK);
    return out;
}

static void test_a_bundle_round_trips_over_a_wrapping_sequence(void **state)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct bundle_reader r;
    struct packet p;

    (void)state;
    assert_int_equal(bundle_open(&r, make_bundle(memory, sizeof(memory), 50, true)), ERR_OK);
    assert_true(r.last);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(bundle_next(&r, &p), ERR_OK);
        assert_int_equal(p.seq, 0xFFFFFFFEU + i);
        assert_int_equal(p.pts_us, 1790000000000000 + i * PACKET_US);
        assert_int_equal(p.payload.len, i + 1);
    }
    assert_int_equal(bundle_next(&r, &p), ERR_NOT_FOUND);
}

static void test_every_truncation_and_every_extra_byte_is_refused(void **state)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct bytes whole = make_bundle(memory, sizeof(memory), 9, false);
    struct bundle_reader r;

    (void)state;
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(bundle_open(&r, bytes_of(whole.data, len)), ERR_FORMAT);
    assert_int_equal(bundle_open(&r, bytes_of(whole.data, whole.len + 1)), ERR_FORMAT);
    assert_int_equal(bundle_open(&r, whole), ERR_OK);
}

static void test_packets_that_do_not_follow_are_refused_and_change_nothing(void **state)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct bundle_writer b;
    struct packet p = nth(0, 3);
    struct packet bad;
    struct bytes out;
    struct bundle_reader r;

    (void)state;
    bundle_begin(&b, memory, sizeof(memory));
    assert_int_equal(bundle_add(&b, &p), ERR_OK);
    bad = nth(2, 3);
    assert_int_equal(bundle_add(&b, &bad), ERR_ARG);
    bad = nth(1, 3);
    bad.pts_us++;
    assert_int_equal(bundle_add(&b, &bad), ERR_ARG);
    bad = nth(1, 0);
    assert_int_equal(bundle_add(&b, &bad), ERR_ARG);
    bad = nth(1, PACKET_PAYLOAD_MAX + 1);
    assert_int_equal(bundle_add(&b, &bad), ERR_ARG);
    bad = nth(1, 3);
    bad.stream.v = 8;
    assert_int_equal(bundle_add(&b, &bad), ERR_ARG);
    assert_int_equal(bundle_finish(&b, false, NULL, &out), ERR_OK);
    assert_int_equal(bundle_open(&r, out), ERR_OK);
    assert_int_equal(r.count, 1);
}

static void test_a_full_bundle_says_so_and_stays_whole(void **state)
{
    static uint8_t memory[BUNDLE_HEADER_BYTES + 3 * 12];
    struct bundle_writer b;
    struct bytes out;
    struct bundle_reader r;

    (void)state;
    bundle_begin(&b, memory, sizeof(memory));
    for (uint32_t i = 0; i < 4; i++) {
        struct packet p = nth(i, 10);

        assert_int_equal(bundle_add(&b, &p), i < 3 ? ERR_OK : ERR_LIMIT);
    }
    assert_int_equal(bundle_finish(&b, false, NULL, &out), ERR_OK);
    assert_int_equal(bundle_open(&r, out), ERR_OK);
    assert_int_equal(r.count, 3);
}

static void test_an_empty_bundle_exists_only_as_the_end_of_a_stream(void **state)
{
    static uint8_t memory[BUNDLE_HEADER_BYTES];
    struct bundle_writer b;
    struct bundle_reader r;
    struct bytes out;

    (void)state;
    bundle_begin(&b, memory, sizeof(memory));
    assert_int_equal(bundle_finish(&b, false, NULL, &out), ERR_STATE);
    assert_int_equal(bundle_open(&r, make_bundle(memory, sizeof(memory), 0, true)), ERR_OK);
    assert_int_equal(r.seq, 0xFFFFFFFEU);
    memory[17] = 0;
    assert_int_equal(bundle_open(&r, bytes_of(memory, sizeof(memory))), ERR_FORMAT);
}

static void test_reserved_flags_and_stream_zero_are_refused(void **state)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct bytes whole = make_bundle(memory, sizeof(memory), 2, false);
    struct bundle_reader r;

    (void)state;
    memory[17] = 2;
    assert_int_equal(bundle_open(&r, whole), ERR_FORMAT);
    memory[17] = 0;
    memset(memory, 0, 4);
    assert_int_equal(bundle_open(&r, whole), ERR_FORMAT);
}

static void test_a_chunk_round_trips_and_its_bounds_hold(void **state)
{
    static uint8_t wire[CHUNK_HEADER_BYTES + CHUNK_DATA_MAX + 1];
    static const uint8_t data[CHUNK_DATA_MAX + 1] = {1, 2, 3};
    struct chunk c = {.transfer = 5, .offset = 65536, .data = bytes_of(data, CHUNK_DATA_MAX)};
    struct chunk out;
    struct writer w;

    (void)state;
    writer_init(&w, wire, sizeof(wire));
    assert_int_equal(chunk_write(&w, &c), ERR_OK);
    assert_int_equal(chunk_read(writer_view(&w), &out), ERR_OK);
    assert_int_equal(out.offset, 65536);
    assert_true(bytes_equal(out.data, c.data));
    assert_int_equal(chunk_read(bytes_of(wire, CHUNK_HEADER_BYTES), &out), ERR_FORMAT);
    assert_int_equal(chunk_read(bytes_of(wire, sizeof(wire)), &out), ERR_FORMAT);
    c.data.len = CHUNK_DATA_MAX + 1;
    writer_init(&w, wire, sizeof(wire));
    assert_int_equal(chunk_write(&w, &c), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bundle_round_trips_over_a_wrapping_sequence),
        cmocka_unit_test(test_every_truncation_and_every_extra_byte_is_refused),
        cmocka_unit_test(test_packets_that_do_not_follow_are_refused_and_change_nothing),
        cmocka_unit_test(test_a_full_bundle_says_so_and_stays_whole),
        cmocka_unit_test(test_an_empty_bundle_exists_only_as_the_end_of_a_stream),
        cmocka_unit_test(test_reserved_flags_and_stream_zero_are_refused),
        cmocka_unit_test(test_a_chunk_round_trips_and_its_bounds_hold),
    };

    return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
