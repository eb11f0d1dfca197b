#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap_geo.h"
#include "check.h"
#include "prop.h"

#define ROOM 64

static struct cap_point places[2][ROOM + 3];

static struct cap_ring ring(int slot, const char *text)
{
    struct cap_ring r;
    size_t count = 0;

    CHECK(cap_points_read(text, places[slot], ROOM, &count) == ERR_OK);
    CHECK(count == cap_points_bound(text));
    cap_ring_make(&r, places[slot], count);
    return r;
}

static void test_a_ring_covers_what_lies_in_it(void **state)
{
    static const struct {
        const char *ring;
        double lat, lon;
        bool covered;
    } rows[] = {
        {"0,0 0,10 10,10 10,0 0,0", 5, 5, true},
        {"0,0 0,10 10,10 10,0 0,0", 5, 11, false},
        {"0,0 0,10 10,10 10,0 0,0", 5, 365 - 360, true},
        {"0,0 0,10 10,10 10,0 0,0", 0, 5, true}, /* on an edge */
        {"0,0 0,10 10,10 10,0 0,0", 10, 10, true}, /* on a corner */
        {"0,0 10,0 10,10 0,10 0,0", 5, 5, true}, /* the other way round */
        {"0,0 10,10 10,0 0,10 0,0", 8, 5, true}, /* crosses itself: both loops */
        {"0,0 10,10 10,0 0,10 0,0", 2, 5, true},
        {"0,0 10,10 10,0 0,10 0,0", 5, 2, false},
        {"0,0 0,10 10,10 10,0 0,0 0,10 10,10 10,0 0,0", 5, 5, true}, /* wound twice */
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, 179, true}, /* over the antimeridian */
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, -179, true},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, 180, true},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, -180, true},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, 0, false},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", 0, 174, false},
        {"-5,-175 -5,175 5,175 5,-175 -5,-175", 0, 179, true},
        {"-90,-180 -90,180 90,180 90,-180 -90,-180", 16, 107, true}, /* the whole map */
        {"70,0 70,120 70,-120 70,0", 89, 55, true}, /* round the north pole */
        {"70,0 70,120 70,-120 70,0", 60, 55, false},
        {"-70,0 -70,120 -70,-120 -70,0", -89, -100, true},
        {"-70,0 -70,120 -70,-120 -70,0", 89, -100, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cap_ring r = ring(0, rows[i].ring);

        if (cap_ring_covers(&r, (struct cap_point){rows[i].lat, rows[i].lon}) != rows[i].covered)
            fail_msg("%s and %g,%g", rows[i].ring, rows[i].lat, rows[i].lon);
    }
}

