#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_emergency.h"
#include "store_event.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_station.h"
#include "store_zone.h"

#define LOOK_BACK_US USEC_PER_DAY /* how far back an occurrence slept through is still noted */
#define OCCURRENCES_MAX 256 /* of one event in one planning */
#define WAIT_MAX_US (3 * USEC_PER_HOUR) /* of an event that starts when others end */
#define EXPIRY_SLACK_US (5 * USEC_PER_SEC) /* per-node delay and fade-out end within it */

enum err onair_may_sound(const struct bulletin *b, usec_t start_us, struct err_detail *detail)
{
    if (b->state != BULLETIN_APPROVED)
        return err_set(detail, ERR_STATE,
                       "The bulletin \"%.100s\" is not approved; have an approver approve it",
                       b->title);
    if (b->expires_us != 0 && b->expires_us <= start_us)
        return err_set(detail, ERR_STATE,
                       "The bulletin \"%.100s\" has expired; change its expiry first", b->title);
    return ERR_OK;
}

/* What of the bulletin sounds, in order. A chime of a station without a tune is left out, and silence at an end. */
static void lay_out(struct broadcast *b, const struct bulletin *bulletin)
{
    size_t count = 0;
    uint64_t length_ms = 0;

    for (size_t i = 0; i < bulletin->part_count; i++) {
        const struct part *p = &bulletin->parts[i];

        if (p->duration_ms > 0 && (count > 0 || p->kind != PART_SILENCE))
            b->media[count++] = *p;
    }
    while (count > 0 && b->media[count - 1].kind == PART_SILENCE)
        count--;
    for (size_t i = 0; i < count; i++)
        length_ms += b->media[i].duration_ms;
    b->media_count = count;
    b->duration_ms = length_ms < UINT32_MAX ? (uint32_t)length_ms : UINT32_MAX;
}

/* With a relay or live part the sound comes while it is on air, once, all of it by stream. */
static void fill_live(struct broadcast *b, const struct bulletin *bulletin)
{
    size_t i = broadcast_live_part(b);

    b->live = (struct broadcast_live){0};
    if (i == b->media_count)
        return;
    snprintf(b->live.source, sizeof(b->live.source), "%s", bulletin->source.from);
    b->live.has_fallback = bulletin->source.fallback_ms > 0;
    b->live.fallback.media = b->media[i].media;
    b->live.fallback.duration_ms = bulletin->source.fallback_ms;
    b->repeats = 1;
    b->pause_ms = 0;
}

static void fill(struct broadcast *b, const struct bulletin *bulletin)
{
    b->bulletin = bulletin->id;
    memcpy(b->title, bulletin->title, sizeof(b->title));
    if (b->priority == PRIORITY_NONE)
        b->priority = bulletin->priority;
    lay_out(b, bulletin);
    fill_live(b, bulletin);
    b->expires_us = broadcast_end_us(b) + EXPIRY_SLACK_US;
    if (bulletin->expires_us != 0 && bulletin->expires_us < b->expires_us)
        b->expires_us = bulletin->expires_us;
}

enum err onair_store_new(struct onair *o, struct broadcast *b, struct broadcast_id *ret_id)
{
    uint64_t stream;
    enum err e = store_station_next(o->config.db, STORE_COUNTER_STREAM, &stream);

    /* An alert that was rolled back has no number any more; the next broadcast may be given it. */
    broadcast_deinit(&o->begun);
    o->begun.id.v = 0;
    if (e != ERR_OK)
        return e;
    b->stream.v = (uint32_t)stream;
    return store_broadcast_add(o->config.db, b, ret_id);
}

/* A signal of the emergency set needs no approval: who may sound one is a matter of roles. */
static enum err signal_bulletin(struct onair *o, enum emergency_signal signal,
                                struct bulletin *ret_bulletin)
{
    struct emergency_entry entry;
    struct media_info media;
    enum err e = store_emergency_get(o->config.db, signal, &entry);

    if (e == ERR_OK)
        e = store_media_get(o->config.db, &entry.media, &media);
    if (e != ERR_OK)
        return e;
    *ret_bulletin = (struct bulletin){
        .priority = emergency_signal_priority(signal), .state = BULLETIN_APPROVED, .part_count = 1};
    snprintf(ret_bulletin->title, sizeof(ret_bulletin->title), "%s",
             emergency_signal_title(signal));
    ret_bulletin->parts[0] =
        (struct part){.kind = PART_MEDIA, .media = media.id, .duration_ms = media.duration_ms};
    return ERR_OK;
}

