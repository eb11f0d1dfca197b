/* Messages in every order, twice, and across restarts: the end is the same, and nothing sounds that was ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alertlife.h"
#include "check.h"
#include "prop.h"

#define NOW_US (INT64_C(1800000000) * USEC_PER_SEC)
#define MESSAGES_MAX 8
#define ROWS_SEEN 64

struct story {
    struct alertlife *life;
    bool sounds[ROWS_SEEN]; /* by row id */
    unsigned starts[ROWS_SEEN];
};

static struct alertlife_key key(const char *sender, const char *identifier, int minute)
{
    struct alertlife_key k = {.sent_us = NOW_US + minute * USEC_PER_MIN};

    snprintf(k.sender, sizeof(k.sender), "%s", sender);
    snprintf(k.identifier, sizeof(k.identifier), "%s", identifier);
    return k;
}

static struct alertlife_message message(enum alertlife_type type, struct alertlife_key k,
                                        const struct alertlife_key *refs, size_t count)
{
    struct alertlife_message m = {.key = k,
                                  .type = type,
                                  .expires_us = NOW_US + USEC_PER_HOUR,
                                  .refs = refs,
                                  .ref_count = count};

    m.sha256[0] = (uint8_t)k.identifier[0];
    return m;
}

/* Stop at any point: only what was applied is there, as a store would give it back. */
static void restart(struct story *s)
{
    struct alertlife *again;
    const struct alertlife_row *rows;
    size_t count;

    assert_int_equal(alertlife_new(&again), ERR_OK);
    rows = alertlife_rows(s->life, &count);
    assert_int_equal(alertlife_apply(again, rows, count), ERR_OK);
    alertlife_free(s->life);
    s->life = again;
}

static enum alertlife_result tell(struct story *s, const struct alertlife_message *m)
{
    struct alertlife_change c;
    enum alertlife_result result;

    assert_int_equal(alertlife_judge(s->life, m, NOW_US, &c), ERR_OK);
    alertlife_change_deinit(&c); /* died before it was stored: judged again, the same comes out */
    assert_int_equal(alertlife_judge(s->life, m, NOW_US, &c), ERR_OK);
    assert_int_equal(alertlife_apply(s->life, c.rows, c.row_count), ERR_OK);
    result = c.result;
    if (result == ALERTLIFE_NEW && m->type != ALERTLIFE_CANCEL) {
        s->sounds[c.id] = true;
        assert_int_equal(++s->starts[c.id], 1);
    }
    for (size_t i = 0; i < c.ended_count; i++) {
        assert_true(s->sounds[c.ended[i]]);
        s->sounds[c.ended[i]] = false;
    }
    alertlife_change_deinit(&c);
    return result;
}

static enum alertlife_state state_of(const struct story *s, const struct alertlife_key *k)
{
    size_t count;
    const struct alertlife_row *rows = alertlife_rows(s->life, &count);

    for (size_t i = 0; i < count; i++) {
        if (rows[i].key.sent_us == k->sent_us && strcmp(rows[i].key.sender, k->sender) == 0 &&
            strcmp(rows[i].key.identifier, k->identifier) == 0) {
            assert_int_equal(s->sounds[rows[i].id],
                             rows[i].state == ALERTLIFE_LIVE && rows[i].seen);
            return rows[i].state;
        }
    }
    return ALERTLIFE_NONE;
}

static void begin(struct story *s)
{
    *s = (struct story){0};
    assert_int_equal(alertlife_new(&s->life), ERR_OK);
}

/* All orders of these messages, each told twice, with a restart after each. */
static void expect_in_every_order(struct alertlife_message *m, size_t count,
                                  const enum alertlife_state *states)
{
    size_t orders = 1;

    for (size_t i = 2; i <= count; i++)
        orders *= i;
    for (size_t order = 0; order < orders; order++) {
        size_t left[MESSAGES_MAX], rest = order;
        struct story s;

        begin(&s);
        for (size_t i = 0; i < count; i++)
            left[i] = i;
        for (size_t n = count; n > 0; n--) {
            size_t pick = rest % n;

            rest /= n;
            tell(&s, &m[left[pick]]);
            assert_int_equal(tell(&s, &m[left[pick]]), ALERTLIFE_DUPLICATE);
            restart(&s);
            left[pick] = left[n - 1];
        }
        for (size_t i = 0; i < count; i++) {
            if (state_of(&s, &m[i].key) != states[i])
                fail_msg("order %zu, message %zu: state %d", order, i, state_of(&s, &m[i].key));
            assert_int_equal(tell(&s, &m[i]), ALERTLIFE_DUPLICATE);
        }
        alertlife_free(s.life);
    }
}

