#include <string.h>

#include "log.h"
#include "node_priv.h"
#include "packet.h"

#define VERSION 1
#define BURST_LOST_US (3 * USEC_PER_SEC)
#define RECEIPTS_A_STEP 8
#define MESSAGES_A_STEP 8
#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS 60000
#define METER_MOST_MS 10000
#define METER_FOR_MOST_MS 60000
#define SEND_BURST 40 /* the controller allows 200 control messages a second */
#define SEND_PACE_US 8000
#define FAR_PACKET_US (60 * USEC_PER_SEC)

enum err node_send(struct node *n, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer w;
    enum err e;

    writer_init(&w, payload, sizeof(payload));
    e = control_encode(&w, msg);
    if (e != ERR_OK)
        return e;
    n->send_budget--;
    return n->port.send(n->port.ctx, FRAME_CONTROL, writer_view(&w));
}

static void copy_text(char *ret_to, size_t size, const char *from)
{
    size_t len = from != NULL ? strnlen(from, size - 1) : 0;

    memcpy(ret_to, from != NULL ? from : "", len);
    ret_to[len] = '\0';
}

void node_link_up(struct node *n, usec_t mono_us)
{
    loa_Hello *h = &n->out.body.hello;

    n->out = (loa_Msg){.which_body = loa_Msg_hello_tag};
    h->version_min = VERSION;
    h->version_max = VERSION;
    h->node_id = n->config.id.v;
    memcpy(h->boot_id, n->config.boot_id, sizeof(h->boot_id));
    copy_text(h->firmware, sizeof(h->firmware), n->config.firmware);
    copy_text(h->hardware, sizeof(h->hardware), n->config.hardware);
    copy_text(h->restart_cause, sizeof(h->restart_cause), n->config.restart_cause);
    h->restarts = n->config.restarts;
    h->settings_revision = n->settings.now.revision;
    h->orders_held = n->plan.damaged > 0 ? 0 : plan_open_count(&n->plan);
    n->send_budget = SEND_BURST;
    n->budget_mono_us = mono_us;
    n->link = NODE_LINK_HELLO;
    n->time = (struct node_time){.interval_us = n->time.interval_us, .next_burst_us = mono_us};
    n->next_status_us = mono_us;
    n->meter_until_us = 0;
    n->stream.asked = false;
    if (node_send(n, &n->out) != ERR_OK)
        n->port.hang_up(n->port.ctx);
}

void node_link_down(struct node *n, usec_t mono_us)
{
    (void)mono_us;
    n->link = NODE_LINK_DOWN;
    n->stream.asked = false;
    tsync_abandon_burst(&n->tsync);
    n->time.left = 0;
    n->time.waiting = false;
    n->ack_count = 0;
    cache_link_down(&n->cache);
    receipts_link_down(&n->receipts);
}

/* ---- frames in ---- */

static usec_t interval_us(uint32_t ms, uint32_t usual_ms)
{
    if (ms == 0)
        ms = usual_ms;
    ms = ms < INTERVAL_LEAST_MS ? INTERVAL_LEAST_MS : ms > INTERVAL_MOST_MS ? INTERVAL_MOST_MS : ms;
    return (usec_t)ms * USEC_PER_MSEC;
}

static enum err on_welcome(struct node *n, const loa_Welcome *w, usec_t mono_us)
{
    if (w->version != VERSION || strcmp(w->station, n->config.station) != 0)
        return ERR_STATE;
    n->status_interval_us = interval_us(w->status_interval_ms, 1000);
    n->time.interval_us = interval_us(w->time_interval_ms, 2000);
    if (w->order_cert.size > 0)
        node_order_cert_arrived(n, bytes_of(w->order_cert.bytes, w->order_cert.size));
    n->link = NODE_LINK_READY;
    n->next_status_us = mono_us;
    n->time.next_burst_us = mono_us;
    return ERR_OK;
}

static enum err on_settings(struct node *n, usec_t mono_us)
{
    struct node_choice before = node_choice_now(n, mono_us);
    enum err e = settings_apply(&n->settings, &n->port, &n->in, n->bytes);

    if (e == ERR_FORMAT)
        return e;
    if (e != ERR_OK)
        node_log(n, LOG_WARN, "flash.write_failed", "object=%s", SETTINGS_OBJECT);
    node_flush_if_changed(n, &before, mono_us);
    return ERR_OK;
}

