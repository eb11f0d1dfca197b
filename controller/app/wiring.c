#include "wiring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "civil.h"
#include "db_backups.h"
#include "emergency_tones.h"
#include "log.h"
#include "pki_tickets.h"
#include "src_media.h"
#include "store_node.h"
#include "store_station.h"

usec_t wiring_now(void *ctx)
{
    const struct wiring *w = ctx;

    return stime_now(&w->stime);
}

static enum err open_station(struct wiring *w, struct err_detail *detail)
{
    int offset_min;
    uint64_t boot;
    enum err e = store_station_get(w->db, &w->station);

    if (e == ERR_NOT_FOUND) {
        station_init(&w->station);
        snprintf(w->station.code, sizeof(w->station.code), "%s", w->config->station_code);
        snprintf(w->station.name, sizeof(w->station.name), "%s", w->config->station_name);
        e = station_check(&w->station, detail);
        if (e == ERR_OK)
            e = store_station_put(w->db, &w->station);
    }
    if (e == ERR_OK)
        e = store_station_next(w->db, STORE_COUNTER_BOOT, &boot);
    if (e != ERR_OK)
        return db_explain(w->db, e, detail);
    e = civil_offset_min(w->station.timezone, stime_real(), &offset_min);
    if (e != ERR_OK)
        return err_set(detail, e, "The time zone %s is unknown here; install the package tzdata",
                       w->station.timezone);
    w->station.utc_offset_min = (int16_t)offset_min;
    log_event(LOG_INFO, "controller.starting", "version=%s station=%s boot=%llu", LOA_VERSION,
              w->station.code, (unsigned long long)boot);
    return ERR_OK;
}

#define TELL_EVERY_NS UINT64_C(5000000000)
#define LARGE_STORE_BYTES (INT64_C(256) << 20) /* reading it takes a while */

struct opening {
    const char *what;
    unsigned version;
    uint64_t told_ns;
};

static void opening_told(void *ctx, const char *what, unsigned version)
{
    struct opening *o = ctx;

    if (what != NULL) {
        o->what = what;
        o->version = version;
    }
    if (uv_hrtime() - o->told_ns < TELL_EVERY_NS)
        return;
    o->told_ns = uv_hrtime();
    log_event(LOG_INFO, "store.opening", "doing=%s version=%u", o->what, o->version);
}

/* A large database is checked for a minute: whoever watches the start is told what it waits for. */
static enum err open_store(struct wiring *w, struct err_detail *detail)
{
    struct opening opening = {.what = "checking", .told_ns = uv_hrtime()};
    const struct db_watch watch = {opening_told, &opening};
    struct stat st;
    enum err e;

    if (stat(w->dir.db, &st) == 0 && st.st_size > LARGE_STORE_BYTES)
        log_event(LOG_INFO, "store.opening", "doing=checking mib=%lld",
                  (long long)(st.st_size >> 20));
    e = db_open_watched(w->dir.db, &watch, &w->db, detail);
    return e == ERR_OK ? db_explain(w->db, db_leave_log(w->db, &w->folder), detail) : e;
}

static enum err load_registry(struct wiring *w)
{
    struct node_record rows[32];
    struct db_page page = {0};
    size_t count;
    enum err e = registry_new(&w->registry);

    if (e != ERR_OK)
        return e;
    do {
        e = store_node_list(w->db, &page, rows, 32, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            e = registry_put(w->registry, &rows[i]);
    } while (e == ERR_OK && count == 32);
    return e;
}

/* On the audio thread: one immutable bundle for all who joined. */
static void on_bundle(void *ctx, const struct engine_bundle *out)
{
    struct wiring *w = ctx;
    struct bundle *b;

    tap_put(w->tap, out);
    if (bundle_new(out->payload, &b) != ERR_OK)
        return; /* its nodes conceal the gap and report it */
    if (net_bundle(w->net, b) != ERR_OK)
        atomic_fetch_add(&w->bundles_refused, 1);
    bundle_unref(b);
}

static enum err send_to_node(void *ctx, struct node_id node, const loa_Msg *msg)
{
    struct wiring *w = ctx;

