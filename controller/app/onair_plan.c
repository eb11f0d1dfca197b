#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_event.h"
#include "store_station.h"
#include "store_zone.h"

#define LOOK_BACK_US USEC_PER_DAY /* how far back an occurrence slept through is still noted */
#define OCCURRENCES_MAX 256 /* of one event in one planning */
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

static void fill(struct broadcast *b, const struct bulletin *bulletin)
{
    b->bulletin = bulletin->id;
    memcpy(b->title, bulletin->title, sizeof(b->title));
    b->priority = bulletin->priority;
    b->duration_ms = bulletin_duration_ms(bulletin);
    b->media_count = bulletin->part_count;
    memcpy(b->media, bulletin->parts, sizeof(b->media));
    b->expires_us = broadcast_end_us(b) + EXPIRY_SLACK_US;
    if (bulletin->expires_us != 0 && bulletin->expires_us < b->expires_us)
        b->expires_us = bulletin->expires_us;
}

enum err onair_store(struct onair *o, struct broadcast *b, const struct bulletin *bulletin,
                     struct broadcast_id *ret_id)
{
    uint64_t stream;
    enum err e = store_station_next(o->config.db, STORE_COUNTER_STREAM, &stream);

    if (e != ERR_OK)
        return e;
    b->stream.v = (uint32_t)stream;
    fill(b, bulletin);
    return store_broadcast_add(o->config.db, b, ret_id);
}

enum err onair_play(struct onair *o, const struct api_play *play, usec_t now_us,
                    struct broadcast_id *ret_id, struct err_detail *detail)
{
    struct broadcast b = {
        .start_us = play->start_us,
        .repeats = play->repeats,
        .pause_ms = play->pause_ms,
    };
    struct bulletin bulletin;
    enum err e;

    (void)now_us;
    if (o->count == ONAIR_BROADCASTS_MAX)
        return err_set(detail, ERR_LIMIT,
                       "%d broadcasts are under way already; stop or wait for some",
                       ONAIR_BROADCASTS_MAX);
    e = store_bulletin_get(o->config.db, play->bulletin, &bulletin);
    if (e == ERR_OK)
        e = onair_may_sound(&bulletin, play->start_us, detail);
    if (e == ERR_OK)
        e = broadcast_set_targets(&b, play->nodes, play->node_count);
    if (e == ERR_OK)
        e = onair_store(o, &b, &bulletin, ret_id);
    broadcast_deinit(&b);
    return db_explain(o->config.db, e, detail);
}

enum err onair_committed(struct onair *o, struct broadcast_id id)
{
    enum err e = onair_hold(o, id);
    struct broadcast *b = onair_find(o, id);

    for (size_t i = 0; e == ERR_OK && i < b->target_count; i++)
        onair_offer(o, b, b->targets[i].node);
    return e;
}

/* The zones of the station; one planning works on one reading of them. */
struct zones {
    struct zone at[ZONES_MAX];
    size_t count;
};

static bool covers(const struct event *event, const struct zones *zones, struct zone_id zone)
{
    if (event->everyone)
        return true;
    for (size_t i = 0; i < event->zone_count; i++) {
        if (zone_contains(zones->at, zones->count, event->zones[i], zone))
            return true;
    }
    return false;
}

/* Targets include nodes that are off line now: they are told when they return. */
static enum err set_targets(struct onair *o, const struct event *event, const struct zones *zones,
                            struct broadcast *b)
{
    size_t total = registry_count(o->config.registry);
    struct node_id *nodes = calloc(total + 1, sizeof(*nodes));
    size_t count = 0;
    enum err e;

    if (nodes == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < total; i++) {
        const struct node_record *record = &registry_at(o->config.registry, i)->record;

        if (record->state == NODE_STATE_ACTIVE && covers(event, zones, record->zone))
            nodes[count++] = record->id;
    }
    e = broadcast_set_targets(b, nodes, count);
    free(nodes);
    return e;
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

static enum err store_notes(struct onair *o, const struct broadcast *b, struct broadcast_id id)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < b->target_count; i++)
        e = store_broadcast_set_target(o->config.db, id, &b->targets[i]);
    return e;
}

/* Nodes that were enrolled or moved here since it was planned. */
static enum err widen(struct onair *o, const struct event *event, const struct zones *zones,
                      struct broadcast *b)
{
    for (size_t i = 0; i < registry_count(o->config.registry); i++) {
        const struct node_record *record = &registry_at(o->config.registry, i)->record;
        enum err e;

        if (record->state != NODE_STATE_ACTIVE || !covers(event, zones, record->zone) ||
            broadcast_target(b, record->id) != NULL)
            continue;
        e = store_broadcast_add_target(o->config.db, b->id, record->id);
        if (e == ERR_OK)
            e = broadcast_add_target(b, record->id);
        if (e != ERR_OK)
            return e;
        onair_offer(o, b, record->id);
    }
    return ERR_OK;
}