static void on_meter(struct node *n, const loa_Meter *m, usec_t mono_us)
{
    uint32_t ms = m->interval_ms < INTERVAL_LEAST_MS ? INTERVAL_LEAST_MS : m->interval_ms;

    n->meter_interval_us = (usec_t)(ms < METER_MOST_MS ? ms : METER_MOST_MS) * USEC_PER_MSEC;
    ms = m->for_ms < METER_FOR_MOST_MS ? m->for_ms : METER_FOR_MOST_MS;
    n->meter_until_us = mono_us + (usec_t)ms * USEC_PER_MSEC;
}

static enum err on_ready_message(struct node *n, usec_t mono_us)
{
    switch (n->in.which_body) {
    case loa_Msg_settings_tag:
        return on_settings(n, mono_us);
    case loa_Msg_media_offer_tag:
        return cache_offer(&n->cache, &n->in.body.media_offer);
    case loa_Msg_media_gone_tag:
        cache_gone(&n->cache, &n->in.body.media_gone);
        return ERR_OK;
    case loa_Msg_order_tag:
        node_order_received(n, &n->in.body.order, mono_us);
        return ERR_OK;
    case loa_Msg_receipt_ack_tag:
        receipts_acknowledged(&n->receipts, n->in.body.receipt_ack.receipt_id);
        return ERR_OK;
    case loa_Msg_meter_tag:
        on_meter(n, &n->in.body.meter, mono_us);
        return ERR_OK;
    default:
        return ERR_STATE; /* what only nodes say, or a second Welcome */
    }
}

static enum err on_control(struct node *n, struct bytes payload, usec_t mono_us)
{
    enum err e = control_decode(payload, &n->in);

    if (e == ERR_UNSUPPORTED)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    if (n->in.which_body == loa_Msg_bye_tag) {
        node_log(n, LOG_WARN, "link.bye", "code=%d", (int)n->in.body.bye.code);
        n->port.hang_up(n->port.ctx);
        return ERR_OK;
    }
    if (n->link == NODE_LINK_HELLO)
        return n->in.which_body == loa_Msg_welcome_tag ? on_welcome(n, &n->in.body.welcome, mono_us)
                                                       : ERR_STATE;
    return on_ready_message(n, mono_us);
}

static enum err on_bundle(struct node *n, struct bytes payload, usec_t mono_us)
{
    struct bundle_reader b;
    struct packet p;
    usec_t now_us = 0;
    enum err e = bundle_open(&b, payload);

    if (e != ERR_OK)
        return e;
    /* Only the stream of an accepted order is taken in: nothing else can reach the horns. */
    if (n->stream.id == 0 || b.stream.v != n->stream.id || !n->tsync.locked)
        return ERR_OK;
    now_us = node_programme_us(n, mono_us);
    n->stream.heard_us = mono_us;
    if (b.pts_us > now_us - FAR_PACKET_US && b.pts_us < now_us + FAR_PACKET_US)
        node_live_heard(n, b.stream.v, b.pts_us, b.pts_us + b.count * PACKET_US, b.last);
    while (bundle_next(&b, &p) == ERR_OK) {
        if (p.pts_us < now_us - FAR_PACKET_US || p.pts_us > now_us + FAR_PACKET_US)
            continue;
        /* The jitter buffer counts what it refuses. */
        e = jitter_push(&n->jitter, &p, now_us);
        (void)e;
    }
    return ERR_OK;
}

static enum err on_chunk(struct node *n, struct bytes payload, usec_t mono_us)
{
    struct chunk c;
    enum err e = chunk_read(payload, &c);

    if (e != ERR_OK)
        return e;
    cache_chunk(&n->cache, &c, mono_us);
    return ERR_OK;
}

static enum err on_time_reply(struct node *n, struct bytes payload, usec_t rx_mono_us)
{
    struct tsync_sample s;
    enum err e = tsync_read_reply(payload, rx_mono_us, &s);

    if (e != ERR_OK)
        return e;
    if (!n->time.waiting || s.t1_mono_us != n->time.asked_us)
        return ERR_OK; /* an answer that was given up */
    n->time.waiting = false;
    e = tsync_add(&n->tsync, &s);
    if (e == ERR_STATE)
        node_log(n, LOG_WARN, "clock.outlier", "rejected=%u", (unsigned)n->tsync.rejected);
    return e == ERR_FORMAT ? ERR_FORMAT : ERR_OK;
}

