/* The schedule: events changed, loaded from files, previewed, and why a node sounds. */
#include "apifix.h"

#include <stdio.h>
#include <stdlib.h>

#include "store_emergency.h"

#define OPERATOR ROLE_OPERATOR
#define DAILY                                                                         \
    "{\"bulletin\": 1, \"zones\": [1], \"weekly\": {\"weekdays\": [\"mon\", \"tue\"," \
    " \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], \"time\": \"06:30\", \"from\": "  \
    "\"2026-11-24\", \"until\": \"2026-12-05\"}%s}"
#define FIRST_US (NOW_US + USEC_PER_DAY - (3 * USEC_PER_HOUR + 30 * USEC_PER_MIN))

static unsigned post(struct apifix *f, const char *path, const char *body)
{
    return apifix_send(f, WEB_POST, path, OPERATOR, body);
}

/* One zone with a node, one approved bulletin of a minute, one event each day at 06:30. */
static void fill(struct apifix *f)
{
    char body[512];

    (void)apifix_zone(f, "thon1", "Thôn 1");
    (void)apifix_node(f, 1, "Cụm 1");
    (void)apifix_bulletin(f, "Bản tin", true);
    snprintf(body, sizeof(body), DAILY, "");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
}

static size_t planned(struct apifix *f)
{
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/schedule", OPERATOR, NULL), 200);
    return json_array_size(apifix_json(f, "items"));
}

static unsigned with_occurrence(struct apifix *f, enum web_method method, const char *path,
                                usec_t at_us, const char *more)
{
    char body[256];

    snprintf(body, sizeof(body), "{\"occurrence_us\": %lld%s}", (long long)at_us, more);
    return apifix_send(f, method, path, OPERATOR, body);
}

static void test_one_occurrence_is_skipped_or_moved(void **state)
{
    struct apifix *f = *state;

    fill(f);
    assert_int_equal(planned(f), 7);
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/skip", FIRST_US, ""), 200);
    assert_int_equal(apifix_number(f, "revision"), 2);
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/skip", FIRST_US, ""), 404);
    assert_int_equal(planned(f), 6);
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/move", FIRST_US + USEC_PER_DAY,
                                     ", \"start\": \"2026-11-25T17:00\""),
                     200);
    assert_int_equal(planned(f), 6);
    assert_int_equal(apifix_number(f, "items.0.start_us"),
                     FIRST_US + USEC_PER_DAY + 630 * USEC_PER_MIN);
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/move",
                                     FIRST_US + 2 * USEC_PER_DAY,
                                     ", \"start\": \"2026-11-26T05:30\""),
                     409);
    assert_string_equal(apifix_string(f, "confirm"), "quiet_confirmed");
}

static void test_what_is_only_checked_changes_nothing(void **state)
{
    struct apifix *f = *state;
    char body[512];

    fill(f);
    snprintf(body, sizeof(body), DAILY, "");
    assert_int_equal(post(f, "/api/v1/events?check=true", body), 409);
    snprintf(body, sizeof(body), DAILY, ", \"conflict\": \"append\"");
    assert_int_equal(post(f, "/api/v1/events?check=true", body), 200);
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/move?check=true", FIRST_US,
                                     ", \"start\": \"2026-11-24T17:00\""),
                     200);
    assert_int_equal(
        apifix_send(f, WEB_PATCH, "/api/v1/events/1?check=true", OPERATOR, "{\"repeats\": 3}"),
        200);
    assert_int_equal(planned(f), 7);
    assert_int_equal(apifix_number(f, "items.0.start_us"), FIRST_US);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/1", OPERATOR, NULL), 200);
    assert_int_equal(apifix_number(f, "revision"), 1);
}

static void test_this_and_following_become_another_event(void **state)
{
    struct apifix *f = *state;

    fill(f);
    assert_int_equal(with_occurrence(f, WEB_PATCH, "/api/v1/events/1", FIRST_US + 3 * USEC_PER_DAY,
                                     ", \"scope\": \"following\", \"repeats\": 2"),
                     200);
    assert_int_equal(apifix_number(f, "added"), 2);
    assert_int_equal(planned(f), 7);
    assert_int_equal(apifix_number(f, "items.2.event"), 1);
    assert_int_equal(apifix_number(f, "items.3.event"), 2);
    assert_int_equal(apifix_number(f, "items.6.event"), 2);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/2", OPERATOR, NULL), 200);
    assert_int_equal(apifix_number(f, "repeats"), 2);
}

