/* What the station publishes, as a neighbour reads it that pinned its signer. */
#include "storefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap_check.h"
#include "cap_feed.h"
#include "cap_time.h"
#include "cappublish.h"
#include "store_alert.h"
#include "store_alert_message.h"
#include "store_alert_sound.h"
#include "store_journal.h"
#include "store_published.h"
#include "teststation.h"

#define SECONDS(n) (now_us + (n)*USEC_PER_SEC)

static const char own_policy[] = "[station]\ncode = 27148\ngeocode = vn-commune 27148\n"
                                 "[zone Z1]\nboundary = 16.45,107.58 16.45,107.60 16.47,107.60\n"
                                 "[zone Z2]\ngeocode = hamlet 2\n";
static const char neighbour_policy[] = "[station]\ncode = 27151\nposition = 16.455,107.595\n"
                                       "geocode = vn-commune 27148\n"
                                       "[source feed]\ntrust = signed\n";

struct bed {
    struct storefix *store;
    struct teststation keys;
    struct station station;
    struct cap_policy *own, *neighbour;
    struct cappublish *publish;
    char pem[CERT_PEM_MAX];
    struct sample sample;
};

static struct bed bed;
static usec_t now_us; /* certificates are of today */

static struct cap_policy *read_policy(const char *text)
{
    struct err_detail detail = {{0}};
    struct cap_policy *policy = NULL;

