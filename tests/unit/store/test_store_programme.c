#include <stdio.h>
#include <string.h>

#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_event.h"
#include "store_media.h"
#include "store_zone.h"
#include "storefix.h"

static void test_a_recording_is_kept_with_all_its_fields(void **state)
{
    struct storefix *f = *state;
    struct media_info wanted = storefix_media(2);
    struct media_info m;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_media_get(f->db, &s.media[1], &m));
    assert_memory_equal(&m, &wanted, sizeof m);
    assert_err(ERR_EXISTS, store_media_add(f->db, &wanted));
    wanted = storefix_media(77);
    assert_err(ERR_NOT_FOUND, store_media_get(f->db, &wanted.id, &m));
    wanted.created_by.v = 99;
    assert_err(ERR_NOT_FOUND, store_media_add(f->db, &wanted));
}

static void test_a_recording_that_a_bulletin_uses_is_not_deleted(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct bulletin b;
    struct bulletin_id id;
    struct sample s;

    storefix_fill(f, &s);
    b = storefix_bulletin(&s);
    b.parts[1] = b.parts[0];
    assert_ok(store_bulletin_add(f->db, &b, &id, NULL));
    assert_err(ERR_STATE, store_media_delete(f->db, &s.media[0], &detail));
    assert_non_null(strstr(detail.text, "bulletin 1 uses this recording"));
}

static void test_a_recording_of_a_broadcast_that_is_kept_is_not_deleted(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct media_info m = storefix_media(9);
    struct broadcast b = {.title = "x",
                          .priority = PRIORITY_NORMAL,
                          .start_us = NOW_US,
                          .repeats = 1,
                          .media_count = 1,
                          .media = {{.kind = PART_MEDIA, .media = m.id}}};
    struct broadcast got;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_media_add(f->db, &m));
    assert_ok(store_broadcast_add(f->db, &b, &b.id));
    for (int st = BROADCAST_PLANNED; st <= BROADCAST_ON_AIR; st++) {
        b.state = (enum broadcast_state)st;
        assert_ok(store_broadcast_set_state(f->db, &b));
        detail = (struct err_detail){0};
        assert_err(ERR_STATE, store_media_delete(f->db, &m.id, &detail));
        assert_non_null(strstr(detail.text, "broadcast 2 uses this recording"));
    }
    b.state = BROADCAST_CLOSED;
    assert_ok(store_broadcast_set_state(f->db, &b));
    assert_err(ERR_STATE, store_media_delete(f->db, &m.id, &detail));
    assert_non_null(strstr(detail.text, "broadcast 2 sounded this recording"));
    assert_ok(store_broadcast_get(f->db, b.id, &got));
    assert_int_equal(got.media_count, 1);
    assert_memory_equal(&got.media[0].media, &m.id, sizeof m.id);
    broadcast_deinit(&got);
}

static void test_a_bulletin_is_kept_with_parts_and_their_durations(void **state)
{
    struct storefix *f = *state;
    struct bulletin b;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_bulletin_get(f->db, s.bulletin, &b));
    assert_string_equal(b.title, "Lịch tiêm chủng");
    assert_int_equal(b.kind, BULLETIN_HEALTH);
    assert_int_equal(b.priority, PRIORITY_NORMAL);
    assert_int_equal(b.state, BULLETIN_APPROVED);
    assert_int_equal(b.author.v, s.author.v);
    assert_int_equal(b.decided_by.v, s.approver.v);
    assert_int_equal(b.created_us, NOW_US);
    assert_int_equal(b.decided_us, NOW_US);
    assert_int_equal(b.expires_us, NOW_US + USEC_PER_DAY);
    assert_int_equal(b.part_count, 2);
    assert_int_equal(b.parts[1].kind, PART_MEDIA);
    assert_memory_equal(&b.parts[1].media, &s.media[1], sizeof s.media[1]);
    assert_int_equal(b.parts[1].duration_ms, 10001);
}

