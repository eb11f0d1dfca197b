/* live.h - broadcasts whose sound comes while they are on air: sources, hanging up, recordings.
 *
 * One session for each live broadcast: its input fills a pcmring, the audio thread encodes from it, and
 * what went out is kept as media. An input that is lost for BROADCAST_GRACE_US ends the broadcast, unless
 * its order names a fallback, which nodes then sound by themselves.
 * Thread: main. */
#ifndef LOA_LIVE_H
#define LOA_LIVE_H

#include <uv.h>

#include "api.h"
#include "db.h"
#include "engine.h"
#include "jobs.h"
#include "onair.h"
#include "relay.h"

#define LIVE_MAX 8 /* at a time */

#define LIVE_SPEECH_DELAY_US (200 * USEC_PER_MSEC)
#define LIVE_SPEECH_PACKETS 3 /* in one bundle at most: who speaks waits for them */
#define LIVE_RELAY_DELAY_US (2 * USEC_PER_SEC) /* until all nodes were seen to need less */

struct live;

struct live_config {
    uv_loop_t *loop;
    struct db *db;
    struct engine *engine;
    struct jobs *jobs;
    struct onair *onair;
    struct registry *registry;
    const char *media_dir; /* borrowed, as all below */
    uint32_t bitrate_bps;
    struct relay_config relay;
    usec_t (*now_us)(void *ctx);
    /* Let a request's body wait, or come on. */
    void (*hold)(void *ctx, uint64_t request, bool hold);
    void *ctx;
};

MUST_USE enum err live_new(const struct live_config *config, struct live **ret_live);

/* End every source and wait for its threads; recordings are finished as far as they came. No call but
 * live_free() afterwards. NULL is harmless. */
void live_close(struct live *l);
void live_free(struct live *l); /* after the loop has run empty */

/* Begin the source and the stream of a broadcast that was stored. Fails without effect on others.
 *
 * ERR_LIMIT        LIVE_MAX on air
 * ERR_UNSUPPORTED  no such microphone, or no decoder; detail says what to do */
MUST_USE enum err live_begin(struct live *l, const struct broadcast *b, const struct api_live *how,
                             struct err_detail *detail);

/* Begin what is planned of bulletins that relay or speak live, some seconds before its start, or when the station
 * comes back in the middle of it. Call every second. */
void live_begin_planned(struct live *l);

/* As the ports of the same names in api.h. */
MUST_USE enum err live_hang_up(struct live *l, struct broadcast_id id);
MUST_USE enum err live_sound_begin(struct live *l, struct broadcast_id id, uint64_t request,
                                   bool in_time, struct err_detail *detail);
bool live_sound_piece(struct live *l, uint64_t request, struct bytes piece);
enum err live_sound_packet(struct live *l, uint64_t request, struct bytes packet);
enum err live_talk_state(struct live *l, uint64_t request, struct api_talk_state *ret_state);
void live_sound_end(struct live *l, uint64_t request);

/* The broadcast is stopped or over: end its source. Harmless for others. */
void live_stop(struct live *l, struct stream_id stream);

/* A node says how early packets come: the playout delay grows when that is too late, and the next broadcast
 * begins with what this one has shown to be needed. */
void live_on_status(struct live *l, const loa_Status *status);

/* Does a source bring nothing for longer than its grace; is a relay silent or out of reach. */
bool live_has_lost(const struct live *l);
bool live_has_trouble(const struct live *l);

/* Each bundle that went out, from the tap. */
void live_on_bundle(struct live *l, const struct engine_bundle *bundle);

#endif
