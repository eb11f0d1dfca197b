#include "caprecording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cap_intake.h"
#include "cap_resource.h"
#include "log.h"
#include "relay_fetch.h"
#include "store_alert_message.h"
#include "store_alert_sound.h"

#define CANDIDATES_MAX 4
#define THREADS 4 /* a host that stalls holds up one */

struct request {
    struct request *next;
    struct cap_verdict *verdict;
    char title[BULLETIN_TITLE_SIZE];
    struct user_id user;
    char path[PATH_MAX]; /* of what was found */
    enum err result;
    struct err_detail detail;
    struct alertdesk *alertdesk;
    uint64_t alert;
};

struct caprecording {
    struct caprecording_config config;
    uv_thread_t threads[THREADS];
    size_t thread_count;
    uv_async_t async;
    uv_mutex_t lock;
    uv_cond_t cond;
    atomic_bool stop;
    bool closing;
    size_t count; /* taken and not told yet; main thread */
    unsigned files;
    struct request *waiting; /* under the lock, oldest first */
    struct request *found; /* under the lock */
};

static void request_free(struct request *q)
{
    cap_verdict_free(q->verdict);
    free(q);
}

static void append(struct request **list, struct request *q)
{
    while (*list != NULL)
        list = &(*list)->next;
    q->next = NULL;
    *list = q;
}

static struct request *take_first(struct request **list)
{
    struct request *q = *list;

    if (q != NULL)
        *list = q->next;
    return q;
}

/* ---- the threads that fetch ---- */

