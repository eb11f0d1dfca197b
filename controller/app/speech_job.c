#include "speech_job.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct speech_job {
    struct jobs *jobs;
    struct src_speech_config config;
    struct api_speech speech; /* its text is our own copy */
    char *text;
    const char *scratch_dir;
    char path[PATH_MAX];
    enum err result;
    struct err_detail detail;
    api_import_done done;
    void *arg;
};

static void speak(void *arg)
{
    struct speech_job *job = arg;
    const struct src_speech_request request = {
        .text = job->text, .voice = job->speech.voice, .speed = job->speech.speed};

    job->result =
        src_speech(&job->config, &request, job->scratch_dir, job->path, NULL, &job->detail);
}

static void spoken(void *arg)
{
    struct speech_job *job = arg;
    enum err e = job->result;

    if (e == ERR_OK) {
        e = jobs_import(job->jobs, job->path, job->speech.title, "", NULL, job->speech.user,
                        job->speech.urgent, job->done, job->arg, &job->detail);
        if (e != ERR_OK)
            unlink(job->path);
    }
    if (e != ERR_OK)
        job->done(job->arg, e, NULL, &job->detail);
    free(job->text);
    free(job);
}

enum err speech_job_start(struct jobs *jobs, const struct src_speech_config *config,
                          const char *scratch_dir, const struct api_speech *speech,
                          api_import_done done, void *arg, struct err_detail *detail)
{
    static unsigned count;
    struct speech_job *job = calloc(1, sizeof(*job));
    enum err e = ERR_NOMEM;

    if (job == NULL)
        return e;
    *job = (struct speech_job){
        .jobs = jobs,
        .config = *config,
        .speech = *speech,
        .text = strdup(speech->text),
        .scratch_dir = scratch_dir,
        .done = done,
        .arg = arg,
    };
    snprintf(job->path, sizeof(job->path), "%s/spoken-%u.wav", scratch_dir, ++count);
    if (job->text != NULL)
        e = speech->urgent ? jobs_run_urgent(jobs, speak, spoken, job)
                           : jobs_run_long(jobs, speak, spoken, job);
    if (e == ERR_BUSY)
        err_set(detail, e, "Too many imports wait already; try again in a minute.");
    if (e != ERR_OK) {
        free(job->text);
        free(job);
    }
    return e;
}
