#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "mono.h"
#include "tempdir.h"
#include "testserver.h"
#include "uplink.h"

struct world {
    struct teststation station;
    uv_loop_t loop;
    struct testserver server, standby;
    bool has_standby;
    struct uplink uplink;
    struct flash *files; /* NULL: nothing is kept */
    int ups, downs;
    bool on_air;
    bool is_up, is_down, got_frame, stopped, served;
    enum err answer; /* of the frame handler */
    usec_t rx_mono_us;
    char text[64];
    char served_text[64];
    size_t served_bytes;
};

static struct world *w;

static void on_up(void *ctx)
{
    struct world *x = (struct world *)ctx;

    x->ups++;
    x->is_up = true;
}

static enum err on_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    struct world *x = (struct world *)ctx;

    x->rx_mono_us = rx_mono_us;
    x->got_frame = true;
    if (frame->payload.len < sizeof(x->text))
        memcpy(x->text, frame->payload.data, frame->payload.len);
    return x->answer;
}

static void on_down(void *ctx)
{
    struct world *x = (struct world *)ctx;

    x->downs++;
    x->is_down = true;
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped = true;
}

static bool on_may_move(void *ctx)
{
    return !((struct world *)ctx)->on_air;
}

static const struct uplink_events events = {on_up, on_frame, on_down, on_may_move};

static void on_served(struct testserver *s, const struct frame *frame, const loa_Msg *msg)
{
    (void)s;
    (void)msg;
    w->served = true;
    w->served_bytes += frame->payload.len;
    if (frame->payload.len < sizeof(w->served_text))
        memcpy(w->served_text, frame->payload.data, frame->payload.len);
}

/* With one controller, or a standby behind it (0 none). */
static void start(uint16_t port, uint16_t standby_port)
{
    const struct address controllers[] = {{"localhost", port}, {"localhost", standby_port}};
    struct link_credentials cred = {.ca_cert = test_identity_der(&w->station.ca),
                                    .cert = test_identity_der(&w->station.node),
                                    .key = test_identity_key(&w->station.node)};

    assert_int_equal(uplink_start(&w->uplink, &w->loop, controllers, standby_port > 0 ? 2 : 1,
                                  &cred, w->files, &events, w),
                     ERR_OK);
}

static int make_world(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    w = calloc(1, sizeof(*w));
    teststation_init(&w->station);
    uv_loop_init(&w->loop);
    testserver_init(&w->server, &w->loop, &w->station);
    w->server.frame = on_served;
    start(w->server.port, 0);
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    uplink_stop(&w->uplink, on_stopped);
    testserver_run_until(&w->loop, &w->stopped);
    if (w->has_standby)
        testserver_close(&w->standby);
    testserver_deinit(&w->server);
    link_config_free(w->standby.config);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    teststation_deinit(&w->station);
    free(w);
    log_set_level(LOG_INFO);
    return 0;
}

static void test_frames_go_both_ways(void **state)
{
    usec_t before_us;

    (void)state;
    assert_int_equal(uplink_send(&w->uplink, FRAME_TIME_REQUEST, bytes_of("early...", 8)),
                     ERR_STATE);
    testserver_run_until(&w->loop, &w->is_up);
    assert_int_equal(uplink_send(&w->uplink, FRAME_TIME_REQUEST, bytes_of("12345678", 8)), ERR_OK);
    testserver_run_until(&w->loop, &w->served);
    assert_string_equal(w->served_text, "12345678");
    before_us = mono_now_us();
    testserver_send(&w->server, FRAME_TIME_REPLY, bytes_of("123456781234567812345678", 24));
    testserver_run_until(&w->loop, &w->got_frame);
    assert_string_equal(w->text, "123456781234567812345678");
    assert_in_range(w->rx_mono_us, before_us, mono_now_us());
    assert_int_equal(w->server.accepted, 1);
}

/* Both ends know of each other then: the server notices the end of a handshake one step later than the
 * node, and under TLS 1.3 the ticket comes with the first bytes that the node hears. */
static void ask_and_hear(void)
{
    w->served = w->got_frame = false;
    assert_int_equal(uplink_send(&w->uplink, FRAME_TIME_REQUEST, bytes_of("12345678", 8)), ERR_OK);
    testserver_run_until(&w->loop, &w->served);
    testserver_send(&w->server, FRAME_TIME_REPLY, bytes_of("123456781234567812345678", 24));
    testserver_run_until(&w->loop, &w->got_frame);
}

static void test_a_lost_session_comes_back_by_ticket(void **state)
{
    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    for (int i = 1; i <= 3; i++) {
        ask_and_hear();
        w->is_up = w->is_down = false;
        uplink_hang_up(&w->uplink);
        testserver_run_until(&w->loop, &w->is_down);
        testserver_run_until(&w->loop, &w->is_up);
        assert_int_equal(w->ups, i + 1);
        assert_int_equal(w->downs, i);
    }
    ask_and_hear();
    assert_int_equal(w->server.resumed, 3);
}

