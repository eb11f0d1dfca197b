#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "member_priv.h"
#include "papers.h"

static enum err send_frame(struct member *m, enum frame_type type, struct bytes payload)
{
    uint8_t frame[FRAME_HEADER_BYTES + CONTROL_BYTES_MAX];
    struct writer w;
    enum err e;

    writer_init(&w, frame, sizeof(frame));
    e = frame_write(&w, type, payload);
    if (e == ERR_OK)
        e = link_write(m->link, writer_view(&w));
    return e == ERR_OK ? member_flush(m) : e;
}

enum err member_send(struct member *m, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer body;
    enum err e;

    writer_init(&body, payload, sizeof(payload));
    e = control_encode(&body, msg);
    return e == ERR_OK ? send_frame(m, FRAME_CONTROL, writer_view(&body)) : e;
}

static enum err ask_time(struct member *m, usec_t now_us)
{
    uint8_t payload[TSYNC_REQUEST_BYTES];

    m->burst_left--;
    tsync_write_request(member_clock(m, now_us), payload);
    return send_frame(m, FRAME_TIME_REQUEST, bytes_of(payload, sizeof(payload)));
}

static enum err send_hello(struct member *m)
{
    loa_Msg msg = {.which_body = loa_Msg_hello_tag};
    loa_Hello *h = &msg.body.hello;

    h->version_min = h->version_max = m->wrong_version ? 99 : 1;
    h->node_id = m->node.v;
    memcpy(h->boot_id, &m->random, sizeof(h->boot_id));
    snprintf(h->firmware, sizeof(h->firmware), "%s", LOA_VERSION);
    snprintf(h->hardware, sizeof(h->hardware), "fleet");
    m->state = MEMBER_HELLO;
    return member_send(m, &msg);
}

static enum err send_status(struct member *m, usec_t now_us)
{
    loa_Msg msg = {.which_body = loa_Msg_status_tag};
    loa_Status *s = &msg.body.status;
    usec_t local_us = member_clock(m, now_us);

    s->uptime_ms = (uint64_t)(now_us - m->origin_us) / 1000;
    s->rms_mdb = s->peak_mdb = -120000;
    s->clock_offset_us = tsync_station(&m->tsync, local_us) - local_us;
    s->clock_uncertainty_us = (uint32_t)tsync_uncertainty_us(&m->tsync, local_us);
    return member_send(m, &msg);
}

static enum err send_request(struct member *m)
{
    loa_Msg msg = {.which_body = loa_Msg_enrol_request_tag};
    loa_EnrolRequest *r = &msg.body.enrol_request;
    uint8_t csr[CERT_DER_MAX];
    size_t len;
    enum err e = cert_request(m->key, "loa-node", csr, &len);

    if (e != ERR_OK || len > sizeof(r->csr.bytes))
        return ERR_LIMIT;
    memcpy(r->secret.bytes, m->code.secret, JOINCODE_SECRET_BYTES);
    r->secret.size = JOINCODE_SECRET_BYTES;
    memcpy(r->csr.bytes, csr, len);
    r->csr.size = (pb_size_t)len;
    snprintf(r->hardware, sizeof(r->hardware), "fleet");
    snprintf(r->firmware, sizeof(r->firmware), "%s", LOA_VERSION);
    snprintf(r->serial, sizeof(r->serial), "fleet-%05u", m->index + 1);
    m->state = MEMBER_JOINING;
    return member_send(m, &msg);
}

/* ---- in ---- */

/* A session needs the papers; the config keeps a copy, and later the ticket. */
enum err member_make_config(struct member *m)
{
    struct papers *p = calloc(1, sizeof(*p));
    struct link_credentials cred;
    enum err e = p != NULL ? papers_load(m->options->state, m->index, p) : ERR_NOMEM;

    if (e == ERR_OK) {
        cred = papers_credentials(p);
        e = link_config_new(LINK_CLIENT, &cred, &m->config);
    }
    if (e == ERR_OK)
        m->node = p->node;
    if (e == ERR_OK && m->options->sessions)
        papers_take_session(m->options->state, m->index, m->config);
    if (p != NULL)
        explicit_bzero(p, sizeof(*p));
    free(p);
    return e;
}

static enum err on_enrolled(struct member *m, const loa_EnrolReply *reply, usec_t now_us)
{
    char pem[CERT_PEM_MAX];
    usec_t wait_us = (usec_t)reply->retry_after_s * USEC_PER_SEC;
    enum err e;

    if (reply->result == loa_EnrolResult_ENROL_RESULT_RATE_LIMITED ||
        reply->result == loa_EnrolResult_ENROL_RESULT_UNAVAILABLE) {
        wait_us += member_random_us(m, (usec_t)reply->spread_ms * USEC_PER_MSEC);
        member_lost(m, now_us, wait_us, reply->detail);
        return ERR_OK;
    }
    if (reply->result != loa_EnrolResult_ENROL_RESULT_ACCEPTED) {
        member_give_up(m, reply->detail[0] != '\0' ? reply->detail : "the join code was refused");
        return ERR_OK;
    }
    e = cert_key_pem(m->key, pem);
    if (e == ERR_OK)
        e = papers_store(m->options->state, m->index, pem,
                         bytes_of(reply->node_cert.bytes, reply->node_cert.size),
                         link_ca_der(m->link));
    explicit_bzero(pem, sizeof(pem));
    if (e == ERR_OK)
        e = member_make_config(m);
    if (e != ERR_OK) {
        member_give_up(m, "a certificate could not be kept in the state directory");
        return ERR_OK;
    }
    tally_add(&m->count->join_ms, (double)(now_us - m->tried_us) / 1000.0);
    m->count->joined++;
    m->start_us = now_us;
    member_let_go(m);
    return ERR_OK;
}

