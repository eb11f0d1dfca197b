#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "log.h"
#include "oggfile.h"
#include "store_node.h"
#include "wiring.h"

static void answer(void *ctx, uint64_t request, struct web_response *res)
{
    struct wiring *w = ctx;

    if (w->stopping)
        web_response_deinit(res); /* an import that ended while the station stops */
    else
        web_answer(w->web, request, res);
}

static enum err run_in_worker(void *ctx, void (*work)(void *arg), void (*done)(void *arg),
                              void *arg)
{
    struct wiring *w = ctx;

    return jobs_run(w->jobs, work, done, arg);
}

static enum err import_start(void *ctx, const char *path, const char *title,
                             const char *source_name, struct user_id user, api_import_done done,
                             void *arg, struct err_detail *detail)
{
    struct wiring *w = ctx;

    return jobs_import(w->jobs, path, title, source_name, user, done, arg, detail);
}

static enum err media_path(void *ctx, const struct media_id *id, char *ret_path, size_t size)
{
    struct wiring *w = ctx;
    enum err e = oggfile_path(w->dir.media, id, ret_path, size);

    if (e == ERR_OK && access(ret_path, R_OK) != 0)
        e = ERR_NOT_FOUND;
    return e;
}

static void media_deleted(void *ctx, const struct media_id *id)
{
    struct wiring *w = ctx;
    char path[PATH_MAX];

    if (oggfile_path(w->dir.media, id, path, sizeof(path)) == ERR_OK && unlink(path) != 0)
        log_event(LOG_WARN, "media.not_removed", NULL);
}

static enum err broadcast_plan(void *ctx, const struct api_play *play, struct broadcast_id *ret_id,
                               struct err_detail *detail)
{
    struct wiring *w = ctx;

    return onair_play(w->onair, play, wiring_now(w), ret_id, detail);
}

static void broadcast_committed(void *ctx, struct broadcast_id id)
{
    struct wiring *w = ctx;
    enum err e = onair_committed(w->onair, id);

    if (e != ERR_OK)
        log_event(LOG_ERROR, "broadcast.not_taken_up", "broadcast=%llu error=%s",
                  (unsigned long long)id.v, err_name(e));
    wiring_wake(w);
}

static enum err broadcast_stop(void *ctx, struct broadcast_id id, struct err_detail *detail)
{
    struct wiring *w = ctx;
    enum err e = onair_stop(w->onair, id, wiring_now(w));

    wiring_wake(w);
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "This broadcast is not under way; nothing needs to be stopped");
    if (e == ERR_STATE)
        return err_set(detail, e, "This broadcast is over already");
    return e;
}

static size_t broadcast_stop_all(void *ctx)
{
    struct wiring *w = ctx;
    size_t stopped = onair_stop_all(w->onair, wiring_now(w));

    wiring_wake(w);
    return stopped;
}

static void schedule_changed(void *ctx)
{
    struct wiring *w = ctx;
    enum err e = onair_plan(w->onair, wiring_now(w));

    if (e != ERR_OK)
        log_event(LOG_ERROR, "onair.plan_failed", "error=%s", err_name(e));
    wiring_wake(w);
}

static void node_changed(void *ctx, struct node_id id)
{
    struct wiring *w = ctx;
    struct node_record record;
    enum err e = store_node_get(w->db, id, &record);

    if (e == ERR_OK)
        e = registry_put(w->registry, &record);
    if (e == ERR_OK)
        nodelink_send_settings(&w->nodelink, id);
    else
        log_event(LOG_ERROR, "node.not_reloaded", "node=%u error=%s", id.v, err_name(e));
    schedule_changed(w);
}

static void node_revoked(void *ctx, struct node_id id)
{
    struct wiring *w = ctx;

    node_changed(w, id);
    nodelink_drop(&w->nodelink, id, loa_ByeCode_BYE_CODE_REVOKED,
                  "this node was revoked; enrol it again with a new join code");
}

static void policy_changed(void *ctx)
{
    struct wiring *w = ctx;

    for (size_t i = 0; i < registry_count(w->registry); i++) {
        struct node_record record;
        struct node_entry *entry = registry_at(w->registry, i);

        if (store_node_get(w->db, entry->record.id, &record) != ERR_OK)
            continue;
        entry->record = record;
        nodelink_send_settings(&w->nodelink, record.id);
    }
    schedule_changed(w);
}

static void ca_pin(void *ctx, uint8_t ret_pin[12])
{
    struct wiring *w = ctx;
    uint8_t sha256[SHA256_BYTES];

    digest_sha256(pki_ca_der(w->pki), sha256);
    memcpy(ret_pin, sha256, 12);
}

struct api_ports wiring_api_ports(struct wiring *w)
{
    return (struct api_ports){
        .ctx = w,
        .db = w->db,
        .registry = w->registry,
        .station = &w->station,
        .upload_dir = w->dir.tmp,
        .now_us = wiring_now,
        .answer = answer,
        .run_in_worker = run_in_worker,
        .import_start = import_start,
        .media_path = media_path,
        .media_deleted = media_deleted,
        .broadcast_plan = broadcast_plan,
        .broadcast_committed = broadcast_committed,
        .broadcast_stop = broadcast_stop,
        .broadcast_stop_all = broadcast_stop_all,
        .schedule_changed = schedule_changed,
        .node_changed = node_changed,
        .node_revoked = node_revoked,
        .policy_changed = policy_changed,
        .ca_pin = ca_pin,
        .metrics = wiring_metrics,
    };
}