static void test_a_controller_that_hangs_up_is_dialled_again(void **state)
{
    (void)state;
    w->server.hang_up_next = 2;
    testserver_run_until(&w->loop, &w->is_up);
    assert_int_equal(w->server.accepted, 3);
    assert_int_equal(w->uplink.attempt, 2);
    assert_int_equal(w->ups, 1);
    assert_int_equal(w->downs, 0);
}

static void test_the_reconnect_begins_anew_only_after_a_stable_session(void **state)
{
    (void)state;
    w->server.hang_up_next = 2;
    testserver_run_until(&w->loop, &w->is_up);
    testserver_drop(&w->server);
    testserver_run_until(&w->loop, &w->is_down);
    assert_int_equal(w->uplink.attempt, 3);
    w->is_up = w->is_down = false;
    testserver_run_until(&w->loop, &w->is_up);
    w->uplink.up_mono_us -= UPLINK_STABLE_US; /* as if it had stood that long */
    testserver_drop(&w->server);
    testserver_run_until(&w->loop, &w->is_down);
    assert_int_equal(w->uplink.attempt, 1);
}

static void restart_node(void)
{
    uplink_stop(&w->uplink, on_stopped);
    testserver_run_until(&w->loop, &w->stopped);
    w->stopped = w->is_up = w->got_frame = w->is_down = false;
    start(w->server.port, 0);
    testserver_run_until(&w->loop, &w->is_up);
}

static void be_welcomed(uint32_t spread_ms)
{
    static loa_Msg welcome;

    welcome.which_body = loa_Msg_welcome_tag;
    welcome.body.welcome.version = 1;
    welcome.body.welcome.reconnect_spread_ms = spread_ms;
    w->got_frame = false;
    testserver_send_msg(&w->server, &welcome);
    testserver_run_until(&w->loop, &w->got_frame);
}

static void test_a_session_is_resumed_after_a_restart_of_the_node(void **state)
{
    struct tempdir dir;
    struct err_detail detail = {0};
    struct flash files;

    (void)state;
    tempdir_init(&dir);
    assert_int_equal(flash_open(&files, tempdir_path(&dir, "node"), 0, &detail), ERR_OK);
    w->files = &files;
    restart_node();
    assert_false(link_peer(w->uplink.wire.link)->resumed);
    be_welcomed(3);
    restart_node();
    assert_true(link_peer(w->uplink.wire.link)->resumed);
    assert_int_equal(w->uplink.resume.spread_ms, 3);
    assert_int_equal(resume_spread_us(&w->uplink.resume, w->uplink.config), 3000);
    tempdir_write(&dir, "node/" RESUME_FILE, "no session");
    restart_node();
    assert_false(link_peer(w->uplink.wire.link)->resumed);
    uplink_stop(&w->uplink, on_stopped);
    testserver_run_until(&w->loop, &w->stopped);
    w->stopped = false;
    flash_close(&files);
    tempdir_deinit(&dir);
    w->files = NULL;
    start(w->server.port, 0);
}

static void test_a_session_that_ends_soon_is_renewed_at_a_quiet_moment(void **state)
{
    struct resume *r = &w->uplink.resume;

    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    be_welcomed(0);
    testserver_drop(&w->server);
    testserver_run_until(&w->loop, &w->is_down);
    w->is_up = false;
    testserver_run_until(&w->loop, &w->is_up);
    assert_true(link_peer(w->uplink.wire.link)->resumed);
    assert_false(resume_renews(r, w->uplink.config, mono_now_us()));
    r->renew_s = link_config_left_s(w->uplink.config) + 1;
    w->on_air = true;
    w->uplink.look.timer_cb(&w->uplink.look);
    assert_false(w->uplink.renewing);
    w->on_air = false;
    w->is_up = false;
    w->uplink.look.timer_cb(&w->uplink.look);
    assert_true(w->uplink.renewing);
    testserver_run_until(&w->loop, &w->is_up);
    assert_false(link_peer(w->uplink.wire.link)->resumed);
    assert_false(resume_renews(r, w->uplink.config, mono_now_us()));
}

static void test_bye_sets_the_wait(void **state)
{
    static loa_Msg bye;
    uint64_t due_ms;

    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    bye.which_body = loa_Msg_bye_tag;
    bye.body.bye.code = loa_ByeCode_BYE_CODE_SHUTDOWN;
    bye.body.bye.retry_after_ms = 30000;
    testserver_send_msg(&w->server, &bye);
    testserver_run_until(&w->loop, &w->got_frame);
    testserver_drop(&w->server);
    testserver_run_until(&w->loop, &w->is_down);
    due_ms = uv_timer_get_due_in(&w->uplink.retry);
    assert_in_range(due_ms, 10000, 45000);
    assert_int_equal(w->uplink.asked_us, 0);
}

