#include <inttypes.h>
#include <string.h>

#include "alertdesk_impl.h"
#include "log.h"
#include "store_alert.h"
#include "store_alert_sound.h"

#define OWN_ROWS 512
#define TIDY_ROWS 64 /* in one transaction */

/* The row of a message that came before. */
static const struct alertlife_row *find_row(const struct alertdesk *d,
                                            const struct alertlife_message *m)
{
    size_t count;
    const struct alertlife_row *rows = alertlife_rows(d->life, &count);

    for (size_t i = 0; i < count; i++) {
        if (rows[i].seen && memcmp(rows[i].sha256, m->sha256, SHA256_BYTES) == 0)
            return &rows[i];
    }
    return NULL;
}

/* What ended it, in the words of the desk. */
static enum alert_state state_after(const struct alertlife_change *c, uint64_t life)
{
    for (size_t i = 0; i < c->row_count; i++) {
        if (c->rows[i].id == life && c->rows[i].state == ALERTLIFE_CANCELLED)
            return ALERT_CANCELLED;
    }
    return ALERT_REPLACED;
}

static enum err store_ended(struct alertdesk *d, const struct alertlife_change *c)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < c->ended_count; i++) {
        struct alertdesk_held *h = alertdesk_find_life(d, c->ended[i]);

        if (h == NULL)
            continue;
        struct alert over = h->alert;

        over.state = state_after(c, c->ended[i]);
        e = store_alert_sound_put(d->config.db, &over);
        if (e == ERR_OK)
            e = alertdesk_journal(d, "alert.ended", over.id, "");
    }
    return e;
}

static enum err begin(struct alertdesk *d, struct alert *a, struct err_detail *detail)
{
    usec_t now_us = d->config.now_us(d->config.ctx), next_us;
    struct alert_action action;
    struct broadcast_id id;
    enum err e;

    if (d->count == ALERTDESK_MAX)
        return err_set(detail, ERR_LIMIT, "%d alerts are under way already; end some first.",
                       ALERTDESK_MAX);
    e = store_alert_sound_add(d->config.db, a, &a->id);
    if (e == ERR_OK)
        e = alertdesk_find_tone(d, a);
    if (e != ERR_OK)
        return e;
    action = alert_step(a, now_us, &next_us);
    if (action.kind == ALERT_START_TONE)
        e = alertdesk_broadcast(d, a, &action, &id, detail);
    return e == ERR_OK ? store_alert_sound_put(d->config.db, a) : e;
}

/* The station's own alerts find room when others sent too many. */
static bool is_full(const struct alertdesk *d)
{
    size_t count;

    (void)alertlife_rows(d->life, &count);
    return count >= ALERTLIFE_ROWS_MAX - OWN_ROWS;
}

enum err alertdesk_take(struct alertdesk *d, const struct alertlife_message *m, struct alert *alert,
                        bool by_hand, enum alertlife_result *ret_result, uint64_t *ret_life,
                        struct err_detail *detail)
{
    usec_t now_us = d->config.now_us(d->config.ctx);
    struct alertdesk_taken *t = &d->taken;
    const struct alertlife_row *row;
    uint64_t life;
    enum err e;

    alertlife_change_deinit(&t->change);
    t->has = t->sounds = false;
    if (is_full(d))
        return err_set(detail, ERR_LIMIT,
                       "Too many messages came within a month; let fewer through the feeds.");
    e = alertlife_judge(d->life, m, now_us, &t->change);
    if (e != ERR_OK)
        return e;
    life = t->change.id;
    row = t->change.result == ALERTLIFE_DUPLICATE ? find_row(d, m) : NULL;
    if (by_hand && row != NULL && alertlife_may_start(row, now_us) &&
        alertdesk_find_life(d, row->id) == NULL) {
        t->change.result = ALERTLIFE_NEW; /* it came, and waited for a person */
        life = row->id;
    }
    e = store_alert_put(d->config.db, t->change.rows, t->change.row_count);
    if (e == ERR_OK)
        e = store_ended(d, &t->change);
    if (e == ERR_OK && alert != NULL && t->change.result == ALERTLIFE_NEW) {
        alert->life = life;
        e = begin(d, alert, detail);
        t->alert = *alert;
        t->sounds = true;
    }
    if (e != ERR_OK)
        return e;
    t->has = true;
    *ret_result = t->change.result;
    *ret_life = life;
    return ERR_OK;
}

void alertdesk_tidy(struct alertdesk *d)
{
    uint64_t ids[TIDY_ROWS];
    size_t count = TIDY_ROWS;
    enum err e = ERR_OK;

    while (e == ERR_OK && count == TIDY_ROWS) {
        count = alertlife_forget(d->life, d->config.now_us(d->config.ctx), ids, TIDY_ROWS);
        e = db_begin(d->config.db);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            e = store_alert_delete(d->config.db, ids[i]);
        e = db_end(d->config.db, e);
    }
    if (e != ERR_OK)
        log_event(LOG_WARN, "alert.not_tidied", "error=%s",
                  err_name(e)); /* loaded again at start */
}

void alertdesk_taken(struct alertdesk *d, bool recording)
{
    struct alertdesk_taken *t = &d->taken;

    if (!t->has)
        return;
    t->has = false;
    if (t->sounds) {
        d->held[d->count++] = (struct alertdesk_held){.alert = t->alert};
        if (recording)
            d->held[d->count - 1].speak_us =
                d->config.now_us(d->config.ctx) + ALERTDESK_RECORDING_US;
        log_event(LOG_INFO, "alert.accepted", "alert=%" PRIu64 " state=%s drill=0", t->alert.id,
                  alert_state_name(t->alert.state));
        if (t->alert.tone.v != 0)
            alertdesk_let_out(d, &t->alert, t->alert.tone);
    }
    if (alertlife_apply(d->life, t->change.rows, t->change.row_count) != ERR_OK)
        log_event(LOG_ERROR, "alert.life_lost", "alert=%" PRIu64, t->alert.id);
    for (size_t i = 0; i < t->change.ended_count; i++) {
        struct alertdesk_held *old = alertdesk_find_life(d, t->change.ended[i]);

        if (old == NULL)
            continue;
        old->alert.state = state_after(&t->change, t->change.ended[i]);
        alertdesk_silence(d, &old->alert);
        alertdesk_drop(d, old->alert.id);
    }
    alertlife_change_deinit(&t->change);
    alertdesk_step(d);
}