static void test_a_relay_comes_back_with_its_addresses_and_keeps_its_fallback(void **state)
{
    struct storefix *f = *state;
    struct bulletin b, found;
    struct sample s;

    storefix_fill(f, &s);
    b = storefix_bulletin(&s);
    b.part_count = 1;
    b.parts[0].kind = PART_RELAY;
    b.parts[0].duration_ms = 600000;
    snprintf(b.source.from, sizeof b.source.from, "https://vov.vn/a");
    snprintf(b.source.backup, sizeof b.source.backup, "https://vov.vn/b");
    assert_ok(store_bulletin_add(f->db, &b, &b.id, NULL));
    assert_ok(store_bulletin_get(f->db, b.id, &found));
    assert_int_equal(found.parts[0].kind, PART_RELAY);
    assert_int_equal(found.parts[0].duration_ms, 600000);
    assert_string_equal(found.source.from, "https://vov.vn/a");
    assert_string_equal(found.source.backup, "https://vov.vn/b");
    assert_int_equal(found.source.fallback_ms, 10001);
    assert_memory_equal(&found.parts[0].media, &s.media[0], sizeof s.media[0]);
    memset(&b.parts[0].media, 0, sizeof b.parts[0].media);
    assert_ok(store_bulletin_edit(f->db, &b, s.author, NOW_US, NULL));
    assert_ok(store_bulletin_get(f->db, b.id, &found));
    assert_int_equal(found.source.fallback_ms, 0);
    assert_int_equal(found.parts[0].duration_ms, 600000);
}

static void test_the_history_of_an_approval_is_kept(void **state)
{
    struct storefix *f = *state;
    struct bulletin_step steps[8];
    struct db_page page = {0};
    struct bulletin b;
    struct sample s;
    size_t n = 0;

    storefix_fill(f, &s);
    b = storefix_bulletin(&s);
    assert_ok(store_bulletin_add(f->db, &b, &b.id, NULL));
    b.state = BULLETIN_SUBMITTED;
    assert_ok(store_bulletin_step(f->db, &b, BULLETIN_DRAFT, s.author, NOW_US + 1, NULL));
    b.state = BULLETIN_REJECTED;
    b.decided_by = s.approver;
    b.decided_us = NOW_US + 2;
    snprintf(b.reason, sizeof b.reason, "sai ngày");
    assert_ok(store_bulletin_step(f->db, &b, BULLETIN_SUBMITTED, s.approver, NOW_US + 2, NULL));
    assert_ok(store_bulletin_get(f->db, b.id, &b));
    assert_string_equal(b.reason, "sai ngày");
    b.part_count = 1;
    assert_ok(store_bulletin_edit(f->db, &b, s.author, NOW_US + 3, NULL));
    assert_ok(store_bulletin_get(f->db, b.id, &b));
    assert_int_equal(b.state, BULLETIN_DRAFT);
    assert_int_equal(b.decided_by.v, 0);
    assert_int_equal(b.decided_us, 0);
    assert_string_equal(b.reason, "");
    assert_int_equal(b.part_count, 1);
    assert_ok(store_bulletin_history(f->db, b.id, &page, steps, 8, &n));
    assert_int_equal(n, 3);
    assert_int_equal(steps[1].from, BULLETIN_SUBMITTED);
    assert_int_equal(steps[1].to, BULLETIN_REJECTED);
    assert_int_equal(steps[1].by.v, s.approver.v);
    assert_int_equal(steps[1].at_us, NOW_US + 2);
    assert_string_equal(steps[1].reason, "sai ngày");
    assert_string_equal(steps[2].reason, "");
    assert_int_equal(steps[2].to, BULLETIN_DRAFT);
}

static void test_only_drafts_and_rejected_bulletins_are_edited(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct bulletin b;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_bulletin_get(f->db, s.bulletin, &b));
    assert_err(ERR_STATE, store_bulletin_edit(f->db, &b, s.author, NOW_US, &detail));
    assert_string_not_equal(detail.text, "");
    b.id.v = 99;
    assert_err(ERR_NOT_FOUND, store_bulletin_edit(f->db, &b, s.author, NOW_US, NULL));
}