static enum err plan_occurrence(struct onair *o, const struct event *event,
                                const struct bulletin *bulletin, const struct zones *zones,
                                usec_t start_us, usec_t now_us)
{
    struct broadcast b = {
        .event = event->id,
        .start_us = start_us,
        .repeats = event->repeats,
        .pause_ms = event->pause_ms,
    };
    bool late =
        now_us - start_us > (usec_t)o->config.station->policy.late_tolerance_s * USEC_PER_SEC;
    bool may_sound = onair_may_sound(bulletin, start_us, NULL) == ERR_OK;
    struct broadcast_id id;
    enum err e;

    if (!late && !may_sound)
        return ERR_OK; /* it may still be approved */
    if (!late && o->count == ONAIR_BROADCASTS_MAX)
        return ERR_OK; /* far ahead; planned when others are over */
    e = set_targets(o, event, zones, &b);
    if (e == ERR_OK && late)
        note_missed(&b, may_sound ? "the station was not running at that time"
                                  : "the bulletin was not approved in time, or had expired");
    if (e == ERR_OK)
        e = onair_store(o, &b, bulletin, &id);
    if (e == ERR_OK && late)
        e = store_notes(o, &b, id);
    if (e == ERR_OK && late)
        log_event(LOG_ERROR, "broadcast.missed", "event=%llu start_us=%lld note=%s",
                  (unsigned long long)event->id.v, (long long)start_us,
                  may_sound ? "down" : "not_approved");
    else if (e == ERR_OK)
        e = onair_committed(o, id);
    broadcast_deinit(&b);
    return e;
}

static enum err plan_event(struct onair *o, const struct event *event, const struct zones *zones,
                           usec_t now_us)
{
    static struct calendar_occurrence found[OCCURRENCES_MAX];
    static struct bulletin bulletin;
    struct calendar_event *calendar = NULL;
    usec_t from_us = now_us - LOOK_BACK_US;
    size_t count = 0;
    enum err e;

    if (from_us < event->created_us)
        from_us = event->created_us;
    e = store_bulletin_get(o->config.db, event->bulletin, &bulletin);
    if (e == ERR_OK)
        e = calendar_parse(event->ics, strlen(event->ics), &calendar, NULL);
    if (e == ERR_OK)
        e = calendar_expand(calendar, from_us, now_us + ONAIR_HORIZON_US, found, OCCURRENCES_MAX,
                            &count);
    if (e == ERR_MORE)
        e = ERR_OK; /* the rest comes into the horizon with a later planning */
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct broadcast_id known;
        struct broadcast *b;

        e = store_broadcast_find(o->config.db, event->id, found[i].start_us, &known);
        b = e == ERR_OK ? onair_find(o, known) : NULL;
        if (e == ERR_NOT_FOUND)
            e = plan_occurrence(o, event, &bulletin, zones, found[i].start_us, now_us);
        else if (b != NULL && b->state == BROADCAST_PLANNED)
            e = widen(o, event, zones, b);
    }
    calendar_free(calendar);
    return e;
}

/* What an event that was cancelled, or a bulletin that expired or vanished, had planned. */
static enum err withdraw_cancelled(struct onair *o, usec_t now_us)
{
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];
        static struct event event;
        enum err e;

        if (b->state != BROADCAST_PLANNED || b->event.v == 0)
            continue;
        e = store_event_get(o->config.db, b->event, &event);
        if (e == ERR_OK && event.cancelled)
            e = broadcast_cancel(b, now_us);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
    }
    return ERR_OK;
}

static enum err plan_all(struct onair *o, const struct zones *zones, usec_t now_us)
{
    static struct event events[16];
    struct db_page page = {0};
    size_t count;

    do {
        enum err e = store_event_list(o->config.db, false, &page, events, 16, &count);

        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < count; i++) {
            e = plan_event(o, &events[i], zones, now_us);
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
    e = withdraw_cancelled(o, now_us);
    if (e == ERR_OK)
        e = store_zone_list(o->config.db, &page, zones->at, ZONES_MAX, &zones->count);
    if (e == ERR_OK)
        e = plan_all(o, zones, now_us);
    free(zones);
    return e;
}
