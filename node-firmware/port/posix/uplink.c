#include "uplink.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "log.h"
#include "mono.h"
#include "reconnect.h"

static void attempt(struct uplink *u);

static void on_retry(uv_timer_t *timer)
{
    attempt((struct uplink *)timer->data);
}

static void on_retry_closed(uv_handle_t *handle)
{
    struct uplink *u = (struct uplink *)handle->data;

    link_config_free(u->config);
    u->config = NULL;
    u->stopped(u->ctx);
}

static void wait_and_retry(struct uplink *u, const char *why)
{
    usec_t wait_us;
    uint32_t random;

    digest_random(&random, sizeof(random));
    wait_us = reconnect_wait_us(u->attempt, random, u->asked_us);
    u->asked_us = 0;
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
    log_event(LOG_INFO, "link.up", "controller=%s port=%u resumed=%d", LOG_TEXT(u->host), u->port,
              link_peer(u->wire.link)->resumed);
    u->events->up(u->ctx);
}

/* The one message that concerns the connection and not the node. */
static void note_bye(struct uplink *u, const struct frame *frame)
{
    if (frame->type != FRAME_CONTROL || control_decode(frame->payload, &u->msg) != ERR_OK ||
        u->msg.which_body != loa_Msg_bye_tag)
        return;
    u->asked_us = (usec_t)u->msg.body.bye.retry_after_ms * USEC_PER_MSEC;
    log_event(u->msg.body.bye.code == loa_ByeCode_BYE_CODE_SHUTDOWN ? LOG_INFO : LOG_WARN,
              "link.bye", "code=%d detail=%s retry_after_ms=%u", (int)u->msg.body.bye.code,
              LOG_TEXT(u->msg.body.bye.detail), u->msg.body.bye.retry_after_ms);
}

static enum err on_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    struct uplink *u = (struct uplink *)ctx;

    note_bye(u, frame);
    return u->events->frame(u->ctx, frame, rx_mono_us);
}

static void on_closed(void *ctx, enum err why, const char *detail)
{
    struct uplink *u = (struct uplink *)ctx;

    u->busy = false;
    if (u->is_up) {
        u->is_up = false;
        if (mono_now_us() - u->up_mono_us >= UPLINK_STABLE_US)
            u->attempt = 0;
        u->events->down(u->ctx);
    }
    if (u->stopping)
        uv_close((uv_handle_t *)&u->retry, on_retry_closed);
    else
        wait_and_retry(u, detail[0] != '\0' ? detail : err_name(why));
}

static const struct wire_events wire_events = {on_up, on_frame, on_closed};

static void attempt(struct uplink *u)
{
    enum err e = wire_open(&u->wire, u->loop, u->host, u->port, u->config, &wire_events, u);

    if (e == ERR_OK)
        u->busy = true;
    else
        wait_and_retry(u, err_name(e));
}

enum err uplink_start(struct uplink *u, uv_loop_t *loop, const char *host, uint16_t port,
                      const struct link_credentials *cred, const struct uplink_events *events,
                      void *ctx)
{
    enum err e;

    memset(u, 0, sizeof(*u));
    if (strlen(host) >= sizeof(u->host))
        return ERR_ARG;
    strcpy(u->host, host);
    u->loop = loop;
    u->port = port;
    u->events = events;
    u->ctx = ctx;
    e = link_config_new(LINK_CLIENT, cred, &u->config);
    if (e != ERR_OK)
        return e;
    uv_timer_init(loop, &u->retry);
    u->retry.data = u;
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
    if (u->busy)
        wire_close(&u->wire, ERR_CANCELLED, "the node is stopping");
    else
        uv_close((uv_handle_t *)&u->retry, on_retry_closed);
}
