#include <inttypes.h>

#include "log.h"
#include "node_priv.h"

static bool uses(const struct plan_entry *e, const struct media_id *media)
{
    for (size_t i = 0; i < e->layout.count; i++)
        if (bytes_equal(bytes_of(e->layout.items[i].media.sha256, SHA256_BYTES),
                        bytes_of(media->sha256, SHA256_BYTES)))
            return true;
    return false;
}

/* Remove a recording; the orders that count on it look for their sound anew. */
static void drop(struct node *n, const struct media_id *media)
{
    cache_drop(&n->cache, media);
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e != n->sounding && !e->tally.streamed && uses(e, media))
            e->tally.ready = false;
    }
}

/* Can its two ends be read? */
static bool stands(struct node *n, const struct media_id *media)
{
    char name[PORT_NAME_MAX];
    uint64_t size = 0;
    uint8_t byte;
    size_t first = 0, last = 0;

    return cache_find(&n->cache, media, name, &size) == ERR_OK &&
           n->port.flash_read(n->port.ctx, name, 0, &byte, 1, &first) == ERR_OK && first == 1 &&
           n->port.flash_read(n->port.ctx, name, size - 1, &byte, 1, &last) == ERR_OK && last == 1;
}

void node_media_look(struct node *n, struct plan_entry *e)
{
    if (e->tally.looked || e->tally.streamed || n->link != NODE_LINK_READY)
        return;
    e->tally.looked = true;
    for (size_t i = 0; i < e->layout.count; i++)
        if (!e->layout.items[i].silent && !stands(n, &e->layout.items[i].media))
            drop(n, &e->layout.items[i].media);
}

void node_media_lost(struct node *n)
{
    struct content *c = &n->playout.content;
    struct plan_entry *e = n->sounding;
    struct tally *t = &e->tally;
    bool failed = c->trouble == CONTENT_FAILED, elsewhere;
    struct media_id media = c->trouble_media;
    int64_t at = c->trouble_at;

    if (t->blame == loa_Reason_REASON_NONE) {
        t->blame = loa_Reason_REASON_NO_MEDIA;
        node_log(n, LOG_WARN, "sound.media_lost", "order=%" PRIu64 " at_ms=%" PRId64, e->order_id,
                 at / 48);
    }
    /* Without a better source the rest of it is better than nothing. */
    elsewhere =
        n->link == NODE_LINK_READY && (e->stream_id != 0 || (failed && e->layout.count == 1));
    if (!elsewhere) {
        if (failed && n->link == NODE_LINK_READY)
            drop(n, &media);
        else
            cache_doubt(&n->cache, &media);
        c->trouble = CONTENT_SOUND;
        return;
    }
    c->counts = c->trouble_counts;
    node_end_run(n, e->start_us + at * 125 / 6);
    t->from_cache = t->started;
    t->lost = true;
    t->lost_at = at;
    drop(n, &media);
}

void node_media_found(struct tally *t, int64_t sample)
{
    if (t->lost && sample > t->lost_at) {
        t->gaps++;
        t->gap_samples += (uint64_t)(sample - t->lost_at);
    }
    t->lost = false;
}

void node_media_close(struct node *n, struct plan_entry *e)
{
    int64_t end = (e->end_us - e->start_us) * 6 / 125, total = content_total_samples(&e->layout);

    if (e->tally.started)
        node_media_found(&e->tally, end < total ? end : total);
    /* A recording in doubt is judged now, so that it is fetched again before it is needed. */
    for (size_t i = 0; i < e->layout.count; i++)
        if (e->tally.blame == loa_Reason_REASON_NO_MEDIA && !e->layout.items[i].silent)
            cache_check(&n->cache, &e->layout.items[i].media);
}
