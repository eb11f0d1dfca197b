#include <stdio.h>
#include <string.h>

#include "store_alert_message.h"
#include "store_alert_sound.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_credential.h"
#include "store_event.h"
#include "store_join.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_node.h"
#include "store_order.h"
#include "store_published.h"
#include "store_station.h"
#include "store_user.h"
#include "store_zone.h"
#include "storefix.h"

static const uint8_t secret_1[SHA256_BYTES] = {1};
static const uint8_t secret_2[SHA256_BYTES] = {2};

/* Each changes something on a filled database; they run one after the other, in this order. */
static enum err put_station(struct db *db, const struct sample *s)
{
    struct station station;

    (void)s;
    station_init(&station);
    return store_station_put(db, &station);
}

static enum err next_number(struct db *db, const struct sample *s)
{
    uint64_t v = 0;

    (void)s;
    return store_station_next(db, STORE_COUNTER_ORDER, &v);
}

static enum err add_user(struct db *db, const struct sample *s)
{
    struct user u = storefix_user("hoa", ROLE_TECHNICIAN);
    struct user_id id;

    (void)s;
    return store_user_add(db, &u, NOW_US, &id, NULL);
}

static enum err add_session(struct db *db, const struct sample *s)
{
    struct credential c = {.kind = CREDENTIAL_SESSION, .user = s->author};
    uint64_t id = 0;

    return store_credential_add(db, &c, secret_1, &id);
}

static enum err touch_session(struct db *db, const struct sample *s)
{
    (void)s;
    return store_credential_touch(db, 1, NOW_US);
}

static enum err extend_session(struct db *db, const struct sample *s)
{
    (void)s;
    return store_credential_extend(db, 1, NOW_US);
}

static enum err disable_user(struct db *db, const struct sample *s)
{
    struct user u = storefix_user("lan", ROLE_OPERATOR);

    u.id = s->author;
    u.disabled = true;
    return store_user_update(db, &u, 0, NULL);
}

static enum err add_token(struct db *db, const struct sample *s)
{
    struct credential c = {.kind = CREDENTIAL_TOKEN, .user = s->author};
    uint64_t id = 0;

    return store_credential_add(db, &c, secret_2, &id);
}

static enum err revoke_token(struct db *db, const struct sample *s)
{
    return store_credential_revoke(db, 2, s->author);
}

static enum err add_zone(struct db *db, const struct sample *s)
{
    struct zone z = storefix_zone("C", s->zones[1]);
    struct zone_id id;

    return store_zone_add(db, &z, &id, NULL);
}

static enum err update_zone(struct db *db, const struct sample *s)
{
    struct zone z = storefix_zone("CC", s->zones[0]);

    z.id.v = 3;
    return store_zone_update(db, &z, NULL);
}

static enum err delete_zone(struct db *db, const struct sample *s)
{
    (void)s;
    return store_zone_delete(db, (struct zone_id){3}, NULL);
}

static enum err update_node(struct db *db, const struct sample *s)
{
    struct node_record r = storefix_node("khác", s->zones[1]);
    uint32_t revision = 0;

    r.id = s->nodes[0];
    return store_node_update(db, &r, &revision, NULL);
}

static enum err bump_nodes(struct db *db, const struct sample *s)
{
    (void)s;
    return store_node_bump_all(db);
}

static enum err add_join_code(struct db *db, const struct sample *s)
{
    struct join_code c = {.zone = s->zones[0], .name = "x", .expires_us = NOW_US};
    uint64_t id = 0;

    return store_join_add(db, &c, secret_1, &id);
}

static enum err redeem_join_code(struct db *db, const struct sample *s)
{
    struct node_record r = {0};
    enum err e = db_begin(db);

    (void)s;
    if (e != ERR_OK)
        return e;
    e = store_join_redeem(db, secret_1, &r, NOW_US - 1, &r);
    if (e == ERR_OK)
        e = store_node_set_cert(db, r.id, secret_1);
    return db_end(db, e);
}

static enum err revoke_node(struct db *db, const struct sample *s)
{
    (void)s;
    return store_node_revoke(db, (struct node_id){4}, NULL);
}

