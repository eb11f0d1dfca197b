#include "prop.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void prop_init(struct prop *p, const char *name)
{
    const char *text = getenv("SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    p->seed = text != NULL ? strtoull(text, NULL, 10)
                           : (uint64_t)now.tv_sec * 1000003U + (uint64_t)now.tv_nsec;
    p->state = p->seed * 2 + 1;
    printf("# %s: SEED=%llu\n", name, (unsigned long long)p->seed);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t prop_next(struct prop *p)
{
    uint64_t z = p->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t prop_range(struct prop *p, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(prop_next(p) % ((uint64_t)(hi - lo) + 1));
}

bool prop_one_in(struct prop *p, int64_t n)
{
    return prop_range(p, 1, n) == 1;
}
