/* Every message of loa.proto at its limits and one past them, built from wiretable.h and not with our own
 * encoder. A field that the table does not know fails the first test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wiretable.h"

static loa_Msg msg;
static loa_OrderBody body;

/* ---- what comes of it ---- */

/* The same bytes again, in the order of field numbers and without what is zero. */
static struct bytes encode_again(uint8_t *memory)
{
    struct writer w;

    writer_init(&w, memory, WIRE_MEMORY);
    assert_int_equal(control_encode(&w, &msg), ERR_OK);
    return writer_view(&w);
}

static void expect_bytes(struct bytes got, struct bytes want, const char *name, uint32_t number)
{
    if (!bytes_equal(got, want))
        fail_msg("%s field %u: %zu bytes instead of %zu", name, number, got.len, want.len);
}

/* A field of exact length is always written; what was left out reads as zeros. Each message has one at
 * most. */
static void put_left_out(struct writer *w, const struct wire_message *m)
{
    for (const struct wire_field *f = m->fields; f->kind != END; f++)
        if (f->kind == EXACT)
            wire_put_fill(w, f->number, 0, f->limit);
}

/* Nothing in it that is not always there. */
static struct bytes empty(const struct wire_message *m, uint8_t *memory)
{
    return wire_alone(m, NULL, 0, memory);
}

static void expect_msg(struct bytes payload, enum err want, const char *name, uint32_t number)
{
    enum err e = control_decode(payload, &msg);

    if (e != want)
        fail_msg("%s field %u: %s instead of %s", name, number, err_name(e), err_name(want));
}

static void test_the_table_knows_every_field_of_every_message(void **state)
{
    pb_field_iter_t it;
    loa_Msg m = loa_Msg_init_zero;
    size_t kinds = 0;

    (void)state;
    assert_true(pb_field_iter_begin(&it, loa_Msg_fields, &m));
    do {
        assert_true(kinds < WIRE_MESSAGES);
        assert_int_equal(wire_messages[kinds].number, it.tag);
        assert_ptr_equal(wire_messages[kinds].desc, it.submsg_desc);
        kinds++;
    } while (pb_field_iter_next(&it));
    assert_int_equal(kinds, WIRE_MESSAGES);
    for (size_t i = 0; i < WIRE_MESSAGES + 3; i++) {
        const struct wire_message *one = i < WIRE_MESSAGES        ? &wire_messages[i]
                                         : i == WIRE_MESSAGES     ? &wire_order_body
                                         : i == WIRE_MESSAGES + 1 ? &wire_window
                                                                  : &wire_item;
        const struct wire_field *f = one->fields;

        assert_true(pb_field_iter_begin(&it, one->desc, &m));
        do {
            assert_int_equal(f->number, it.tag);
            f++;
        } while (pb_field_iter_next(&it));
        assert_int_equal(f->kind, END);
    }
}

static void test_every_message_is_read_and_written_with_all_fields_at_their_highest(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++) {
        struct writer w;
        struct bytes payload;

        writer_init(&w, content, sizeof(content));
        wire_put_all(&w, &wire_messages[i]);
        payload = wire_wrap(&wire_messages[i], &w, whole);
        assert_true(payload.len <= CONTROL_BYTES_MAX);
        expect_msg(payload, ERR_OK, wire_messages[i].name, 0);
        assert_int_equal(msg.which_body, wire_messages[i].number);
        assert_string_equal(control_name(&msg), wire_messages[i].name);
        expect_bytes(encode_again(again), payload, wire_messages[i].name, 0);
    }
}

static void test_every_message_is_read_and_written_without_any_field(void **state)
{
    uint8_t whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++) {
        const struct wire_message *m = &wire_messages[i];
        struct writer nothing;

        writer_init(&nothing, NULL, 0);
        expect_msg(wire_wrap(m, &nothing, whole), ERR_OK, m->name, 0);
        assert_int_equal(msg.which_body, m->number);
        expect_bytes(encode_again(again), empty(m, whole), m->name, 0);
    }
}

static void test_every_field_alone_keeps_its_highest_value(void **state)
{
    uint8_t whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            struct bytes payload = wire_alone(&wire_messages[i], f, f->limit, whole);

            expect_msg(payload, ERR_OK, wire_messages[i].name, f->number);
            expect_bytes(encode_again(again), payload, wire_messages[i].name, f->number);
        }
}

