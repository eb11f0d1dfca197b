#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "tsync.h"

#define NODE 7
#define T0 (1000 * USEC_PER_SEC)

static struct session session;
static struct session_event event;
static loa_Bye bye;

static loa_Msg hello_msg(void)
{
    loa_Msg m = {.which_body = loa_Msg_hello_tag};

    m.body.hello.version_min = 1;
    m.body.hello.version_max = 1;
    m.body.hello.node_id = NODE;
    return m;
}

/* A message of this kind that has nothing wrong with it but, maybe, its moment. */
static loa_Msg sample(pb_size_t tag)
{
    loa_Msg m = {.which_body = tag};

    if (tag == loa_Msg_hello_tag)
        return hello_msg();
    if (tag == loa_Msg_media_want_tag)
        m.body.media_want.length = 65536;
    if (tag == loa_Msg_stream_join_tag)
        m.body.stream_join.stream_id = 3;
    if (tag == loa_Msg_stream_leave_tag)
        m.body.stream_leave.stream_id = 3;
    if (tag == loa_Msg_receipt_tag)
        m.body.receipt.receipt_id = 1;
    if (tag == loa_Msg_test_result_tag)
        m.body.test_result.order_id = 1;
    return m;
}

static struct bytes frame_of(const loa_Msg *m)
{
    static uint8_t memory[FRAME_BYTES_MAX];
    struct writer w;

    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(session_write(&w, m), ERR_OK);
    return writer_view(&w);
}

static enum err receive(struct bytes frame, usec_t now_us)
{
    memset(&event, 0, sizeof(event));
    memset(&bye, 0, sizeof(bye));
    return session_receive(&session, &frame, now_us, &event, &bye);
}

static enum err receive_msg(loa_Msg m, usec_t now_us)
{
    return receive(frame_of(&m), now_us);
}

static int start(void **state)
{
    (void)state;
    session_deinit(&session);
    session_init(&session, (struct node_id){NODE}, T0);
    return 0;
}

static int start_ready(void **state)
{
    start(state);
    return receive_msg(hello_msg(), T0) == ERR_OK ? 0 : -1;
}

static void assert_over(enum err e, enum err expected, loa_ByeCode code)
{
    assert_int_equal(e, expected);
    assert_int_equal(bye.code, code);
    assert_true(bye.detail[0] != '\0');
    assert_int_equal(session.state, SESSION_OVER);
    assert_int_equal(receive_msg(sample(loa_Msg_status_tag), T0), ERR_STATE);
}

static void test_a_hello_opens_the_session(void **state)
{
    (void)state;
    assert_int_equal(receive_msg(hello_msg(), T0), ERR_OK);
    assert_int_equal(event.kind, SESSION_MESSAGE);
    assert_int_equal(event.msg.which_body, loa_Msg_hello_tag);
    assert_int_equal(session.state, SESSION_READY);
}

