#include "reconnect.h"

/* 0..limit_us, evenly. */
static usec_t spread(usec_t limit_us, uint32_t random)
{
    return (usec_t)((uint64_t)limit_us * random / UINT32_MAX);
}

usec_t reconnect_wait_us(uint32_t attempt, uint32_t random, usec_t asked_us)
{
    usec_t limit_us = RECONNECT_FIRST_US, wait_us;

    if (asked_us > 0) {
        if (asked_us > RECONNECT_ASKED_MAX_US)
            asked_us = RECONNECT_ASKED_MAX_US;
        return asked_us + spread(asked_us / 2, random);
    }
    for (; attempt > 0 && limit_us < RECONNECT_LAST_US; attempt--)
        limit_us *= 2;
    if (limit_us > RECONNECT_LAST_US)
        limit_us = RECONNECT_LAST_US;
    wait_us = spread(limit_us, random);
    return wait_us > RECONNECT_FLOOR_US ? wait_us : RECONNECT_FLOOR_US;
}
