/* stime.h - station time: the one clock of the station, which nodes follow.
 *
 * station = local monotonic time + an offset. The offset starts from the computer's wall clock
 * (CLOCK_REALTIME) and is then only slewed towards it, at most STIME_SLEW_PPM. While something is on air
 * the rate is held and nothing moves. A wall clock that is more than STIME_STEP_US away and stays there
 * (the board had no battery clock, a person set the date) is adopted in one step, but only off air and
 * after STIME_CONFIRM_US of agreement with itself. Nothing is persisted.
 * Thread: stime_now() and stime_at() any, without locks; the others main. */
#ifndef LOA_STIME_H
#define LOA_STIME_H

#include <stdatomic.h>
#include <stdbool.h>

#include "units.h"

#define STIME_SLEW_PPM 100
#define STIME_STEP_US USEC_PER_SEC /* a smaller error is slewed away, in at most 2.8 h */
#define STIME_CONFIRM_US (10 * USEC_PER_SEC)
#define STIME_TICK_US USEC_PER_SEC /* how often to call stime_tick(); a longer gap is harmless */

/* What stime_discipline() decides with; station = station_us + (mono - mono_us) * (1 + rate_ppb / 1e9). */
struct stime_state {
    usec_t mono_us;
    usec_t station_us;
    int32_t rate_ppb;
    bool far; /* the wall clock was far away at the last tick */
    usec_t far_since_us; /* local time since when it has been, at the same distance */
    usec_t far_offset_us; /* that distance: real - station */
};

enum stime_verdict {
    STIME_HELD = 0, /* on air, or exact: rate zero */
    STIME_SLEWING,
    STIME_FAR, /* far from the wall clock, not (yet) stepping: a person should look */
    STIME_STEPPED, /* off air, and now equal to the wall clock */
};

/* Start equal to the wall clock. */
void stime_start(struct stime_state *s, usec_t real_us, usec_t mono_us);

/* Station time at a local instant at or after s->mono_us. */
usec_t stime_of(const struct stime_state *s, usec_t mono_us);

/* Judge the wall clock and choose the rate until the next call. Never moves station time at `mono_us`
 * itself, except for STIME_STEPPED.
 *
 *   real_us, mono_us  both clocks, read together; mono_us does not go back between calls
 *   on_air            something sounds or is about to: hold */
enum stime_verdict stime_discipline(struct stime_state *s, usec_t real_us, usec_t mono_us,
                                    bool on_air);

/* The shared clock around it; caller's memory, needs no destroy call. */
struct stime {
    struct stime_state state; /* main's own copy */
    _Atomic uint32_t version; /* odd while main writes the three below */
    _Atomic int64_t mono_us;
    _Atomic int64_t station_us;
    _Atomic int32_t rate_ppb;
};

void stime_init(struct stime *t);

/* Read both clocks and discipline; call every STIME_TICK_US from the main thread. */
enum stime_verdict stime_tick(struct stime *t, bool on_air);

/* Station time now, us. */
usec_t stime_now(const struct stime *t);

/* Station time at a local instant, us. */
usec_t stime_at(const struct stime *t, usec_t mono_us);

/* CLOCK_MONOTONIC, us: the local time of the controller. */
usec_t stime_mono(void);

/* CLOCK_REALTIME, us since 1970. Not station time: only for discipline and kernel time stamps. */
usec_t stime_real(void);

#endif
