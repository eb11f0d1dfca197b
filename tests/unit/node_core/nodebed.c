#include "nodebed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bedport.h"
#include "order.h"
#include "tsync.h"

#define REPORT_US 10000
#define FADE_FRAMES 480

bool bed_in_core;

/* ---- time ---- */

usec_t bed_station_us(const struct bed *b)
{
    return BED_EPOCH_US + b->world_us + b->station_jump_us;
}

static usec_t mono_at(const struct bed *b, int64_t world_us)
{
    int64_t since = world_us - b->mono_since_us;

    return b->mono_base_us + since + (int64_t)floor((double)since * b->node_ppm * 1e-6);
}

usec_t bed_mono_us(const struct bed *b)
{
    return mono_at(b, b->world_us);
}

void bed_set_ppm(struct bed *b, double node_ppm)
{
    b->mono_base_us = bed_mono_us(b);
    b->mono_since_us = b->world_us;
    b->node_ppm = node_ppm;
}

double bed_card_rate(const struct bed *b)
{
    return b->card_rate_hz * (1 + b->card_ppm * 1e-6);
}

static int64_t card_frame_now(const struct bed *b)
{
    return (int64_t)floor((double)(b->world_us - b->card_start_us) * 1e-6 * bed_card_rate(b));
}

static double random_unit(struct bed *b)
{
    b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(b->random >> 11) / (double)(UINT64_C(1) << 53);
}

static int64_t link_delay(struct bed *b)
{
    double d = (double)b->delay_us;

    if (b->jitter_us > 0)
        d -= (double)b->jitter_us * log(1 - random_unit(b));
    return (int64_t)d;
}

/* ---- the controller ---- */

void bed_deliver(struct bed *b, int64_t due, enum frame_type type, struct bytes payload)
{
    struct bed_frame *f = calloc(1, sizeof(*f)), **at = &b->to_node;
    uint8_t *copy = malloc(payload.len + 1);

    assert_non_null(f);
    assert_non_null(copy);
    if (payload.len > 0)
        memcpy(copy, payload.data, payload.len);
    b->down_at_us = due > b->down_at_us ? due : b->down_at_us;
    *f = (struct bed_frame){.due_us = b->down_at_us,
                            .frame = {.type = type, .payload = bytes_of(copy, payload.len)}};
    while (*at != NULL)
        at = &(*at)->next;
    *at = f;
}

void bed_say_frame(struct bed *b, enum frame_type type, struct bytes payload)
{
    bed_deliver(b, b->world_us + link_delay(b), type, payload);
}

void bed_say(struct bed *b, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer w;

    writer_init(&w, payload, sizeof(payload));
    assert_int_equal(control_encode(&w, msg), ERR_OK);
    bed_say_frame(b, FRAME_CONTROL, writer_view(&w));
}

static void welcome(struct bed *b)
{
    loa_Msg m = {.which_body = loa_Msg_welcome_tag};
    loa_Welcome *w = &m.body.welcome;
    struct bytes der = test_identity_der(&b->station->signer);

    w->version = 1;
    strcpy(w->station, BED_STATION);
    w->status_interval_ms = 1000;
    w->time_interval_ms = 2000;
    w->order_cert.size = (pb_size_t)der.len;
    memcpy(w->order_cert.bytes, der.data, der.len);
    bed_say(b, &m);
}

