#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "log.h"
#include "oggfile.h"
#include "speech_job.h"
#include "store_node.h"
#include "wiring.h"

_Static_assert(LISTEN_MAX <= API_LISTENERS_MAX, "the API does not watch over all who listen");

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
                             const char *source_name, const struct cue *cue, struct user_id user,
                             api_import_done done, void *arg, struct err_detail *detail)
{
    struct wiring *w = ctx;

    return jobs_import(w->jobs, path, title, source_name, cue, user, false, done, arg, detail);
}

static enum err speech_start(void *ctx, const struct api_speech *speech, api_import_done done,
                             void *arg, struct err_detail *detail)
{
    struct wiring *w = ctx;
    const struct config *c = w->config;
    struct src_speech_config config;

    src_speech_config_init(&config);
    if (c->allow_unsandboxed)
        config.sandbox = SRC_FILE_SANDBOX_NONE;
    if (c->speech_command[0] != '\0')
        config.command = c->speech_command;
    for (size_t i = 0; i < SPEECH_VOICES; i++) {
        if (c->speech_voices[i][0] != '\0')
            config.voices[i] = c->speech_voices[i];
    }
    return speech_job_start(w->jobs, &config, w->dir.tmp, speech, done, arg, detail);
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

    alertdesk_silenced(w->alertdesk, id);
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

    alertdesk_silenced(w->alertdesk, (struct broadcast_id){0});
    wiring_wake(w);
    return stopped;
}

static enum err live_plan(void *ctx, const struct api_live *live, struct broadcast_id *ret_id,
                          struct err_detail *detail)
{
    struct wiring *w = ctx;

    return onair_play_live(w->onair, live, ret_id, detail);
}

static enum err live_committed(void *ctx, struct broadcast_id id, const struct api_live *how,
                               struct err_detail *detail)
{
    struct wiring *w = ctx;
    enum err e = onair_committed(w->onair, id);

    if (e == ERR_OK)
        e = live_begin(w->live, onair_broadcast(w->onair, id), how, detail);
    if (e != ERR_OK && onair_stop(w->onair, id, wiring_now(w)) != ERR_OK)
        log_event(LOG_ERROR, "live.not_stopped", "broadcast=%llu", (unsigned long long)id.v);
    wiring_wake(w);
    return e;
}

static enum err alert_plan(void *ctx, struct alert *alert, struct err_detail *detail)
{
    struct wiring *w = ctx;

    return alertdesk_plan(w->alertdesk, alert, detail);
}

static void alert_committed(void *ctx)
{
    struct wiring *w = ctx;

    alertdesk_committed(w->alertdesk);
    wiring_wake(w);
}

static enum err alert_end(void *ctx, uint64_t id, enum alert_state how, struct user_id by,
                          struct err_detail *detail)
{
    struct wiring *w = ctx;
    enum err e = alertdesk_end(w->alertdesk, id, how, by, detail);

    wiring_wake(w);
    return e;
}

static enum err live_hang(void *ctx, struct broadcast_id id)
{
    struct wiring *w = ctx;

    return live_hang_up(w->live, id);
}

static enum err sound_begin(void *ctx, struct broadcast_id id, uint64_t request, bool in_time,
                            struct err_detail *detail)
{
    struct wiring *w = ctx;

    return live_sound_begin(w->live, id, request, in_time, detail);
}

static bool sound_piece(void *ctx, uint64_t request, struct bytes piece)
{
    struct wiring *w = ctx;

    return live_sound_piece(w->live, request, piece);
}

static void sound_end(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    live_sound_end(w->live, request);
}

static enum err listen_to(void *ctx, struct broadcast_id id, uint64_t request,
                          struct err_detail *detail)
{
    struct wiring *w = ctx;

    return listen_begin(w->listen, id, request, detail);
}

static void listener_gone(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    listen_gone(w->listen, request);
}

static bool listens(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    return listen_has(w->listen, request);
}

