#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "db_backups.h"
#include "log.h"
#include "pki_tickets.h"
#include "retention.h"
#include "store_alarm.h"
#include "store_alert_message.h"
#include "store_credential.h"
#include "store_journal.h"
#include "store_once.h"
#include "store_order.h"
#include "store_published.h"
#include "store_sample.h"
#include "wiring.h"

#define TIDY_EVERY_US USEC_PER_HOUR
#define TIDY_ROWS 100 /* a second at most, or the loop would be held up */
#define TIDY_KEEP_US USEC_PER_DAY /* after it expired */
#define TIDY_MESSAGES_US (90 * USEC_PER_DAY) /* CAP messages that came in or went out */
#define TIDY_ALARMS_US (400 * USEC_PER_DAY) /* history of a year and more */

/* What expired, in one transaction. Returns true when there is more. */
static bool forget_expired(struct wiring *w, usec_t now_us)
{
    size_t room = TIDY_ROWS;
    enum err e = db_begin(w->db);

    if (e == ERR_OK) {
        e = store_order_prune(w->db, now_us - TIDY_KEEP_US, &room);
        if (e == ERR_OK)
            e = store_credential_prune(w->db, now_us - TIDY_KEEP_US, &room);
        if (e == ERR_OK)
            e = store_once_prune(w->db, now_us - TIDY_KEEP_US, &room);
        if (e == ERR_OK)
            e = store_alarm_prune(w->db, now_us - TIDY_ALARMS_US, &room);
        if (e == ERR_OK)
            e = store_alert_message_prune(w->db, now_us - TIDY_MESSAGES_US, &room);
        if (e == ERR_OK)
            e = store_published_prune(w->db, now_us - TIDY_MESSAGES_US, &room);
        if (e == ERR_OK)
            e = store_sample_prune(w->db, now_us - STORE_SAMPLE_KEEP_US, &room);
        e = db_end(w->db, e);
    }
    if (e != ERR_OK)
        log_event(LOG_WARN, "store.not_tidied", "error=%s", err_name(e));
    return e == ERR_OK && room == 0;
}

/* Nodes that come back resume their sessions, but for ever under the same key they may not. */
static void turn_tickets(struct wiring *w)
{
    struct err_detail detail = {0};
    bool turned;

    if (pki_tickets_turn(w->dir.pki, stime_real() / USEC_PER_SEC, &w->tickets, &turned, &detail) !=
        ERR_OK)
        log_event(LOG_WARN, "tickets.not_turned", "why=%s", detail.text);
    if (turned)
        net_set_tickets(w->net, &w->tickets);
}

/* A slice a second until nothing is left, then not for an hour. */
void wiring_tidy(struct wiring *w)
{
    usec_t now_us = wiring_now(w);

    if (now_us - w->tidied_us < TIDY_EVERY_US || onair_is_busy(w->onair, now_us, USEC_PER_MIN) ||
        forget_expired(w, now_us) ||
        retention_step(w->db, &w->station, w->dir.media, now_us, TIDY_ROWS))
        return;
    w->tidied_us = now_us;
    turn_tickets(w);
    alertdesk_tidy(w->alertdesk);
}

/* The local day that an instant falls on, counted from the epoch. */
static int64_t day_of(const struct wiring *w, usec_t at_us)
{
    return (at_us + w->station.utc_offset_min * USEC_PER_MIN) / USEC_PER_DAY;
}

struct backup_job {
    struct wiring *wiring;
    struct db *view; /* the worker's */
    char path[PATH_MAX + DB_BACKUPS_NAME_SIZE];
    enum err result;
    struct err_detail detail;
};

static void copy(void *arg)
{
    struct backup_job *job = arg;

    job->result =
        db_backup(job->view, job->path, jobs_cancel_flag(job->wiring->jobs), &job->detail);
}

static void copied(void *arg)
{
    struct backup_job *job = arg;
    struct wiring *w = job->wiring;

    if (job->result != ERR_OK) {
        log_event(LOG_ERROR, "backup.failed", "error=%s why=%s", err_name(job->result),
                  job->detail.text);
    } else {
        db_backups_prune(w->dir.backups, w->station.policy.backup_keep);
        log_event(LOG_INFO, "backup.made", "name=%s", strrchr(job->path, '/') + 1);
    }
    db_close(job->view);
    free(job);
}

/* On a worker: the copy of a large database takes minutes. */
static enum err begin_backup(struct wiring *w, usec_t now_us)
{
    struct journal_entry entry = {
        .at_us = now_us, .actor = "station", .action = "station.backup", .object = "station"};
    struct backup_job *job = calloc(1, sizeof(*job));
    char name[DB_BACKUPS_NAME_SIZE];
    enum err e = job != NULL ? store_journal_append(w->db, &entry) : ERR_NOMEM;

    if (e == ERR_OK)
        e = db_view(w->db, &job->view);
    if (e == ERR_OK) {
        job->wiring = w;
        db_backups_name(now_us, name);
        snprintf(job->path, sizeof(job->path), "%s/%s", w->dir.backups, name);
        e = jobs_run_long(w->jobs, copy, copied, job);
    }
    if (e != ERR_OK && job != NULL)
        db_close(job->view);
    if (e != ERR_OK)
        free(job);
    return e;
}

void wiring_backup(struct wiring *w)
{
    static struct db_backup_file rows[DB_BACKUPS_MAX];
    usec_t now_us = wiring_now(w);
    usec_t of_day_us = (now_us + w->station.utc_offset_min * USEC_PER_MIN) % USEC_PER_DAY;
    int64_t today = day_of(w, now_us);
    size_t count = 0;
    enum err e;

    if (w->station.policy.backup_at_min < 0 || w->backup_day == today ||
        of_day_us < w->station.policy.backup_at_min * USEC_PER_MIN ||
        onair_is_busy(w->onair, now_us, USEC_PER_MIN))
        return;
    w->backup_day = today;
    if (db_backups_list(w->dir.backups, rows, &count) == ERR_OK && count > 0 &&
        day_of(w, rows[0].made_us) == today)
        return;
    e = begin_backup(w, now_us);
    if (e != ERR_OK)
        log_event(LOG_ERROR, "backup.failed", "error=%s", err_name(e));
}

static void fold(void *arg)
{
    struct wiring *w = arg;

    w->folded = db_fold_log(w->folder);
}

static void folded(void *arg)
{
    struct wiring *w = arg;

    w->folding = false;
    if (w->folded != ERR_OK)
        log_event(LOG_WARN, "store.not_folded", "error=%s", err_name(w->folded));
}

void wiring_fold_log(struct wiring *w)
{
    if (!w->folding && db_log_is_long(w->db))
        w->folding = jobs_run(w->jobs, fold, folded, w) == ERR_OK;
}
