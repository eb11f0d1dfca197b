#include "api_password.h"

#include <stdlib.h>
#include <string.h>

struct password_job *password_job_new(password_then then)
{
    struct password_job *job = calloc(1, sizeof(*job));

    if (job != NULL)
        job->then = then;
    return job;
}

void password_job_free(struct password_job *job)
{
    if (job == NULL)
        return;
    explicit_bzero(job->password, sizeof(job->password));
    explicit_bzero(job->next_password, sizeof(job->next_password));
    free(job->call);
    free(job);
}

static void work(void *arg)
{
    struct password_job *job = arg;

    if (job->work == PASSWORD_HASH) {
        job->result = secret_hash(job->password, job->user.password_hash);
        return;
    }
    job->is_right = secret_verify(job->user.password_hash, job->password);
    if (job->work == PASSWORD_REPLACE && job->is_right)
        job->result = secret_hash(job->next_password, job->user.password_hash);
}

static void done(void *arg)
{
    struct password_job *job = arg;
    struct call *c = job->call;
    enum err e = job->result;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    if (e == ERR_OK)
        e = job->then(c, job);
    call_finish(c, e);
    password_job_free(job);
}

enum err password_job_start(struct password_job *job, enum password_work what, struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    enum err e;

    job->work = what;
    job->call = call_keep(c);
    if (job->call == NULL) {
        password_job_free(job);
        return ERR_NOMEM;
    }
    json_decref(job->call->body); /* it holds the password */
    job->call->body = NULL;
    e = ports->run_in_worker(ports->ctx, work, done, job);
    if (e == ERR_OK)
        return ERR_MORE;
    password_job_free(job);
    return err_set(&c->detail, e, "Too many people sign in at once; try again in a moment.");
}
