/* The alert policy with the map that the database holds. */
#include "storefix.h"

#include <stdio.h>
#include <string.h>

#include "capground.h"
#include "store_node.h"
#include "store_site.h"
#include "store_zone.h"

#define OUTLINE "[[[107.55,16.45],[107.60,16.45],[107.60,16.50],[107.55,16.45]]]"

static struct zone_id add_zone(struct db *db, const char *code, struct zone_id parent,
                               const char *outline)
{
    struct zone zone = {.parent = parent};
    struct err_detail detail = {{0}};

    snprintf(zone.code, sizeof(zone.code), "%s", code);
    snprintf(zone.name, sizeof(zone.name), "%s", code);
    assert_ok(store_zone_add(db, &zone, &zone.id, &detail));
    assert_ok(store_zone_set_polygon(db, zone.id, outline));
    return zone.id;
}

static void add_node(struct db *db, struct zone_id zone, enum node_state state, double lat,
                     double lon)
{
    struct node_record node = {.zone = zone, .state = state};
    struct site site = {.has_position = lat != 0};

    snprintf(node.name, sizeof(node.name), "Cụm");
    assert_ok(store_node_add(db, &node, &site.node));
    site.lat_udeg = (int32_t)(lat * 1e6);
    site.lon_udeg = (int32_t)(lon * 1e6);
    assert_ok(store_site_put(db, &site));
}

static struct cap_policy *make(struct storefix *f, struct cap_policy **ret_plain)
{
    static const char text[] = "[station]\ncode = 19753\nposition = 16.4637,107.5909\n";
    struct err_detail detail = {{0}};
    struct cap_policy *laid = NULL;

    assert_ok(cap_policy_read(text, ".", ret_plain, &detail));
    assert_ok(capground_make(f->db, *ret_plain, &laid));
    return laid;
}

static const struct cap_zone *zone_of(const struct cap_policy *p, const char *code)
{
    for (size_t i = 0; i < p->zone_count; i++) {
        if (strcmp(p->zones[i].code, code) == 0)
            return &p->zones[i];
    }
    return NULL;
}

static void test_outlines_and_active_nodes_become_places(void **state)
{
    struct storefix *f = *state;
    struct zone_id commune = add_zone(f->db, "xa", (struct zone_id){0}, OUTLINE);
    struct zone_id drawn = add_zone(f->db, "ve", commune, OUTLINE);
    struct zone_id placed = add_zone(f->db, "dat", commune, "");
    struct cap_policy *plain, *laid;

    add_node(f->db, drawn, NODE_STATE_ACTIVE, 0, 0);
    for (int i = 0; i < 300; i++) /* more than are read at once, and than a zone has places for */
        add_node(f->db, placed, NODE_STATE_ACTIVE, 16.5, 107.6);
    add_node(f->db, placed, NODE_STATE_REVOKED, 10, 106);
    (void)add_zone(f->db, "trong", commune, "");
    laid = make(f, &plain);
    assert_int_equal(laid->zone_count, 4);
    assert_null(zone_of(laid, "xa")); /* it is what its hamlets are */
    assert_int_equal(zone_of(laid, "ve")->boundary.count, 4);
    assert_int_equal(zone_of(laid, "ve")->position_count, 0);
    assert_int_equal(zone_of(laid, "dat")->position_count, CAP_PLACES_MAX);
    assert_true(zone_of(laid, "dat")->positions[0].lat == 16.5);
    assert_true(zone_of(laid, "dat")->positions[CAP_PLACES_MAX - 1].lon == 107.6);
    assert_int_equal(zone_of(laid, "trong")->position_count, 0);
    cap_ground_free(laid);
    cap_policy_free(plain);
}

static void test_nodes_that_stand_in_a_zone_above_others_make_it_a_place(void **state)
{
    struct storefix *f = *state;
    struct zone_id commune = add_zone(f->db, "xa", (struct zone_id){0}, OUTLINE);
    struct cap_policy *plain, *laid;

    (void)add_zone(f->db, "ve", commune, OUTLINE);
    add_node(f->db, commune, NODE_STATE_ACTIVE, 16.9, 107.0);
    laid = make(f, &plain);
    assert_int_equal(zone_of(laid, "xa")->position_count, 1);
    assert_int_equal(zone_of(laid, "xa")->boundary.count, 0);
    cap_ground_free(laid);
    cap_policy_free(plain);
    add_node(f->db, commune, NODE_STATE_ACTIVE, 0, 0);
    laid = make(f, &plain);
    assert_int_equal(zone_of(laid, "xa")->position_count, 0); /* then it lies at the station */
    cap_ground_free(laid);
    cap_policy_free(plain);
}

static void test_a_map_that_does_not_fit_is_left_out(void **state)
{
    struct storefix *f = *state;
    struct cap_policy *plain, *laid;
    char code[16];

    for (int i = 0; i < CAP_ZONES_MAX; i++) {
        snprintf(code, sizeof(code), "z%d", i);
        (void)add_zone(f->db, code, (struct zone_id){0}, OUTLINE);
    }
    laid = make(f, &plain);
    assert_int_equal(laid->zone_count, plain->zone_count);
    cap_ground_free(laid);
    cap_policy_free(plain);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, storefix_setup, storefix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_outlines_and_active_nodes_become_places),
        WITH(test_nodes_that_stand_in_a_zone_above_others_make_it_a_place),
        WITH(test_a_map_that_does_not_fit_is_left_out),
    };

    return cmocka_run_group_tests_name("capground", tests, NULL, NULL);
}
