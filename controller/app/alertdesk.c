#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alertdesk_impl.h"
#include "alertpolicy.h"
#include "digest.h"
#include "log.h"
#include "store_alert.h"
#include "store_alert_policy.h"
#include "store_alert_sound.h"
#include "store_emergency.h"
#include "store_media.h"

#define STOPPED_SEEN_US (10 * USEC_PER_SEC) /* the alarm's own turn comes once a second */

static enum err load_life(struct alertdesk *d)
{
    static struct alertlife_row rows[8];
    uint64_t after = 0;
    size_t count = 0;

    do {
        enum err e = store_alert_list(d->config.db, after, rows, 8, &count);

        if (e == ERR_OK && count > 0)
            e = alertlife_apply(d->life, rows, count);
        if (e != ERR_OK)
            return e;
        after = count > 0 ? rows[count - 1].id : after;
    } while (count == 8);
    return ERR_OK;
}

static enum err load_open(struct alertdesk *d)
{
    struct alert *rows = calloc(ALERTDESK_MAX, sizeof(*rows));
    struct db_page page = {0};
    size_t count = 0;
    enum err e = rows != NULL ? store_alert_sound_list(d->config.db, true, &page, rows,
                                                       ALERTDESK_MAX, &count)
                              : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        d->held[d->count++].alert = rows[i];
    free(rows);
    return e;
}

enum err alertdesk_new(const struct alertdesk_config *config, struct alertdesk **ret_desk)
{
    struct alertdesk *d = calloc(1, sizeof(*d));
    enum err e = ERR_NOMEM;

    if (d == NULL)
        return e;
    d->config = *config;
    d->held = calloc(ALERTDESK_MAX, sizeof(*d->held));
    if (d->held != NULL)
        e = alertlife_new(&d->life);
    if (e == ERR_OK)
        e = load_life(d);
    if (e == ERR_OK)
        e = load_open(d);
    if (e != ERR_OK) {
        alertdesk_free(d);
        return e;
    }
    *ret_desk = d;
    return ERR_OK;
}

void alertdesk_free(struct alertdesk *d)
{
    if (d == NULL)
        return;
    alertlife_change_deinit(&d->change);
    alertlife_change_deinit(&d->taken.change);
    alertlife_free(d->life);
    free(d->held);
    free(d);
}

struct alertdesk_held *alertdesk_find(struct alertdesk *d, uint64_t id)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->held[i].alert.id == id)
            return &d->held[i];
    }
    return NULL;
}

struct alertdesk_held *alertdesk_find_life(struct alertdesk *d, uint64_t life)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->held[i].alert.life == life && life != 0)
            return &d->held[i];
    }
    return NULL;
}

void alertdesk_drop(struct alertdesk *d, uint64_t id)
{
    struct alertdesk_held *h = alertdesk_find(d, id);

    if (h == NULL)
        return;
    log_event(LOG_INFO, "alert.over", "alert=%" PRIu64 " state=%s", id,
              alert_state_name(h->alert.state));
    *h = d->held[--d->count];
}

/* The station's own name of an alert; the same triple goes into what it publishes. */
static void name_alert(const struct alertdesk *d, const struct alert *a, struct alertlife_key *key)
{
    memset(key, 0, sizeof(*key));
    snprintf(key->sender, sizeof(key->sender), "%s", d->config.station->code);
    snprintf(key->identifier, sizeof(key->identifier), "%s.%" PRIu64, d->config.station->code,
             a->id);
    key->sent_us = a->created_us - a->created_us % USEC_PER_SEC; /* CAP knows whole seconds */
}

static const struct alertlife_row *life_row(const struct alertdesk *d, uint64_t id)
{
    size_t count;
    const struct alertlife_row *rows = alertlife_rows(d->life, &count);

    for (size_t i = 0; i < count; i++) {
        if (rows[i].id == id)
            return &rows[i];
    }
    return NULL;
}

/* Its row in the life of alerts, and that of what it replaces. */
static enum err enter_life(struct alertdesk *d, struct alert *a)
{
    struct alertlife_message m = {.type = ALERTLIFE_ALERT, .expires_us = a->expires_us};
    struct alertdesk_held *old = a->replaces != 0 ? alertdesk_find(d, a->replaces) : NULL;
    const struct alertlife_row *row = old != NULL ? life_row(d, old->alert.life) : NULL;
    enum err e;

