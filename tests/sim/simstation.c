#include "simstation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet.h"
#include "tsync.h"

#define PRESKIP_US 6500
#define CHUNK_LOST_ONE_IN 60
#define BUNDLE_PACKETS 5

void simstation_init(struct simstation *s, const struct teststation *identity, struct prop *random,
                     size_t node_count)
{
    *s = (struct simstation){
        .identity = identity, .random = random, .node_count = node_count, .next_order = 1};
    station_init(&s->station);
    strcpy(s->station.code, "12345");
    s->station.policy.quiet_from_min = s->station.policy.quiet_to_min = 0;
    s->station.policy.allowed_from_min = s->station.policy.allowed_to_min = 0;
    assert_int_equal(order_signer_new(test_identity_key(&identity->signer), &s->signer), ERR_OK);
    assert_int_equal(registry_new(&s->registry), ERR_OK);
    for (uint32_t i = 0; i < node_count; i++) {
        struct node_record r = {.id = {i + 1}, .state = NODE_STATE_ACTIVE, .settings_revision = 1};

        assert_int_equal(registry_put(s->registry, &r), ERR_OK);
    }
}

void simstation_deinit(struct simstation *s)
{
    for (size_t i = 0; i < s->broadcast_count; i++)
        broadcast_deinit(&s->broadcasts[i].b);
    registry_free(s->registry);
    order_signer_free(s->signer);
}

static void say(struct simstation *s, size_t node, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer w;

    writer_init(&w, payload, sizeof(payload));
    assert_int_equal(control_encode(&w, msg), ERR_OK);
    s->send(s->ctx, node, FRAME_CONTROL, writer_view(&w));
}

/* ---- sessions ---- */

void simstation_connected(struct simstation *s, size_t node, usec_t now_us)
{
    struct simstation_link *l = &s->links[node];

    session_deinit(&l->session);
    *l = (struct simstation_link){.connected = true};
    session_init(&l->session, (struct node_id){(uint32_t)node + 1}, now_us);
}

void simstation_lost(struct simstation *s, size_t node)
{
    session_deinit(&s->links[node].session);
    s->links[node] = (struct simstation_link){.connected = false};
}

static void welcome(struct simstation *s, size_t node)
{
    loa_Msg m = {.which_body = loa_Msg_welcome_tag};
    loa_Welcome *w = &m.body.welcome;
    struct bytes der = test_identity_der(&s->identity->signer);

    w->version = PROTOCOL_VERSION;
    snprintf(w->station, sizeof(w->station), "%s", s->station.code);
    w->status_interval_ms = 1000;
    w->time_interval_ms = 2000;
    w->order_cert.size = (pb_size_t)der.len;
    memcpy(w->order_cert.bytes, der.data, der.len);
    say(s, node, &m);
    m = (loa_Msg){.which_body = loa_Msg_settings_tag};
    registry_settings(&registry_at(s->registry, node)->record, &s->station, &m.body.settings);
    say(s, node, &m);
    for (size_t i = 0; i < s->broadcast_count; i++) {
        const struct simstation_broadcast *sb = &s->broadcasts[i];

        if (!sb->offered)
            continue;
        m = (loa_Msg){.which_body = loa_Msg_media_offer_tag};
        memcpy(m.body.media_offer.sha256, sb->recording->sha256, SHA256_BYTES);
        m.body.media_offer.size_bytes = sb->recording->len;
        m.body.media_offer.duration_ms = sb->recording->duration_ms;
        m.body.media_offer.needed_us = sb->b.start_us;
        say(s, node, &m);
    }
}

static void serve(struct simstation *s, size_t node, const loa_MediaWant *want)
{
    const struct recording *r = NULL;

    for (size_t i = 0; i < s->broadcast_count; i++)
        if (s->broadcasts[i].offered &&
            memcmp(s->broadcasts[i].recording->sha256, want->sha256, SHA256_BYTES) == 0)
            r = s->broadcasts[i].recording;
    if (r == NULL) {
        loa_Msg gone = {.which_body = loa_Msg_media_gone_tag};

        memcpy(gone.body.media_gone.sha256, want->sha256, SHA256_BYTES);
        gone.body.media_gone.transfer = want->transfer;
        say(s, node, &gone);
        return;
    }
    for (uint64_t at = want->offset; at < want->offset + want->length && at < r->len;) {
        uint8_t payload[CHUNK_HEADER_BYTES + CHUNK_DATA_MAX];
        uint64_t end = want->offset + want->length < r->len ? want->offset + want->length : r->len;
        size_t n = end - at < CHUNK_DATA_MAX ? (size_t)(end - at) : CHUNK_DATA_MAX;
        struct chunk c = {
            .transfer = want->transfer, .offset = (uint32_t)at, .data = bytes_of(r->data + at, n)};
        struct writer w;

        writer_init(&w, payload, sizeof(payload));
        assert_int_equal(chunk_write(&w, &c), ERR_OK);
        if (!s->loses_chunks || !prop_one_in(s->random, CHUNK_LOST_ONE_IN))
            s->send(s->ctx, node, FRAME_CHUNK, writer_view(&w));
        at += n;
    }
}

