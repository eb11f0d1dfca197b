/* alertdesk.h - the station's alerts while they wait or sound, whoever sent them.
 *
 * Decisions are those of alertlife.h (what ends what) and alert.h (what sounds when); the desk stores first,
 * then lets the on-air desk sound or silence. What was begun before a crash goes on from the store.
 * Thread: main. */
#ifndef LOA_ALERTDESK_H
#define LOA_ALERTDESK_H

#include "alert.h"
#include "alertlife.h"
#include "api.h"
#include "db.h"
#include "live.h"
#include "onair.h"

#define ALERTDESK_MAX 64 /* waiting or live at a time */
#define ALERTDESK_RECORDING_US (5 * USEC_PER_SEC)

struct alertdesk;

struct alertdesk_config {
    struct db *db;
    struct onair *onair;
    struct live *live;
    struct registry *registry;
    const struct station *station;
    usec_t (*now_us)(void *ctx);
    /* As the port of that name in api.h. */
    enum err (*speech_start)(void *ctx, const struct api_speech *speech, api_import_done done,
                             void *arg, struct err_detail *detail);
    void *ctx;
};

/* Make it and load what is open. Borrows what the config points to. */
MUST_USE enum err alertdesk_new(const struct alertdesk_config *config, struct alertdesk **ret_desk);
void alertdesk_free(struct alertdesk *d); /* NULL is harmless; no speech may be under way */

/* As the ports of api.h. */
MUST_USE enum err alertdesk_plan(struct alertdesk *d, struct alert *alert,
                                 struct err_detail *detail);
void alertdesk_committed(struct alertdesk *d);
MUST_USE enum err alertdesk_end(struct alertdesk *d, uint64_t id, enum alert_state how,
                                struct user_id by, struct err_detail *detail);

/* A message from outside, inside the caller's transaction; alertdesk_taken() when that is committed, and only
 * then anything sounds or stops.
 *
 *   recording   one may follow within ALERTDESK_RECORDING_US, until then nothing is spoken
 *   alert       sounds when the message is new, gets id and life; NULL: the message only ends what it refers to
 *   by_hand     a person lets sound what came before without sounding
 *   ret_result  of alertlife_judge(); NEW also for what may sound by hand
 *   ret_life    row of the message, 0 none
 *
 * ERR_LIMIT  ALERTDESK_MAX are under way, or as alertlife_judge() */
MUST_USE enum err alertdesk_take(struct alertdesk *d, const struct alertlife_message *m,
                                 struct alert *alert, bool by_hand,
                                 enum alertlife_result *ret_result, uint64_t *ret_life,
                                 struct err_detail *detail);
void alertdesk_taken(struct alertdesk *d, bool recording);

/* After a restart: a recording may follow for an open alert, likewise. */
void alertdesk_await_recording(struct alertdesk *d, uint64_t alert);

/* What became of a recording that was announced for an alert: it is the message from here on, unless the text
 * was spoken before; without one the text is spoken now.
 *
 *   info  of the imported recording, with ERR_OK; stored here */
void alertdesk_recording(struct alertdesk *d, uint64_t alert, enum err result,
                         const struct media_info *info);

/* Somebody silenced a broadcast (0: all that sound): alerts that it belongs to are over. */
void alertdesk_silenced(struct alertdesk *d, struct broadcast_id broadcast);

/* For alarms: somebody silenced one a moment ago; one waits although its time is over. */
bool alertdesk_was_stopped(const struct alertdesk *d);
bool alertdesk_is_unconfirmed(const struct alertdesk *d);

/* Forget what can no longer matter of alerts that are over. Call every hour. */
void alertdesk_tidy(struct alertdesk *d);

/* Do what is due. Call every second. */
void alertdesk_step(struct alertdesk *d);

#endif