    name_alert(d, a, &m.key);
    digest_sha256(bytes_of(a->text, strlen(a->text)), m.sha256);
    if (row != NULL) {
        m.type = ALERTLIFE_UPDATE;
        m.refs = &row->key;
        m.ref_count = 1;
        m.superior =
            strcmp(row->key.sender, m.key.sender) != 0; /* the commune ends what it sounds */
    }
    e = alertlife_judge(d->life, &m, a->created_us, &d->change);
    if (e != ERR_OK)
        return e;
    a->life = d->change.id;
    return store_alert_put(d->config.db, d->change.rows, d->change.row_count);
}

enum err alertdesk_find_tone(struct alertdesk *d, struct alert *a)
{
    struct emergency_entry entry;
    struct media_info media;
    enum err e = store_emergency_get(d->config.db, a->signal, &entry);

    if (e == ERR_OK)
        e = store_media_get(d->config.db, &entry.media, &media);
    if (e == ERR_OK)
        a->tone_ms = media.duration_ms;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err store_ended(struct alertdesk *d)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < d->change.ended_count; i++) {
        struct alertdesk_held *h = alertdesk_find_life(d, d->change.ended[i]);

        if (h == NULL)
            continue;
        struct alert over = h->alert;

        over.state = ALERT_REPLACED;
        e = store_alert_sound_put(d->config.db, &over);
    }
    return e;
}

static enum err begin(struct alertdesk *d, struct alert *a, struct err_detail *detail)
{
    usec_t now_us = d->config.now_us(d->config.ctx), next_us;
    struct alert_action action;
    struct broadcast_id id;
    enum err e = alertdesk_find_tone(d, a);

    if (e == ERR_OK)
        e = enter_life(d, a);
    if (e == ERR_OK)
        e = store_ended(d);
    if (e != ERR_OK)
        return e;
    action = alert_step(a, now_us, &next_us);
    if (action.kind != ALERT_START_TONE)
        return ERR_OK;
    return alertdesk_broadcast(d, a, &action, &id, detail);
}

enum err alertdesk_plan(struct alertdesk *d, struct alert *alert, struct err_detail *detail)
{
    enum err e = ERR_OK;

    alertlife_change_deinit(&d->change);
    d->has_plan = false;
    if (alert->id == 0 && d->count == ALERTDESK_MAX)
        return err_set(detail, ERR_LIMIT, "%d alerts are under way already; end some first.",
                       ALERTDESK_MAX);
    if (alert->id == 0)
        e = store_alert_sound_add(d->config.db, alert, &alert->id);
    if (e == ERR_OK && alert->state == ALERT_LIVE)
        e = begin(d, alert, detail);
    if (e == ERR_OK)
        e = store_alert_sound_put(d->config.db, alert);
    if (e != ERR_OK)
        return db_explain(d->config.db, e, detail);
    d->planned = *alert;
    d->has_plan = true;
    return ERR_OK;
}

void alertdesk_committed(struct alertdesk *d)
{
    struct alertdesk_held *h;

    if (!d->has_plan)
        return;
    d->has_plan = false;
    h = alertdesk_find(d, d->planned.id);
    if (h == NULL) {
        h = &d->held[d->count++];
        *h = (struct alertdesk_held){0};
    }
    h->alert = d->planned;
    log_event(LOG_INFO, "alert.accepted", "alert=%" PRIu64 " state=%s drill=%d", h->alert.id,
              alert_state_name(h->alert.state), h->alert.drill);
    if (h->alert.tone.v != 0)
        alertdesk_let_out(d, &h->alert, h->alert.tone);
    if (alertlife_apply(d->life, d->change.rows, d->change.row_count) != ERR_OK)
        log_event(LOG_ERROR, "alert.life_lost", "alert=%" PRIu64, d->planned.id);
    for (size_t i = 0; i < d->change.ended_count; i++) {
        struct alertdesk_held *old = alertdesk_find_life(d, d->change.ended[i]);

        if (old == NULL)
            continue;
        old->alert.state = ALERT_REPLACED;
        alertdesk_silence(d, &old->alert);
        alertdesk_drop(d, old->alert.id);
    }
    alertlife_change_deinit(&d->change);
    alertdesk_step(d);
}

