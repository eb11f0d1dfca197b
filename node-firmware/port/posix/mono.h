/* mono.h - the local clock of the port: CLOCK_MONOTONIC in microseconds.
 *
 * Thread: any, the audio callback included. */
#ifndef LOA_MONO_H
#define LOA_MONO_H

#include <time.h>

#include "units.h"

static inline usec_t mono_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

#endif