enum err onair_store(struct onair *o, struct broadcast *b, const struct bulletin *bulletin,
                     struct broadcast_id *ret_id)
{
    fill(b, bulletin);
    return onair_store_new(o, b, ret_id);
}

/* The zones of the station; one planning works on one reading of them. */
struct zones {
    struct zone at[ZONES_MAX];
    size_t count;
};

static enum err play_variant(struct onair *o, const struct api_play *play,
                             const struct onair_variant *variant)
{
    struct broadcast b = {
        .start_us = play->start_us,
        .repeats = play->repeats,
        .rank = EVENT_RANK_DEFAULT,
        .pause_ms = play->pause_ms,
    };
    enum err e;

    memcpy(b.variant, variant->name, sizeof(b.variant));
    e = broadcast_set_targets(&b, variant->nodes, variant->count);
    if (e == ERR_OK)
        e = onair_store(o, &b, &variant->bulletin, &o->played[o->played_count]);
    if (e == ERR_OK)
        o->played_count++;
    broadcast_deinit(&b);
    return e;
}

enum err onair_play(struct onair *o, const struct api_play *play, usec_t now_us,
                    struct broadcast_id *ret_id, struct err_detail *detail)
{
    static struct onair_variants variants;
    struct zones *zones = calloc(1, sizeof(*zones));
    struct db_page page = {0};
    struct bulletin bulletin;
    enum err e = zones != NULL ? ERR_OK : ERR_NOMEM;

    (void)now_us;
    o->played_count = 0;
    if (o->count + ONAIR_VARIANTS_MAX > ONAIR_BROADCASTS_MAX)
        e = err_set(detail, ERR_LIMIT,
                    "%zu broadcasts are under way already; stop or wait for some", o->count);
    if (e == ERR_OK)
        e = store_zone_list(o->config.db, &page, zones->at, ZONES_MAX, &zones->count);
    if (e == ERR_OK)
        e = play->bulletin.v == 0 ? signal_bulletin(o, play->signal, &bulletin)
                                  : store_bulletin_get(o->config.db, play->bulletin, &bulletin);
    if (e == ERR_OK)
        e = onair_may_sound(&bulletin, play->start_us, detail);
    if (e == ERR_OK)
        e = onair_variants_make(o, &bulletin, zones->at, zones->count, play->nodes,
                                play->node_count, &variants);
    for (size_t i = 0; e == ERR_OK && i < variants.count; i++)
        e = play_variant(o, play, &variants.at[i]);
    if (e == ERR_OK)
        *ret_id = o->played[0];
    onair_variants_clear(&variants);
    free(zones);
    return db_explain(o->config.db, e, detail);
}

static enum err go_out(struct onair *o, struct broadcast_id id)
{
    enum err e = onair_hold(o, id);

    if (e == ERR_OK)
        onair_offer_targets(o, onair_find(o, id));
    return e;
}

enum err onair_committed(struct onair *o, struct broadcast_id id)
{
    enum err e = go_out(o, id);

    if (o->played_count == 0 || o->played[0].v != id.v)
        return e;
    for (size_t i = 1; e == ERR_OK && i < o->played_count; i++)
        e = go_out(o, o->played[i]);
    o->played_count = 0;
    return e;
}

/* The active nodes that an event means, ascending; *ret_nodes is malloc'd. Nodes that are off line now are among
 * them: they are told when they return. */
static enum err find_nodes(struct onair *o, const struct event *event, const struct zones *zones,
                           struct node_id **ret_nodes, size_t *ret_count)
{
    size_t total = registry_count(o->config.registry);
    struct node_id *nodes = calloc(total + 1, sizeof(*nodes));
    size_t count = 0;

    if (nodes == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < total; i++) {
        const struct node_record *record = &registry_at(o->config.registry, i)->record;

        if (record->state == NODE_STATE_ACTIVE &&
            event_covers(event, zones->at, zones->count, record->zone))
            nodes[count++] = record->id;
    }
    *ret_nodes = nodes;
    *ret_count = count;
    return ERR_OK;
}

/* The station was down, or the bulletin not approved in time: said by the broadcast itself. */
static void note_missed(struct broadcast *b, const char *why)
{
    b->state = BROADCAST_MISSED;
    for (size_t i = 0; i < b->target_count; i++) {
        b->targets[i].state = TARGET_SILENT;
        snprintf(b->targets[i].note, sizeof(b->targets[i].note), "%s", why);
    }
}

