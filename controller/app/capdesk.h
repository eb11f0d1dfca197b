/* capdesk.h - CAP messages from outside: judged on a worker, then stored and acted on in one transaction.
 *
 * What a message causes is in the database before anything sounds, and before whoever brought it is told: when
 * the station dies before, it is brought again; when it dies after, it is a duplicate. Thread: main. */
#ifndef LOA_CAPDESK_H
#define LOA_CAPDESK_H

#include "alertdesk.h"
#include "api.h"
#include "cap_policy.h"
#include "caprecording.h"
#include "jobs.h"

struct capdesk;

struct capdesk_config {
    struct db *db;
    struct jobs *jobs;
    struct alertdesk *alertdesk;
    const struct relay_config *addresses; /* that recordings may be fetched from */
    const char *scratch_dir; /* for them */
    uv_loop_t *loop;
    const char
        *policy_path; /* "": the default policy, which takes nothing unsigned and knows no signer */
    usec_t (*now_us)(void *ctx);
    void (*changed)(void *ctx); /* something begins or ends: let the on-air desk work */
    void *ctx;
};

/* Read the policy and make it; borrows what the config points to.
 *
 * ERR_*  of cap_policy_read(), ERR_NOT_FOUND for the file itself; detail names file and fault */
MUST_USE enum err capdesk_new(const struct capdesk_config *config, struct capdesk **ret_desk,
                              struct err_detail *detail);

/* Begin to end; then run the loop until it is empty, then free. NULL is harmless in both; when it is freed, no
 * job may be under way, and the desk of alerts still lives. */
void capdesk_close(struct capdesk *d);
void capdesk_free(struct capdesk *d);

/* Take in one message.
 *
 *   message  copied
 *   source   of the policy
 *   by       who brought it, id 0: the station fetched it; copied
 *   done     once, later, from the loop
 *
 * ERR_LIMIT  larger than CAP_BYTES_MAX; ERR_BUSY  too much waits */
MUST_USE enum err capdesk_take(struct capdesk *d, struct bytes message, const char *source,
                               const struct user *by, api_cap_done done, void *arg,
                               struct err_detail *detail);

/* A person lets a message of the inbox sound, or end what it refers to; judged anew, as of now.
 *
 * ERR_NOT_FOUND  no such message; ERR_STATE  it does not wait */
MUST_USE enum err capdesk_release(struct capdesk *d, uint64_t id, const struct user *by,
                                  api_cap_done done, void *arg, struct err_detail *detail);

const struct cap_policy *capdesk_policy(const struct capdesk *d);

#endif