/* A zero that is written out means the same as a field that is left out. */
static void test_every_field_at_its_lowest_is_as_if_it_were_not_there(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            const struct wire_message *m = &wire_messages[i];
            struct writer w;

            if (f->kind == WINDOWS || f->kind == ITEMS)
                continue; /* an empty one counts */
            writer_init(&w, content, sizeof(content));
            if (f->kind == TEXT || f->kind == BYTES || f->kind == NUMBERS)
                wire_put_fill(&w, f->number, 0, 0);
            else if (f->kind == EXACT)
                wire_put_fill(&w, f->number, 0, f->limit);
            else
                wire_put_number(&w, f->number, 0);
            expect_msg(wire_wrap(m, &w, whole), ERR_OK, m->name, f->number);
            expect_bytes(encode_again(again), empty(m, whole), m->name, f->number);
        }
}

static void test_one_more_than_a_field_can_hold_makes_the_message_malformed(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY];
    unsigned tried = 0;

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            struct writer w;

            writer_init(&w, content, sizeof(content));
            if (!wire_put_too_much(&w, f))
                continue;
            expect_msg(wire_wrap(&wire_messages[i], &w, whole), ERR_FORMAT, wire_messages[i].name,
                       f->number);
            tried++;
        }
    assert_true(tried > 70);
}

static void test_a_field_of_exact_length_is_refused_when_it_is_shorter(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            struct writer w;

            if (f->kind != EXACT)
                continue;
            writer_init(&w, content, sizeof(content));
            wire_put_fill(&w, f->number, 'x', f->limit - 1);
            expect_msg(wire_wrap(&wire_messages[i], &w, whole), ERR_FORMAT, wire_messages[i].name,
                       f->number);
        }
}

/* Newer peers name more choices; who receives one judges it. */
static void test_a_choice_without_a_name_is_handed_on_as_it_is(void **state)
{
    uint8_t whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            struct bytes payload;

            if (f->kind != CHOICE)
                continue;
            payload = wire_alone(&wire_messages[i], f, f->limit + 1, whole);
            expect_msg(payload, ERR_OK, wire_messages[i].name, f->number);
            expect_bytes(encode_again(again), payload, wire_messages[i].name, f->number);
        }
}

static void test_a_field_of_another_wire_type_makes_the_message_malformed(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (const struct wire_field *f = wire_messages[i].fields; f->kind != END; f++) {
            struct writer w;

            writer_init(&w, content, sizeof(content));
            wire_put_varint(&w, (uint64_t)f->number << 3 | 5);
            writer_u32(&w, 1);
            expect_msg(wire_wrap(&wire_messages[i], &w, whole), ERR_FORMAT, wire_messages[i].name,
                       f->number);
        }
}

/* A Msg is a length and so many bytes: whatever is cut off, the length still says so. */
static void test_a_message_cut_short_anywhere_is_refused(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++) {
        struct writer w;
        struct bytes payload;

        writer_init(&w, content, sizeof(content));
        wire_put_all(&w, &wire_messages[i]);
        payload = wire_wrap(&wire_messages[i], &w, whole);
        expect_msg(bytes_of(payload.data, 0), ERR_UNSUPPORTED, wire_messages[i].name, 0);
        for (size_t len = 1; len < payload.len; len++)
            expect_msg(bytes_of(payload.data, len), ERR_FORMAT, wire_messages[i].name,
                       (uint32_t)len);
    }
}

/* Also where the length was made to fit: what is left is then either malformed, or a message that is
 * written as these very bytes (and a field of exact length, if that was cut off), never one with
 * something behind it. */
static void test_content_cut_short_is_refused_or_is_a_shorter_message(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY], again[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++) {
        struct writer w;

        writer_init(&w, content, sizeof(content));
        wire_put_all(&w, &wire_messages[i]);
        for (size_t len = w.at; len-- > 0;) {
            uint8_t piece[WIRE_MEMORY];
            struct writer cut;
            struct bytes payload;
            enum err e;

            writer_init(&cut, piece, sizeof(piece));
            writer_bytes(&cut, bytes_of(content, len));
            payload = wire_wrap(&wire_messages[i], &cut, whole);
            e = control_decode(payload, &msg);
            assert_true(e == ERR_OK || e == ERR_FORMAT);
            if (e != ERR_OK)
                continue;
            if (wire_exact_at(&wire_messages[i]) != SIZE_MAX &&
                wire_exact_at(&wire_messages[i]) >= len) {
                put_left_out(&cut, &wire_messages[i]);
                payload = wire_wrap(&wire_messages[i], &cut, whole);
            }
            expect_bytes(encode_again(again), payload, wire_messages[i].name, (uint32_t)len);
        }
    }
}

