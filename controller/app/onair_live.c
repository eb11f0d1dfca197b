#include <stdio.h>
#include <string.h>

#include "event.h"
#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"
#include "store_live.h"

#define OUTLIVES_US (3 * USEC_PER_SEC) /* a node's delay and its last status lie within it */

enum err onair_play_live(struct onair *o, const struct api_live *live, struct broadcast_id *ret_id,
                         struct err_detail *detail)
{
    struct broadcast b = {
        .priority = live->priority,
        .start_us = live->start_us,
        .duration_ms = live->duration_ms,
        .repeats = 1,
        .rank = EVENT_RANK_DEFAULT,
    };
    enum err e;

    if (o->count == ONAIR_BROADCASTS_MAX)
        return err_set(detail, ERR_LIMIT,
                       "%d broadcasts are under way already; stop or wait for some",
                       ONAIR_BROADCASTS_MAX);
    snprintf(b.title, sizeof(b.title), "%s", live->title);
    snprintf(b.live.source, sizeof(b.live.source), "%s", live->source);
    b.live.has_fallback = live->has_fallback;
    b.live.fallback.media = live->fallback;
    b.live.fallback.duration_ms = live->fallback_ms;
    b.expires_us = broadcast_end_us(&b);
    e = broadcast_set_targets(&b, live->nodes, live->node_count);
    if (e == ERR_OK)
        e = onair_store_new(o, &b, ret_id);
    broadcast_deinit(&b);
    return db_explain(o->config.db, e, detail);
}

void onair_hung_up(struct onair *o, struct broadcast_id id, usec_t end_us, usec_t now_us)
{
    struct broadcast *b = onair_find(o, id);

    if (b == NULL || broadcast_hang_up(b, end_us) != ERR_OK)
        return;
    if (store_broadcast_set_state(o->config.db, b) != ERR_OK)
        log_event(LOG_ERROR, "onair.end_not_stored", "broadcast=%llu", (unsigned long long)id.v);
    onair_step(o, now_us);
}

const struct broadcast *onair_next_live(const struct onair *o, size_t *at, usec_t now_us,
                                        usec_t ahead_us)
{
    while (*at < o->count) {
        const struct broadcast *b = &o->live[(*at)++];

        if (broadcast_is_live(b) && b->bulletin.v != 0 && b->state <= BROADCAST_ON_AIR &&
            b->start_us - ahead_us <= now_us && now_us < broadcast_over_us(b))
            return b;
    }
    return NULL;
}

void onair_on_status(struct onair *o, const loa_Status *status, usec_t now_us)
{
    struct broadcast_id id = {status->playing_broadcast};
    const struct broadcast *b = onair_find(o, id);
    struct broadcast_live live;

    if (id.v == 0 || (b != NULL && now_us < broadcast_over_us(b) + OUTLIVES_US) ||
        store_live_get(o->config.db, id, &live) != ERR_OK || live.source[0] == '\0')
        return;
    log_event(LOG_WARN, "broadcast.outlived", "broadcast=%llu", (unsigned long long)id.v);
    onair_silence(o, id, now_us);
}
