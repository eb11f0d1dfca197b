#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "board.h"
#include "digest.h"
#include "log.h"
#include "mono.h"
#include "tempdir.h"
#include "testserver.h"
#include "tsync.h"

/* The whole program but for main(), with its real core, in a child process; the test is its controller. */

struct world {
    struct tempdir dir;
    struct teststation station;
    uv_loop_t loop;
    struct testserver server;
    struct node_options options;
    struct node_ini ini;
    loa_Hello hello;
    bool greeted, reported;
    int exchanges;
    uint32_t rss_kb;
    pid_t child; /* 0 none */
};

static struct world *w;

static void accept_node(struct testserver *s, const loa_EnrolRequest *request)
{
    static loa_Msg reply;
    loa_EnrolReply *r = &reply.body.enrol_reply;
    struct cert_spec spec = {
        .use = CERT_CLIENT, .common_name = "loa-node-12", .from_s = 1700000000, .to_s = 4000000000};
    struct cert_key *key = NULL;
    uint8_t der[CERT_DER_MAX];
    size_t len;

    assert_int_equal(cert_request_key(bytes_of(request->csr.bytes, request->csr.size), &key),
                     ERR_OK);
    assert_int_equal(
        cert_issue(w->station.ca.key, test_identity_der(&w->station.ca), key, &spec, der, &len),
        ERR_OK);
    cert_key_free(key);
    memset(&reply, 0, sizeof(reply));
    reply.which_body = loa_Msg_enrol_reply_tag;
    r->result = loa_EnrolResult_ENROL_RESULT_ACCEPTED;
    r->node_id = 12;
    strcpy(r->station, "test");
    memcpy(r->node_cert.bytes, der, len);
    r->node_cert.size = (pb_size_t)len;
    testserver_send_msg(s, &reply);
}

static void welcome(struct testserver *s, const loa_Hello *hello)
{
    static loa_Msg reply;
    loa_Welcome *r = &reply.body.welcome;

    w->hello = *hello;
    memset(&reply, 0, sizeof(reply));
    reply.which_body = loa_Msg_welcome_tag;
    r->version = hello->version_max;
    strcpy(r->station, "test");
    memcpy(r->order_cert.bytes, w->station.signer.der, w->station.signer.der_len);
    r->order_cert.size = (pb_size_t)w->station.signer.der_len;
    r->status_interval_ms = 1000;
    r->time_interval_ms = 1000;
    testserver_send_msg(s, &reply);
    w->greeted = true;
}

static void answer_time(struct testserver *s, struct bytes payload)
{
    uint8_t reply[TSYNC_REPLY_BYTES];
    usec_t t1_us, now_us = mono_now_us() + 1800000000000000;

    assert_int_equal(tsync_read_request(payload, &t1_us), ERR_OK);
    tsync_write_reply(t1_us, now_us, now_us, reply);
    testserver_send(s, FRAME_TIME_REPLY, bytes_of(reply, sizeof(reply)));
    w->exchanges++;
}

static void on_frame(struct testserver *s, const struct frame *frame, const loa_Msg *msg)
{
    if (frame->type == FRAME_TIME_REQUEST)
        answer_time(s, frame->payload);
    if (frame->type != FRAME_CONTROL)
        return;
    if (msg->which_body == loa_Msg_enrol_request_tag)
        accept_node(s, &msg->body.enrol_request);
    else if (msg->which_body == loa_Msg_hello_tag)
        welcome(s, &msg->body.hello);
    if (msg->which_body != loa_Msg_status_tag)
        return;
    w->rss_kb = msg->body.status.rss_kb;
    w->reported = w->exchanges >= TSYNC_BURST;
}