static void take_receipt(struct simstation *s, size_t node, const loa_Receipt *r)
{
    loa_Msg ack = {.which_body = loa_Msg_receipt_ack_tag};
    enum err e = ERR_NOT_FOUND;

    for (size_t i = 0; i < s->broadcast_count && e == ERR_NOT_FOUND; i++) {
        struct simstation_broadcast *sb = &s->broadcasts[i];
        size_t *count = &sb->receipt_count[node];

        e = broadcast_on_receipt(&sb->b, (struct node_id){(uint32_t)node + 1}, r);
        if (e == ERR_OK && *count < SIM_RECEIPTS_MAX)
            sb->receipt_ids[node][(*count)++] = r->receipt_id;
    }
    if (e != ERR_OK && e != ERR_EXISTS)
        s->broken = "a receipt fits no broadcast";
    ack.body.receipt_ack.receipt_id = r->receipt_id;
    say(s, node, &ack);
}

static void take_message(struct simstation *s, size_t node, const loa_Msg *m)
{
    struct simstation_link *l = &s->links[node];
    struct node_id id = {(uint32_t)node + 1};
    enum err e = ERR_NOT_FOUND;

    switch (m->which_body) {
    case loa_Msg_hello_tag:
        l->ready = true;
        welcome(s, node);
        for (size_t i = 0; i < s->broadcast_count; i++) {
            broadcast_on_reconnect(&s->broadcasts[i].b, id);
            s->broadcasts[i].next_us = 0;
        }
        break;
    case loa_Msg_order_ack_tag:
        for (size_t i = 0; i < s->broadcast_count && e == ERR_NOT_FOUND; i++) {
            e = broadcast_on_ack(&s->broadcasts[i].b, id, &m->body.order_ack);
            s->broadcasts[i].next_us = 0;
        }
        if (e != ERR_OK && e != ERR_EXISTS && m->body.order_ack.order_id != 0)
            s->broken = "an acknowledgement fits no order";
        break;
    case loa_Msg_receipt_tag:
        take_receipt(s, node, &m->body.receipt);
        break;
    case loa_Msg_media_want_tag:
        serve(s, node, &m->body.media_want);
        break;
    case loa_Msg_stream_join_tag:
        l->stream = m->body.stream_join.stream_id;
        l->next_packet = 0;
        break;
    case loa_Msg_stream_leave_tag:
        if (l->stream == m->body.stream_leave.stream_id)
            l->stream = 0;
        break;
    default:
        break;
    }
}

bool simstation_receive(struct simstation *s, size_t node, struct bytes bytes, usec_t now_us)
{
    struct simstation_link *l = &s->links[node];
    static struct session_event event;
    uint8_t reply[TSYNC_REPLY_BYTES];
    loa_Bye bye;
    enum err e = ERR_OK;

    if (!l->connected)
        return false;
    s->now_us = now_us;
    while ((e = session_receive(&l->session, &bytes, now_us, &event, &bye)) == ERR_OK) {
        if (event.kind == SESSION_REPLY_TIME) {
            tsync_write_reply(event.t1_us, now_us, now_us, reply);
            s->send(s->ctx, node, FRAME_TIME_REPLY, bytes_of(reply, sizeof(reply)));
        } else if (event.kind == SESSION_MESSAGE) {
            take_message(s, node, &event.msg);
        }
    }
    if (e != ERR_MORE)
        s->broken = "a session ended by what the node said";
    return e == ERR_MORE;
}

/* ---- orders ---- */

static bool is_ready(void *ctx, struct node_id node)
{
    const struct simstation *s = ctx;

    return s->links[node.v - 1].ready;
}

static void sign(struct simstation *s, const loa_OrderBody *body, loa_Order *o)
{
    struct writer w;
    size_t len = 0;

    writer_init(&w, o->body.bytes, sizeof(o->body.bytes));
    assert_int_equal(control_encode_order(&w, body), ERR_OK);
    o->body.size = (pb_size_t)writer_view(&w).len;
    assert_int_equal(order_sign(s->signer, writer_view(&w), o->signature.bytes, &len), ERR_OK);
    o->signature.size = (pb_size_t)len;
}