    return nodelink_send(&w->nodelink, node, msg);
}

static enum err send_to_many(void *ctx, const struct node_id *nodes, size_t count,
                             const loa_Msg *msg)
{
    struct wiring *w = ctx;

    return nodelink_send_many(&w->nodelink, nodes, count, msg);
}

enum err wiring_stream_start(void *ctx, const struct broadcast *b, struct err_detail *detail)
{
    struct wiring *w = ctx;
    struct src_media_plan plan = {
        .start_us = b->start_us,
        .repeats = b->repeats,
        .pause_ms = b->pause_ms,
        .item_count = b->media_count,
    };
    struct source *source;
    enum err e;

    if (broadcast_is_live(b))
        return ERR_EXISTS; /* its stream begins and ends with its source (live.h) */
    if (engine_has_stream(w->engine, b->stream))
        return ERR_EXISTS; /* before its recordings are opened and digested: each node that joins asks */
    for (size_t i = 0; i < b->media_count; i++) {
        plan.items[i].media = b->media[i].media;
        plan.items[i].duration_ms = b->media[i].duration_ms;
    }
    e = src_media_new(w->dir.media, &plan, &source, detail);
    if (e != ERR_OK)
        return e;
    e = engine_start_stream(w->engine, b->stream, source, w->config->lead_ms * USEC_PER_MSEC);
    if (e != ERR_OK)
        source->ops->free(source);
    return e;
}

static void stream_stop(void *ctx, struct stream_id stream)
{
    struct wiring *w = ctx;

    live_stop(w->live, stream);
    if (engine_stop_stream(w->engine, stream) == ERR_OK)
        log_event(LOG_INFO, "stream.stopped", "stream=%u", stream.v);
}

static enum err stream_join(void *ctx, struct node_id node, struct stream_id stream)
{
    struct wiring *w = ctx;

    return nodelink_join(&w->nodelink, node, stream);
}

static void missed(void *ctx, struct node_id node)
{
    struct wiring *w = ctx;

    supervise_on_missed(alarms_supervise(w->alarms), node, wiring_now(w));
}

static void node_joined(void *ctx, struct node_id node)
{
    struct wiring *w = ctx;

    alarms_node(w->alarms, &registry_find(w->registry, node)->record, wiring_now(w));
    w->joined = true; /* planned within a second, once for all who join by then */
}

static void node_replaced(void *ctx, struct node_id node)
{
    struct wiring *w = ctx;

    nodelink_drop(&w->nodelink, node, loa_ByeCode_BYE_CODE_REVOKED,
                  "another board has taken the place of this one");
}

static enum err answer_joining(void *ctx, uint64_t conn, const loa_Msg *reply)
{
    struct wiring *w = ctx;
    enum err e = net_send_message(w->net, conn, reply);

    return e == ERR_OK ? net_close(w->net, conn, NULL) : e;
}

static void plan_for_joined(struct wiring *w)
{
    if (!w->joined)
        return;
    w->joined = false;
    if (onair_plan(w->onair, wiring_now(w)) != ERR_OK)
        log_event(LOG_ERROR, "onair.plan_failed", NULL);
    wiring_wake(w); /* what they are now meant for is ordered at once */
}

static enum err make_core(struct wiring *w, struct err_detail *detail)
{
    const struct onair_config onair = {
        .db = w->db,
        .registry = w->registry,
        .station = &w->station,
        .signer = w->signer,
        .ports = {w, send_to_node, send_to_many, wiring_stream_start, stream_stop, stream_join,
                  missed},
    };
    const struct engine_config engine = {wiring_now, on_bundle, w};
    struct jobs_config jobs = {
        .loop = w->loop,
        .media_dir = w->dir.media,
        .now_us = wiring_now,
        .ctx = w,
    };
    enum err e = onair_new(&onair, wiring_now(w), &w->onair);

