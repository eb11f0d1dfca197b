#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "node_priv.h"
#include "policy.h"

#define ORDER_CERT_OBJECT "order.crt"
#define STREAM_AGAIN_US (5 * USEC_PER_SEC)
#define FLASH_AGAIN_US (5 * USEC_PER_SEC)
#define REBOOT_US (2 * USEC_PER_SEC) /* for the acknowledgement to go out */
#define STATION_TIME_MAX_US (INT64_C(1) << 60)

/* ---- order certificate and verification ---- */

/* Take the order certificate: the one in force stays when it is the same or the new one is bad. */
static void use_cert(struct node *n, struct bytes der, bool keep)
{
    struct order_verifier *v = NULL;
    enum err e;

    if (n->verifier != NULL && bytes_equal(der, bytes_of(n->order_cert, n->order_cert_len)))
        return;
    if (der.len > sizeof(n->order_cert))
        return;
    e = order_verifier_new(n->config.ca_der, der, &v);
    if (e != ERR_OK) {
        node_log(n, LOG_ERROR, "order.certificate_refused", "error=%s", err_name(e));
        return;
    }
    order_verifier_free(n->verifier);
    n->verifier = v;
    memcpy(n->order_cert, der.data, der.len);
    n->order_cert_len = der.len;
    if (keep && n->port.flash_replace(n->port.ctx, ORDER_CERT_OBJECT, der) != ERR_OK)
        node_log(n, LOG_WARN, "flash.write_failed", "object=%s", ORDER_CERT_OBJECT);
}

static enum err verify(void *arg, struct bytes body, struct bytes signature)
{
    struct node *n = arg;

    return n->verifier != NULL ? order_verify(n->verifier, body, signature) : ERR_AUTH;
}

/* Orders are for this station, for times that arithmetic can hold. */
static bool times_make_sense(const loa_OrderBody *b)
{
    return b->issued_us >= 0 && b->issued_us < STATION_TIME_MAX_US && b->start_us >= 0 &&
           b->start_us < STATION_TIME_MAX_US && b->expires_us >= 0 &&
           b->expires_us < STATION_TIME_MAX_US;
}

/* Without a certificate nothing can be judged: the plan stays on flash until Welcome brings one. */
static void load_plan(struct node *n)
{
    enum err e;

    if (n->plan_loaded || n->verifier == NULL)
        return;
    n->plan_loaded = true;
    e = plan_load(&n->plan, verify, n, &n->body);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        node_log(n, LOG_WARN, "plan.damaged", "error=%s dropped=%" PRIu32, err_name(e),
                 n->plan.damaged);
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *p = &n->plan.entries[i];

        /* A power cut came between the receipt and the closing of the order. */
        if (p->used && !p->done && receipts_hold(&n->receipts, p->order_id))
            plan_mark(&n->plan, p, p->begun, true);
    }
}

void node_orders_load(struct node *n)
{
    size_t len = 0;
    enum err e;

    e = n->port.flash_read(n->port.ctx, ORDER_CERT_OBJECT, 0, n->bytes, NODE_ORDER_CERT_MAX, &len);
    if (e == ERR_OK && len > 0)
        use_cert(n, bytes_of(n->bytes, len), false);
    load_plan(n);
}

void node_order_cert_arrived(struct node *n, struct bytes der)
{
    use_cert(n, der, true);
    load_plan(n);
}

/* ---- acknowledgement ---- */

static uint32_t items_cached(const struct node *n, const struct content_layout *l)
{
    uint32_t have = 0;

    for (size_t i = 0; i < l->count; i++)
        have += l->items[i].silent || cache_holds(&n->cache, &l->items[i].media);
    return have;
}

static void acknowledge(struct node *n, uint64_t order_id, loa_Verdict verdict, const char *detail)
{
    const struct plan_entry *e = plan_find(&n->plan, order_id);

    n->out = (loa_Msg){.which_body = loa_Msg_order_ack_tag};
    n->out.body.order_ack.order_id = order_id;
    n->out.body.order_ack.verdict = verdict;
    memccpy(n->out.body.order_ack.detail, detail, '\0', sizeof(n->out.body.order_ack.detail) - 1);
    if (e != NULL)
        n->out.body.order_ack.items_cached = items_cached(n, &e->layout);
    if (node_send(n, &n->out) != ERR_OK)
        node_log(n, LOG_WARN, "order.ack_lost", "order=%" PRIu64, order_id);
}

