/* mono.h - the local clock of the port: CLOCK_BOOTTIME in microseconds, which also counts while the board
 * is suspended, so that station time stays right across a suspend.
 *
 * Thread: any, the audio callback included. */
#ifndef LOA_MONO_H
#define LOA_MONO_H

#include <time.h>

#include "units.h"

static inline usec_t mono_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

#endif