static void serve(struct bed *b, const loa_MediaWant *want)
{
    const struct recording *r = NULL;

    for (size_t i = 0; i < b->recording_count; i++)
        if (memcmp(b->recordings[i]->sha256, want->sha256, SHA256_BYTES) == 0)
            r = b->recordings[i];
    assert_true(want->length > 0 && want->length <= 65536);
    if (r == NULL) {
        loa_Msg gone = {.which_body = loa_Msg_media_gone_tag};

        memcpy(gone.body.media_gone.sha256, want->sha256, SHA256_BYTES);
        gone.body.media_gone.transfer = want->transfer;
        bed_say(b, &gone);
        return;
    }
    for (uint64_t at = want->offset; at < want->offset + want->length && at < r->len;) {
        uint8_t payload[CHUNK_HEADER_BYTES + CHUNK_DATA_MAX], data[CHUNK_DATA_MAX];
        size_t n = sizeof(data);
        struct chunk c = {.transfer = want->transfer, .offset = (uint32_t)at};
        struct writer w;

        n = n < r->len - at ? n : (size_t)(r->len - at);
        n = n < want->offset + want->length - at ? n : (size_t)(want->offset + want->length - at);
        memcpy(data, r->data + at, n);
        if (b->corrupt_chunks)
            data[n / 2] ^= 0x40;
        c.data = bytes_of(data, n);
        writer_init(&w, payload, sizeof(payload));
        assert_int_equal(chunk_write(&w, &c), ERR_OK);
        bed_say_frame(b, FRAME_CHUNK, writer_view(&w));
        at += n;
    }
}

static void hear(struct bed *b, struct bytes payload)
{
    static loa_Msg m;

    assert_int_equal(control_decode(payload, &m), ERR_OK);
    switch (m.which_body) {
    case loa_Msg_hello_tag:
        b->said.hello = m;
        b->said.hellos++;
        welcome(b);
        break;
    case loa_Msg_order_ack_tag:
        if (b->said.ack_count < BED_LOG)
            b->said.acks[b->said.ack_count++] = m.body.order_ack;
        break;
    case loa_Msg_receipt_tag:
        if (b->said.receipt_count < BED_LOG)
            b->said.receipts[b->said.receipt_count++] = m.body.receipt;
        if (b->acks_receipts) {
            uint64_t id = m.body.receipt.receipt_id;

            m = (loa_Msg){.which_body = loa_Msg_receipt_ack_tag};
            m.body.receipt_ack.receipt_id = id;
            bed_say(b, &m);
        }
        break;
    case loa_Msg_media_state_tag:
        if (b->said.media_count < BED_LOG)
            b->said.media[b->said.media_count++] = m.body.media_state;
        break;
    case loa_Msg_media_want_tag:
        b->said.wants++;
        b->said.want_bytes += m.body.media_want.length;
        if (b->serves_media)
            serve(b, &m.body.media_want);
        break;
    case loa_Msg_stream_join_tag:
        b->said.joins++;
        b->said.joined = m.body.stream_join.stream_id;
        break;
    case loa_Msg_stream_leave_tag:
        b->said.leaves++;
        break;
    case loa_Msg_status_tag:
        b->said.statuses++;
        b->said.status = m.body.status;
        break;
    default:
        fail_msg("the node said %s", control_name(&m));
    }
}

static enum err port_send(void *ctx, enum frame_type type, struct bytes payload)
{
    struct bed *b = ctx;
    uint8_t reply[TSYNC_REPLY_BYTES];
    int64_t arrives = b->world_us + link_delay(b), now = b->world_us;
    usec_t t1;

    if (!b->linked)
        return ERR_STATE;
    bed_in_core = false;
    if (b->remote != NULL) {
        b->remote(b->remote_ctx, type, payload);
        bed_in_core = true;
        return ERR_OK;
    }
    b->up_at_us = arrives > b->up_at_us ? arrives : b->up_at_us;
    b->world_us = b->up_at_us;
    if (type == FRAME_TIME_REQUEST) {
        assert_int_equal(tsync_read_request(payload, &t1), ERR_OK);
        tsync_write_reply(t1, bed_station_us(b), bed_station_us(b), reply);
        if (b->answers_time)
            bed_say_frame(b, FRAME_TIME_REPLY, bytes_of(reply, sizeof(reply)));
    } else {
        assert_int_equal(type, FRAME_CONTROL);
        hear(b, payload);
    }
    b->world_us = now;
    bed_in_core = true;
    return ERR_OK;
}

/* ---- the rest of the port ---- */

static void port_hang_up(void *ctx)
{
    struct bed *b = ctx;

    b->hang_ups++;
}

