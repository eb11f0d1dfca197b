#include <inttypes.h>

#include "log.h"
#include "node_priv.h"

#define CLOSE_AFTER_US (300 * USEC_PER_MSEC) /* what was rendered ahead is settled by then */
#define CARD_GONE_US (3 * USEC_PER_SEC)
#define ON_TIME_US (20 * USEC_PER_MSEC)
#define SPEAKER_US (2 * USEC_PER_SEC) /* who speaks live may take breath first */
#define LIVE_GAPS_PART 100 /* of live sound, so much may lack */
#define BLAME_AFTER_US (100 * USEC_PER_MSEC)

/* Those that an equal one cut are over for good; say why the others do not sound. */
void node_judge_silent(struct node *n, usec_t now_us)
{
    loa_Reason reasons[NODE_CANDIDATES_MAX];
    struct plan_entry *entries[NODE_CANDIDATES_MAX];
    struct plan_entry *winner;
    size_t count = 0;

    winner = node_choose(n, now_us, NULL, &reasons, &entries, &count);
    for (size_t i = 0; i < count; i++) {
        struct plan_entry *e = entries[i];

        if (e == winner || now_us < e->start_us + BLAME_AFTER_US)
            continue;
        if (!e->tally.started && e->tally.blame == loa_Reason_REASON_NONE)
            e->tally.blame = reasons[i];
        if (winner != NULL && winner->cuts_equal && winner->priority == e->priority &&
            e->start_us < winner->start_us)
            node_end_order(e, winner->start_us, loa_Reason_REASON_PREEMPTED);
    }
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e->kind == loa_OrderKind_ORDER_KIND_PLAY && !e->tally.started &&
            e->tally.blame == loa_Reason_REASON_NONE && now_us > e->start_us + BLAME_AFTER_US &&
            now_us < e->end_us) {
            if (e->tally.late)
                e->tally.blame = loa_Reason_REASON_LATE;
            else if (e->begun_before)
                e->tally.blame = loa_Reason_REASON_RESTARTED;
            else if (!e->tally.ready)
                e->tally.blame = loa_Reason_REASON_NO_MEDIA;
            else if (!cardclock_locked(&n->card))
                e->tally.blame = loa_Reason_REASON_CARD_FAULT;
        }
    }
}

/* Station time has just become known: what passed meanwhile could not sound without it. */
void node_blame_no_clock(struct node *n, usec_t now_us, usec_t mono_us)
{
    usec_t born_us = now_us - (mono_us - n->born_mono_us);

    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e->start_us < now_us && e->end_us > born_us)
            e->tally.blame = loa_Reason_REASON_NO_CLOCK;
    }
}

static loa_Reason why_not_whole(const struct plan_entry *e)
{
    const struct tally *t = &e->tally;

    if (e->begun_before)
        return loa_Reason_REASON_RESTARTED;
    if (e->end_reason != loa_Reason_REASON_NONE && e->end_reason != loa_Reason_REASON_EXPIRED)
        return e->end_reason;
    if (t->interrupted && t->interrupted_by != loa_Reason_REASON_NONE)
        return t->interrupted_by;
    if (t->source_lost)
        return loa_Reason_REASON_SOURCE_LOST;
    if (t->blame != loa_Reason_REASON_NONE)
        return t->blame;
    if (!t->started || e->end_reason == loa_Reason_REASON_EXPIRED)
        return loa_Reason_REASON_EXPIRED;
    if (t->first_sample * 1000 / 48 > ON_TIME_US)
        return loa_Reason_REASON_LATE;
    return loa_Reason_REASON_UNDERRUN;
}

/* Live sound may stumble: what came too late at its source lacks everywhere. */
static bool whole_enough(const struct plan_entry *e)
{
    const struct tally *t = &e->tally;

    return t->gaps == 0 || (e->live && t->gap_samples <= t->played_samples / LIVE_GAPS_PART);
}

