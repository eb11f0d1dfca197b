#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "priority.h"
#include "prop.h"

#define N PRIORITY_NORMAL
#define P PRIORITY_PRIORITY
#define E PRIORITY_EMERGENCY
#define NOBODY PRIORITY_NOBODY
#define SETS_MAX 4

/* candidate: id, level, rank, sender, start, end, accepted, cuts */
static const struct row {
    const char *what;
    struct priority_conditions conditions;
    usec_t now_us;
    struct priority_candidate set[SETS_MAX]; /* ends at the first id 0 */
    size_t winner;
    enum priority_why why[SETS_MAX];
} table[] = {
    {"nothing planned", {0}, 5, {{0}}, NOBODY, {0}},
    {"one alone", {0}, 5, {{1, N, 0, 0, 0, 9, 0, 0}}, 0, {PRIORITY_WHY_SOUNDS}},
    {"not begun", {0}, 5, {{1, N, 0, 0, 6, 9, 0, 0}}, NOBODY, {PRIORITY_WHY_NOT_YET}},
    {"at its start", {0}, 5, {{1, N, 0, 0, 5, 9, 0, 0}}, 0, {PRIORITY_WHY_SOUNDS}},
    {"at its end", {0}, 9, {{1, N, 0, 0, 5, 9, 0, 0}}, NOBODY, {PRIORITY_WHY_OVER}},
    {"priority over normal",
     {0},
     5,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, P, 0, 0, 3, 9, 0, 0}},
     1,
     {PRIORITY_WHY_HIGHER_LEVEL, PRIORITY_WHY_SOUNDS}},
    {"emergency over priority and normal",
     {0},
     5,
     {{1, E, 0, 0, 4, 9, 0, 0}, {2, P, 0, 0, 3, 9, 0, 0}, {3, N, 0, 0, 0, 9, 0, 0}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_HIGHER_LEVEL, PRIORITY_WHY_HIGHER_LEVEL}},
    {"the lower comes back when the higher has ended",
     {0},
     7,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, P, 0, 0, 3, 6, 0, 0}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_OVER}},
    {"equal: first come first served",
     {0},
     5,
     {{1, N, 0, 0, 2, 9, 0, 0}, {2, N, 0, 0, 1, 9, 0, 0}},
     1,
     {PRIORITY_WHY_EARLIER, PRIORITY_WHY_SOUNDS}},
    {"equal start: accepted first",
     {0},
     5,
     {{1, N, 0, 0, 1, 9, 7, 0}, {2, N, 0, 0, 1, 9, 6, 0}},
     1,
     {PRIORITY_WHY_EARLIER, PRIORITY_WHY_SOUNDS}},
    {"all equal: lower id",
     {0},
     5,
     {{2, N, 0, 0, 1, 9, 0, 0}, {1, N, 0, 0, 1, 9, 0, 0}},
     1,
     {PRIORITY_WHY_EARLIER, PRIORITY_WHY_SOUNDS}},
    {"the operator's order goes before first come",
     {0},
     5,
     {{1, P, 2, 0, 0, 9, 0, 0}, {2, P, 1, 0, 4, 9, 0, 0}},
     1,
     {PRIORITY_WHY_RANK, PRIORITY_WHY_SOUNDS}},
    {"rank does not lift a level",
     {0},
     5,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, P, 9, 0, 0, 9, 0, 0}},
     1,
     {PRIORITY_WHY_HIGHER_LEVEL, PRIORITY_WHY_SOUNDS}},
    {"a cut ends the earlier",
     {0},
     5,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 6, 0, 1}},
     1,
     {PRIORITY_WHY_CUT, PRIORITY_WHY_SOUNDS}},
    {"what was cut does not come back",
     {0},
     7,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 6, 0, 1}},
     NOBODY,
     {PRIORITY_WHY_CUT, PRIORITY_WHY_OVER}},
    {"before the cut the earlier sounds",
     {0},
     3,
     {{1, N, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 6, 0, 1}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_NOT_YET}},
    {"a cut does not reach a better rank",
     {0},
     5,
     {{1, P, 1, 0, 0, 9, 0, 0}, {2, P, 2, 0, 4, 6, 0, 1}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_RANK}},
    {"a cut does not reach another level",
     {0},
     7,
     {{1, P, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 8, 0, 1}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_HIGHER_LEVEL}},
    {"one sender: its latest emergency",
     {0},
     5,
     {{1, E, 0, 7, 0, 9, 0, 0}, {2, E, 0, 7, 4, 9, 0, 0}},
     1,
     {PRIORITY_WHY_LATER, PRIORITY_WHY_SOUNDS}},
    {"two senders: who came first holds",
     {0},
     5,
     {{1, E, 0, 7, 0, 9, 0, 0}, {2, E, 0, 8, 4, 9, 0, 0}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_OTHER_SENDER}},
    {"a sender holds until its last emergency is over",
     {0},
     7,
     {{1, E, 0, 7, 0, 5, 0, 0}, {2, E, 0, 8, 2, 9, 0, 0}, {3, E, 0, 7, 4, 9, 0, 0}},
     2,
     {PRIORITY_WHY_OVER, PRIORITY_WHY_OTHER_SENDER, PRIORITY_WHY_SOUNDS}},
    {"after a break the next sender has come first",
     {0},
     7,
     {{1, E, 0, 7, 0, 3, 0, 0}, {2, E, 0, 8, 2, 9, 0, 0}, {3, E, 0, 7, 4, 9, 0, 0}},
     1,
     {PRIORITY_WHY_OVER, PRIORITY_WHY_SOUNDS, PRIORITY_WHY_OTHER_SENDER}},
    {"back to back is no break",
     {0},
     7,
     {{1, E, 0, 7, 0, 4, 0, 0}, {2, E, 0, 8, 2, 9, 0, 0}, {3, E, 0, 7, 4, 9, 0, 0}},
     2,
     {PRIORITY_WHY_OVER, PRIORITY_WHY_OTHER_SENDER, PRIORITY_WHY_SOUNDS}},
    {"only emergencies hold a node for their sender",
     {0},
     7,
     {{1, N, 0, 7, 0, 9, 0, 0}, {2, E, 0, 8, 2, 9, 0, 0}, {3, E, 0, 7, 4, 9, 0, 0}},
     1,
     {PRIORITY_WHY_HIGHER_LEVEL, PRIORITY_WHY_SOUNDS, PRIORITY_WHY_OTHER_SENDER}},
    {"a cut does not reach another sender's emergency",
     {0},
     5,
     {{1, E, 0, 7, 0, 9, 0, 0}, {2, E, 0, 8, 4, 9, 0, 1}},
     0,
     {PRIORITY_WHY_SOUNDS, PRIORITY_WHY_OTHER_SENDER}},
    {"quiet hours stop all but emergency",
     {.quiet = true},
     5,
     {{1, P, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 0, 9, 0, 0}, {3, E, 0, 0, 0, 9, 0, 0}},
     2,
     {PRIORITY_WHY_QUIET, PRIORITY_WHY_QUIET, PRIORITY_WHY_SOUNDS}},
    {"a mute stops everything",
     {.muted = true},
     5,
     {{1, P, 0, 0, 0, 9, 0, 0}, {3, E, 0, 0, 0, 9, 0, 0}},
     NOBODY,
     {PRIORITY_WHY_MUTED, PRIORITY_WHY_MUTED}},
    {"policy lets an emergency pass the mute",
     {.muted = true, .emergency_passes_mute = true},
     5,
     {{1, P, 0, 0, 0, 9, 0, 0}, {3, E, 0, 0, 0, 9, 0, 0}},
     1,
     {PRIORITY_WHY_MUTED, PRIORITY_WHY_SOUNDS}},
};

