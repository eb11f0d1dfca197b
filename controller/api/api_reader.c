#include "api_reader.h"

#include <stdlib.h>

static void end_task(const struct reading *task)
{
    if (task->end != NULL)
        task->end(task->about);
}

static void drop(struct reading *r)
{
    if (r->call != NULL) {
        r->call->api->readers--;
        r->call->api->reading_all = r->call->api->reading_all && !r->alone;
    }
    db_close(r->view);
    end_task(r);
    free(r->call);
    free(r);
}

static void work(void *arg)
{
    struct reading *r = arg;

    r->read(r);
}

static void done(void *arg)
{
    struct reading *r = arg;
    struct call *c = r->call;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    c->detail = r->detail;
    call_finish(c, r->then(c, r));
    drop(r);
}

static enum err check_free(struct call *c, bool alone)
{
    if (alone && c->api->reading_all)
        return err_set(&c->detail, ERR_BUSY,
                       "The database is being read already; try again in a minute.");
    if (c->api->readers == API_READERS_MAX)
        return err_set(&c->detail, ERR_BUSY,
                       "Too much is being done at once; try again in a moment.");
    return ERR_OK;
}

/* Once it has a call it is counted. */
static enum err keep_call(struct call *c, struct reading *r)
{
    r->call = call_keep(c);
    if (r->call == NULL)
        return ERR_NOMEM;
    c->api->readers++;
    c->api->reading_all = c->api->reading_all || r->alone;
    return ERR_OK;
}

enum err api_reader_start(struct call *c, const struct reading *task)
{
    const struct api_ports *ports = &c->api->ports;
    struct reading *r = calloc(1, sizeof(*r));
    enum err e = r != NULL ? check_free(c, task->alone) : ERR_NOMEM;

    if (e != ERR_OK) {
        end_task(task);
        free(r);
        return e;
    }
    *r = *task;
    e = db_view(ports->db, &r->view);
    if (e == ERR_OK)
        e = keep_call(c, r);
    if (e == ERR_OK)
        e = ports->run_in_worker(ports->ctx, work, done, r);
    if (e == ERR_OK)
        return ERR_MORE;
    drop(r);
    return e == ERR_BUSY
               ? err_set(&c->detail, e, "Too much is being done at once; try again in a moment.")
               : e;
}

static void back_up(struct reading *r)
{
    r->result = db_backup(r->view, r->about, r->call->api->ports.stopping, &r->detail);
}

enum err api_reader_backup(struct call *c, enum err (*then)(struct call *c, struct reading *r),
                           char *path)
{
    const struct reading task = {
        .read = back_up, .then = then, .about = path, .end = free, .alone = true};
    enum err e = check_free(c, true);

    if (e == ERR_OK)
        e = call_begin(c);
    /* Before the copy, so that the copy tells of itself. */
    if (e == ERR_OK)
        e = call_end(c, call_journal(c, "station.backup", NULL, "station"));
    if (e != ERR_OK) {
        free(path);
        return e;
    }
    return api_reader_start(c, &task);
}