static void test_nothing_but_a_hello_may_come_first(void **state)
{
    for (pb_size_t tag = loa_Msg_enrol_request_tag; tag <= loa_Msg_test_result_tag; tag++) {
        if (tag == loa_Msg_hello_tag)
            continue;
        start(state);
        assert_over(receive_msg(sample(tag), T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
    }
}

static void test_after_the_hello_a_node_may_send_what_is_a_nodes_to_send(void **state)
{
    const pb_size_t allowed[] = {
        loa_Msg_status_tag,    loa_Msg_media_want_tag,  loa_Msg_media_state_tag,
        loa_Msg_order_ack_tag, loa_Msg_stream_join_tag, loa_Msg_stream_leave_tag,
        loa_Msg_receipt_tag,   loa_Msg_bye_tag,         loa_Msg_test_result_tag,
    };

    for (pb_size_t tag = loa_Msg_enrol_request_tag; tag <= loa_Msg_test_result_tag; tag++) {
        bool may = false;

        for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
            may = may || allowed[i] == tag;
        assert_int_equal(start_ready(state), 0);
        if (!may) {
            assert_over(receive_msg(sample(tag), T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
            continue;
        }
        assert_int_equal(receive_msg(sample(tag), T0), ERR_OK);
        assert_int_equal(event.kind, SESSION_MESSAGE);
        assert_int_equal(event.msg.which_body, tag);
    }
}

static void test_a_bye_ends_the_session(void **state)
{
    (void)state;
    assert_int_equal(receive_msg(sample(loa_Msg_bye_tag), T0), ERR_OK);
    assert_int_equal(event.msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(session.state, SESSION_OVER);
    assert_int_equal(receive_msg(sample(loa_Msg_status_tag), T0), ERR_STATE);
}

static void test_frames_of_the_controller_are_refused(void **state)
{
    const enum frame_type types[] = {FRAME_BUNDLE, FRAME_CHUNK, FRAME_TIME_REPLY};
    uint8_t memory[64], payload[24] = {0};

    for (size_t i = 0; i < 3; i++) {
        struct writer w;

        assert_int_equal(start_ready(state), 0);
        writer_init(&w, memory, sizeof(memory));
        assert_int_equal(frame_write(&w, types[i], bytes_of(payload, sizeof(payload))), ERR_OK);
        assert_over(receive(writer_view(&w), T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
    }
}

static struct bytes time_request(usec_t t1_us)
{
    static uint8_t memory[FRAME_HEADER_BYTES + TSYNC_REQUEST_BYTES];
    uint8_t payload[TSYNC_REQUEST_BYTES];
    struct writer w;

    tsync_write_request(t1_us, payload);
    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(frame_write(&w, FRAME_TIME_REQUEST, bytes_of(payload, sizeof(payload))),
                     ERR_OK);
    return writer_view(&w);
}

static void test_a_time_request_is_answered_only_after_the_hello(void **state)
{
    start(state);
    assert_over(receive(time_request(5), T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
    assert_int_equal(start_ready(state), 0);
    assert_int_equal(receive(time_request(-12345), T0), ERR_OK);
    assert_int_equal(event.kind, SESSION_REPLY_TIME);
    assert_int_equal(event.t1_us, -12345);
}

static void test_another_node_id_than_the_certificates_is_refused(void **state)
{
    loa_Msg m = hello_msg();

    (void)state;
    m.body.hello.node_id = NODE + 1;
    assert_over(receive_msg(m, T0), ERR_AUTH, loa_ByeCode_BYE_CODE_WRONG_NODE);
}

static void test_versions_must_overlap_with_ours(void **state)
{
    const struct {
        uint32_t min, max;
        enum err expected;
    } cases[] = {
        {1, 1, ERR_OK},          {1, 9, ERR_OK},
        {2, 9, ERR_UNSUPPORTED}, {0, 1, ERR_FORMAT},
        {2, 1, ERR_FORMAT},      {0, 0, ERR_FORMAT},
        {1, UINT32_MAX, ERR_OK}, {UINT32_MAX, UINT32_MAX, ERR_UNSUPPORTED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        loa_Msg m = hello_msg();

        start(state);
        m.body.hello.version_min = cases[i].min;
        m.body.hello.version_max = cases[i].max;
        assert_int_equal(receive_msg(m, T0), cases[i].expected);
        if (cases[i].expected == ERR_UNSUPPORTED)
            assert_int_equal(bye.code, loa_ByeCode_BYE_CODE_VERSION);
    }
}

static void test_numbers_out_of_range_are_refused(void **state)
{
    loa_Msg bad[5];

    for (size_t i = 0; i < 5; i++)
        bad[i] = sample(loa_Msg_media_want_tag);
    bad[0].body.media_want.length = 0;
    bad[1].body.media_want.length = 65537;
    bad[2] = (loa_Msg){.which_body = loa_Msg_stream_join_tag};
    bad[3] = (loa_Msg){.which_body = loa_Msg_stream_leave_tag};
    bad[4] = (loa_Msg){.which_body = loa_Msg_receipt_tag};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(start_ready(state), 0);
        assert_over(receive_msg(bad[i], T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
    }
}

static void test_an_unknown_message_is_ignored_but_not_as_the_first(void **state)
{
    /* Field 99 of loa.Msg, two bytes long. */
    const uint8_t unknown[] = {0, 5, FRAME_CONTROL, 0, 0x9a, 0x06, 0x02, 'h', 'i'};

    start(state);
    assert_over(receive(bytes_of(unknown, sizeof(unknown)), T0), ERR_FORMAT,
                loa_ByeCode_BYE_CODE_PROTOCOL);
    assert_int_equal(start_ready(state), 0);
    assert_int_equal(receive(bytes_of(unknown, sizeof(unknown)), T0), ERR_OK);
    assert_int_equal(event.kind, SESSION_NOTHING);
    assert_int_equal(session.state, SESSION_READY);
}

static void test_bytes_that_are_no_message_are_refused(void **state)
{
    const uint8_t garbage[] = {0, 3, FRAME_CONTROL, 0, 0xff, 0xff, 0xff};
    const uint8_t bad_type[] = {0, 1, 99, 0, 0};
    const uint8_t too_long[] = {0x10, 0x01, FRAME_CONTROL, 0};
    const struct bytes all[] = {
        bytes_of(garbage, sizeof(garbage)),
        bytes_of(bad_type, sizeof(bad_type)),
        bytes_of(too_long, sizeof(too_long)),
    };

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start_ready(state), 0);
        assert_over(receive(all[i], T0), ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL);
    }
}

static void test_a_message_cut_at_any_byte_waits_for_the_rest(void **state)
{
    loa_Msg m = hello_msg();
    uint8_t copy[256];
    struct bytes frame = frame_of(&m);
    size_t len = frame.len;

    memcpy(copy, frame.data, len);
    for (size_t cut = 0; cut < len; cut++) {
        start(state);
        assert_int_equal(receive(bytes_of(copy, cut), T0), ERR_MORE);
        assert_int_equal(session.state, SESSION_WAIT_HELLO);
        assert_int_equal(receive(bytes_of(copy + cut, len - cut), T0), ERR_OK);
        assert_int_equal(session.state, SESSION_READY);
    }
}

/* The length says less than the message needs: what nanopb then sees is cut. A cut between two fields is
 * a shorter Hello, which must not open a session either, because each field here is needed. */
static void test_a_message_whose_payload_is_cut_is_refused(void **state)
{
    loa_Msg m = {.which_body = loa_Msg_hello_tag};
    uint8_t copy[256];
    struct bytes frame;

    m = hello_msg();
    memset(m.body.hello.boot_id, 5, sizeof(m.body.hello.boot_id));
    frame = frame_of(&m);
    memcpy(copy, frame.data, frame.len);
    for (size_t len = 1; len < frame.len - FRAME_HEADER_BYTES; len++) {
        enum err e;

        start(state);
        copy[1] = (uint8_t)len;
        e = receive(bytes_of(copy, FRAME_HEADER_BYTES + len), T0);
        assert_true(e == ERR_FORMAT);
        assert_int_equal(session.state, SESSION_OVER);
    }
}

static void test_several_frames_in_one_piece_come_out_one_by_one(void **state)
{
    loa_Msg m = sample(loa_Msg_status_tag);
    uint8_t all[1024];
    struct bytes frame = frame_of(&m), input;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        memcpy(all + i * frame.len, frame.data, frame.len);
    input = bytes_of(all, 5 * frame.len);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(session_receive(&session, &input, T0, &event, &bye), ERR_OK);
        assert_int_equal(input.len, (4 - i) * frame.len);
    }
    assert_int_equal(session_receive(&session, &input, T0, &event, &bye), ERR_MORE);
}

static void test_more_messages_than_the_budget_end_the_session(void **state)
{
    (void)state;
    for (int i = 1; i < SESSION_MESSAGES_PER_S; i++) /* the Hello was the first */
        assert_int_equal(receive_msg(sample(loa_Msg_status_tag), T0 + i), ERR_OK);
    assert_over(receive_msg(sample(loa_Msg_status_tag), T0 + 999999), ERR_LIMIT,
                loa_ByeCode_BYE_CODE_OVERLOADED);
}

static void test_the_budget_is_new_each_second(void **state)
{
    (void)state;
    for (int s = 1; s < 4; s++)
        for (int i = 0; i < SESSION_MESSAGES_PER_S; i++)
            assert_int_equal(receive(time_request(i), T0 + s * USEC_PER_SEC), ERR_OK);
}

static void test_a_hello_is_due_in_time(void **state)
{
    usec_t next_us;

    (void)state;
    assert_int_equal(receive(bytes_of("\0", 1), T0 + 9 * USEC_PER_SEC), ERR_MORE);
    assert_int_equal(session_check(&session, T0 + SESSION_HELLO_TIMEOUT_US - 1, &next_us), ERR_OK);
    assert_int_equal(next_us, T0 + SESSION_HELLO_TIMEOUT_US);
    assert_int_equal(session_check(&session, T0 + SESSION_HELLO_TIMEOUT_US, &next_us), ERR_TIMEOUT);
}

static void test_silence_is_noticed(void **state)
{
    usec_t heard_us = T0 + 20 * USEC_PER_SEC, next_us;

    (void)state;
    assert_int_equal(receive_msg(sample(loa_Msg_status_tag), heard_us), ERR_OK);
    assert_int_equal(session_check(&session, heard_us + SESSION_SILENCE_US - 1, &next_us), ERR_OK);
    assert_int_equal(next_us, heard_us + SESSION_SILENCE_US);
    assert_int_equal(session_check(&session, heard_us + SESSION_SILENCE_US, &next_us), ERR_TIMEOUT);
}

static void test_a_session_that_is_over_has_no_timeouts(void **state)
{
    usec_t next_us;

    (void)state;
    assert_int_equal(receive_msg(sample(loa_Msg_bye_tag), T0), ERR_OK);
    assert_int_equal(session_check(&session, T0 + USEC_PER_DAY, &next_us), ERR_STATE);
}

static void test_a_writer_too_small_is_refused(void **state)
{
    loa_Msg m = hello_msg();
    uint8_t memory[8];
    struct writer w;

    (void)state;
    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(session_write(&w, &m), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_hello_opens_the_session, start),
        cmocka_unit_test_setup(test_nothing_but_a_hello_may_come_first, start),
        cmocka_unit_test_setup(test_after_the_hello_a_node_may_send_what_is_a_nodes_to_send, start),
        cmocka_unit_test_setup(test_a_bye_ends_the_session, start_ready),
        cmocka_unit_test_setup(test_frames_of_the_controller_are_refused, start),
        cmocka_unit_test_setup(test_a_time_request_is_answered_only_after_the_hello, start),
        cmocka_unit_test_setup(test_another_node_id_than_the_certificates_is_refused, start),
        cmocka_unit_test_setup(test_versions_must_overlap_with_ours, start),
        cmocka_unit_test_setup(test_numbers_out_of_range_are_refused, start),
        cmocka_unit_test_setup(test_an_unknown_message_is_ignored_but_not_as_the_first, start),
        cmocka_unit_test_setup(test_bytes_that_are_no_message_are_refused, start),
        cmocka_unit_test_setup(test_a_message_cut_at_any_byte_waits_for_the_rest, start),
        cmocka_unit_test_setup(test_a_message_whose_payload_is_cut_is_refused, start),
        cmocka_unit_test_setup(test_several_frames_in_one_piece_come_out_one_by_one, start_ready),
        cmocka_unit_test_setup(test_more_messages_than_the_budget_end_the_session, start_ready),
        cmocka_unit_test_setup(test_the_budget_is_new_each_second, start_ready),
        cmocka_unit_test_setup(test_a_hello_is_due_in_time, start),
        cmocka_unit_test_setup(test_silence_is_noticed, start_ready),
        cmocka_unit_test_setup(test_a_session_that_is_over_has_no_timeouts, start_ready),
        cmocka_unit_test_setup(test_a_writer_too_small_is_refused, start),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