    if (cap_policy_read(text, ".", &policy, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    return policy;
}

static int begin(void **state)
{
    struct cappublish_config config = {.station = &bed.station};

    now_us = (usec_t)time(NULL) * USEC_PER_SEC;
    storefix_setup(state);
    memset(&bed, 0, sizeof(bed));
    bed.store = *state;
    storefix_fill(bed.store, &bed.sample);
    storefix_tamper(bed.store, "UPDATE zone SET code = 'Z' || id");
    assert_ok(cap_verify_start());
    teststation_init(&bed.keys);
    assert_ok(cert_pem(test_identity_der(&bed.keys.signer), bed.pem));
    bed.own = read_policy(own_policy);
    bed.neighbour = read_policy(neighbour_policy);
    bed.neighbour->signer_count = 1;
    bed.neighbour->signers[0] = (struct cap_signer){
        .name = "27148",
        .certificate = strdup(bed.pem),
        .bounds = {.level = PRIORITY_EMERGENCY,
                   .everywhere = true,
                   .senders = {"27148"},
                   .sender_count = 1},
    };
    snprintf(bed.station.code, sizeof(bed.station.code), "27148");
    snprintf(bed.station.name, sizeof(bed.station.name), "Đài xã Phú <Xuân>");
    bed.station.utc_offset_min = 420;
    config.db = bed.store->db;
    config.policy = bed.own;
    config.key_pem = bed.keys.signer.key_pem;
    assert_ok(cappublish_new(&config, &bed.publish));
    return 0;
}

static int end(void **state)
{
    cappublish_free(bed.publish);
    cap_policy_free(bed.own);
    cap_policy_free(bed.neighbour);
    teststation_deinit(&bed.keys);
    cap_verify_stop();
    return storefix_teardown(state);
}

static struct alert flood(void)
{
    struct alert a = {
        .state = ALERT_LIVE,
        .title = "Cảnh báo lũ",
        .text = "Nước đang lên.",
        .template_name = "flood",
        .message = ALERT_SPEECH,
        .everyone = true,
        .created_us = SECONDS(0) + 345678,
        .expires_us = SECONDS(3600),
    };

    a.author = bed.sample.author;
    return a;
}

static uint64_t add(struct alert a)
{
    uint64_t id = 0;

    assert_ok(store_alert_sound_add(bed.store->db, &a, &id));
    return id;
}

static void set_state(uint64_t id, enum alert_state state)
{
    struct alert a;

    assert_ok(store_alert_sound_get(bed.store->db, id, &a));
    a.state = state;
    assert_ok(store_alert_sound_put(bed.store->db, &a));
}

/* The message of this name, as the neighbour judges it at an instant; NULL: there is none. */
static struct cap_verdict *judged(const char *identifier, usec_t at_us)
{
    struct cap_verdict *v = NULL;
    char *text = NULL;

    if (store_published_message(bed.store->db, identifier, &text) == ERR_NOT_FOUND)
        return NULL;
    assert_non_null(text);
    assert_ok(cap_check(bytes_of(text, strlen(text)), bed.neighbour, "feed", at_us, &v));
    for (size_t i = 0; i < v->findings.count; i++)
        if (v->findings.items[i].code != CAP_STATUS_SILENT)
            print_message("# %s: %s\n", v->findings.items[i].where, v->findings.items[i].sentence);
    free(text);
    return v;
}

static void name_of(uint64_t id, const char *suffix, char out[64])
{
    snprintf(out, 64, "27148.%llu%s", (unsigned long long)id, suffix);
}

static void test_a_live_alert_is_published_once_and_sounds_at_a_neighbour(void **state)
{
    struct alert a = flood();
    uint64_t id;
    char name[64];
    struct cap_verdict *v;
    struct published rows[4];
    size_t count;

    (void)state;
    a.everyone = false;
    a.zones[0] = bed.sample.zones[0]; /* the other lies in it */
    a.zone_count = 1;
    id = add(a);
    name_of(id, "", name);
    assert_null(judged(name, SECONDS(1)));
    for (int i = 0; i < 3; i++)
        cappublish_step(bed.publish, SECONDS(1 + i));
    assert_ok(store_published_list(bed.store->db, 0, rows, 4, &count));
    assert_int_equal(count, 1);
    v = judged(name, SECONDS(2));
    assert_non_null(v);
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->level, PRIORITY_EMERGENCY);
    assert_int_equal(v->action, CAP_ACTION_SOUND);
    assert_int_equal(v->signers.count, 1);
    assert_int_equal(v->alert->type, CAP_TYPE_ALERT);
    assert_true(v->alert->sent_us == SECONDS(0));
    assert_true(v->expires_us == SECONDS(3600));
    {
        const struct cap_info *info = v->alert->infos.items;
        const struct cap_area *area = info->areas.items;

        assert_string_equal(info->description, "Nước đang lên.");
        assert_int_equal(area->polygons.count, 1);
        assert_int_equal(area->geocodes.count, 1);
    }
    cap_verdict_free(v);
}

static void test_what_a_stranger_signed_or_somebody_changed_is_refused(void **state)
{
    uint64_t id = add(flood());
    char name[64];
    char *text = NULL;
    struct cap_verdict *v;

    (void)state;
    name_of(id, "", name);
    cappublish_step(bed.publish, SECONDS(1));
    assert_ok(store_published_message(bed.store->db, name, &text));
    *strstr(text, "Nước") = 'X';
    assert_ok(cap_check(bytes_of(text, strlen(text)), bed.neighbour, "feed", SECONDS(2), &v));
    assert_int_equal(v->result, CAP_REJECTED);
    cap_verdict_free(v);
    free(text);
    assert_ok(cert_pem(test_identity_der(&bed.keys.controller), bed.pem));
    free(bed.neighbour->signers[0].certificate);
    bed.neighbour->signers[0].certificate = strdup(bed.pem);
    v = judged(name, SECONDS(2));
    assert_int_equal(v->result, CAP_REJECTED);
    cap_verdict_free(v);
}

static void check(const char *name, enum cap_type type, enum cap_action action, uint64_t refers_to)
{
    struct cap_verdict *v = judged(name, SECONDS(20));
    const struct cap_reference *refs;
    char old[64];

    assert_non_null(v);
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->alert->type, type);
    assert_int_equal(v->action, action);
    assert_int_equal(v->alert->references.count, refers_to != 0);
    if (refers_to != 0) {
        refs = v->alert->references.items;
        name_of(refers_to, "", old);
        assert_string_equal(refs[0].identifier, old);
        assert_string_equal(refs[0].sender, "27148");
        assert_true(refs[0].sent_us == SECONDS(0));
    }
    cap_verdict_free(v);
}

static void test_update_all_clear_and_cancel_refer_to_what_they_end(void **state)
{
    struct alert a = flood();
    uint64_t first = add(a), second, third, fourth;
    char name[64];

    (void)state;
    cappublish_step(bed.publish, SECONDS(1));
    a.replaces = first;
    second = add(a);
    set_state(first, ALERT_REPLACED);
    cappublish_step(bed.publish, SECONDS(2));
    name_of(second, "", name);
    check(name, CAP_TYPE_UPDATE, CAP_ACTION_SOUND, first);
    a.replaces = second;
    snprintf(a.template_name, sizeof(a.template_name), "all_clear");
    third = add(a);
    set_state(second, ALERT_REPLACED);
    cappublish_step(bed.publish, SECONDS(3));
    name_of(third, "", name);
    check(name, CAP_TYPE_UPDATE, CAP_ACTION_INBOX, second);
    set_state(third, ALERT_EXPIRED);
    fourth = add(flood());
    cappublish_step(bed.publish, SECONDS(4));
    set_state(fourth, ALERT_STOPPED);
    cappublish_step(bed.publish, SECONDS(5));
    name_of(fourth, ".end", name);
    check(name, CAP_TYPE_CANCEL, CAP_ACTION_STOP, fourth);
    name_of(third, ".end", name);
    assert_null(judged(name, SECONDS(6)));
}