static void port_flush(void *ctx)
{
    struct bed *b = ctx;
    int64_t from = card_frame_now(b) + 960;

    b->flushes++;
    if (!b->card_on || from >= b->card_head)
        return;
    for (int64_t f = from - FADE_FRAMES; f < b->card_head; f++)
        if (f >= b->out_from)
            b->out[f - b->out_from] *= f < from ? (float)(from - f) / FADE_FRAMES : 0;
    b->card_head = from;
}

static void port_amplifier(void *ctx, bool on)
{
    struct bed *b = ctx;

    b->amplifier_changes += b->amplifier != on;
    b->amplifier = on;
}

static void port_telemetry(void *ctx, struct node_telemetry *ret)
{
    const struct bed *b = ctx;

    *ret = (struct node_telemetry){.muted_locally = b->muted_switch};
}

static void port_log(void *ctx, int level, const char *event, const char *text)
{
    struct bed *b = ctx;
    size_t have = strlen(b->logged);

    (void)level;
    if (getenv("BED_LOG") != NULL)
        printf("# %10.3f %s %s\n", (double)b->world_us * 1e-6, event, text);
    if (have + strlen(event) + 2 < sizeof(b->logged))
        sprintf(b->logged + have, "%s\n", event);
}

/* ---- life ---- */

void bed_init(struct bed *b, struct bed_flash *flash, struct teststation *station)
{
    *b = (struct bed){.flash = flash,
                      .station = station,
                      .node_id = BED_NODE,
                      .mono_base_us = 5000000,
                      .random = 42,
                      .card_rate_hz = SAMPLE_RATE_HZ,
                      .card_ahead_frames = 4800,
                      .delay_us = 300,
                      .answers_time = true,
                      .acks_receipts = true,
                      .serves_media = true};
    assert_int_equal(order_signer_new(test_identity_key(&station->signer), &b->signer), ERR_OK);
}

static void start_node(struct bed *b)
{
    struct node_port port = {.ctx = b,
                             .send = port_send,
                             .hang_up = port_hang_up,
                             .flash_read = bed_flash_read,
                             .flash_write = bed_flash_write,
                             .flash_sync = bed_flash_sync,
                             .flash_replace = bed_flash_replace,
                             .flash_rename = bed_flash_rename,
                             .flash_remove = bed_flash_remove,
                             .flash_list = bed_flash_list,
                             .flash_free_bytes = bed_flash_free_bytes,
                             .audio_flush = port_flush,
                             .amplifier = port_amplifier,
                             .telemetry = port_telemetry,
                             .log = port_log};
    struct node_config config = {.id = {b->node_id},
                                 .station = BED_STATION,
                                 .ca_der = test_identity_der(&b->station->ca),
                                 .firmware = "test",
                                 .hardware = "bed"};

    assert_int_equal(node_new(&port, &config, bed_mono_us(b), &b->node), ERR_OK);
    b->node_step_us = bed_mono_us(b);
}

void bed_card(struct bed *b, uint32_t rate_hz)
{
    b->card_on = true;
    b->card_rate_hz = rate_hz;
    b->card_start_us = b->world_us;
    b->card_head = 0;
    b->card_next_report_us = b->world_us + REPORT_US;
    free(b->out);
    b->out = NULL;
    b->out_frames = 0;
    b->out_from = 0;
    node_card_reset(b->node, rate_hz, bed_mono_us(b));
}

void bed_card_stop(struct bed *b)
{
    b->card_on = false;
}

void bed_link(struct bed *b, bool up)
{
    if (up == b->linked)
        return;
    b->linked = up;
    while (b->to_node != NULL) {
        struct bed_frame *f = b->to_node;

        b->to_node = f->next;
        free((void *)(uintptr_t)f->frame.payload.data);
        free(f);
    }
    if (up)
        node_link_up(b->node, bed_mono_us(b));
    else
        node_link_down(b->node, bed_mono_us(b));
    b->node_step_us = bed_mono_us(b);
}

