#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alertdesk_impl.h"
#include "log.h"
#include "spoken.h"
#include "store_alert_sound.h"
#include "store_emergency.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_zone.h"

#define SPEAK_AGAIN_US (5 * USEC_PER_SEC) /* after a failure; the tone goes on meanwhile */
#define VOICE_MAX_S 3600

enum err alertdesk_journal(struct alertdesk *d, const char *action, uint64_t alert,
                           const char *detail_json)
{
    struct journal_entry entry = {.at_us = d->config.now_us(d->config.ctx), .actor = "station"};

    snprintf(entry.action, sizeof(entry.action), "%s", action);
    snprintf(entry.object, sizeof(entry.object), "alert:%" PRIu64, alert);
    snprintf(entry.detail, sizeof(entry.detail), "%s", detail_json);
    return store_journal_append(d->config.db, &entry);
}

static bool covers(const struct alert *a, const struct zone *zones, size_t count,
                   const struct node_record *node)
{
    if (node->state != NODE_STATE_ACTIVE)
        return false;
    for (size_t i = 0; i < a->zone_count; i++) {
        if (zone_contains(zones, count, a->zones[i], node->zone))
            return true;
    }
    return a->everyone;
}

/* Nodes of its zones as they are now, on line or not. */
static enum err find_nodes(struct alertdesk *d, const struct alert *a, struct node_id **ret_nodes,
                           size_t *ret_count)
{
    size_t total = registry_count(d->config.registry), zone_count = 0, count = 0;
    struct node_id *nodes = calloc(total + 1, sizeof(*nodes));
    struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
    struct db_page page = {0};
    enum err e = nodes != NULL && zones != NULL ? ERR_OK : ERR_NOMEM;

    if (e == ERR_OK && !a->everyone)
        e = store_zone_list(d->config.db, &page, zones, ZONES_MAX, &zone_count);
    for (size_t i = 0; e == ERR_OK && i < total; i++) {
        const struct node_record *node = &registry_at(d->config.registry, i)->record;

        if (covers(a, zones, zone_count, node))
            nodes[count++] = node->id;
    }
    free(zones);
    if (e != ERR_OK) {
        free(nodes);
        return e;
    }
    *ret_nodes = nodes;
    *ret_count = count;
    return ERR_OK;
}

static enum err begin_voice(struct alertdesk *d, const struct alert *a, const struct node_id *nodes,
                            size_t count, usec_t start_us, struct broadcast_id *ret_id,
                            struct err_detail *detail)
{
    const struct api_live live = {
        .title = a->title,
        .priority = alert_priority(a),
        .nodes = nodes,
        .node_count = count,
        .duration_ms = VOICE_MAX_S * 1000,
        .start_us = start_us,
        .source = "stream",
        .backup = "",
        .user = a->author,
    };

    return onair_play_live(d->config.onair, &live, ret_id, detail);
}

static enum err begin_stored(struct alertdesk *d, const struct alert *a,
                             const struct alert_action *action, const struct node_id *nodes,
                             size_t count, struct broadcast_id *ret_id, struct err_detail *detail)
{
    bool is_tone = action->kind == ALERT_START_TONE;
    struct onair_alert what = {
        .title = a->title,
        .priority = alert_priority(a),
        .media = a->media,
        .media_ms = is_tone ? a->tone_ms : a->media_ms,
        .nodes = nodes,
        .node_count = count,
        .start_us = action->start_us,
        .plays = action->plays,
        .pause_ms = is_tone ? 0 : a->pause_ms,
    };

    if (is_tone) {
        struct emergency_entry entry;
        enum err e = store_emergency_get(d->config.db, a->signal, &entry);

        if (e != ERR_OK)
            return e;
        what.media = entry.media;
    }
    return onair_play_alert(d->config.onair, &what, d->config.now_us(d->config.ctx), ret_id,
                            detail);
}

enum err alertdesk_broadcast(struct alertdesk *d, struct alert *a,
                             const struct alert_action *action, struct broadcast_id *ret_id,
                             struct err_detail *detail)
{
    bool is_tone = action->kind == ALERT_START_TONE;
    struct node_id *nodes = NULL;
    size_t count = 0;
    enum err e = find_nodes(d, a, &nodes, &count);

    if (e != ERR_OK)
        return e;
    if (!is_tone && a->message == ALERT_VOICE)
        e = begin_voice(d, a, nodes, count, action->start_us, ret_id, detail);
    else
        e = begin_stored(d, a, action, nodes, count, ret_id, detail);
    free(nodes);
    if (e == ERR_OK && is_tone)
        alert_begun_tone(a, *ret_id, action);
    else if (e == ERR_OK)
        alert_begun_round(a, *ret_id, action);
    return e;
}

void alertdesk_let_out(struct alertdesk *d, const struct alert *a, struct broadcast_id id)
{
    const struct api_live how = {
        .source = "stream", .backup = "", .title = a->title, .user = a->author};
    struct err_detail detail = {{0}};
    enum err e = onair_start(d->config.onair, id, d->config.now_us(d->config.ctx));

    if (e == ERR_OK && id.v == a->round.v && a->message == ALERT_VOICE)
        e = live_begin(d->config.live, onair_broadcast(d->config.onair, id), &how, &detail);
    if (e != ERR_OK)
        log_event(LOG_ERROR, "alert.not_sounded", "alert=%" PRIu64 " error=%s detail=%s", a->id,
                  err_name(e), LOG_TEXT(detail.text));
}

