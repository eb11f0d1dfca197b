#include <stdio.h>
#include <string.h>

#include "store_alert_policy.h"
#include "store_credential.h"
#include "store_join.h"
#include "store_node.h"
#include "store_station.h"
#include "store_user.h"
#include "store_zone.h"
#include "storefix.h"

static void test_a_station_is_kept_and_replaced(void **state)
{
    struct storefix *f = *state;
    struct station s = {.code = "19825",
                        .name = "Phong Điền",
                        .timezone = "Asia/Ho_Chi_Minh",
                        .utc_offset_min = 420,
                        .policy = {.author_may_approve = true,
                                   .quiet_from_min = 1260,
                                   .quiet_to_min = 360,
                                   .allowed_from_min = 300,
                                   .allowed_to_min = 1320,
                                   .max_broadcast_s = 2700,
                                   .late_tolerance_s = 60,
                                   .profile = PLANNER_PROFILE_RURAL,
                                   .backup_at_min = -1,
                                   .backup_keep = 7}};
    struct station got;

    assert_err(ERR_NOT_FOUND, store_station_get(f->db, &got));
    assert_ok(store_station_put(f->db, &s));
    s.utc_offset_min = -300;
    assert_ok(store_station_put(f->db, &s));
    storefix_reopen(f);
    assert_ok(store_station_get(f->db, &got));
    assert_string_equal(got.code, "19825");
    assert_string_equal(got.name, "Phong Điền");
    assert_string_equal(got.timezone, "Asia/Ho_Chi_Minh");
    assert_int_equal(got.utc_offset_min, -300);
    assert_true(got.policy.author_may_approve);
    assert_int_equal(got.policy.quiet_from_min, 1260);
    assert_int_equal(got.policy.quiet_to_min, 360);
    assert_int_equal(got.policy.allowed_from_min, 300);
    assert_int_equal(got.policy.allowed_to_min, 1320);
    assert_int_equal(got.policy.max_broadcast_s, 2700);
    assert_int_equal(got.policy.late_tolerance_s, 60);
    assert_int_equal(got.policy.profile, PLANNER_PROFILE_RURAL);
    s.policy.quiet_from_min = 1441;
    assert_err(ERR_ARG, store_station_put(f->db, &s));
}

static void test_counters_never_give_a_number_twice(void **state)
{
    struct storefix *f = *state;
    uint64_t v = 0;

    assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &v));
    assert_int_equal(v, 1);
    assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &v));
    assert_int_equal(v, 2);
    storefix_reopen(f);
    assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &v));
    assert_int_equal(v, 3);
    assert_ok(store_station_next(f->db, STORE_COUNTER_BOOT, &v));
    assert_int_equal(v, 1);
    storefix_tamper(f, "UPDATE counter SET value = 4294967294 WHERE name = 'stream'");
    assert_ok(store_station_next(f->db, STORE_COUNTER_STREAM, &v));
    assert_int_equal(v, UINT32_MAX);
    assert_err(ERR_LIMIT, store_station_next(f->db, STORE_COUNTER_STREAM, &v));
}

static void test_an_account_is_kept_found_and_changed(void **state)
{
    struct storefix *f = *state;
    struct user u = storefix_user("lan", ROLE_OPERATOR | ROLE_APPROVER);
    struct err_detail detail = {0};
    struct user got;
    struct user_id id;
    uint64_t count = 0;

    assert_ok(store_user_add(f->db, &u, NOW_US, &id, NULL));
    assert_err(ERR_EXISTS, store_user_add(f->db, &u, NOW_US, &id, &detail));
    assert_non_null(strstr(detail.text, "lan is taken"));
    memcpy(u.login, "LAN", 3);
    assert_err(ERR_EXISTS, store_user_add(f->db, &u, NOW_US, &id, NULL));
    assert_ok(store_user_find(f->db, "Lan", &got));
    assert_int_equal(got.id.v, id.v);
    assert_string_equal(got.login, "lan");
    assert_string_equal(got.name, "Người dùng lan");
    assert_string_equal(got.password_hash, "$argon2id$lan");
    assert_int_equal(got.roles, ROLE_OPERATOR | ROLE_APPROVER);
    assert_false(got.disabled);
    got.roles = ROLE_ADMIN;
    got.disabled = true;
    assert_ok(store_user_update(f->db, &got, 0, NULL));
    assert_ok(store_user_get(f->db, id, &u));
    assert_true(u.disabled);
    assert_int_equal(u.roles, ROLE_ADMIN);
    assert_ok(store_user_count(f->db, ROLE_ADMIN, &count));
    assert_int_equal(count, 0);
    u.disabled = false;
    u.roles = ROLE_ADMIN | ROLE_AUDITOR;
    assert_ok(store_user_update(f->db, &u, 0, NULL));
    assert_ok(store_user_count(f->db, ROLE_ADMIN, &count));
    assert_int_equal(count, 1);
    assert_ok(store_user_count(f->db, ROLE_ADMIN | ROLE_OPERATOR, &count));
    assert_int_equal(count, 0);
    u.id.v = 99;
    assert_err(ERR_NOT_FOUND, store_user_update(f->db, &u, 0, NULL));
    assert_err(ERR_NOT_FOUND, store_user_get(f->db, u.id, &got));
    assert_err(ERR_NOT_FOUND, store_user_find(f->db, "nobody", &got));
}

