#include "alarms.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "store_alarm.h"
#include "store_journal.h"

#define CHANGES_MAX 256 /* in one transaction; the rest waits a second */
#define ROWS 64

struct alarms {
    struct db *db;
    struct supervise *supervise;
    bool failing; /* the last attempt to store, said once */
};

void alarms_node(struct alarms *a, const struct node_record *record, usec_t now_us)
{
    if (record->state != NODE_STATE_ACTIVE)
        supervise_unwatch(a->supervise, record->id, now_us);
    else if (supervise_watch(a->supervise, record->id, now_us) != ERR_OK)
        log_event(LOG_ERROR, "alarm.node_not_watched", "node=%u", record->id.v);
}

static enum err load(struct alarms *a, usec_t now_us)
{
    struct alarm rows[ROWS];
    struct db_page page = {0};
    size_t count;
    enum err e;

    do {
        e = store_alarm_list(a->db, true, &page, rows, ROWS, &count);
        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < count; i++) {
            /* Of a node that was revoked meanwhile: watched for as long as it takes to clear. */
            e = supervise_watch(a->supervise, rows[i].node, now_us);
            if (e != ERR_OK)
                return e;
            supervise_restore(a->supervise, &rows[i]);
        }
    } while (count == ROWS);
    return ERR_OK;
}

enum err alarms_new(struct db *db, struct registry *registry, usec_t now_us,
                    struct alarms **ret_alarms)
{
    struct alarms *a = calloc(1, sizeof(*a));
    enum err e;

    if (a == NULL)
        return ERR_NOMEM;
    a->db = db;
    e = supervise_new(&a->supervise);
    if (e == ERR_OK)
        e = load(a, now_us);
    if (e != ERR_OK) {
        alarms_free(a);
        return e;
    }
    for (size_t i = 0; i < registry_count(registry); i++)
        alarms_node(a, &registry_at(registry, i)->record, now_us);
    *ret_alarms = a;
    return ERR_OK;
}

void alarms_free(struct alarms *a)
{
    if (a == NULL)
        return;
    supervise_free(a->supervise);
    free(a);
}

struct supervise *alarms_supervise(struct alarms *a)
{
    return a->supervise;
}

static enum err store(struct alarms *a, const struct supervise_change *c, usec_t now_us)
{
    struct journal_entry entry = {.at_us = now_us, .actor = "station"};
    uint64_t id = 0;
    enum err e = c->raised ? store_alarm_raise(a->db, c->node, c->kind, c->at_us, &id)
                           : store_alarm_clear(a->db, c->node, c->kind, c->at_us, &id);

    if (e != ERR_OK)
        return e;
    snprintf(entry.action, sizeof(entry.action), "alarm.%s", c->raised ? "raise" : "clear");
    if (c->node.v != 0)
        snprintf(entry.object, sizeof(entry.object), "node:%u", c->node.v);
    else
        snprintf(entry.object, sizeof(entry.object), "station");
    snprintf(entry.detail, sizeof(entry.detail), "{\"alarm\":%llu,\"kind\":\"%s\"}",
             (unsigned long long)id, alarm_kind_name(c->kind));
    return store_journal_append(a->db, &entry);
}

void alarms_step(struct alarms *a, usec_t now_us)
{
    struct supervise_change due[CHANGES_MAX];
    size_t count = supervise_due(a->supervise, now_us, due, CHANGES_MAX);
    enum err e;

    if (count == 0)
        return;
    e = db_begin(a->db);
    if (e == ERR_OK) {
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            e = store(a, &due[i], now_us);
        e = db_end(a->db, e);
    }
    if (e != ERR_OK && !a->failing)
        log_event(LOG_ERROR, "alarm.not_stored", "error=%s", err_name(e));
    a->failing = e != ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        supervise_done(a->supervise, &due[i]);
        log_event(due[i].raised ? LOG_WARN : LOG_INFO,
                  due[i].raised ? "alarm.raised" : "alarm.cleared", "node=%u kind=%s",
                  due[i].node.v, alarm_kind_name(due[i].kind));
    }
}
