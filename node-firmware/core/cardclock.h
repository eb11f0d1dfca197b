/* cardclock.h - when the sound card plays which frame, out of reports that jitter by a millisecond.
 *
 * A delay-locked loop in the sense of F. Adriaensen, "Using a DLL to filter time" (LAC 2005), whose
 * gains are those of a two-state Kalman filter (phase and rate): wide at the start, so that one second
 * of reports suffices for the first start, narrow later. The spread of the reports is learned; single
 * reports far outside of it are passed over. A step (the card lost frames) is found when several in a
 * row agree on one, a small one by the mean of the last residuals; the clock then stands where they
 * say. The rate survives resets, it belongs to the crystal. Never allocates. Thread: the one that calls node_step(). */
#ifndef LOA_CARDCLOCK_H
#define LOA_CARDCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

#define CARDCLOCK_REPORTS_MIN 12 /* before this many the clock is not locked */
#define CARDCLOCK_SPAN_MIN_US 150000

struct cardclock {
    uint32_t rate_hz; /* nominal */
    uint32_t reports; /* since the last reset */
    usec_t first_us;
    int64_t base_frame; /* the state speaks of this frame */
    int64_t base_mono_us; /* plus phase_us: when it sounds */
    double phase_us;
    double slow_ppm; /* how much longer a frame lasts than nominal */
    double p00, p01, p11;
    double spread_us2; /* variance of the reports */
    double residual_us; /* short mean, finds steps */
    uint32_t outliers_in_a_row; /* passed over, and of these: */
    uint32_t outliers_agreeing; /* on one step, the last so many */
    double outlier_us; /* their mean residual */
    uint32_t steps; /* steps followed */
};

/* Start knowing nothing.
 *
 *   saved_slow_ppm  from cardclock_save() of an earlier run, or NULL */
void cardclock_init(struct cardclock *c, uint32_t rate_hz, const double *saved_slow_ppm);

/* The card was opened again, frames count from 0; what is known of its crystal stays. */
void cardclock_reset(struct cardclock *c, uint32_t rate_hz);

/* Take one report in: `frame` sounds at mono_us. Reports that go back in frames are ignored. */
void cardclock_report(struct cardclock *c, int64_t frame, usec_t mono_us);

/* True when frames can be placed in time. */
bool cardclock_locked(const struct cardclock *c);

/* True when the phase is known well: not yet right after a step. */
bool cardclock_settled(const struct cardclock *c);

/* When a frame sounds, nanoseconds of local time; undefined before locked. */
int64_t cardclock_mono_ns(const struct cardclock *c, int64_t frame);

/* The frame that sounds at a local instant, rounded down. */
int64_t cardclock_frame(const struct cardclock *c, usec_t mono_us);

/* Hand out the rate when it is known to 2 ppm; false before. */
bool cardclock_save(const struct cardclock *c, double *ret_slow_ppm);

#endif