/* Enter that its life was ended by the station itself. */
static enum err store_end(struct alertdesk *d, const struct alert *a, usec_t now_us,
                          struct alertlife_change *change)
{
    const struct alertlife_row *row = life_row(d, a->life);
    struct alertlife_message m = {.type = ALERTLIFE_CANCEL, .expires_us = a->expires_us};
    enum err e = ERR_OK;

    if (row != NULL) {
        name_alert(d, a, &m.key);
        strncat(m.key.identifier, ".end", sizeof(m.key.identifier) - strlen(m.key.identifier) - 1);
        m.key.sent_us = now_us - now_us % USEC_PER_SEC;
        m.refs = &row->key;
        m.ref_count = 1;
        m.superior = strcmp(row->key.sender, m.key.sender) != 0;
        e = alertlife_judge(d->life, &m, now_us, change);
    }
    if (e == ERR_OK)
        e = store_alert_put(d->config.db, change->rows, change->row_count);
    return e == ERR_OK ? store_alert_sound_put(d->config.db, a) : e;
}

/* Silence first: it waits for no disk. */
static enum err end_alert(struct alertdesk *d, struct alert *a, const char *journal)
{
    struct alertlife_change change = {0};
    usec_t now_us = d->config.now_us(d->config.ctx);
    enum err e;

    alertdesk_silence(d, a);
    e = db_begin(d->config.db);
    if (e == ERR_OK) {
        e = store_end(d, a, now_us, &change);
        if (e == ERR_OK && journal != NULL)
            e = alertdesk_journal(d, journal, a->id, "");
        e = db_end(d->config.db, e);
    }
    if (e == ERR_OK)
        e = alertlife_apply(d->life, change.rows, change.row_count);
    if (e != ERR_OK)
        log_event(LOG_ERROR, "alert.end_not_stored", "alert=%" PRIu64 " error=%s", a->id,
                  err_name(e));
    alertlife_change_deinit(&change);
    return e;
}

enum err alertdesk_end(struct alertdesk *d, uint64_t id, enum alert_state how, struct user_id by,
                       struct err_detail *detail)
{
    struct alertdesk_held *h = alertdesk_find(d, id);
    enum err e;

    if (h == NULL)
        return err_set(detail, ERR_NOT_FOUND,
                       "This alert is not under way; nothing is to be ended.");
    h->alert.state = h->alert.state == ALERT_WAITING ? ALERT_WITHDRAWN : how;
    h->alert.decided_by = by;
    e = end_alert(d, &h->alert, NULL);
    alertdesk_drop(d, id);
    return e;
}

void alertdesk_silenced(struct alertdesk *d, struct broadcast_id broadcast)
{
    for (size_t i = d->count; i > 0; i--) {
        struct alert *a = &d->held[i - 1].alert;

        if (a->state != ALERT_LIVE ||
            (broadcast.v != 0 && broadcast.v != a->tone.v && broadcast.v != a->round.v))
            continue;
        log_event(LOG_ERROR, "alert.stopped", "alert=%" PRIu64, a->id);
        a->state = ALERT_STOPPED;
        d->stopped_us = d->config.now_us(d->config.ctx);
        if (end_alert(d, a, "alert.stopped") != ERR_OK)
            log_event(LOG_ERROR, "alert.stop_not_journalled", "alert=%" PRIu64, a->id);
        alertdesk_drop(d, a->id);
    }
}

bool alertdesk_was_stopped(const struct alertdesk *d)
{
    return d->config.now_us(d->config.ctx) - d->stopped_us < STOPPED_SEEN_US;
}

bool alertdesk_is_unconfirmed(const struct alertdesk *d)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->held[i].alert.state == ALERT_WAITING && d->held[i].alert.escalations > 0)
            return true;
    }
    return false;
}