static void test_a_step_that_somebody_else_made_first_is_refused(void **state)
{
    struct storefix *f = *state;
    struct bulletin b;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_bulletin_get(f->db, s.bulletin, &b));
    b.state = BULLETIN_REJECTED;
    assert_err(ERR_STATE,
               store_bulletin_step(f->db, &b, BULLETIN_SUBMITTED, s.approver, NOW_US, NULL));
    assert_err(ERR_NOT_FOUND, store_bulletin_step(f->db, &b, BULLETIN_APPROVED,
                                                  (struct user_id){99}, NOW_US, NULL));
    b.id.v = 99;
    assert_err(ERR_NOT_FOUND,
               store_bulletin_step(f->db, &b, BULLETIN_SUBMITTED, s.approver, NOW_US, NULL));
    assert_ok(store_bulletin_get(f->db, s.bulletin, &b));
    assert_int_equal(b.state, BULLETIN_APPROVED);
}

static void test_a_bulletin_with_an_unknown_recording_is_refused(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct bulletin_id id;
    struct bulletin b;
    struct sample s;

    storefix_fill(f, &s);
    b = storefix_bulletin(&s);
    b.parts[1].media.sha256[5] = 1;
    assert_err(ERR_NOT_FOUND, store_bulletin_add(f->db, &b, &id, &detail));
    assert_non_null(strstr(detail.text, "import it first"));
    b.part_count = BULLETIN_PARTS_MAX + 1;
    assert_err(ERR_ARG, store_bulletin_add(f->db, &b, &id, NULL));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM bulletin"), 1);
}

static void test_only_drafts_that_nothing_refers_to_are_deleted(void **state)
{
    struct storefix *f = *state;
    struct bulletin b;
    struct event v;
    struct sample s;

    storefix_fill(f, &s);
    assert_err(ERR_STATE, store_bulletin_delete(f->db, s.bulletin, NULL));
    b = storefix_bulletin(&s);
    assert_ok(store_bulletin_add(f->db, &b, &b.id, NULL));
    assert_ok(store_bulletin_delete(f->db, b.id, NULL));
    assert_err(ERR_NOT_FOUND, store_bulletin_delete(f->db, b.id, NULL));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM bulletin_part"), 2);
    assert_ok(store_bulletin_add(f->db, &b, &b.id, NULL));
    v = storefix_event(&s);
    v.bulletin = b.id;
    assert_ok(store_event_add(f->db, &v, &v.id, NULL));
    assert_err(ERR_STATE, store_bulletin_delete(f->db, b.id, NULL));
}

static void test_bulletins_are_listed_by_state(void **state)
{
    struct storefix *f = *state;
    struct bulletin rows[4];
    struct db_page page = {0};
    struct bulletin b;
    struct sample s;
    size_t n = 0;

    storefix_fill(f, &s);
    b = storefix_bulletin(&s);
    assert_ok(store_bulletin_add(f->db, &b, &b.id, NULL));
    assert_ok(store_bulletin_list(f->db, 1U << BULLETIN_APPROVED, &page, rows, 4, &n));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].id.v, s.bulletin.v);
    assert_int_equal(rows[0].part_count, 2);
    page = (struct db_page){0};
    assert_ok(store_bulletin_list(f->db, 1U << BULLETIN_DRAFT | 1U << BULLETIN_APPROVED, &page,
                                  rows, 4, &n));
    assert_int_equal(n, 2);
    page = (struct db_page){0};
    assert_ok(store_bulletin_list(f->db, 1U << BULLETIN_REJECTED, &page, rows, 4, &n));
    assert_int_equal(n, 0);
}

