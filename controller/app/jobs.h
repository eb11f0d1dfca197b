/* jobs.h - work that would hold the loop up, done on libuv's worker threads: imports, password hashes.
 *
 * At most JOBS_MAX wait or run; further ones are ERR_BUSY, so that a burst of uploads cannot eat the
 * memory. Each job's `done` runs on the loop, once, also at shutdown. Thread: main. */
#ifndef LOA_JOBS_H
#define LOA_JOBS_H

#include <uv.h>

#include "api.h"
#include "db.h"
#include "err.h"
#include "import.h"

#define JOBS_MAX 32

struct jobs;

struct jobs_config {
    uv_loop_t *loop;
    struct db *db; /* imported media are added here */
    struct import_config import; /* copied; its texts are borrowed */
    const char *media_dir; /* borrowed */
    usec_t (*now_us)(void *ctx);
    void *ctx;
};

MUST_USE enum err jobs_new(const struct jobs_config *config, struct jobs **ret_jobs);

/* Ask running imports to stop. Then run the loop until it is empty, then jobs_free(). */
void jobs_cancel(struct jobs *j);
void jobs_free(struct jobs *j);

/* Run work(arg) on a worker, then done(arg) on the loop. ERR_BUSY */
MUST_USE enum err jobs_run(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                           void *arg);

/* Import the upload at `path`, add it to the store, remove the upload; see struct api_ports. */
MUST_USE enum err jobs_import(struct jobs *j, const char *path, const char *title,
                              const char *source_name, struct user_id user, api_import_done done,
                              void *arg, struct err_detail *detail);

#endif