static void test_an_account_with_unknown_roles_or_no_login_is_refused(void **state)
{
    struct storefix *f = *state;
    struct user u = storefix_user("x", ROLE_ALL + 1);
    struct user_id id;

    assert_err(ERR_ARG, store_user_add(f->db, &u, NOW_US, &id, NULL));
    u = storefix_user("", ROLE_ADMIN);
    assert_err(ERR_ARG, store_user_add(f->db, &u, NOW_US, &id, NULL));
}

static uint64_t add_credential(struct storefix *f, enum credential_kind kind, struct user_id user,
                               uint8_t secret, usec_t expires_us)
{
    struct credential c = {.kind = kind,
                           .user = user,
                           .label = "phòng máy",
                           .created_us = NOW_US,
                           .expires_us = expires_us};
    uint8_t sha256[SHA256_BYTES];
    uint64_t id = 0;

    storefix_hash(secret, sha256);
    assert_ok(store_credential_add(f->db, &c, sha256, &id));
    return id;
}

static enum err find_credential(struct storefix *f, uint8_t secret, usec_t now_us,
                                struct credential *ret_credential, struct user *ret_user)
{
    uint8_t sha256[SHA256_BYTES];

    storefix_hash(secret, sha256);
    return store_credential_find(f->db, sha256, now_us, ret_credential, ret_user);
}

static void test_a_credential_is_judged_by_expiry_and_account(void **state)
{
    struct storefix *f = *state;
    struct sample s;
    struct credential c;
    struct user u;
    uint64_t id;

    storefix_fill(f, &s);
    id = add_credential(f, CREDENTIAL_SESSION, s.author, 1, NOW_US + 10);
    add_credential(f, CREDENTIAL_TOKEN, s.author, 2, 0);
    add_credential(f, CREDENTIAL_SETUP, (struct user_id){0}, 3, NOW_US + 10);
    assert_ok(find_credential(f, 1, NOW_US + 9, &c, &u));
    assert_int_equal(c.id, id);
    assert_int_equal(c.kind, CREDENTIAL_SESSION);
    assert_string_equal(c.label, "phòng máy");
    assert_string_equal(u.login, "lan");
    assert_err(ERR_AUTH, find_credential(f, 1, NOW_US + 10, &c, &u));
    assert_ok(store_credential_extend(f->db, id, NOW_US + 20));
    assert_ok(find_credential(f, 1, NOW_US + 10, &c, &u));
    assert_ok(store_credential_touch(f->db, id, NOW_US + 5));
    assert_ok(find_credential(f, 1, NOW_US, &c, &u));
    assert_int_equal(c.used_us, NOW_US + 5);
    assert_ok(find_credential(f, 2, INT64_MAX, &c, &u));
    assert_ok(find_credential(f, 3, NOW_US, &c, &u));
    assert_int_equal(u.id.v, 0);
    assert_err(ERR_NOT_FOUND, find_credential(f, 4, NOW_US, &c, &u));
    assert_err(ERR_NOT_FOUND, store_credential_touch(f->db, 99, NOW_US));
    assert_err(ERR_NOT_FOUND, store_credential_extend(f->db, 99, NOW_US));
    /* As if the account had been disabled behind the store's back. */
    storefix_tamper(f, "UPDATE user SET disabled = 1 WHERE login = 'lan'");
    assert_err(ERR_AUTH, find_credential(f, 2, NOW_US, &c, &u));
}