enum err node_receive(struct node *n, const struct frame *frame, usec_t rx_mono_us)
{
    if (n->link == NODE_LINK_DOWN)
        return ERR_STATE;
    n->time.heard_us = rx_mono_us;
    if (frame->type == FRAME_CONTROL)
        return on_control(n, frame->payload, rx_mono_us);
    if (n->link != NODE_LINK_READY)
        return ERR_STATE;
    switch (frame->type) {
    case FRAME_BUNDLE:
        return on_bundle(n, frame->payload, rx_mono_us);
    case FRAME_CHUNK:
        return on_chunk(n, frame->payload, rx_mono_us);
    case FRAME_TIME_REPLY:
        return on_time_reply(n, frame->payload, rx_mono_us);
    case FRAME_NONE:
    case FRAME_CONTROL:
    case FRAME_TIME_REQUEST:
        break;
    }
    return ERR_STATE;
}

/* ---- messages out ---- */

/* One exchange at a time, so that none waits behind another. */
static void time_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    uint8_t payload[TSYNC_REQUEST_BYTES];
    struct node_time *t = &n->time;

    if (t->waiting && mono_us - t->asked_us > BURST_LOST_US) {
        tsync_abandon_burst(&n->tsync);
        t->waiting = false;
        t->left = 0;
    }
    if (t->next_burst_us > t->heard_us + TSYNC_QUIET_US)
        t->next_burst_us = t->heard_us + TSYNC_QUIET_US;
    if (!t->waiting && t->left == 0 && mono_us >= t->next_burst_us) {
        t->left = TSYNC_BURST;
        t->next_burst_us = mono_us;
        if (!tsync_is_eager(&n->tsync, mono_us))
            t->next_burst_us += tsync_pause_us(&n->tsync, mono_us, t->interval_us);
    }
    if (!t->waiting && t->left > 0) {
        tsync_write_request(mono_us, payload);
        t->asked_us = mono_us;
        if (n->port.send(n->port.ctx, FRAME_TIME_REQUEST, bytes_of(payload, sizeof(payload))) ==
            ERR_OK) {
            t->waiting = true;
            t->left--;
        } else {
            tsync_abandon_burst(&n->tsync);
            t->left = 0;
            t->next_burst_us = mono_us + t->interval_us;
        }
    }
    if (t->waiting && t->asked_us + BURST_LOST_US < *next_us)
        *next_us = t->asked_us + BURST_LOST_US;
    if (t->next_burst_us < *next_us && t->left == 0 && !t->waiting)
        *next_us = t->next_burst_us;
}

static uint32_t buffer_ms(const struct node *n, usec_t mono_us)
{
    usec_t ahead = 0;

    if (!node_can_render(n) || n->sounding == NULL)
        return 0;
    if (n->sounding->tally.streamed)
        ahead = jitter_ahead_us(&n->jitter, node_programme_us(n, mono_us));
    else
        ahead = cardclock_mono_ns(&n->card, n->next_frame) / 1000 - mono_us;
    return ahead > 0 ? (uint32_t)(ahead / USEC_PER_MSEC) : 0;
}

