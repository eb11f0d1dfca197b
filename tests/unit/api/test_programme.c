/* From the upload to the broadcast: media, bulletins, events, play and stop. */
#include "apifix.h"

#include <stdio.h>
#include <unistd.h>

#include "store_media.h"

#define OPERATOR ROLE_OPERATOR
#define UPLOAD "/api/v1/media?title=B%E1%BA%A3n%20tin&name=a.wav"

static struct media_info imported(struct apifix *f)
{
    struct media_info info = {.duration_ms = 5000, .created_us = NOW_US, .created_by = {1}};
    char action[64];

    info.id.sha256[0] = 9;
    snprintf(info.title, sizeof(info.title), "%s", f->import_title);
    apifix_journal(f, action);
    return info;
}

static void test_an_upload_goes_to_a_file_and_its_import(void **state)
{
    struct apifix *f = *state;
    struct media_info info;
    char action[64];
    char text[16] = "";
    uint64_t id;
    FILE *file;

    assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_true(apifix_upload_piece(f, id, "RIFF", 4));
    assert_true(apifix_upload_piece(f, id, "data", 4));
    apifix_upload_end(f, id, UPLOAD, OPERATOR);
    assert_int_equal(f->answers, 0);
    assert_string_equal(f->import_title, "Bản tin");
    file = fopen(f->import_path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text), file), 8);
    fclose(file);
    assert_string_equal(text, "RIFFdata");
    unlink(f->import_path);
    info = imported(f);
    f->import_done(f->import_arg, ERR_OK, &info, NULL);
    assert_int_equal(f->answered, id);
    assert_int_equal(f->status, 201);
    assert_int_equal(apifix_number(f, "duration_ms"), 5000);
    apifix_journal(f, action);
    assert_string_equal(action, "media.import");
}

static enum err media_of(struct apifix *f, struct media_info *ret_media)
{
    const struct media_id id = {{9}};

    return store_media_get(f->db, &id, ret_media);
}

static void test_an_import_is_stored_and_journalled_or_neither(void **state)
{
    struct apifix *f = *state;
    unsigned faults = 0;

    for (unsigned n = 1;; n++) {
        struct media_info info, stored;
        uint64_t before, id;
        bool is_over;

        assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
        assert_true(apifix_upload_piece(f, id, "RIFF", 4));
        apifix_upload_end(f, id, UPLOAD, OPERATOR);
        unlink(f->import_path);
        info = imported(f);
        before = apifix_journal(f, NULL);
        db_set_fault(f->db, n, 0);
        f->import_done(f->import_arg, ERR_OK, &info, NULL);
        is_over = db_fault_pending(f->db);
        db_set_fault(f->db, 0, 0);
        assert_int_equal(media_of(f, &stored), f->status == 201 ? ERR_OK : ERR_NOT_FOUND);
        assert_int_equal(apifix_journal(f, NULL), before + (f->status == 201));
        if (is_over)
            break;
        faults++;
    }
    assert_int_equal(f->status, 201);
    assert_true(faults > 3);
}

static void test_the_same_sound_again_keeps_its_first_title(void **state)
{
    struct apifix *f = *state;
    struct media_info info;

    for (int i = 0; i < 2; i++) {
        uint64_t id;

        assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
        assert_true(apifix_upload_piece(f, id, "RIFF", 4));
        apifix_upload_end(f, id, UPLOAD, OPERATOR);
        unlink(f->import_path);
        info = imported(f);
        if (i == 1)
            snprintf(info.title, sizeof(info.title), "Tên khác");
        f->import_done(f->import_arg, ERR_OK, &info, NULL);
        assert_int_equal(f->status, 201);
        assert_string_equal(apifix_string(f, "title"), "Bản tin");
    }
    assert_int_equal(apifix_journal(f, NULL), 2);
}

static void test_an_unusable_file_is_explained(void **state)
{
    struct apifix *f = *state;
    struct err_detail detail = {.text = "This is a playlist, not sound; upload the sound itself."};
    uint64_t id;

    assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_true(apifix_upload_piece(f, id, "#EXTM3U", 7));
    apifix_upload_end(f, id, UPLOAD, OPERATOR);
    unlink(f->import_path);
    f->import_done(f->import_arg, ERR_FORMAT, NULL, &detail);
    assert_int_equal(f->status, 422);
    assert_true(apifix_says(f, "playlist"));
    assert_int_equal(apifix_journal(f, NULL), 0);
}

