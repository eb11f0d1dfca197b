/* Who asks to join in one turn of the loop is stored together and answered afterwards: nobody is told of a place that a
 * crash could take away, and nobody loses a code that gave none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "digest.h"
#include "joincode.h"
#include "powerfix.h"
#include "store_join.h"
#include "store_node.h"

#define ASKING_MAX 64

static struct {
    struct storefix *store;
    struct sample sample;
    struct registry *registry;
    struct station station;
    struct pki *pki;
    char pki_dir[128];
    struct admission admission;
    struct cert_key *keys[2];
    uint8_t csr[2][CERT_DER_MAX]; /* of two boards */
    size_t csr_len[2];
    uint64_t next_secret;
    struct {
        uint64_t secret;
        loa_EnrolReply reply;
        bool answered;
    } asking[ASKING_MAX]; /* by connection */
    size_t answered;
    struct node_id joined, replaced; /* the last */
    void (*on_answer)(void);
} bed;

static usec_t now(void *ctx)
{
    (void)ctx;
    return NOW_US;
}

static void joined(void *ctx, struct node_id node)
{
    (void)ctx;
    bed.joined = node;
}

static void replaced(void *ctx, struct node_id node)
{
    (void)ctx;
    bed.replaced = node;
}

static enum err answer(void *ctx, uint64_t conn, const loa_Msg *reply)
{
    (void)ctx;
    assert_int_equal(reply->which_body, loa_Msg_enrol_reply_tag);
    assert_false(bed.asking[conn].answered);
    bed.asking[conn].answered = true;
    bed.asking[conn].reply = reply->body.enrol_reply;
    bed.answered++;
    if (bed.on_answer != NULL)
        bed.on_answer();
    return ERR_OK;
}

static void hash_of(uint64_t secret, uint8_t ret_sha256[SHA256_BYTES])
{
    digest_sha256(bytes_of((const uint8_t *)&secret, sizeof(secret)), ret_sha256);
}

static uint64_t code_for(const char *name, struct node_id replaces)
{
    struct join_code code = {
        .zone = bed.sample.zones[0],
        .created_by = bed.sample.author,
        .created_us = NOW_US,
        .expires_us = NOW_US + USEC_PER_DAY,
        .replaces = replaces,
    };
    uint8_t sha256[SHA256_BYTES];
    uint64_t id;

    snprintf(code.name, sizeof(code.name), "%s", name);
    hash_of(++bed.next_secret, sha256);
    assert_ok(store_join_add(bed.store->db, &code, sha256, &id));
    return bed.next_secret;
}

static uint64_t new_code(void)
{
    return code_for("Loa mới", (struct node_id){0});
}

/* Board 0 or 1 asks over connection `conn`. */
static void ask(uint64_t conn, uint64_t secret, unsigned board)
{
    static loa_Msg msg;
    loa_EnrolRequest *r = &msg.body.enrol_request;
    struct net_event event = {.kind = NET_ENROL_REQUEST, .conn = conn, .msg = &msg};

    msg = (loa_Msg){.which_body = loa_Msg_enrol_request_tag};
    memcpy(r->secret.bytes, &secret, sizeof(secret));
    r->secret.size = JOINCODE_SECRET_BYTES;
    memcpy(r->csr.bytes, bed.csr[board], bed.csr_len[board]);
    r->csr.size = (pb_size_t)bed.csr_len[board];
    snprintf(event.address, sizeof(event.address), "203.0.113.7");
    bed.asking[conn].secret = secret;
    bed.asking[conn].answered = false;
    admission_on_request(&bed.admission, &event);
}

static loa_EnrolResult result(uint64_t conn)
{
    assert_true(bed.asking[conn].answered);
    return bed.asking[conn].reply.result;
}

/* Does the store know the place that this connection's code gave, with its certificate? */
static bool is_stored(struct db *db, uint64_t conn)
{
    uint8_t sha256[SHA256_BYTES], cert_sha256[SHA256_BYTES], der[STORE_JOIN_CERT_MAX];
    struct node_record node;
    size_t len;
    enum err e;

    hash_of(bed.asking[conn].secret, sha256);
    e = store_join_answer(db, sha256, NOW_US, &node, der, &len);
    if (e == ERR_NOT_FOUND)
        return false;
    assert_ok(e);
    digest_sha256(bytes_of(der, len), cert_sha256);
    assert_memory_equal(cert_sha256, node.cert_sha256, SHA256_BYTES);
    return true;
}

static int64_t nodes(void)
{
    return storefix_count(bed.store, "SELECT count(*) FROM node");
}

