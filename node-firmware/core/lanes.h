/* lanes.h - four floats side by side, for the processor's vectors (gcc and clang, any processor).
 *
 * A compiler may not reorder the additions of a sum by itself; with four sums it took a third of the
 * instructions. */
#ifndef LOA_LANES_H
#define LOA_LANES_H

#include <stddef.h>
#include <string.h>

#define LANES 4

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline lanes lanes_load(const float *from)
{
    lanes v;

    memcpy(&v, from, sizeof(v));
    return v;
}

static inline float lanes_sum(lanes v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

#endif