void bed_start(struct bed *b)
{
    start_node(b);
    bed_card(b, b->card_rate_hz);
    bed_link(b, true);
}

void bed_deinit(struct bed *b)
{
    bed_link(b, false);
    node_free(b->node);
    order_signer_free(b->signer);
    free(b->out);
}

void bed_restart(struct bed *b)
{
    bool linked = b->linked;

    bed_link(b, false);
    node_free(b->node);
    start_node(b);
    bed_card(b, b->card_rate_hz);
    bed_link(b, linked);
}

/* ---- the world goes on ---- */

/* Room for the next frames; the oldest half makes way when there is none. */
static void make_place(struct bed *b)
{
    size_t keep = (size_t)b->card_rate_hz * BED_KEEP_S, at = (size_t)(b->card_head - b->out_from);

    if (b->out == NULL) {
        b->out = calloc(2 * keep, sizeof(*b->out));
        assert_non_null(b->out);
        b->out_frames = 2 * keep;
    } else if (at + 480 > b->out_frames) {
        memmove(b->out, b->out + keep, keep * sizeof(*b->out));
        memset(b->out + keep, 0, keep * sizeof(*b->out));
        b->out_from += (int64_t)keep;
    }
}

static void render(struct bed *b)
{
    int64_t until = card_frame_now(b) + b->card_ahead_frames;

    while (b->card_on && b->card_head < until) {
        make_place(b);
        bed_in_core = true;
        node_render(b->node, b->card_head, b->out + (b->card_head - b->out_from), 480,
                    bed_mono_us(b));
        bed_in_core = false;
        b->card_head += 480;
    }
}

static void report(struct bed *b)
{
    double late = (random_unit(b) - 0.5) * (double)b->card_jitter_us;
    int64_t frame = card_frame_now(b) + 480;
    double sounds = bed_time_of(b, (double)frame) - (double)BED_EPOCH_US;

    node_card_position(b->node, frame, mono_at(b, llround(sounds + late)));
    b->card_next_report_us += REPORT_US;
}

static void deliver(struct bed *b)
{
    struct bed_frame *f = b->to_node;
    enum err e;

    b->to_node = f->next;
    bed_in_core = true;
    e = node_receive(b->node, &f->frame, bed_mono_us(b));
    bed_in_core = false;
    if (e != ERR_OK)
        b->receive_error = e;
    b->node_step_us = bed_mono_us(b);
    free((void *)(uintptr_t)f->frame.payload.data);
    free(f);
}

static int64_t world_of_mono(const struct bed *b, usec_t mono_us)
{
    return b->mono_since_us +
           (int64_t)ceil((double)(mono_us - b->mono_base_us) / (1 + b->node_ppm * 1e-6));
}

void bed_run_us(struct bed *b, int64_t us)
{
    int64_t end = b->world_us + us;

    while (b->world_us < end) {
        int64_t next = end, step = world_of_mono(b, b->node_step_us);

        next = step < next ? step : next;
        if (b->card_on && b->card_next_report_us < next)
            next = b->card_next_report_us;
        if (b->to_node != NULL && b->to_node->due_us < next)
            next = b->to_node->due_us;
        b->world_us = next > b->world_us ? next : b->world_us;
        if (b->to_node != NULL && b->to_node->due_us <= b->world_us)
            deliver(b);
        if (b->card_on && b->card_next_report_us <= b->world_us)
            report(b);
        if (bed_mono_us(b) >= b->node_step_us) {
            bed_in_core = true;
            node_step(b->node, bed_mono_us(b), &b->node_step_us);
            bed_in_core = false;
            if (b->node_step_us <= bed_mono_us(b))
                b->node_step_us = bed_mono_us(b) + 50;
        }
        render(b);
    }
}

void bed_run_to(struct bed *b, usec_t station_us)
{
    if (station_us > bed_station_us(b))
        bed_run_us(b, station_us - bed_station_us(b));
}

/* ---- what tests say and ask ---- */