static void test_only_own_alerts_that_are_live_are_published_and_drills_are_exercises(void **state)
{
    struct alert a = flood();
    struct published due;
    char name[64];

    (void)state;
    a.priority = PRIORITY_EMERGENCY; /* it came as CAP */
    (void)add(a);
    a.priority = PRIORITY_NONE;
    a.state = ALERT_WAITING;
    (void)add(a);
    a.state = ALERT_CANCELLED;
    (void)add(a);
    assert_err(ERR_NOT_FOUND, store_published_due(bed.store->db, SECONDS(1), &due));
    a.state = ALERT_LIVE;
    a.drill = true;
    name_of(add(a), "", name);
    cappublish_step(bed.publish, SECONDS(1));
    check(name, CAP_TYPE_ALERT, CAP_ACTION_LOG, 0);
}

static void test_what_a_training_station_publishes_is_an_exercise(void **state)
{
    const struct cappublish_config config = {
        .db = bed.store->db,
        .station = &bed.station,
        .policy = bed.own,
        .key_pem = bed.keys.signer.key_pem,
        .training = true,
    };
    char name[64];

    (void)state;
    cappublish_free(bed.publish);
    bed.publish = NULL;
    assert_ok(cappublish_new(&config, &bed.publish));
    name_of(add(flood()), "", name);
    cappublish_step(bed.publish, SECONDS(1));
    check(name, CAP_TYPE_ALERT, CAP_ACTION_LOG, 0);
}

static void test_a_followers_own_reader_finds_all_of_the_feed(void **state)
{
    static struct cap_feed_entry entries[CAP_FEED_ENTRIES_MAX];
    char name[64], link[128];
    char *text = NULL;
    size_t count = 0;
    uint64_t id = 0;

    (void)state;
    assert_ok(cappublish_feed(bed.publish, "https://dai.example:8443", SECONDS(0), &text));
    assert_ok(cap_feed_read(bytes_of(text, strlen(text)), entries, &count));
    assert_int_equal(count, 0);
    free(text);
    for (int i = 0; i < 5; i++)
        id = add(flood());
    cappublish_step(bed.publish, SECONDS(1));
    cappublish_step(bed.publish, SECONDS(2));
    assert_ok(cappublish_feed(bed.publish, "https://dai.example:8443", SECONDS(3), &text));
    assert_ok(cap_feed_read(bytes_of(text, strlen(text)), entries, &count));
    assert_int_equal(count, 5);
    name_of(id, "", name);
    snprintf(link, sizeof(link), "https://dai.example:8443/cap/%s.cap", name);
    assert_string_equal(entries[0].link, link);
    free(text);
    assert_ok(cappublish_feed(bed.publish, "https://dai.example:8443",
                              SECONDS(3600) + USEC_PER_DAY + 1, &text));
    assert_ok(cap_feed_read(bytes_of(text, strlen(text)), entries, &count));
    assert_int_equal(count, 0);
    free(text);
}

/* ---- what came as CAP and was stopped here ---- */

static const char district_policy[] = "[station]\ncode = 42\nposition = 16.455,107.595\n"
                                      "[source feed]\ntrust = signed\n";

/* An alert that the district sent; of its life and message, what a report is made from. */
static uint64_t came_from_district(const char *identifier, usec_t sent_us)
{
    char text[2048], sent[CAP_TIME_SIZE], expires[CAP_TIME_SIZE];
    struct alertlife_row life = {.state = ALERTLIFE_CANCELLED, .seen = true};
    struct alertmessage m = {.state = ALERTMESSAGE_SOUNDED, .level = PRIORITY_EMERGENCY};
    static uint64_t next_life = 1;
    struct alert a = flood();

    cap_time_write(sent_us, 0, sent); /* the district writes UTC */
    cap_time_write(SECONDS(3600), 420, expires);
    snprintf(text, sizeof(text),
             "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>%s</identifier>"
             "<sender>42</sender><sent>%s</sent><status>Actual</status><msgType>Alert</msgType>"
             "<scope>Public</scope><info><category>Met</category><event>Lũ</event>"
             "<urgency>Immediate</urgency><severity>Extreme</severity>"
             "<certainty>Observed</certainty><expires>%s</expires></info></alert>",
             identifier, sent, expires);
    life.id = next_life++;
    snprintf(life.key.sender, sizeof(life.key.sender), "42");
    snprintf(life.key.identifier, sizeof(life.key.identifier), "%s", identifier);
    life.key.sent_us = sent_us;
    life.overruled_us = SECONDS(5);
    assert_ok(store_alert_put(bed.store->db, &life, 1));
    a.priority = PRIORITY_EMERGENCY;
    a.life = life.id;
    m.life = life.id;
    m.alert = add(a);
    m.key = life.key;
    storefix_hash((uint8_t)m.alert, m.sha256);
    assert_ok(
        store_alert_message_add(bed.store->db, &m, "{}", bytes_of(text, strlen(text)), &m.id));
    return m.alert;
}

