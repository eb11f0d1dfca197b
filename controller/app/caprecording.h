/* caprecording.h - recordings that come with CAP messages: decoded or fetched by threads of their own, then
 * imported like any upload.
 *
 * A slow host keeps nobody waiting; whoever asks goes on without a recording after a while (alertdesk.h). Thread:
 * main; the threads inside touch the messages that they were given, and files. */
#ifndef LOA_CAPRECORDING_H
#define LOA_CAPRECORDING_H

#include "alertdesk.h"
#include "cap_check.h"
#include "jobs.h"
#include "relay_net.h"

#define CAPRECORDING_MAX 32 /* waiting at a time */

struct caprecording;

struct caprecording_config {
    uv_loop_t *loop;
    struct jobs *jobs;
    struct alertdesk *alertdesk; /* is told */
    const struct cap_policy *policy;
    const struct relay_config *addresses; /* that may be connected to; borrowed, as all here */
    const char *scratch_dir; /* existing */
};

MUST_USE enum err caprecording_new(const struct caprecording_config *config,
                                   struct caprecording **ret_recording);

/* Find a recording that may be used among those of the message, and import it; alertdesk_recording() follows, from
 * the loop.
 *
 *   v      taken when ERR_OK is returned
 *   alert  that the message became
 *
 * ERR_NOT_FOUND  it brings none; ERR_BUSY  CAPRECORDING_MAX wait */
MUST_USE enum err caprecording_start(struct caprecording *r, struct cap_verdict *v, uint64_t alert,
                                     const char *title, struct user_id user);

/* After a restart: begin again for the open alerts of the store that have no message to sound yet. */
MUST_USE enum err caprecording_resume(struct caprecording *r, struct db *db, usec_t now_us);

/* Ends the threads; then run the loop until it is empty, then free. NULL is harmless in both. */
void caprecording_close(struct caprecording *r);
void caprecording_free(struct caprecording *r);

#endif