static void test_all_or_one_are_changed(void **state)
{
    struct apifix *f = *state;

    fill(f);
    assert_int_equal(apifix_send(f, WEB_PATCH, "/api/v1/events/1", OPERATOR,
                                 "{\"weekly\": {\"weekdays\": [\"tue\"], \"time\": \"07:00\","
                                 " \"from\": \"2026-11-24\"}}"),
                     200);
    assert_int_equal(planned(f), 1);
    assert_int_equal(with_occurrence(f, WEB_PATCH, "/api/v1/events/1", FIRST_US + 30 * USEC_PER_MIN,
                                     ", \"scope\": \"one\", \"repeats\": 3"),
                     200);
    assert_int_equal(planned(f), 1);
    assert_int_equal(apifix_number(f, "items.0.event"), 2);
    assert_int_equal(apifix_number(f, "items.0.start_us"), FIRST_US + 30 * USEC_PER_MIN);
}

static void test_an_old_edition_is_not_changed(void **state)
{
    struct apifix *f = *state;

    fill(f);
    f->if_match = "\"7\"";
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/skip", FIRST_US, ""), 412);
    assert_true(apifix_says(f, "Someone else"));
    assert_int_equal(apifix_send(f, WEB_DELETE, "/api/v1/events/1", OPERATOR, NULL), 412);
    f->if_match = "\"1\"";
    assert_int_equal(with_occurrence(f, WEB_POST, "/api/v1/events/1/skip", FIRST_US, ""), 200);
}

static void test_equal_events_conflict_unless_one_waits(void **state)
{
    struct apifix *f = *state;
    char body[512];

    fill(f);
    snprintf(body, sizeof(body), DAILY, "");
    assert_int_equal(post(f, "/api/v1/events", body), 409);
    assert_true(apifix_says(f, "equal priority on 1 of its nodes"));
    snprintf(body, sizeof(body), DAILY, ", \"conflict\": \"append\"");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
    assert_int_equal(planned(f), 14);
    assert_int_equal(apifix_number(f, "items.1.event"), 2);
    assert_int_equal(apifix_number(f, "items.1.start_us"), apifix_number(f, "items.0.end_us"));
    assert_int_equal(apifix_number(f, "items.1.occurrence_us"), FIRST_US);
    snprintf(body, sizeof(body), DAILY, ", \"priority\": \"priority\"");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
    snprintf(body, sizeof(body), DAILY, ", \"priority\": \"emergency\"");
    assert_int_equal(post(f, "/api/v1/events", body), 400);
}

static void test_the_operators_order_settles_who_goes_first(void **state)
{
    struct apifix *f = *state;
    char body[512];
    char path[128];

    fill(f);
    snprintf(body, sizeof(body), DAILY, ", \"rank\": 4");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
    snprintf(path, sizeof(path), "/api/v1/nodes/1/why?at_us=%lld", (long long)FIRST_US);
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_string_equal(apifix_string(f, "items.0.why"), "rank");
    assert_int_equal(apifix_number(f, "items.0.by_event"), 2);
    assert_int_equal(apifix_send(f, WEB_PATCH, "/api/v1/events/1", OPERATOR, "{\"rank\": 3}"), 200);
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_int_equal(apifix_number(f, "items.1.by_event"), 1);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/1", OPERATOR, NULL), 200);
    assert_int_equal(apifix_number(f, "rank"), 3);
    assert_int_equal(apifix_send(f, WEB_PATCH, "/api/v1/events/1", OPERATOR, "{\"rank\": 10}"),
                     422);
}

