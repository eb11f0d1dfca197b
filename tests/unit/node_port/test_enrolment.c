#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "digest.h"
#include "enrolment.h"
#include "identity.h"
#include "log.h"
#include "tempdir.h"
#include "testserver.h"

struct world {
    struct tempdir dir;
    struct teststation station;
    struct flash files;
    uv_loop_t loop;
    struct testserver server;
    struct joincode code;
    struct enrolment params;
    loa_EnrolResult refuse; /* NONE: accept */
    int busy; /* answers of RATE_LIMITED before that */
    uint32_t spread_ms; /* in them */
    int lose_replies; /* drop the connection instead of answering */
    uint32_t node; /* in the reply */
    const char *station_name;
    const struct test_identity *issuer; /* NULL: the station's CA */
};

static struct world *w;

static void issue(const loa_EnrolRequest *request, loa_EnrolReply *reply)
{
    const struct test_identity *ca = w->issuer != NULL ? w->issuer : &w->station.ca;
    struct cert_spec spec = {
        .use = CERT_CLIENT, .common_name = "loa-node-12", .from_s = 1700000000, .to_s = 4000000000};
    struct cert_key *key = NULL;
    uint8_t der[CERT_DER_MAX];
    size_t len;

    assert_int_equal(cert_request_key(bytes_of(request->csr.bytes, request->csr.size), &key),
                     ERR_OK);
    assert_int_equal(cert_issue(ca->key, test_identity_der(ca), key, &spec, der, &len), ERR_OK);
    cert_key_free(key);
    assert_true(len <= sizeof(reply->node_cert.bytes));
    memcpy(reply->node_cert.bytes, der, len);
    reply->node_cert.size = (pb_size_t)len;
}

static void on_request(struct testserver *s, const struct frame *frame, const loa_Msg *msg)
{
    static loa_Msg reply;
    const loa_EnrolRequest *request = &msg->body.enrol_request;
    loa_EnrolReply *r = &reply.body.enrol_reply;

    (void)frame;
    assert_true(link_peer(s->last->link)->enrolling);
    assert_int_equal(msg->which_body, loa_Msg_enrol_request_tag);
    assert_int_equal(request->secret.size, JOINCODE_SECRET_BYTES);
    assert_memory_equal(request->secret.bytes, w->code.secret, JOINCODE_SECRET_BYTES);
    assert_string_equal(request->hardware, "bench");
    if (w->lose_replies > 0) {
        w->lose_replies--;
        testserver_drop(s);
        return;
    }
    memset(&reply, 0, sizeof(reply));
    reply.which_body = loa_Msg_enrol_reply_tag;
    if (w->busy > 0) {
        w->busy--;
        r->result = loa_EnrolResult_ENROL_RESULT_RATE_LIMITED;
        r->retry_after_s = 1;
        r->spread_ms = w->spread_ms;
    } else if (w->refuse != loa_EnrolResult_ENROL_RESULT_NONE) {
        r->result = w->refuse;
    } else {
        r->result = loa_EnrolResult_ENROL_RESULT_ACCEPTED;
        r->node_id = w->node;
        strcpy(r->station, w->station_name);
        issue(request, r);
    }
    testserver_send_msg(s, &reply);
}

static int make_world(void **state)
{
    uint8_t sha[SHA256_BYTES];

    (void)state;
    w = calloc(1, sizeof(*w));
    tempdir_init(&w->dir);
    teststation_init(&w->station);
    log_set_level(LOG_ERROR);
    assert_int_equal(flash_open(&w->files, tempdir_path(&w->dir, "node"), 0, NULL), ERR_OK);
    uv_loop_init(&w->loop);
    testserver_init(&w->server, &w->loop, &w->station);
    w->server.frame = on_request;
    digest_sha256(test_identity_der(&w->station.ca), sha);
    memcpy(w->code.ca_pin, sha, sizeof(w->code.ca_pin));
    memcpy(w->code.secret, "8 bytes!", 8);
    w->params = (struct enrolment){.host = "127.0.0.1",
                                   .port = w->server.port,
                                   .code = &w->code,
                                   .hardware = "bench",
                                   .firmware = "test",
                                   .serial = ""};
    w->node = 12;
    w->station_name = "test";
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    testserver_deinit(&w->server);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    flash_close(&w->files);
    teststation_deinit(&w->station);
    tempdir_deinit(&w->dir);
    free(w);
    log_set_level(LOG_INFO);
    return 0;
}

