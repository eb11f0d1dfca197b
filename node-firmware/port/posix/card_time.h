/* card_time.h - translate a sound card library's clock into the local one.
 *
 * PortAudio's clock is another one with each host API. At the start of each callback both are read;
 * their difference is true only when nothing delayed us in between, so the least one of a window of
 * about CARD_TIME_WINDOW callbacks counts. Pure. Thread: the card's. */
#ifndef LOA_CARD_TIME_H
#define LOA_CARD_TIME_H

#include "units.h"

#define CARD_TIME_WINDOW 128

struct card_time {
    double least_now; /* of the window under way; seconds, local minus card */
    double least_before; /* of the one before */
    int have; /* callbacks in the window under way */
    int windows; /* complete ones, 0..1 */
};

void card_time_init(struct card_time *c);

/* Read at the start of a callback.
 *
 *   card_s      the card's clock, seconds
 *   mono_us     the local clock */
void card_time_add(struct card_time *c, double card_s, usec_t mono_us);

/* Local time of an instant of the card's clock; after the first card_time_add(). */
usec_t card_time_mono(const struct card_time *c, double card_s);

#endif