static void test_an_upload_that_breaks_off_leaves_no_file(void **state)
{
    struct apifix *f = *state;
    uint64_t id;

    assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_true(apifix_upload_piece(f, id, "RIFF", 4));
    f->handler.on_gone(f->handler.ctx, id);
    assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_true(apifix_upload_piece(f, id, "RIFF", 4));
    /* The tear-down counts what is left, with one upload still under way. */
}

static void test_uploads_are_refused_before_their_body(void **state)
{
    struct apifix *f = *state;
    uint64_t id;

    assert_false(apifix_upload_begin(f, UPLOAD, 0, &id));
    assert_int_equal(f->status, 401);
    assert_false(apifix_upload_begin(f, UPLOAD, ROLE_AUDITOR, &id));
    assert_int_equal(f->status, 403);
    assert_false(apifix_upload_begin(f, "/api/v1/media", OPERATOR, &id));
    assert_int_equal(f->status, 400);
    assert_false(apifix_upload_begin(f, "/api/v1/media?title=%07", OPERATOR, &id));
    assert_int_equal(f->status, 400);
    for (int i = 0; i < 4; i++)
        assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_false(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_int_equal(f->status, 429);
}

static void test_an_empty_upload_and_a_busy_import_are_told(void **state)
{
    struct apifix *f = *state;
    uint64_t id;

    expect_status(f, 400, apifix_send(f, WEB_POST, UPLOAD, OPERATOR, NULL));
    f->import_result = ERR_BUSY;
    assert_true(apifix_upload_begin(f, UPLOAD, OPERATOR, &id));
    assert_true(apifix_upload_piece(f, id, "RIFF", 4));
    apifix_upload_end(f, id, UPLOAD, OPERATOR);
    assert_int_equal(f->status, 429);
}

static void test_media_are_listed_fetched_and_deleted_when_unused(void **state)
{
    struct apifix *f = *state;
    char hex[65];
    char path[128];
    FILE *file;

    apifix_media(f, 200, 1000, hex);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/media", OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "items.0.sha256"), hex);
    snprintf(path, sizeof(path), "%s/media-c8", f->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("OggS and so on", file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof(path), "/api/v1/media/%s/file", hex);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_string_equal(f->text, "OggS and so on");
    assert_string_equal(f->type, "audio/ogg");
    f->range = "bytes=5-7";
    expect_status(f, 206, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_string_equal(f->text, "and");
    f->range = NULL;
    snprintf(path, sizeof(path), "/api/v1/media/%s", hex);
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, OPERATOR, NULL));
    assert_int_equal(f->media_deletions, 1);
    expect_status(f, 404, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
}

static void test_media_in_use_stay_and_the_user_is_named(void **state)
{
    struct apifix *f = *state;
    char path[128];

    (void)apifix_bulletin(f, "Nước sạch", false);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/media", OPERATOR, NULL));
    snprintf(path, sizeof(path), "/api/v1/media/%s", apifix_string(f, "items.0.sha256"));
    expect_status(f, 409, apifix_send(f, WEB_DELETE, path, OPERATOR, NULL));
    assert_true(apifix_says(f, "ulletin"));
    assert_int_equal(f->media_deletions, 0);
}

static void test_a_bulletin_goes_from_draft_to_approval(void **state)
{
    struct apifix *f = *state;
    uint64_t id = apifix_bulletin(f, "Tiêm chủng", false);
    char action[64];
    char name[32];

    assert_int_equal(id, 1);
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", ROLE_APPROVER, NULL));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", OPERATOR, NULL));
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", OPERATOR, NULL));
    expect_status(f, 409, apifix_send(f, WEB_DELETE, "/api/v1/bulletins/1", OPERATOR, NULL));
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/reject", ROLE_APPROVER,
                              "{\"reason\": \"Sai ngày\"}"));
    assert_string_equal(apifix_string(f, "state"), "rejected");
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", OPERATOR, NULL));
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", ROLE_APPROVER, NULL));
    apifix_journal(f, action);
    assert_string_equal(action, "bulletin.approve");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins/1", ROLE_AUDITOR, NULL));
    assert_string_equal(apifix_string(f, "state"), "approved");
    assert_true(json_array_size(apifix_json(f, "history")) >= 4);
    snprintf(name, sizeof(name), "user-%u", OPERATOR);
    assert_string_equal(apifix_string(f, "author_name"), name);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(apifix_json(f, "history"), 0), "by_name")),
        name);
    assert_int_equal(apifix_number(f, "duration_ms"), 60000);
    expect_status(f, 200,
                  apifix_send(f, WEB_GET, "/api/v1/bulletins?state=approved", OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/bulletins?state=draft", OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 0);
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/bulletins?state=x", OPERATOR, NULL));
}

static void test_the_author_does_not_approve_unless_policy_says_so(void **state)
{
    struct apifix *f = *state;
    unsigned both = OPERATOR | ROLE_APPROVER;
    char hex[65];
    char body[256];

    apifix_media(f, 201, 1000, hex);
    snprintf(body, sizeof(body), "{\"title\": \"T\", \"media\": [\"%s\"]}", hex);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/bulletins", both, body));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", both, NULL));
    expect_status(f, 403, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", both, NULL));
    f->station.policy.author_may_approve = true;
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", both, NULL));
}