static usec_t interval(uint32_t ms, uint32_t usual_ms)
{
    return (usec_t)(ms >= 100 && ms <= 60000 ? ms : usual_ms) * USEC_PER_MSEC;
}

static void on_welcome(struct member *m, const loa_Welcome *w, usec_t now_us)
{
    m->state = MEMBER_READY;
    m->attempts = 0;
    m->status_interval_us = interval(w->status_interval_ms, 1000);
    m->spread_us = (usec_t)w->reconnect_spread_ms * USEC_PER_MSEC;
    link_remember_session(m->link);
    m->burst_interval_us = interval(w->time_interval_ms, 2000);
    m->next_burst_us = now_us;
    m->next_status_us = now_us;
    tally_add(&m->count->ready_ms, (double)(now_us - m->tried_us) / 1000.0);
    member_air_link_up(m);
}

/* Once, as nodes do: the next Welcome says anew how many there are. */
static void on_bye(struct member *m, const loa_Bye *bye, usec_t now_us)
{
    usec_t wish_us = (usec_t)bye->spread_ms * USEC_PER_MSEC;

    if (wish_us > m->spread_us)
        m->spread_us = wish_us;
    member_lost(m, now_us, (usec_t)bye->retry_after_ms * USEC_PER_MSEC, bye->detail);
}

static enum err on_message(struct member *m, struct bytes payload, usec_t now_us)
{
    static loa_Msg msg; /* 4 kB; one loop, one at a time */
    enum err e = control_decode(payload, &msg);

    if (e == ERR_UNSUPPORTED)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    switch (msg.which_body) {
    case loa_Msg_enrol_reply_tag:
        return m->state == MEMBER_JOINING ? on_enrolled(m, &msg.body.enrol_reply, now_us)
                                          : ERR_STATE;
    case loa_Msg_welcome_tag:
        on_welcome(m, &msg.body.welcome, now_us);
        return ERR_OK;
    case loa_Msg_order_tag:
        return member_air_order(m, &msg.body.order, now_us);
    case loa_Msg_receipt_ack_tag:
        member_air_acked(m, msg.body.receipt_ack.receipt_id);
        return ERR_OK;
    case loa_Msg_bye_tag:
        if (msg.body.bye.code == loa_ByeCode_BYE_CODE_VERSION ||
            msg.body.bye.code == loa_ByeCode_BYE_CODE_REVOKED)
            member_give_up(m, msg.body.bye.detail);
        else
            on_bye(m, &msg.body.bye, now_us);
        return ERR_OK;
    default:
        return ERR_OK; /* settings, offers: nothing that shows on the wire */
    }
}

static enum err on_time(struct member *m, struct bytes payload, usec_t now_us)
{
    struct tsync_sample sample;
    enum err e = tsync_read_reply(payload, member_clock(m, now_us), &sample);

    if (e != ERR_OK)
        return e;
    e = tsync_add(&m->tsync, &sample);
    if (e == ERR_FORMAT)
        return e; /* times that cannot be; outliers are the filter's business */
    return m->burst_left > 0 ? ask_time(m, now_us) : ERR_OK;
}

enum err member_on_frame(struct member *m, const struct frame *f, usec_t now_us)
{
    m->heard_us = now_us;
    switch (f->type) {
    case FRAME_CONTROL:
        return on_message(m, f->payload, now_us);
    case FRAME_BUNDLE:
        return member_air_bundle(m, f->payload, now_us);
    case FRAME_TIME_REPLY:
        return on_time(m, f->payload, now_us);
    case FRAME_NONE:
    case FRAME_CHUNK:
    case FRAME_TIME_REQUEST:
    default:
        return ERR_STATE; /* never asked for */
    }
}

enum err member_greet(struct member *m)
{
    m->count->connects++;
    m->count->resumed += link_peer(m->link)->resumed ? 1 : 0;
    return m->node.v == 0 ? send_request(m) : send_hello(m);
}

enum err member_talk_tick(struct member *m, usec_t now_us)
{
    enum err e = ERR_OK;

    if (now_us >= m->next_burst_us || now_us >= m->heard_us + TSYNC_QUIET_US) {
        m->heard_us = now_us;
        m->next_burst_us =
            now_us + tsync_pause_us(&m->tsync, member_clock(m, now_us), m->burst_interval_us);
        m->burst_left = TSYNC_BURST;
        tsync_abandon_burst(&m->tsync);
        e = ask_time(m, now_us);
    }
    if (e == ERR_OK && m->tsync.locked && now_us >= m->next_status_us) {
        m->next_status_us = now_us + m->status_interval_us;
        e = send_status(m, now_us);
    }
    if (e == ERR_OK && m->tsync.locked)
        e = member_air_tick(m, now_us);
    return e;
}