static void test_the_truth_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row *r = &table[i];
        struct priority_verdict verdicts[SETS_MAX];
        size_t count = 0;
        size_t winner;

        while (count < SETS_MAX && r->set[count].id != 0)
            count++;
        winner = priority_choose(r->set, count, &r->conditions, r->now_us, verdicts);
        if (winner != r->winner)
            fail_msg("%s: winner %zd, not %zd", r->what, (ssize_t)winner, (ssize_t)r->winner);
        for (size_t k = 0; k < count; k++) {
            if (verdicts[k].why != r->why[k])
                fail_msg("%s: candidate %zu is %s, not %s", r->what, k,
                         priority_why_name(verdicts[k].why), priority_why_name(r->why[k]));
        }
        assert_int_equal(priority_choose(r->set, count, &r->conditions, r->now_us, NULL), winner);
    }
}

static void test_a_verdict_names_who_is_the_reason(void **state)
{
    const struct priority_candidate set[] = {
        {1, N, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 6, 0, 1}, {3, E, 0, 0, 5, 6, 0, 0}};
    const struct priority_conditions none = {0};
    struct priority_verdict v[3];

    (void)state;
    assert_int_equal(priority_choose(set, 3, &none, 5, v), 2);
    assert_int_equal(v[0].by, 1);
    assert_int_equal(v[1].by, 2);
    assert_true(v[2].by == PRIORITY_NOBODY);
}