static bool sounded_whole(const struct node *n, const struct plan_entry *e)
{
    const struct tally *t = &e->tally;
    usec_t end_us = e->planned_end_us + (usec_t)n->settings.now.delay_us;

    return t->started && !e->begun_before && !t->source_lost &&
           t->first_sample * 1000 / 48 <= (e->live ? SPEAKER_US : ON_TIME_US) && whole_enough(e) &&
           !t->interrupted && t->actual_end_us >= end_us - ON_TIME_US;
}

static uint32_t plays_begun(const struct plan_entry *e)
{
    int64_t period = e->layout.pause_samples, last;

    if (!e->tally.started)
        return 0;
    for (size_t i = 0; i < e->layout.count; i++)
        period += e->layout.items[i].samples;
    last = (e->tally.actual_end_us - e->start_us) * 48 / 1000 - 1;
    if (period <= 0 || last < 0)
        return 1;
    last = last / period + 1;
    return (uint32_t)(last < e->layout.repeats ? last : e->layout.repeats);
}

static void write_receipt(struct node *n, struct plan_entry *e)
{
    const struct tally *t = &e->tally;
    bool whole = sounded_whole(n, e);
    loa_Receipt r = {.receipt_id = e->order_id,
                     .order_id = e->order_id,
                     .broadcast_id = e->broadcast_id,
                     .planned_start_us = e->start_us,
                     .rms_mdb = LEVEL_SILENCE_MDB,
                     .peak_mdb = LEVEL_SILENCE_MDB};

    r.outcome = whole                           ? loa_Outcome_OUTCOME_SOUNDED
                : t->started || e->begun_before ? loa_Outcome_OUTCOME_PARTLY
                                                : loa_Outcome_OUTCOME_MISSED;
    r.reason = whole ? loa_Reason_REASON_NONE : why_not_whole(e);
    if (t->started) {
        r.carrier = t->from_cache && (t->streamed || e->live) ? loa_Carrier_CARRIER_BOTH
                    : !t->streamed                            ? loa_Carrier_CARRIER_CACHE
                                                              : loa_Carrier_CARRIER_STREAM;
        r.actual_start_us = t->actual_start_us;
        r.actual_end_us = t->actual_end_us;
        r.played_ms = (uint32_t)(t->played_samples / 48);
        r.gaps = t->gaps;
        r.gap_ms = (uint32_t)((t->gap_samples + 47) / 48);
        r.rms_mdb = meter_rms_mdb(&t->meter);
        r.peak_mdb = meter_peak_mdb(&t->meter);
        r.start_error_us = t->start_error_us;
        r.clock_uncertainty_us = t->uncertainty_us;
        r.plays = plays_begun(e);
        r.heard = t->heard != loa_Heard_HEARD_NONE ? t->heard : loa_Heard_HEARD_NOT_MEASURED;
    }
    receipts_add(&n->receipts, &r);
    node_log(n, LOG_INFO, "order.over", "order=%" PRIu64 " outcome=%d reason=%d", e->order_id,
             (int)r.outcome, (int)r.reason);
}

/* Write the receipts of what is over, and forget what can never sound again. */
void node_close_orders(struct node *n, bool has_now, usec_t now_us, usec_t *next_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];
        bool stopped = e->end_reason == loa_Reason_REASON_STOPPED && !e->tally.started;

        if (!e->used)
            continue;
        if (e->done) {
            if (has_now && now_us > e->expires_us && !receipts_hold(&n->receipts, e->order_id))
                plan_remove(&n->plan, e);
            continue;
        }
        if (e->tally.started && !e->begun)
            plan_mark(&n->plan, e, true, false);
        if (has_now ? now_us < e->end_us + CLOSE_AFTER_US : !stopped)
            continue;
        if (e == n->sounding) {
            /* The card still plays the end of it, unless it went away. */
            if (has_now && now_us < e->end_us + CARD_GONE_US)
                continue;
            n->sounding = NULL;
        }
        node_media_close(n, e);
        write_receipt(n, e);
        *next_us = INT64_MIN;
        if (receipts_flush(&n->receipts, &n->out) != ERR_OK)
            node_log(n, LOG_ERROR, "flash.write_failed", "object=%s", RECEIPTS_OBJECT);
        plan_mark(&n->plan, e, e->begun, true);
    }
}