static void test_a_frame_that_breaks_the_protocol_ends_the_session(void **state)
{
    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    w->answer = ERR_FORMAT;
    testserver_send(&w->server, FRAME_TIME_REPLY, bytes_of("123456781234567812345678", 24));
    testserver_run_until(&w->loop, &w->is_down);
    w->answer = ERR_OK;
    w->is_up = false;
    testserver_run_until(&w->loop, &w->is_up);
}

static void test_silence_ends_the_session(void **state)
{
    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    w->uplink.wire.since_mono_us -= WIRE_SILENCE_US; /* as if nothing had come since */
    testserver_run_until(&w->loop, &w->is_down);
    assert_string_equal(w->uplink.last.text, "silence for 10 s");
}

static void test_what_a_slow_controller_does_not_take_is_bounded(void **state)
{
    static uint8_t much[FRAME_PAYLOAD_MAX];
    size_t sent = 0, frames = 0;
    enum err e;

    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    /* The loop does not run, so nobody takes anything out of the socket. */
    while ((e = uplink_send(&w->uplink, FRAME_BUNDLE, bytes_of(much, sizeof(much)))) == ERR_OK) {
        sent += sizeof(much);
        frames++;
        assert_true(frames < 100000);
    }
    assert_int_equal(e, ERR_LIMIT);
    assert_true(link_output(w->uplink.wire.link).len <= WIRE_QUEUE_MAX + 16384 + 1024);
    /* What was accepted arrives. */
    while (w->served_bytes < sent) {
        w->served = false;
        testserver_run_until(&w->loop, &w->served);
    }
    assert_int_equal(w->served_bytes, sent);
    assert_int_equal(uplink_send(&w->uplink, FRAME_BUNDLE, bytes_of(much, 1000)), ERR_OK);
    assert_int_equal(w->downs, 0);
}

static void test_credentials_that_do_not_belong_together_are_refused(void **state)
{
    struct link_credentials cred = {.ca_cert = test_identity_der(&w->station.ca),
                                    .cert = test_identity_der(&w->station.node),
                                    .key = test_identity_key(&w->station.controller)};
    const struct address address = {"localhost", 1};
    static struct uplink other;

    (void)state;
    assert_int_equal(uplink_start(&other, &w->loop, &address, 1, &cred, NULL, &events, w),
                     ERR_FORMAT);
    assert_int_equal(uplink_start(&other, &w->loop, &address, 0, &cred, NULL, &events, w), ERR_ARG);
}

static void look(void)
{
    w->uplink.look.timer_cb(&w->uplink.look);
    while (w->uplink.looking)
        uv_run(&w->loop, UV_RUN_ONCE);
}

/* Primary and standby of one station; one session at a time, whatever the two do. */
static void test_a_standby_serves_until_the_first_controller_is_back(void **state)
{
    (void)state;
    testserver_run_until(&w->loop, &w->is_up);
    uplink_stop(&w->uplink, on_stopped);
    testserver_run_until(&w->loop, &w->stopped);
    w->stopped = w->is_up = w->is_down = false;
    testserver_init(&w->standby, &w->loop, &w->station);
    w->has_standby = true;
    w->server.hang_up_next = 4;
    start(w->server.port, w->standby.port);
    testserver_run_until(&w->loop, &w->is_up);
    assert_int_equal(w->uplink.list.now, 1);
    assert_int_equal(w->server.hang_up_next, 1);
    assert_int_equal(w->standby.accepted, 1);
    /* The first does not answer yet: stay. */
    look();
    assert_int_equal(w->server.hang_up_next, 0);
    assert_int_equal(w->uplink.list.now, 1);
    /* It does, but something sounds. */
    w->on_air = true;
    look();
    assert_int_equal(w->uplink.list.now, 1);
    assert_false(w->is_down);
    w->on_air = w->is_up = false;
    look();
    testserver_run_until(&w->loop, &w->is_down);
    testserver_run_until(&w->loop, &w->is_up);
    assert_int_equal(w->uplink.list.now, 0);
    assert_int_equal(w->standby.accepted, 1);
    assert_int_equal(w->server.received, 0); /* not a word was said while looking */
    look();
    assert_int_equal(w->uplink.list.now, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)
    const struct CMUnitTest tests[] = {
        CASE(test_frames_go_both_ways),
        CASE(test_a_lost_session_comes_back_by_ticket),
        CASE(test_a_controller_that_hangs_up_is_dialled_again),
        CASE(test_the_reconnect_begins_anew_only_after_a_stable_session),
        CASE(test_a_session_is_resumed_after_a_restart_of_the_node),
        CASE(test_a_session_that_ends_soon_is_renewed_at_a_quiet_moment),
        CASE(test_bye_sets_the_wait),
        CASE(test_a_frame_that_breaks_the_protocol_ends_the_session),
        CASE(test_silence_ends_the_session),
        CASE(test_what_a_slow_controller_does_not_take_is_bounded),
        CASE(test_a_standby_serves_until_the_first_controller_is_back),
        CASE(test_credentials_that_do_not_belong_together_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
