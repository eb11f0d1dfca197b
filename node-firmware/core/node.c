#include "node.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "node_priv.h"
#include "record.h"

#define CLOCK_OBJECT "clock"
#define CLOCK_BYTES 8
#define TELEMETRY_US (200 * USEC_PER_MSEC)
#define KEEP_CLOCK_US (10 * USEC_PER_MIN)
#define KEEP_CLOCK_LOOK_US (10 * USEC_PER_SEC)
#define KEEP_CLOCK_PPM 0.5
#define KEPT_NOTHING INT32_MIN
#define PPM_MAX 20000.0
#define AMPLIFIER_EARLY_US (300 * USEC_PER_MSEC)
#define AMPLIFIER_LATE_US (2 * USEC_PER_SEC)
#define IDLE_US (10 * USEC_PER_SEC)
#define PLAYING_US (20 * USEC_PER_MSEC)

void node_log(struct node *n, int level, const char *event, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    n->port.log(n->port.ctx, level, event, text);
}

bool node_now(const struct node *n, usec_t mono_us, usec_t *ret_station_us)
{
    if (!n->tsync.locked)
        return false;
    *ret_station_us = tsync_station(&n->tsync, mono_us);
    return true;
}

bool node_clock(const struct node *n, usec_t mono_us, usec_t *ret_station_us,
                uint32_t *ret_uncertainty_us)
{
    if (!node_now(n, mono_us, ret_station_us))
        return false;
    *ret_uncertainty_us = (uint32_t)tsync_uncertainty_us(&n->tsync, mono_us);
    return true;
}

static bool complete(const struct node_port *p)
{
    return p->send != NULL && p->hang_up != NULL && p->flash_read != NULL &&
           p->flash_write != NULL && p->flash_sync != NULL && p->flash_replace != NULL &&
           p->flash_rename != NULL && p->flash_remove != NULL && p->flash_list != NULL &&
           p->flash_free_bytes != NULL && p->audio_flush != NULL && p->amplifier != NULL &&
           p->microphone != NULL && p->telemetry != NULL && p->wall_us != NULL && p->log != NULL;
}

/* ---- rates of the clocks across restarts ---- */

static double read_ppm(struct reader *r)
{
    int32_t ppb = (int32_t)reader_u32(r);

    return ppb == KEPT_NOTHING ? NAN : (double)ppb / 1000;
}

static void write_ppm(struct writer *w, double ppm)
{
    int32_t ppb = fabs(ppm) < PPM_MAX ? (int32_t)lround(ppm * 1000) : KEPT_NOTHING;

    writer_u32(w, (uint32_t)ppb);
}

/* Each is NaN when it was not known yet. */
static void load_clocks(struct node *n, double *ret_skew_ppm, double *ret_slow_ppm)
{
    struct bytes payload;
    struct reader r;
    size_t len = 0;

    *ret_skew_ppm = *ret_slow_ppm = NAN;
    if (n->port.flash_read(n->port.ctx, CLOCK_OBJECT, 0, n->bytes,
                           RECORD_HEADER_BYTES + CLOCK_BYTES, &len) != ERR_OK)
        return;
    reader_init(&r, bytes_of(n->bytes, len));
    if (record_read(&r, &payload) != ERR_OK || payload.len != CLOCK_BYTES)
        return;
    reader_init(&r, payload);
    *ret_skew_ppm = read_ppm(&r);
    *ret_slow_ppm = read_ppm(&r);
}

/* True when the new value is news that a restart should find; NaN is none. */
static bool is_news(double now_ppm, double kept_ppm)
{
    return !isnan(now_ppm) && !(fabs(now_ppm - kept_ppm) < KEEP_CLOCK_PPM);
}

/* At once when a rate is known for the first time: a node that starts again a minute later has use for it. */
static void keep_clocks(struct node *n, usec_t mono_us)
{
    uint8_t payload[CLOCK_BYTES];
    struct writer w;
    double skew = n->kept_skew_ppm, slow = n->kept_slow_ppm;
    bool first_skew, first_slow;

    if (mono_us < n->next_keep_us)
        return;
    n->next_keep_us = mono_us + KEEP_CLOCK_LOOK_US;
    first_skew = tsync_save(&n->tsync, &skew) && isnan(n->kept_skew_ppm);
    first_slow = cardclock_save(&n->card, &slow) && isnan(n->kept_slow_ppm);
    if (!first_skew && !first_slow && mono_us - n->kept_mono_us < KEEP_CLOCK_US)
        return;
    if (!is_news(skew, n->kept_skew_ppm) && !is_news(slow, n->kept_slow_ppm))
        return;
    writer_init(&w, payload, sizeof(payload));
    write_ppm(&w, skew);
    write_ppm(&w, slow);
    writer_init(&w, n->bytes, sizeof(n->bytes));
    record_write(&w, bytes_of(payload, sizeof(payload)));
    if (n->port.flash_replace(n->port.ctx, CLOCK_OBJECT, writer_view(&w)) != ERR_OK)
        return;
    n->kept_skew_ppm = skew;
    n->kept_slow_ppm = slow;
    n->kept_mono_us = mono_us;
}