static void test_a_week_is_copied_once(void **state)
{
    struct apifix *f = *state;
    static const char copy[] = "{\"from\": \"2026-11-24\", \"to\": \"2026-12-08\"}";

    fill(f);
    assert_int_equal(post(f, "/api/v1/schedule/copy-week", copy), 200);
    assert_int_equal(apifix_number(f, "added"), 7);
    assert_int_equal(post(f, "/api/v1/schedule/copy-week", copy), 200);
    assert_int_equal(apifix_number(f, "added"), 0);
    assert_int_equal(
        post(f, "/api/v1/schedule/copy-week", "{\"from\": \"2026-11-24\", \"to\": \"2026-12-09\"}"),
        400);
}

#define FILE_OF(lines)                                                                  \
    "{\"ics\": \"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nUID:a\\nDTSTART;TZID=Asia/"           \
    "Ho_Chi_Minh:20261124T080000\\nRRULE:FREQ=DAILY;COUNT=3\\nSUMMARY:Bản tin\\n" lines \
    "END:VEVENT\\nEND:VCALENDAR\\n\"}"

static void test_a_file_is_loaded_and_exported(void **state)
{
    struct apifix *f = *state;

    fill(f);
    assert_int_equal(post(f, "/api/v1/schedule/load",
                          FILE_OF("X-LOA-ZONES:thon1\\nX-LOA-REPEATS:2\\nX-MINE:kept\\n")),
                     201);
    assert_int_equal(planned(f), 10);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/schedule/export", OPERATOR, NULL), 200);
    assert_non_null(strstr(f->text, "X-MINE:kept"));
    assert_non_null(strstr(f->text, "X-LOA-BULLETIN:Bản tin"));
    assert_non_null(strstr(f->text, "X-LOA-ZONES:thon1"));
    assert_int_equal(post(f, "/api/v1/schedule/load", FILE_OF("X-LOA-ZONES:gone\\n")), 404);
    assert_true(apifix_says(f, "the zone gone"));
    assert_int_equal(post(f, "/api/v1/schedule/load", FILE_OF("X-LOA-BULLETIN:Khác\\n")), 404);
    assert_true(apifix_says(f, "no approved bulletin \"Khác\""));
    assert_int_equal(planned(f), 10);
}

static void test_a_file_loaded_again_changes_its_events(void **state)
{
    struct apifix *f = *state;

    fill(f);
    assert_int_equal(post(f, "/api/v1/schedule/load", FILE_OF("")), 201);
    assert_int_equal(apifix_number(f, "events.0"), 2);
    assert_int_equal(apifix_number(f, "updated"), 0);
    assert_int_equal(post(f, "/api/v1/schedule/load", FILE_OF("X-LOA-REPEATS:2\\n")), 201);
    assert_int_equal(apifix_number(f, "events.0"), 2);
    assert_int_equal(apifix_number(f, "updated"), 1);
    assert_int_equal(planned(f), 10);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/2", OPERATOR, NULL), 200);
    assert_int_equal(apifix_number(f, "repeats"), 2);
    assert_int_equal(apifix_number(f, "revision"), 2);
    /* A cancelled event stays as history. */
    assert_int_equal(apifix_send(f, WEB_DELETE, "/api/v1/events/2", OPERATOR, NULL), 204);
    assert_int_equal(post(f, "/api/v1/schedule/load", FILE_OF("")), 201);
    assert_int_equal(apifix_number(f, "events.0"), 3);
}

