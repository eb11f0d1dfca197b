#include "wall.h"

#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

bool wall_now_us(const char *rtc_path, usec_t *ret_us)
{
    struct timex state = {0};
    struct timespec now;

    if (access(rtc_path, F_OK) != 0 && adjtimex(&state) == TIME_ERROR)
        return false;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    *ret_us = (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
    return true;
}