static void test_garbage_behind_a_message_is_not_passed_over(void **state)
{
    static const struct {
        const char *what;
        size_t len;
        uint8_t bytes[8];
    } garbage[] = {{"a zero", 1, {0}},
                   {"half a tag", 1, {0x80}},
                   {"half a number", 2, {0xC0, 0x3E}},
                   {"a length without bytes", 3, {0xC2, 0x3E, 1}},
                   {"a group", 2, {0xC3, 0x3E}},
                   {"wire type 7", 3, {0xC7, 0x3E, 0}}};
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++)
        for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++) {
            struct writer w, outside;
            struct bytes payload;

            writer_init(&w, content, sizeof(content));
            wire_put_all(&w, &wire_messages[i]);
            payload = wire_wrap(&wire_messages[i], &w, whole);
            writer_init(&outside, whole, sizeof(whole));
            outside.at = payload.len;
            writer_bytes(&outside, bytes_of(garbage[g].bytes, garbage[g].len));
            if (control_decode(writer_view(&outside), &msg) != ERR_FORMAT)
                fail_msg("%s behind %s", garbage[g].what, wire_messages[i].name);
            writer_bytes(&w, bytes_of(garbage[g].bytes, garbage[g].len));
            if (control_decode(wire_wrap(&wire_messages[i], &w, whole), &msg) != ERR_FORMAT)
                fail_msg("%s at the end of %s", garbage[g].what, wire_messages[i].name);
        }
}

static void test_fields_of_newer_peers_are_skipped(void **state)
{
    uint8_t content[WIRE_MEMORY], whole[WIRE_MEMORY], again[WIRE_MEMORY], known[WIRE_MEMORY];

    (void)state;
    for (size_t i = 0; i < WIRE_MESSAGES; i++) {
        struct writer w, plain, outside;
        struct bytes payload;

        if (strcmp(wire_messages[i].name, "order") == 0)
            continue; /* too large for more; its body follows below */
        writer_init(&plain, content, sizeof(content));
        wire_put_all(&plain, &wire_messages[i]);
        payload = wire_wrap(&wire_messages[i], &plain, known);
        writer_init(&w, content, sizeof(content));
        wire_put_unknown(&w);
        wire_put_all(&w, &wire_messages[i]);
        wire_put_unknown(&w);
        writer_init(&outside, again, sizeof(again));
        wire_put_unknown(&outside);
        writer_bytes(&outside, wire_wrap(&wire_messages[i], &w, whole));
        wire_put_unknown(&outside);
        expect_msg(writer_view(&outside), ERR_OK, wire_messages[i].name, 0);
        expect_bytes(encode_again(again), payload, wire_messages[i].name, 0);
    }
}

