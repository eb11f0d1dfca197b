#include "jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "log.h"
#include "store_media.h"

struct jobs {
    struct jobs_config config;
    size_t busy;
    atomic_bool cancelled;
};

struct job {
    uv_work_t work;
    struct jobs *jobs;
    void (*run)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct import_job {
    struct jobs *jobs;
    char path[PATH_MAX];
    struct media_info info;
    char title[sizeof(((struct media_info *)0)->title)];
    char source_name[sizeof(((struct media_info *)0)->source_name)];
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

void jobs_free(struct jobs *j)
{
    CHECK(j == NULL || j->busy == 0);
    free(j);
}

static void on_work(uv_work_t *work)
{
    struct job *job = work->data;

    job->run(job->arg);
}

static void on_done(uv_work_t *work, int status)
{
    struct job *job = work->data;

    (void)status; /* jobs are never cancelled while queued: each one runs */
    job->jobs->busy--;
    job->done(job->arg);
    free(job);
}

enum err jobs_run(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct job *job;

    if (j->busy == JOBS_MAX)
        return ERR_BUSY;
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return ERR_NOMEM;
    *job = (struct job){.jobs = j, .run = work, .done = done, .arg = arg};
    job->work.data = job;
    if (uv_queue_work(j->config.loop, &job->work, on_work, on_done) != 0) {
        free(job);
        return ERR_NOMEM;
    }
    j->busy++;
    return ERR_OK;
}

static void import_work(void *arg)
{
    struct import_job *job = arg;

    job->result = import_file(&job->jobs->config.import, job->path, job->jobs->config.media_dir,
                              &job->jobs->cancelled, &job->info, &job->known, &job->detail);
}

/* The file is in its place; only now may the database speak of it. */
static void add_to_store(struct import_job *job)
{
    struct jobs *j = job->jobs;
    struct media_info stored;
    enum err e;

    memcpy(job->info.title, job->title, sizeof(job->info.title));
    memcpy(job->info.source_name, job->source_name, sizeof(job->info.source_name));
    job->info.created_us = j->config.now_us(j->config.ctx);
    job->info.created_by = job->user;
    e = store_media_add(j->config.db, &job->info);
    if (e == ERR_EXISTS && store_media_get(j->config.db, &job->info.id, &stored) == ERR_OK) {
        job->info = stored;
        e = ERR_OK;
    }
    job->result = db_explain(j->config.db, e, &job->detail);
}

static void import_done(void *arg)
{
    struct import_job *job = arg;

    unlink(job->path);
    if (job->result == ERR_OK)
        add_to_store(job);
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
                     struct user_id user, api_import_done done, void *arg,
                     struct err_detail *detail)
{
    struct import_job *job = calloc(1, sizeof(*job));
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    *job = (struct import_job){.jobs = j, .user = user, .done = done, .arg = arg};
    snprintf(job->path, sizeof(job->path), "%s", path);
    snprintf(job->title, sizeof(job->title), "%s", title);
    snprintf(job->source_name, sizeof(job->source_name), "%s", source_name);
    e = jobs_run(j, import_work, import_done, job);
    if (e != ERR_OK) {
        free(job);
        return err_set(detail, e, "Too many imports wait already; try again in a minute");
    }
    return ERR_OK;
}
