#include "digest.h"
#include "store_join.h"
#include "store_node.h"
#include "storefix.h"

static void test_a_join_code_makes_one_node_once(void **state)
{
    struct storefix *f = *state;
    struct node_record board = {.hardware = "board 3", .serial = "77", .name = "ignored"};
    struct node_record made;
    struct join_code code = {.name = "Cụm loa 4", .created_us = NOW_US, .expires_us = NOW_US + 100};
    uint8_t secret[SHA256_BYTES];
    uint64_t id = 0;
    struct sample s;

    storefix_fill(f, &s);
    storefix_hash(1, secret);
    code.zone = s.zones[1];
    code.created_by = s.author;
    assert_ok(store_join_add(f->db, &code, secret, &id));
    assert_err(ERR_EXISTS, store_join_add(f->db, &code, secret, &id));
    storefix_hash(2, secret);
    assert_err(ERR_NOT_FOUND, store_join_redeem(f->db, secret, &board, NOW_US, &made));
    storefix_hash(1, secret);
    assert_ok(store_join_redeem(f->db, secret, &board, NOW_US + 99, &made));
    assert_string_equal(made.name, "Cụm loa 4");
    assert_string_equal(made.hardware, "board 3");
    assert_int_equal(made.zone.v, s.zones[1].v);
    assert_int_equal(made.state, NODE_STATE_ACTIVE);
    assert_int_equal(made.enrolled_us, NOW_US + 99);
    assert_ok(store_join_get(f->db, id, &code));
    assert_int_equal(code.node.v, made.id.v);
    assert_int_equal(code.used_us, NOW_US + 99);
    assert_err(ERR_EXISTS, store_join_redeem(f->db, secret, &board, NOW_US + 99, &made));
    assert_err(ERR_STATE, store_join_withdraw(f->db, id, NULL));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM node"), 4);
}

static void test_an_expired_or_withdrawn_join_code_is_worthless(void **state)
{
    struct storefix *f = *state;
    struct node_record board = {0};
    struct node_record made;
    struct join_code code = {.name = "x", .created_us = NOW_US, .expires_us = NOW_US + 100};
    uint8_t secret[SHA256_BYTES];
    uint64_t id = 0;

    storefix_hash(1, secret);
    assert_ok(store_join_add(f->db, &code, secret, &id));
    assert_err(ERR_STATE, store_join_redeem(f->db, secret, &board, NOW_US + 100, &made));
    assert_ok(store_join_withdraw(f->db, id, NULL));
    assert_err(ERR_STATE, store_join_withdraw(f->db, id, NULL));
    assert_err(ERR_NOT_FOUND, store_join_withdraw(f->db, 99, NULL));
    assert_err(ERR_STATE, store_join_redeem(f->db, secret, &board, NOW_US, &made));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM node"), 0);
}

static void test_a_failed_certificate_leaves_the_join_code_unused(void **state)
{
    struct storefix *f = *state;
    struct node_record board = {0};
    struct node_record made;
    struct join_code code = {.name = "x", .created_us = NOW_US, .expires_us = NOW_US + 100};
    uint8_t secret[SHA256_BYTES];
    uint64_t id = 0;

    storefix_hash(1, secret);
    assert_ok(store_join_add(f->db, &code, secret, &id));
    assert_ok(db_begin(f->db));
    assert_ok(store_join_redeem(f->db, secret, &board, NOW_US, &made));
    db_rollback(f->db);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM node"), 0);
    assert_ok(db_begin(f->db));
    assert_ok(store_join_redeem(f->db, secret, &board, NOW_US, &made));
    assert_ok(store_node_set_cert(f->db, made.id, secret));
    assert_ok(db_commit(f->db));
    assert_ok(store_node_get(f->db, made.id, &made));
    assert_memory_equal(made.cert_sha256, secret, SHA256_BYTES);
}

static void test_the_answer_of_a_redeemed_code_can_be_had_until_it_expires(void **state)
{
    struct storefix *f = *state;
    static const uint8_t der[] = {0x30, 3, 1, 1, 0xff};
    struct node_record board = {0}, made, again;
    struct join_code code = {.name = "x", .created_us = NOW_US, .expires_us = NOW_US + 100};
    uint8_t secret[SHA256_BYTES], sha256[SHA256_BYTES], cert[STORE_JOIN_CERT_MAX];
    uint64_t id = 0;
    size_t len = 0;

    storefix_hash(1, secret);
    digest_sha256(bytes_of(der, sizeof(der)), sha256);
    assert_err(ERR_NOT_FOUND, store_join_answer(f->db, secret, NOW_US, &again, cert, &len));
    assert_ok(store_join_add(f->db, &code, secret, &id));
    assert_err(ERR_NOT_FOUND, store_join_answer(f->db, secret, NOW_US, &again, cert, &len));
    assert_ok(store_join_redeem(f->db, secret, &board, NOW_US, &made));
    assert_ok(store_node_set_cert(f->db, made.id, sha256));
    assert_ok(store_join_set_cert(f->db, secret, bytes_of(der, sizeof(der))));
    assert_ok(store_join_answer(f->db, secret, NOW_US + 99, &again, cert, &len));
    assert_int_equal(again.id.v, made.id.v);
    assert_int_equal(len, sizeof(der));
    assert_memory_equal(cert, der, len);
    assert_err(ERR_STATE, store_join_answer(f->db, secret, NOW_US + 100, &again, cert, &len));
    assert_ok(store_node_revoke(f->db, made.id, NULL));
    assert_err(ERR_STATE, store_join_answer(f->db, secret, NOW_US, &again, cert, &len));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_join_code_makes_one_node_once),
        CASE(test_an_expired_or_withdrawn_join_code_is_worthless),
        CASE(test_the_answer_of_a_redeemed_code_can_be_had_until_it_expires),
        CASE(test_a_failed_certificate_leaves_the_join_code_unused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
