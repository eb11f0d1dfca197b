/* selftest.h - play a tone and listen for it: does the horn of this node sound?
 *
 * Up to three tries, each louder: a second of listening to what is there already, a second and a half of
 * SELFTEST_TONE_HZ, and the tail that card and air need. What the microphone brings is judged in blocks
 * of a tenth of a second by the Goertzel algorithm, the power at the tone against the mean of four
 * places beside it and against what the tone's place held before; so neither noise nor a hum at the
 * same pitch is taken for the tone. Without a microphone one try is played and nothing is claimed.
 * Pure, never allocates. Thread: the one that calls node_step(). Times: local. */
#ifndef LOA_SELFTEST_H
#define LOA_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "units.h"

#define SELFTEST_TONE_HZ 1000
#define SELFTEST_TRIES 3
#define SELFTEST_BEFORE_US USEC_PER_SEC /* also lets the amplifier wake up */
#define SELFTEST_TONE_US (1500 * USEC_PER_MSEC)
#define SELFTEST_TAIL_US (800 * USEC_PER_MSEC)
#define SELFTEST_BINS 5 /* the tone, and two places on each side of it */

enum selftest_phase {
    SELFTEST_IDLE = 0,
    SELFTEST_BEFORE,
    SELFTEST_TONE, /* until the tone's frames have been rendered, its tail included */
};

struct selftest {
    enum selftest_phase phase;
    uint64_t order_id;
    bool listens;
    uint32_t tries; /* begun */
    usec_t since_us; /* of the phase */
    int64_t tone_frame; /* next of the tone to render */
    /* the block under way */
    uint32_t rate_hz; /* of the microphone; 0 none heard yet */
    size_t samples;
    double delay[SELFTEST_BINS][2];
    /* blocks of this try */
    uint32_t before_blocks, loud_blocks;
    double before_power; /* sum over the blocks before */
    double tone_power, beside_power; /* sums over the blocks while it sounds */
};

/* Begin.
 *
 *   listens  selftest_listen() will be called */
void selftest_begin(struct selftest *s, uint64_t order_id, bool listens, usec_t mono_us);

/* Something else sounds from now on, or nothing may: selftest_step() ends it. */
void selftest_break_off(struct selftest *s);

bool selftest_is_active(const struct selftest *s);

/* Fill the next frames with the tone, full scale being 1. False: it is not its turn, nothing is written. */
bool selftest_render(struct selftest *s, float *ret_frames, size_t count, uint32_t rate_hz);

/* What the microphone heard.
 *
 *   samples  mono, -1..1
 *   rate_hz  8,000..192,000; another rate is passed over */
void selftest_listen(struct selftest *s, const float *samples, size_t count, uint32_t rate_hz);

/* Go on; call at least every 50 ms. True once, when it is over; ret_result is written then. */
bool selftest_step(struct selftest *s, usec_t mono_us, loa_TestResult *ret_result);

#endif
