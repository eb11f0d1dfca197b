#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_emergency.h"
#include "store_media.h"

#define OFFERS_MAX 1024 /* places in a node's cache */

static enum err offer(struct onair *o, const struct media_id *media, usec_t needed_us,
                      const struct node_id *nodes, size_t count)
{
    struct media_info info;
    loa_Msg msg = loa_Msg_init_zero;
    enum err e = store_media_get(o->config.db, media, &info);

    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    msg.which_body = loa_Msg_media_offer_tag;
    memcpy(msg.body.media_offer.sha256, info.id.sha256, SHA256_BYTES);
    msg.body.media_offer.size_bytes = info.size_bytes;
    msg.body.media_offer.duration_ms = info.duration_ms;
    msg.body.media_offer.needed_us = needed_us;
    return o->config.ports.send_many(o->config.ports.ctx, nodes, count, &msg);
}

/* What every node is offered at the start of each session, for good. */
struct emergency_set {
    struct emergency_entry entries[EMERGENCY_SIGNALS];
    size_t count;
};

static void load_emergency_set(struct onair *o, struct emergency_set *ret_set)
{
    ret_set->count = 0;
    if (store_emergency_list(o->config.db, ret_set->entries, &ret_set->count) != ERR_OK)
        log_event(LOG_ERROR, "emergency.not_read", NULL);
}

static bool is_in_set(const struct emergency_set *set, const struct media_id *media)
{
    for (size_t i = 0; i < set->count; i++)
        if (memcmp(set->entries[i].media.sha256, media->sha256, SHA256_BYTES) == 0)
            return true;
    return false;
}

/* What comes by stream in any case need not be held by nodes; the emergency set they are offered anyway, and thousands of
 * offers would go out right behind the orders of an alert. */
static bool is_offered(const struct broadcast *b, const struct part *p,
                       const struct emergency_set *set)
{
    return !broadcast_is_live(b) && p->kind != PART_SILENCE && !is_in_set(set, &p->media);
}

void onair_offer(struct onair *o, const struct broadcast *b, const struct node_id *nodes,
                 size_t count)
{
    struct emergency_set set;

    load_emergency_set(o, &set);
    for (size_t i = 0; i < b->media_count; i++)
        if (is_offered(b, &b->media[i], &set) &&
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

static void offer_emergency_set(struct onair *o, const struct emergency_set *set,
                                struct node_id node)
{
    for (size_t i = 0; i < set->count; i++)
        if (offer(o, &set->entries[i].media, 0, &node, 1) != ERR_OK)
            return;
}

void onair_emergency_changed(struct onair *o)
{
    struct emergency_set set;

    load_emergency_set(o, &set);
    for (size_t i = 0; i < registry_count(o->config.registry); i++) {
        const struct node_entry *entry = registry_at(o->config.registry, i);

        if (entry->live.ready)
            offer_emergency_set(o, &set, entry->record.id);
    }
}

void onair_offer_all(struct onair *o, struct node_id node)
{
    static struct use uses[OFFERS_MAX];
    struct emergency_set set;
    size_t count = 0;

    load_emergency_set(o, &set);
    offer_emergency_set(o, &set, node);
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (broadcast_target(b, node) == NULL)
            continue;
        for (size_t k = 0; k < b->media_count; k++)
            if (is_offered(b, &b->media[k], &set))
                note_use(uses, &count, &b->media[k].media, b->start_us);
        if (b->live.has_fallback)
            note_use(uses, &count, &b->live.fallback.media, b->start_us);
    }
    for (size_t i = 0; i < count; i++)
        if (offer(o, uses[i].media, uses[i].needed_us, &node, 1) != ERR_OK)
            return;
}
