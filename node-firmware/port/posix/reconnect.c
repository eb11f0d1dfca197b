#include "reconnect.h"

/* 0..limit_us, evenly. */
static usec_t spread(usec_t limit_us, uint32_t random)
{
    return (usec_t)((uint64_t)limit_us * random / UINT32_MAX);
}

usec_t reconnect_spread_us(usec_t known_us, uint32_t asked_ms)
{
    usec_t asked_us = (usec_t)asked_ms * USEC_PER_MSEC;

    if (asked_us > RECONNECT_SPREAD_MAX_US)
        asked_us = RECONNECT_SPREAD_MAX_US;
    return asked_us > known_us ? asked_us : known_us;
}

usec_t reconnect_wait_us(uint32_t attempt, uint32_t random, usec_t asked_us, usec_t spread_us)
{
    usec_t limit_us = RECONNECT_FIRST_US, wait_us;

    if (asked_us > 0) {
        if (asked_us > RECONNECT_ASKED_MAX_US)
            asked_us = RECONNECT_ASKED_MAX_US;
        return asked_us + spread(spread_us > asked_us / 2 ? spread_us : asked_us / 2, random);
    }
    for (; attempt > 0 && limit_us < RECONNECT_LAST_US; attempt--)
        limit_us *= 2;
    if (limit_us > RECONNECT_LAST_US)
        limit_us = RECONNECT_LAST_US;
    if (limit_us < spread_us)
        limit_us = spread_us;
    wait_us = spread(limit_us, random);
    return wait_us > RECONNECT_FLOOR_US ? wait_us : RECONNECT_FLOOR_US;
}

bool reconnect_failed(struct reconnect_list *list)
{
    if (++list->failures < RECONNECT_FAILURES_MAX || list->count < 2)
        return false;
    list->failures = 0;
    list->now = (list->now + 1) % list->count;
    return true;
}

void reconnect_succeeded(struct reconnect_list *list)
{
    list->failures = 0;
}

bool reconnect_first_is_healthy(struct reconnect_list *list)
{
    if (list->now == 0)
        return false;
    list->now = 0;
    list->failures = 0;
    return true;
}