/* Accepted means it survives a power cut: acknowledge what the flash has. */
void node_send_acks(struct node *n)
{
    size_t sent = 0;

    for (; sent < n->ack_count && n->send_budget > 0; sent++)
        if (plan_find(&n->plan, n->ack_due[sent]) != NULL)
            acknowledge(n, n->ack_due[sent], loa_Verdict_VERDICT_ACCEPTED, "");
    n->ack_count -= sent;
    memmove(n->ack_due, n->ack_due + sent, n->ack_count * sizeof(n->ack_due[0]));
}

static void acknowledge_later(struct node *n, uint64_t order_id)
{
    if (n->ack_count < PLAN_ENTRIES_MAX)
        n->ack_due[n->ack_count++] = order_id;
}

/* ---- taking orders ---- */

/* A board's own clock after a restart is no reason to refuse what the controller has just sent. */
static bool told_the_time(const struct node *n, usec_t mono_us, usec_t *ret_now_us)
{
    return !n->tsync.seeded && node_now(n, mono_us, ret_now_us);
}

/* End an order now; its receipt follows when what was rendered has settled. */
void node_end_order(struct plan_entry *e, usec_t at_us, loa_Reason reason)
{
    if (at_us >= e->end_us)
        return;
    e->end_us = at_us;
    e->end_reason = reason;
}

/* A stop of everything means what sounds or is about to; what is planned for later stays planned. */
static bool is_meant(const struct plan_entry *stop, const struct plan_entry *e, bool has_now,
                     usec_t now_us)
{
    if (stop->broadcast_id != 0)
        return stop->broadcast_id == e->broadcast_id;
    return has_now && e->start_us <= now_us + PLAN_STOP_AHEAD_US;
}

static void stop_orders(struct node *n, const struct plan_entry *stop, bool has_now, usec_t now_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (!e->used || e->done || e->kind != loa_OrderKind_ORDER_KIND_PLAY ||
            !is_meant(stop, e, has_now, now_us))
            continue;
        node_end_order(e, has_now ? now_us : e->start_us, loa_Reason_REASON_STOPPED);
    }
}

/* A later order for the same broadcast takes the place of the earlier one. */
static void supersede(struct node *n, const struct plan_entry *newer, bool has_now, usec_t now_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e != newer && e->kind == newer->kind &&
            e->broadcast_id == newer->broadcast_id)
            node_end_order(e, has_now ? now_us : e->start_us, loa_Reason_REASON_PREEMPTED);
    }
}

/* Put an order into the plan; later ones make way when it is full, and the controller is told. */
static enum err add_to_plan(struct node *n, const loa_Order *order, struct plan_entry **ret_entry)
{
    struct bytes body = bytes_of(order->body.bytes, order->body.size);
    struct bytes signature = bytes_of(order->signature.bytes, order->signature.size);
    enum err e;

    while ((e = plan_add(&n->plan, body, signature, &n->body, ret_entry)) == ERR_LIMIT) {
        struct plan_entry *later = plan_farthest(&n->plan, n->body.start_us);
        uint64_t id;

        if (later == NULL)
            break;
        id = later->order_id;
        plan_remove(&n->plan, later);
        node_log(n, LOG_INFO, "order.made_way", "order=%" PRIu64 " for=%" PRIu64, id,
                 n->body.order_id);
        acknowledge(n, id, loa_Verdict_VERDICT_FULL, "made way for a nearer order");
    }
    return e;
}

static void take_order(struct node *n, const loa_Order *order, usec_t mono_us)
{
    struct plan_entry *entry;
    usec_t now_us = 0;
    bool has_now = told_the_time(n, mono_us, &now_us);
    enum err e;

    e = add_to_plan(n, order, &entry);
    if (e != ERR_OK) {
        acknowledge(n, n->body.order_id, loa_Verdict_VERDICT_FULL, "holds too many orders");
        return;
    }
    now_us -= has_now ? (usec_t)n->settings.now.delay_us : 0;
    if (entry->kind == loa_OrderKind_ORDER_KIND_STOP) {
        stop_orders(n, entry, has_now, now_us);
        plan_mark(&n->plan, entry, false, true);
    } else if (entry->kind == loa_OrderKind_ORDER_KIND_TEST) {
        node_test_begin(n, entry->order_id, mono_us);
        plan_mark(&n->plan, entry, false, true);
    } else if (entry->kind == loa_OrderKind_ORDER_KIND_REBOOT) {
        n->reboot_mono_us = mono_us + REBOOT_US;
        plan_mark(&n->plan, entry, false, true);
    } else {
        entry->tally.late = has_now && now_us > entry->start_us;
        supersede(n, entry, has_now, now_us);
    }
    acknowledge_later(n, entry->order_id);
    node_log(n, LOG_INFO, "order.accepted", "order=%" PRIu64 " broadcast=%" PRIu64 " kind=%d",
             entry->order_id, entry->broadcast_id, (int)entry->kind);
}

