#include "enrolment.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "control.h"
#include "digest.h"
#include "identity.h"
#include "log.h"
#include "reconnect.h"

struct dialogue {
    const struct enrolment *params;
    struct flash *files;
    uv_loop_t *loop;
    uv_timer_t retry;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    struct link_config *config;
    struct wire wire;
    bool wire_busy;
    bool decided;
    int handles; /* not yet closed */
    enum err result;
    struct err_detail *detail;
    uint32_t attempt;
    uint32_t wait_s; /* what the controller asked for */
    uint32_t spread_ms; /* and how much longer at random */
    uint8_t csr[CERT_DER_MAX];
    size_t csr_len;
    loa_Msg msg;
};

static void on_handle_closed(uv_handle_t *handle)
{
    ((struct dialogue *)handle->data)->handles--;
}

static void decide(struct dialogue *d, enum err result)
{
    if (d->decided)
        return;
    d->decided = true;
    d->result = result;
    if (d->wire_busy)
        wire_close(&d->wire, ERR_CANCELLED, NULL);
    uv_close((uv_handle_t *)&d->retry, on_handle_closed);
    uv_close((uv_handle_t *)&d->interrupt, on_handle_closed);
    uv_close((uv_handle_t *)&d->terminate, on_handle_closed);
}

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static void on_up(void *ctx)
{
    struct dialogue *d = (struct dialogue *)ctx;
    loa_EnrolRequest *request = &d->msg.body.enrol_request;
    uint8_t memory[CONTROL_BYTES_MAX];
    struct writer w;
    enum err e;

    memset(&d->msg, 0, sizeof(d->msg));
    d->msg.which_body = loa_Msg_enrol_request_tag;
    memcpy(request->secret.bytes, d->params->code->secret, JOINCODE_SECRET_BYTES);
    request->secret.size = JOINCODE_SECRET_BYTES;
    memcpy(request->csr.bytes, d->csr, d->csr_len);
    request->csr.size = (pb_size_t)d->csr_len;
    copy_text(request->hardware, sizeof(request->hardware), d->params->hardware);
    copy_text(request->firmware, sizeof(request->firmware), d->params->firmware);
    copy_text(request->serial, sizeof(request->serial), d->params->serial);
    writer_init(&w, memory, sizeof(memory));
    e = control_encode(&w, &d->msg);
    if (e == ERR_OK)
        e = wire_send(&d->wire, FRAME_CONTROL, writer_view(&w));
    explicit_bzero(memory, sizeof(memory));
    if (e != ERR_OK)
        wire_close(&d->wire, e, "the request could not be sent");
}

/* What a technician can do about a refusal. */
static const char *advice(loa_EnrolResult result)
{
    switch (result) {
    case loa_EnrolResult_ENROL_RESULT_WRONG_CODE:
        return "the controller does not know this join code; check it or ask for a new one";
    case loa_EnrolResult_ENROL_RESULT_USED:
        return "this join code was used by another node; ask for a new one";
    case loa_EnrolResult_ENROL_RESULT_EXPIRED:
        return "this join code has expired; ask for a new one";
    case loa_EnrolResult_ENROL_RESULT_BAD_REQUEST:
        return "the controller could not use this node's request; update the firmware";
    case loa_EnrolResult_ENROL_RESULT_NONE:
    case loa_EnrolResult_ENROL_RESULT_ACCEPTED:
    case loa_EnrolResult_ENROL_RESULT_RATE_LIMITED:
    case loa_EnrolResult_ENROL_RESULT_UNAVAILABLE:
        break;
    }
    return "the controller gave an answer that this firmware does not know; update the firmware";
}

static void take_certificate(struct dialogue *d, const loa_EnrolReply *reply)
{
    enum err e = identity_store(d->files, bytes_of(reply->node_cert.bytes, reply->node_cert.size),
                                link_ca_der(d->wire.link), (struct node_id){reply->node_id},
                                reply->station, d->detail);

    if (e == ERR_OK)
        log_event(LOG_INFO, "enrol.done", "node=%u station=%s", reply->node_id,
                  LOG_TEXT(reply->station));
    decide(d, e);
}

static enum err on_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    struct dialogue *d = (struct dialogue *)ctx;
    const loa_EnrolReply *reply = &d->msg.body.enrol_reply;

    (void)rx_mono_us;
    if (frame->type != FRAME_CONTROL || control_decode(frame->payload, &d->msg) != ERR_OK ||
        d->msg.which_body != loa_Msg_enrol_reply_tag)
        return ERR_FORMAT;
    switch (reply->result) {
    case loa_EnrolResult_ENROL_RESULT_ACCEPTED:
        take_certificate(d, reply);
        break;
    case loa_EnrolResult_ENROL_RESULT_RATE_LIMITED:
    case loa_EnrolResult_ENROL_RESULT_UNAVAILABLE:
        d->wait_s = reply->retry_after_s;
        d->spread_ms = reply->spread_ms;
        wire_close(&d->wire, ERR_BUSY,
                   reply->detail[0] != '\0' ? reply->detail : "the controller is busy");
        break;
    case loa_EnrolResult_ENROL_RESULT_NONE:
    case loa_EnrolResult_ENROL_RESULT_WRONG_CODE:
    case loa_EnrolResult_ENROL_RESULT_USED:
    case loa_EnrolResult_ENROL_RESULT_EXPIRED:
    case loa_EnrolResult_ENROL_RESULT_BAD_REQUEST:
    default:
        decide(d, err_set(d->detail, ERR_AUTH, "%s", advice(reply->result)));
        break;
    }
    return ERR_OK;
}