static enum err add_media(struct db *db, const struct sample *s)
{
    struct media_info m = storefix_media(9);

    (void)s;
    return store_media_add(db, &m);
}

static enum err delete_media(struct db *db, const struct sample *s)
{
    struct media_info m = storefix_media(9);

    (void)s;
    return store_media_delete(db, &m.id, NULL);
}

static enum err add_bulletin(struct db *db, const struct sample *s)
{
    struct bulletin b = storefix_bulletin(s);

    return store_bulletin_add(db, &b, &b.id, NULL);
}

static enum err edit_bulletin(struct db *db, const struct sample *s)
{
    struct bulletin b = storefix_bulletin(s);

    b.id.v = 2;
    b.part_count = 1;
    return store_bulletin_edit(db, &b, s->author, NOW_US, NULL);
}

static enum err step_bulletin(struct db *db, const struct sample *s)
{
    struct bulletin b = storefix_bulletin(s);

    b.id.v = 2;
    b.state = BULLETIN_REJECTED;
    return store_bulletin_step(db, &b, BULLETIN_DRAFT, s->approver, NOW_US, NULL);
}

static enum err delete_bulletin(struct db *db, const struct sample *s)
{
    (void)s;
    return store_bulletin_delete(db, (struct bulletin_id){2}, NULL);
}

static enum err add_event(struct db *db, const struct sample *s)
{
    struct event v = storefix_event(s);

    return store_event_add(db, &v, &v.id, NULL);
}

static enum err update_event(struct db *db, const struct sample *s)
{
    struct event v = storefix_event(s);

    v.id.v = 2;
    v.zone_count = 1;
    return store_event_update(db, &v, NULL);
}

static enum err cancel_event(struct db *db, const struct sample *s)
{
    (void)s;
    return store_event_cancel(db, (struct event_id){2}, NULL);
}

static enum err add_broadcast(struct db *db, const struct sample *s)
{
    struct broadcast b;
    struct broadcast_id id;
    enum err e = store_broadcast_get(db, s->broadcast, &b);

    if (e != ERR_OK)
        return e;
    b.start_us++;
    b.occurrence_us = b.start_us;
    e = store_broadcast_add(db, &b, &id);
    broadcast_deinit(&b);
    return e;
}

static enum err add_target(struct db *db, const struct sample *s)
{
    const struct broadcast_target t = {.node = {4}};

    return store_broadcast_add_targets(db, s->broadcast, &t, 1);
}

static enum err set_target(struct db *db, const struct sample *s)
{
    struct broadcast_target t = {.node = s->nodes[0], .state = TARGET_ACCEPTED};

    return store_broadcast_set_target(db, s->broadcast, &t);
}

static enum err set_state(struct db *db, const struct sample *s)
{
    struct broadcast b = {.id = s->broadcast, .state = BROADCAST_ENDED};

    return store_broadcast_set_state(db, &b);
}

static enum err add_receipt(struct db *db, const struct sample *s)
{
    loa_Receipt r = {.receipt_id = 1, .broadcast_id = s->broadcast.v};

    return store_broadcast_add_receipt(db, s->nodes[0], &r, NOW_US);
}

static enum err add_order(struct db *db, const struct sample *s)
{
    static struct store_order o;

    o.id.v = 1;
    o.node = s->nodes[0];
    o.expires_us = 1;
    return store_order_add(db, &o);
}

static enum err prune_orders(struct db *db, const struct sample *s)
{
    (void)s;
    size_t room = 10;

    return store_order_prune(db, 2, &room);
}

static enum err append_journal(struct db *db, const struct sample *s)
{
    struct journal_entry e = {.at_us = NOW_US, .actor = "lan", .action = "x"};

    (void)s;
    return store_journal_append(db, &e);
}

static enum err add_alert(struct db *db, const struct sample *s)
{
    struct alert a = {.state = ALERT_LIVE, .priority = PRIORITY_EMERGENCY, .author = s->author};
    uint64_t id = 0;

    a.expires_us = NOW_US + USEC_PER_HOUR;
    return store_alert_sound_add(db, &a, &id);
}