static void send_order(struct simstation *s, struct simstation_broadcast *sb,
                       const struct broadcast_action *a)
{
    bool stop = a->kind == BROADCAST_SEND_STOP;
    size_t node = a->node.v - 1;
    loa_Order *o = stop ? &sb->stops[node] : &sb->orders[node];
    struct order_id id = a->order;
    loa_Msg m = {.which_body = loa_Msg_order_tag};
    loa_OrderBody body;

    if (id.v == 0) {
        id.v = s->next_order++;
        if (stop)
            broadcast_fill_stop(&sb->b, s->station.code, a->node, id, s->now_us, &body);
        else
            broadcast_fill_order(&sb->b, s->station.code, a->node, id, s->now_us, &body);
        sign(s, &body, o);
    }
    if (stop)
        broadcast_stop_ordered(&sb->b, a->node, id, s->now_us);
    else
        broadcast_ordered(&sb->b, a->node, id, s->now_us);
    m.body.order = *o;
    say(s, node, &m);
}

static void step_broadcast(struct simstation *s, struct simstation_broadcast *sb)
{
    if (s->now_us < sb->next_us)
        return;
    for (;;) {
        struct broadcast_action a = broadcast_step(&sb->b, s->now_us, is_ready, s, &sb->next_us);

        if (a.kind == BROADCAST_NOTHING)
            return;
        if (a.kind != BROADCAST_STATE_CHANGED)
            send_order(s, sb, &a);
    }
}

/* ---- streams ---- */

/* Presentation time of the k-th packet of the whole programme. */
static usec_t pts(const struct simstation_broadcast *sb, size_t k)
{
    const struct recording *r = sb->recording;
    usec_t period = ((usec_t)r->duration_ms + sb->b.pause_ms) * USEC_PER_MSEC;

    return sb->b.start_us + (usec_t)(k / r->packet_count) * period - PRESKIP_US +
           (usec_t)(k % r->packet_count) * PACKET_US;
}

/* One bundle of packets that follow one another within a play; false when none is due. */
static bool send_bundle(struct simstation *s, size_t node, const struct simstation_broadcast *sb)
{
    struct simstation_link *l = &s->links[node];
    const struct recording *r = sb->recording;
    size_t all = r->packet_count * sb->b.repeats;
    uint8_t payload[FRAME_PAYLOAD_MAX];
    struct bundle_writer w;
    struct bytes view;
    size_t count = 0;

    while (l->next_packet < all && pts(sb, l->next_packet) < s->now_us)
        l->next_packet++;
    bundle_begin(&w, payload, sizeof(payload));
    while (l->next_packet < all && count < BUNDLE_PACKETS &&
           pts(sb, l->next_packet) < s->now_us + SIM_STREAM_AHEAD_US) {
        size_t k = l->next_packet % r->packet_count;
        struct packet p = {.stream = sb->b.stream,
                           .seq = (uint32_t)l->next_packet,
                           .pts_us = pts(sb, l->next_packet),
                           .payload = bytes_of(r->packets[k], r->packet_len[k])};

        if (bundle_add(&w, &p) != ERR_OK)
            break;
        l->next_packet++;
        count++;
    }
    if (count == 0)
        return false;
    assert_int_equal(bundle_finish(&w, false, NULL, &view), ERR_OK);
    s->send(s->ctx, node, FRAME_BUNDLE, view);
    return true;
}

static void step_stream(struct simstation *s, size_t node)
{
    for (size_t i = 0; i < s->broadcast_count; i++) {
        const struct simstation_broadcast *sb = &s->broadcasts[i];

        if (s->links[node].stream != sb->b.stream.v || sb->b.cancelled_us != 0)
            continue;
        while (send_bundle(s, node, sb))
            continue;
    }
}

void simstation_step(struct simstation *s, usec_t now_us)
{
    s->now_us = now_us;
    for (size_t i = 0; i < s->node_count; i++) {
        usec_t next_us;

        if (s->links[i].connected &&
            session_check(&s->links[i].session, now_us, &next_us) != ERR_OK)
            simstation_lost(s, i);
        if (s->links[i].stream != 0)
            step_stream(s, i);
    }
    for (size_t i = 0; i < s->broadcast_count; i++)
        step_broadcast(s, &s->broadcasts[i]);
}

bool simstation_all_closed(const struct simstation *s)
{
    for (size_t i = 0; i < s->broadcast_count; i++)
        if (s->broadcasts[i].b.state != BROADCAST_CLOSED &&
            s->broadcasts[i].b.state != BROADCAST_MISSED)
            return false;
    return true;
}
