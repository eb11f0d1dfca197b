/* Filtered lists of journal and broadcasts, against a plain walk through everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prop.h"
#include "store_broadcast.h"
#include "store_journal.h"
#include "storefix.h"

#define ENTRIES 240
#define BROADCASTS 120
#define ROUNDS 400

static const char *const actors[] = {"lan", "minh", "station"};
static const char *const actions[] = {"user", "user.add", "user.add_token", "node.lost", "alert"};
static const char *const prefixes[] = {"", "user", "user.add", "user.", "node.lost", "z"};
static const char *const objects[] = {"", "user:1", "station"};

#define PICK(p, list) ((list)[prop_range(p, 0, (int64_t)(sizeof(list) / sizeof *(list)) - 1)])

/* Keys of all that is wanted, in order; and what the store lists page by page. */
struct lists {
    uint64_t wanted[ENTRIES + BROADCASTS];
    uint64_t listed[ENTRIES + BROADCASTS];
    size_t wanted_count, listed_count;
};

static void compare(const struct lists *l, const char *what)
{
    if (l->wanted_count != l->listed_count ||
        memcmp(l->wanted, l->listed, l->wanted_count * sizeof *l->wanted) != 0)
        fail_msg("%s: %zu instead of %zu, or another order", what, l->listed_count,
                 l->wanted_count);
}

/* The clock runs on, and now and then it is set, backwards as well. */
static void fill_journal(struct storefix *f, struct prop *p, struct journal_entry *all)
{
    usec_t at_us = NOW_US;

    assert_ok(db_begin(f->db));
    for (size_t i = 0; i < ENTRIES; i++) {
        struct journal_entry e = {0};

        at_us += prop_range(p, 0, 3);
        if (prop_one_in(p, 40))
            at_us = NOW_US + prop_range(p, 0, 500);
        e.at_us = at_us;
        snprintf(e.actor, sizeof e.actor, "%s", PICK(p, actors));
        snprintf(e.action, sizeof e.action, "%s", PICK(p, actions));
        snprintf(e.object, sizeof e.object, "%s", PICK(p, objects));
        assert_ok(store_journal_append(f->db, &e));
        all[i] = e;
    }
    assert_ok(db_commit(f->db));
}

static bool newest_first;
static bool by_seq;

static int entry_order(const void *a, const void *b)
{
    const struct journal_entry *x = a, *y = b;
    int order = x->at_us != y->at_us && !by_seq ? (x->at_us < y->at_us ? -1 : 1)
                                                : (x->seq < y->seq ? -1 : 1);

    return newest_first ? -order : order;
}

static void want_entries(const struct journal_entry *all, const struct journal_filter *q,
                         struct lists *l)
{
    static struct journal_entry sorted[ENTRIES];

    memcpy(sorted, all, sizeof sorted);
    by_seq = q->object[0] == '\0' && q->actor[0] == '\0' && q->action[0] == '\0' &&
             q->from_us == 0 && q->to_us == INT64_MAX;
    qsort(sorted, ENTRIES, sizeof *sorted, entry_order);
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct journal_entry *e = &sorted[i];

        if ((q->object[0] == '\0' || strcmp(e->object, q->object) == 0) &&
            (q->actor[0] == '\0' || strcmp(e->actor, q->actor) == 0) &&
            strncmp(e->action, q->action, strlen(q->action)) == 0 && e->at_us >= q->from_us &&
            e->at_us < q->to_us)
            l->wanted[l->wanted_count++] = e->seq;
    }
}

static void list_entries(struct storefix *f, struct prop *p, const struct journal_filter *q,
                         struct lists *l)
{
    struct db_page page = {.newest_first = newest_first};
    struct journal_entry rows[9];
    size_t max, n;

    do {
        max = (size_t)prop_range(p, 1, 9);
        assert_ok(store_journal_find(f->db, q, &page, rows, max, &n));
        assert_true(l->listed_count + n <= ENTRIES);
        for (size_t i = 0; i < n; i++)
            l->listed[l->listed_count++] = rows[i].seq;
    } while (n == max);
}

