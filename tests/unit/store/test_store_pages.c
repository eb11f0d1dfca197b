#include <stdio.h>
#include <string.h>

#include "prop.h"
#include "store_broadcast.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_user.h"
#include "store_zone.h"
#include "storefix.h"

#define ROWS_MAX 64
#define SEEN_MAX 512

/* One page as keys; `rows_max` up to ROWS_MAX. */
typedef size_t page_fn(struct db *db, struct db_page *page, uint64_t *keys, size_t rows_max);

static size_t page_zones(struct db *db, struct db_page *page, uint64_t *keys, size_t rows_max)
{
    static struct zone rows[ROWS_MAX];
    size_t n = 0;

    assert_ok(store_zone_list(db, page, rows, rows_max, &n));
    for (size_t i = 0; i < n; i++)
        keys[i] = rows[i].id.v;
    return n;
}

static size_t page_media(struct db *db, struct db_page *page, uint64_t *keys, size_t rows_max)
{
    static struct media_info rows[ROWS_MAX];
    size_t n = 0;

    assert_ok(store_media_list(db, page, rows, rows_max, &n));
    for (size_t i = 0; i < n; i++)
        keys[i] = rows[i].size_bytes;
    return n;
}

static size_t page_journal(struct db *db, struct db_page *page, uint64_t *keys, size_t rows_max)
{
    static struct journal_entry rows[ROWS_MAX];
    size_t n = 0;

    assert_ok(store_journal_list(db, NULL, page, rows, rows_max, &n));
    for (size_t i = 0; i < n; i++)
        keys[i] = rows[i].seq;
    return n;
}

static size_t page_broadcasts(struct db *db, struct db_page *page, uint64_t *keys, size_t rows_max)
{
    static const struct store_broadcast_filter all = {0};
    static struct store_broadcast_row rows[ROWS_MAX];
    size_t n = 0;

    assert_ok(store_broadcast_list(db, &all, page, rows, rows_max, &n));
    for (size_t i = 0; i < n; i++) {
        usec_t start_us = rows[i].broadcast.start_us;

        keys[i] = (uint64_t)(start_us - NOW_US) * 10000 + rows[i].broadcast.id.v;
    }
    return n;
}

static void add_zone(struct db *db, uint64_t i)
{
    struct zone z = storefix_zone("", (struct zone_id){0});
    struct zone_id id;

    snprintf(z.code, sizeof z.code, "%llu", (unsigned long long)i);
    assert_ok(store_zone_add(db, &z, &id, NULL));
}

static void add_media(struct db *db, uint64_t i)
{
    struct media_info m = storefix_media((uint8_t)(i * 97));

    m.created_by.v = 0;
    m.size_bytes = i;
    memcpy(m.id.sha256 + 1, &i, sizeof i);
    assert_ok(store_media_add(db, &m));
}

static void add_journal(struct db *db, uint64_t i)
{
    struct journal_entry e = {.at_us = NOW_US, .actor = "a", .action = "b"};

    (void)i;
    assert_ok(store_journal_append(db, &e));
}

/* Starts come in no order, and several share one. */
static void add_broadcast(struct db *db, uint64_t i)
{
    struct broadcast b = {.title = "x",
                          .priority = PRIORITY_NORMAL,
                          .repeats = 1,
                          .start_us = NOW_US + (usec_t)(i * 7919 % 13)};

    assert_ok(store_broadcast_add(db, &b, &b.id));
}

struct law {
    const char *name;
    page_fn *page;
    void (*add)(struct db *db, uint64_t i);
};

static const struct law laws[] = {
    {"zones", page_zones, add_zone},
    {"media", page_media, add_media},
    {"journal", page_journal, add_journal},
    {"broadcasts", page_broadcasts, add_broadcast},
};