static void test_who_changed_a_bulletin_does_not_approve_it(void **state)
{
    struct apifix *f = *state;
    unsigned both = OPERATOR | ROLE_APPROVER;
    char hex[65];
    char body[256];

    (void)apifix_bulletin(f, "A", false);
    apifix_media(f, 204, 2000, hex);
    snprintf(body, sizeof(body), "{\"title\": \"B\", \"media\": [\"%s\"]}", hex);
    f->if_match = "*";
    expect_status(f, 200, apifix_send(f, WEB_PUT, "/api/v1/bulletins/1", both, body));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/submit", OPERATOR, NULL));
    expect_status(f, 403, apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", both, NULL));
    assert_true(apifix_says(f, "another approver"));
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/approve", ROLE_APPROVER, NULL));
}

static void test_bulletins_are_checked_as_entered(void **state)
{
    struct apifix *f = *state;
    char hex[65];
    char body[512];

    apifix_media(f, 202, 1000, hex);
    snprintf(body, sizeof(body), "{\"title\": \"\", \"media\": [\"%s\"]}", hex);
    assert_in_range(apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body), 400, 422);
    snprintf(body, sizeof(body), "{\"title\": \"T\", \"media\": [\"%s\"], \"kind\": \"x\"}", hex);
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body));
    snprintf(body, sizeof(body), "{\"title\": \"T\", \"media\": [\"%s\"], \"expires_us\": 5}", hex);
    expect_status(f, 422, apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body));
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR,
                              "{\"title\": \"T\", \"media\": []}"));
    expect_status(f, 400,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR,
                              "{\"title\": \"T\", \"media\": [\"abc\"]}"));
    hex[0] = hex[0] == 'f' ? 'e' : 'f';
    snprintf(body, sizeof(body), "{\"title\": \"T\", \"media\": [\"%s\"]}", hex);
    expect_status(f, 404, apifix_send(f, WEB_POST, "/api/v1/bulletins", OPERATOR, body));
    assert_int_equal(apifix_journal(f, NULL), 0);
}

