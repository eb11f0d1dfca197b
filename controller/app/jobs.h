/* jobs.h - work that would hold the loop up, done on libuv's worker threads: imports, password hashes.
 *
 * There are two kinds. Short ones (a password) begin at once. Long ones (an import) occupy at most
 * JOBS_LONG_RUNNING workers, the others wait in order: libuv has four, so a login never waits for an
 * import. Long ones that are urgent (an alert's speech) go before the others and have a further worker.
 * At most JOBS_MAX of a kind wait or run; further ones are ERR_BUSY, so that a burst of uploads
 * cannot eat the memory. Each job's `done` runs on the loop, once, also at shutdown. Thread: main. */
#ifndef LOA_JOBS_H
#define LOA_JOBS_H

#include <uv.h>

#include "api.h"
#include "err.h"
#include "import.h"

#define JOBS_MAX 32
#define JOBS_LONG_RUNNING 2

struct jobs;

struct jobs_config {
    uv_loop_t *loop;
    struct import_config import; /* copied; its texts are borrowed */
    const char *media_dir; /* borrowed */
    usec_t (*now_us)(void *ctx);
    void *ctx;
};

MUST_USE enum err jobs_new(const struct jobs_config *config, struct jobs **ret_jobs);

/* Ask running imports to stop. Then run the loop until it is empty, then jobs_free(). */
void jobs_cancel(struct jobs *j);
void jobs_free(struct jobs *j);

/* Set by jobs_cancel(); long work of other modules looks at it. Lives as long as the jobs. */
const atomic_bool *jobs_cancel_flag(const struct jobs *j);

/* Run work(arg) on a worker, then done(arg) on the loop. ERR_BUSY */
MUST_USE enum err jobs_run(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                           void *arg);

/* Likewise for what takes longer than a password hash. ERR_BUSY */
MUST_USE enum err jobs_run_long(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                                void *arg);

/* Likewise, before all that are not urgent; ERR_BUSY only when 2 * JOBS_MAX wait. */
MUST_USE enum err jobs_run_urgent(struct jobs *j, void (*work)(void *arg), void (*done)(void *arg),
                                  void *arg);

/* Import the upload at `path`, remove the upload; `cue` NULL: as it is; done() keeps what is known of it; see
 * struct api_ports. */
MUST_USE enum err jobs_import(struct jobs *j, const char *path, const char *title,
                              const char *source_name, const struct cue *cue, struct user_id user,
                              bool urgent, api_import_done done, void *arg,
                              struct err_detail *detail);

#endif
