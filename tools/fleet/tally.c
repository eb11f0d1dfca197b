#include "tally.h"

#include <stdlib.h>

static void keep(struct tally *t, double value)
{
    if (t->kept == t->room) {
        size_t room = t->room == 0 ? 1024 : 2 * t->room;
        double *more = realloc(t->values, room * sizeof(*more));

        if (more == NULL)
            return;
        t->values = more;
        t->room = room;
    }
    t->values[t->kept++] = value;
}

void tally_add(struct tally *t, double value)
{
    t->least = t->seen == 0 || value < t->least ? value : t->least;
    t->most = t->seen == 0 || value > t->most ? value : t->most;
    t->seen++;
    if (t->kept < TALLY_KEPT) {
        keep(t, value);
        return;
    }
    t->random = t->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    if ((t->random >> 16) % t->seen < t->kept)
        t->values[(t->random >> 40) % t->kept] = value;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

double tally_at(struct tally *t, double p)
{
    if (t->kept == 0)
        return 0;
    qsort(t->values, t->kept, sizeof(*t->values), by_value);
    return t->values[(size_t)(p * (double)(t->kept - 1) + 0.5)];
}

void tally_free(struct tally *t)
{
    free(t->values);
    *t = (struct tally){0};
}