static enum err stop_alert(struct db *db, const struct sample *s)
{
    static struct alert a;
    enum err e = store_alert_sound_get(db, 1, &a);

    (void)s;
    a.state = ALERT_STOPPED;
    return e == ERR_OK ? store_alert_sound_put(db, &a) : e;
}

static enum err add_alert_message(struct db *db, const struct sample *s)
{
    struct alertmessage m = {.state = ALERTMESSAGE_SOUNDED, .alert = 1};
    uint64_t id = 0;

    (void)s;
    return store_alert_message_add(db, &m, "{}", bytes_of("x", 1), &id);
}

/* As the station reports what was stopped: the message and its journal entry in one; from what is due. */
static enum err publish_report(struct db *db, const struct sample *s)
{
    struct journal_entry entry = {.at_us = NOW_US, .actor = "station", .action = "alert.reported"};
    struct published p;
    enum err e = store_published_due(db, NOW_US, &p);

    (void)s;
    if (e == ERR_OK)
        e = db_begin(db);
    if (e != ERR_OK)
        return e;
    snprintf(p.identifier, sizeof(p.identifier), "1.stop");
    p.expires_us = NOW_US;
    e = store_published_add(db, &p, "<alert/>");
    if (e == ERR_OK)
        e = store_journal_append(db, &entry);
    return db_end(db, e);
}

static enum err prune_published(struct db *db, const struct sample *s)
{
    size_t room = 10;

    (void)s;
    return store_published_prune(db, NOW_US + 1, &room);
}

/* As the API does: a change and its journal entry in one. */
static enum err change_with_journal(struct db *db, const struct sample *s)
{
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    e = add_event(db, s);
    if (e == ERR_OK)
        e = append_journal(db, s);
    return db_end(db, e);
}

static const struct {
    const char *name;
    enum err (*run)(struct db *db, const struct sample *s);
} changes[] = {
    {"put_station", put_station},
    {"next_number", next_number},
    {"add_user", add_user},
    {"add_session", add_session},
    {"touch_session", touch_session},
    {"extend_session", extend_session},
    {"disable_user", disable_user},
    {"add_token", add_token},
    {"revoke_token", revoke_token},
    {"add_zone", add_zone},
    {"update_zone", update_zone},
    {"delete_zone", delete_zone},
    {"update_node", update_node},
    {"bump_nodes", bump_nodes},
    {"add_join_code", add_join_code},
    {"redeem_join_code", redeem_join_code},
    {"revoke_node", revoke_node},
    {"add_media", add_media},
    {"delete_media", delete_media},
    {"add_bulletin", add_bulletin},
    {"edit_bulletin", edit_bulletin},
    {"step_bulletin", step_bulletin},
    {"delete_bulletin", delete_bulletin},
    {"add_event", add_event},
    {"update_event", update_event},
    {"cancel_event", cancel_event},
    {"add_broadcast", add_broadcast},
    {"add_target", add_target},
    {"set_target", set_target},
    {"set_state", set_state},
    {"add_receipt", add_receipt},
    {"add_order", add_order},
    {"prune_orders", prune_orders},
    {"append_journal", append_journal},
    {"change_with_journal", change_with_journal},
    {"add_alert", add_alert},
    {"stop_alert", stop_alert},
    {"add_alert_message", add_alert_message},
    {"publish_report", publish_report},
    {"prune_published", prune_published},
};

static void check_unchanged(const struct storefix *f, const uint8_t before[SHA256_BYTES],
                            const char *name, unsigned n)
{
    uint8_t now[SHA256_BYTES];

    storefix_digest(f, now);
    if (memcmp(before, now, SHA256_BYTES) != 0)
        fail_msg("%s left something behind when statement %u failed", name, n);
}