enum err onair_missed(struct onair *o, const struct broadcast *b, struct broadcast_id id,
                      usec_t now_us)
{
    struct journal_entry entry = {
        .at_us = now_us, .actor = "station", .action = "broadcast.missed"};

    snprintf(entry.object, sizeof(entry.object), "broadcast:%llu", (unsigned long long)id.v);
    snprintf(entry.detail, sizeof(entry.detail),
             "{\"event\":%llu,\"start_us\":%lld,\"note\":\"%s\"}", (unsigned long long)b->event.v,
             (long long)b->start_us, b->target_count > 0 ? b->targets[0].note : "");
    for (size_t i = 0; i < b->target_count; i++)
        o->config.ports.missed(o->config.ports.ctx, b->targets[i].node);
    return store_journal_append(o->config.db, &entry);
}

static enum err store_notes(struct onair *o, const struct broadcast *b, struct broadcast_id id)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < b->target_count; i++)
        e = store_broadcast_set_target(o->config.db, id, &b->targets[i]);
    return e;
}

static bool shares_node(const struct broadcast *a, const struct broadcast *b)
{
    for (size_t i = 0, k = 0; i < a->target_count && k < b->target_count;) {
        if (a->targets[i].node.v == b->targets[k].node.v)
            return true;
        if (a->targets[i].node.v < b->targets[k].node.v)
            i++;
        else
            k++;
    }
    return false;
}

usec_t onair_wait(const struct onair *o, const struct broadcast *b)
{
    usec_t length_us = broadcast_end_us(b) - b->start_us;
    usec_t start_us = b->occurrence_us;
    bool moved = true;

    while (moved && start_us - b->occurrence_us <= WAIT_MAX_US) {
        moved = false;
        for (size_t i = 0; i < o->count; i++) {
            const struct broadcast *other = &o->live[i];

            if (other->id.v != b->id.v && other->priority == b->priority &&
                other->state <= BROADCAST_ON_AIR && other->start_us < start_us + length_us &&
                broadcast_over_us(other) > start_us && shares_node(other, b)) {
                start_us = broadcast_over_us(other);
                moved = true;
            }
        }
    }
    return moved ? b->occurrence_us : start_us;
}

void onair_outline(const struct event *event, const struct bulletin *bulletin, usec_t start_us,
                   struct broadcast *ret_broadcast)
{
    *ret_broadcast = (struct broadcast){
        .event = event->id,
        .start_us = start_us,
        .occurrence_us = start_us,
        .repeats = event->repeats,
        .pause_ms = event->pause_ms,
        .priority = event_level(event, bulletin->priority),
        .rank = event->rank,
        .cuts_equal = event->conflict == EVENT_REPLACE,
    };
    fill(ret_broadcast, bulletin);
}

/* What is asked for at one planning. */
struct request {
    const struct event *event;
    struct onair_variants *variants;
    usec_t now_us;
};

static enum err plan_variant(struct onair *o, const struct request *r,
                             const struct onair_variant *variant, usec_t start_us)
{
    const struct event *event = r->event;
    const struct bulletin *bulletin = &variant->bulletin;
    usec_t now_us = r->now_us;
    size_t places = start_us - now_us <= ONAIR_NEAR_US ? ONAIR_BROADCASTS_MAX : ONAIR_FAR_MAX;
    struct broadcast b;
    bool late =
        now_us - start_us > (usec_t)o->config.station->policy.late_tolerance_s * USEC_PER_SEC;
    bool may_sound = onair_may_sound(bulletin, start_us, NULL) == ERR_OK;
    struct broadcast_id id;
    enum err e;

    if (!late && !may_sound)
        return ERR_OK; /* it may still be approved */
    if (!late && o->count >= places)
        return ERR_OK; /* far ahead; planned when others are over */
    onair_outline(event, bulletin, start_us, &b);
    memcpy(b.variant, variant->name, sizeof(b.variant));
    e = broadcast_set_targets(&b, variant->nodes, variant->count);
    if (e == ERR_OK && !late && event->conflict == EVENT_APPEND)
        b.start_us = onair_wait(o, &b);
    if (e == ERR_OK && late)
        note_missed(&b, may_sound ? "the station was not running at that time"
                                  : "the bulletin was not approved in time, or had expired");
    if (e == ERR_OK)
        e = onair_store(o, &b, bulletin, &id); /* with the times of the start that it has now */
    if (e == ERR_OK && late)
        e = store_notes(o, &b, id);
    if (e == ERR_OK && late)
        e = onair_missed(o, &b, id, now_us);
    if (e == ERR_OK && late)
        log_event(LOG_ERROR, "broadcast.missed", "event=%llu start_us=%lld note=%s",
                  (unsigned long long)event->id.v, (long long)start_us,
                  may_sound ? "down" : "not_approved");
    else if (e == ERR_OK)
        e = onair_committed(o, id);
    broadcast_deinit(&b);
    return e;
}