    if (e != ERR_OK)
        return db_explain(w->db, e, detail);
    e = alarms_new(w->db, w->registry, wiring_now(w), &w->alarms);
    if (e != ERR_OK)
        return db_explain(w->db, e, detail);
    e = engine_new(&engine, &w->engine);
    import_config_init(&jobs.import);
    jobs.import.bitrate_bps = w->config->bitrate_bps;
    if (w->config->allow_unsandboxed)
        jobs.import.decode.sandbox = SRC_FILE_SANDBOX_NONE;
    if (w->config->ffmpeg[0] != '\0')
        jobs.import.decode.ffmpeg = w->config->ffmpeg;
    import_sweep(w->dir.media);
    if (e == ERR_OK)
        e = jobs_new(&jobs, &w->jobs);
    if (e == ERR_OK)
        e = wiring_make_live(w, &jobs.import.decode);
    return e == ERR_OK ? db_explain(w->db, wiring_make_alertdesk(w), detail) : e;
}

static void tones_made(void *ctx)
{
    struct wiring *w = ctx;

    if (!w->stopping)
        onair_emergency_changed(w->onair);
}

/* A station works without its signals, but should not have to. */
static void make_tones(struct wiring *w)
{
    const struct emergency_tones_config config = {
        .db = w->db,
        .jobs = w->jobs,
        .media_dir = w->dir.media,
        .bitrate_bps = w->config->bitrate_bps,
        .now_us = wiring_now,
        .changed = tones_made,
        .ctx = w,
    };
    enum err e = emergency_tones_start(&config);

    if (e != ERR_OK)
        log_event(LOG_ERROR, "emergency.tones_not_made", "error=%s", err_name(e));
}

static enum err make_link(struct wiring *w, struct err_detail *detail)
{
    struct net_config net = {
        .address = w->config->link_address,
        .port = w->config->link_port,
        .shards = w->config->shards,
        .handshakers = uv_available_parallelism(),
        .credentials = pki_link_credentials(w->pki),
        .stime = &w->stime,
        .limits = net_limits_default(),
        .on_event = nodelink_on_event,
        .on_turn = nodelink_on_turn,
        .ctx = &w->nodelink,
    };
    enum err e;

    if (net.handshakers > NET_HANDSHAKERS_MAX)
        net.handshakers = NET_HANDSHAKERS_MAX;
    net.credentials.tickets = &w->tickets;
    w->nodelink = (struct nodelink){
        .registry = w->registry,
        .station = &w->station,
        .onair = w->onair,
        .live = w->live,
        .admission = &w->admission,
        .alarms = w->alarms,
        .media_dir = w->dir.media,
        .order_cert_der = pki_order_cert_der(w->pki),
        .now_us = wiring_now,
        .ctx = w,
    };
    w->nodestats.db = w->db;
    w->nodestats.registry = w->registry;
    w->nodestats.supervise = alarms_supervise(w->alarms);
    w->nodestats.station = &w->station;
    w->admission.db = w->db;
    w->admission.registry = w->registry;
    w->admission.station = &w->station;
    w->admission.pki = w->pki;
    w->admission.now_us = wiring_now;
    w->admission.node_joined = node_joined;
    w->admission.node_replaced = node_replaced;
    w->admission.answer = answer_joining;
    w->admission.ctx = w;
    e = net_new(w->loop, &net, &w->net, detail);
    w->nodelink.net = w->net;
    if (e == ERR_OK)
        e = engine_run(w->engine);
    return e;
}

static void on_step(uv_timer_t *timer)
{
    struct wiring *w = timer->data;
    usec_t now_us = wiring_now(w);
    usec_t next_us = onair_step(w->onair, now_us);
    usec_t wait_us = next_us - now_us;

    if (wait_us < 10 * USEC_PER_MSEC)
        wait_us = 10 * USEC_PER_MSEC;
    if (!w->stopping)
        uv_timer_start(timer, on_step, (uint64_t)(wait_us / USEC_PER_MSEC), 0);
}

void wiring_wake(struct wiring *w)
{
    if (!w->stopping)
        uv_timer_start(&w->step_timer, on_step, 0, 0);
}

static void on_second(uv_timer_t *timer)
{
    struct wiring *w = timer->data;
    enum stime_verdict verdict =
        stime_tick(&w->stime, onair_is_busy(w->onair, wiring_now(w), 10 * USEC_PER_SEC));

    if (verdict == STIME_STEPPED) {
        log_event(LOG_WARN, "time.stepped", "now_us=%lld", (long long)wiring_now(w));
        wiring_wake(w);
    }
    engine_streams(w->engine);
    supervise_on_alerts(alarms_supervise(w->alarms), alertdesk_was_stopped(w->alertdesk),
                        alertdesk_is_unconfirmed(w->alertdesk), wiring_now(w));
    supervise_on_feeds(alarms_supervise(w->alarms), capfeeds_step(w->capfeeds, wiring_now(w)),
                       wiring_now(w));
    wiring_live_second(w);
    nodestats_step(&w->nodestats, wiring_now(w));
    plan_for_joined(w);
    alarms_step(w->alarms, wiring_now(w));
    alertdesk_step(w->alertdesk);
    cappublish_step(w->cappublish, wiring_now(w));
    wiring_tidy(w);
    wiring_backup(w);
    wiring_fold_log(w);
}

static void start_timers(struct wiring *w)
{
    const uint64_t tick_ms = STIME_TICK_US / USEC_PER_MSEC;

    uv_timer_init(w->loop, &w->step_timer);
    uv_timer_init(w->loop, &w->second_timer);
    w->step_timer.data = w;
    w->second_timer.data = w;
    uv_timer_start(&w->second_timer, on_second, tick_ms, tick_ms);
    wiring_wake(w);
}

static enum err open_keys(struct wiring *w, struct err_detail *detail)
{
    const char *names[CONFIG_NAMES_MAX];
    enum err e;

