/* wiring.h - the running station: every part made in order of dependence, and ended in the mirror order.
 *
 * The order of wiring_start() is the architecture: directory, database, keys, registry, clock, on-air
 * desk, audio engine, node link, API, web server. Thread: main. */
#ifndef LOA_WIRING_H
#define LOA_WIRING_H

#include <uv.h>

#include "admission.h"
#include "alarms.h"
#include "alertdesk.h"
#include "capdesk.h"
#include "capfeeds.h"
#include "capfolder.h"
#include "cappublish.h"
#include "config.h"
#include "datadir.h"
#include "engine.h"
#include "jobs.h"
#include "listen.h"
#include "live.h"
#include "loopwatch.h"
#include "nodelink.h"
#include "nodestats.h"
#include "onair.h"
#include "stime.h"
#include "tap.h"

struct wiring {
    const struct config *config;
    uv_loop_t *loop;
    struct datadir dir;
    struct db *db;
    struct db *folder; /* of its log; a worker's */
    bool folding; /* a worker does; `folded` is then its */
    enum err folded;
    struct station station;
    struct pki *pki;
    struct ticketring tickets;
    struct registry *registry;
    struct stime stime;
    struct order_signer *signer;
    struct engine *engine;
    struct jobs *jobs;
    struct onair *onair;
    struct tap *tap;
    struct live *live;
    struct listen *listen;
    struct alertdesk *alertdesk;
    struct capdesk *capdesk;
    struct capfolder *capfolder; /* NULL: no directory is watched */
    struct capfeeds *capfeeds; /* NULL: no feeds */
    struct cappublish *cappublish;
    struct relay_config feed_addresses; /* that feeds and recordings may lead to */
    struct admission admission;
    struct alarms *alarms;
    struct nodelink nodelink;
    struct nodestats nodestats;
    struct net *net;
    struct api *api;
    struct web *web;
    struct loopwatch loopwatch;
    uv_timer_t step_timer;
    uv_timer_t second_timer;
    uv_timer_t api_timer;
    atomic_uint_fast64_t bundles_refused; /* by a full shard queue; written by the audio thread */
    usec_t tidied_us; /* when what expired was last removed from the database */
    int64_t backup_day; /* local day of the last backup by the clock, counted from the epoch */
    bool joined; /* nodes that the plan does not know yet */
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

/* CAP: in and out (wiring_cap.c); end before the loop runs empty. */
MUST_USE enum err wiring_start_cap(struct wiring *w, struct err_detail *detail);
void wiring_cap_ports(struct api_ports *ports);
void wiring_stop_cap(struct wiring *w);
void wiring_finish_cap(struct wiring *w);

/* The API and its server (wiring_web.c). */
MUST_USE enum err wiring_start_web(struct wiring *w, struct err_detail *detail);
void wiring_stop_web(struct wiring *w);

/* What the API needs of the station (api_ports.c). */
struct api_ports wiring_api_ports(struct wiring *w);

/* Make live sources, the tap and listeners (wiring_live.c). */
MUST_USE enum err wiring_make_live(struct wiring *w, const struct src_file_config *decoder);

/* Once a second: begin what is planned, say what is lost. */
void wiring_live_second(struct wiring *w);

/* What the API needs for those who watch. */
void wiring_stream_ports(struct api_ports *ports);

/* Stream a broadcast, as struct onair_ports has it; ctx is the struct wiring. */
enum err wiring_stream_start(void *ctx, const struct broadcast *b, struct err_detail *detail);

/* The desk of alerts, which speaks through the ports above (api_ports.c). */
MUST_USE enum err wiring_make_alertdesk(struct wiring *w);

/* Back the database up once a local day, at or soon after the minute that the policy names. */
void wiring_backup(struct wiring *w);

/* Have the log of the database folded in when it has become long. */
void wiring_fold_log(struct wiring *w);

/* Forget what is of no use to anybody any more; seldom, a few rows a second, and not while something is on air. */
void wiring_tidy(struct wiring *w);

/* Let the on-air desk work soon, after something changed. */
void wiring_wake(struct wiring *w);

/* Station time; ctx is the struct wiring. Any thread. */
usec_t wiring_now(void *ctx);

/* Prometheus text of everything but the API (metrics.c); malloc'd, NULL out of memory. */
char *wiring_metrics(void *ctx);

#endif