/* ---- station time across restarts ---- */

static struct timekeep clocks_now(struct node *n, usec_t mono_us)
{
    struct timekeep now = {.mono_us = mono_us};

    memcpy(now.boot_id, n->config.board_boot_id, sizeof(now.boot_id));
    now.has_wall = n->port.wall_us(n->port.ctx, &now.wall_us);
    return now;
}

/* Without a link the node goes on by the board's other clocks. */
static void resume_time(struct node *n, usec_t mono_us)
{
    struct timekeep note, now = clocks_now(n, mono_us);
    enum timekeep_source source = TIMEKEEP_NONE;
    enum err e = timekeep_load(&n->port, &note);

    if (e == ERR_OK)
        e = timekeep_resume(&note, &now, n->tsync.skew_ppm, &source);
    if (e == ERR_NOT_FOUND)
        return;
    if (e != ERR_OK) {
        node_log(n, LOG_WARN, "clock.not_resumed", "error=%s wall=%d", err_name(e), now.has_wall);
        return;
    }
    tsync_seed(&n->tsync, mono_us, now.station_us, now.uncertainty_us);
    node_log(n, LOG_INFO, "clock.resumed", "source=%s uncertainty_us=%" PRIu32,
             source == TIMEKEEP_MONO ? "board" : "battery", now.uncertainty_us);
}

static void note_time(struct node *n, usec_t mono_us)
{
    struct timekeep now;

    if (!n->tsync.locked || mono_us < n->next_note_us)
        return;
    n->next_note_us = mono_us + TIMEKEEP_EVERY_US;
    now = clocks_now(n, mono_us);
    now.station_us = tsync_station(&n->tsync, mono_us);
    now.uncertainty_us = (uint32_t)tsync_uncertainty_us(&n->tsync, mono_us);
    if (timekeep_store(&n->port, &now) != ERR_OK)
        node_log(n, LOG_WARN, "flash.write_failed", "object=%s", TIMEKEEP_OBJECT);
}

/* ---- life ---- */

/* Without station time whatever is planned is needed now. */
static usec_t needed_in(void *arg, const struct media_id *media, usec_t offered_us)
{
    const struct node *n = arg;
    usec_t now_us = n->last_now_us, next_us = CACHE_NOT_NEEDED;

    if (media != NULL)
        next_us = plan_next_use_us(&n->plan, media);
    if (offered_us > now_us && offered_us < next_us)
        next_us = offered_us;
    if (next_us == CACHE_NOT_NEEDED)
        return CACHE_NOT_NEEDED;
    return now_us == 0 || next_us < now_us ? 0 : next_us - now_us;
}

static void load(struct node *n, usec_t mono_us)
{
    enum err e;

    load_clocks(n, &n->kept_skew_ppm, &n->kept_slow_ppm);
    tsync_init(&n->tsync, isnan(n->kept_skew_ppm) ? NULL : &n->kept_skew_ppm);
    cardclock_init(&n->card, SAMPLE_RATE_HZ, isnan(n->kept_slow_ppm) ? NULL : &n->kept_slow_ppm);
    resume_time(n, mono_us);
    e = settings_load(&n->settings, &n->port, n->bytes, &n->in);
    n->settings_damaged = e != ERR_OK && e != ERR_NOT_FOUND;
    if (n->settings_damaged != 0)
        node_log(n, LOG_WARN, "settings.damaged", "error=%s", err_name(e));
    e = cache_init(&n->cache, &n->port, n->config.cache_quota_bytes, needed_in, n);
    if (e != ERR_OK)
        node_log(n, LOG_ERROR, "cache.unlisted", "error=%s", err_name(e));
    receipts_init(&n->receipts, &n->port);
    e = receipts_load(&n->receipts, &n->in);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        node_log(n, LOG_WARN, "receipts.damaged", "error=%s dropped=%u", err_name(e),
                 (unsigned)n->receipts.damaged);
    plan_init(&n->plan, &n->port);
    node_orders_load(n);
}

enum err node_new(const struct node_port *port, const struct node_config *config, usec_t mono_us,
                  struct node **ret_node)
{
    struct node *n;
    enum err e;

    if (!complete(port))
        return ERR_ARG;
    n = calloc(1, sizeof(*n));
    if (n == NULL)
        return ERR_NOMEM;
    n->port = *port;
    n->config = *config;
    n->born_mono_us = mono_us;
    n->next_keep_us = n->kept_mono_us = mono_us;
    n->next_note_us = mono_us + USEC_PER_MIN;
    n->status_interval_us = USEC_PER_SEC;
    n->time.interval_us = 2 * USEC_PER_SEC;
    e = playout_init(&n->playout, &n->cache, &n->jitter);
    if (e != ERR_OK) {
        node_free(n);
        return e;
    }
    level_init(&n->level, SAMPLE_RATE_HZ);
    node_faults_init(&n->faults, config->temperature_max_mc, config->supply_min_mv, mono_us);
    load(n, mono_us);
    n->port.telemetry(n->port.ctx, &n->telemetry);
    n->port.amplifier(n->port.ctx, false);
    *ret_node = n;
    return ERR_OK;
}

