#include "node.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "node_priv.h"
#include "record.h"

#define CLOCK_OBJECT "clock"
#define CLOCK_BYTES 8
#define TELEMETRY_US (200 * USEC_PER_MSEC)
#define KEEP_CLOCK_US (10 * USEC_PER_MIN)
#define KEEP_CLOCK_PPM 0.5
#define AMPLIFIER_EARLY_US (300 * USEC_PER_MSEC)
#define AMPLIFIER_LATE_US (2 * USEC_PER_SEC)
#define IDLE_US (10 * USEC_PER_SEC)
#define PLAYING_US (20 * USEC_PER_MSEC)
#define NEEDED_US (48 * USEC_PER_HOUR)

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
           p->telemetry != NULL && p->log != NULL;
}

/* ---- rates of the clocks across restarts ---- */

static void load_clocks(struct node *n, double *ret_skew, double *ret_slow, bool *ret_have)
{
    struct bytes payload;
    struct reader r;
    size_t len = 0;

    *ret_have = false;
    if (n->port.flash_read(n->port.ctx, CLOCK_OBJECT, 0, n->bytes,
                           RECORD_HEADER_BYTES + CLOCK_BYTES, &len) != ERR_OK)
        return;
    reader_init(&r, bytes_of(n->bytes, len));
    if (record_read(&r, &payload) != ERR_OK || payload.len != CLOCK_BYTES)
        return;
    reader_init(&r, payload);
    *ret_skew = (double)(int32_t)reader_u32(&r) / 1000;
    *ret_slow = (double)(int32_t)reader_u32(&r) / 1000;
    *ret_have = true;
}

static void keep_clocks(struct node *n, usec_t mono_us)
{
    uint8_t payload[CLOCK_BYTES];
    struct writer w;
    double skew, slow;

    if (mono_us < n->next_keep_us || !tsync_save(&n->tsync, &skew) ||
        !cardclock_save(&n->card, &slow))
        return;
    n->next_keep_us = mono_us + KEEP_CLOCK_US;
    if (fabs(skew - n->kept_skew_ppm) < KEEP_CLOCK_PPM &&
        fabs(slow - n->kept_slow_ppm) < KEEP_CLOCK_PPM)
        return;
    writer_init(&w, payload, sizeof(payload));
    writer_u32(&w, (uint32_t)(int32_t)lround(skew * 1000));
    writer_u32(&w, (uint32_t)(int32_t)lround(slow * 1000));
    writer_init(&w, n->bytes, sizeof(n->bytes));
    record_write(&w, bytes_of(payload, sizeof(payload)));
    if (n->port.flash_replace(n->port.ctx, CLOCK_OBJECT, writer_view(&w)) != ERR_OK)
        return;
    n->kept_skew_ppm = skew;
    n->kept_slow_ppm = slow;
}

/* ---- life ---- */

/* What is used within two days stays, whether an order or only an offer says so. */
static bool is_planned(void *arg, const struct media_id *media, usec_t needed_us)
{
    struct node *n = arg;
    usec_t now_us = n->last_now_us;

    return plan_uses(&n->plan, media, now_us + NEEDED_US) ||
           (needed_us > now_us && needed_us < now_us + NEEDED_US);
}

static void load(struct node *n)
{
    double skew = 0, slow = 0;
    bool have;
    enum err e;

    load_clocks(n, &skew, &slow, &have);
    tsync_init(&n->tsync, have ? &skew : NULL);
    cardclock_init(&n->card, SAMPLE_RATE_HZ, have ? &slow : NULL);
    n->kept_skew_ppm = skew;
    n->kept_slow_ppm = slow;
    e = settings_load(&n->settings, &n->port, n->bytes, &n->in);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        node_log(n, LOG_WARN, "settings.damaged", "error=%s", err_name(e));
    e = cache_init(&n->cache, &n->port, n->config.cache_quota_bytes, is_planned, n);
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
    n->next_keep_us = mono_us + KEEP_CLOCK_US;
    n->status_interval_us = USEC_PER_SEC;
    n->time.interval_us = 2 * USEC_PER_SEC;
    e = playout_init(&n->playout, &n->cache, &n->jitter);
    if (e != ERR_OK) {
        node_free(n);
        return e;
    }
    level_init(&n->level, SAMPLE_RATE_HZ);
    load(n);
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
    level_init(&n->level, rate_hz);
}

/* True while an order sounds at some instant of [from, to], programme time. */
static bool wanted_between(const struct node *n, usec_t from_us, usec_t to_us)
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
    return n->sounding != NULL || n->level.fade > 0 ||
           (n->tsync.locked &&
            wanted_between(n, n->last_now_us - USEC_PER_SEC, n->last_now_us + NODE_WARM_UP_US));
}

static void amplifier_step(struct node *n, usec_t mono_us)
{
    bool on = n->sounding != NULL ||
              (n->tsync.locked && wanted_between(n, n->last_now_us - AMPLIFIER_LATE_US,
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

static void telemetry_step(struct node *n, usec_t mono_us)
{
    struct node_choice before;

    if (mono_us < n->next_telemetry_us)
        return;
    n->next_telemetry_us = mono_us + TELEMETRY_US;
    before = node_choice_now(n, mono_us);
    n->port.telemetry(n->port.ctx, &n->telemetry);
    node_flush_if_changed(n, &before, mono_us);
}

void node_step(struct node *n, usec_t mono_us, usec_t *ret_next_mono_us)
{
    usec_t next_us = mono_us + IDLE_US;

    if (n->tsync.locked)
        n->last_now_us = node_programme_us(n, mono_us);
    node_link_step(n, mono_us, &next_us);
    telemetry_step(n, mono_us);
    node_orders_step(n, mono_us, &next_us);
    amplifier_step(n, mono_us);
    keep_clocks(n, mono_us);
    if (n->next_telemetry_us < next_us)
        next_us = n->next_telemetry_us;
    if (node_is_busy(n) && mono_us + PLAYING_US < next_us)
        next_us = mono_us + PLAYING_US;
    *ret_next_mono_us = next_us > mono_us ? next_us : mono_us;
}