static void send_status(struct node *n, usec_t mono_us)
{
    loa_Status *s = &n->out.body.status;
    double slow_ppm = n->card.slow_ppm;

    n->out = (loa_Msg){.which_body = loa_Msg_status_tag};
    s->uptime_ms = (uint64_t)((mono_us - n->born_mono_us) / USEC_PER_MSEC);
    s->buffer_ms = buffer_ms(n, mono_us);
    meter_move(&n->status_meter, &n->level_meter);
    s->rms_mdb = meter_rms_mdb(&n->status_meter);
    s->peak_mdb = meter_peak_mdb(&n->status_meter);
    if (n->tsync.locked)
        s->clock_offset_us = tsync_station(&n->tsync, mono_us) - mono_us;
    s->has_stream_margin = n->stream.has_margin;
    s->stream_margin_ms = (int32_t)(n->stream.margin_us / USEC_PER_MSEC);
    n->stream.has_margin = false;
    s->clock_uncertainty_us = (uint32_t)tsync_uncertainty_us(&n->tsync, mono_us);
    s->clock_skew_ppb = (int32_t)(n->tsync.skew_ppm * 1000);
    if (cardclock_locked(&n->card))
        s->card_skew_ppb = (int32_t)((-slow_ppm - n->tsync.skew_ppm) * 1000);
    s->has_temperature = n->telemetry.has_temperature;
    s->temperature_mc = n->telemetry.temperature_mc;
    s->has_mains = n->telemetry.has_mains;
    s->mains_ok = n->telemetry.mains_ok;
    s->supply_mv = n->telemetry.supply_mv;
    s->underruns = n->telemetry.underruns + n->card_gaps;
    s->cache_bytes = cache_bytes(&n->cache);
    s->cache_free_bytes =
        s->cache_bytes < n->cache.quota_bytes ? n->cache.quota_bytes - s->cache_bytes : 0;
    s->cached_count = cache_whole_count(&n->cache);
    s->playing_broadcast = n->sounding != NULL ? n->sounding->broadcast_id : 0;
    s->muted_locally = n->telemetry.muted_locally;
    s->rss_kb = n->telemetry.rss_kb;
    s->orders_held = plan_open_count(&n->plan);
    s->faults = n->faults.now;
    s->disk_free_bytes = n->telemetry.disk_free_bytes;
    s->memory_free_kb = n->telemetry.memory_free_kb;
    if (node_send(n, &n->out) == ERR_OK)
        n->status_meter = (struct meter){0};
}

/* Somebody looks at the meter. A Status in between takes what sounded since the last Level along. */
static void level_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    loa_Level *l = &n->out.body.level;

    if (mono_us >= n->meter_until_us || n->sounding == NULL)
        return;
    if (mono_us >= n->next_level_us && n->level_meter.frames > 0 && n->send_budget > 0) {
        n->out = (loa_Msg){.which_body = loa_Msg_level_tag};
        l->rms_mdb = meter_rms_mdb(&n->level_meter);
        l->peak_mdb = meter_peak_mdb(&n->level_meter);
        n->next_level_us = mono_us + n->meter_interval_us;
        if (node_send(n, &n->out) == ERR_OK)
            meter_move(&n->status_meter, &n->level_meter);
    }
    if (n->next_level_us > mono_us && n->next_level_us < *next_us)
        *next_us = n->next_level_us;
}

static void send_receipts(struct node *n, usec_t mono_us, usec_t *next_us)
{
    /* Not before the order is closed on flash, so that an acknowledged one cannot come again. */
    if (n->plan.dirty && !n->plan.write_failed)
        return;
    for (int i = 0; i < RECEIPTS_A_STEP && n->send_budget > 0; i++) {
        const loa_Receipt *r = receipts_next(&n->receipts, mono_us, next_us);

        if (r == NULL)
            return;
        n->out = (loa_Msg){.which_body = loa_Msg_receipt_tag, .body.receipt = *r};
        if (node_send(n, &n->out) != ERR_OK)
            return;
    }
    if (mono_us + 100 * USEC_PER_MSEC < *next_us)
        *next_us = mono_us + 100 * USEC_PER_MSEC;
}

/* What can wait leaves at a pace that the controller allows. */
static void raise_budget(struct node *n, usec_t mono_us, usec_t *next_us)
{
    usec_t more = (mono_us - n->budget_mono_us) / SEND_PACE_US;

    n->budget_mono_us += more * SEND_PACE_US;
    n->send_budget = more < SEND_BURST - n->send_budget ? n->send_budget + (int)more : SEND_BURST;
    if (n->send_budget <= 0 && mono_us + SEND_PACE_US < *next_us)
        *next_us = mono_us + SEND_PACE_US;
}

void node_link_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    bool ready = n->link == NODE_LINK_READY;

    if (ready) {
        raise_budget(n, mono_us, next_us);
        time_step(n, mono_us, next_us);
    }
    for (int i = 0; i < MESSAGES_A_STEP; i++) {
        if (!cache_step(&n->cache, mono_us, ready && n->send_budget > 0, &n->out, next_us))
            break;
        if (node_send(n, &n->out) != ERR_OK)
            break;
    }
    if (!ready)
        return;
    send_receipts(n, mono_us, next_us);
    level_step(n, mono_us, next_us);
    if (mono_us >= n->next_status_us) {
        send_status(n, mono_us);
        n->next_status_us = mono_us + n->status_interval_us;
    }
    if (n->next_status_us < *next_us)
        *next_us = n->next_status_us;
}