static enum err plan_occurrence(struct onair *o, const struct request *r, usec_t start_us)
{
    struct broadcast_id known;
    enum err e = store_broadcast_find(o->config.db, r->event->id, start_us, NULL, &known);

    /* What has begun, or was missed, is no longer divided anew. */
    if (e == ERR_OK && start_us <= r->now_us)
        return ERR_OK;
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->variants->count; i++) {
        const struct onair_variant *variant = &r->variants->at[i];
        struct broadcast *b;

        e = store_broadcast_find(o->config.db, r->event->id, start_us, variant->name, &known);
        b = e == ERR_OK ? onair_find(o, known) : NULL;
        if (e == ERR_NOT_FOUND)
            e = plan_variant(o, r, variant, start_us);
        else if (b != NULL && b->state == BROADCAST_PLANNED)
            e = onair_retarget(o, b, variant->nodes, variant->count);
    }
    return e;
}

/* Variants that nobody wants any more: their nodes go over to another one. */
static enum err leave_variants(struct onair *o, const struct request *r)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (b->event.v == r->event->id.v && b->state == BROADCAST_PLANNED &&
            onair_variants_find(r->variants, b->variant) == NULL)
            e = onair_retarget(o, b, NULL, 0);
    }
    return e;
}

static enum err plan_event(struct onair *o, const struct event *event, const struct zones *zones,
                           usec_t now_us, usec_t until_us)
{
    static struct calendar_occurrence found[OCCURRENCES_MAX];
    static struct bulletin bulletin;
    static struct onair_variants variants;
    struct request request = {.event = event, .variants = &variants, .now_us = now_us};
    struct calendar_event *calendar = NULL;
    struct node_id *nodes = NULL;
    usec_t from_us = now_us - LOOK_BACK_US;
    size_t count = 0, node_count = 0;
    enum err e;

    if (from_us < event->created_us)
        from_us = event->created_us;
    e = store_bulletin_get(o->config.db, event->bulletin, &bulletin);
    if (e == ERR_OK)
        e = calendar_parse(event->ics, strlen(event->ics), &calendar, NULL);
    if (e == ERR_OK)
        e = calendar_expand(calendar, from_us, until_us, found, OCCURRENCES_MAX, &count);
    if (e == ERR_MORE)
        e = ERR_OK; /* the rest comes into the horizon with a later planning */
    if (e == ERR_OK)
        e = find_nodes(o, event, zones, &nodes, &node_count);
    if (e == ERR_OK)
        e = onair_variants_make(o, &bulletin, zones->at, zones->count, nodes, node_count,
                                &variants);
    if (e == ERR_OK)
        e = leave_variants(o, &request);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = plan_occurrence(o, &request, found[i].start_us);
    onair_variants_clear(&variants);
    free(nodes);
    calendar_free(calendar);
    return e;
}

/* Events that wait for others come after those, which they must know. */
static enum err plan_all(struct onair *o, const struct zones *zones, bool waiting, usec_t now_us,
                         usec_t until_us)
{
    static struct event events[16];
    struct db_page page = {0};
    size_t count;

    do {
        enum err e = store_event_list(o->config.db, false, &page, events, 16, &count);

        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < count; i++) {
            if ((events[i].conflict == EVENT_APPEND) != waiting)
                continue;
            e = plan_event(o, &events[i], zones, now_us, until_us);
            if (e == ERR_NOMEM || e == ERR_IO)
                return e;
            if (e != ERR_OK)
                log_event(LOG_ERROR, "event.not_planned", "event=%llu error=%s",
                          (unsigned long long)events[i].id.v, err_name(e));
        }
    } while (count == 16);
    return ERR_OK;
}

enum err onair_plan(struct onair *o, usec_t now_us)
{
    struct zones *zones = calloc(1, sizeof(*zones));
    struct db_page page = {0};
    enum err e;

    if (zones == NULL)
        return ERR_NOMEM;
    o->planned_us = now_us;
    e = store_zone_list(o->config.db, &page, zones->at, ZONES_MAX, &zones->count);
    if (e == ERR_OK)
        e = onair_withdraw(o, now_us);
    for (int pass = 0; e == ERR_OK && pass < 4; pass++)
        e = plan_all(o, zones, pass % 2 == 1, now_us,
                     now_us + (pass < 2 ? ONAIR_NEAR_US : ONAIR_HORIZON_US));
    free(zones);
    return e;
}
