#include "nodestats.h"

#include <stdio.h>

#include "civil.h"
#include "log.h"
#include "store_sample.h"
#include "store_site.h"

#define ROWS 64

static void local_date(const struct station *station, usec_t at_us, char ret_date[CIVIL_TEXT_SIZE])
{
    struct civil c = {.year = CIVIL_YEAR_MIN, .month = 1, .day = 1};

    if (civil_from_us(at_us, station->timezone, &c) != ERR_OK)
        log_event(LOG_ERROR, "time.no_local_date", NULL);
    civil_format(&c, ret_date);
    ret_date[SITE_DATE_SIZE - 1] = '\0';
}

void nodestats_month(const struct station *station, usec_t at_us, char *ret_month)
{
    char date[CIVIL_TEXT_SIZE];

    local_date(station, at_us, date);
    snprintf(ret_month, STORE_MONTH_SIZE, "%.7s", date);
}

static void gather(struct node_entry *n)
{
    struct node_tally *t = &n->tally;
    const struct node_live *l = &n->live;

    t->seconds++;
    t->online_seconds += l->ready ? 1 : 0;
    if (l->status_us == 0 || l->status_us == t->status_us)
        return;
    if (!t->has_status || l->status.peak_mdb > t->peak_mdb)
        t->peak_mdb = l->status.peak_mdb;
    if (!t->has_status || l->status.clock_uncertainty_us > t->clock_uncertainty_us)
        t->clock_uncertainty_us = l->status.clock_uncertainty_us;
    t->has_status = true;
    t->status_us = l->status_us;
}

static enum err store_one(struct nodestats *s, struct node_entry *n, const char *month)
{
    const struct node_tally *t = &n->tally;
    const loa_Status *status = &n->live.status;
    struct node_sample sample = {
        .at_us = s->sample_us,
        .online_permille = t->seconds > 0 ? t->online_seconds * 1000 / t->seconds : 0,
        .has_temperature = t->has_status && status->has_temperature,
        .has_supply = t->has_status && status->supply_mv > 0,
        .has_peak = t->has_status,
        .has_clock = t->has_status,
        .temperature_mc = status->temperature_mc,
        .supply_mv = status->supply_mv,
        .peak_mdb = t->peak_mdb,
        .clock_uncertainty_us = t->clock_uncertainty_us,
        .in_bytes = t->in_bytes,
        .out_bytes = t->out_bytes,
    };

    return store_sample_add(s->db, n->record.id, &sample, month);
}

/* The next batch of the sample that is being stored, in one transaction. */
static void store_batch(struct nodestats *s)
{
    size_t to = s->at + NODESTATS_BATCH;
    char month[STORE_MONTH_SIZE];
    enum err e = db_begin(s->db);

    if (to > registry_count(s->registry))
        to = registry_count(s->registry);
    nodestats_month(s->station, s->sample_us, month);
    if (e == ERR_OK) {
        for (size_t i = s->at; e == ERR_OK && i < to; i++) {
            struct node_entry *n = registry_at(s->registry, i);

            if (n->record.state == NODE_STATE_ACTIVE)
                e = store_one(s, n, month);
        }
        e = db_end(s->db, e);
    }
    if (e != ERR_OK && !s->failing)
        log_event(LOG_WARN, "node.samples_not_stored", "error=%s", err_name(e));
    s->failing = e != ERR_OK;
    if (e != ERR_OK)
        return; /* what was gathered goes on growing, and is tried again in a second */
    for (; s->at < to; s->at++)
        registry_at(s->registry, s->at)->tally =
            (struct node_tally){.status_us = registry_at(s->registry, s->at)->tally.status_us};
    if (s->at >= registry_count(s->registry))
        s->sample_us = 0;
}

void nodestats_sims(struct nodestats *s, usec_t now_us)
{
    struct node_id due[ROWS];
    struct db_page page = {0};
    char today[CIVIL_TEXT_SIZE];
    size_t count = 0, used = 0;
    bool more = true;

    local_date(s->station, now_us, today);
    for (size_t i = 0; i < registry_count(s->registry); i++) {
        struct node_id id = registry_at(s->registry, i)->record.id;
        bool is_due;

        while (used == count && more) {
            used = count = 0;
            if (store_site_due(s->db, today, &page, due, ROWS, &count) != ERR_OK)
                return; /* what stands stays */
            more = count == ROWS;
        }
        is_due = used < count && due[used].v == id.v;
        used += is_due ? 1 : 0;
        supervise_on_sim(s->supervise, id, is_due, now_us);
    }
}

void nodestats_step(struct nodestats *s, usec_t now_us)
{
    for (size_t i = 0; i < registry_count(s->registry); i++)
        gather(registry_at(s->registry, i));
    if (s->next_us == 0)
        nodestats_sims(s, now_us);
    if (s->next_us == 0 || s->next_us > now_us + STORE_SAMPLE_US)
        s->next_us = (now_us / STORE_SAMPLE_US + 1) * STORE_SAMPLE_US;
    if (now_us >= s->next_us && s->sample_us == 0) {
        s->sample_us = s->next_us;
        s->next_us += STORE_SAMPLE_US;
        s->at = 0;
        nodestats_sims(s, now_us);
    }
    if (s->sample_us != 0)
        store_batch(s);
}