static int begin_on(void **state, int (*store_setup)(void **state))
{
    if (store_setup(state) != 0)
        return -1;
    memset(&bed, 0, sizeof(bed));
    bed.store = *state;
    storefix_fill(bed.store, &bed.sample);
    assert_ok(registry_new(&bed.registry));
    snprintf(bed.station.code, sizeof(bed.station.code), "27148");
    snprintf(bed.pki_dir, sizeof(bed.pki_dir), "%s/pki", bed.store->dir);
    assert_ok(pki_open(bed.pki_dir, bed.station.code, NULL, 0, NOW_US, &bed.pki, NULL));
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(cert_key_new(&bed.keys[i]));
        assert_ok(cert_request(bed.keys[i], "loa-node", bed.csr[i], &bed.csr_len[i]));
    }
    bed.admission = (struct admission){
        .db = bed.store->db,
        .registry = bed.registry,
        .station = &bed.station,
        .pki = bed.pki,
        .now_us = now,
        .node_joined = joined,
        .node_replaced = replaced,
        .answer = answer,
    };
    return 0;
}

static void release(void)
{
    char command[160];

    for (unsigned i = 0; i < 2; i++)
        cert_key_free(bed.keys[i]);
    pki_free(bed.pki);
    registry_free(bed.registry);
    snprintf(command, sizeof(command), "rm -r %s", bed.pki_dir);
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    return begin_on(state, storefix_setup);
}

static int end(void **state)
{
    release();
    return storefix_teardown(state);
}

static int begin_with_power(void **state)
{
    return begin_on(state, powerfix_setup);
}

static int end_with_power(void **state)
{
    release();
    return powerfix_teardown(state);
}

static void test_nobody_is_answered_before_all_are_stored(void **state)
{
    int64_t before = nodes();

    (void)state;
    ask(0, new_code(), 0);
    ask(1, new_code(), 1);
    assert_int_equal(bed.answered, 0);
    assert_int_equal(nodes(), before);
    admission_settle(&bed.admission);
    assert_int_equal(nodes(), before + 2);
    for (uint64_t conn = 0; conn < 2; conn++) {
        const loa_EnrolReply *r = &bed.asking[conn].reply;

        assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
        assert_non_null(registry_find(bed.registry, (struct node_id){r->node_id}));
        assert_true(cert_request_fits(bytes_of(bed.csr[conn], bed.csr_len[conn]),
                                      bytes_of(r->node_cert.bytes, r->node_cert.size)));
    }
    assert_int_equal(bed.joined.v, bed.asking[1].reply.node_id);
    admission_settle(&bed.admission);
    assert_int_equal(bed.answered, 2);
}

