/* api.h - the HTTP API: requests become calls of the store, the core and the running station.
 *
 * No socket and no SQL here: requests come as struct web_request, answers leave through
 * ports.answer(). The table in routes.h says which route exists and who may call it; openapi.yaml is
 * tested against it. Every change and its journal entry are one transaction.
 * Thread: main. */
#ifndef LOA_API_H
#define LOA_API_H

#include "broadcast.h"
#include "err.h"
#include "library.h"
#include "registry.h"
#include "station.h"
#include "units.h"
#include "web.h"

struct api;
struct db;

/* How an import ended; on ERR_OK info is the stored media (also when the same sound was there before),
 * otherwise detail says what is wrong with the file. Both are valid during the call only. */
typedef void (*api_import_done)(void *arg, enum err result, const struct media_info *info,
                                const struct err_detail *detail);

/* What a person asks to sound now. */
struct api_play {
    struct bulletin_id bulletin; /* approved, not expired: checked by the API */
    const struct node_id *nodes; /* resolved from zones, each once; borrowed */
    size_t node_count; /* at least 1 */
    uint32_t repeats; /* 1..10 */
    uint32_t pause_ms;
    usec_t start_us; /* station time; now + a short lead */
    bool may_break_quiet; /* the person confirmed */
};

/* What handlers need of the running station; every function is set. `detail` sentences reach the
 * person who asked. */
struct api_ports {
    void *ctx;
    struct db *db;
    struct registry *registry;
    struct station *station; /* in force now; the API replaces policy after storing it */
    const char *upload_dir; /* existing; where uploads are collected; borrowed for life */

    usec_t (*now_us)(void *ctx); /* station time */

    /* web_answer() of the running server. */
    void (*answer)(void *ctx, uint64_t request, struct web_response *res);

    /* Run work(arg) on another thread, then done(arg) on this one. ERR_BUSY: too many waiting. */
    enum err (*run_in_worker)(void *ctx, void (*work)(void *arg), void (*done)(void *arg),
                              void *arg);

    /* Import the file at `path`; the callee owns the file from ERR_OK on and removes it. `done` is called
     * once, later, from the loop. The callee stores the media; the API journals.
     * ERR_BUSY: too many imports; ERR_IO: disk. */
    enum err (*import_start)(void *ctx, const char *path, const char *title,
                             const char *source_name, struct user_id user, api_import_done done,
                             void *arg, struct err_detail *detail);

    /* File of stored media. ERR_NOT_FOUND; ERR_LIMIT: size too small. */
    enum err (*media_path)(void *ctx, const struct media_id *id, char *ret_path, size_t size);

    /* The media's record is about to be deleted: remove its file after the transaction. */
    void (*media_deleted)(void *ctx, const struct media_id *id);

    /* Plan one broadcast: called inside the handler's transaction, writes to the store only.
     * broadcast_committed() follows when the transaction is durable, and only then may anything be sent. */
    enum err (*broadcast_plan)(void *ctx, const struct api_play *play, struct broadcast_id *ret_id,
                               struct err_detail *detail);
    void (*broadcast_committed)(void *ctx, struct broadcast_id id);

    /* Silence at once, also when the disk fails; the API journals afterwards.
     * ERR_NOT_FOUND; ERR_STATE: over already. */
    enum err (*broadcast_stop)(void *ctx, struct broadcast_id id, struct err_detail *detail);
    size_t (*broadcast_stop_all)(
        void *ctx); /* number of broadcasts stopped; also tells every node */

    /* After the transaction: what was planned from events, zones, policy or bulletins may have changed. */
    void (*schedule_changed)(void *ctx);
    void (*node_changed)(void *ctx, struct node_id id); /* reload its record, send Settings */
    void (*node_revoked)(void *ctx, struct node_id id); /* drop its link within 1 s */
    void (*policy_changed)(void *ctx); /* station replaced; send Settings to all */

    /* First 12 bytes of the SHA-256 of the station CA's certificate (joincode.h). */
    void (*ca_pin)(void *ctx, uint8_t ret_pin[12]);

    /* Prometheus text of the whole station without the API's own counters; malloc'd. */
    char *(*metrics)(void *ctx);
};

/* Make the API.
 *
 *   ports  copied; what it points to outlives the API
 *   admin_code  the one-time code that the first administrator types at setup; NULL or "" = none open.
 *               Copied. */
MUST_USE enum err api_new(const struct api_ports *ports, const char *admin_code,
                          struct api **ret_api);

/* Free; requests still waiting are dropped unanswered. NULL is harmless. No worker or import may be
 * under way. */
void api_free(struct api *a);

/* The functions to give to web_new(). */
struct web_handler api_handler(struct api *a);

#endif