static void test_credentials_are_revoked_one_by_one_and_all(void **state)
{
    struct storefix *f = *state;
    size_t room = 100;
    struct credential rows[8];
    struct db_page page = {0};
    struct sample s;
    uint64_t ids[4];
    size_t n = 0;

    storefix_fill(f, &s);
    for (uint8_t i = 0; i < 4; i++)
        ids[i] = add_credential(f, i % 2 == 0 ? CREDENTIAL_SESSION : CREDENTIAL_TOKEN,
                                i < 3 ? s.author : s.approver, i, NOW_US + i);
    assert_err(ERR_NOT_FOUND, store_credential_revoke(f->db, ids[0], s.approver));
    assert_ok(store_credential_revoke(f->db, ids[0], s.author));
    assert_err(ERR_NOT_FOUND, store_credential_revoke(f->db, ids[0], (struct user_id){0}));
    assert_ok(store_credential_list(f->db, s.author, &page, rows, 8, &n));
    assert_int_equal(n, 2);
    assert_ok(store_credential_prune(f->db, NOW_US + 2, &room));
    page = (struct db_page){0};
    assert_ok(store_credential_list(f->db, (struct user_id){0}, &page, rows, 8, &n));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].id, ids[2]);
    assert_int_equal(rows[1].id, ids[3]);
}

static void test_a_new_password_ends_sessions_and_disabling_ends_everything(void **state)
{
    struct storefix *f = *state;
    struct credential c;
    struct sample s;
    struct user u;
    struct user who;

    storefix_fill(f, &s);
    add_credential(f, CREDENTIAL_SESSION, s.author, 1, 0);
    add_credential(f, CREDENTIAL_TOKEN, s.author, 2, 0);
    add_credential(f, CREDENTIAL_SESSION, s.approver, 3, 0);
    assert_ok(store_user_get(f->db, s.author, &u));
    snprintf(u.name, sizeof u.name, "Lan Anh");
    assert_ok(store_user_update(f->db, &u, 0, NULL));
    assert_ok(find_credential(f, 1, NOW_US, &c, &who));
    snprintf(u.password_hash, sizeof u.password_hash, "new");
    assert_ok(store_user_update(f->db, &u, 0, NULL));
    assert_err(ERR_NOT_FOUND, find_credential(f, 1, NOW_US, &c, &who));
    assert_ok(find_credential(f, 2, NOW_US, &c, &who));
    u.disabled = true;
    assert_ok(store_user_update(f->db, &u, 0, NULL));
    assert_err(ERR_NOT_FOUND, find_credential(f, 2, NOW_US, &c, &who));
    assert_ok(find_credential(f, 3, NOW_US, &c, &who));
}

static void test_a_credential_belongs_to_an_account_that_exists(void **state)
{
    struct storefix *f = *state;
    struct credential c = {.kind = CREDENTIAL_TOKEN, .user = {99}};
    uint8_t sha256[SHA256_BYTES];
    struct sample s;
    uint64_t id = 0;

    storefix_fill(f, &s);
    storefix_hash(1, sha256);
    assert_err(ERR_NOT_FOUND, store_credential_add(f->db, &c, sha256, &id));
    c.user.v = 0;
    assert_err(ERR_ARG, store_credential_add(f->db, &c, sha256, &id));
    c.user = s.author;
    assert_ok(store_credential_add(f->db, &c, sha256, &id));
    assert_err(ERR_EXISTS, store_credential_add(f->db, &c, sha256, &id));
}

