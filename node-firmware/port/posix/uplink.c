#include "uplink.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "log.h"
#include "mono.h"

static void attempt(struct uplink *u);

static void on_retry(uv_timer_t *timer)
{
    attempt((struct uplink *)timer->data);
}

static const struct address *present(const struct uplink *u)
{
    return &u->controllers[u->list.now];
}

static void on_look_closed(uv_handle_t *handle)
{
    struct uplink *u = (struct uplink *)handle->data;

    link_config_free(u->config);
    u->config = NULL;
    u->stopped(u->ctx);
}

static void on_retry_closed(uv_handle_t *handle)
{
    struct uplink *u = (struct uplink *)handle->data;

    uv_close((uv_handle_t *)&u->look, on_look_closed);
}

/* Once both wires are closed. */
static void close_timers(struct uplink *u)
{
    if (!u->busy && !u->looking)
        uv_close((uv_handle_t *)&u->retry, on_retry_closed);
}

static void wait_and_retry(struct uplink *u, const char *why)
{
    usec_t wait_us;
    uint32_t random;

    if (reconnect_failed(&u->list)) {
        log_event(LOG_WARN, "link.next_controller", "controller=%s port=%u",
                  LOG_TEXT(present(u)->host), present(u)->port);
        u->attempt = 0;
        u->asked_us = 0;
        u->asked_spread_ms = 0;
    }
    digest_random(&random, sizeof(random));
    wait_us = reconnect_wait_us(
        u->attempt, random, u->asked_us,
        reconnect_spread_us(resume_spread_us(&u->resume, u->config), u->asked_spread_ms));
    u->asked_us = 0;
    u->asked_spread_ms = 0;
    u->attempt++;
    /* Said once for each reason, then now and then. */
    if (strcmp(u->last.text, why) != 0 || u->attempt % 60 == 0)
        log_event(LOG_WARN, "link.down", "why=%s attempts=%u retry_ms=%lld", LOG_TEXT(why),
                  u->attempt, (long long)(wait_us / USEC_PER_MSEC));
    snprintf(u->last.text, sizeof(u->last.text), "%s", why);
    uv_timer_start(&u->retry, on_retry, (uint64_t)(wait_us / USEC_PER_MSEC), 0);
}

static void on_up(void *ctx)
{
    struct uplink *u = (struct uplink *)ctx;

    u->is_up = true;
    u->up_mono_us = mono_now_us();
    u->last.text[0] = '\0';
    log_event(LOG_INFO, "link.up", "controller=%s port=%u resumed=%d", LOG_TEXT(present(u)->host),
              present(u)->port, link_peer(u->wire.link)->resumed);
    u->events->up(u->ctx);
}

static void note_welcome(struct uplink *u)
{
    link_remember_session(u->wire.link);
    resume_on_welcome(&u->resume, u->config, u->msg.body.welcome.reconnect_spread_ms,
                      link_peer(u->wire.link)->resumed, mono_now_us());
}

static void note_bye(struct uplink *u)
{
    u->asked_us = (usec_t)u->msg.body.bye.retry_after_ms * USEC_PER_MSEC;
    u->asked_spread_ms = u->msg.body.bye.spread_ms;
    log_event(u->msg.body.bye.code == loa_ByeCode_BYE_CODE_SHUTDOWN ? LOG_INFO : LOG_WARN,
              "link.bye", "code=%d detail=%s retry_after_ms=%u spread_ms=%u",
              (int)u->msg.body.bye.code, LOG_TEXT(u->msg.body.bye.detail),
              u->msg.body.bye.retry_after_ms, u->msg.body.bye.spread_ms);
}

/* The two messages that concern the connection besides the node. */
static void note(struct uplink *u, const struct frame *frame)
{
    if (frame->type != FRAME_CONTROL || control_decode(frame->payload, &u->msg) != ERR_OK)
        return;
    if (u->msg.which_body == loa_Msg_welcome_tag)
        note_welcome(u);
    else if (u->msg.which_body == loa_Msg_bye_tag)
        note_bye(u);
}

static enum err on_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    struct uplink *u = (struct uplink *)ctx;

    note(u, frame);
    return u->events->frame(u->ctx, frame, rx_mono_us);
}

static void on_closed(void *ctx, enum err why, const char *detail)
{
    struct uplink *u = (struct uplink *)ctx;

    u->busy = false;
    u->strangers += u->wire.stranger ? 1 : 0;
    if (u->is_up) {
        u->is_up = false;
        if (mono_now_us() - u->up_mono_us >= UPLINK_STABLE_US) {
            u->attempt = 0;
            reconnect_succeeded(&u->list);
        }
        u->events->down(u->ctx);
    }
    if (u->stopping) {
        close_timers(u);
    } else if (u->renewing) {
        u->renewing = false;
        link_config_forget(u->config);
        attempt(u);
    } else {
        wait_and_retry(u, detail[0] != '\0' ? detail : err_name(why));
    }
}