static int make_world(void **state)
{
    uint8_t sha[SHA256_BYTES];

    (void)state;
    w = calloc(1, sizeof(*w));
    tempdir_init(&w->dir);
    teststation_init(&w->station);
    uv_loop_init(&w->loop);
    testserver_init(&w->server, &w->loop, &w->station);
    w->server.frame = on_frame;
    node_ini_defaults(&w->ini);
    w->options.state_dir = strdup(tempdir_path(&w->dir, "node"));
    strcpy(w->options.controllers[0].host, "127.0.0.1");
    w->options.controllers[0].port = w->server.port;
    w->options.controller_count = 1;
    w->options.audio = NODE_AUDIO_WAV;
    strcpy(w->options.audio_name, tempdir_path(&w->dir, "out.wav"));
    digest_sha256(test_identity_der(&w->station.ca), sha);
    memcpy(w->options.join_code.ca_pin, sha, sizeof(w->options.join_code.ca_pin));
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    if (w->child != 0) {
        /* Left over by a case that failed. */
        kill(w->child, SIGKILL);
        waitpid(w->child, NULL, 0);
    }
    testserver_deinit(&w->server);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    teststation_deinit(&w->station);
    tempdir_deinit(&w->dir);
    free((char *)(uintptr_t)w->options.state_dir);
    free(w);
    return 0;
}

/* The child keeps none of the parent's sockets but its log. */
static void start_node(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct err_detail detail = {0};
        enum err e;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(w->loop.backend_fd);
        log_set_level(LOG_ERROR);
        e = board_run(&w->options, &w->ini, &detail);
        if (e != ERR_OK)
            fprintf(stderr, "# %s: %s\n", err_name(e), detail.text);
        _exit(e == ERR_OK ? 0 : 1);
    }
    w->child = child;
}

static int stop_node(int signal_number)
{
    int status;

    assert_int_equal(kill(w->child, signal_number), 0);
    assert_int_equal(waitpid(w->child, &status, 0), w->child);
    w->child = 0;
    return status;
}

static void run_until(bool *flag)
{
    *flag = false;
    testserver_run_until(&w->loop, flag);
}

static void test_a_node_enrols_greets_keeps_time_and_stops_in_good_order(void **state)
{
    int status;

    (void)state;
    w->options.join = true;
    start_node();
    run_until(&w->greeted);
    assert_int_equal(w->hello.node_id, 12);
    assert_int_equal(w->hello.restarts, 0);
    assert_string_equal(w->hello.restart_cause, "first");
    run_until(&w->reported);
    printf("# rss_kb=%u\n", w->rss_kb);
    status = stop_node(SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(tempdir_read(&w->dir, "node/restarts"), "1 stopped"));
    assert_non_null(strstr(tempdir_read(&w->dir, "out.wav.json"), "\"station_us\": 1800"));
}

static void test_a_killed_node_comes_back_with_its_identity_and_says_crash(void **state)
{
    int status;

    (void)state;
    w->options.join = true;
    start_node();
    run_until(&w->greeted);
    status = stop_node(SIGKILL);
    assert_true(WIFSIGNALED(status));
    w->options.join = false;
    start_node();
    run_until(&w->greeted);
    assert_int_equal(w->hello.restarts, 1);
    assert_string_equal(w->hello.restart_cause, "crash");
    stop_node(SIGTERM);
    w->options.join = true; /* has an identity already: the code is not used */
    start_node();
    run_until(&w->greeted);
    assert_int_equal(w->hello.node_id, 12);
    assert_string_equal(w->hello.restart_cause, "stopped");
    stop_node(SIGINT);
}

static void test_without_identity_and_code_the_node_says_what_to_do(void **state)
{
    struct err_detail detail = {0};

    (void)state;
    assert_int_equal(board_run(&w->options, &w->ini, &detail), ERR_AUTH);
    assert_non_null(strstr(detail.text, "not enrolled; start it once with --join CODE"));
    assert_int_equal(w->server.accepted, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)
    const struct CMUnitTest tests[] = {
        CASE(test_a_node_enrols_greets_keeps_time_and_stops_in_good_order),
        CASE(test_a_killed_node_comes_back_with_its_identity_and_says_crash),
        CASE(test_without_identity_and_code_the_node_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