static void test_an_event_is_kept_with_all_its_fields(void **state)
{
    struct storefix *f = *state;
    struct event wanted;
    struct event v;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_event_get(f->db, s.event, &v));
    wanted = storefix_event(&s);
    assert_int_equal(v.bulletin.v, s.bulletin.v);
    assert_false(v.everyone);
    assert_int_equal(v.zone_count, 2);
    assert_int_equal(v.zones[0].v, s.zones[0].v);
    assert_int_equal(v.zones[1].v, s.zones[1].v);
    assert_string_equal(v.ics, wanted.ics);
    assert_int_equal(v.repeats, 2);
    assert_int_equal(v.pause_ms, 30000);
    assert_true(v.quiet_confirmed);
    assert_false(v.cancelled);
    assert_int_equal(v.created_by.v, s.author.v);
    assert_int_equal(v.created_us, NOW_US);
    v.everyone = true;
    v.zone_count = 0;
    v.repeats = 10;
    memset(v.ics, 'x', EVENT_ICS_MAX);
    v.ics[EVENT_ICS_MAX] = '\0';
    assert_ok(store_event_update(f->db, &v, NULL));
    memset(&v, 0xFF, sizeof v);
    assert_ok(store_event_get(f->db, s.event, &v));
    assert_true(v.everyone);
    assert_int_equal(v.zone_count, 0);
    assert_int_equal(v.repeats, 10);
    assert_int_equal(strlen(v.ics), EVENT_ICS_MAX);
}

static void test_an_event_outside_its_limits_is_refused(void **state)
{
    struct storefix *f = *state;
    struct event good;
    struct event v;
    struct sample s;

    storefix_fill(f, &s);
    good = storefix_event(&s);
    v = good;
    v.everyone = true;
    assert_err(ERR_ARG, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.zone_count = 0;
    assert_err(ERR_ARG, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.repeats = 11;
    assert_err(ERR_ARG, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.pause_ms = EVENT_PAUSE_MAX_MS + 1;
    assert_err(ERR_ARG, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.ics[0] = '\0';
    assert_err(ERR_ARG, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.zones[1].v = 99;
    assert_err(ERR_NOT_FOUND, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.bulletin.v = 99;
    assert_err(ERR_NOT_FOUND, store_event_add(f->db, &v, &v.id, NULL));
    v = good;
    v.zones[1] = v.zones[0];
    assert_ok(store_event_add(f->db, &v, &v.id, NULL));
    assert_ok(store_event_get(f->db, v.id, &v));
    assert_int_equal(v.zone_count, 1);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM event"), 2);
}

static void test_a_cancelled_event_stays_as_history_only(void **state)
{
    struct storefix *f = *state;
    struct event rows[2];
    struct db_page page = {0};
    struct event v;
    struct sample s;
    size_t n = 9;

    storefix_fill(f, &s);
    assert_ok(store_event_cancel(f->db, s.event, NULL));
    assert_err(ERR_STATE, store_event_cancel(f->db, s.event, NULL));
    assert_err(ERR_NOT_FOUND, store_event_cancel(f->db, (struct event_id){99}, NULL));
    assert_ok(store_event_get(f->db, s.event, &v));
    assert_true(v.cancelled);
    assert_err(ERR_STATE, store_event_update(f->db, &v, NULL));
    assert_ok(store_event_list(f->db, false, &page, rows, 2, &n));
    assert_int_equal(n, 0);
    assert_ok(store_event_list(f->db, true, &page, rows, 2, &n));
    assert_int_equal(n, 1);
    v.id.v = 99;
    assert_err(ERR_NOT_FOUND, store_event_update(f->db, &v, NULL));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_recording_is_kept_with_all_its_fields),
        CASE(test_a_recording_that_a_bulletin_uses_is_not_deleted),
        CASE(test_a_recording_of_a_broadcast_that_is_kept_is_not_deleted),
        CASE(test_a_bulletin_is_kept_with_parts_and_their_durations),
        CASE(test_a_relay_comes_back_with_its_addresses_and_keeps_its_fallback),
        CASE(test_the_history_of_an_approval_is_kept),
        CASE(test_only_drafts_and_rejected_bulletins_are_edited),
        CASE(test_a_step_that_somebody_else_made_first_is_refused),
        CASE(test_a_bulletin_with_an_unknown_recording_is_refused),
        CASE(test_only_drafts_that_nothing_refers_to_are_deleted),
        CASE(test_bulletins_are_listed_by_state),
        CASE(test_an_event_is_kept_with_all_its_fields),
        CASE(test_an_event_outside_its_limits_is_refused),
        CASE(test_a_cancelled_event_stays_as_history_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
