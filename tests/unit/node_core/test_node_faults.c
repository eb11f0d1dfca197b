#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node_faults.h"
#include "nodebed.h"

#define S USEC_PER_SEC

struct desk {
    struct node_faults faults;
    struct node_telemetry sensors;
    struct node_faults_input in;
    usec_t mono_us;
};

static struct desk d;

static int set_up(void **state)
{
    (void)state;
    memset(&d, 0, sizeof(d));
    d.mono_us = 77 * S;
    d.in.sensors = &d.sensors;
    d.in.clock_known = true;
    node_faults_init(&d.faults, 0, 11000, d.mono_us);
    return 0;
}

static uint32_t after(usec_t us)
{
    for (usec_t end = d.mono_us + us; d.mono_us < end;) {
        d.mono_us += 200000;
        node_faults_step(&d.faults, &d.in, d.mono_us);
    }
    return d.faults.now;
}

static void test_a_board_without_sensors_has_no_faults(void **state)
{
    (void)state;
    assert_int_equal(after(100 * S), 0);
}

static void test_an_impostor_is_told_for_a_while_and_not_forgotten_before(void **state)
{
    (void)state;
    d.in.linked = false;
    d.sensors.strangers = 1;
    assert_int_equal(after(S), loa_Fault_FAULT_IMPOSTOR);
    assert_int_equal(after(3600 * S), loa_Fault_FAULT_IMPOSTOR); /* nobody was there to be told */
    d.in.linked = true;
    assert_int_equal(after(599 * S), loa_Fault_FAULT_IMPOSTOR);
    d.sensors.strangers = 5; /* met again and again: still one fault */
    assert_int_equal(after(599 * S), loa_Fault_FAULT_IMPOSTOR);
    assert_int_equal(after(2 * S), 0);
    d.in.linked = false;
    assert_int_equal(after(S), 0);
}

static void test_a_value_at_its_limit_does_not_flap(void **state)
{
    (void)state;
    d.sensors = (struct node_telemetry){.has_temperature = true,
                                        .temperature_mc = NODE_FAULTS_TEMPERATURE_MC - 1,
                                        .supply_mv = 11000};
    assert_int_equal(after(S), 0);
    d.sensors.temperature_mc++;
    d.sensors.supply_mv--;
    assert_int_equal(after(S), loa_Fault_FAULT_TEMPERATURE_HIGH | loa_Fault_FAULT_SUPPLY_LOW);
    d.sensors.temperature_mc -= 5000;
    d.sensors.supply_mv = 11329;
    assert_int_equal(after(S), loa_Fault_FAULT_TEMPERATURE_HIGH | loa_Fault_FAULT_SUPPLY_LOW);
    d.sensors.temperature_mc--;
    d.sensors.supply_mv++;
    assert_int_equal(after(S), 0);
}

static void test_what_the_port_finds_is_said_as_it_is(void **state)
{
    (void)state;
    d.sensors = (struct node_telemetry){
        .has_mains = true, .flash_full = true, .flash_failed = true, .amplifier_failed = true};
    d.in.output_silent = d.in.source_silent = true;
    assert_int_equal(after(S), loa_Fault_FAULT_MAINS_LOST | loa_Fault_FAULT_FLASH_FULL |
                                   loa_Fault_FAULT_FLASH_FAILED | loa_Fault_FAULT_AMPLIFIER |
                                   loa_Fault_FAULT_SILENT_OUTPUT | loa_Fault_FAULT_SILENT_SOURCE);
    d.sensors = (struct node_telemetry){.has_mains = true, .mains_ok = true};
    d.in.output_silent = d.in.source_silent = false;
    assert_int_equal(after(S), 0);
}

static void test_single_underruns_are_no_fault_and_many_are(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        d.in.underruns++;
        assert_int_equal(after(6 * S), 0);
    }
    after(11 * S);
    for (int i = 0; i < 3; i++) {
        d.in.underruns++;
        after(S);
    }
    assert_int_equal(d.faults.now, loa_Fault_FAULT_UNDERRUNS);
    after(50 * S);
    d.in.underruns++; /* another one while it stands */
    assert_int_equal(after(58 * S), loa_Fault_FAULT_UNDERRUNS);
    assert_int_equal(after(3 * S), 0);
}

static void test_damage_stands_for_a_minute(void **state)
{
    (void)state;
    d.in.damaged = 1;
    assert_int_equal(after(59 * S), loa_Fault_FAULT_CACHE_DAMAGED);
    assert_int_equal(after(2 * S), 0);
}

static void test_a_card_and_a_clock_get_time_to_come(void **state)
{
    (void)state;
    d.sensors.card_lost = true;
    d.in.clock_known = false;
    assert_int_equal(after(S), 0);
    assert_int_equal(after(2 * S), loa_Fault_FAULT_CARD_LOST);
    assert_int_equal(after(18 * S), loa_Fault_FAULT_CARD_LOST | loa_Fault_FAULT_CLOCK_LOST);
    d.sensors.card_lost = false;
    d.in.clock_known = true;
    assert_int_equal(after(S), 0);
    d.in.clock_uncertainty_us = 20001;
    assert_int_equal(after(S), loa_Fault_FAULT_CLOCK_LOST);
}

/* The whole core: a change reaches the controller long before the interval ends. */
static void test_a_change_is_told_at_once(void **state)
{
    struct teststation station;
    struct bed_flash flash;
    struct bed *b = calloc(1, sizeof(*b));
    uint32_t statuses;

    (void)state;
    teststation_init(&station);
    bed_flash_init(&flash);
    bed_init(b, &flash, &station);
    bed_start(b);
    bed_run_us(b, 5 * S);
    assert_int_equal(b->said.status.faults, 0);
    while (statuses = b->said.statuses, bed_run_us(b, 10000), statuses == b->said.statuses)
        continue; /* a status has just come: the next is a second away */
    b->sensors.has_mains = true;
    b->sensors.disk_free_bytes = 5000000;
    bed_run_us(b, 300000);
    assert_int_equal(b->said.status.faults, loa_Fault_FAULT_MAINS_LOST);
    assert_int_equal(b->said.status.disk_free_bytes, 5000000);
    bed_deinit(b);
    bed_flash_deinit(&flash);
    teststation_deinit(&station);
    free(b);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        CASE(test_a_board_without_sensors_has_no_faults),
        CASE(test_an_impostor_is_told_for_a_while_and_not_forgotten_before),
        CASE(test_a_value_at_its_limit_does_not_flap),
        CASE(test_what_the_port_finds_is_said_as_it_is),
        CASE(test_single_underruns_are_no_fault_and_many_are),
        CASE(test_damage_stands_for_a_minute),
        CASE(test_a_card_and_a_clock_get_time_to_come),
        CASE(test_a_change_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