/* Fail statement 1, 2, 3 ... until a run hits none. Returns how many faults there were. */
static unsigned sweep(struct storefix *f, const struct sample *s, size_t i)
{
    uint8_t before[SHA256_BYTES];
    uint8_t after[SHA256_BYTES];

    storefix_digest(f, before);
    for (unsigned n = 1; n < 1000; n++) {
        enum err e;

        db_set_fault(f->db, n, 0);
        e = changes[i].run(f->db, s);
        if (db_fault_pending(f->db)) {
            db_set_fault(f->db, 0, 0);
            if (e != ERR_OK)
                fail_msg("%s: %s without a fault", changes[i].name, err_name(e));
            storefix_digest(f, after);
            if (memcmp(before, after, SHA256_BYTES) == 0)
                fail_msg("%s changed nothing", changes[i].name);
            return n - 1;
        }
        if (e != ERR_IO)
            fail_msg("%s: %s when statement %u failed", changes[i].name, err_name(e), n);
        check_unchanged(f, before, changes[i].name, n);
    }
    fail_msg("%s: endless", changes[i].name);
    return 0;
}

static void test_a_change_is_done_wholly_or_not_at_all(void **state)
{
    struct storefix *f = *state;
    unsigned faults = 0;
    struct sample s;

    storefix_fill(f, &s);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        unsigned n = sweep(f, &s, i);

        assert_true(n > 0);
        faults += n;
    }
    print_message("# %zu changes, %u faults\n", sizeof changes / sizeof *changes, faults);
}

static void test_a_commit_that_fails_leaves_nothing_behind(void **state)
{
    struct storefix *f = *state;
    struct sample s;

    storefix_fill(f, &s);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        uint8_t before[SHA256_BYTES];

        storefix_digest(f, before);
        assert_ok(db_begin(f->db));
        assert_ok(changes[i].run(f->db, &s));
        db_set_fault(f->db, 0, 1);
        assert_err(ERR_IO, db_commit(f->db));
        assert_false(db_fault_pending(f->db));
        check_unchanged(f, before, changes[i].name, 0);
        assert_ok(changes[i].run(f->db, &s));
    }
}

static void test_a_change_that_fails_inside_a_transaction_is_undone_alone(void **state)
{
    struct storefix *f = *state;
    struct sample s;

    storefix_fill(f, &s);
    for (unsigned n = 1;; n++) {
        int64_t events = storefix_count(f, "SELECT count(*) FROM event");
        uint64_t number = 0;
        bool over;
        enum err e;

        assert_ok(db_begin(f->db));
        assert_ok(store_station_next(f->db, STORE_COUNTER_BOOT, &number));
        db_set_fault(f->db, n, 0);
        e = change_with_journal(f->db, &s);
        over = db_fault_pending(f->db);
        db_set_fault(f->db, 0, 0);
        assert_ok(db_commit(f->db));
        assert_int_equal(storefix_count(f, "SELECT value FROM counter WHERE name = 'boot'"),
                         number);
        if (over) {
            assert_ok(e);
            break;
        }
        assert_err(ERR_IO, e);
        assert_int_equal(storefix_count(f, "SELECT count(*) FROM event"), events);
        assert_int_equal(storefix_count(f, "SELECT count(*) FROM event_zone"), 2 * events);
        assert_int_equal(storefix_count(f, "SELECT count(*) FROM journal"), 0);
    }
}

static void test_a_disk_that_fills_up_leaves_nothing_between(void **state)
{
    struct storefix *f = *state;
    struct sample s;
    uint8_t before[SHA256_BYTES];
    int room;

    storefix_fill(f, &s);
    storefix_digest(f, before);
    for (room = 0; room < 200; room++) {
        enum err e;

        db_set_room(f->db, room);
        e = db_begin(f->db);
        for (int i = 0; i < 200 && e == ERR_OK; i++)
            e = change_with_journal(f->db, &s);
        assert_int_equal(storefix_count(f, "SELECT count(*) FROM event"), 1);
        e = db_end(f->db, e);
        db_set_room(f->db, -1);
        if (e == ERR_OK)
            break;
        assert_err(ERR_IO, e);
        check_unchanged(f, before, "a long transaction", (unsigned)room);
    }
    assert_in_range(room, 3, 199);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM event"), 201);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM journal"), 200);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_change_is_done_wholly_or_not_at_all),
        CASE(test_a_commit_that_fails_leaves_nothing_behind),
        CASE(test_a_change_that_fails_inside_a_transaction_is_undone_alone),
        CASE(test_a_disk_that_fills_up_leaves_nothing_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