static void test_the_chime_stands_in_for_what_is_to_be_recorded(void **state)
{
    static const char file[] =
        "{\"chime\": true, \"ics\": \"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nUID:c\\nDTSTART;TZID="
        "Asia/Ho_Chi_Minh:20261124T080000\\nSUMMARY:Sáng\\nEND:VEVENT\\nEND:VCALENDAR\\n\"}";
    struct apifix *f = *state;
    struct emergency_entry chime = {.signal = EMERGENCY_TEST, .changed_us = NOW_US};
    char hex[65], action[64], path[64];
    uint64_t bulletin;

    fill(f);
    assert_int_equal(post(f, "/api/v1/schedule/load", file), 409);
    assert_true(apifix_says(f, "still making its chime"));
    apifix_media(f, 77, 6000, hex);
    assert_int_equal(bytes_from_hex(hex, chime.media.sha256, sizeof(chime.media.sha256)), ERR_OK);
    assert_int_equal(store_emergency_put(f->db, &chime), ERR_OK);
    assert_int_equal(post(f, "/api/v1/schedule/load", file), 201);
    assert_string_equal(apifix_string(f, "missing.0"), "Sáng");
    assert_int_equal(post(f, "/api/v1/schedule/load", file), 201);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/2", OPERATOR, NULL), 200);
    bulletin = (uint64_t)apifix_number(f, "bulletin");
    snprintf(path, sizeof(path), "/api/v1/bulletins/%llu", (unsigned long long)bulletin);
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_string_equal(apifix_string(f, "state"), "approved");
    assert_int_equal(apifix_number(f, "decided_by"), 0);
    assert_string_equal(apifix_string(f, "parts.0.media"), hex);
    /* What is written and approved takes its place with the next load. */
    (void)apifix_bulletin(f, "Sáng", true);
    assert_int_equal(post(f, "/api/v1/schedule/load", file), 201);
    assert_int_equal(json_array_size(apifix_json(f, "missing")), 0);
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/events/2", OPERATOR, NULL), 200);
    assert_true((uint64_t)apifix_number(f, "bulletin") > bulletin);
    apifix_journal(f, action);
    assert_string_equal(action, "schedule.load");
}

/* Who puts a recording in the signal's place has it approved like any other. */
static void test_only_the_chime_that_the_station_made_needs_no_approval(void **state)
{
    static const char file[] =
        "{\"chime\": true, \"ics\": \"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nUID:c\\nDTSTART;TZID="
        "Asia/Ho_Chi_Minh:20261124T080000\\nSUMMARY:Sáng\\nEND:VEVENT\\nEND:VCALENDAR\\n\"}";
    struct apifix *f = *state;
    char hex[65], body[128];

    fill(f);
    apifix_media(f, 78, 6000, hex);
    snprintf(body, sizeof(body), "{\"media\": \"%s\"}", hex);
    assert_int_equal(apifix_send(f, WEB_PUT, "/api/v1/emergency-set/test", ROLE_ADMIN, body), 200);
    assert_int_equal(post(f, "/api/v1/schedule/load", file), 409);
    assert_true(apifix_says(f, "only after approval"));
    assert_int_equal(planned(f), 7);
}

static void test_a_copied_week_keeps_to_the_hours(void **state)
{
    struct apifix *f = *state;
    static const char copy[] = "{\"from\": \"2026-11-24\", \"to\": \"2026-12-08\"%s}";
    char body[128];

    fill(f);
    assert_int_equal(
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"quiet_to_min\": 420}"), 200);
    snprintf(body, sizeof(body), copy, "");
    assert_int_equal(post(f, "/api/v1/schedule/copy-week", body), 409);
    assert_string_equal(apifix_string(f, "confirm"), "quiet_confirmed");
    snprintf(body, sizeof(body), copy, ", \"quiet_confirmed\": true");
    assert_int_equal(post(f, "/api/v1/schedule/copy-week", body), 200);
    assert_int_equal(apifix_number(f, "added"), 7);
}

static void test_a_week_of_many_events_is_copied_whole(void **state)
{
    struct apifix *f = *state;
    char body[256];

    fill(f);
    for (int i = 0; i < 40; i++) {
        snprintf(body, sizeof(body),
                 "{\"bulletin\": 1, \"zones\": [1], \"start\": \"2026-11-24T%02d:%02d\"}",
                 8 + i / 20, i % 20 * 3);
        assert_int_equal(post(f, "/api/v1/events", body), 201);
    }
    assert_int_equal(
        post(f, "/api/v1/schedule/copy-week", "{\"from\": \"2026-11-24\", \"to\": \"2026-12-08\"}"),
        200);
    assert_int_equal(apifix_number(f, "added"), 47);
}