void node_order_received(struct node *n, const loa_Order *order, usec_t mono_us)
{
    struct bytes body = bytes_of(order->body.bytes, order->body.size);
    struct node_choice before;
    struct plan_entry *known;
    usec_t now_us = 0;
    bool has_now = told_the_time(n, mono_us, &now_us);
    loa_Verdict verdict;
    char detail[200] = "";

    if (verify(n, body, bytes_of(order->signature.bytes, order->signature.size)) != ERR_OK) {
        node_log(n, LOG_WARN, "order.bad_signature", "bytes=%zu", body.len);
        /* Without a signature nothing in the body may be believed, its number least of all. */
        acknowledge(n, 0, loa_Verdict_VERDICT_BAD_SIGNATURE, "the signature does not fit");
        return;
    }
    if (control_decode_order(body, &n->body) != ERR_OK || !times_make_sense(&n->body)) {
        acknowledge(n, n->body.order_id, loa_Verdict_VERDICT_MALFORMED, "cannot be understood");
        return;
    }
    known = plan_find(&n->plan, n->body.order_id);
    if (known != NULL) {
        if (bytes_equal(plan_body(&n->plan, known), body))
            acknowledge_later(n, n->body.order_id);
        else
            acknowledge(n, n->body.order_id, loa_Verdict_VERDICT_REPLAYED,
                        "another order had this number");
        return;
    }
    verdict = policy_judge(&n->settings, n->config.station, n->config.id, &n->body, has_now, now_us,
                           detail);
    if (verdict == loa_Verdict_VERDICT_ACCEPTED && n->body.kind == loa_OrderKind_ORDER_KIND_TEST)
        verdict = node_test_judge(n, detail);
    if (verdict == loa_Verdict_VERDICT_ACCEPTED && n->body.kind == loa_OrderKind_ORDER_KIND_REBOOT)
        verdict = node_reboot_judge(n, detail);
    if (verdict != loa_Verdict_VERDICT_ACCEPTED) {
        node_log(n, LOG_WARN, "order.refused", "order=%" PRIu64 " verdict=%d", n->body.order_id,
                 (int)verdict);
        acknowledge(n, n->body.order_id, verdict, detail);
        return;
    }
    before = node_choice_now(n, mono_us);
    take_order(n, order, mono_us);
    node_flush_if_changed(n, &before, mono_us);
}

/* ---- getting the sound ready ---- */

static void send_stream(struct node *n, bool join, uint32_t id)
{
    n->out = (loa_Msg){.which_body = join ? loa_Msg_stream_join_tag : loa_Msg_stream_leave_tag};
    if (join)
        n->out.body.stream_join.stream_id = id;
    else
        n->out.body.stream_leave.stream_id = id;
    n->stream.asked = node_send(n, &n->out) == ERR_OK && join;
}

static void want_stream(struct node *n, uint32_t id, usec_t mono_us)
{
    if (id != n->stream.id) {
        if (n->stream.id != 0 && n->stream.asked && n->link == NODE_LINK_READY)
            send_stream(n, false, n->stream.id);
        jitter_reset(&n->jitter);
        n->stream = (struct node_stream){.id = id};
    }
    if (id == 0 || n->link != NODE_LINK_READY)
        return;
    if (!n->stream.asked || (mono_us - n->stream.asked_us > STREAM_AGAIN_US &&
                             mono_us - n->stream.heard_us > STREAM_AGAIN_US)) {
        send_stream(n, true, id);
        n->stream.asked_us = mono_us;
        n->stream.heard_us = mono_us;
    }
}

