/* Whatever a person changes is in the journal: every route that is no GET is walked, and leaves its entry. */
#include "apifix.h"

#include <string.h>
#include <unistd.h>

#include "store_alarm.h"

#define HEX(digit) \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit
#define MEDIA HEX("5555") /* of apifix_media(f, 0x55) */
#define OPERATOR ROLE_OPERATOR
#define ADMIN ROLE_ADMIN
#define EVENT(more)                                                                       \
    "{\"bulletin\": 1, \"everyone\": true, \"weekly\": {\"weekdays\": [\"mon\", \"tue\"," \
    " \"wed\"], \"time\": \"06:30\", \"from\": \"2026-11-24\"}" more "}"
#define SECOND_US "1795563000000000" /* Wednesday 25, 06:30 */
#define THIRD_US "1795995000000000" /* Monday 30, 06:30 */
#define ALERT "{\"template\": \"flood\", \"everyone\": true, \"why\": \"lũ về\"}"
#define ICS                                                                               \
    "{\"ics\": \"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nUID:a\\nDTSTART;TZID=Asia/Ho_Chi_Minh:" \
    "20261124T080000\\nSUMMARY:Tin\\nX-LOA-ZONES:*\\nEND:VEVENT\\nEND:VCALENDAR\\n\"}"

/* In an order in which each finds what it needs. */
static const struct step {
    const char *pattern; /* of the route, after /api/v1 */
    enum web_method method;
    const char *path; /* NULL: as the pattern */
    unsigned roles; /* 0 nobody */
    const char *body;
    unsigned status;
    const char *action; /* of the entry */
} steps[] = {
    {"/setup", WEB_POST, NULL, 0,
     "{\"code\": \"" ADMIN_CODE "\", \"login\": \"chu\", \"name\": \"Chủ\","
     " \"password\": \"long enough\"}",
     201, "session.open"},
    {"/login", WEB_POST, NULL, 0, "{\"login\": \"chu\", \"password\": \"long enough\"}", 200,
     "session.open"},
    {"/users", WEB_POST, NULL, ADMIN,
     "{\"login\": \"hoa\", \"name\": \"Hoa\", \"password\": \"1234567890\","
     " \"roles\": [\"operator\"]}",
     201, "user.add"},
    {"/users/{id}", WEB_PATCH, "/users/1", ADMIN, "{\"name\": \"Khác\"}", 200, "user.change"},
    {"/tokens", WEB_POST, NULL, ADMIN, "{\"label\": \"máy in\"}", 201, "token.add"},
    {"/tokens/{id}", WEB_DELETE, "/tokens/1", ADMIN, NULL, 204, "token.revoke"},
    {"/station", WEB_PATCH, NULL, ADMIN, "{\"name\": \"Xã\"}", 200, "station.change"},
    {"/zones", WEB_POST, NULL, ADMIN, "{\"code\": \"t2\", \"name\": \"Thôn 2\"}", 201, "zone.add"},
    {"/zones/{id}", WEB_PATCH, "/zones/2", ADMIN, "{\"name\": \"Thôn Hai\"}", 200, "zone.change"},
    {"/zones/{id}", WEB_DELETE, "/zones/2", ADMIN, NULL, 204, "zone.delete"},
    {"/nodes/{id}", WEB_PATCH, "/nodes/1", ADMIN, "{\"name\": \"Cụm Một\"}", 200, "node.change"},
    {"/nodes/{id}/test", WEB_POST, "/nodes/1/test", ADMIN, NULL, 202, "node.test"},
    {"/nodes/{id}/reboot", WEB_POST, "/nodes/1/reboot", ADMIN, NULL, 202, "node.reboot"},
    {"/nodes/{id}/commissioning", WEB_PATCH, "/nodes/1/commissioning", ADMIN,
     "{\"item\": \"power\"}", 200, "node.check"},
    {"/nodes/{id}/photo", WEB_DELETE, "/nodes/1/photo", ADMIN, NULL, 204, "node.photo_delete"},
    {"/join-codes", WEB_POST, NULL, ADMIN, "{\"name\": \"Cụm 2\", \"zone\": 1}", 201, "join.add"},
    {"/join-codes/{id}", WEB_DELETE, "/join-codes/1", ADMIN, NULL, 204, "join.withdraw"},
    {"/alarms/{id}/acknowledge", WEB_POST, "/alarms/1/acknowledge", OPERATOR, NULL, 204,
     "alarm.acknowledge"},
    {"/speech", WEB_POST, NULL, OPERATOR, "{\"text\": \"Họp\", \"title\": \"Họp\"}", 201,
     "media.speak"},
    {"/dictionary", WEB_POST, NULL, OPERATOR, "{\"written\": \"NVH\", \"spoken\": \"nhà\"}", 201,
     "dictionary.put"},
    {"/dictionary/{id}", WEB_DELETE, "/dictionary/1", OPERATOR, NULL, 204, "dictionary.delete"},
    {"/bulletins", WEB_POST, NULL, OPERATOR, "{\"title\": \"Tin\", \"media\": [\"" MEDIA "\"]}",
     201, "bulletin.add"},
    {"/bulletins/{id}", WEB_PUT, "/bulletins/1", OPERATOR,
     "{\"title\": \"Tin\", \"media\": [\"" MEDIA "\"], \"priority\": \"priority\"}", 200,
     "bulletin.change"},
    {"/bulletins/{id}/submit", WEB_POST, "/bulletins/1/submit", OPERATOR, NULL, 200,
     "bulletin.submit"},
    {"/bulletins/{id}/reject", WEB_POST, "/bulletins/1/reject", ROLE_APPROVER,
     "{\"reason\": \"sai\"}", 200, "bulletin.reject"},
    {"/bulletins", WEB_POST, NULL, OPERATOR, "{\"title\": \"Hai\", \"media\": [\"" MEDIA "\"]}",
     201, "bulletin.add"},
    {"/bulletins/{id}/copy", WEB_POST, "/bulletins/2/copy", OPERATOR, "{}", 201, "bulletin.add"},
    {"/bulletins/{id}", WEB_DELETE, "/bulletins/3", OPERATOR, NULL, 204, "bulletin.delete"},
    {"/bulletins/{id}/submit", WEB_POST, "/bulletins/1/submit", OPERATOR, NULL, 200,
     "bulletin.submit"},
    {"/bulletins/{id}/approve", WEB_POST, "/bulletins/1/approve", ROLE_APPROVER, NULL, 200,
     "bulletin.approve"},
    {"/events", WEB_POST, NULL, OPERATOR, EVENT(""), 201, "event.add"},
    {"/events/{id}", WEB_PATCH, "/events/1", OPERATOR, "{\"rank\": 3}", 200, "event.change"},
    {"/events/{id}/skip", WEB_POST, "/events/1/skip", OPERATOR,
     "{\"occurrence_us\": " SECOND_US "}", 200, "event.skip"},
    {"/events/{id}/move", WEB_POST, "/events/1/move", OPERATOR,
     "{\"occurrence_us\": " THIRD_US ", \"start\": \"2026-11-30T09:00\"}", 200, "event.move"},
    {"/schedule/copy-week", WEB_POST, NULL, OPERATOR,
     "{\"from\": \"2026-11-24\", \"to\": \"2026-12-01\"}", 200, "event.copy"},
    {"/schedule/load", WEB_POST, NULL, OPERATOR, ICS, 201, "schedule.load"},
    {"/events/{id}", WEB_DELETE, "/events/1", OPERATOR, NULL, 204, "event.cancel"},
    {"/emergency-set/{signal}", WEB_PUT, "/emergency-set/siren", ADMIN,
     "{\"media\": \"" MEDIA "\"}", 200, "emergency.set"},
    {"/emergency-set/{signal}/play", WEB_POST, "/emergency-set/siren/play", ADMIN,
     "{\"everyone\": true}", 201, "emergency.play"},
    {"/broadcasts", WEB_POST, NULL, OPERATOR, "{\"bulletin\": 1, \"everyone\": true}", 201,
     "broadcast.play"},
    {"/broadcasts/{id}/stop", WEB_POST, "/broadcasts/77/stop", OPERATOR, NULL, 204,
     "broadcast.stop"},
    {"/broadcasts/stop", WEB_POST, NULL, OPERATOR, NULL, 200, "broadcast.stop"},
    {"/live", WEB_POST, NULL, OPERATOR, "{\"title\": \"Xã đội\", \"everyone\": true}", 201,
     "live.begin"},
    {"/broadcasts/{id}/hang-up", WEB_POST, "/broadcasts/78/hang-up", OPERATOR, NULL, 204,
     "live.hang_up"},
    {"/alert-templates/{name}", WEB_PUT, "/alert-templates/fire", OPERATOR,
     "{\"text\": \"Cháy tại {noi}!\"}", 200, "alert_template.set"},
    {"/users/{id}/alert-area", WEB_PUT, "/users/1/alert-area", ADMIN, "{\"zones\": [1]}", 200,
     "alert_area.set"},
    {"/alerts", WEB_POST, NULL, OPERATOR, ALERT, 201, "alert.new"},
    {"/alerts/{id}/update", WEB_POST, "/alerts/1/update", OPERATOR, ALERT, 201, "alert.update"},
    {"/alerts/{id}/all-clear", WEB_POST, "/alerts/2/all-clear", OPERATOR, NULL, 201,
     "alert.all_clear"},
    {"/alerts/{id}/cancel", WEB_POST, "/alerts/3/cancel", OPERATOR, NULL, 200, "alert.cancel"},
    {"/alert-policy", WEB_PATCH, NULL, ADMIN,
     "{\"confirm_roles\": [\"operator\"], \"fallback\": 1}", 200, "alert_policy.change"},
    {"/alerts", WEB_POST, NULL, OPERATOR, ALERT, 201, "alert.new"},
    {"/alerts/{id}/confirm", WEB_POST, "/alerts/4/confirm", ROLE_APPROVER, "{}", 200,
     "alert.confirm"},
    {"/whoami/totp", WEB_POST, NULL, ADMIN, NULL, 201, "totp.begin"},
    {"/users/{id}/totp", WEB_DELETE, "/users/2/totp", ADMIN, NULL, 204, "totp.remove"},
    {"/media/{sha256}", WEB_PATCH, "/media/" HEX("6666"), OPERATOR, "{\"archived\": true}", 200,
     "media.change"},
    {"/whoami", WEB_PATCH, NULL, OPERATOR, "{\"language\": \"vi\"}", 200, "user.change"},
    {"/media/{sha256}", WEB_DELETE, "/media/" HEX("6666"), OPERATOR, NULL, 204, "media.delete"},
    {"/nodes/{id}/revoke", WEB_POST, "/nodes/1/revoke", ADMIN, NULL, 204, "node.revoke"},
    {"/backup", WEB_POST, NULL, ADMIN, NULL, 200, "station.backup"},
    {"/whoami/password", WEB_POST, NULL, ROLE_AUDITOR,
     "{\"present\": \"" PASSWORD "\", \"password\": \"another one\"}", 204, "user.password"},
    {"/logout", WEB_POST, NULL, ROLE_APPROVER, NULL, 204, "session.close"},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* Routes whose entry is another one's, and why. */
static const char *const elsewhere[] = {
    "/api/v1/uploads", /* nothing is kept before media.import: test_library */
    "/api/v1/uploads/{id}",
    "/api/v1/uploads/{id}/complete",
    "/api/v1/media/{sha256}/cut", /* media.cut, when it is done: test_library */
    "/api/v1/media/{sha256}/replace", /* media.replace, last of all: test_library */
    "/api/v1/backups", /* station.backup, as below, and a file in its place: test_library */
    "/api/v1/backups/{name}",
    "/api/v1/nodes/{id}/photo", /* node.photo, after an upload: test_site */
    "/api/v1/nodes/{id}/commissioning/sign", /* node.sign, when all is ticked: test_site */
    "/api/v1/nodes/{id}/walk-test", /* node.walk_test, with a tone in the set: test_site */
    "/api/v1/media", /* media.import, when the import is done: test_programme */
    "/api/v1/whoami/totp/confirm", /* totp.confirm wants a code of the moment: test_alerts */
    "/api/v1/alerts/cap", /* alert.message or alert.reject, once it is judged: e2e/capwire */
    "/api/v1/alert-messages/{id}/release", /* alert.release and alert.dismiss: e2e/capwire */
    "/api/v1/alert-messages/{id}/dismiss",
    "/api/v1/broadcasts/{id}/sound", /* what is said belongs to live.begin, and is kept as media */
};

static void prepare(struct apifix *f)
{
    char hex[65];
    struct node_id node = {apifix_node(f, apifix_zone(f, "t1", "Thôn 1"), "Cụm 1")};
    uint64_t alarm;

    registry_find(f->registry, node)->live.ready = true;
    apifix_media(f, 0x55, 60000, hex);
    assert_string_equal(hex, MEDIA);
    apifix_media(f, 0x66, 60000, hex);
    assert_int_equal(store_alarm_raise(f->db, node, ALARM_LINK_LOST, NOW_US, &alarm), ERR_OK);
}

static void test_every_change_leaves_its_entry(void **state)
{
    struct apifix *f = *state;

    for (size_t i = 0; i < STEPS; i++) {
        const struct step *s = &steps[i];
        uint64_t before;
        char path[256], action[64];
        unsigned status;

        snprintf(path, sizeof(path), "/api/v1%s", s->path != NULL ? s->path : s->pattern);
        if (i == 1)
            prepare(f); /* setup wants a station without accounts */
        f->token[0] = '\0';
        if (s->roles != 0)
            snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, s->roles));
        f->if_match = s->method == WEB_PUT ? "*" : NULL;
        before = apifix_journal(f, NULL);
        status = apifix_send(f, s->method, path, s->roles, s->body);
        if (f->file[0] != '\0')
            unlink(f->file);
        if (status != s->status)
            fail_msg("%s %s: %u %s", web_method_name(s->method), path, status, f->text);
        if (apifix_journal(f, action) == before)
            fail_msg("%s %s is not in the journal", web_method_name(s->method), path);
        if (strcmp(action, s->action) != 0)
            fail_msg("%s %s: %s", web_method_name(s->method), path, action);
    }
}

static void test_no_route_that_changes_something_is_left_out(void **state)
{
    (void)state;
    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        bool found = r->method == WEB_GET;

        for (size_t i = 0; i < STEPS; i++)
            found = found || (steps[i].method == r->method &&
                              strcmp(steps[i].pattern, r->pattern + strlen("/api/v1")) == 0);
        for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
            found = found || strcmp(elsewhere[i], r->pattern) == 0;
        if (!found)
            fail_msg("%s %s: say which journal entry it leaves", web_method_name(r->method),
                     r->pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_change_leaves_its_entry, apifix_setup,
                                        apifix_teardown),
        cmocka_unit_test(test_no_route_that_changes_something_is_left_out),
    };

    return cmocka_run_group_tests_name("journalled", tests, NULL, NULL);
}