static void test_zones_form_a_tree_with_unique_codes(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct zone z = storefix_zone("B", (struct zone_id){0});
    struct zone_id id;
    struct sample s;

    storefix_fill(f, &s);
    assert_err(ERR_EXISTS, store_zone_add(f->db, &z, &id, &detail));
    assert_non_null(strstr(detail.text, "code B"));
    z = storefix_zone("C", (struct zone_id){99});
    assert_err(ERR_NOT_FOUND, store_zone_add(f->db, &z, &id, NULL));
    assert_ok(store_zone_get(f->db, s.zones[1], &z));
    assert_int_equal(z.parent.v, s.zones[0].v);
    assert_string_equal(z.name, "Thôn B");
    z.parent.v = 0;
    snprintf(z.code, sizeof z.code, "BB");
    assert_ok(store_zone_update(f->db, &z, NULL));
    assert_ok(store_zone_get(f->db, s.zones[1], &z));
    assert_int_equal(z.parent.v, 0);
    assert_string_equal(z.code, "BB");
    snprintf(z.code, sizeof z.code, "A");
    assert_err(ERR_EXISTS, store_zone_update(f->db, &z, NULL));
    z.id.v = 99;
    snprintf(z.code, sizeof z.code, "Z");
    assert_err(ERR_NOT_FOUND, store_zone_update(f->db, &z, NULL));
    assert_err(ERR_NOT_FOUND, store_zone_get(f->db, z.id, &z));
}

static void test_a_zone_in_use_is_not_deleted(void **state)
{
    struct storefix *f = *state;
    struct join_code code = {.name = "mới", .created_us = NOW_US, .expires_us = NOW_US + 1};
    struct zone alone = storefix_zone("C", (struct zone_id){0});
    struct err_detail detail = {0};
    uint8_t secret[SHA256_BYTES];
    uint64_t join = 0;
    struct sample s;
    struct zone_id id;

    storefix_fill(f, &s);
    assert_err(ERR_STATE, store_zone_delete(f->db, s.zones[0], &detail));
    assert_non_null(strstr(detail.text, "zone(s)"));
    detail = (struct err_detail){0};
    assert_err(ERR_STATE, store_zone_delete(f->db, s.zones[1], &detail));
    assert_non_null(strstr(detail.text, "1 node(s)"));
    assert_ok(store_node_revoke(f->db, s.nodes[2], NULL));
    detail = (struct err_detail){0};
    assert_err(ERR_STATE, store_zone_delete(f->db, s.zones[1], &detail));
    assert_non_null(strstr(detail.text, "event(s)"));
    assert_ok(store_zone_add(f->db, &alone, &id, NULL));
    code.zone = id;
    storefix_hash(1, secret);
    assert_ok(store_join_add(f->db, &code, secret, &join));
    detail = (struct err_detail){0};
    assert_err(ERR_STATE, store_zone_delete(f->db, id, &detail));
    assert_non_null(strstr(detail.text, "join code(s)"));
    assert_ok(store_join_withdraw(f->db, join, NULL));
    assert_ok(store_alert_policy_set_area(f->db, s.author, &id, 1));
    detail = (struct err_detail){0};
    assert_err(ERR_STATE, store_zone_delete(f->db, id, &detail));
    assert_non_null(strstr(detail.text, "1 account(s)"));
    assert_ok(store_alert_policy_set_area(f->db, s.author, NULL, 0));
    assert_ok(store_zone_delete(f->db, id, NULL));
    assert_err(ERR_NOT_FOUND, store_zone_delete(f->db, id, NULL));
    assert_ok(store_join_get(f->db, join, &code));
    assert_int_equal(code.zone.v, 0);
}

static void test_a_node_is_kept_with_all_its_fields(void **state)
{
    struct storefix *f = *state;
    uint8_t cert[SHA256_BYTES];
    struct node_record r;
    uint32_t revision = 0;
    struct sample s;

    storefix_fill(f, &s);
    storefix_hash(0x71, cert);
    assert_ok(store_node_get(f->db, s.nodes[1], &r));
    assert_int_equal(r.id.v, s.nodes[1].v);
    assert_int_equal(r.zone.v, s.zones[0].v);
    assert_string_equal(r.name, "Cụm loa 2");
    assert_int_equal(r.state, NODE_STATE_ACTIVE);
    assert_int_equal(r.volume_mdb, -3000);
    assert_int_equal(r.emergency_volume_mdb, -500);
    assert_int_equal(r.delay_us, 250);
    assert_true(r.muted);
    assert_int_equal(r.settings_revision, 1);
    assert_memory_equal(r.cert_sha256, cert, SHA256_BYTES);
    assert_int_equal(r.enrolled_us, NOW_US);
    assert_string_equal(r.hardware, "board 2");
    assert_string_equal(r.serial, "00c0ffee");
    r.volume_mdb = -60000;
    r.muted = false;
    r.zone = s.zones[1];
    assert_ok(store_node_update(f->db, &r, &revision, NULL));
    assert_int_equal(revision, 2);
    assert_ok(store_node_bump_all(f->db));
    assert_ok(store_node_get(f->db, s.nodes[1], &r));
    assert_int_equal(r.settings_revision, 3);
    assert_int_equal(r.volume_mdb, -60000);
    assert_int_equal(r.zone.v, s.zones[1].v);
    assert_false(r.muted);
}