    for (size_t i = 0; i < w->config->name_count; i++)
        names[i] = w->config->names[i];
    e = pki_open(w->dir.pki, w->station.code, names, w->config->name_count, stime_real(), &w->pki,
                 detail);
    if (e == ERR_OK)
        e = pki_tickets_open(w->dir.pki, stime_real() / USEC_PER_SEC, &w->tickets, detail);
    if (e == ERR_OK)
        e = order_signer_new(pki_order_key_pem(w->pki), &w->signer);
    return e;
}

enum err wiring_start(struct wiring *w, const struct config *config, uv_loop_t *loop,
                      struct err_detail *detail)
{
    enum err e;

    w->config = config;
    w->loop = loop;
    e = datadir_open(config->data_dir, &w->dir, detail);
    if (e != ERR_OK)
        return e;
    db_backups_sweep(w->dir.backups);
    stime_init(&w->stime);
    e = open_store(w, detail);
    if (e == ERR_OK)
        e = open_station(w, detail);
    if (e == ERR_OK)
        e = open_keys(w, detail);
    if (e == ERR_OK)
        e = load_registry(w);
    if (e == ERR_OK)
        e = make_core(w, detail);
    if (e == ERR_OK)
        e = make_link(w, detail);
    if (e == ERR_OK)
        e = wiring_start_cap(w, detail);
    if (e == ERR_OK)
        e = wiring_start_web(w, detail);
    if (e == ERR_OK)
        e = datadir_write_run(&w->dir, net_port(w->net), web_port(w->web), detail);
    if (e == ERR_OK) {
        start_timers(w);
        loopwatch_start(&w->loopwatch, loop);
        make_tones(w);
        log_event(LOG_INFO, "controller.ready", "link_port=%u web_port=%u", net_port(w->net),
                  web_port(w->web));
        return ERR_OK;
    }
    wiring_stop(w);
    uv_run(loop, UV_RUN_DEFAULT);
    wiring_finish(w);
    return e;
}

void wiring_stop(struct wiring *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    if (w->step_timer.data != NULL) {
        uv_close((uv_handle_t *)&w->step_timer, NULL);
        uv_close((uv_handle_t *)&w->second_timer, NULL);
    }
    loopwatch_stop(&w->loopwatch);
    if (w->jobs != NULL)
        jobs_cancel(w->jobs);
    wiring_stop_cap(w);
    wiring_stop_web(w);
    listen_close(w->listen);
    live_close(w->live);
    engine_free(w->engine);
    w->engine = NULL;
    tap_close(w->tap);
    net_free(w->net);
    w->net = NULL;
}

void wiring_finish(struct wiring *w)
{
    listen_free(w->listen);
    live_free(w->live);
    api_free(w->api);
    jobs_free(w->jobs);
    wiring_finish_cap(w);
    alertdesk_free(w->alertdesk);
    onair_free(w->onair);
    alarms_free(w->alarms);
    order_signer_free(w->signer);
    registry_free(w->registry);
    pki_free(w->pki);
    db_close(w->folder);
    db_close(w->db);
    datadir_close(&w->dir);
}
