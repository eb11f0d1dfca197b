/* card_time.h - translate a sound card library's clock into the local one.
 *
 * PortAudio's clock is another one with each host API. At the start of each callback both are read;
 * their difference is true only when nothing delayed us in between, so the least one of a window of
 * about CARD_TIME_WINDOW callbacks counts. Pure. Thread: the card's. */
#ifndef LOA_CARD_TIME_H
#define LOA_CARD_TIME_H

#include "units.h"

#define CARD_TIME_WINDOW 128
#define CARD_TIME_RUN 16 /* callbacks in a row that are late: the card goes by another beat now */
#define CARD_TIME_LOST_MAX 50 /* periods; more is another clock, not a card that waited */

struct card_time {
    double least_now; /* of the window under way; seconds */
    double least_before; /* of the one before */
    int have; /* callbacks in the window under way */
    int windows; /* complete ones, 0..1 */
    double least_run; /* of callbacks in a row that were late by a part of a period; seconds */
    int run; /* how many */
};

void card_time_init(struct card_time *c);

/* Read at the start of a callback.
 *
 *   card_s      the card's clock, seconds
 *   mono_us     the local clock */
void card_time_add(struct card_time *c, double card_s, usec_t mono_us);

/* Local time of an instant of the card's clock; after the first card_time_add(). */
usec_t card_time_mono(const struct card_time *c, double card_s);

/* When the period of a callback began by the card's clock, for sound systems (JACK) that tell only when the
 * callback was let run: late by what was ahead of it, each node of a board by another amount. The least
 * late of a window counts; after CARD_TIME_RUN in a row that were late by a tenth of a period or more the card
 * has moved by a part of one, and what it told before no longer counts. An object of its own; card_time_add() is not for it.
 *
 *   frames_s  of the first frame: its number by the rate
 *   card_s    the card's clock at the start of the callback
 *   block_s   length of the callback's block
 *   ret_lost  periods since the callback before for which nobody was called: the card played silence, and
 *             what this callback hands out sounds so much later than its frame numbers say */
double card_time_period(struct card_time *c, double frames_s, double card_s, double block_s,
                        int *ret_lost);

#endif
