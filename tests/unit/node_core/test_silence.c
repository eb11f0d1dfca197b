#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nodebed.h"
#include "silence.h"

#define RATE 48000
#define PIECE 480
#define LOUD 0.3F

/* So many tenths of a second of the same. */
static void note(struct silence *s, int tenths, float source, float sent, bool lacks)
{
    for (int i = 0; i < tenths * 10; i++)
        silence_note(s, RATE, PIECE, source, sent, lacks);
}

static void test_sound_that_does_not_come_out_is_a_fault_after_two_seconds(void **state)
{
    struct silence s = {0};

    (void)state;
    note(&s, 100, LOUD, LOUD, false);
    note(&s, 19, LOUD, 0.0009F, false);
    assert_false(s.output);
    note(&s, 1, LOUD, 0.0009F, false);
    assert_true(s.output);
    note(&s, 1, LOUD, 0.002F, false);
    assert_false(s.output);
}

static void test_packets_that_lack_are_the_outputs_fault(void **state)
{
    struct silence s = {0};

    (void)state;
    note(&s, 200, 0, 0, true);
    assert_true(s.output);
    assert_false(s.source);
}

static void test_pauses_of_speech_are_no_fault(void **state)
{
    struct silence s = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        note(&s, 5, LOUD, LOUD, false);
        note(&s, 95, 0, 0, false);
        assert_false(s.output || s.source);
    }
}

static void test_a_programme_that_is_silent_itself_is_told_after_ten_seconds(void **state)
{
    struct silence s = {0};

    (void)state;
    note(&s, 99, 0.0001F, 0.0001F, false);
    assert_false(s.source);
    note(&s, 1, 0.0001F, 0.0001F, false);
    assert_true(s.source);
    assert_false(s.output);
    silence_restart(&s);
    assert_false(s.source);
}

/* What the node told of a programme with these levels; *ret_after_us: how long after its first sample. */
static uint32_t faults_of(int32_t gain_mdb, int32_t volume_mdb, usec_t *ret_after_us)
{
    struct teststation station;
    struct recording speech;
    struct bed_flash flash;
    static struct bed b;
    loa_Msg settings = {.which_body = loa_Msg_settings_tag};
    loa_OrderBody order;
    uint32_t faults;

    teststation_init(&station);
    recording_make(&speech, 13000, 5);
    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    bed_start(&b);
    bed_cache(&b, &speech);
    settings.body.settings.revision = 1;
    settings.body.settings.volume_mdb = volume_mdb;
    bed_say(&b, &settings);
    bed_run_us(&b, USEC_PER_SEC);
    order = bed_order(1, bed_station_us(&b) + 3 * USEC_PER_SEC, &speech);
    order.items[0].gain_mdb = gain_mdb;
    order.repeats = 2;
    order.pause_ms = 11000;
    bed_send_order(&b, &order);
    bed_run_to(&b, order.start_us);
    while (b.said.faults == 0 && bed_station_us(&b) < order.start_us + 13 * USEC_PER_SEC)
        bed_run_us(&b, 100 * USEC_PER_MSEC);
    *ret_after_us = bed_station_us(&b) - order.start_us;
    bed_run_to(&b, order.start_us + 41 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(&b, 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(b.said.status.faults, 0);
    faults = b.said.faults;
    bed_deinit(&b);
    bed_flash_deinit(&flash);
    recording_free(&speech);
    teststation_deinit(&station);
    return faults;
}

/* The station takes 4 s at most to make it an alarm (test_supervise): 15 s in all are promised. */
static void test_a_node_says_whose_silence_it_is_within_eleven_seconds(void **state)
{
    usec_t after_us;

    (void)state;
    assert_int_equal(faults_of(0, 0, &after_us), 0);
    assert_int_equal(faults_of(0, -60000, &after_us), loa_Fault_FAULT_SILENT_OUTPUT);
    assert_true(after_us <= 3 * USEC_PER_SEC);
    assert_int_equal(faults_of(-80000, 0, &after_us), loa_Fault_FAULT_SILENT_SOURCE);
    assert_true(after_us <= 11 * USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_that_does_not_come_out_is_a_fault_after_two_seconds),
        cmocka_unit_test(test_packets_that_lack_are_the_outputs_fault),
        cmocka_unit_test(test_pauses_of_speech_are_no_fault),
        cmocka_unit_test(test_a_programme_that_is_silent_itself_is_told_after_ten_seconds),
        cmocka_unit_test(test_a_node_says_whose_silence_it_is_within_eleven_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
