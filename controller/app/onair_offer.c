#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_emergency.h"
#include "store_media.h"

#define OFFERS_MAX 1024 /* places in a node's cache */

/* ERR_NOT_FOUND  no such recording */
static enum err make_offer(struct onair *o, const struct media_id *media, usec_t needed_us,
                           loa_MediaOffer *ret_offer)
{
    struct media_info info;
    enum err e = store_media_get(o->config.db, media, &info);

    if (e != ERR_OK)
        return e;
    *ret_offer = (loa_MediaOffer){
        .size_bytes = info.size_bytes, .duration_ms = info.duration_ms, .needed_us = needed_us};
    memcpy(ret_offer->sha256, info.id.sha256, SHA256_BYTES);
    return ERR_OK;
}

static enum err send_offer(struct onair *o, const loa_MediaOffer *offer,
                           const struct node_id *nodes, size_t count)
{
    loa_Msg msg = loa_Msg_init_zero;

    msg.which_body = loa_Msg_media_offer_tag;
    msg.body.media_offer = *offer;
    return o->config.ports.send_many(o->config.ports.ctx, nodes, count, &msg);
}

static enum err offer(struct onair *o, const struct media_id *media, usec_t needed_us,
                      const struct node_id *nodes, size_t count)
{
    loa_MediaOffer made;
    enum err e = make_offer(o, media, needed_us, &made);

    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    return send_offer(o, &made, nodes, count);
}

static enum err load_emergency_set(struct onair *o)
{
    struct emergency_entry entries[EMERGENCY_SIGNALS];
    size_t count = 0;
    enum err e = store_emergency_list(o->config.db, entries, &count);

    o->emergency.count = 0;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = make_offer(o, &entries[i].media, 0, &o->emergency.offers[o->emergency.count]);
        if (e == ERR_OK)
            o->emergency.count++;
        else if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

/* Read once: thousands of nodes return at the same time. */
static const struct onair_emergency *emergency_set(struct onair *o)
{
    enum err e = o->emergency.is_known ? ERR_OK : load_emergency_set(o);

    o->emergency.is_known = e == ERR_OK;
    if (e != ERR_OK)
        log_event(LOG_ERROR, "emergency.not_read", "error=%s", err_name(e));
    return &o->emergency;
}

static bool is_emergency(struct onair *o, const struct media_id *media)
{
    const struct onair_emergency *set = emergency_set(o);

    for (size_t i = 0; i < set->count; i++)
        if (memcmp(set->offers[i].sha256, media->sha256, SHA256_BYTES) == 0)
            return true;
    return false;
}

/* What comes by stream in any case need not be held by nodes; the emergency set they are offered anyway, and
 * thousands of offers would go out right behind the orders of an alert. */
static bool is_offered(struct onair *o, const struct broadcast *b, const struct part *p)
{
    return !broadcast_is_live(b) && p->kind != PART_SILENCE && !is_emergency(o, &p->media);
}

void onair_offer(struct onair *o, const struct broadcast *b, const struct node_id *nodes,
                 size_t count)
{
    for (size_t i = 0; i < b->media_count; i++)
        if (is_offered(o, b, &b->media[i]) &&
            offer(o, &b->media[i].media, b->start_us, nodes, count) != ERR_OK)
            return;
    if (b->live.has_fallback &&
        offer(o, &b->live.fallback.media, b->start_us, nodes, count) != ERR_OK)
        return;
}

void onair_offer_targets(struct onair *o, const struct broadcast *b)
{
    struct node_id nodes[ONAIR_SEND_MAX];
    size_t count = 0;

    for (size_t i = 0; i < b->target_count; i++) {
        nodes[count++] = b->targets[i].node;
        if (count < ONAIR_SEND_MAX && i + 1 < b->target_count)
            continue;
        onair_offer(o, b, nodes, count);
        count = 0;
    }
}

struct use {
    const struct media_id *media;
    usec_t needed_us;
};

static void note_use(struct use *uses, size_t *count, const struct media_id *media,
                     usec_t needed_us)
{
    size_t i = 0;

    while (i < *count && memcmp(uses[i].media->sha256, media->sha256, SHA256_BYTES) != 0)
        i++;
    if (i == OFFERS_MAX)
        return;
    if (i == *count)
        uses[(*count)++] = (struct use){media, needed_us};
    else if (needed_us < uses[i].needed_us)
        uses[i].needed_us = needed_us;
}

static void offer_emergency_set(struct onair *o, struct node_id node)
{
    const struct onair_emergency *set = emergency_set(o);

    for (size_t i = 0; i < set->count; i++)
        if (send_offer(o, &set->offers[i], &node, 1) != ERR_OK)
            return;
}

void onair_emergency_changed(struct onair *o)
{
    o->emergency.is_known = false;
    for (size_t i = 0; i < registry_count(o->config.registry); i++) {
        const struct node_entry *entry = registry_at(o->config.registry, i);

        if (entry->live.ready)
            offer_emergency_set(o, entry->record.id);
    }
}

void onair_offer_all(struct onair *o, struct node_id node)
{
    static struct use uses[OFFERS_MAX];
    size_t count = 0;

    offer_emergency_set(o, node);
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (broadcast_target(b, node) == NULL)
            continue;
        for (size_t k = 0; k < b->media_count; k++)
            if (is_offered(o, b, &b->media[k]))
                note_use(uses, &count, &b->media[k].media, b->start_us);
        if (b->live.has_fallback)
            note_use(uses, &count, &b->live.fallback.media, b->start_us);
    }
    for (size_t i = 0; i < count; i++)
        if (offer(o, uses[i].media, uses[i].needed_us, &node, 1) != ERR_OK)
            return;
}