static void test_the_preview_says_what_sounds_and_what_is_wrong(void **state)
{
    struct apifix *f = *state;
    char body[512];
    char path[128];

    fill(f);
    snprintf(body, sizeof(body), DAILY, ", \"priority\": \"priority\"");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
    snprintf(path, sizeof(path), "/api/v1/schedule/preview?from_us=%lld&before_us=%lld",
             (long long)FIRST_US, (long long)(FIRST_US + USEC_PER_HOUR));
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    assert_int_equal(apifix_number(f, "items.0.silent_on"), 1);
    assert_string_equal(apifix_string(f, "items.0.why"), "higher_level");
    assert_int_equal(apifix_number(f, "items.1.sounds_on"), 1);
    snprintf(path, sizeof(path), "/api/v1/nodes/1/why?at_us=%lld", (long long)FIRST_US);
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    assert_string_equal(apifix_string(f, "items.0.why"), "higher_level");
    assert_int_equal(apifix_number(f, "items.0.by_event"), 2);
    assert_string_equal(apifix_string(f, "items.1.why"), "sounds");
    assert_int_equal(apifix_send(f, WEB_GET, "/api/v1/nodes/9/why", OPERATOR, NULL), 404);
}

static void test_the_profile_refuses_what_is_beyond_its_quotas(void **state)
{
    struct apifix *f = *state;
    static const char at[] = "{\"bulletin\": 1, \"everyone\": true, \"conflict\": \"append\", "
                             "\"start\": \"2026-11-%s:00\"%s}";
    char body[256];
    char path[128];

    fill(f);
    assert_int_equal(
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"profile\": \"city\"}"), 400);
    assert_int_equal(
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"profile\": \"urban\"}"), 200);
    assert_string_equal(apifix_string(f, "profile"), "urban");
    snprintf(body, sizeof(body), at, "25T10", "");
    assert_int_equal(post(f, "/api/v1/events", body), 201);
    snprintf(body, sizeof(body), at, "25T15", "");
    assert_int_not_equal(post(f, "/api/v1/events", body), 201);
    assert_true(apifix_says(f, "a third session on a day"));
    snprintf(body, sizeof(body), at, "27T15", ", \"repeats\": 10, \"pause_ms\": 60000");
    assert_int_not_equal(post(f, "/api/v1/events", body), 201);
    assert_true(apifix_says(f, "more than 15 minutes"));
    snprintf(body, sizeof(body), at, "28T15", "");
    assert_int_not_equal(post(f, "/api/v1/events", body), 201);
    assert_true(apifix_says(f, "weekend"));
    /* What was there before the profile is shown, not forgotten. */
    snprintf(path, sizeof(path), "/api/v1/schedule/preview?from_us=%lld&before_us=%lld",
             (long long)(FIRST_US + 4 * USEC_PER_DAY), (long long)(FIRST_US + 5 * USEC_PER_DAY));
    assert_int_equal(apifix_send(f, WEB_GET, path, OPERATOR, NULL), 200);
    assert_string_equal(apifix_string(f, "findings.0.finding"), "quota_day");
    assert_int_equal(
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"profile\": \"none\"}"), 200);
    assert_int_equal(post(f, "/api/v1/events", body), 201);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_what_is_only_checked_changes_nothing),
        WITH(test_one_occurrence_is_skipped_or_moved),
        WITH(test_this_and_following_become_another_event),
        WITH(test_all_or_one_are_changed),
        WITH(test_an_old_edition_is_not_changed),
        WITH(test_equal_events_conflict_unless_one_waits),
        WITH(test_the_operators_order_settles_who_goes_first),
        WITH(test_a_week_is_copied_once),
        WITH(test_a_file_is_loaded_and_exported),
        WITH(test_a_file_loaded_again_changes_its_events),
        WITH(test_the_chime_stands_in_for_what_is_to_be_recorded),
        WITH(test_only_the_chime_that_the_station_made_needs_no_approval),
        WITH(test_a_copied_week_keeps_to_the_hours),
        WITH(test_a_week_of_many_events_is_copied_whole),
        WITH(test_the_preview_says_what_sounds_and_what_is_wrong),
        WITH(test_the_profile_refuses_what_is_beyond_its_quotas),
    };

    return cmocka_run_group_tests_name("api_schedule", tests, NULL, NULL);
}
