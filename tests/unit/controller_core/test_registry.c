#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prop.h"
#include "registry.h"

static struct registry *make(void)
{
    struct registry *r = NULL;

    assert_int_equal(registry_new(&r), ERR_OK);
    return r;
}

static struct node_record record_of(uint32_t id)
{
    return (struct node_record){.id = {id}, .state = NODE_STATE_ACTIVE, .name = "Loa", .zone = {3}};
}

static void test_records_stand_in_order_whatever_comes_first(void **state)
{
    struct registry *r = make();
    const uint32_t ids[] = {5, 1, 9, 3, 7};

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct node_record rec = record_of(ids[i]);

        assert_int_equal(registry_put(r, &rec), ERR_OK);
    }
    assert_int_equal(registry_count(r), 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(registry_at(r, i)->record.id.v, 1 + 2 * i);
    assert_null(registry_at(r, 5));
    assert_null(registry_find(r, (struct node_id){4}));
    assert_null(registry_find(r, (struct node_id){10}));
    assert_int_equal(registry_find(r, (struct node_id){7})->record.id.v, 7);
    registry_free(r);
    registry_free(NULL);
}

static void test_a_new_record_keeps_the_live_state(void **state)
{
    struct registry *r = make();
    struct node_record rec = record_of(4);
    struct node_entry *e;

    (void)state;
    assert_int_equal(registry_put(r, &rec), ERR_OK);
    e = registry_find(r, rec.id);
    e->live.ready = true;
    e->live.conn = 99;
    rec.volume_mdb = -6000;
    assert_int_equal(registry_put(r, &rec), ERR_OK);
    assert_int_equal(registry_count(r), 1);
    assert_ptr_equal(registry_find(r, rec.id), e);
    assert_true(e->live.ready);
    assert_int_equal(e->live.conn, 99);
    assert_int_equal(e->record.volume_mdb, -6000);
    rec.id.v = 0;
    assert_int_equal(registry_put(r, &rec), ERR_ARG);
    registry_free(r);
}

static void test_twenty_thousand_fit_and_no_more(void **state)
{
    struct registry *r = make();
    struct node_record rec;

    (void)state;
    for (uint32_t i = REGISTRY_NODES_MAX; i > 0; i--) {
        rec = record_of(i);
        assert_int_equal(registry_put(r, &rec), ERR_OK);
    }
    rec = record_of(REGISTRY_NODES_MAX + 1);
    assert_int_equal(registry_put(r, &rec), ERR_LIMIT);
    rec = record_of(17);
    assert_int_equal(registry_put(r, &rec), ERR_OK);
    assert_int_equal(registry_count(r), REGISTRY_NODES_MAX);
    for (uint32_t i = 1; i <= REGISTRY_NODES_MAX; i += 37)
        assert_int_equal(registry_find(r, (struct node_id){i})->record.id.v, i);
    registry_free(r);
}

static void test_only_the_certificate_on_record_is_admitted(void **state)
{
    struct registry *r = make();
    struct node_record rec = record_of(4);
    uint8_t cert[SHA256_BYTES] = {1, 2, 3};

    (void)state;
    memcpy(rec.cert_sha256, cert, sizeof(cert));
    assert_int_equal(registry_put(r, &rec), ERR_OK);
    assert_int_equal(registry_admit(r, rec.id, cert), ERR_OK);
    assert_int_equal(registry_admit(r, (struct node_id){5}, cert), ERR_NOT_FOUND);
    cert[31] = 1;
    assert_int_equal(registry_admit(r, rec.id, cert), ERR_AUTH);
    cert[31] = 0;
    rec.state = NODE_STATE_REVOKED;
    assert_int_equal(registry_put(r, &rec), ERR_OK);
    assert_int_equal(registry_admit(r, rec.id, cert), ERR_AUTH);
    registry_free(r);
}

static void test_settings_carry_the_record_and_the_allowed_hours(void **state)
{
    struct node_record rec = record_of(4);
    struct station station;
    loa_Settings s;

    (void)state;
    station_init(&station);
    rec.volume_mdb = -3000;
    rec.emergency_volume_mdb = -1000;
    rec.delay_us = 250;
    rec.muted = true;
    rec.settings_revision = 12;
    registry_settings(&rec, &station, &s);
    assert_int_equal(s.revision, 12);
    assert_string_equal(s.name, "Loa");
    assert_int_equal(s.zones_count, 1);
    assert_int_equal(s.zones[0], 3);
    assert_int_equal(s.volume_mdb, -3000);
    assert_int_equal(s.emergency_volume_mdb, -1000);
    assert_int_equal(s.delay_us, 250);
    assert_true(s.muted);
    assert_int_equal(s.utc_offset_min, 420);
    assert_int_equal(s.allowed_count, 1);
    assert_int_equal(s.allowed[0].weekdays, 0x7F);
    assert_int_equal(s.allowed[0].from_min, 300);
    assert_int_equal(s.allowed[0].to_min, 1320);
    assert_int_equal(s.max_broadcast_s, 2700);
    station.policy.allowed_from_min = 840;
    station.policy.allowed_to_min = 720;
    rec.zone.v = 0;
    registry_settings(&rec, &station, &s);
    assert_int_equal(s.allowed_count, 2);
    assert_int_equal(s.zones_count, 0);
    station.policy.allowed_from_min = 0;
    station.policy.allowed_to_min = 1440;
    registry_settings(&rec, &station, &s);
    assert_int_equal(s.allowed_count, 0);
}

static void test_property_a_registry_is_a_sorted_set(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "registry");
    for (int round = 0; round < 100; round++) {
        struct registry *r = make();
        bool in[201] = {false};
        size_t count = 0;

        for (int64_t n = prop_range(&p, 0, 300); n > 0; n--) {
            struct node_record rec = record_of((uint32_t)prop_range(&p, 1, 200));

            assert_int_equal(registry_put(r, &rec), ERR_OK);
            count += in[rec.id.v] ? 0 : 1;
            in[rec.id.v] = true;
        }
        assert_int_equal(registry_count(r), count);
        for (size_t i = 1; i < count; i++)
            assert_true(registry_at(r, i - 1)->record.id.v < registry_at(r, i)->record.id.v);
        for (uint32_t i = 1; i <= 200; i++)
            assert_int_equal(registry_find(r, (struct node_id){i}) != NULL, in[i]);
        registry_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_stand_in_order_whatever_comes_first),
        cmocka_unit_test(test_a_new_record_keeps_the_live_state),
        cmocka_unit_test(test_twenty_thousand_fit_and_no_more),
        cmocka_unit_test(test_only_the_certificate_on_record_is_admitted),
        cmocka_unit_test(test_settings_carry_the_record_and_the_allowed_hours),
        cmocka_unit_test(test_property_a_registry_is_a_sorted_set),
    };

    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
