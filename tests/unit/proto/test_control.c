#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"

static loa_Msg out;

static struct bytes encode_bye(uint8_t *memory, size_t size, const char *detail)
{
    loa_Msg msg = loa_Msg_init_zero;
    struct writer w;

    msg.which_body = loa_Msg_bye_tag;
    msg.body.bye.code = loa_ByeCode_BYE_CODE_PROTOCOL;
    memcpy(msg.body.bye.detail, detail, strlen(detail) + 1);
    writer_init(&w, memory, size);
    assert_int_equal(control_encode(&w, &msg), ERR_OK);
    return writer_view(&w);
}

static void test_text_must_be_utf8_without_control_characters(void **state)
{
    uint8_t memory[256];

    (void)state;
    assert_int_equal(control_decode(encode_bye(memory, sizeof(memory), "tạm biệt"), &out), ERR_OK);
    assert_string_equal(out.body.bye.detail, "tạm biệt");
    assert_string_equal(control_name(&out), "bye");
    assert_int_equal(control_decode(encode_bye(memory, sizeof(memory), "\xC3\x28"), &out),
                     ERR_FORMAT);
    assert_int_equal(control_decode(encode_bye(memory, sizeof(memory), "a\nb"), &out), ERR_FORMAT);
}

static void test_an_unknown_body_is_told_apart_from_a_broken_one(void **state)
{
    const uint8_t newer[] = {0xFA, 0x06, 0x02, 0x08, 0x01}; /* field 111 */
    const uint8_t broken[] = {0x8A, 0x01, 0x7F, 0x08}; /* bye longer than the payload */

    (void)state;
    assert_int_equal(control_decode(bytes_of(newer, sizeof(newer)), &out), ERR_UNSUPPORTED);
    assert_int_equal(control_decode(bytes_of(broken, sizeof(broken)), &out), ERR_FORMAT);
    assert_int_equal(control_decode(bytes_of(NULL, 0), &out), ERR_UNSUPPORTED);
}

static void test_a_message_that_does_not_fit_is_not_half_written(void **state)
{
    uint8_t memory[8];
    loa_Msg msg = loa_Msg_init_zero;
    struct writer w;

    (void)state;
    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(control_encode(&w, &msg), ERR_FORMAT);
    msg.which_body = loa_Msg_bye_tag;
    memcpy(msg.body.bye.detail, "long enough", 12);
    assert_int_equal(control_encode(&w, &msg), ERR_LIMIT);
    assert_int_equal(writer_view(&w).len, 0);
}

static loa_OrderBody good_order(void)
{
    loa_OrderBody b = loa_OrderBody_init_zero;

    b.order_id = 1;
    b.kind = loa_OrderKind_ORDER_KIND_PLAY;
    b.broadcast_id = 4;
    b.priority = loa_Priority_PRIORITY_NORMAL;
    b.start_us = 1000;
    b.expires_us = 2000;
    b.items_count = 1;
    b.repeats = 10;
    return b;
}

static enum err judge(const loa_OrderBody *b)
{
    static uint8_t memory[CONTROL_BYTES_MAX];
    static loa_OrderBody back;
    struct writer w;

    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(control_encode_order(&w, b), ERR_OK);
    return control_decode_order(writer_view(&w), &back);
}

static void test_an_order_that_makes_no_sense_is_refused(void **state)
{
    loa_OrderBody b = good_order();

    (void)state;
    assert_int_equal(judge(&b), ERR_OK);
    b.order_id = 0;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b = good_order();
    b.expires_us = b.start_us;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b = good_order();
    b.repeats = 11;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b = good_order();
    b.kind = (loa_OrderKind)9;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b = good_order();
    b.priority = (loa_Priority)4;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b = good_order();
    b.items_count = 0;
    assert_int_equal(judge(&b), ERR_FORMAT);
    b.stream_id = 3;
    assert_int_equal(judge(&b), ERR_OK);
    b = good_order();
    b.start_us = -1;
    assert_int_equal(judge(&b), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_must_be_utf8_without_control_characters),
        cmocka_unit_test(test_an_unknown_body_is_told_apart_from_a_broken_one),
        cmocka_unit_test(test_a_message_that_does_not_fit_is_not_half_written),
        cmocka_unit_test(test_an_order_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