static void test_rings_meet_where_they_share_a_point(void **state)
{
    static const struct {
        const char *a, *b;
        bool meet;
    } rows[] = {
        {"0,0 0,10 10,10 10,0 0,0", "2,2 2,3 3,3 2,2", true}, /* inside */
        {"2,2 2,3 3,3 2,2", "0,0 0,10 10,10 10,0 0,0", true},
        {"0,0 0,10 10,10 10,0 0,0", "5,-5 5,15 6,15 6,-5 5,-5",
         true}, /* a cross: no corner inside */
        {"0,0 0,10 10,10 10,0 0,0", "10,10 10,20 20,20 10,10", true}, /* one corner */
        {"0,0 0,10 10,10 10,0 0,0", "11,11 11,20 20,20 11,11", false},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", "-1,-178 1,-178 1,-170 -1,-170 -1,-178", true},
        {"-1,-178 1,-178 1,-170 -1,-170 -1,-178", "-5,175 -5,-175 5,-175 5,175 -5,175", true},
        {"-5,175 -5,-175 5,-175 5,175 -5,175", "-1,-174 1,-174 1,-170 -1,-170 -1,-174", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cap_ring a = ring(0, rows[i].a);
        struct cap_ring b = ring(1, rows[i].b);

        if (cap_ring_meets(&a, &b) != rows[i].meet)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
}

static void test_circles_are_round_on_the_earth(void **state)
{
    struct cap_circle c;
    struct cap_ring r = ring(0, "16.5,107.7 16.5,107.8 16.6,107.8 16.6,107.7 16.5,107.7");

    (void)state;
    assert_int_equal(cap_circle_read(" 60,100 10.5 ", &c), ERR_OK);
    assert_true(cap_circle_covers(&c, (struct cap_point){60.094, 100})); /* 10.45 km north */
    assert_false(cap_circle_covers(&c, (struct cap_point){60.095, 100}));
    assert_true(cap_circle_covers(&c, (struct cap_point){60, 100.188})); /* 10.45 km east */
    assert_false(cap_circle_covers(&c, (struct cap_point){60, 100.19}));
    assert_int_equal(cap_circle_read("0,179.99 5", &c), ERR_OK);
    assert_true(cap_circle_covers(&c, (struct cap_point){0, -179.99}));
    assert_int_equal(cap_circle_read("16.55,107.69 1", &c), ERR_OK); /* 1.07 km from the edge */
    assert_false(cap_circle_meets(&c, &r));
    assert_int_equal(cap_circle_read("16.55,107.69 1.1", &c), ERR_OK);
    assert_true(cap_circle_meets(&c, &r));
    assert_int_equal(cap_circle_read("16.55,107.75 0", &c), ERR_OK); /* within */
    assert_true(cap_circle_meets(&c, &r));
}

static void test_other_text_is_no_place(void **state)
{
    static const char *const bad[] = {"1",       "1,",        ",1",     "1,2,3",
                                      "1;2",     "1, 2",      "1,2x",   "--1,2",
                                      "1e1,2",   "0x1,2",     "90.1,0", "0,180.1",
                                      "1.2.3,4", "\u00a01,2", ".,.",    "99999999999999999999,1"};
    struct cap_point p[2];
    struct cap_circle c;
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(cap_points_read(bad[i], p, 2, &count), ERR_FORMAT);
    assert_int_equal(cap_points_read("1,2 3,4 5,6", p, 2, &count), ERR_LIMIT);
    assert_int_equal(cap_points_read(" +1.5,-2.25\n-.5,3.\t", p, 2, &count), ERR_OK);
    assert_true(p[0].lat == 1.5 && p[0].lon == -2.25 && p[1].lat == -.5 && p[1].lon == 3);
    assert_int_equal(cap_circle_read("1,2 20041", &c), ERR_FORMAT);
    assert_int_equal(cap_circle_read("1,2", &c), ERR_FORMAT);
}

/* Moving everything round the Earth changes nothing. */
static void test_a_ring_covers_the_same_wherever_the_map_is_cut(void **state)
{
    struct prop rng;

    (void)state;
    prop_init(&rng, "ring");
    for (int round = 0; round < 2000; round++) {
        struct cap_point a[ROOM + 3], b[ROOM + 3], p;
        struct cap_ring ra, rb;
        size_t count = (size_t)prop_range(&rng, 3, 10);
        int shift = (int)prop_range(&rng, 0, 359) - 180;
        bool before;

        for (size_t i = 0; i < count; i++) {
            a[i] = (struct cap_point){(double)prop_range(&rng, 0, 89),
                                      (double)prop_range(&rng, 0, 89)};
            b[i] = a[i];
            b[i].lon += shift;
            b[i].lon -= b[i].lon > 180 ? 360 : 0;
        }
        p = (struct cap_point){(double)prop_range(&rng, 0, 89) + 0.37,
                               (double)prop_range(&rng, 0, 89) + 0.41};
        cap_ring_make(&ra, a, count);
        cap_ring_make(&rb, b, count);
        before = cap_ring_covers(&ra, p);
        p.lon += shift;
        p.lon -= p.lon > 180 ? 360 : 0;
        if (cap_ring_covers(&rb, p) != before)
            fail_msg("round %d", round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ring_covers_what_lies_in_it),
        cmocka_unit_test(test_rings_meet_where_they_share_a_point),
        cmocka_unit_test(test_circles_are_round_on_the_earth),
        cmocka_unit_test(test_other_text_is_no_place),
        cmocka_unit_test(test_a_ring_covers_the_same_wherever_the_map_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