/* ERR_OK all items are here and judged; ERR_MORE being judged; ERR_NOT_FOUND something lacks. */
static enum err items_ready(struct node *n, const struct plan_entry *e, usec_t mono_us)
{
    enum err all = e->layout.count > 0 ? ERR_OK : ERR_NOT_FOUND;

    for (size_t i = 0; i < e->layout.count; i++) {
        enum err one = e->layout.items[i].silent
                           ? ERR_OK
                           : cache_ready(&n->cache, &e->layout.items[i].media, mono_us);

        if (one == ERR_NOT_FOUND)
            return one;
        if (one != ERR_OK)
            all = one;
    }
    return all;
}

static bool more_urgent(const struct plan_entry *a, const struct plan_entry *b)
{
    if (b == NULL || a->priority != b->priority)
        return b == NULL || a->priority > b->priority;
    return a->start_us < b->start_us;
}

/* Judge recordings ahead of time, and choose the one stream that is to be received. */
static void prepare(struct node *n, usec_t now_us, usec_t mono_us)
{
    struct plan_entry *stream = NULL;
    uint32_t id = 0;

    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (!e->used || e->done || e->kind != loa_OrderKind_ORDER_KIND_PLAY ||
            now_us < e->start_us - NODE_PREPARE_US || now_us >= e->end_us)
            continue;
        if (e->tally.ready && now_us >= e->start_us - NODE_STREAM_EARLY_US)
            node_media_look(n, e);
        if (!e->tally.ready) {
            enum err ready = items_ready(n, e, mono_us);

            if (ready == ERR_OK)
                e->tally.ready = true;
            if (ready == ERR_OK || ready == ERR_MORE)
                continue;
        } else if (!e->tally.streamed && !e->live) {
            continue;
        }
        if (e->stream_id != 0 && now_us >= e->start_us - NODE_STREAM_EARLY_US &&
            more_urgent(e, stream))
            stream = e;
    }
    if (stream != NULL) {
        id = stream->stream_id;
        if (!stream->tally.ready && n->stream.id == id && jitter_front(&n->jitter) != NULL) {
            stream->tally.ready = true;
            stream->tally.streamed = true;
        }
    }
    want_stream(n, id, mono_us);
}

/* Keep the flash up to date; a full or broken one is tried again now and then. */
static void keep(struct node *n, usec_t mono_us)
{
    bool again = mono_us >= n->retry_flash_us;

    if ((n->plan.dirty && (again || !n->plan.write_failed)) && plan_flush(&n->plan) != ERR_OK)
        node_log(n, LOG_ERROR, "flash.write_failed", "object=%s", PLAN_OBJECT);
    if ((n->receipts.dirty && (again || !n->receipts.write_failed)) &&
        receipts_flush(&n->receipts, &n->out) != ERR_OK)
        node_log(n, LOG_ERROR, "flash.write_failed", "object=%s", RECEIPTS_OBJECT);
    if (again && (n->plan.dirty || n->receipts.dirty))
        n->retry_flash_us = mono_us + FLASH_AGAIN_US;
}

/* The next instant at which an order wants something. */
static void note_next(const struct node *n, usec_t now_us, usec_t mono_us, usec_t *next_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        const struct plan_entry *e = &n->plan.entries[i];
        usec_t due;

        if (!e->used || e->done)
            continue;
        due = now_us < e->start_us - NODE_PREPARE_US ? e->start_us - NODE_PREPARE_US - now_us
                                                     : 20 * USEC_PER_MSEC;
        if (mono_us + due < *next_us)
            *next_us = mono_us + due;
    }
}

void node_orders_step(struct node *n, usec_t mono_us, usec_t *next_us)
{
    struct node_choice before;
    usec_t now_us = 0;
    bool has_now = n->tsync.locked;

    if (has_now) {
        now_us = node_programme_us(n, mono_us);
        before = node_choice_now(n, mono_us);
        prepare(n, now_us, mono_us);
        node_live_step(n, now_us, mono_us);
        node_judge_silent(n, now_us);
        node_flush_if_changed(n, &before, mono_us);
    }
    node_close_orders(n, has_now, now_us, next_us);
    keep(n, mono_us);
    if (n->ack_count > 0 && !n->plan.dirty)
        node_send_acks(n);
    if (has_now)
        note_next(n, now_us, mono_us, next_us);
}