static enum err write_file(const char *path, struct bytes data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t at = 0;

    if (fd < 0)
        return ERR_IO;
    while (at < data.len) {
        ssize_t n = write(fd, data.data + at, data.len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (close(fd) == 0 && at == data.len)
        return ERR_OK;
    unlink(path);
    return ERR_IO;
}

static enum err fetch(struct caprecording *r, const struct cap_resource *resource, const char *path,
                      struct err_detail *detail)
{
    const struct cap_policy *policy = r->config.policy;
    const struct relay_fetch_document document = {
        .url = resource->uri,
        .max_bytes = policy->resource_max_bytes,
        .timeout_ms = (int)policy->resource_timeout_s * 1000,
        .ca_path = policy->resource_ca,
        .strict = true,
    };
    int64_t since_s = 0;
    char *data = NULL;
    size_t len = 0;
    enum err e = cap_resource_uri(policy, resource->uri);

    if (e == ERR_OK && resource->digest == NULL)
        e = ERR_AUTH; /* whatever came could not be used */
    if (e == ERR_OK)
        e = relay_fetch_whole(r->config.addresses, &document, &r->stop, &since_s, &data, &len,
                              detail);
    if (e == ERR_OK)
        e = cap_resource_fetched(resource, bytes_of(data, len));
    if (e == ERR_OK)
        e = write_file(path, bytes_of(data, len));
    free(data);
    return e;
}

/* What is inline needs no network, so it is tried first. */
static enum err obtain(struct caprecording *r, struct request *q,
                       const struct cap_resource *resource)
{
    struct bytes data;
    enum err e = cap_resource_inline(resource, r->config.policy, &q->verdict->alert->arena, &data);

    if (e == ERR_OK)
        return write_file(q->path, data);
    return resource->uri != NULL && e == ERR_NOT_FOUND ? fetch(r, resource, q->path, &q->detail)
                                                       : e;
}

static void look(struct caprecording *r, struct request *q)
{
    const struct cap_resource *candidates[CANDIDATES_MAX];
    size_t count = cap_intake_recordings(q->verdict, candidates, CANDIDATES_MAX);

    q->result = ERR_NOT_FOUND;
    for (size_t i = 0; i < count && q->result != ERR_OK && !atomic_load(&r->stop); i++) {
        q->result = obtain(r, q, candidates[i]);
        if (q->result != ERR_OK)
            log_event(LOG_WARN, "cap.recording_refused", "error=%s uri=%s detail=%s",
                      err_name(q->result),
                      LOG_TEXT(candidates[i]->uri != NULL ? candidates[i]->uri : "inline"),
                      LOG_TEXT(q->detail.text));
    }
}

static void run(void *arg)
{
    struct caprecording *r = arg;

    uv_mutex_lock(&r->lock);
    while (!atomic_load(&r->stop)) {
        struct request *q = take_first(&r->waiting);

        if (q == NULL) {
            uv_cond_wait(&r->cond, &r->lock);
            continue;
        }
        uv_mutex_unlock(&r->lock);
        look(r, q);
        uv_mutex_lock(&r->lock);
        append(&r->found, q);
        uv_async_send(&r->async);
    }
    uv_mutex_unlock(&r->lock);
}

/* ---- the main thread ---- */

static void imported(void *arg, enum err result, const struct media_info *info,
                     const struct err_detail *detail)
{
    struct request *q = arg;

    (void)detail; /* is in the log */
    alertdesk_recording(q->alertdesk, q->alert, result, info);
    request_free(q);
}

static void hand_over(struct caprecording *r, struct request *q)
{
    enum err e = q->result;

    if (e == ERR_OK)
        e = jobs_import(r->config.jobs, q->path, q->title, "", NULL, q->user, true, imported, q,
                        &q->detail);
    if (e == ERR_OK)
        return;
    unlink(q->path);
    imported(q, e, NULL, &q->detail);
}

static void on_found(uv_async_t *async)
{
    struct caprecording *r = async->data;

    for (;;) {
        struct request *q;

        uv_mutex_lock(&r->lock);
        q = r->closing ? NULL : take_first(&r->found);
        uv_mutex_unlock(&r->lock);
        if (q == NULL)
            return;
        r->count--;
        hand_over(r, q);
    }
}

enum err caprecording_new(const struct caprecording_config *config,
                          struct caprecording **ret_recording)
{
    struct caprecording *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return ERR_NOMEM;
    r->config = *config;
    if (uv_mutex_init(&r->lock) != 0) {
        free(r);
        return ERR_NOMEM;
    }
    uv_cond_init(&r->cond);
    uv_async_init(config->loop, &r->async, on_found);
    r->async.data = r;
    while (r->thread_count < THREADS && uv_thread_create(&r->threads[r->thread_count], run, r) == 0)
        r->thread_count++;
    if (r->thread_count < THREADS) {
        caprecording_close(r);
        uv_run(config->loop, UV_RUN_NOWAIT);
        caprecording_free(r);
        return ERR_IO;
    }
    *ret_recording = r;
    return ERR_OK;
}

enum err caprecording_start(struct caprecording *r, struct cap_verdict *v, uint64_t alert,
                            const char *title, struct user_id user)
{
    const struct cap_resource *first;
    struct request *q;

    if (cap_intake_recordings(v, &first, 1) == 0)
        return ERR_NOT_FOUND;
    if (r->count == CAPRECORDING_MAX)
        return ERR_BUSY;
    q = calloc(1, sizeof(*q));
    if (q == NULL)
        return ERR_NOMEM;
    q->verdict = v;
    q->user = user;
    q->alertdesk = r->config.alertdesk;
    q->alert = alert;
    snprintf(q->title, sizeof(q->title), "%s", title);
    snprintf(q->path, sizeof(q->path), "%s/came-%u", r->config.scratch_dir, ++r->files);
    r->count++;
    uv_mutex_lock(&r->lock);
    append(&r->waiting, q);
    uv_cond_signal(&r->cond);
    uv_mutex_unlock(&r->lock);
    return ERR_OK;
}

/* One that the station still waited for when it ended, if it may be used as the policy is now. */
static enum err resume_one(struct caprecording *r, struct db *db, const struct alert *a,
                           usec_t now_us)
{
    struct alertmessage m;
    struct cap_verdict *v = NULL;
    char *described = NULL, *data = NULL;
    size_t len = 0;
    enum err e = store_alert_message_of(db, a->id, &m);

    if (e == ERR_OK)
        e = store_alert_message_texts(db, m.id, &described, &data, &len);
    if (e == ERR_OK)
        e = cap_check(bytes_of(data, len), r->config.policy, m.source, now_us, &v);
    free(described);
    free(data);
    if (e == ERR_OK && v->result != CAP_REJECTED &&
        caprecording_start(r, v, a->id, a->title, a->author) == ERR_OK) {
        alertdesk_await_recording(r->config.alertdesk, a->id);
        return ERR_OK;
    }
    cap_verdict_free(v);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err caprecording_resume(struct caprecording *r, struct db *db, usec_t now_us)
{
    struct alert *rows = calloc(ALERTDESK_MAX, sizeof(*rows));
    struct db_page page = {0};
    size_t count = 0;
    enum err e = rows != NULL ? store_alert_sound_list(db, true, &page, rows, ALERTDESK_MAX, &count)
                              : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        if (rows[i].priority != PRIORITY_NONE && rows[i].media_ms == 0)
            e = resume_one(r, db, &rows[i], now_us);
    }
    free(rows);
    return e;
}

void caprecording_close(struct caprecording *r)
{
    if (r == NULL || r->closing)
        return;
    r->closing = true;
    uv_mutex_lock(&r->lock);
    atomic_store(&r->stop, true);
    uv_cond_broadcast(&r->cond);
    uv_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->thread_count; i++)
        uv_thread_join(&r->threads[i]);
    uv_close((uv_handle_t *)&r->async, NULL);
}

void caprecording_free(struct caprecording *r)
{
    struct request *q;

    if (r == NULL)
        return;
    while ((q = take_first(&r->waiting)) != NULL || (q = take_first(&r->found)) != NULL)
        request_free(q);
    uv_cond_destroy(&r->cond);
    uv_mutex_destroy(&r->lock);
    free(r);
}