static void test_of_two_bodies_in_one_message_the_last_counts(void **state)
{
    static const uint8_t two[] = {0x6A, 2, 0x08, 9, 0x82, 0x01, 2, 0x08, 5};

    (void)state;
    assert_int_equal(control_decode(bytes_of(two, sizeof(two)), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_receipt_ack_tag);
    assert_int_equal(msg.body.receipt_ack.receipt_id, 5);
}

/* ---- the signed part of an order ---- */

/* At its highest where the meaning allows: expiry behind the start, ten plays. */
static void put_order(struct writer *w, uint32_t without)
{
    for (const struct wire_field *f = wire_order_body.fields; f->kind != END; f++) {
        if (f->number == without)
            continue;
        if (f->number == 3)
            wire_put_number(w, f->number, loa_OrderKind_ORDER_KIND_PLAY);
        else if (f->number == 9 || f->number == 10)
            wire_put_number(w, f->number, UINT64_MAX - 3); /* zigzag of INT64_MAX - 1 */
        else if (f->number == 11)
            wire_put_number(w, f->number, UINT64_MAX - 1); /* of INT64_MAX */
        else if (f->number == 13)
            wire_put_number(w, f->number, 10);
        else
            wire_put_field(w, f);
    }
}

static struct bytes order_again(uint8_t *memory)
{
    struct writer w;

    writer_init(&w, memory, WIRE_MEMORY);
    assert_int_equal(control_encode_order(&w, &body), ERR_OK);
    return writer_view(&w);
}

static void test_the_largest_order_fits_its_message(void **state)
{
    uint8_t content[WIRE_MEMORY], again[WIRE_MEMORY];
    struct writer w;

    (void)state;
    writer_init(&w, content, sizeof(content));
    put_order(&w, 0);
    assert_true(w.at <= sizeof(((loa_Order *)0)->body.bytes));
    assert_int_equal(control_decode_order(writer_view(&w), &body), ERR_OK);
    expect_bytes(order_again(again), writer_view(&w), "order_body", 0);
}

static void test_one_more_than_a_field_of_an_order_can_hold_is_refused(void **state)
{
    uint8_t content[WIRE_MEMORY];

    (void)state;
    for (const struct wire_field *f = wire_order_body.fields; f->kind != END; f++) {
        struct writer w;

        writer_init(&w, content, sizeof(content));
        put_order(&w, f->number);
        if (f->kind == CHOICE)
            wire_put_number(&w, f->number, f->limit + 1);
        else if (!wire_put_too_much(&w, f))
            continue;
        assert_false(w.failed);
        if (control_decode_order(writer_view(&w), &body) != ERR_FORMAT)
            fail_msg("field %u", f->number);
    }
}

/* The body is not wrapped, so it may be cut between two fields; the signature covers its length. */
static void test_an_order_cut_short_is_refused_or_is_a_shorter_order(void **state)
{
    uint8_t content[WIRE_MEMORY], again[WIRE_MEMORY];
    struct writer w;
    unsigned shorter = 0;

    (void)state;
    writer_init(&w, content, sizeof(content));
    put_order(&w, 0);
    for (size_t len = 0; len < w.at; len++) {
        enum err e = control_decode_order(bytes_of(content, len), &body);

        assert_true(e == ERR_OK || e == ERR_FORMAT);
        if (e != ERR_OK)
            continue;
        expect_bytes(order_again(again), bytes_of(content, len), "order_body", (uint32_t)len);
        shorter++;
    }
    /* Behind each of 16 items and of the eight fields from 13 to 20. */
    assert_int_equal(shorter, 16 + 8);
}

static void test_fields_of_newer_orders_are_skipped(void **state)
{
    uint8_t content[WIRE_MEMORY], again[WIRE_MEMORY];
    struct writer w;
    size_t known;

    (void)state;
    writer_init(&w, content, sizeof(content));
    put_order(&w, 0);
    known = w.at;
    wire_put_unknown(&w);
    assert_int_equal(control_decode_order(writer_view(&w), &body), ERR_OK);
    expect_bytes(order_again(again), bytes_of(content, known), "order_body", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_knows_every_field_of_every_message),
        cmocka_unit_test(test_every_message_is_read_and_written_with_all_fields_at_their_highest),
        cmocka_unit_test(test_every_message_is_read_and_written_without_any_field),
        cmocka_unit_test(test_every_field_alone_keeps_its_highest_value),
        cmocka_unit_test(test_every_field_at_its_lowest_is_as_if_it_were_not_there),
        cmocka_unit_test(test_one_more_than_a_field_can_hold_makes_the_message_malformed),
        cmocka_unit_test(test_a_field_of_exact_length_is_refused_when_it_is_shorter),
        cmocka_unit_test(test_a_choice_without_a_name_is_handed_on_as_it_is),
        cmocka_unit_test(test_a_field_of_another_wire_type_makes_the_message_malformed),
        cmocka_unit_test(test_a_message_cut_short_anywhere_is_refused),
        cmocka_unit_test(test_content_cut_short_is_refused_or_is_a_shorter_message),
        cmocka_unit_test(test_garbage_behind_a_message_is_not_passed_over),
        cmocka_unit_test(test_fields_of_newer_peers_are_skipped),
        cmocka_unit_test(test_of_two_bodies_in_one_message_the_last_counts),
        cmocka_unit_test(test_the_largest_order_fits_its_message),
        cmocka_unit_test(test_one_more_than_a_field_of_an_order_can_hold_is_refused),
        cmocka_unit_test(test_an_order_cut_short_is_refused_or_is_a_shorter_order),
        cmocka_unit_test(test_fields_of_newer_orders_are_skipped),
    };

    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