static void end_listening(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    listen_end(w->listen, request);
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
        alarms_node(w->alarms, &record, wiring_now(w));
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
    onair_step(w->onair, wiring_now(w)); /* it holds orders of a week: stop them while it listens */
    nodelink_drop(&w->nodelink, id, loa_ByeCode_BYE_CODE_REVOKED,
                  "this node was revoked; enrol it again with a new join code");
}

static void emergency_changed(void *ctx)
{
    struct wiring *w = ctx;

    onair_emergency_changed(w->onair);
}

static enum err node_test(void *ctx, struct node_id id, uint64_t *ret_order)
{
    struct wiring *w = ctx;
    struct node_entry *entry = registry_find(w->registry, id);
    usec_t now_us = wiring_now(w);
    uint64_t order = 0;
    enum err e = entry != NULL ? onair_test(w->onair, id, now_us, &order) : ERR_NOT_FOUND;

    if (e != ERR_OK)
        return e;
    entry->live.test = (struct node_test){.order_id = order, .asked_us = now_us};
    *ret_order = order;
    return ERR_OK;
}

static enum err node_reboot(void *ctx, struct node_id id)
{
    struct wiring *w = ctx;
    uint64_t order;

    return onair_reboot(w->onair, id, wiring_now(w), &order);
}

static void site_changed(void *ctx)
{
    struct wiring *w = ctx;

    nodestats_sims(&w->nodestats, wiring_now(w));
}

static void set_up(void *ctx)
{
    struct wiring *w = ctx;

    datadir_forget_admin_code(&w->dir);
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

enum err wiring_make_alertdesk(struct wiring *w)
{
    const struct alertdesk_config config = {
        .db = w->db,
        .onair = w->onair,
        .live = w->live,
        .registry = w->registry,
        .station = &w->station,
        .now_us = wiring_now,
        .speech_start = speech_start,
        .ctx = w,
    };

    return alertdesk_new(&config, &w->alertdesk);
}

struct api_ports wiring_api_ports(struct wiring *w)
{
    struct api_ports ports = {
        .ctx = w,
        .db = w->db,
        .registry = w->registry,
        .station = &w->station,
        .upload_dir = w->dir.tmp,
        .resume_dir = w->dir.uploads,
        .media_dir = w->dir.media,
        .photo_dir = w->dir.photos,
        .backup_dir = w->dir.backups,
        .console_dir = w->config->console_dir,
        .tiles = w->config->tiles,
        .training = w->config->training,
        .now_us = wiring_now,
        .stopping = jobs_cancel_flag(w->jobs),
        .answer = answer,
        .run_in_worker = run_in_worker,
        .import_start = import_start,
        .speech_start = speech_start,
        .media_path = media_path,
        .media_deleted = media_deleted,
        .broadcast_plan = broadcast_plan,
        .broadcast_committed = broadcast_committed,
        .broadcast_stop = broadcast_stop,
        .broadcast_stop_all = broadcast_stop_all,
        .live_plan = live_plan,
        .live_committed = live_committed,
        .alert_plan = alert_plan,
        .alert_committed = alert_committed,
        .alert_end = alert_end,
        .live_hang_up = live_hang,
        .sound_begin = sound_begin,
        .sound_piece = sound_piece,
        .sound_end = sound_end,
        .listen = listen_to,
        .listens = listens,
        .listen_end = end_listening,
        .listener_gone = listener_gone,
        .schedule_changed = schedule_changed,
        .node_changed = node_changed,
        .node_revoked = node_revoked,
        .emergency_changed = emergency_changed,
        .node_test = node_test,
        .node_reboot = node_reboot,
        .site_changed = site_changed,
        .set_up = set_up,
        .policy_changed = policy_changed,
        .ca_pin = ca_pin,
        .metrics = wiring_metrics,
    };

    wiring_cap_ports(&ports);
    wiring_stream_ports(&ports);
    return ports;
}