static void attempt(struct dialogue *d);

static void on_retry(uv_timer_t *timer)
{
    attempt((struct dialogue *)timer->data);
}

static void wait_and_retry(struct dialogue *d, const char *why)
{
    usec_t asked_us, wait_us;
    uint32_t random;

    if (d->wait_s > ENROLMENT_WAIT_MAX_S)
        d->wait_s = ENROLMENT_WAIT_MAX_S;
    asked_us = (usec_t)d->wait_s * USEC_PER_SEC;
    d->wait_s = 0;
    digest_random(&random, sizeof(random));
    wait_us = reconnect_wait_us(d->attempt, random, asked_us, reconnect_spread_us(0, d->spread_ms));
    d->spread_ms = 0;
    d->attempt++;
    log_event(LOG_WARN, "enrol.waiting", "why=%s attempts=%u retry_ms=%lld", LOG_TEXT(why),
              d->attempt, (long long)(wait_us / USEC_PER_MSEC));
    uv_timer_start(&d->retry, on_retry, (uint64_t)(wait_us / USEC_PER_MSEC), 0);
}

static void on_closed(void *ctx, enum err why, const char *detail)
{
    struct dialogue *d = (struct dialogue *)ctx;

    d->wire_busy = false;
    if (d->decided)
        return;
    if (why == ERR_AUTH)
        decide(d, err_set(d->detail, ERR_AUTH,
                          "%s:%u is not the controller that this join code is for (%s); check "
                          "address and code",
                          d->params->host, d->params->port, detail));
    else
        wait_and_retry(d, detail[0] != '\0' ? detail : err_name(why));
}

static const struct wire_events wire_events = {on_up, on_frame, on_closed};

static void attempt(struct dialogue *d)
{
    enum err e =
        wire_open(&d->wire, d->loop, d->params->host, d->params->port, d->config, &wire_events, d);

    if (e == ERR_OK)
        d->wire_busy = true;
    else
        wait_and_retry(d, err_name(e));
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    decide((struct dialogue *)handle->data, ERR_CANCELLED);
}

/* Key and request, made or found before the controller hears anything. */
static enum err prepare(struct dialogue *d)
{
    struct link_credentials cred = {
        .ca_pin = bytes_of(d->params->code->ca_pin, sizeof(d->params->code->ca_pin))};
    struct cert_key *key = NULL;
    char pem[CERT_PEM_MAX];
    enum err e = identity_key(d->files, pem, d->detail);

    if (e == ERR_OK)
        e = cert_key_load(bytes_of(pem, strlen(pem) + 1), &key);
    if (e == ERR_OK)
        e = cert_request(key, "loa-node", d->csr, &d->csr_len);
    cert_key_free(key);
    explicit_bzero(pem, sizeof(pem));
    if (e == ERR_OK && d->csr_len > sizeof(d->msg.body.enrol_request.csr.bytes))
        e = ERR_LIMIT;
    return e == ERR_OK ? link_config_new(LINK_ENROLLER, &cred, &d->config) : e;
}

enum err enrolment_run(uv_loop_t *loop, const struct enrolment *params, struct flash *files,
                       struct err_detail *detail)
{
    struct dialogue *d = calloc(1, sizeof(*d));
    enum err e;

    if (d == NULL)
        return err_set(detail, ERR_NOMEM, "out of memory");
    d->params = params;
    d->files = files;
    d->loop = loop;
    d->detail = detail;
    e = prepare(d);
    if (e != ERR_OK)
        goto out;
    uv_timer_init(loop, &d->retry);
    uv_signal_init(loop, &d->interrupt);
    uv_signal_init(loop, &d->terminate);
    d->retry.data = d->interrupt.data = d->terminate.data = d;
    uv_signal_start(&d->interrupt, on_signal, SIGINT);
    uv_signal_start(&d->terminate, on_signal, SIGTERM);
    d->handles = 3;
    attempt(d);
    while (d->handles > 0 || d->wire_busy)
        uv_run(loop, UV_RUN_ONCE);
    e = d->result;
out:
    link_config_free(d->config);
    explicit_bzero(d, sizeof(*d));
    free(d);
    if (e != ERR_OK && detail->text[0] == '\0')
        err_set(detail, e, "enrolment failed: %s", err_name(e));
    return e;
}
