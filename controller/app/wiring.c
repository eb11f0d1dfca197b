#include "wiring.h"

#include <stdlib.h>

#include "civil.h"
#include "log.h"
#include "src_media.h"
#include "store_credential.h"
#include "store_node.h"
#include "store_order.h"
#include "store_station.h"
#include "store_user.h"

#define TIDY_EVERY_US USEC_PER_HOUR
#define TIDY_KEEP_US USEC_PER_DAY /* after it expired */

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

static enum err stream_start(void *ctx, const struct broadcast *b, struct err_detail *detail)
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

    for (size_t i = 0; i < b->media_count; i++) {
        plan.items[i].media = b->media[i].media;
        plan.items[i].duration_ms = b->media[i].duration_ms;
    }
    e = src_media_new(w->dir.media, &plan, &source, detail);
    if (e != ERR_OK)
        return e;
    e = engine_start_stream(w->engine, b->stream, source, ENGINE_LEAD_US);
    if (e != ERR_OK)
        source->ops->free(source);
    return e;
}

static void stream_stop(void *ctx, struct stream_id stream)
{
    struct wiring *w = ctx;

    if (engine_stop_stream(w->engine, stream) == ERR_OK)
        log_event(LOG_INFO, "stream.stopped", "stream=%u", stream.v);
}

static enum err stream_join(void *ctx, struct node_id node, struct stream_id stream)
{
    struct wiring *w = ctx;

    return nodelink_join(&w->nodelink, node, stream);
}

static void node_joined(void *ctx, struct node_id node)
{
    struct wiring *w = ctx;

    (void)node;
    if (onair_plan(w->onair, wiring_now(w)) != ERR_OK)
        log_event(LOG_ERROR, "onair.plan_failed", NULL);
}

static enum err make_core(struct wiring *w, struct err_detail *detail)
{
    const struct onair_config onair = {
        .db = w->db,
        .registry = w->registry,
        .station = &w->station,
        .signer = w->signer,
        .ports = {w, send_to_node, stream_start, stream_stop, stream_join},
    };
    const struct engine_config engine = {wiring_now, on_bundle, w};
    struct jobs_config jobs = {
        .loop = w->loop,
        .db = w->db,
        .media_dir = w->dir.media,
        .now_us = wiring_now,
        .ctx = w,
    };
    enum err e = onair_new(&onair, wiring_now(w), &w->onair);

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
    return e;
}

static enum err make_link(struct wiring *w, struct err_detail *detail)
{
    struct net_config net = {
        .address = w->config->link_address,
        .port = w->config->link_port,
        .shards = w->config->shards,
        .credentials = pki_link_credentials(w->pki),
        .stime = &w->stime,
        .limits = net_limits_default(),
        .on_event = nodelink_on_event,
        .ctx = &w->nodelink,
    };
    enum err e;

    w->nodelink = (struct nodelink){
        .registry = w->registry,
        .station = &w->station,
        .onair = w->onair,
        .admission = &w->admission,
        .media_dir = w->dir.media,
        .order_cert_der = pki_order_cert_der(w->pki),
        .now_us = wiring_now,
        .ctx = w,
    };
    w->admission.db = w->db;
    w->admission.registry = w->registry;
    w->admission.station = &w->station;
    w->admission.pki = w->pki;
    w->admission.now_us = wiring_now;
    w->admission.node_joined = node_joined;
    w->admission.ctx = w;
    e = net_new(w->loop, &net, &w->net, detail);
    w->nodelink.net = w->net;
    w->admission.net = w->net;
    if (e == ERR_OK)
        e = engine_run(w->engine);
    return e;
}

/* The code exists until the first account does. */
static enum err admin_code(struct wiring *w, char *ret_code, size_t size)
{
    struct user user;
    struct db_page page = {0};
    size_t count;
    enum err e = store_user_list(w->db, &page, &user, 1, &count);

    ret_code[0] = '\0';
    if (e != ERR_OK)
        return e;
    if (count > 0) {
        datadir_forget_admin_code(&w->dir);
        return ERR_OK;
    }
    e = datadir_admin_code(&w->dir, ret_code, size);
    if (e == ERR_OK) {
        printf("One-time code for the first administrator: %s\n"
               "  loactl setup --code %s --login NAME --name \"FULL NAME\"\n",
               ret_code, ret_code);
        fflush(stdout);
    }
    return e;
}

static enum err make_web(struct wiring *w, struct err_detail *detail)
{
    const struct web_config config = {
        .address = w->config->web_address,
        .port = w->config->web_port,
        .cert_path = pki_web_cert_path(w->pki),
        .key_path = pki_web_key_path(w->pki),
        .max_upload_bytes = w->config->upload_max_bytes,
    };
    const struct api_ports ports = wiring_api_ports(w);
    struct web_handler handler;
    char code[32];
    enum err e = admin_code(w, code, sizeof(code));

    if (e == ERR_OK)
        e = api_new(&ports, code, &w->api);
    if (e != ERR_OK)
        return e;
    handler = api_handler(w->api);
    return web_new(w->loop, &config, &handler, &w->web, detail);
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

/* Orders and sessions that expired long ago are of no use to anybody. */
static void tidy(struct wiring *w, usec_t now_us)
{
    enum err e;

    if (now_us - w->tidied_us < TIDY_EVERY_US || onair_is_busy(w->onair, now_us, USEC_PER_MIN))
        return;
    w->tidied_us = now_us;
    e = store_order_prune(w->db, now_us - TIDY_KEEP_US);
    if (e == ERR_OK)
        e = store_credential_prune(w->db, now_us - TIDY_KEEP_US);
    if (e != ERR_OK)
        log_event(LOG_WARN, "store.not_tidied", "error=%s", err_name(e));
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
    tidy(w, wiring_now(w));
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
    stime_init(&w->stime);
    e = db_open(w->dir.db, &w->db, detail);
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
        e = make_web(w, detail);
    if (e == ERR_OK)
        e = datadir_write_run(&w->dir, net_port(w->net), web_port(w->web), detail);
    if (e == ERR_OK) {
        start_timers(w);
        log_event(LOG_INFO, "controller.ready", "link_port=%u web_port=%u", net_port(w->net),
                  web_port(w->web));
        return ERR_OK;
    }
    wiring_stop(w);
    uv_run(loop, UV_RUN_DEFAULT);
    wiring_finish(w);
    return e;
}

static void web_closed(void *arg)
{
    struct wiring *w = arg;

    w->web = NULL;
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
    if (w->jobs != NULL)
        jobs_cancel(w->jobs);
    web_close(w->web, web_closed, w);
    engine_free(w->engine);
    w->engine = NULL;
    net_free(w->net);
    w->net = NULL;
}

void wiring_finish(struct wiring *w)
{
    api_free(w->api);
    jobs_free(w->jobs);
    onair_free(w->onair);
    order_signer_free(w->signer);
    registry_free(w->registry);
    pki_free(w->pki);
    db_close(w->db);
    datadir_close(&w->dir);
}