loa_OrderBody bed_order(uint64_t order_id, usec_t start_us, const struct recording *r)
{
    loa_OrderBody body = {.order_id = order_id,
                          .kind = loa_OrderKind_ORDER_KIND_PLAY,
                          .broadcast_id = order_id + 1000,
                          .priority = loa_Priority_PRIORITY_NORMAL,
                          .nodes_count = 1,
                          .issued_us = start_us - 60 * USEC_PER_SEC,
                          .start_us = start_us,
                          .expires_us = start_us + USEC_PER_HOUR,
                          .repeats = 1};

    strcpy(body.station, BED_STATION);
    body.nodes[0] = BED_NODE;
    if (r != NULL) {
        body.items_count = 1;
        memcpy(body.items[0].sha256, r->sha256, SHA256_BYTES);
        body.items[0].duration_ms = r->duration_ms;
    }
    return body;
}

loa_Msg bed_sign(struct bed *b, const loa_OrderBody *body)
{
    loa_Msg m = {.which_body = loa_Msg_order_tag};
    loa_Order *o = &m.body.order;
    struct writer w;
    size_t len = 0;

    writer_init(&w, o->body.bytes, sizeof(o->body.bytes));
    assert_int_equal(control_encode_order(&w, body), ERR_OK);
    o->body.size = (pb_size_t)writer_view(&w).len;
    assert_int_equal(order_sign(b->signer, writer_view(&w), o->signature.bytes, &len), ERR_OK);
    o->signature.size = (pb_size_t)len;
    return m;
}

void bed_send_order(struct bed *b, const loa_OrderBody *body)
{
    loa_Msg m = bed_sign(b, body);

    bed_say(b, &m);
}

void bed_offer(struct bed *b, const struct recording *r, usec_t needed_us)
{
    loa_Msg m = {.which_body = loa_Msg_media_offer_tag};
    size_t i = 0;

    while (i < b->recording_count && b->recordings[i] != r)
        i++;
    if (i == b->recording_count)
        b->recordings[b->recording_count++] = r;
    memcpy(m.body.media_offer.sha256, r->sha256, SHA256_BYTES);
    m.body.media_offer.size_bytes = r->len;
    m.body.media_offer.duration_ms = r->duration_ms;
    m.body.media_offer.needed_us = needed_us;
    bed_say(b, &m);
}

static bool has_cached(const struct bed *b, const struct recording *r)
{
    for (size_t i = 0; i < b->said.media_count; i++)
        if (memcmp(b->said.media[i].sha256, r->sha256, SHA256_BYTES) == 0 &&
            b->said.media[i].result == loa_MediaResult_MEDIA_RESULT_CACHED)
            return true;
    return false;
}

void bed_cache(struct bed *b, const struct recording *r)
{
    bed_offer(b, r, bed_station_us(b) + USEC_PER_HOUR);
    for (int i = 0; i < 600 && !has_cached(b, r); i++)
        bed_run_us(b, 100000);
    assert_true(has_cached(b, r));
}

loa_Verdict bed_verdict(const struct bed *b, uint64_t order_id)
{
    for (size_t i = b->said.ack_count; i-- > 0;)
        if (b->said.acks[i].order_id == order_id)
            return b->said.acks[i].verdict;
    return loa_Verdict_VERDICT_NONE;
}

size_t bed_receipts_of(const struct bed *b, uint64_t order_id)
{
    size_t n = 0;

    for (size_t i = 0; i < b->said.receipt_count; i++)
        n += b->said.receipts[i].order_id == order_id;
    return n;
}

const loa_Receipt *bed_receipt(const struct bed *b, uint64_t order_id)
{
    assert_int_equal(bed_receipts_of(b, order_id), 1);
    for (size_t i = 0; i < b->said.receipt_count; i++)
        if (b->said.receipts[i].order_id == order_id)
            return &b->said.receipts[i];
    return NULL;
}

bool bed_logged(const struct bed *b, const char *event)
{
    return strstr(b->logged, event) != NULL;
}
