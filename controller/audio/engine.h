/* engine.h - the audio thread: takes packets from sources when they are due and hands out bundles.
 *
 * Every ENGINE_STEP_US each stream's source is asked for what is due `lead_us` ahead of its presentation
 * time; engine_bundle_packets() of them go into one BUNDLE payload (packet.h). In the steady state
 * nothing is allocated and no lock is taken: commands come and finished sources leave through
 * single-producer rings. One engine, one owner thread (main), one audio thread.
 * Invariant: a stream's sequence numbers only grow, and each stream that was started ends with exactly
 * one bundle marked last, which is empty. */
#ifndef LOA_ENGINE_H
#define LOA_ENGINE_H

#include <stdbool.h>

#include "bytes.h"
#include "err.h"
#include "source.h"
#include "units.h"

#define ENGINE_STREAMS_MAX 64
#define ENGINE_STEP_US PACKET_US
#define ENGINE_LEAD_US (2 * USEC_PER_SEC) /* of recordings, unless the station is told otherwise */
#define ENGINE_LEAD_MIN_MS 200 /* what it may be told */
#define ENGINE_LEAD_MAX_MS 3200 /* nodes hold 5 s */

/* One bundle, on its way out. */
struct engine_bundle {
    struct stream_id stream;
    struct bytes payload; /* of one BUNDLE frame; borrowed during the call */
    usec_t pts_us; /* of its first packet (or of the end, when it has none) */
    usec_t end_us; /* presentation time of the end of its last packet */
    bool last; /* the stream is over */
};

struct engine_config {
    usec_t (*now_us)(void *ctx); /* station time; called on the audio thread, must not block */
    void (*on_bundle)(void *ctx, const struct engine_bundle *bundle); /* on the audio thread */
    void *ctx;
};

struct engine;

/* How many packets of a stream go out together: a quarter of the time it has before it sounds, 2 at least and
 * BUNDLE_PACKETS_MAX at most. What a packet costs hardly depends on its size.
 *
 *   lead_us  0 or more */
unsigned engine_bundle_packets(usec_t lead_us);

/* Make an engine; no thread runs yet. */
MUST_USE enum err engine_new(const struct engine_config *config, struct engine **ret_engine);

/* Start the audio thread (real-time priority when permitted).
 *
 * ERR_STATE  it runs already; ERR_IO  no thread */
MUST_USE enum err engine_run(struct engine *e);

/* Stop the thread, free every source, free the engine. No bundle comes out after it returns. */
void engine_free(struct engine *e);

/* Start a stream. What has passed by then is left out: a stream started in the middle begins there.
 *
 *   stream   not 0 and not on air
 *   source   the engine's from ERR_OK on; freed by the owner thread when the stream is over
 *   lead_us  how long before its presentation time a packet goes out, 0..60 s
 *
 * ERR_EXISTS  such a stream is on air
 * ERR_LIMIT   ENGINE_STREAMS_MAX on air
 * ERR_ARG     stream 0 or lead out of range */
MUST_USE enum err engine_start_stream(struct engine *e, struct stream_id stream,
                                      struct source *source, usec_t lead_us);

/* True from engine_start_stream() until the stream has ended. */
bool engine_has_stream(struct engine *e, struct stream_id stream);

/* End a stream early; its empty last bundle follows within a step.
 *
 * ERR_NOT_FOUND  no such stream is on air */
MUST_USE enum err engine_stop_stream(struct engine *e, struct stream_id stream);

/* Streams on air, as the owner thread knows; frees sources that have ended. Call now and then. */
size_t engine_streams(struct engine *e);

/* One step of the audio thread at station time now_us; hands out what is due through on_bundle. Called
 * by the thread; by tests in virtual time instead of engine_run(). */
void engine_step(struct engine *e, usec_t now_us);

#endif