void alertdesk_silence(struct alertdesk *d, const struct alert *a)
{
    const struct broadcast_id ids[] = {a->round, a->tone};
    usec_t now_us = d->config.now_us(d->config.ctx);

    for (size_t i = 0; i < 2; i++) {
        enum err e = ids[i].v != 0 ? onair_stop(d->config.onair, ids[i], now_us) : ERR_NOT_FOUND;

        if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_STATE)
            log_event(LOG_ERROR, "alert.not_silenced", "alert=%" PRIu64 " error=%s", a->id,
                      err_name(e));
    }
}

struct speaking {
    struct alertdesk *desk;
    uint64_t alert;
};

/* The recording, and that it is the message: both or neither. */
static enum err keep_message(struct alertdesk *d, struct alert *a, const struct media_info *info)
{
    struct media_info media = *info;
    enum err e = db_begin(d->config.db);

    if (e != ERR_OK)
        return e;
    media.created_us = d->config.now_us(d->config.ctx);
    media.created_by = a->author;
    e = store_media_add(d->config.db, &media);
    if (e == ERR_OK || e == ERR_EXISTS)
        e = store_alert_sound_put(d->config.db, a);
    return db_end(d->config.db, e);
}

static void on_spoken(void *arg, enum err result, const struct media_info *info,
                      const struct err_detail *detail)
{
    struct speaking *s = arg;
    struct alertdesk *d = s->desk;
    struct alertdesk_held *h = alertdesk_find(d, s->alert);
    enum err e = result;

    free(s);
    if (h == NULL)
        return; /* it ended meanwhile */
    h->speaking = false;
    if (h->alert.message != ALERT_SPEECH)
        return; /* a recording came first */
    if (e == ERR_OK) {
        h->alert.media = info->id;
        h->alert.media_ms = info->duration_ms;
        e = keep_message(d, &h->alert, info);
        if (e != ERR_OK)
            h->alert.media_ms = 0;
    }
    if (e == ERR_CANCELLED)
        return;
    if (e != ERR_OK) {
        h->speak_us = d->config.now_us(d->config.ctx) + SPEAK_AGAIN_US;
        log_event(LOG_ERROR, "alert.not_spoken", "alert=%" PRIu64 " error=%s detail=%s",
                  h->alert.id, err_name(e), LOG_TEXT(detail != NULL ? detail->text : ""));
        return;
    }
    alertdesk_step(d);
}

void alertdesk_await_recording(struct alertdesk *d, uint64_t alert)
{
    struct alertdesk_held *h = alertdesk_find(d, alert);

    if (h != NULL)
        h->speak_us = d->config.now_us(d->config.ctx) + ALERTDESK_RECORDING_US;
}

void alertdesk_recording(struct alertdesk *d, uint64_t alert, enum err result,
                         const struct media_info *info)
{
    struct alertdesk_held *h = alertdesk_find(d, alert);
    struct alert with;
    enum err e = result;

    if (h == NULL || e == ERR_CANCELLED)
        return;
    if (e == ERR_OK && h->alert.media_ms > 0)
        e = ERR_TIMEOUT;
    if (e == ERR_OK) {
        with = h->alert;
        with.message = ALERT_RECORDING;
        with.media = info->id;
        with.media_ms = info->duration_ms;
        e = keep_message(d, &with, info);
    }
    if (e == ERR_OK)
        h->alert = with;
    else
        h->speak_us = 0;
    log_event(e == ERR_OK ? LOG_INFO : LOG_WARN,
              e == ERR_OK ? "alert.recording" : "alert.recording_not_used",
              "alert=%" PRIu64 " error=%s", alert, err_name(e));
    alertdesk_step(d);
}

void alertdesk_speak(struct alertdesk *d, struct alertdesk_held *h)
{
    struct api_speech speech = {
        .speed = SPEECH_SPEED, .user = h->alert.author, .urgent = !h->alert.drill};
    struct err_detail detail = {{0}};
    struct speaking *s;
    char *text = NULL;
    enum err e;

    if ((h->alert.state != ALERT_LIVE && h->alert.state != ALERT_WAITING) ||
        h->alert.message != ALERT_SPEECH || h->alert.media_ms > 0 || h->speaking ||
        d->config.now_us(d->config.ctx) < h->speak_us)
        return;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return;
    *s = (struct speaking){d, h->alert.id};
    memcpy(speech.title, h->alert.title, sizeof(speech.title));
    e = spoken_write_out(d->config.db, h->alert.text, &text, &detail);
    speech.text = text;
    if (e == ERR_OK)
        e = d->config.speech_start(d->config.ctx, &speech, on_spoken, s, &detail);
    free(text);
    h->speaking = e == ERR_OK;
    if (e == ERR_OK)
        return;
    free(s);
    h->speak_us = d->config.now_us(d->config.ctx) + SPEAK_AGAIN_US;
    log_event(LOG_ERROR, "alert.not_spoken", "alert=%" PRIu64 " error=%s detail=%s", h->alert.id,
              err_name(e), LOG_TEXT(detail.text));
}