static void test_a_node_outside_its_limits_is_refused(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct node_record r;
    uint32_t revision = 0;
    struct node_id id;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_node_get(f->db, s.nodes[0], &r));
    r.zone.v = 99;
    assert_err(ERR_NOT_FOUND, store_node_update(f->db, &r, &revision, &detail));
    assert_non_null(strstr(detail.text, "no such zone"));
    r.zone = s.zones[0];
    assert_err(ERR_EXISTS, store_node_add(f->db, &r, &id));
    memset(r.cert_sha256, 0, sizeof r.cert_sha256);
    r.zone.v = 99;
    assert_err(ERR_NOT_FOUND, store_node_add(f->db, &r, &id));
    r.zone = s.zones[0];
    r.volume_mdb = 1;
    assert_err(ERR_ARG, store_node_update(f->db, &r, &revision, NULL));
    r.volume_mdb = 0;
    r.delay_us = 1000001;
    assert_err(ERR_ARG, store_node_update(f->db, &r, &revision, NULL));
    r.delay_us = 1000000;
    assert_ok(store_node_update(f->db, &r, &revision, NULL));
    assert_int_equal(revision, 2);
    r.id.v = 99;
    assert_err(ERR_NOT_FOUND, store_node_update(f->db, &r, &revision, NULL));
}

static void test_a_revoked_node_stays_and_its_number_is_not_used_again(void **state)
{
    struct storefix *f = *state;
    struct node_record r;
    uint8_t cert[SHA256_BYTES];
    uint32_t revision = 0;
    struct node_id id;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_node_revoke(f->db, s.nodes[2], NULL));
    assert_err(ERR_STATE, store_node_revoke(f->db, s.nodes[2], NULL));
    assert_err(ERR_NOT_FOUND, store_node_revoke(f->db, (struct node_id){99}, NULL));
    assert_ok(store_node_get(f->db, s.nodes[2], &r));
    assert_int_equal(r.state, NODE_STATE_REVOKED);
    assert_err(ERR_STATE, store_node_update(f->db, &r, &revision, NULL));
    storefix_hash(9, cert);
    assert_err(ERR_STATE, store_node_set_cert(f->db, s.nodes[2], cert));
    assert_ok(store_node_set_cert(f->db, s.nodes[1], cert));
    assert_err(ERR_EXISTS, store_node_set_cert(f->db, s.nodes[0], cert));
    assert_err(ERR_NOT_FOUND, store_node_set_cert(f->db, (struct node_id){99}, cert));
    r = storefix_node("mới", s.zones[0]);
    assert_ok(store_node_add(f->db, &r, &id));
    assert_true(id.v > s.nodes[2].v);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_station_is_kept_and_replaced),
        CASE(test_counters_never_give_a_number_twice),
        CASE(test_an_account_is_kept_found_and_changed),
        CASE(test_an_account_with_unknown_roles_or_no_login_is_refused),
        CASE(test_a_credential_is_judged_by_expiry_and_account),
        CASE(test_credentials_are_revoked_one_by_one_and_all),
        CASE(test_a_new_password_ends_sessions_and_disabling_ends_everything),
        CASE(test_a_credential_belongs_to_an_account_that_exists),
        CASE(test_zones_form_a_tree_with_unique_codes),
        CASE(test_a_zone_in_use_is_not_deleted),
        CASE(test_a_node_is_kept_with_all_its_fields),
        CASE(test_a_node_outside_its_limits_is_refused),
        CASE(test_a_revoked_node_stays_and_its_number_is_not_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