static void test_alert_update_and_cancel_end_the_same_in_every_order(void **state)
{
    struct alertlife_key a = key("xa", "a", 0), u = key("xa", "u", 1), c = key("xa", "c", 2);
    struct alertlife_key both[] = {a, u};
    struct {
        const struct alertlife_key *refs;
        size_t count;
    } cancels[] = {{&a, 1}, {&u, 1}, {both, 2}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct alertlife_message m[] = {
            message(ALERTLIFE_ALERT, a, NULL, 0), message(ALERTLIFE_UPDATE, u, &a, 1),
            message(ALERTLIFE_CANCEL, c, cancels[i].refs, cancels[i].count)};
        enum alertlife_state end[] = {i == 1 ? ALERTLIFE_REPLACED : ALERTLIFE_CANCELLED,
                                      ALERTLIFE_CANCELLED, ALERTLIFE_NONE};

        expect_in_every_order(m, 3, end);
        end[0] = ALERTLIFE_REPLACED;
        end[1] = ALERTLIFE_LIVE;
        expect_in_every_order(m, 2, end);
    }
}

static void test_a_cancel_ends_a_chain_of_updates_but_no_newer_one(void **state)
{
    struct alertlife_key a = key("xa", "a", 0), u = key("xa", "u", 1), v = key("xa", "v", 2);
    struct alertlife_key c = key("xa", "c", 3), w = key("xa", "w", 4);
    struct alertlife_message m[] = {
        message(ALERTLIFE_ALERT, a, NULL, 0), message(ALERTLIFE_UPDATE, u, &a, 1),
        message(ALERTLIFE_UPDATE, v, &u, 1), message(ALERTLIFE_CANCEL, c, &a, 1),
        message(ALERTLIFE_UPDATE, w, &v, 1)};
    enum alertlife_state end[] = {ALERTLIFE_CANCELLED, ALERTLIFE_CANCELLED, ALERTLIFE_CANCELLED,
                                  ALERTLIFE_NONE, ALERTLIFE_LIVE};

    (void)state;
    expect_in_every_order(m, 5, end);
}

static void test_only_the_sender_or_a_superior_ends_an_alert(void **state)
{
    struct alertlife_key a = key("xa", "a", 0), c = key("khac", "c", 1), u = key("khac", "u", 2);
    struct alertlife_message m[] = {message(ALERTLIFE_ALERT, a, NULL, 0),
                                    message(ALERTLIFE_CANCEL, c, &a, 1),
                                    message(ALERTLIFE_UPDATE, u, &a, 1)};
    enum alertlife_state strangers[] = {ALERTLIFE_LIVE, ALERTLIFE_NONE, ALERTLIFE_LIVE};
    enum alertlife_state superiors[] = {ALERTLIFE_CANCELLED, ALERTLIFE_NONE, ALERTLIFE_LIVE};

    (void)state;
    expect_in_every_order(m, 3, strangers);
    m[1].superior = m[2].superior = true;
    expect_in_every_order(m, 3, superiors);
}

static void test_a_sender_cannot_cancel_its_superiors_update(void **state)
{
    struct alertlife_key a = key("xa", "a", 0), u = key("tinh", "u", 1), c = key("xa", "c", 2);
    struct alertlife_message m[] = {message(ALERTLIFE_ALERT, a, NULL, 0),
                                    message(ALERTLIFE_UPDATE, u, &a, 1),
                                    message(ALERTLIFE_CANCEL, c, &a, 1)};
    enum alertlife_state end[] = {ALERTLIFE_CANCELLED, ALERTLIFE_LIVE, ALERTLIFE_NONE};

    (void)state;
    m[1].superior = true;
    expect_in_every_order(m, 3, end);
}

static void test_one_identifier_names_one_message(void **state)
{
    struct alertlife_message m = message(ALERTLIFE_ALERT, key("xa", "a", 0), NULL, 0);
    struct story s;

    (void)state;
    begin(&s);
    assert_int_equal(tell(&s, &m), ALERTLIFE_NEW);
    m.sha256[5] = 1;
    assert_int_equal(tell(&s, &m), ALERTLIFE_CONFLICT);
    m = message(ALERTLIFE_ALERT, key("xa", "a", 1), NULL, 0);
    assert_int_equal(tell(&s, &m), ALERTLIFE_CONFLICT);
    m = message(ALERTLIFE_ALERT, key("khac", "a", 1), NULL, 0);
    assert_int_equal(tell(&s, &m), ALERTLIFE_NEW);
    alertlife_free(s.life);
}

