#include <stdlib.h>
#include <string.h>

#include "aircheck.h"
#include "live_impl.h"
#include "log.h"
#include "packet.h"
#include "store_live.h"
#include "store_media.h"

#define PRESKIP_SAMPLES 312 /* encoder.h */

/* A recording on its way through a worker. */
struct keeping {
    struct live *live;
    struct broadcast_id id;
    struct oggfile *file;
    uint64_t samples;
    char title[BULLETIN_TITLE_SIZE];
    struct user_id user;
    struct media_info info;
    uint64_t size_bytes;
    enum err result;
    struct err_detail detail;
};

void live_record(struct live *l, struct live_session *s, const struct engine_bundle *bundle)
{
    struct bundle_reader reader;
    struct packet packet;
    enum err e = bundle_open(&reader, bundle->payload);

    if (e == ERR_OK && reader.count > 0 && s->packets == 0)
        e = oggfile_new(l->config.media_dir, PRESKIP_SAMPLES, &s->recording, NULL);
    while (e == ERR_OK && s->recording != NULL && bundle_next(&reader, &packet) == ERR_OK) {
        s->packets++;
        e = oggfile_add(s->recording, packet.payload, NULL);
    }
    if (e == ERR_OK)
        return;
    log_event(LOG_ERROR, "live.not_recorded", "broadcast=%llu error=%s",
              (unsigned long long)s->id.v, err_name(e));
    oggfile_free(s->recording);
    s->recording = NULL;
}

static void finish(void *arg)
{
    struct keeping *k = arg;
    struct media_id id;
    bool known;

    k->result = oggfile_finish(k->file, k->samples, &id, &k->size_bytes, &known, &k->detail);
    if (k->result == ERR_OK)
        k->result = aircheck_measure(k->live->config.media_dir, &id, &k->info, &k->detail);
    oggfile_free(k->file);
}

static void finished(void *arg)
{
    struct keeping *k = arg;
    const struct live_config *c = &k->live->config;
    enum err e = k->result;

    if (e == ERR_OK) {
        memcpy(k->info.title, k->title, sizeof(k->info.title));
        snprintf(k->info.source_name, sizeof(k->info.source_name), "broadcast %llu",
                 (unsigned long long)k->id.v);
        k->info.size_bytes = k->size_bytes;
        k->info.created_us = c->now_us(c->ctx);
        k->info.created_by = k->user;
        e = store_media_add(c->db, &k->info);
    }
    if (e == ERR_OK || e == ERR_EXISTS)
        e = store_live_set_recording(c->db, k->id, &k->info.id);
    if (e == ERR_OK)
        log_event(LOG_INFO, "live.recorded", "broadcast=%llu duration_ms=%u",
                  (unsigned long long)k->id.v, k->info.duration_ms);
    else
        log_event(LOG_ERROR, "live.not_recorded", "broadcast=%llu error=%s detail=%s",
                  (unsigned long long)k->id.v, err_name(e), LOG_TEXT(k->detail.text));
    free(k);
}

void live_record_end(struct live *l, struct live_session *s)
{
    struct keeping *k;

    if (s->recording == NULL)
        return;
    k = calloc(1, sizeof(*k));
    if (k == NULL) {
        oggfile_free(s->recording);
        return;
    }
    *k = (struct keeping){.live = l,
                          .id = s->id,
                          .file = s->recording,
                          .samples = s->packets * PACKET_SAMPLES - PRESKIP_SAMPLES,
                          .user = s->user};
    memcpy(k->title, s->title, sizeof(k->title));
    s->recording = NULL;
    if (l->closed || jobs_run(l->config.jobs, finish, finished, k) != ERR_OK) {
        finish(k);
        finished(k);
    }
}