/* Walk the list in pages of random sizes; fails unless strictly ordered. */
static size_t walk(struct storefix *f, const struct law *law, struct prop *p, bool newest_first,
                   uint64_t *seen)
{
    struct db_page page = {.newest_first = newest_first};
    size_t total = 0;

    for (;;) {
        size_t want = (size_t)prop_range(p, 1, ROWS_MAX);
        size_t n = law->page(f->db, &page, seen + total, want);

        assert_true(n <= want);
        for (size_t i = total; i < total + n; i++) {
            if (i > 0 && newest_first)
                assert_true(seen[i] < seen[i - 1]);
            else if (i > 0)
                assert_true(seen[i] > seen[i - 1]);
        }
        total += n;
        if (n < want)
            return total;
    }
}

static void test_pages_of_any_size_hold_every_row_once_and_in_order(void **state)
{
    struct storefix *f = *state;
    static uint64_t forward[SEEN_MAX];
    static uint64_t backward[SEEN_MAX];
    struct prop p;

    prop_init(&p, "pages");
    for (size_t k = 0; k < sizeof laws / sizeof *laws; k++) {
        uint64_t rows = 0;

        for (int round = 0; round < 12; round++) {
            uint64_t more = (uint64_t)prop_range(&p, 0, 30);

            assert_ok(db_begin(f->db));
            for (uint64_t i = 0; i < more; i++)
                laws[k].add(f->db, rows + i + 1);
            assert_ok(db_commit(f->db));
            rows += more;
            assert_int_equal(walk(f, &laws[k], &p, false, forward), rows);
            assert_int_equal(walk(f, &laws[k], &p, true, backward), rows);
            for (uint64_t i = 0; i < rows; i++)
                assert_int_equal(forward[i], backward[rows - 1 - i]);
        }
    }
}

static void test_rows_added_and_removed_between_pages_disturb_no_other_row(void **state)
{
    struct storefix *f = *state;
    static uint64_t seen[SEEN_MAX];
    struct prop p;

    prop_init(&p, "pages between");
    for (int round = 0; round < 20; round++) {
        struct db_page page = {.newest_first = prop_one_in(&p, 2)};
        size_t total = 0;
        size_t n;

        storefix_tamper(f, "DELETE FROM zone");
        assert_ok(db_begin(f->db));
        for (uint64_t i = 0; i < 60; i++)
            add_zone(f->db, i);
        assert_ok(db_commit(f->db));
        do {
            n = page_zones(f->db, &page, seen + total, 7);
            total += n;
            /* The very row that the next page starts after goes away; newer ones come. */
            if (n > 0 && prop_one_in(&p, 2))
                assert_ok(
                    store_zone_delete(f->db, (struct zone_id){(uint32_t)seen[total - 1]}, NULL));
            if (page.newest_first)
                add_zone(f->db, 1000 + total);
        } while (n == 7);
        assert_int_equal(total, 60);
    }
}

static void test_a_page_that_a_client_made_up_is_harmless(void **state)
{
    static const uint64_t made_up[] = {99, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    struct storefix *f = *state;
    uint64_t keys[ROWS_MAX];

    for (size_t k = 0; k < sizeof laws / sizeof *laws; k++) {
        for (uint64_t i = 1; i <= 5; i++)
            laws[k].add(f->db, i);
        for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
            struct db_page page = {.after = made_up[i]};

            assert_int_equal(laws[k].page(f->db, &page, keys, ROWS_MAX), 0);
            page = (struct db_page){.after = made_up[i], .newest_first = true};
            assert_true(laws[k].page(f->db, &page, keys, ROWS_MAX) <= 5);
        }
    }
}

static void test_a_page_of_no_rows_asks_for_nothing(void **state)
{
    struct storefix *f = *state;
    struct db_page page = {0};
    uint64_t keys[1];

    add_zone(f->db, 1);
    assert_int_equal(page_zones(f->db, &page, keys, 0), 0);
    assert_int_equal(page.after, 0);
    assert_int_equal(page_zones(f->db, &page, keys, 1), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_pages_of_any_size_hold_every_row_once_and_in_order),
        CASE(test_rows_added_and_removed_between_pages_disturb_no_other_row),
        CASE(test_a_page_that_a_client_made_up_is_harmless),
        CASE(test_a_page_of_no_rows_asks_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