static void test_a_draft_is_changed_and_deleted(void **state)
{
    struct apifix *f = *state;
    char hex[65];
    char body[256];

    (void)apifix_bulletin(f, "A", false);
    apifix_media(f, 203, 2000, hex);
    snprintf(body, sizeof(body),
             "{\"title\": \"B\", \"media\": [\"%s\", \"%s\"], \"priority\": \"priority\"}", hex,
             hex);
    f->if_match = "*";
    expect_status(f, 200, apifix_send(f, WEB_PUT, "/api/v1/bulletins/1", OPERATOR, body));
    assert_int_equal(apifix_number(f, "duration_ms"), 4000);
    assert_string_equal(apifix_string(f, "priority"), "priority");
    expect_status(f, 204, apifix_send(f, WEB_DELETE, "/api/v1/bulletins/1", OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/bulletins/1", OPERATOR, NULL));
}

static void test_a_one_off_event_appears_in_the_schedule(void **state)
{
    struct apifix *f = *state;
    usec_t start_us = NOW_US + 2 * USEC_PER_HOUR;

    (void)apifix_zone(f, "1", "A");
    (void)apifix_bulletin(f, "Tiêm chủng", true);
    f->schedule_changes = 0;
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR,
                              "{\"bulletin\": 1, \"start\": \"2026-11-23T12:00\", \"zones\": [1],"
                              " \"repeats\": 2, \"pause_ms\": 30000}"));
    assert_int_equal(f->schedule_changes, 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/schedule", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    assert_int_equal(apifix_number(f, "items.0.start_us"), start_us);
    assert_int_equal(apifix_number(f, "items.0.end_us"), start_us + 150 * USEC_PER_SEC);
    assert_string_equal(apifix_string(f, "items.0.title"), "Tiêm chủng");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/events/1", OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "kind"), "once");
    assert_string_equal(apifix_string(f, "start"), "2026-11-23T12:00:00");
    expect_status(f, 204, apifix_send(f, WEB_DELETE, "/api/v1/events/1", OPERATOR, NULL));
    expect_status(f, 409, apifix_send(f, WEB_DELETE, "/api/v1/events/1", OPERATOR, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/schedule", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 0);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/events?cancelled=true", OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
}

static void test_a_weekly_event_repeats_on_its_days(void **state)
{
    struct apifix *f = *state;
    char path[128];

    (void)apifix_bulletin(f, "Thể dục", true);
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\":"
                              " [\"mon\", \"thu\"], \"time\": \"06:30\", \"from\": \"2026-11-23\","
                              " \"until\": \"2026-12-31\"}}"));
    snprintf(path, sizeof(path), "/api/v1/schedule?from_us=%lld&before_us=%lld", (long long)NOW_US,
             (long long)(NOW_US + 14 * USEC_PER_DAY));
    expect_status(f, 200, apifix_send(f, WEB_GET, path, OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 4);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/events/1", OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "weekdays.1"), "thu");
    assert_string_equal(apifix_string(f, "until"), "2026-12-31");
    expect_status(f, 422, apifix_send(f, WEB_GET, "/api/v1/schedule?before_us=5", OPERATOR, NULL));
}

static void test_quiet_hours_ask_for_a_second_confirmation(void **state)
{
    struct apifix *f = *state;
    static const char event[] = "{\"bulletin\": 1, \"everyone\": true,"
                                " \"start\": \"2026-11-24T05:30\"%s}";
    char body[256];

    (void)apifix_bulletin(f, "A", true);
    snprintf(body, sizeof(body), event, "");
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR, body));
    assert_string_equal(apifix_string(f, "confirm"), "quiet_confirmed");
    assert_true(apifix_says(f, "21:00 to 06:00"));
    snprintf(body, sizeof(body), event, ", \"quiet_confirmed\": true");
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR, body));
    /* It begins before the quiet hours and ends in them. */
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true,"
                              " \"start\": \"2026-11-24T20:59:30\"}"));
}

static void test_nothing_is_planned_outside_the_allowed_hours(void **state)
{
    struct apifix *f = *state;

    (void)apifix_bulletin(f, "A", true);
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true, \"quiet_confirmed\": true,"
                              " \"start\": \"2026-11-24T03:15\"}"));
    assert_true(apifix_says(f, "05:00 to 22:00"));
}

static void test_nothing_lasts_longer_than_policy_allows(void **state)
{
    struct apifix *f = *state;
    static const char event[] = "{\"bulletin\": 1, \"everyone\": true, \"repeats\": 2,"
                                " \"pause_ms\": 0, \"start\": \"2026-11-24T12:00\"}";

    (void)apifix_bulletin(f, "A", true);
    f->station.policy.max_broadcast_s = 119;
    expect_status(f, 422, apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR, event));
    assert_true(apifix_says(f, "119 s"));
    f->station.policy.max_broadcast_s = 120;
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR, event));
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true,"
                              " \"start\": \"2026-11-23T09:59\"}"));
    assert_true(apifix_says(f, "in the past"));
}

