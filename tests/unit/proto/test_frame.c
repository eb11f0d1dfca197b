#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame.h"

static size_t make(uint8_t *out, size_t size, enum frame_type type, size_t len)
{
    static uint8_t payload[FRAME_PAYLOAD_MAX];
    struct writer w;

    for (size_t i = 0; i < len; i++)
        payload[i] = (uint8_t)(i * 7 + len);
    writer_init(&w, out, size);
    assert_int_equal(frame_write(&w, type, bytes_of(payload, len)), ERR_OK);
    return writer_view(&w).len;
}

static void test_a_frame_survives_any_fragmentation(void **state)
{
    static uint8_t wire[3 * FRAME_BYTES_MAX];
    static struct frame_reader r;
    const size_t lens[] = {1, 4096, 24};
    const enum frame_type types[] = {FRAME_CONTROL, FRAME_CONTROL, FRAME_TIME_REPLY};
    size_t total = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        total += make(wire + total, sizeof(wire) - total, types[i], lens[i]);
    for (size_t step = 1; step < 4200; step += 13) {
        int seen = 0;

        frame_reader_init(&r);
        for (size_t at = 0; at < total; at += step) {
            struct bytes in = bytes_of(wire + at, total - at < step ? total - at : step);
            struct frame f;
            enum err e;

            while ((e = frame_read(&r, &in, &f)) == ERR_OK) {
                assert_int_equal(f.type, types[seen]);
                assert_int_equal(f.payload.len, lens[seen]);
                assert_int_equal(f.payload.data[0], (uint8_t)lens[seen]);
                seen++;
            }
            assert_int_equal(e, ERR_MORE);
            assert_int_equal(in.len, 0);
        }
        assert_int_equal(seen, 3);
        frame_reader_deinit(&r);
    }
}

static void test_a_whole_frame_is_not_copied(void **state)
{
    uint8_t wire[2 * 64];
    size_t len = make(wire, sizeof(wire), FRAME_CONTROL, 40);
    struct frame_reader r;
    struct bytes in;
    struct frame f;

    (void)state;
    frame_reader_init(&r);
    in = bytes_of(wire, 7);
    assert_int_equal(frame_read(&r, &in, &f), ERR_MORE);
    in = bytes_of(wire + 7, len - 7 + make(wire + len, sizeof(wire) - len, FRAME_TIME_REPLY, 24));
    assert_int_equal(frame_read(&r, &in, &f), ERR_OK); /* came in two pieces */
    assert_memory_equal(f.payload.data, wire + FRAME_HEADER_BYTES, 40);
    assert_int_equal(frame_read(&r, &in, &f), ERR_OK);
    assert_ptr_equal(f.payload.data, wire + len + FRAME_HEADER_BYTES);
    assert_null(r.payload); /* and holds no memory between frames */
    assert_int_equal(frame_read(&r, &in, &f), ERR_MORE);
    frame_reader_deinit(&r);
}

static enum err read_header(uint16_t len, uint8_t type, uint8_t reserved, struct frame_reader *r)
{
    uint8_t head[4] = {(uint8_t)(len >> 8), (uint8_t)len, type, reserved};
    struct bytes in = bytes_of(head, sizeof(head));
    struct frame f;

    frame_reader_deinit(r);
    return frame_read(r, &in, &f);
}

static void test_each_type_has_its_own_bounds_checked_on_the_header(void **state)
{
    static struct frame_reader r;

    (void)state;
    assert_int_equal(read_header(4096, FRAME_CONTROL, 0, &r), ERR_MORE);
    assert_int_equal(read_header(4097, FRAME_CONTROL, 0, &r), ERR_LIMIT);
    assert_int_equal(read_header(0, FRAME_CONTROL, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(16380, FRAME_BUNDLE, 0, &r), ERR_MORE);
    assert_int_equal(read_header(16381, FRAME_BUNDLE, 0, &r), ERR_LIMIT);
    assert_int_equal(read_header(17, FRAME_BUNDLE, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(8200, FRAME_CHUNK, 0, &r), ERR_MORE);
    assert_int_equal(read_header(8201, FRAME_CHUNK, 0, &r), ERR_LIMIT);
    assert_int_equal(read_header(8, FRAME_CHUNK, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(7, FRAME_TIME_REQUEST, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(9, FRAME_TIME_REQUEST, 0, &r), ERR_LIMIT);
    assert_int_equal(read_header(24, FRAME_TIME_REPLY, 0, &r), ERR_MORE);
    frame_reader_deinit(&r);
}

static void test_unknown_types_and_reserved_bits_break_the_reader_for_good(void **state)
{
    static struct frame_reader r;
    uint8_t good[64];
    size_t len = make(good, sizeof(good), FRAME_CONTROL, 5);
    struct bytes in = bytes_of(good, len);
    struct frame f;

    (void)state;
    assert_int_equal(read_header(5, 0, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(5, 6, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(5, 255, 0, &r), ERR_FORMAT);
    assert_int_equal(read_header(5, FRAME_CONTROL, 1, &r), ERR_FORMAT);
    assert_int_equal(frame_read(&r, &in, &f), ERR_FORMAT);
}

static void test_a_writer_refuses_what_a_reader_would(void **state)
{
    static uint8_t out[FRAME_BYTES_MAX];
    static uint8_t payload[FRAME_PAYLOAD_MAX + 1];
    struct writer w;

    (void)state;
    writer_init(&w, out, sizeof(out));
    assert_int_equal(frame_write(&w, FRAME_CONTROL, bytes_of(payload, 4097)), ERR_LIMIT);
    writer_init(&w, out, sizeof(out));
    assert_int_equal(frame_write(&w, FRAME_NONE, bytes_of(payload, 1)), ERR_LIMIT);
    writer_init(&w, out, 7);
    assert_int_equal(frame_write(&w, FRAME_CONTROL, bytes_of(payload, 4)), ERR_LIMIT);
    assert_int_equal(writer_view(&w).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_survives_any_fragmentation),
        cmocka_unit_test(test_a_whole_frame_is_not_copied),
        cmocka_unit_test(test_each_type_has_its_own_bounds_checked_on_the_header),
        cmocka_unit_test(test_unknown_types_and_reserved_bits_break_the_reader_for_good),
        cmocka_unit_test(test_a_writer_refuses_what_a_reader_would),
    };

    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