static void stopped_by(uint64_t id, enum alert_state state, struct user_id by)
{
    struct alert a;

    assert_ok(store_alert_sound_get(bed.store->db, id, &a));
    a.state = state;
    a.decided_by = by;
    assert_ok(store_alert_sound_put(bed.store->db, &a));
}

static void nothing_is_due(void)
{
    struct published due;

    assert_err(ERR_NOT_FOUND, store_published_due(bed.store->db, SECONDS(10), &due));
}

static int64_t reports(void)
{
    return storefix_count(bed.store, "SELECT count(*) FROM published WHERE kind = 2");
}

/* The station is the district's neighbour below: it pinned our signer, and is named as the sender. */
static void be_the_district(void)
{
    struct cap_signer signer = bed.neighbour->signers[0];

    bed.neighbour->signer_count = 0;
    memset(&bed.neighbour->signers[0], 0, sizeof(signer));
    cap_policy_free(bed.neighbour);
    bed.neighbour = read_policy(district_policy);
    bed.neighbour->signer_count = 1;
    bed.neighbour->signers[0] = signer;
}

static void test_the_sender_is_told_when_its_alert_is_stopped_here(void **state)
{
    const struct user_id nobody = {0};
    uint64_t id = came_from_district("d-1", SECONDS(0));
    const struct cap_reference *refs;
    char name[64], old_sent[CAP_TIME_SIZE], at[CAP_TIME_SIZE];
    struct cap_verdict *v;
    char *text = NULL;

    (void)state;
    nothing_is_due();
    stopped_by(id, ALERT_STOPPED, nobody);
    for (int i = 0; i < 3; i++)
        cappublish_step(bed.publish, SECONDS(7 + i));
    assert_int_equal(reports(), 1);
    assert_int_equal(
        storefix_count(bed.store, "SELECT count(*) FROM journal WHERE action = 'alert.reported'"),
        1);
    name_of(id, ".stop", name);
    v = judged(name, SECONDS(20)); /* a neighbour whom it does not concern */
    assert_non_null(v);
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->action, CAP_ACTION_LOG);
    cap_verdict_free(v);
    be_the_district();
    v = judged(name, SECONDS(20));
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->action, CAP_ACTION_INBOX);
    assert_int_equal(v->level, PRIORITY_NONE);
    assert_int_equal(v->signers.count, 1);
    assert_int_equal(v->alert->type, CAP_TYPE_ERROR);
    assert_int_equal(v->alert->infos.count, 0);
    assert_string_equal(v->alert->addresses, "42");
    assert_true(v->alert->sent_us == SECONDS(7));
    assert_int_equal(v->alert->references.count, 1);
    refs = v->alert->references.items;
    assert_string_equal(refs[0].sender, "42");
    assert_string_equal(refs[0].identifier, "d-1");
    assert_true(refs[0].sent_us == SECONDS(0));
    cap_time_write(SECONDS(0), 0, old_sent); /* in the sender's own words */
    assert_non_null(strstr(v->alert->references_text, old_sent));
    cap_time_write(SECONDS(5), 420, at);
    at[19] = '\0';
    assert_non_null(strstr(v->alert->note, at + 11)); /* when it was stopped, not when reported */
    assert_non_null(strstr(v->alert->note, "Đài xã Phú <Xuân> (27148)"));
    cap_verdict_free(v);
    assert_ok(store_published_message(bed.store->db, name, &text));
    *strstr(text, "27148)") = '9';
    assert_ok(cap_check(bytes_of(text, strlen(text)), bed.neighbour, "feed", SECONDS(20), &v));
    assert_int_equal(v->result, CAP_REJECTED);
    cap_verdict_free(v);
    free(text);
}

