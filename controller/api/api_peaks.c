/* The shape of a recording, for people who look at it. */
#include <stdlib.h>
#include <string.h>

#include "api_media.h"
#include "peaks.h"
#include "store_media.h"

#define COUNT 800 /* when nothing is said */
#define AT_ONCE 2 /* others need the workers, too */

struct job {
    struct call *call;
    struct media_info media;
    const char *media_dir;
    size_t count;
    enum err result;
    struct err_detail detail;
    uint8_t peaks[PEAKS_MAX];
};

static void work(void *arg)
{
    struct job *job = arg;

    job->result =
        peaks_measure(job->media_dir, &job->media.id, job->count, job->peaks, &job->detail);
}

static void done(void *arg)
{
    struct job *job = arg;
    struct call *c = job->call;
    json_t *peaks = json_array();
    enum err e = job->result;

    c->api->peaks_running--;
    c->detail = job->detail;
    for (size_t i = 0; i < job->count; i++)
        json_array_append_new(peaks, json_integer(job->peaks[i]));
    if (e == ERR_OK)
        e = call_out(c, 200,
                     json_pack("{s:s, s:I, s:O}", "sha256", c->param[0], "duration_ms",
                               (json_int_t)job->media.duration_ms, "peaks", peaks));
    json_decref(peaks);
    call_finish(c, e);
    free(c);
    free(job);
}

enum err api_media_peaks(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct media_info media;
    uint64_t count = COUNT;
    struct job *job;
    enum err e = api_media_find(c, &media);

    if (e == ERR_OK)
        e = call_query_number(c, "count", &count);
    if (e == ERR_NOT_FOUND && c->detail.text[0] == '\0')
        e = ERR_OK;
    if (e == ERR_FORMAT || (e == ERR_OK && (count < 1 || count > PEAKS_MAX)))
        return err_set(&c->detail, ERR_FORMAT, "?count= takes 1 to %d.", PEAKS_MAX);
    if (e != ERR_OK)
        return e;
    if (c->api->peaks_running == AT_ONCE)
        return err_set(&c->detail, ERR_BUSY, "Others look at recordings; try again in a moment.");
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return ERR_NOMEM;
    job->media = media;
    job->media_dir = ports->media_dir;
    job->count = (size_t)count;
    job->call = call_keep(c);
    e = job->call != NULL ? ports->run_in_worker(ports->ctx, work, done, job) : ERR_NOMEM;
    if (e != ERR_OK) {
        free(job->call);
        free(job);
        return e;
    }
    c->api->peaks_running++;
    return ERR_MORE;
}