static void test_the_next_change_is_the_next_start_or_end(void **state)
{
    const struct priority_candidate set[] = {{1, N, 0, 0, 0, 9, 0, 0}, {2, N, 0, 0, 4, 6, 0, 0}};

    (void)state;
    assert_int_equal(priority_next_change(set, 2, -1), 0);
    assert_int_equal(priority_next_change(set, 2, 0), 4);
    assert_int_equal(priority_next_change(set, 2, 4), 6);
    assert_int_equal(priority_next_change(set, 2, 6), 9);
    assert_int_equal(priority_next_change(set, 2, 9), INT64_MAX);
}

static void test_names_go_there_and_back(void **state)
{
    (void)state;
    for (int p = N; p <= E; p++)
        assert_int_equal(priority_from_name(priority_name((enum priority)p)), p);
    assert_null(priority_name(PRIORITY_NONE));
    assert_null(priority_name((enum priority)9));
    assert_int_equal(priority_from_name("urgent"), -1);
    assert_string_equal(priority_why_name(PRIORITY_WHY_OTHER_SENDER), "other_sender");
    assert_string_equal(priority_why_name((enum priority_why)99), "none");
}

static struct priority_candidate random_candidate(struct prop *p, uint64_t id)
{
    struct priority_candidate c = {.id = id,
                                   .level = (enum priority)prop_range(p, N, E),
                                   .rank = (uint32_t)prop_range(p, 0, 2),
                                   .sender = (uint64_t)prop_range(p, 0, 2),
                                   .start_us = prop_range(p, 0, 20),
                                   .accepted_us = prop_range(p, 0, 2),
                                   .cuts_equal = prop_one_in(p, 3)};

    c.end_us = c.start_us + prop_range(p, 0, 12);
    return c;
}

static bool can_sound(enum priority_why why)
{
    return why != PRIORITY_WHY_NOT_YET && why != PRIORITY_WHY_OVER && why != PRIORITY_WHY_CUT &&
           why != PRIORITY_WHY_MUTED && why != PRIORITY_WHY_QUIET;
}

static void check_choice(const struct priority_candidate *set, size_t count, size_t winner,
                         const struct priority_verdict *v)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(v[i].why != PRIORITY_WHY_NONE);
        assert_int_equal(v[i].why == PRIORITY_WHY_SOUNDS, i == winner);
        if (i == winner || !can_sound(v[i].why))
            continue;
        assert_true(winner != NOBODY);
        assert_int_equal(v[i].by, winner);
        assert_true(set[i].level <= set[winner].level);
        if (set[i].level == set[winner].level && set[i].level != E)
            assert_true(set[i].rank >= set[winner].rank);
        if (set[i].level == E && set[i].sender == set[winner].sender)
            assert_true(set[i].start_us <= set[winner].start_us);
    }
}

static void test_property_the_winner_is_the_highest_whatever_the_order(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "priority");
    for (int round = 0; round < 20000; round++) {
        struct priority_candidate set[8];
        struct priority_verdict v[8];
        size_t count = (size_t)prop_range(&p, 0, 8);
        struct priority_conditions c = {.muted = prop_one_in(&p, 6),
                                        .emergency_passes_mute = prop_one_in(&p, 2),
                                        .quiet = prop_one_in(&p, 3)};
        usec_t now = prop_range(&p, 0, 25);
        uint64_t id = 0;
        size_t winner;

        for (size_t i = 0; i < count; i++)
            set[i] = random_candidate(&p, i + 1);
        winner = priority_choose(set, count, &c, now, v);
        check_choice(set, count, winner, v);
        if (winner != NOBODY) {
            id = set[winner].id;
            assert_true(set[winner].start_us <= now && now < set[winner].end_us);
            assert_true(set[winner].level == E || (!c.muted && !c.quiet));
            assert_true(!c.muted || c.emergency_passes_mute);
        }
        for (size_t i = count; i > 1; i--) {
            size_t k = (size_t)prop_range(&p, 0, (int64_t)i - 1);
            struct priority_candidate t = set[k];

            set[k] = set[i - 1];
            set[i - 1] = t;
        }
        winner = priority_choose(set, count, &c, now, v);
        assert_int_equal(winner == NOBODY ? 0 : set[winner].id, id);
        /* Nothing changes of itself before the next start or end. */
        if (priority_next_change(set, count, now) > now + 1) {
            size_t later = priority_choose(set, count, &c, now + 1, NULL);

            assert_int_equal(later, winner);
        }
    }
}

#define NODES 3
#define ON_AIR 7

/* Begun, not over, not cut by now; worked out from the words of the rule, not from its code. */
static bool is_alive(const struct priority_candidate *set, size_t count, size_t at, usec_t now)
{
    const struct priority_candidate *c = &set[at];

    if (now < c->start_us || now >= c->end_us)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct priority_candidate *o = &set[i];
        bool is_equal =
            o->level == c->level && (o->level == E ? o->sender == c->sender : o->rank <= c->rank);

        if (o->cuts_equal && is_equal && o->start_us <= now && o->start_us > c->start_us &&
            o->start_us < c->end_us && o->end_us > o->start_us)
            return false;
    }
    return true;
}

