#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "frame.h"
#include "packet.h"
#include "tsync.h"

#define EXAMPLE_BYTES_MAX 1024

static struct frame_reader reader;
static loa_Msg msg;

/* The bytes of the block "```hex NAME" of PROTOCOL.md. */
static struct bytes example(const char *name, uint8_t *memory)
{
    char line[256];
    char wanted[64];
    bool inside = false;
    size_t len = 0;
    FILE *file = fopen(PROTOCOL_MD, "r");

    assert_non_null(file);
    snprintf(wanted, sizeof(wanted), "```hex %s\n", name);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (!inside) {
            inside = strcmp(line, wanted) == 0;
            continue;
        }
        if (strncmp(line, "```", 3) == 0)
            break;
        for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
            assert_true(len < EXAMPLE_BYTES_MAX);
            assert_int_equal(bytes_from_hex(word, memory + len, 1), ERR_OK);
            len++;
        }
    }
    fclose(file);
    assert_true(len > 0);
    return bytes_of(memory, len);
}

static struct bytes payload_of(const char *name, enum frame_type type)
{
    static uint8_t memory[EXAMPLE_BYTES_MAX];
    struct bytes input = example(name, memory);
    struct frame frame;

    frame_reader_init(&reader);
    assert_int_equal(frame_read(&reader, &input, &frame), ERR_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(input.len, 0);
    return frame.payload;
}

static void test_the_bye_of_the_page_is_a_bye(void **state)
{
    (void)state;
    assert_int_equal(control_decode(payload_of("bye", FRAME_CONTROL), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_bye_tag);
    assert_int_equal(msg.body.bye.code, loa_ByeCode_BYE_CODE_SHUTDOWN);
    assert_int_equal(msg.body.bye.retry_after_ms, 1000);
    assert_int_equal(msg.body.bye.spread_ms, 4000);
}

static void test_the_level_of_the_page_is_a_level(void **state)
{
    (void)state;
    assert_int_equal(control_decode(payload_of("level", FRAME_CONTROL), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_level_tag);
    assert_int_equal(msg.body.level.rms_mdb, -18004);
    assert_int_equal(msg.body.level.peak_mdb, -8984);
}

static void test_the_hello_of_the_page_is_a_hello(void **state)
{
    (void)state;
    assert_int_equal(control_decode(payload_of("hello", FRAME_CONTROL), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_hello_tag);
    assert_int_equal(msg.body.hello.version_min, 1);
    assert_int_equal(msg.body.hello.node_id, 7);
    assert_int_equal(msg.body.hello.boot_id[7], 8);
    assert_string_equal(msg.body.hello.firmware, "0.1.0");
}

static void test_the_media_want_of_the_page_asks_for_the_second_window(void **state)
{
    (void)state;
    assert_int_equal(control_decode(payload_of("media_want", FRAME_CONTROL), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_media_want_tag);
    assert_int_equal(msg.body.media_want.offset, 65536);
    assert_int_equal(msg.body.media_want.transfer, 3);
    assert_int_equal(msg.body.media_want.sha256[31], 0xAB);
}

static void test_the_order_of_the_page_is_for_node_seven(void **state)
{
    static uint8_t memory[EXAMPLE_BYTES_MAX];
    static loa_OrderBody body;

    (void)state;
    assert_int_equal(control_decode_order(example("order_body", memory), &body), ERR_OK);
    assert_int_equal(body.order_id, 42);
    assert_string_equal(body.station, "27148");
    assert_int_equal(body.nodes_count, 1);
    assert_int_equal(body.nodes[0], 7);
    assert_true(body.start_us == 1790000060000000);
    assert_int_equal(body.items_count, 1);
    assert_int_equal(body.items[0].duration_ms, 30000);
    assert_string_equal(body.title, "Thông báo");
}

static void test_the_receipt_of_the_page_says_it_sounded(void **state)
{
    (void)state;
    assert_int_equal(control_decode(payload_of("receipt", FRAME_CONTROL), &msg), ERR_OK);
    assert_int_equal(msg.which_body, loa_Msg_receipt_tag);
    assert_int_equal(msg.body.receipt.outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(msg.body.receipt.rms_mdb, -18250);
    assert_int_equal(msg.body.receipt.start_error_us, 21);
}

static void test_the_bundle_of_the_page_holds_two_packets_of_stream_nine(void **state)
{
    struct bundle_reader b;
    struct packet p;

    (void)state;
    assert_int_equal(bundle_open(&b, payload_of("bundle", FRAME_BUNDLE)), ERR_OK);
    assert_int_equal(b.stream.v, 9);
    assert_int_equal(b.count, 2);
    assert_int_equal(bundle_next(&b, &p), ERR_OK);
    assert_true(p.pts_us == 1790000059993500);
    assert_int_equal(p.payload.len, 3);
    assert_int_equal(bundle_next(&b, &p), ERR_OK);
    assert_int_equal(p.payload.len, 2);
}

static void test_the_chunk_of_the_page_belongs_to_transfer_three(void **state)
{
    struct chunk c;

    (void)state;
    assert_int_equal(chunk_read(payload_of("chunk", FRAME_CHUNK), &c), ERR_OK);
    assert_int_equal(c.transfer, 3);
    assert_int_equal(c.offset, 65536);
    assert_memory_equal(c.data.data, "OggS", 4);
}

static void test_the_time_exchange_of_the_page_yields_an_offset(void **state)
{
    struct tsync_sample s;
    usec_t t1_us;

    (void)state;
    assert_int_equal(tsync_read_request(payload_of("time_request", FRAME_TIME_REQUEST), &t1_us),
                     ERR_OK);
    assert_true(t1_us == 81500123);
    assert_int_equal(tsync_read_reply(payload_of("time_reply", FRAME_TIME_REPLY), 81500923, &s),
                     ERR_OK);
    assert_true(s.t1_mono_us == t1_us);
    assert_true(s.t3_us - s.t2_us == 10);
    assert_true(s.t4_mono_us == 81500923);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hello_of_the_page_is_a_hello),
        cmocka_unit_test(test_the_level_of_the_page_is_a_level),
        cmocka_unit_test(test_the_bye_of_the_page_is_a_bye),
        cmocka_unit_test(test_the_media_want_of_the_page_asks_for_the_second_window),
        cmocka_unit_test(test_the_order_of_the_page_is_for_node_seven),
        cmocka_unit_test(test_the_receipt_of_the_page_says_it_sounded),
        cmocka_unit_test(test_the_bundle_of_the_page_holds_two_packets_of_stream_nine),
        cmocka_unit_test(test_the_chunk_of_the_page_belongs_to_transfer_three),
        cmocka_unit_test(test_the_time_exchange_of_the_page_yields_an_offset),
    };

    return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
