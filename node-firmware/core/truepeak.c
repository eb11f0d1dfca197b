#include "truepeak.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "lanes.h"

#define PHASES 4
#define GAIN_MOST 2.03F /* the largest sum of the sizes of a phase's taps */

_Static_assert(PHASES == LANES, "the four phases of a tap lie side by side");

static const lanes taps[TRUEPEAK_TAPS] = {
    {0.0017089843750F, -0.0291748046875F, -0.0189208984375F, -0.0083007812500F},
    {0.0109863281250F, 0.0292968750000F, 0.0330810546875F, 0.0148925781250F},
    {-0.0196533203125F, -0.0517578125000F, -0.0582275390625F, -0.0266113281250F},
    {0.0332031250000F, 0.0891113281250F, 0.1015625000000F, 0.0476074218750F},
    {-0.0594482421875F, -0.1665039062500F, -0.2003173828125F, -0.1022949218750F},
    {0.1373291015625F, 0.4650878906250F, 0.7797851562500F, 0.9721679687500F},
    {0.9721679687500F, 0.7797851562500F, 0.4650878906250F, 0.1373291015625F},
    {-0.1022949218750F, -0.2003173828125F, -0.1665039062500F, -0.0594482421875F},
    {0.0476074218750F, 0.1015625000000F, 0.0891113281250F, 0.0332031250000F},
    {-0.0266113281250F, -0.0582275390625F, -0.0517578125000F, -0.0196533203125F},
    {0.0148925781250F, 0.0330810546875F, 0.0292968750000F, 0.0109863281250F},
    {-0.0083007812500F, -0.0189208984375F, -0.0291748046875F, 0.0017089843750F},
};

void truepeak_restart(struct truepeak *t)
{
    memset(t, 0, sizeof(*t));
}

/* The largest size that the four phases have at any of `count` samples; TRUEPEAK_TAPS - 1 lie before. */
static float oversampled(const float *samples, size_t count)
{
    float most = 0;

    for (size_t i = 0; i < count; i++) {
        lanes sum = {0};

        for (size_t k = 0; k < TRUEPEAK_TAPS; k++)
            sum += samples[i + TRUEPEAK_TAPS - 1 - k] * taps[k];
        for (size_t p = 0; p < PHASES; p++)
            most = fabsf(sum[p]) > most ? fabsf(sum[p]) : most;
    }
    return most;
}

float truepeak_add(struct truepeak *t, const float *samples, size_t count, float peak, float known)
{
    const size_t before = TRUEPEAK_TAPS - 1;
    float window[TRUEPEAK_TAPS - 1 + TRUEPEAK_BLOCK], nearby, most = known;

    CHECK(count <= TRUEPEAK_BLOCK);
    nearby = peak > t->tail_peak ? peak : t->tail_peak;
    memcpy(window, t->tail, sizeof(t->tail));
    memcpy(window + before, samples, count * sizeof(*samples));
    if (nearby * GAIN_MOST > known)
        most = fmaxf(most, oversampled(window, count));
    memcpy(t->tail, window + count, sizeof(t->tail));
    t->tail_peak = count >= before ? peak : nearby;
    return most;
}
