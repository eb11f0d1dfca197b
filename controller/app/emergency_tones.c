#include "emergency_tones.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store_emergency.h"
#include "store_media.h"
#include "store_speech.h"
#include "tone.h"

struct task {
    struct emergency_tones_config config;
    bool missing[EMERGENCY_SIGNALS + 1];
    enum err results[EMERGENCY_SIGNALS + 1];
    struct media_info made[EMERGENCY_SIGNALS + 1];
};

static void make(void *arg)
{
    struct task *t = arg;

    for (int s = EMERGENCY_NONE; s <= EMERGENCY_SIGNALS; s++) {
        struct err_detail detail = {0};

        if (t->missing[s])
            t->results[s] =
                tone_make((enum emergency_signal)s, t->config.media_dir, t->config.bitrate_bps,
                          jobs_cancel_flag(t->config.jobs), &t->made[s], &detail);
    }
}

static enum err keep(struct task *t, enum emergency_signal signal)
{
    struct emergency_entry entry = {.signal = signal, .media = t->made[signal].id};
    enum err e = db_begin(t->config.db);

    if (e != ERR_OK)
        return e;
    entry.changed_us = t->made[signal].created_us = t->config.now_us(t->config.ctx);
    e = store_media_add(t->config.db, &t->made[signal]);
    if (e == ERR_EXISTS)
        e = ERR_OK;
    if (e == ERR_OK)
        e = signal == EMERGENCY_NONE ? store_speech_put_signature(t->config.db, &entry.media)
                                     : store_emergency_put(t->config.db, &entry);
    return db_end(t->config.db, e);
}

static bool is_set(struct db *db, enum emergency_signal signal)
{
    struct emergency_entry entry;

    return (signal == EMERGENCY_NONE ? store_speech_get_signature(db, &entry.media)
                                     : store_emergency_get(db, signal, &entry)) == ERR_OK;
}

static const char *name_of(enum emergency_signal signal)
{
    return signal == EMERGENCY_NONE ? "signature" : emergency_signal_name(signal);
}

static void made(void *arg)
{
    struct task *t = arg;

    for (int s = EMERGENCY_NONE; s <= EMERGENCY_SIGNALS; s++) {
        enum emergency_signal signal = (enum emergency_signal)s;
        enum err e = t->results[s];

        if (!t->missing[s] || is_set(t->config.db, signal))
            continue; /* somebody chose a recording meanwhile */
        if (e == ERR_OK)
            e = keep(t, signal);
        if (e == ERR_OK)
            log_event(LOG_INFO, "emergency.tone_made", "signal=%s", name_of(signal));
        else if (e != ERR_CANCELLED)
            log_event(LOG_ERROR, "emergency.tone_failed", "signal=%s error=%s", name_of(signal),
                      err_name(e));
    }
    log_event(LOG_INFO, "emergency.ready", NULL);
    t->config.changed(t->config.ctx);
    free(t);
}

enum err emergency_tones_start(const struct emergency_tones_config *config)
{
    bool missing[EMERGENCY_SIGNALS + 1];
    struct task *t;
    bool any = false;
    enum err e;

    for (int s = EMERGENCY_NONE; s <= EMERGENCY_SIGNALS; s++) {
        missing[s] = !is_set(config->db, (enum emergency_signal)s);
        any = any || missing[s];
    }
    if (!any)
        return ERR_OK;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ERR_NOMEM;
    t->config = *config;
    memcpy(t->missing, missing, sizeof(missing));
    e = jobs_run_long(config->jobs, make, made, t);
    if (e != ERR_OK)
        free(t);
    return e;
}