static enum err enrol(struct err_detail *detail)
{
    return enrolment_run(&w->loop, &w->params, &w->files, detail);
}

static void assert_not_enrolled(void)
{
    struct identity id;

    assert_int_equal(identity_load(&w->files, &id, NULL), ERR_NOT_FOUND);
}

static void test_a_node_with_a_good_code_gets_its_certificate(void **state)
{
    struct err_detail detail = {0};
    struct identity id;
    struct stat st;

    (void)state;
    assert_not_enrolled();
    if (enrol(&detail) != ERR_OK)
        fail_msg("%s", detail.text);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_OK);
    assert_int_equal(id.node.v, 12);
    assert_string_equal(id.station, "test");
    assert_int_equal(id.ca_len, w->station.ca.der_len);
    assert_memory_equal(id.ca_der, w->station.ca.der, id.ca_len);
    assert_int_equal(stat(tempdir_path(&w->dir, "node/node.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(w->server.accepted, 1);
    identity_wipe(&id);
}

static void test_an_interrupted_enrolment_is_repeated_with_the_same_key(void **state)
{
    struct err_detail detail = {0};
    char key[CERT_PEM_MAX], again[CERT_PEM_MAX];
    struct identity id;

    (void)state;
    assert_int_equal(identity_key(&w->files, key, &detail), ERR_OK);
    w->server.hang_up_next = 1;
    w->lose_replies = 1;
    assert_int_equal(enrol(&detail), ERR_OK);
    assert_int_equal(w->server.accepted, 3);
    assert_int_equal(identity_key(&w->files, again, &detail), ERR_OK);
    assert_string_equal(key, again);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_OK);
}

static void test_a_busy_controller_is_asked_again_after_the_time_it_names(void **state)
{
    struct err_detail detail = {0};
    uint64_t begin;

    (void)state;
    w->busy = 1;
    begin = uv_hrtime();
    assert_int_equal(enrol(&detail), ERR_OK);
    assert_true(uv_hrtime() - begin >= 1000000000);
    assert_int_equal(w->server.accepted, 2);
}

struct reader_of_logs {
    uv_poll_t poll;
    int fds[2];
    long long retry_ms; /* of the wait that was announced */
};

static void on_log(uv_poll_t *poll, int status, int events)
{
    struct reader_of_logs *r = poll->data;
    char line[1024] = "";
    const char *found;

    (void)events;
    assert_int_equal(status, 0);
    assert_true(read(r->fds[0], line, sizeof(line) - 1) > 0);
    found = strstr(line, "enrol.waiting");
    if (found == NULL)
        return;
    found = strstr(found, "retry_ms=");
    assert_non_null(found);
    r->retry_ms = strtoll(found + strlen("retry_ms="), NULL, 10);
    uv_close((uv_handle_t *)poll, NULL);
    raise(SIGTERM);
}

/* How long the node says it waits after one answer of RATE_LIMITED, ms. */
static long long announced_wait_ms(void)
{
    struct err_detail detail = {0};
    struct reader_of_logs r = {0};

    assert_int_equal(pipe(r.fds), 0);
    log_set_fd(r.fds[1]);
    log_set_level(LOG_WARN);
    uv_poll_init(&w->loop, &r.poll, r.fds[0]);
    r.poll.data = &r;
    uv_poll_start(&r.poll, UV_READABLE, on_log);
    w->busy = 1;
    assert_int_equal(enrol(&detail), ERR_CANCELLED);
    log_set_level(LOG_ERROR);
    log_set_fd(STDERR_FILENO);
    close(r.fds[0]);
    close(r.fds[1]);
    return r.retry_ms;
}

static void test_a_crowd_comes_back_over_the_time_that_the_controller_names(void **state)
{
    long long longest_ms = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        long long wait_ms = announced_wait_ms();

        assert_in_range(wait_ms, 1000, 1500);
    }
    w->spread_ms = 600000;
    for (int i = 0; i < 5; i++) {
        long long wait_ms = announced_wait_ms();

        assert_in_range(wait_ms, 1000, 601000);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_true(longest_ms > 1500); /* each is less with odds of 1 to 1,200 */
}

static void test_each_refusal_is_final_and_says_what_to_do(void **state)
{
    static const struct {
        loa_EnrolResult result;
        const char *says;
    } cases[] = {
        {loa_EnrolResult_ENROL_RESULT_WRONG_CODE, "does not know this join code"},
        {loa_EnrolResult_ENROL_RESULT_USED, "was used by another node; ask for a new one"},
        {loa_EnrolResult_ENROL_RESULT_EXPIRED, "has expired; ask for a new one"},
        {loa_EnrolResult_ENROL_RESULT_BAD_REQUEST, "update the firmware"},
        {(loa_EnrolResult)99, "update the firmware"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_detail detail = {0};

        w->refuse = cases[i].result;
        assert_int_equal(enrol(&detail), ERR_AUTH);
        if (strstr(detail.text, cases[i].says) == NULL)
            fail_msg("%s", detail.text);
        assert_not_enrolled();
    }
    assert_int_equal(w->server.accepted, 5);
}

static void test_another_controller_than_the_code_pins_hears_no_secret(void **state)
{
    struct err_detail detail = {0};

    (void)state;
    w->code.ca_pin[0] ^= 1;
    assert_int_equal(enrol(&detail), ERR_AUTH);
    assert_non_null(strstr(detail.text, "is not the controller that this join code is for"));
    assert_int_equal(w->server.received, 0);
    assert_not_enrolled();
}

static void test_a_certificate_that_does_not_fit_is_not_kept(void **state)
{
    struct err_detail detail = {0};
    struct test_identity other;

    (void)state;
    w->node = 13; /* the certificate says 12 */
    assert_int_equal(enrol(&detail), ERR_AUTH);
    assert_non_null(strstr(detail.text, "is for node 12 of station test"));
    w->node = 12;
    w->station_name = "elsewhere";
    assert_int_equal(enrol(&detail), ERR_AUTH);
    w->station_name = "test";
    test_identity_init(&other, NULL, CERT_CA, "loa-ca-test", -1, 30);
    w->issuer = &other;
    assert_int_equal(enrol(&detail), ERR_AUTH);
    test_identity_deinit(&other);
    assert_non_null(strstr(detail.text, "not issued by the station's CA"));
    assert_not_enrolled();
}

static void test_a_damaged_identity_is_refused_with_a_remedy(void **state)
{
    struct err_detail detail = {0};
    struct identity id;
    char chain[4096];

    (void)state;
    assert_int_equal(enrol(&detail), ERR_OK);
    strcpy(chain, tempdir_read(&w->dir, "node/node.crt"));
    tempdir_write(&w->dir, "node/node.crt", "");
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "node.crt is damaged; delete node.crt and enrol again"));
    chain[100] ^= 1;
    tempdir_write(&w->dir, "node/node.crt", chain);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_FORMAT);
    chain[100] ^= 1;
    tempdir_write(&w->dir, "node/node.crt", chain);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_OK);
    tempdir_write(&w->dir, "node/node.key", w->station.node.key_pem);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "for another key"));
    assert_int_equal(unlink(tempdir_path(&w->dir, "node/node.key")), 0);
    assert_int_equal(identity_load(&w->files, &id, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "node.key is missing"));
    tempdir_write(&w->dir, "node/node.key", "nonsense");
    assert_int_equal(enrol(&detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "node.key in the state directory is damaged"));
}

static void on_kill(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    raise(SIGTERM);
}

static void test_a_signal_ends_the_wait_for_an_absent_controller(void **state)
{
    struct err_detail detail = {0};
    uv_timer_t timer;

    (void)state;
    w->server.mute = true;
    uv_timer_init(&w->loop, &timer);
    uv_timer_start(&timer, on_kill, 50, 0);
    assert_int_equal(enrol(&detail), ERR_CANCELLED);
    assert_not_enrolled();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)
    const struct CMUnitTest tests[] = {
        CASE(test_a_node_with_a_good_code_gets_its_certificate),
        CASE(test_an_interrupted_enrolment_is_repeated_with_the_same_key),
        CASE(test_a_busy_controller_is_asked_again_after_the_time_it_names),
        CASE(test_a_crowd_comes_back_over_the_time_that_the_controller_names),
        CASE(test_each_refusal_is_final_and_says_what_to_do),
        CASE(test_another_controller_than_the_code_pins_hears_no_secret),
        CASE(test_a_certificate_that_does_not_fit_is_not_kept),
        CASE(test_a_damaged_identity_is_refused_with_a_remedy),
        CASE(test_a_signal_ends_the_wait_for_an_absent_controller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