void node_free(struct node *n)
{
    if (n == NULL)
        return;
    playout_deinit(&n->playout);
    order_verifier_free(n->verifier);
    free(n);
}

void node_card_position(struct node *n, int64_t frame, usec_t mono_us)
{
    cardclock_report(&n->card, frame, mono_us);
    node_follow_card(n, mono_us);
}

void node_card_reset(struct node *n, uint32_t rate_hz, usec_t mono_us)
{
    (void)mono_us;
    if (playout_card(&n->playout, rate_hz) != ERR_OK) {
        node_log(n, LOG_ERROR, "card.rate_refused", "rate_hz=%u", (unsigned)rate_hz);
        return;
    }
    node_leave_card(n);
    cardclock_reset(&n->card, rate_hz);
    n->card_steps = n->card.steps;
    level_init(&n->level, rate_hz);
}

bool node_wanted_between(const struct node *n, usec_t from_us, usec_t to_us)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        const struct plan_entry *e = &n->plan.entries[i];

        if (e->used && !e->done && e->kind == loa_OrderKind_ORDER_KIND_PLAY &&
            e->start_us <= to_us && e->end_us > from_us)
            return true;
    }
    return false;
}

bool node_is_busy(const struct node *n)
{
    return n->sounding != NULL || selftest_is_active(&n->selftest) || n->level.fade > 0 ||
           (n->tsync.locked && node_wanted_between(n, n->last_now_us - USEC_PER_SEC,
                                                   n->last_now_us + NODE_WARM_UP_US));
}

static void amplifier_step(struct node *n, usec_t mono_us)
{
    bool on = n->sounding != NULL || selftest_is_active(&n->selftest) ||
              (n->tsync.locked && node_wanted_between(n, n->last_now_us - AMPLIFIER_LATE_US,
                                                      n->last_now_us + AMPLIFIER_EARLY_US));

    if (on)
        n->quiet_since_us = mono_us;
    else if (mono_us - n->quiet_since_us < AMPLIFIER_LATE_US)
        on = n->amplifier_on;
    if (on == n->amplifier_on)
        return;
    n->amplifier_on = on;
    n->port.amplifier(n->port.ctx, on);
}

/* A change is told at once. */
static void judge_faults(struct node *n, usec_t mono_us)
{
    struct node_faults_input in = {
        .sensors = &n->telemetry,
        .underruns = n->telemetry.underruns + n->card_gaps,
        .damaged = n->cache.damaged + n->plan.damaged + n->receipts.damaged + n->settings_damaged,
        .clock_known = n->tsync.locked,
        .output_silent = n->silence.output,
        .source_silent = n->silence.source,
        .linked = n->link == NODE_LINK_READY,
    };

    if (in.clock_known)
        in.clock_uncertainty_us = (uint32_t)tsync_uncertainty_us(&n->tsync, mono_us);
    if (!node_faults_step(&n->faults, &in, mono_us))
        return;
    node_log(n, LOG_WARN, "node.faults", "bits=%u", (unsigned)n->faults.now);
    n->next_status_us = mono_us;
}

static void telemetry_step(struct node *n, usec_t mono_us)
{
    struct node_choice before;

    if (mono_us < n->next_telemetry_us)
        return;
    n->next_telemetry_us = mono_us + TELEMETRY_US;
    before = node_choice_now(n, mono_us);
    n->port.telemetry(n->port.ctx, &n->telemetry);
    node_flush_if_changed(n, &before, mono_us);
    judge_faults(n, mono_us);
}

void node_step(struct node *n, usec_t mono_us, usec_t *ret_next_mono_us)
{
    usec_t next_us = mono_us + IDLE_US;

    if (n->tsync.locked)
        n->last_now_us = node_programme_us(n, mono_us);
    if (n->tsync.locked && !n->had_clock)
        node_blame_no_clock(n, n->last_now_us, mono_us);
    n->had_clock = n->tsync.locked;
    telemetry_step(n, mono_us);
    node_link_step(n, mono_us, &next_us);
    node_orders_step(n, mono_us, &next_us);
    node_hearing_step(n, mono_us);
    node_test_step(n, mono_us, &next_us);
    node_reboot_step(n, mono_us, &next_us);
    amplifier_step(n, mono_us);
    keep_clocks(n, mono_us);
    note_time(n, mono_us);
    if (n->next_telemetry_us < next_us)
        next_us = n->next_telemetry_us;
    if (node_is_busy(n) && mono_us + PLAYING_US < next_us)
        next_us = mono_us + PLAYING_US;
    *ret_next_mono_us = next_us > mono_us ? next_us : mono_us;
}
