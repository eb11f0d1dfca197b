#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_media.h"
#include "store_order.h"
#include "store_station.h"

/* Ids of stops that leave without the store: apart from its counter, and never twice. */
#define ORDER_ID_UNSTORED (UINT64_C(1) << 62)

static enum err sign(struct onair *o, const loa_OrderBody *body, loa_Order *ret_order)
{
    struct writer w;
    size_t signature_len;
    enum err e;

    writer_init(&w, ret_order->body.bytes, sizeof(ret_order->body.bytes));
    e = control_encode_order(&w, body);
    if (e != ERR_OK)
        return e;
    ret_order->body.size = (pb_size_t)writer_view(&w).len;
    e = order_sign(o->config.signer, writer_view(&w), ret_order->signature.bytes, &signature_len);
    if (e == ERR_OK)
        ret_order->signature.size = (pb_size_t)signature_len;
    return e;
}

enum err onair_issue(struct onair *o, struct broadcast *b, struct node_id node, loa_OrderKind kind,
                     usec_t now_us, struct order_id *ret_id)
{
    static loa_OrderBody body;
    static struct store_order row;
    uint64_t id;
    enum err e = store_station_next(o->config.db, STORE_COUNTER_ORDER, &id);

    if (e != ERR_OK)
        return e;
    if (kind == loa_OrderKind_ORDER_KIND_STOP)
        broadcast_fill_stop(b, o->config.station->code, node, (struct order_id){id}, now_us, &body);
    else
        broadcast_fill_order(b, o->config.station->code, node, (struct order_id){id}, now_us,
                             &body);
    row = (struct store_order){
        .id = {id},
        .broadcast = b->id,
        .node = node,
        .kind = kind,
        .issued_us = now_us,
        .expires_us = body.expires_us,
    };
    e = sign(o, &body, &row.order);
    if (e == ERR_OK)
        e = store_order_add(o->config.db, &row);
    if (e == ERR_OK)
        ret_id->v = id;
    return e;
}

enum err onair_send_order(struct onair *o, struct node_id node, struct order_id id)
{
    static struct store_order row;
    static loa_Msg msg;
    enum err e = store_order_get(o->config.db, id, &row);

    if (e != ERR_OK)
        return e;
    msg = (loa_Msg)loa_Msg_init_zero;
    msg.which_body = loa_Msg_order_tag;
    msg.body.order = row.order;
    return o->config.ports.send(o->config.ports.ctx, node, &msg);
}

void onair_silence(struct onair *o, struct broadcast_id broadcast, usec_t now_us)
{
    static loa_OrderBody body;
    static loa_Msg msg;

    body = (loa_OrderBody)loa_OrderBody_init_zero;
    body.order_id = ORDER_ID_UNSTORED | (uint64_t)now_us;
    memcpy(body.station, o->config.station->code, sizeof(body.station));
    body.kind = loa_OrderKind_ORDER_KIND_STOP;
    body.broadcast_id = broadcast.v;
    body.everyone = true;
    body.issued_us = now_us;
    body.start_us = now_us;
    body.expires_us = now_us + USEC_PER_MIN;
    msg = (loa_Msg)loa_Msg_init_zero;
    msg.which_body = loa_Msg_order_tag;
    if (sign(o, &body, &msg.body.order) != ERR_OK) {
        log_event(LOG_ERROR, "order.not_signed", "kind=stop");
        return;
    }
    for (size_t i = 0; i < registry_count(o->config.registry); i++) {
        const struct node_entry *entry = registry_at(o->config.registry, i);

        if (entry->live.ready &&
            o->config.ports.send(o->config.ports.ctx, entry->record.id, &msg) != ERR_OK)
            log_event(LOG_WARN, "order.not_sent", "node=%u kind=stop", entry->record.id.v);
    }
}

void onair_offer(struct onair *o, const struct broadcast *b, struct node_id node)
{
    for (size_t i = 0; i < b->media_count; i++) {
        struct media_info info;
        loa_Msg msg = loa_Msg_init_zero;

        if (store_media_get(o->config.db, &b->media[i].media, &info) != ERR_OK)
            continue;
        msg.which_body = loa_Msg_media_offer_tag;
        memcpy(msg.body.media_offer.sha256, info.id.sha256, SHA256_BYTES);
        msg.body.media_offer.size_bytes = info.size_bytes;
        msg.body.media_offer.duration_ms = info.duration_ms;
        msg.body.media_offer.needed_us = b->start_us;
        if (o->config.ports.send(o->config.ports.ctx, node, &msg) != ERR_OK)
            return;
    }
}
