/* tap.h - what the audio thread hands out, once more for the main thread: for recordings and listeners.
 *
 * A bounded queue of bundles; when main is behind, bundles are dropped and counted, never waited for. */
#ifndef LOA_TAP_H
#define LOA_TAP_H

#include <uv.h>

#include "engine.h"

struct tap;

/* Make one.
 *
 *   on_bundle  on main, for each bundle in order; the payload is borrowed */
MUST_USE enum err tap_new(uv_loop_t *loop,
                          void (*on_bundle)(void *ctx, const struct engine_bundle *bundle),
                          void *ctx, struct tap **ret_tap);

/* Thread: audio. Never blocks. */
void tap_put(struct tap *t, const struct engine_bundle *bundle);

/* Bundles that were dropped. */
uint64_t tap_dropped(const struct tap *t);

/* Close; the memory is gone when the loop has run empty. The audio thread must have ended. NULL is fine. */
void tap_close(struct tap *t);

#endif
