/* wiring.h - the running station: every part made in order of dependence, and ended in the mirror order.
 *
 * The order of wiring_start() is the architecture: directory, database, keys, registry, clock, on-air
 * desk, audio engine, node link, API, web server. Thread: main. */
#ifndef LOA_WIRING_H
#define LOA_WIRING_H

#include <uv.h>

#include "admission.h"
#include "config.h"
#include "datadir.h"
#include "engine.h"
#include "jobs.h"
#include "nodelink.h"
#include "onair.h"
#include "stime.h"

struct wiring {
    const struct config *config;
    uv_loop_t *loop;
    struct datadir dir;
    struct db *db;
    struct station station;
    struct pki *pki;
    struct registry *registry;
    struct stime stime;
    struct order_signer *signer;
    struct engine *engine;
    struct jobs *jobs;
    struct onair *onair;
    struct admission admission;
    struct nodelink nodelink;
    struct net *net;
    struct api *api;
    struct web *web;
    uv_timer_t step_timer;
    uv_timer_t second_timer;
    atomic_uint_fast64_t bundles_refused; /* by a full shard queue; written by the audio thread */
    usec_t tidied_us; /* when what expired was last removed from the database */
    bool stopping;
};

/* Start everything on the loop; run the loop afterwards.
 *
 *   w       zeroed, the caller's; outlives the loop
 *   config  borrowed for the life of w
 *
 * Any error: detail says in one sentence what is wrong; what was started has been ended. */
MUST_USE enum err wiring_start(struct wiring *w, const struct config *config, uv_loop_t *loop,
                               struct err_detail *detail);

/* Begin to end: nodes are told, running imports are stopped; the loop then runs empty. Harmless twice. */
void wiring_stop(struct wiring *w);

/* Free what is left after the loop has run empty. */
void wiring_finish(struct wiring *w);

/* What the API needs of the station (api_ports.c). */
struct api_ports wiring_api_ports(struct wiring *w);

/* Let the on-air desk work soon, after something changed. */
void wiring_wake(struct wiring *w);

/* Station time; ctx is the struct wiring. Any thread. */
usec_t wiring_now(void *ctx);

/* Prometheus text of everything but the API (metrics.c); malloc'd, NULL out of memory. */
char *wiring_metrics(void *ctx);

#endif