static bool sender_is_on(const struct priority_candidate *set, size_t count, uint64_t sender,
                         usec_t now)
{
    for (size_t i = 0; i < count; i++)
        if (set[i].level == E && set[i].sender == sender && is_alive(set, count, i, now))
            return true;
    return false;
}

/* `holder` is the sender of the emergency that sounded last, 0 none. */
static void check_instant(const struct priority_candidate *set, size_t count,
                          const struct priority_conditions *c, usec_t now, uint64_t *holder)
{
    size_t winner = priority_choose(set, count, c, now, NULL);
    size_t highest = NOBODY;

    for (size_t i = 0; i < count; i++) {
        bool may = is_alive(set, count, i, now) && (set[i].level == E || (!c->muted && !c->quiet));

        if (may && (highest == NOBODY || set[i].level > set[highest].level))
            highest = i;
    }
    assert_int_equal(winner == NOBODY, highest == NOBODY); /* nobody waits for a silence */
    if (winner == NOBODY)
        return;
    assert_true(is_alive(set, count, winner, now));
    assert_int_equal(set[winner].level, set[highest].level);
    if (set[winner].level != E)
        return;
    if (*holder != 0 && set[winner].sender != *holder)
        assert_false(sender_is_on(set, count, *holder, now));
    *holder = set[winner].sender;
    for (size_t i = 0; i < count; i++)
        if (set[i].level == E && set[i].sender == set[winner].sender &&
            is_alive(set, count, i, now))
            assert_true(set[i].start_us <= set[winner].start_us);
}

/* The one that ends last sounds from the moment at which all others are over, in progress. */
static void check_last(const struct priority_candidate *set, size_t count)
{
    const struct priority_conditions none = {0};
    usec_t end = 0, free_from = 0;
    size_t last = NOBODY;

    for (size_t i = 0; i < count; i++) {
        if (set[i].end_us <= set[i].start_us)
            continue;
        if (set[i].end_us > end) {
            free_from = end;
            end = set[i].end_us;
            last = i;
        } else if (set[i].end_us > free_from) {
            free_from = set[i].end_us;
        }
    }
    if (last == NOBODY || free_from >= end || !is_alive(set, count, last, end - 1))
        return;
    if (free_from < set[last].start_us)
        free_from = set[last].start_us;
    assert_int_equal(priority_choose(set, count, &none, free_from, NULL), last);
}

/* Random broadcasts to random zones, with nodes that are muted now and then: each node follows the rule
 * from the first change to the last, and who had to wait sounds as soon as those above it are over. */
static void test_property_no_node_starves_a_broadcast_and_a_sender_keeps_its_hold(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "priority-lives");
    for (int round = 0; round < 20000; round++) {
        struct priority_candidate all[ON_AIR];
        unsigned zones[ON_AIR];

        for (size_t i = 0; i < ON_AIR; i++) {
            all[i] = random_candidate(&p, i + 1);
            all[i].start_us = (usec_t)i * 4 + prop_range(&p, 0, 3); /* no two at once */
            all[i].end_us = all[i].start_us + prop_range(&p, 0, 16);
            all[i].sender = (uint64_t)prop_range(&p, 1, 2);
            if (prop_one_in(&p, 2))
                all[i].level = E;
            zones[i] = (unsigned)prop_range(&p, 1, (1 << NODES) - 1);
        }
        for (unsigned node = 0; node < NODES; node++) {
            struct priority_candidate set[ON_AIR];
            struct priority_conditions c = {.emergency_passes_mute = true};
            uint64_t holder = 0;
            usec_t now = -1;
            size_t count = 0;

            for (size_t i = 0; i < ON_AIR; i++)
                if ((zones[i] & 1U << node) != 0)
                    set[count++] = all[i];
            while ((now = priority_next_change(set, count, now)) != INT64_MAX) {
                c.muted = prop_one_in(&p, 5);
                c.quiet = prop_one_in(&p, 5);
                check_instant(set, count, &c, now, &holder);
            }
            check_last(set, count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_truth_table_holds),
        cmocka_unit_test(test_a_verdict_names_who_is_the_reason),
        cmocka_unit_test(test_the_next_change_is_the_next_start_or_end),
        cmocka_unit_test(test_names_go_there_and_back),
        cmocka_unit_test(test_property_the_winner_is_the_highest_whatever_the_order),
        cmocka_unit_test(test_property_no_node_starves_a_broadcast_and_a_sender_keeps_its_hold),
    };

    return cmocka_run_group_tests_name("priority", tests, NULL, NULL);
}
