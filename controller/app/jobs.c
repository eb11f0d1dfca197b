#include "jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "log.h"

struct job;

struct jobs {
    struct jobs_config config;
    size_t short_count; /* on workers, or waiting for one at libuv */
    size_t long_count; /* likewise, and those in the list */
    size_t long_running;
    struct job *first_waiting, *last_waiting;
    atomic_bool cancelled;
};

struct job {
    uv_work_t work;
    struct jobs *jobs;
    void (*run)(void *arg);
    void (*done)(void *arg);
    void *arg;
    bool is_long;
    bool urgent;
    struct job *next_waiting;
};

struct import_job {
    struct jobs *jobs;
    char path[PATH_MAX];
    struct media_info info;
    char title[sizeof(((struct media_info *)0)->title)];
    char source_name[sizeof(((struct media_info *)0)->source_name)];
    struct cue cue;
    struct user_id user;
    bool known;
    enum err result;
    struct err_detail detail;
    api_import_done done;
    void *arg;
};

enum err jobs_new(const struct jobs_config *config, struct jobs **ret_jobs)
{
    struct jobs *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return ERR_NOMEM;
    j->config = *config;
    *ret_jobs = j;
    return ERR_OK;
}

void jobs_cancel(struct jobs *j)
{
    atomic_store(&j->cancelled, true);
}

const atomic_bool *jobs_cancel_flag(const struct jobs *j)
{
    return &j->cancelled;
}

void jobs_free(struct jobs *j)
{
    CHECK(j == NULL || (j->short_count == 0 && j->long_count == 0));
    free(j);
}

static void on_work(uv_work_t *work)
{
    struct job *job = work->data;

    job->run(job->arg);
}

static void on_done(uv_work_t *work, int status);

static void begin(struct job *job)
{
    /* It can only refuse a job without a function. */
    CHECK(uv_queue_work(job->jobs->config.loop, &job->work, on_work, on_done) == 0);
}

static void begin_waiting(struct jobs *j)
{
    while (j->first_waiting != NULL &&
           j->long_running < JOBS_LONG_RUNNING + (j->first_waiting->urgent ? 1U : 0U)) {
        struct job *job = j->first_waiting;

        j->first_waiting = job->next_waiting;
        if (j->first_waiting == NULL)
            j->last_waiting = NULL;
        j->long_running++;
        begin(job);
    }
}

static void on_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct jobs *j = job->jobs;

    (void)status; /* jobs are never cancelled while queued: each one runs */
    if (job->is_long) {
        j->long_count--;
        j->long_running--;
        begin_waiting(j);
    } else {
        j->short_count--;
    }
    job->done(job->arg);
    free(job);
}

static struct job *make_job(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                            void *arg)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job != NULL) {
        *job = (struct job){.jobs = j, .run = work, .done = done, .arg = arg};
        job->work.data = job;
    }
    return job;
}

enum err jobs_run(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct job *job;

    if (j->short_count == JOBS_MAX)
        return ERR_BUSY;
    job = make_job(j, work, done, arg);
    if (job == NULL)
        return ERR_NOMEM;
    j->short_count++;
    begin(job);
    return ERR_OK;
}

/* Behind those that are as urgent. */
static void put_waiting(struct jobs *j, struct job *job)
{
    struct job **at = &j->first_waiting;

    if (!job->urgent && j->last_waiting != NULL)
        at = &j->last_waiting->next_waiting;
    while (*at != NULL && (*at)->urgent)
        at = &(*at)->next_waiting;
    job->next_waiting = *at;
    *at = job;
    if (job->next_waiting == NULL)
        j->last_waiting = job;
}

static enum err run_long(struct jobs *j, bool urgent, void (*work)(void *arg),
                         void (*done)(void *arg), void *arg)
{
    struct job *job;

    if (j->long_count >= (urgent ? 2 * JOBS_MAX : JOBS_MAX))
        return ERR_BUSY;
    job = make_job(j, work, done, arg);
    if (job == NULL)
        return ERR_NOMEM;
    job->is_long = true;
    job->urgent = urgent;
    j->long_count++;
    put_waiting(j, job);
    begin_waiting(j);
    return ERR_OK;
}

enum err jobs_run_long(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    return run_long(j, false, work, done, arg);
}

enum err jobs_run_urgent(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                         void *arg)
{
    return run_long(j, true, work, done, arg);
}

static void import_work(void *arg)
{
    struct import_job *job = arg;

    struct import_config config = job->jobs->config.import;

    config.cue = job->cue;
    job->result = import_file(&config, job->path, job->jobs->config.media_dir,
                              &job->jobs->cancelled, &job->info, &job->known, &job->detail);
}

static void import_done(void *arg)
{
    struct import_job *job = arg;

    unlink(job->path);
    memcpy(job->info.title, job->title, sizeof(job->info.title));
    memcpy(job->info.source_name, job->source_name, sizeof(job->info.source_name));
    job->info.created_us = job->jobs->config.now_us(job->jobs->config.ctx);
    job->info.created_by = job->user;
    if (job->result == ERR_OK)
        log_event(LOG_INFO, "media.imported", "duration_ms=%u loudness_mlufs=%d known=%d",
                  job->info.duration_ms, job->info.loudness_mlufs, job->known);
    else
        log_event(LOG_WARN, "media.refused", "error=%s detail=%s", err_name(job->result),
                  LOG_TEXT(job->detail.text));
    job->done(job->arg, job->result, &job->info, &job->detail);
    free(job);
}

enum err jobs_import(struct jobs *j, const char *path, const char *title, const char *source_name,
                     const struct cue *cue, struct user_id user, bool urgent, api_import_done done,
                     void *arg, struct err_detail *detail)
{
    struct import_job *job = calloc(1, sizeof(*job));
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    *job = (struct import_job){.jobs = j, .user = user, .done = done, .arg = arg};
    if (cue != NULL)
        job->cue = *cue;
    snprintf(job->path, sizeof(job->path), "%s", path);
    snprintf(job->title, sizeof(job->title), "%s", title);
    snprintf(job->source_name, sizeof(job->source_name), "%s", source_name);
    e = run_long(j, urgent, import_work, import_done, job);
    if (e != ERR_OK) {
        free(job);
        return err_set(detail, e, "Too many imports wait already; try again in a minute");
    }
    return ERR_OK;
}