static void test_events_are_checked_as_entered(void **state)
{
    struct apifix *f = *state;
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {"{\"bulletin\": 1, \"everyone\": true}", 400},
        {"{\"bulletin\": 1, \"start\": \"2026-11-23T12:00\"}", 400},
        {"{\"bulletin\": 1, \"everyone\": true, \"zones\": [1], \"start\": \"2026-11-23T12:00\"}",
         400},
        {"{\"bulletin\": 1, \"zones\": [9], \"start\": \"2026-11-23T12:00\"}", 404},
        {"{\"bulletin\": 1, \"zones\": [\"1\"], \"start\": \"2026-11-23T12:00\"}", 404},
        {"{\"bulletin\": 9, \"everyone\": true, \"start\": \"2026-11-23T12:00\"}", 404},
        {"{\"bulletin\": 2, \"everyone\": true, \"start\": \"2026-11-23T12:00\"}", 409},
        {"{\"bulletin\": 1, \"everyone\": true, \"start\": \"2026-11-23T09:59\"}", 422},
        {"{\"bulletin\": 1, \"everyone\": true, \"start\": \"2026-02-30T09:59\"}", 400},
        {"{\"bulletin\": 1, \"everyone\": true, \"start\": \"23/11/2026 12:00\"}", 400},
        {"{\"bulletin\": 1, \"everyone\": true, \"start\": \"2026-11-23T12:00\", \"repeats\": 11}",
         422},
        {"{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\": [\"mon\"]}}", 400},
        {"{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\": [\"day\"], \"time\":"
         " \"12:00\", \"from\": \"2026-11-23\"}}",
         400},
        {"{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\": [\"mon\"], \"time\":"
         " \"12:00\", \"from\": \"2026-01-05\", \"until\": \"2026-02-01\"}}",
         422},
        {"{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\": [\"mon\"], \"time\":"
         " \"25:00\", \"from\": \"2026-11-23\"}}",
         400},
        {"{\"bulletin\": 1, \"everyone\": true, \"start\": \"2026-11-23T12:00\", \"repeats\": 10,"
         " \"pause_ms\": 7200000}",
         422},
    };

    (void)apifix_zone(f, "1", "A");
    (void)apifix_bulletin(f, "A", true);
    (void)apifix_bulletin(f, "B", false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned status = apifix_send(f, WEB_POST, "/api/v1/events", OPERATOR, cases[i].body);

        if (status != cases[i].status)
            fail_msg("case %zu: %u %s", i, status, f->text);
    }
}

static void test_play_now_reaches_the_active_nodes_of_its_zones(void **state)
{
    struct apifix *f = *state;
    uint64_t a = apifix_zone(f, "1", "A");
    char action[64];

    (void)apifix_zone(f, "2", "B");
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN,
                              "{\"code\": \"3\", \"name\": \"A-1\", \"parent\": 1}"));
    (void)apifix_node(f, a, "1");
    (void)apifix_node(f, 3, "2");
    (void)apifix_node(f, a, "gone");
    expect_status(f, 204,
                  apifix_send(f, WEB_POST, "/api/v1/nodes/3/revoke", ROLE_TECHNICIAN, NULL));
    (void)apifix_bulletin(f, "A", true);
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR,
                              "{\"bulletin\": 1, \"zones\": [1], \"repeats\": 3}"));
    assert_int_equal(apifix_number(f, "id"), 77);
    assert_int_equal(f->played.node_count, 2);
    assert_int_equal(f->played.repeats, 3);
    assert_true(f->played.start_us > f->now_us);
    assert_int_equal(f->broadcasts_committed, 1);
    apifix_journal(f, action);
    assert_string_equal(action, "broadcast.play");
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR,
                              "{\"bulletin\": 1, \"zones\": [2]}"));
    assert_true(apifix_says(f, "No active node"));
    f->plan_result = ERR_IO;
    expect_status(f, 500,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true}"));
    assert_int_equal(f->broadcasts_committed, 1);
}

