/* loopwatch.h - how long the main loop was held up at most, from one wait for something to happen to the next.
 *
 * Whatever the loop does in one go delays everything else on it by that much: orders, receipts, requests. Thread: main. */
#ifndef LOA_LOOPWATCH_H
#define LOA_LOOPWATCH_H

#include <uv.h>

struct loopwatch {
    uv_prepare_t prepare;
    uint64_t last_ns; /* begin of the last wait */
    uint64_t idle_ns; /* waited in all until then */
    uint64_t longest_ns; /* since it was last taken */
};

/* Begin, before the loop runs for the first time; it does not keep the loop alive.
 *
 *   w  the caller's; until loopwatch_stop() and a turn of the loop after it */
void loopwatch_start(struct loopwatch *w, uv_loop_t *loop);

/* Take the longest so far, us, and begin anew. */
uint64_t loopwatch_take_us(struct loopwatch *w);

/* End; harmless when it never began. */
void loopwatch_stop(struct loopwatch *w);

#endif
