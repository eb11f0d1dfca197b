/* The running station of the tests: it notes what it was asked. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apifix.h"
#include "apifix_ports.h"
#include "store_alert_sound.h"
#include "store_node.h"

static usec_t now_us(void *ctx)
{
    return ((struct apifix *)ctx)->now_us;
}

static void answer(void *ctx, uint64_t id, struct web_response *res)
{
    struct apifix *f = ctx;

    f->answers++;
    f->answered = id;
    f->status = res->status;
    json_decref(f->body);
    f->body = res->body != NULL ? json_loadb(res->body, res->body_len, 0, NULL) : NULL;
    snprintf(f->text, sizeof(f->text), "%.*s", (int)res->body_len,
             res->body != NULL ? res->body : "");
    snprintf(f->file, sizeof(f->file), "%s", res->file != NULL ? res->file : "");
    if (res->has_fd) {
        size_t want = res->is_part ? (size_t)res->part_len : sizeof(f->text) - 1;
        ssize_t n = pread(res->fd, f->text, want, (off_t)res->part_at);

        assert_true(n >= 0 && (size_t)n < sizeof(f->text));
        f->text[n] = '\0';
    }
    snprintf(f->type, sizeof(f->type), "%s", res->content_type != NULL ? res->content_type : "");
    snprintf(f->cache, sizeof(f->cache), "%s", res->cache != NULL ? res->cache : "");
    snprintf(f->policy, sizeof(f->policy), "%s", res->policy != NULL ? res->policy : "");
    f->cookie[0] = f->etag[0] = f->headers[0] = '\0';
    for (size_t i = 0; i < res->header_count; i++) {
        size_t used = strlen(f->headers);

        snprintf(f->headers + used, sizeof(f->headers) - used, "%s %s\n", res->headers[i].name,
                 res->headers[i].value);
        if (strcmp(res->headers[i].name, "set-cookie:") == 0)
            snprintf(f->cookie, sizeof(f->cookie), "%s", res->headers[i].value);
        if (strcmp(res->headers[i].name, "etag:") == 0)
            snprintf(f->etag, sizeof(f->etag), "%s", res->headers[i].value);
    }
    web_response_deinit(res);
}

static enum err run_in_worker(void *ctx, void (*work)(void *arg), void (*done)(void *arg),
                              void *arg)
{
    struct apifix *f = ctx;

    if (f->work_result != ERR_OK)
        return f->work_result;
    assert_null(f->work);
    f->work = work;
    f->work_done = done;
    f->work_arg = arg;
    return ERR_OK;
}

static enum err import_start(void *ctx, const char *path, const char *title,
                             const char *source_name, const struct cue *cue, struct user_id user,
                             api_import_done done, void *arg, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)source_name;
    assert_int_not_equal(user.v, 0);
    if (f->import_result != ERR_OK)
        return err_set(detail, f->import_result, "Too many imports; try again later.");
    snprintf(f->import_path, sizeof(f->import_path), "%s", path);
    snprintf(f->import_title, sizeof(f->import_title), "%s", title);
    if (cue != NULL)
        f->import_cue = *cue;
    f->import_done = done;
    f->import_arg = arg;
    return ERR_OK;
}

static void speak(void *arg)
{
    (void)arg;
}

static void spoken(void *arg)
{
    struct apifix *f = arg;
    struct media_info info = {
        .duration_ms = 5000, .created_us = NOW_US, .created_by = f->speech.user};
    struct err_detail detail = {.text = "The speech program failed (no such voice)."};

    snprintf(info.title, sizeof(info.title), "%s", f->speech.title);
    f->import_done(f->import_arg, f->speech_result, f->speech_result == ERR_OK ? &info : NULL,
                   &detail);
}

static enum err speech_start(void *ctx, const struct api_speech *speech, api_import_done done,
                             void *arg, struct err_detail *detail)
{
    struct apifix *f = ctx;

    if (f->import_result != ERR_OK)
        return err_set(detail, f->import_result, "Too many imports; try again later.");
    snprintf(f->speech_text, sizeof(f->speech_text), "%s", speech->text);
    f->speech = *speech;
    f->import_done = done;
    f->import_arg = arg;
    return run_in_worker(f, speak, spoken, f);
}

static enum err media_path(void *ctx, const struct media_id *id, char *ret_path, size_t size)
{
    const struct apifix *f = ctx;

    snprintf(ret_path, size, "%s/media-%02x", f->dir, id->sha256[0]);
    return ERR_OK;
}

static void media_deleted(void *ctx, const struct media_id *id)
{
    (void)id;
    ((struct apifix *)ctx)->media_deletions++;
}

static enum err broadcast_plan(void *ctx, const struct api_play *play, struct broadcast_id *ret_id,
                               struct err_detail *detail)
{
    struct apifix *f = ctx;

    f->played = *play;
    f->played.nodes = NULL;
    ret_id->v = 77;
    return f->plan_result == ERR_OK ? ERR_OK : err_set(detail, f->plan_result, "No plan.");
}

static void broadcast_committed(void *ctx, struct broadcast_id id)
{
    assert_int_equal(id.v, 77);
    ((struct apifix *)ctx)->broadcasts_committed++;
}

static enum err broadcast_stop(void *ctx, struct broadcast_id id, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)id;
    (void)detail;
    f->stops += f->stop_result == ERR_OK ? 1 : 0;
    return f->stop_result;
}

static size_t broadcast_stop_all(void *ctx)
{
    ((struct apifix *)ctx)->stops++;
    return 3;
}

static enum err live_plan(void *ctx, const struct api_live *live, struct broadcast_id *ret_id,
                          struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)detail;
    f->live = *live;
    ret_id->v = 78;
    return ERR_OK;
}

static enum err live_committed(void *ctx, struct broadcast_id id, const struct api_live *live,
                               struct err_detail *detail)
{
    (void)live;
    (void)detail;
    assert_int_equal(id.v, 78);
    ((struct apifix *)ctx)->broadcasts_committed++;
    return ERR_OK;
}

static enum err alert_plan(void *ctx, struct alert *alert, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)detail;
    f->alert = *alert;
    return alert->id == 0 ? store_alert_sound_add(f->db, alert, &alert->id)
                          : store_alert_sound_put(f->db, alert);
}

static void alert_committed(void *ctx)
{
    ((struct apifix *)ctx)->alerts_committed++;
}

static enum err alert_end(void *ctx, uint64_t id, enum alert_state how, struct user_id by,
                          struct err_detail *detail)
{
    struct apifix *f = ctx;
    struct alert alert;
    enum err e = store_alert_sound_get(f->db, id, &alert);

    (void)detail;
    if (e != ERR_OK)
        return e;
    alert.state = how;
    alert.decided_by = by;
    return store_alert_sound_put(f->db, &alert);
}

static enum err live_hang_up(void *ctx, struct broadcast_id id)
{
    (void)ctx;
    return id.v == 78 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err sound_begin(void *ctx, struct broadcast_id id, uint64_t request, bool in_time,
                            struct err_detail *detail)
{
    (void)ctx;
    (void)request;
    (void)in_time;
    return id.v == 78 ? ERR_OK : err_set(detail, ERR_NOT_FOUND, "This live broadcast is over.");
}

static bool sound_piece(void *ctx, uint64_t request, struct bytes piece)
{
    (void)request;
    ((struct apifix *)ctx)->sound_bytes += piece.len;
    return true;
}

static void sound_end(void *ctx, uint64_t request)
{
    (void)request;
    ((struct apifix *)ctx)->sound_ends++;
}

static enum err listen_to(void *ctx, struct broadcast_id id, uint64_t request,
                          struct err_detail *detail)
{
    struct apifix *f = ctx;

    if (id.v != 78)
        return err_set(detail, ERR_NOT_FOUND, "This broadcast is not under way.");
    f->listeners++;
    f->listener = request;
    f->answered = request;
    f->status = 200;
    return ERR_OK;
}

static void listener_gone(void *ctx, uint64_t request)
{
    (void)request;
    ((struct apifix *)ctx)->listeners_gone++;
}

static bool listens(void *ctx, uint64_t request)
{
    return ((struct apifix *)ctx)->listener == request;
}

static void listen_end(void *ctx, uint64_t request)
{
    struct apifix *f = ctx;

    assert_int_equal(request, f->listener);
    f->listener = 0;
}

static enum err cap_take(void *ctx, struct bytes message, const char *source, const struct user *by,
                         api_cap_done done, void *arg, struct err_detail *detail)
{
    struct apifix *f = ctx;

    if (f->cap_result != ERR_OK)
        return err_set(detail, f->cap_result, "The station judges other messages.");
    f->cap_bytes = message.len;
    snprintf(f->cap_source, sizeof(f->cap_source), "%s", source);
    snprintf(f->cap_by, sizeof(f->cap_by), "%s", by->login);
    done(arg, ERR_OK, &f->cap_outcome, NULL);
    return ERR_OK;
}

static const char *cap_source(void *ctx, const char *login)
{
    (void)ctx;
    return strcmp(login, "user-8") == 0 ? "district" : "api";
}

static enum err cap_release(void *ctx, uint64_t id, const struct user *by, api_cap_done done,
                            void *arg, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)by;
    if (id != 1)
        return ERR_NOT_FOUND;
    if (f->cap_result != ERR_OK)
        return err_set(detail, f->cap_result, "Somebody decided about this message already.");
    done(arg, ERR_OK, &f->cap_outcome, NULL);
    return ERR_OK;
}

static enum err cap_feed(void *ctx, const char *base, char **ret_text)
{
    (void)ctx;
    return asprintf(ret_text, "<feed>%s</feed>", base) > 0 ? ERR_OK : ERR_NOMEM;
}

static const char *cap_signer(void *ctx)
{
    (void)ctx;
    return "-----BEGIN CERTIFICATE-----\n";
}

static void schedule_changed(void *ctx)
{
    ((struct apifix *)ctx)->schedule_changes++;
}

static void node_changed(void *ctx, struct node_id id)
{
    struct apifix *f = ctx;
    struct node_record record;

    assert_int_equal(store_node_get(f->db, id, &record), ERR_OK);
    assert_int_equal(registry_put(f->registry, &record), ERR_OK);
    f->node_changes++;
}

static enum err node_test(void *ctx, struct node_id id, uint64_t *ret_order)
{
    (void)id;
    ((struct apifix *)ctx)->node_tests++;
    *ret_order = 77;
    return ERR_OK;
}

static enum err node_reboot(void *ctx, struct node_id id)
{
    (void)id;
    ((struct apifix *)ctx)->node_reboots++;
    return ERR_OK;
}

static void site_changed(void *ctx)
{
    ((struct apifix *)ctx)->site_changes++;
}

static void node_revoked(void *ctx, struct node_id id)
{
    node_changed(ctx, id);
    ((struct apifix *)ctx)->node_revocations++;
}

static void emergency_changed(void *ctx)
{
    ((struct apifix *)ctx)->emergency_changes++;
}

static void policy_changed(void *ctx)
{
    ((struct apifix *)ctx)->policy_changes++;
}

static void set_up(void *ctx)
{
    ((struct apifix *)ctx)->set_ups++;
}

static void ca_pin(void *ctx, uint8_t ret_pin[12])
{
    (void)ctx;
    memset(ret_pin, 0xA5, 12);
}

static char *metrics(void *ctx)
{
    (void)ctx;
    return strdup("loa_encodes_total 4\n");
}

static enum err stream_begin(void *ctx, uint64_t request, const char *content_type,
                             size_t max_waiting)
{
    struct apifix *f = ctx;

    assert_true(max_waiting > 0);
    snprintf(f->type, sizeof(f->type), "%s", content_type);
    f->watcher = f->answered = request;
    f->status = 200;
    return ERR_OK;
}

static enum err stream_send(void *ctx, uint64_t request, struct web_piece *piece)
{
    struct apifix *f = ctx;
    size_t used = strlen(f->sent);
    struct bytes bytes = web_piece_bytes(piece);

    assert_int_not_equal(request, 0);
    assert_true(used + bytes.len < sizeof(f->sent));
    memcpy(f->sent + used, bytes.data, bytes.len);
    f->sent[used + bytes.len] = '\0';
    f->pieces++;
    return f->stream_result;
}

static void stream_end(void *ctx, uint64_t request)
{
    (void)request;
    ((struct apifix *)ctx)->streams_ended++;
}

static enum err sound_packet(void *ctx, uint64_t request, struct bytes packet)
{
    struct apifix *f = ctx;

    assert_true(request != 0 && packet.len > 0);
    f->sound_packets++;
    return f->packet_result;
}

static enum err talk_state(void *ctx, uint64_t request, struct api_talk_state *ret_state)
{
    struct apifix *f = ctx;

    (void)request;
    *ret_state =
        (struct api_talk_state){.level_mdb = -20000, .delay_ms = 200, .nodes = 3, .hearing = 2};
    return f->talk_result;
}

static enum err socket_send(void *ctx, uint64_t request, const char *text)
{
    struct apifix *f = ctx;

    (void)request;
    snprintf(f->sent, sizeof(f->sent), "%s", text);
    return ERR_OK;
}

static enum err socket_close(void *ctx, uint64_t request, const char *text)
{
    struct apifix *f = ctx;

    assert_int_equal(sscanf(text, "{\"type\":\"end\",\"why\":\"%15[a-z_]", f->why), 1);
    f->closed = request;
    return ERR_OK;
}

static const struct broadcast *broadcast_at(void *ctx, size_t i)
{
    struct apifix *f = ctx;

    return i < f->broadcast_count ? &f->broadcasts[i] : NULL;
}

static void watch_levels(void *ctx)
{
    ((struct apifix *)ctx)->level_looks++;
}

struct api_ports apifix_ports(struct apifix *f)
{
    return (struct api_ports){
        .ctx = f,
        .db = f->db,
        .registry = f->registry,
        .station = &f->station,
        .upload_dir = f->dir,
        .resume_dir = f->resume_dir,
        .console_dir = f->console_dir,
        .tiles = f->tiles,
        .now_us = now_us,
        .answer = answer,
        .run_in_worker = run_in_worker,
        .import_start = import_start,
        .speech_start = speech_start,
        .media_path = media_path,
        .stream_begin = stream_begin,
        .sound_packet = sound_packet,
        .talk_state = talk_state,
        .socket_send = socket_send,
        .socket_close = socket_close,
        .stream_send = stream_send,
        .stream_end = stream_end,
        .broadcast_at = broadcast_at,
        .watch_levels = watch_levels,
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
        .live_hang_up = live_hang_up,
        .sound_begin = sound_begin,
        .sound_piece = sound_piece,
        .sound_end = sound_end,
        .listen = listen_to,
        .listener_gone = listener_gone,
        .listens = listens,
        .listen_end = listen_end,
        .cap_take = cap_take,
        .cap_source = cap_source,
        .cap_release = cap_release,
        .cap_feed = cap_feed,
        .cap_signer = cap_signer,
        .schedule_changed = schedule_changed,
        .node_changed = node_changed,
        .node_revoked = node_revoked,
        .emergency_changed = emergency_changed,
        .node_test = node_test,
        .node_reboot = node_reboot,
        .site_changed = site_changed,
        .media_dir = f->dir,
        .photo_dir = f->dir,
        .backup_dir = f->dir,
        .set_up = set_up,
        .policy_changed = policy_changed,
        .ca_pin = ca_pin,
        .metrics = metrics,
    };
}
