#include <opus.h>
#include <string.h>

#include "member.h"
#include "packet.h"

#define JOIN_LEAD_US (2 * USEC_PER_SEC)
#define TAIL_US USEC_PER_SEC /* after its end, before a broadcast is given up */

static struct air *find_order(struct member *m, uint64_t order_id)
{
    for (size_t i = 0; i < MEMBER_AIRS; i++) {
        if (m->airs[i].order_id == order_id)
            return &m->airs[i];
    }
    return NULL;
}

static usec_t length_us(const loa_OrderBody *b)
{
    usec_t once_ms = 0;
    usec_t repeats = b->repeats > 0 ? (usec_t)b->repeats : 1;

    for (pb_size_t i = 0; i < b->items_count; i++)
        once_ms += (usec_t)b->items[i].duration_ms;
    if (once_ms == 0)
        return (usec_t)b->max_duration_ms * USEC_PER_MSEC;
    return (once_ms * repeats + (usec_t)b->pause_ms * (repeats - 1)) * USEC_PER_MSEC;
}

static enum err finish(struct member *m, struct air *a, bool stopped)
{
    loa_Msg msg = {.which_body = loa_Msg_receipt_tag};
    loa_Receipt *r = &msg.body.receipt;
    bool whole = a->cached || (a->heard && a->lost == 0);

    r->receipt_id = a->order_id;
    r->order_id = a->order_id;
    r->broadcast_id = a->broadcast_id;
    r->outcome = whole && !stopped       ? loa_Outcome_OUTCOME_SOUNDED
                 : a->cached || a->heard ? loa_Outcome_OUTCOME_PARTLY
                                         : loa_Outcome_OUTCOME_MISSED;
    r->reason = stopped    ? loa_Reason_REASON_STOPPED
                : whole    ? loa_Reason_REASON_NONE
                : a->heard ? loa_Reason_REASON_UNDERRUN
                           : loa_Reason_REASON_NO_MEDIA;
    r->carrier = a->cached ? loa_Carrier_CARRIER_CACHE : loa_Carrier_CARRIER_STREAM;
    r->planned_start_us = a->start_us;
    r->actual_start_us = a->heard ? a->first_us : a->start_us;
    r->actual_end_us = a->end_us;
    r->played_ms =
        a->cached ? (uint32_t)((a->end_us - a->start_us) / USEC_PER_MSEC) : a->packets * 20;
    r->gaps = a->lost > 0 ? 1 : 0;
    r->gap_ms = a->lost * 20;
    r->plays = 1;
    a->done = true;
    return member_send(m, &msg);
}

static enum err stop(struct member *m, const loa_OrderBody *b, usec_t station_us)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < MEMBER_AIRS && e == ERR_OK; i++) {
        struct air *a = &m->airs[i];

        if (a->order_id == 0 || a->done ||
            (b->broadcast_id != 0 && a->broadcast_id != b->broadcast_id))
            continue;
        if (m->tsync.locked && a->start_us <= station_us)
            tally_add(&m->count->stop_ms, (double)(station_us - b->issued_us) / 1000.0);
        a->end_us = station_us < a->end_us ? station_us : a->end_us;
        e = finish(m, a, true);
    }
    return e;
}

static enum err answer(struct member *m, const loa_OrderBody *b, loa_Verdict verdict)
{
    loa_Msg msg = {.which_body = loa_Msg_order_ack_tag};

    msg.body.order_ack.order_id = b->order_id;
    msg.body.order_ack.verdict = verdict;
    msg.body.order_ack.items_cached = m->options->cached ? (uint32_t)b->items_count : 0;
    return member_send(m, &msg);
}

enum err member_air_order(struct member *m, const loa_Order *order, usec_t now_us)
{
    loa_OrderBody b;
    usec_t station_us = tsync_station(&m->tsync, member_clock(m, now_us));
    struct air *a;
    enum err e = control_decode_order(bytes_of(order->body.bytes, order->body.size), &b);

