#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bedport.h"
#include "nodebed.h"
#include "order.h"

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
    bed_deliver(b, b->world_us + bed_link_delay(b), type, payload);
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

void bed_hear(struct bed *b, struct bytes payload)
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
        b->said.faults |= m.body.status.faults;
        break;
    case loa_Msg_level_tag:
        b->said.levels++;
        b->said.level = m.body.level;
        break;
    case loa_Msg_test_result_tag:
        b->said.test = m.body.test_result;
        b->said.tests++;
        break;
    default:
        fail_msg("the node said %s", control_name(&m));
    }
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