/* What expired ends after its present repetition: no order goes beyond it. */
static void expire(struct alertdesk *d, usec_t now_us)
{
    struct alertlife_change change = {0};
    enum err e = alertlife_expire(d->life, now_us, &change);

    if (e != ERR_OK || change.ended_count == 0) {
        alertlife_change_deinit(&change);
        return;
    }
    e = db_begin(d->config.db);
    if (e == ERR_OK) {
        e = store_alert_put(d->config.db, change.rows, change.row_count);
        for (size_t i = 0; e == ERR_OK && i < change.ended_count; i++) {
            struct alertdesk_held *h = alertdesk_find_life(d, change.ended[i]);

            if (h == NULL)
                continue;
            h->alert.state = ALERT_EXPIRED;
            e = store_alert_sound_put(d->config.db, &h->alert);
            if (e == ERR_OK)
                e = alertdesk_journal(d, "alert.expired", h->alert.id, "");
        }
        e = db_end(d->config.db, e);
    }
    if (e == ERR_OK)
        e = alertlife_apply(d->life, change.rows, change.row_count);
    for (size_t i = 0; e == ERR_OK && i < change.ended_count; i++) {
        struct alertdesk_held *h = alertdesk_find_life(d, change.ended[i]);

        if (h != NULL)
            alertdesk_drop(d, h->alert.id);
    }
    alertlife_change_deinit(&change);
}

/* Nobody confirmed it: on to the fallback person, and when it lapses that is said as loud. */
static enum err not_confirmed(struct alertdesk *d, struct alert *a, enum alert_action_kind kind,
                              usec_t now_us)
{
    struct alertpolicy policy;
    char detail[64];
    enum err e = store_alert_policy_get(d->config.db, &policy);

    if (e != ERR_OK)
        return e;
    if (kind == ALERT_ESCALATE)
        alert_escalated(a, now_us, policy.confirm_s);
    else
        a->state = ALERT_LAPSED;
    snprintf(detail, sizeof(detail), "{\"fallback\":%" PRIu64 ",\"times\":%u}", policy.fallback.v,
             a->escalations);
    log_event(LOG_ERROR, kind == ALERT_ESCALATE ? "alert.escalated" : "alert.lapsed",
              "alert=%" PRIu64 " fallback=%" PRIu64 " times=%u", a->id, policy.fallback.v,
              a->escalations);
    e = alertdesk_journal(d, kind == ALERT_ESCALATE ? "alert.escalated" : "alert.lapsed", a->id,
                          detail);
    return e == ERR_OK ? store_alert_sound_put(d->config.db, a) : e;
}

static enum err act(struct alertdesk *d, struct alert *a, const struct alert_action *action,
                    usec_t now_us, struct broadcast_id *ret_id)
{
    struct broadcast_id id = {0};
    enum err e;

    switch (action->kind) {
    case ALERT_START_TONE:
    case ALERT_START_MESSAGE:
        e = alertdesk_broadcast(d, a, action, &id, NULL);
        *ret_id = id;
        return e == ERR_OK ? store_alert_sound_put(d->config.db, a) : e;
    case ALERT_STOP_TONE:
        a->tone_ended = true;
        return store_alert_sound_put(d->config.db, a);
    case ALERT_ESCALATE:
    case ALERT_LAPSE:
        return not_confirmed(d, a, action->kind, now_us);
    case ALERT_NOTHING:
        break;
    }
    return ERR_OK;
}

/* One action in its transaction. Returns true when another may follow. */
static bool step_one(struct alertdesk *d, struct alertdesk_held *h, usec_t now_us)
{
    usec_t next_us;
    struct alert_action action = alert_step(&h->alert, now_us, &next_us);
    struct alert after = h->alert;
    struct broadcast_id id = {0};
    enum err e;

    if (action.kind == ALERT_NOTHING)
        return false;
    e = db_begin(d->config.db);
    if (e == ERR_OK)
        e = db_end(d->config.db, act(d, &after, &action, now_us, &id));
    if (e != ERR_OK) {
        log_event(LOG_ERROR, "alert.step_failed", "alert=%" PRIu64 " error=%s", h->alert.id,
                  err_name(e));
        return false;
    }
    h->alert = after;
    if (id.v != 0)
        alertdesk_let_out(d, &h->alert, id);
    if (action.kind == ALERT_STOP_TONE &&
        onair_stop(d->config.onair, h->alert.tone, now_us) != ERR_OK)
        log_event(LOG_INFO, "alert.tone_over", "alert=%" PRIu64, h->alert.id);
    return true;
}

void alertdesk_step(struct alertdesk *d)
{
    usec_t now_us = d->config.now_us(d->config.ctx);

    expire(d, now_us);
    for (size_t i = d->count; i > 0; i--) {
        struct alertdesk_held *h = &d->held[i - 1];

        alertdesk_speak(d, h);
        while (step_one(d, h, now_us))
            continue;
        if (h->alert.state == ALERT_LAPSED)
            alertdesk_drop(d, h->alert.id);
    }
}