static void test_only_what_people_here_stopped_is_reported(void **state)
{
    const struct user_id nobody = {0};
    uint64_t id = came_from_district("d-2", SECONDS(0));
    struct published_stop stop;
    struct alert own = flood();
    char name[64];
    struct cap_verdict *v;

    (void)state;
    stopped_by(id, ALERT_CANCELLED, nobody); /* by its sender */
    nothing_is_due();
    assert_err(ERR_NOT_FOUND, store_published_stop(bed.store->db, id, &stop));
    stopped_by(id, ALERT_EXPIRED, nobody);
    nothing_is_due();
    stopped_by(id, ALERT_REPLACED, nobody); /* by another message */
    nothing_is_due();
    own.replaces = id;
    own.state = ALERT_WAITING; /* and never went live */
    (void)add(own);
    nothing_is_due();
    own.state = ALERT_STOPPED;
    own.life = 77;
    own.created_us = SECONDS(6);
    own.id = add(own);
    assert_ok(store_published_stop(bed.store->db, id, &stop));
    assert_true(stop.own == own.id);
    assert_true(stop.at_us == SECONDS(6));
    cappublish_step(bed.publish, SECONDS(7));
    assert_int_equal(reports(), 1);
    name_of(id, ".stop", name);
    v = judged(name, SECONDS(20));
    name_of(own.id, ".", name);
    assert_non_null(strstr(v->alert->note, name));
    cap_verdict_free(v);
    id = came_from_district("d-3", SECONDS(0));
    stopped_by(id, ALERT_CANCELLED, bed.sample.author);
    cappublish_step(bed.publish, SECONDS(7));
    assert_int_equal(reports(), 2);
    id = add(flood()); /* of nobody's message: there is nobody to tell */
    storefix_tamper(bed.store, "UPDATE alert_sound SET priority = 3 WHERE id = (SELECT max(id) FROM"
                               " alert_sound)");
    stopped_by(id, ALERT_STOPPED, nobody);
    nothing_is_due();
}

static void test_a_report_is_made_until_a_day_after_expiry_and_never_before_the_alert(void **state)
{
    const struct user_id nobody = {0};
    uint64_t id = came_from_district("d-4", SECONDS(100)); /* the district's clock is ahead */
    char name[64];
    struct published due;
    struct cap_verdict *v;

    (void)state;
    stopped_by(id, ALERT_STOPPED, nobody);
    assert_err(ERR_NOT_FOUND,
               store_published_due(bed.store->db, SECONDS(3600) + USEC_PER_DAY, &due));
    assert_ok(store_published_due(bed.store->db, SECONDS(3599) + USEC_PER_DAY, &due));
    assert_int_equal(due.kind, PUBLISHED_STOPPED);
    cappublish_step(bed.publish, SECONDS(7));
    name_of(id, ".stop", name);
    be_the_district();
    v = judged(name, SECONDS(20));
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_true(v->alert->sent_us == SECONDS(100));
    cap_verdict_free(v);
}

static void test_a_report_that_cannot_be_made_holds_up_no_alert(void **state)
{
    const struct user_id nobody = {0};
    uint64_t id = came_from_district("d-5", SECONDS(0));
    char name[64];

    (void)state;
    stopped_by(id, ALERT_STOPPED, nobody);
    storefix_tamper(bed.store, "UPDATE alert_message SET message = x'00'");
    name_of(add(flood()), "", name);
    cappublish_step(bed.publish, SECONDS(7));
    check(name, CAP_TYPE_ALERT, CAP_ACTION_SOUND, 0);
    assert_int_equal(reports(), 0);
    assert_int_equal(
        storefix_count(bed.store, "SELECT count(*) FROM journal WHERE action = 'alert.reported'"),
        0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(test_a_live_alert_is_published_once_and_sounds_at_a_neighbour),
        CASE(test_what_a_stranger_signed_or_somebody_changed_is_refused),
        CASE(test_update_all_clear_and_cancel_refer_to_what_they_end),
        CASE(test_only_own_alerts_that_are_live_are_published_and_drills_are_exercises),
        CASE(test_what_a_training_station_publishes_is_an_exercise),
        CASE(test_a_followers_own_reader_finds_all_of_the_feed),
        CASE(test_the_sender_is_told_when_its_alert_is_stopped_here),
        CASE(test_only_what_people_here_stopped_is_reported),
        CASE(test_a_report_is_made_until_a_day_after_expiry_and_never_before_the_alert),
        CASE(test_a_report_that_cannot_be_made_holds_up_no_alert),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
