#include <inttypes.h>

#include "log.h"
#include "node_priv.h"

#define FALLBACK_AFTER_US \
    (USEC_PER_SEC / 2) /* all nodes that lost it at one packet begin together */

static struct plan_entry *find_live(struct node *n, uint32_t stream_id)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e->live && e->stream_id == stream_id)
            return e;
    }
    return NULL;
}

/* The speaker hung up: this is the end that was not known when the order was given. */
static void hang_up(struct node *n, struct plan_entry *e, usec_t end_us)
{
    e->end_us = e->planned_end_us = end_us;
    e->end_reason = loa_Reason_REASON_NONE;
    if (e->layout.count > 0)
        return;
    e->layout.live_samples = (end_us - e->start_us) * 6 / 125;
    if (n->sounding == e)
        n->playout.content.layout.live_samples = e->layout.live_samples;
}

void node_live_heard(struct node *n, uint32_t stream_id, usec_t pts_us, usec_t end_us, bool last)
{
    struct plan_entry *e = find_live(n, stream_id);
    usec_t margin_us;

    if (node_can_render(n) && n->rendering && end_us > pts_us) {
        margin_us = pts_us - node_head_us(n);
        if (!n->stream.has_margin || margin_us < n->stream.margin_us)
            n->stream.margin_us = margin_us;
        n->stream.has_margin = true;
    }
    if (e == NULL)
        return;
    if (end_us > e->heard_us)
        e->heard_us = end_us;
    if (last && pts_us < e->end_us)
        hang_up(n, e, pts_us > e->start_us ? pts_us : e->start_us);
}

/* Another source takes the place of the present one, at its own place on the timeline. */
static void change_source(struct node *n, struct plan_entry *e, bool streamed, usec_t origin_us)
{
    e->layout = (struct content_layout){.repeats = 1};
    if (!streamed) {
        int64_t left = (e->end_us - origin_us) * 6 / 125;

        e->layout.items[0] = e->fallback;
        e->layout.count = 1;
        e->layout.repeats = (uint32_t)(left / e->fallback.samples + 1);
    }
    e->origin_us = origin_us;
    e->tally.from_cache = e->tally.from_cache || (e->tally.started && !streamed);
    e->tally.streamed = streamed;
    e->tally.ready = true;
    if (n->sounding == e)
        node_restart_run(n);
    node_log(n, LOG_WARN, streamed ? "live.back" : "live.fallback", "order=%" PRIu64, e->order_id);
}

static void watch(struct node *n, struct plan_entry *e, usec_t now_us, usec_t mono_us)
{
    usec_t lost_us = (e->heard_us > e->start_us ? e->heard_us : e->start_us) + e->grace_us;
    bool on_fallback = e->layout.count > 0;

    if (on_fallback && e->heard_us > now_us)
        change_source(n, e, true, e->start_us);
    else if (e->grace_us > 0 && now_us >= lost_us) {
        e->tally.source_lost = true;
        if (!on_fallback && e->has_fallback &&
            cache_ready(&n->cache, &e->fallback.media, mono_us) == ERR_OK)
            change_source(n, e, false, lost_us + FALLBACK_AFTER_US);
    }
}

void node_live_step(struct node *n, usec_t now_us, usec_t mono_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e->live && now_us >= e->start_us && now_us < e->end_us)
            watch(n, e, now_us, mono_us);
    }
}