    if (e != ERR_OK)
        return e;
    m->count->orders++;
    if (m->tsync.locked)
        tally_add(&m->count->order_ms, (double)(station_us - b.issued_us) / 1000.0);
    if (b.kind == loa_OrderKind_ORDER_KIND_STOP) {
        e = stop(m, &b, station_us);
        return e == ERR_OK ? answer(m, &b, loa_Verdict_VERDICT_ACCEPTED) : e;
    }
    if (find_order(m, b.order_id) != NULL)
        return answer(m, &b, loa_Verdict_VERDICT_ACCEPTED);
    a = find_order(m, 0);
    if (a == NULL)
        return answer(m, &b, loa_Verdict_VERDICT_FULL);
    *a = (struct air){
        .order_id = b.order_id,
        .broadcast_id = b.broadcast_id,
        .stream = b.stream_id,
        .start_us = b.start_us,
        .end_us = b.start_us + length_us(&b),
        .cached = m->options->cached && b.items_count > 0,
    };
    if (m->tsync.locked && b.priority == loa_Priority_PRIORITY_EMERGENCY)
        tally_add(&m->count->early_ms, (double)(b.start_us - station_us) / 1000.0);
    return answer(m, &b, loa_Verdict_VERDICT_ACCEPTED);
}

static void decode(struct member *m, const struct packet *p)
{
    float pcm[5760];

    if (opus_decode_float(m->decoder, p->payload.data, (opus_int32)p->payload.len, pcm, 5760, 0) >
        0)
        m->count->decoded++;
}

static void take_packet(struct member *m, struct air *a, const struct packet *p)
{
    uint32_t missing = a->heard ? p->seq - a->next_seq : 0;

    if (!a->heard)
        a->first_us = p->pts_us;
    if (missing < 100000) {
        a->lost += missing;
        m->count->packets_lost += missing;
    }
    a->heard = true;
    a->next_seq = p->seq + 1;
    a->packets++;
    m->count->packets++;
    if (m->decoder != NULL)
        decode(m, p);
}

enum err member_air_bundle(struct member *m, struct bytes payload, usec_t now_us)
{
    struct bundle_reader b;
    struct packet p;
    struct air *a = NULL;
    double lead_us;
    enum err e = bundle_open(&b, payload);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < MEMBER_AIRS; i++) {
        if (m->airs[i].order_id != 0 && m->airs[i].stream == b.stream.v && !m->airs[i].done)
            a = &m->airs[i];
    }
    if (a == NULL)
        return ERR_OK; /* stopped a moment ago */
    m->count->bundles++;
    lead_us = (double)(b.pts_us - tsync_station(&m->tsync, member_clock(m, now_us)));
    if (a->heard) { /* a stream joined in the middle begins with what is due already */
        tally_add(&m->count->lead_ms, lead_us / 1000.0);
        m->count->late += lead_us < 0 ? 1 : 0;
    }
    if (m->dark_us != 0) {
        tally_add(&m->count->audible_ms, (double)(now_us - m->dark_us) / 1000.0);
        m->dark_us = 0;
    }
    while (bundle_next(&b, &p) == ERR_OK)
        take_packet(m, a, &p);
    return b.last ? finish(m, a, false) : ERR_OK;
}

void member_air_acked(struct member *m, uint64_t receipt_id)
{
    struct air *a = find_order(m, receipt_id);

    if (a == NULL || receipt_id == 0)
        return;
    m->count->receipts++;
    *a = (struct air){0};
}

void member_air_link_up(struct member *m)
{
    for (size_t i = 0; i < MEMBER_AIRS; i++) {
        m->airs[i].asked = false;
        m->airs[i].done = false;
    }
}

static enum err ask(struct member *m, struct air *a)
{
    loa_Msg msg = {.which_body = loa_Msg_stream_join_tag};

    msg.body.stream_join.stream_id = a->stream;
    a->asked = true;
    return member_send(m, &msg);
}

enum err member_air_tick(struct member *m, usec_t now_us)
{
    usec_t station_us = tsync_station(&m->tsync, member_clock(m, now_us));
    bool awaits_sound = false;
    enum err e = ERR_OK;

    for (size_t i = 0; i < MEMBER_AIRS && e == ERR_OK; i++) {
        struct air *a = &m->airs[i];

        if (a->order_id == 0 || a->done)
            continue;
        awaits_sound = awaits_sound || (!a->cached && a->start_us < station_us);
        if (!a->cached && !a->asked && station_us > a->start_us - JOIN_LEAD_US)
            e = ask(m, a);
        if (e == ERR_OK && station_us > a->end_us + (a->cached ? 0 : TAIL_US))
            e = finish(m, a, false);
    }
    if (m->dark_us != 0 && !awaits_sound) {
        tally_add(&m->count->audible_ms, (double)(now_us - m->dark_us) / 1000.0);
        m->dark_us = 0;
    }
    return e;
}