static void test_an_alert_ends_when_it_expires_and_is_not_repeated(void **state)
{
    struct alertlife_message m = message(ALERTLIFE_ALERT, key("xa", "a", 0), NULL, 0);
    struct alertlife_change c;
    const struct alertlife_row *row;
    size_t count;
    struct story s;

    (void)state;
    begin(&s);
    tell(&s, &m);
    row = alertlife_rows(s.life, &count);
    assert_true(alertlife_may_start(row, m.expires_us - 1));
    assert_false(alertlife_may_start(row, m.expires_us));
    assert_int_equal(alertlife_expire(s.life, m.expires_us - 1, &c), ERR_OK);
    assert_int_equal(c.row_count, 0);
    alertlife_change_deinit(&c);
    assert_int_equal(alertlife_expire(s.life, m.expires_us, &c), ERR_OK);
    assert_int_equal(c.ended_count, 1);
    assert_int_equal(c.rows[0].state, ALERTLIFE_EXPIRED);
    assert_int_equal(alertlife_apply(s.life, c.rows, c.row_count), ERR_OK);
    alertlife_change_deinit(&c);
    s.sounds[1] = false;
    m = message(ALERTLIFE_ALERT, key("xa", "b", 0), NULL, 0);
    m.expires_us = NOW_US;
    assert_int_equal(tell(&s, &m), ALERTLIFE_OVERTAKEN);
    alertlife_free(s.life);
}

static void test_rows_are_forgotten_when_they_cannot_matter_any_more(void **state)
{
    struct alertlife_key a = key("xa", "a", 0), c = key("xa", "c", 2);
    struct alertlife_message m = message(ALERTLIFE_CANCEL, c, &a, 1);
    uint64_t ids[4];
    struct story s;

    (void)state;
    begin(&s);
    tell(&s, &m);
    assert_int_equal(alertlife_forget(s.life, NOW_US + ALERTLIFE_KEEP_US - 1, ids, 4), 0);
    assert_int_equal(alertlife_forget(s.life, NOW_US + ALERTLIFE_KEEP_US, ids, 4), 1);
    assert_int_equal(ids[0], 2); /* the tombstone of a, which is older */
    assert_int_equal(alertlife_forget(s.life, c.sent_us + ALERTLIFE_KEEP_US, ids, 4), 1);
    alertlife_free(s.life);
}

static void test_too_much_is_refused_and_changes_nothing(void **state)
{
    struct alertlife_key refs[ALERTLIFE_REFS_MAX + 1];
    struct alertlife_message m =
        message(ALERTLIFE_CANCEL, key("xa", "c", 1), refs, ALERTLIFE_REFS_MAX + 1);
    struct alertlife_change c;
    struct story s;
    size_t count;

    (void)state;
    begin(&s);
    assert_int_equal(alertlife_judge(s.life, &m, NOW_US, &c), ERR_LIMIT);
    for (unsigned i = 0; i < ALERTLIFE_ROWS_MAX; i++) {
        struct alertlife_row row = {.id = i + 1, .state = ALERTLIFE_LIVE, .seen = true};

        snprintf(row.key.identifier, sizeof(row.key.identifier), "%u", i);
        assert_int_equal(alertlife_apply(s.life, &row, 1), ERR_OK);
    }
    m = message(ALERTLIFE_ALERT, key("xa", "a", 0), NULL, 0);
    assert_int_equal(alertlife_judge(s.life, &m, NOW_US, &c), ERR_LIMIT);
    (void)alertlife_rows(s.life, &count);
    assert_int_equal(count, ALERTLIFE_ROWS_MAX);
    alertlife_free(s.life);
}