static void test_one_that_cannot_be_stored_takes_no_other_along(void **state)
{
    uint64_t bad = code_for("bad", (struct node_id){0});

    (void)state;
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE INSERT ON node WHEN NEW.name = 'bad'"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    ask(0, new_code(), 0);
    ask(1, bad, 0);
    ask(2, new_code(), 0);
    admission_settle(&bed.admission);
    assert_int_equal(result(0), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
    assert_int_equal(result(1), loa_EnrolResult_ENROL_RESULT_UNAVAILABLE);
    assert_int_equal(result(2), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
    assert_true(bed.asking[1].reply.spread_ms > 0);
    assert_true(is_stored(bed.store->db, 2));
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    ask(1, bad, 0);
    admission_settle(&bed.admission);
    assert_int_equal(result(1), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
}

static void
test_whatever_fails_who_was_accepted_is_stored_and_who_was_not_can_ask_again(void **state)
{
    int64_t before = nodes();
    unsigned n = 0;
    bool more = true;

    (void)state;
    for (; more; n++) {
        for (uint64_t conn = 0; conn < 3; conn++)
            ask(conn, new_code(), 0);
        db_set_fault(bed.store->db, n % 2 == 0 ? n / 2 : 0, n % 2 == 1 ? n / 2 + 1 : 0);
        admission_settle(&bed.admission);
        more = n < 4 || n % 2 == 1 || !db_fault_pending(bed.store->db);
        db_set_fault(bed.store->db, 0, 0);
        for (uint64_t conn = 0; conn < 3; conn++) {
            bool accepted = result(conn) == loa_EnrolResult_ENROL_RESULT_ACCEPTED;
            uint32_t node = bed.asking[conn].reply.node_id;

            if (!accepted)
                assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_UNAVAILABLE);
            assert_int_equal(accepted, node != 0);
            assert_int_equal(accepted, bed.asking[conn].reply.node_cert.size > 0);
            assert_int_equal(accepted, is_stored(bed.store->db, conn));
            ask(conn, bed.asking[conn].secret, 0);
            admission_settle(&bed.admission);
            assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
            if (accepted)
                assert_int_equal(bed.asking[conn].reply.node_id, node);
        }
    }
    assert_int_equal(nodes() - before, 3 * n);
    assert_true(n > 20);
}

static void test_a_code_gives_one_of_two_boards_a_place(void **state)
{
    uint64_t secret = new_code();

    (void)state;
    ask(0, secret, 0);
    ask(1, secret, 1);
    ask(2, secret, 0);
    db_set_fault(bed.store->db, 0, 1);
    admission_settle(&bed.admission);
    db_set_fault(bed.store->db, 0, 0);
    /* It is not used: to say so to the second would send its people for another code. */
    for (uint64_t conn = 0; conn < 3; conn++) {
        assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_UNAVAILABLE);
        ask(conn, secret, conn == 1 ? 1 : 0);
    }
    admission_settle(&bed.admission);
    assert_int_equal(result(0), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
    assert_int_equal(result(1), loa_EnrolResult_ENROL_RESULT_USED);
    assert_int_equal(result(2), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
    assert_int_equal(bed.asking[2].reply.node_id, bed.asking[0].reply.node_id);
}

static void test_who_guesses_within_one_turn_is_slowed_too(void **state)
{
    (void)state;
    for (uint64_t conn = 0; conn <= ENROL_WRONG_PER_SOURCE; conn++)
        ask(conn, 1000 + conn, 0);
    admission_settle(&bed.admission);
    for (uint64_t conn = 0; conn < ENROL_WRONG_PER_SOURCE; conn++)
        assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_WRONG_CODE);
    assert_int_equal(result(ENROL_WRONG_PER_SOURCE), loa_EnrolResult_ENROL_RESULT_RATE_LIMITED);
    assert_true(bed.asking[ENROL_WRONG_PER_SOURCE].reply.retry_after_s > 0);
    assert_true(bed.asking[ENROL_WRONG_PER_SOURCE].reply.spread_ms > 0);
}

static void test_a_board_is_put_out_only_once_its_successor_is_stored(void **state)
{
    struct node_record record;
    uint64_t secret = code_for("", bed.sample.nodes[0]);

    (void)state;
    assert_ok(store_node_get(bed.store->db, bed.sample.nodes[0], &record));
    assert_ok(registry_put(bed.registry, &record));
    registry_find(bed.registry, record.id)->live.conn = 77;
    ask(0, secret, 0);
    db_set_fault(bed.store->db, 0, 1);
    admission_settle(&bed.admission);
    db_set_fault(bed.store->db, 0, 0);
    assert_int_equal(bed.replaced.v, 0);
    ask(0, secret, 0);
    admission_settle(&bed.admission);
    assert_int_equal(result(0), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
    assert_int_equal(bed.asking[0].reply.node_id, record.id.v);
    assert_int_equal(bed.replaced.v, record.id.v);
}

static void test_a_crowd_waits_for_the_disk_a_few_times(void **state)
{
    unsigned before;

    (void)state;
    for (uint64_t conn = 0; conn < ASKING_MAX; conn++)
        bed.asking[conn].secret = new_code();
    before = powerfix_syncs();
    for (uint64_t conn = 0; conn < ASKING_MAX; conn++)
        ask(conn, bed.asking[conn].secret, 0);
    /* The room is limited: the first of them did not wait for the end. */
    assert_int_equal(bed.answered, ASKING_MAX - ADMISSION_CASES_MAX);
    admission_settle(&bed.admission);
    assert_int_equal(bed.answered, ASKING_MAX);
    assert_in_range(powerfix_syncs() - before, 1, 8);
}

/* Called while the station believes that it may say so. */
static void all_accepted_survive(void)
{
    struct db *found = powerfix_after_loss(bed.store);

    for (uint64_t conn = 0; conn < ASKING_MAX; conn++)
        if (bed.asking[conn].answered)
            assert_true(is_stored(found, conn));
    powerfix_forget(bed.store, found);
}

static void test_a_loss_of_power_takes_no_place_that_was_given(void **state)
{
    (void)state;
    bed.on_answer = all_accepted_survive;
    for (uint64_t conn = 0; conn < 12; conn++) {
        ask(conn, new_code(), 0);
        if (conn % 5 == 0)
            admission_settle(&bed.admission);
    }
    admission_settle(&bed.admission);
    assert_int_equal(bed.answered, 12);
    for (uint64_t conn = 0; conn < 12; conn++)
        assert_int_equal(result(conn), loa_EnrolResult_ENROL_RESULT_ACCEPTED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define POWER_CASE(name) cmocka_unit_test_setup_teardown(name, begin_with_power, end_with_power)
    const struct CMUnitTest tests[] = {
        CASE(test_nobody_is_answered_before_all_are_stored),
        CASE(test_one_that_cannot_be_stored_takes_no_other_along),
        CASE(test_whatever_fails_who_was_accepted_is_stored_and_who_was_not_can_ask_again),
        CASE(test_a_code_gives_one_of_two_boards_a_place),
        CASE(test_who_guesses_within_one_turn_is_slowed_too),
        CASE(test_a_board_is_put_out_only_once_its_successor_is_stored),
        POWER_CASE(test_a_crowd_waits_for_the_disk_a_few_times),
        POWER_CASE(test_a_loss_of_power_takes_no_place_that_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