static const struct wire_events wire_events = {on_up, on_frame, on_closed};

static void attempt(struct uplink *u)
{
    enum err e = wire_open(&u->wire, u->loop, present(u)->host, present(u)->port, u->config,
                           &wire_events, u);

    if (e == ERR_OK)
        u->busy = true;
    else
        wait_and_retry(u, err_name(e));
}

/* ---- looking at the first controller from a standby ---- */

static void on_look_up(void *ctx)
{
    struct uplink *u = (struct uplink *)ctx;

    u->look_found = true;
    wire_close(&u->look_wire, ERR_CANCELLED, NULL);
}

/* Nothing that it says counts: no two controllers are listened to at once. */
static enum err on_look_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    (void)ctx;
    (void)frame;
    (void)rx_mono_us;
    return ERR_OK;
}

static void on_look_over(void *ctx, enum err why, const char *detail)
{
    struct uplink *u = (struct uplink *)ctx;

    (void)why;
    (void)detail;
    u->looking = false;
    u->strangers += u->look_wire.stranger ? 1 : 0;
    if (u->stopping) {
        close_timers(u);
        return;
    }
    if (!u->look_found || !u->events->may_move(u->ctx) || !reconnect_first_is_healthy(&u->list))
        return;
    u->attempt = 0;
    u->asked_us = 0;
    u->asked_spread_ms = 0;
    if (u->is_up)
        wire_close(&u->wire, ERR_CANCELLED, "the first controller is back");
}

static const struct wire_events look_events = {on_look_up, on_look_frame, on_look_over};

/* Show the certificates anew, while nobody listens: the next power cut shall find a session to resume. */
static bool renew(struct uplink *u)
{
    if (!u->events->may_move(u->ctx) || !resume_renews(&u->resume, u->config, mono_now_us()))
        return false;
    u->renewing = true;
    wire_close(&u->wire, ERR_CANCELLED, "the session is renewed");
    return true;
}

static void on_look(uv_timer_t *timer)
{
    struct uplink *u = (struct uplink *)timer->data;

    if (u->stopping || u->looking || !u->is_up || renew(u) || u->list.now == 0)
        return;
    u->look_found = false;
    u->looking = wire_open(&u->look_wire, u->loop, u->controllers[0].host, u->controllers[0].port,
                           u->config, &look_events, u) == ERR_OK;
}

enum err uplink_start(struct uplink *u, uv_loop_t *loop, const struct address *controllers,
                      size_t count, const struct link_credentials *cred, struct flash *files,
                      const struct uplink_events *events, void *ctx)
{
    uint32_t random[2];
    usec_t spread_us;
    enum err e;

    memset(u, 0, sizeof(*u));
    if (count == 0 || count > ADDRESS_CONTROLLERS_MAX)
        return ERR_ARG;
    memcpy(u->controllers, controllers, count * sizeof(*controllers));
    u->list.count = count;
    u->loop = loop;
    u->events = events;
    u->ctx = ctx;
    e = link_config_new(LINK_CLIENT, cred, &u->config);
    if (e != ERR_OK)
        return e;
    uv_timer_init(loop, &u->retry);
    uv_timer_init(loop, &u->look);
    u->retry.data = u;
    u->look.data = u;
    uv_timer_start(&u->look, on_look, RECONNECT_LOOK_US / USEC_PER_MSEC,
                   RECONNECT_LOOK_US / USEC_PER_MSEC);
    digest_random(random, sizeof(random));
    resume_load(&u->resume, files, u->config, random[0]);
    spread_us = resume_spread_us(&u->resume, u->config);
    if (spread_us > 0)
        uv_timer_start(&u->retry, on_retry,
                       (uint64_t)(spread_us / USEC_PER_MSEC) * random[1] / UINT32_MAX, 0);
    else
        attempt(u);
    return ERR_OK;
}

enum err uplink_send(struct uplink *u, enum frame_type type, struct bytes payload)
{
    return u->is_up ? wire_send(&u->wire, type, payload) : ERR_STATE;
}

void uplink_hang_up(struct uplink *u)
{
    if (u->is_up)
        wire_close(&u->wire, ERR_CANCELLED, "the node ended the session");
}

void uplink_stop(struct uplink *u, void (*stopped)(void *ctx))
{
    u->stopping = true;
    u->stopped = stopped;
    if (u->looking)
        wire_close(&u->look_wire, ERR_CANCELLED, NULL);
    if (u->busy)
        wire_close(&u->wire, ERR_CANCELLED, "the node is stopping");
    close_timers(u);
}