/* A feed of many messages must not use up the rows for a month; but what was cancelled stays cancelled. */
static void test_under_pressure_what_expired_a_day_ago_makes_room(void **state)
{
    static uint64_t ids[ALERTLIFE_ROWS_MAX];
    const usec_t now_us = NOW_US + 3 * USEC_PER_DAY;
    struct story s;
    size_t count;

    (void)state;
    begin(&s);
    for (unsigned i = 0; i < ALERTLIFE_ROWS_MAX / 2; i++) {
        struct alertlife_row row = {.id = i + 1, .state = ALERTLIFE_EXPIRED, .seen = true};

        row.key.sent_us = NOW_US;
        row.expires_us = NOW_US + USEC_PER_DAY;
        snprintf(row.key.identifier, sizeof(row.key.identifier), "%u", i);
        if (i == 0)
            row.state = ALERTLIFE_LIVE;
        if (i == 1)
            row.seen = false;
        if (i == 2)
            row.type = ALERTLIFE_CANCEL;
        if (i == 3)
            row.cancelled_us = NOW_US;
        if (i == 4)
            row.overruled_us = NOW_US;
        if (i == 5)
            row.expires_us = now_us - USEC_PER_DAY + 1;
        assert_int_equal(alertlife_apply(s.life, &row, 1), ERR_OK);
    }
    assert_int_equal(alertlife_forget(s.life, now_us, ids, ALERTLIFE_ROWS_MAX), 0);
    {
        struct alertlife_row row = {
            .id = ALERTLIFE_ROWS_MAX, .state = ALERTLIFE_LIVE, .seen = true};

        assert_int_equal(alertlife_apply(s.life, &row, 1), ERR_OK);
    }
    assert_int_equal(alertlife_forget(s.life, now_us, ids, 10), 10);
    assert_int_equal(alertlife_forget(s.life, now_us, ids, ALERTLIFE_ROWS_MAX), 0);
    for (unsigned i = 0; i < 10; i++) {
        struct alertlife_row row = {.id = ALERTLIFE_ROWS_MAX + 1 + i, .state = ALERTLIFE_LIVE};

        assert_int_equal(alertlife_apply(s.life, &row, 1), ERR_OK);
    }
    count = alertlife_forget(s.life, now_us, ids, ALERTLIFE_ROWS_MAX);
    assert_int_equal(count, ALERTLIFE_ROWS_MAX / 2 - 10 - 6);
    alertlife_free(s.life);
}

/* Any messages of two senders, in two random orders. */
static void test_random_messages_end_the_same_in_any_order(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "alertlife");
    for (int round = 0; round < 3000; round++) {
        struct alertlife_key keys[MESSAGES_MAX], refs[MESSAGES_MAX][2];
        struct alertlife_message m[MESSAGES_MAX];
        struct story one, other;

        for (int i = 0; i < MESSAGES_MAX; i++) {
            char name[] = {(char)('a' + i), '\0'};
            bool upper = prop_one_in(&p, 3);
            size_t count = i == 0 ? 0 : (size_t)prop_range(&p, 0, 2);

            keys[i] = key(upper ? "tinh" : "xa", name, i);
            for (size_t k = 0; k < count; k++)
                refs[i][k] = keys[prop_range(&p, 0, i - 1)];
            m[i] = message(count == 0 ? ALERTLIFE_ALERT
                                      : (enum alertlife_type)prop_range(&p, ALERTLIFE_UPDATE,
                                                                        ALERTLIFE_CANCEL),
                           keys[i], refs[i], count);
            m[i].superior = upper;
        }
        begin(&one);
        begin(&other);
        for (int i = 0; i < MESSAGES_MAX; i++)
            tell(&one, &m[i]);
        for (int i = MESSAGES_MAX - 1; i > 0; i--) {
            int k = (int)prop_range(&p, 0, i);
            struct alertlife_message swap = m[i];

            m[i] = m[k];
            m[k] = swap;
        }
        for (int i = 0; i < MESSAGES_MAX; i++) {
            tell(&other, &m[i]);
            if (prop_one_in(&p, 2))
                restart(&other);
        }
        for (int i = 0; i < MESSAGES_MAX; i++) {
            if (state_of(&one, &keys[i]) != state_of(&other, &keys[i]))
                fail_msg("round %d, message %d: %d and %d", round, i, state_of(&one, &keys[i]),
                         state_of(&other, &keys[i]));
        }
        alertlife_free(one.life);
        alertlife_free(other.life);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert_update_and_cancel_end_the_same_in_every_order),
        cmocka_unit_test(test_a_cancel_ends_a_chain_of_updates_but_no_newer_one),
        cmocka_unit_test(test_only_the_sender_or_a_superior_ends_an_alert),
        cmocka_unit_test(test_a_sender_cannot_cancel_its_superiors_update),
        cmocka_unit_test(test_one_identifier_names_one_message),
        cmocka_unit_test(test_an_alert_ends_when_it_expires_and_is_not_repeated),
        cmocka_unit_test(test_rows_are_forgotten_when_they_cannot_matter_any_more),
        cmocka_unit_test(test_too_much_is_refused_and_changes_nothing),
        cmocka_unit_test(test_under_pressure_what_expired_a_day_ago_makes_room),
        cmocka_unit_test(test_random_messages_end_the_same_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