static void test_the_journal_is_searched_as_if_it_were_read(void **state)
{
    static struct journal_entry all[ENTRIES];
    struct storefix *f = *state;
    struct prop p;

    prop_init(&p, "journal");
    fill_journal(f, &p, all);
    for (int round = 0; round < ROUNDS; round++) {
        struct journal_filter q = {.to_us = INT64_MAX};
        struct lists l = {.wanted_count = 0};

        newest_first = prop_one_in(&p, 2);
        if (prop_one_in(&p, 2))
            snprintf(q.actor, sizeof q.actor, "%s", PICK(&p, actors));
        if (prop_one_in(&p, 3))
            snprintf(q.object, sizeof q.object, "%s", PICK(&p, objects));
        snprintf(q.action, sizeof q.action, "%s", PICK(&p, prefixes));
        if (prop_one_in(&p, 2))
            q.from_us = NOW_US + prop_range(&p, 0, 700);
        if (prop_one_in(&p, 2))
            q.to_us = NOW_US + prop_range(&p, 0, 700);
        want_entries(all, &q, &l);
        list_entries(f, &p, &q, &l);
        compare(&l, "journal");
    }
}

static void fill_broadcasts(struct storefix *f, struct prop *p, const struct sample *s,
                            struct broadcast *all)
{
    assert_ok(db_begin(f->db));
    for (size_t i = 0; i < BROADCASTS; i++) {
        struct broadcast b = {.title = "x", .priority = PRIORITY_NORMAL, .repeats = 1};

        b.start_us = NOW_US + prop_range(p, 1, 60);
        b.state = (enum broadcast_state)prop_range(p, 0, BROADCAST_MISSED);
        if (prop_one_in(p, 2))
            b.bulletin = s->bulletin;
        if (prop_one_in(p, 2)) {
            b.event = s->event;
            b.occurrence_us = NOW_US + USEC_PER_DAY + (usec_t)i;
        }
        assert_ok(store_broadcast_add(f->db, &b, &b.id));
        all[i] = b;
    }
    assert_ok(db_commit(f->db));
}

static int broadcast_order(const void *a, const void *b)
{
    const struct broadcast *x = a, *y = b;
    int order = x->start_us != y->start_us ? (x->start_us < y->start_us ? -1 : 1)
                                           : (x->id.v < y->id.v ? -1 : 1);

    return newest_first ? -order : order;
}

static void want_broadcasts(struct broadcast *all, const struct store_broadcast_filter *q,
                            struct lists *l)
{
    qsort(all, BROADCASTS, sizeof *all, broadcast_order);
    for (size_t i = 0; i < BROADCASTS; i++) {
        const struct broadcast *b = &all[i];

        if ((q->state_mask == 0 || (q->state_mask >> b->state) & 1) && b->start_us >= q->from_us &&
            (q->before_us == 0 || b->start_us < q->before_us) &&
            (q->event.v == 0 || b->event.v == q->event.v) &&
            (q->bulletin.v == 0 || b->bulletin.v == q->bulletin.v))
            l->wanted[l->wanted_count++] = b->id.v;
    }
}

static void list_broadcasts(struct storefix *f, struct prop *p,
                            const struct store_broadcast_filter *q, struct lists *l)
{
    struct db_page page = {.newest_first = newest_first};
    struct store_broadcast_row rows[9];
    size_t max, n;

    do {
        max = (size_t)prop_range(p, 1, 9);
        assert_ok(store_broadcast_list(f->db, q, &page, rows, max, &n));
        assert_true(l->listed_count + n <= BROADCASTS);
        for (size_t i = 0; i < n; i++)
            l->listed[l->listed_count++] = rows[i].broadcast.id.v;
    } while (n == max);
}

static void test_broadcasts_are_filtered_as_if_all_were_read(void **state)
{
    static struct broadcast all[BROADCASTS];
    struct storefix *f = *state;
    struct sample s;
    struct prop p;

    prop_init(&p, "broadcasts");
    storefix_fill(f, &s);
    storefix_tamper(f, "DELETE FROM target; DELETE FROM broadcast_media; DELETE FROM broadcast");
    fill_broadcasts(f, &p, &s, all);
    for (int round = 0; round < ROUNDS; round++) {
        struct store_broadcast_filter q = {.state_mask = 0};
        struct lists l = {.wanted_count = 0};

        newest_first = prop_one_in(&p, 2);
        if (prop_one_in(&p, 2))
            q.state_mask = (unsigned)prop_range(&p, 1, (2 << BROADCAST_MISSED) - 1);
        if (prop_one_in(&p, 3))
            q.event = s.event;
        if (prop_one_in(&p, 3))
            q.bulletin = s.bulletin;
        if (prop_one_in(&p, 2))
            q.from_us = NOW_US + prop_range(&p, 0, 70);
        if (prop_one_in(&p, 2))
            q.before_us = NOW_US + prop_range(&p, 1, 70);
        want_broadcasts(all, &q, &l);
        list_broadcasts(f, &p, &q, &l);
        compare(&l, "broadcasts");
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_journal_is_searched_as_if_it_were_read),
        CASE(test_broadcasts_are_filtered_as_if_all_were_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