static void test_nothing_unapproved_or_expired_plays(void **state)
{
    struct apifix *f = *state;
    static const char play[] = "{\"bulletin\": 1, \"everyone\": true}";

    (void)apifix_node(f, apifix_zone(f, "1", "A"), "1");
    (void)apifix_bulletin(f, "A", false);
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR, play));
    assert_true(apifix_says(f, "not approved"));
    assert_int_equal(f->broadcasts_committed, 0);
}

static void test_play_now_in_quiet_hours_asks_first(void **state)
{
    struct apifix *f = *state;

    (void)apifix_node(f, apifix_zone(f, "1", "A"), "1");
    (void)apifix_bulletin(f, "A", true);
    f->now_us += 11 * USEC_PER_HOUR + 30 * USEC_PER_MIN;
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true}"));
    assert_string_equal(apifix_string(f, "confirm"), "quiet_confirmed");
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts", OPERATOR,
                              "{\"bulletin\": 1, \"everyone\": true, \"quiet_confirmed\": true}"));
    assert_true(f->played.may_break_quiet);
}

static void test_stopping_works_also_when_the_disk_fails(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 204,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts/5/stop", ROLE_TECHNICIAN, NULL));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/broadcasts/stop", ROLE_APPROVER, NULL));
    assert_int_equal(apifix_number(f, "stopped"), 3);
    assert_int_equal(apifix_journal(f, NULL), 2);
    f->stop_result = ERR_STATE;
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts/5/stop", ROLE_OPERATOR, NULL));
    f->stop_result = ERR_OK;
    for (unsigned n = 1; n < 200; n++) {
        unsigned before = f->stops;
        unsigned status;

        db_set_fault(f->db, 0, 0);
        (void)apifix_token(f, ROLE_OPERATOR);
        db_set_fault(f->db, 0, n);
        status = apifix_send(f, WEB_POST, "/api/v1/broadcasts/stop", ROLE_OPERATOR, NULL);
        db_set_fault(f->db, 0, 0);
        if (status == 500 && apifix_says(f, "It was stopped")) {
            assert_int_equal(f->stops, before + 1);
            return;
        }
    }
    fail_msg("the journal never failed");
}

static void test_broadcasts_are_listed_by_state(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 200,
                  apifix_send(f, WEB_GET, "/api/v1/broadcasts?state=on_air", OPERATOR, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/broadcasts?state=x", OPERATOR, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/broadcasts?from_us=x", OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/broadcasts/1", OPERATOR, NULL));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_an_upload_goes_to_a_file_and_its_import),
        WITH(test_an_import_is_stored_and_journalled_or_neither),
        WITH(test_the_same_sound_again_keeps_its_first_title),
        WITH(test_an_unusable_file_is_explained),
        WITH(test_an_upload_that_breaks_off_leaves_no_file),
        WITH(test_uploads_are_refused_before_their_body),
        WITH(test_an_empty_upload_and_a_busy_import_are_told),
        WITH(test_media_are_listed_fetched_and_deleted_when_unused),
        WITH(test_media_in_use_stay_and_the_user_is_named),
        WITH(test_a_bulletin_goes_from_draft_to_approval),
        WITH(test_the_author_does_not_approve_unless_policy_says_so),
        WITH(test_who_changed_a_bulletin_does_not_approve_it),
        WITH(test_bulletins_are_checked_as_entered),
        WITH(test_a_draft_is_changed_and_deleted),
        WITH(test_a_one_off_event_appears_in_the_schedule),
        WITH(test_a_weekly_event_repeats_on_its_days),
        WITH(test_quiet_hours_ask_for_a_second_confirmation),
        WITH(test_nothing_is_planned_outside_the_allowed_hours),
        WITH(test_nothing_lasts_longer_than_policy_allows),
        WITH(test_events_are_checked_as_entered),
        WITH(test_play_now_reaches_the_active_nodes_of_its_zones),
        WITH(test_nothing_unapproved_or_expired_plays),
        WITH(test_play_now_in_quiet_hours_asks_first),
        WITH(test_stopping_works_also_when_the_disk_fails),
        WITH(test_broadcasts_are_listed_by_state),
    };

    return cmocka_run_group_tests_name("programme", tests, NULL, NULL);
}
