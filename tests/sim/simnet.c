#include "simnet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "units.h"

#define STALL_ONE_IN 100 /* seconds */

void simnet_init(struct simnet *n, struct prop *random, bool stalls)
{
    *n = (struct simnet){.random = random, .stalls = stalls};
}

static double exponential(struct prop *p, double mean)
{
    double u = (double)(prop_next(p) >> 11) / (double)(UINT64_C(1) << 53);

    return -mean * log(1 - u);
}

static void draw_stalls(struct simnet *n, int64_t now_us)
{
    for (; n->judged_us <= now_us; n->judged_us += USEC_PER_SEC) {
        if (!n->stalls || !prop_one_in(n->random, STALL_ONE_IN))
            continue;
        n->stall_from_us = n->judged_us;
        n->stall_to_us = n->judged_us + prop_range(n->random, 500, 3000) * USEC_PER_MSEC;
    }
}

int64_t simnet_arrival(struct simnet *n, int64_t now_us)
{
    int64_t at = now_us + SIMNET_FLOOR_US + (int64_t)exponential(n->random, SIMNET_QUEUE_US);

    draw_stalls(n, now_us);
    if (at >= n->stall_from_us && at < n->stall_to_us)
        at = n->stall_to_us;
    n->arrived_us = at > n->arrived_us ? at : n->arrived_us;
    return n->arrived_us;
}

void simnet_send(struct simnet *n, struct bytes bytes, int64_t now_us)
{
    struct simnet_piece *piece = malloc(sizeof(*piece) + bytes.len), **at = &n->first;

    assert_non_null(piece);
    piece->next = NULL;
    piece->due_us = simnet_arrival(n, now_us);
    piece->len = bytes.len;
    memcpy(piece->data, bytes.data, bytes.len);
    while (*at != NULL)
        at = &(*at)->next;
    *at = piece;
}

struct simnet_piece *simnet_take(struct simnet *n, int64_t until_us)
{
    struct simnet_piece *piece = n->first;

    if (piece == NULL || piece->due_us > until_us)
        return NULL;
    n->first = piece->next;
    return piece;
}

void simnet_drop(struct simnet *n)
{
    struct simnet_piece *piece;

    while ((piece = simnet_take(n, INT64_MAX)) != NULL)
        free(piece);
    n->arrived_us = 0;
}
