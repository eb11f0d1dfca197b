#include "loudness.h"

#include <ebur128.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define BLOCK_SAMPLES (SAMPLE_RATE_HZ * 2 / 5) /* 400 ms, BS.1770-4 */

struct loudness_meter {
    ebur128_state *state;
    float first[BLOCK_SAMPLES]; /* kept for signals shorter than one block */
    size_t first_len;
    bool longer;
};

static ebur128_state *new_state(bool with_peak)
{
    return ebur128_init(1, SAMPLE_RATE_HZ,
                        with_peak ? EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK : EBUR128_MODE_I);
}

enum err loudness_meter_new(bool with_peak, struct loudness_meter **ret_meter)
{
    struct loudness_meter *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return ERR_NOMEM;
    m->state = new_state(with_peak);
    if (m->state == NULL) {
        free(m);
        return ERR_NOMEM;
    }
    *ret_meter = m;
    return ERR_OK;
}

void loudness_meter_free(struct loudness_meter *m)
{
    if (m == NULL)
        return;
    ebur128_destroy(&m->state);
    free(m);
}

enum err loudness_meter_add(struct loudness_meter *m, const float *pcm, size_t samples)
{
    size_t room = BLOCK_SAMPLES - m->first_len;

    if (samples < room)
        room = samples;
    else
        m->longer = true;
    memcpy(m->first + m->first_len, pcm, room * sizeof(*pcm));
    m->first_len += room;
    return ebur128_add_frames_float(m->state, pcm, samples) == EBUR128_SUCCESS ? ERR_OK : ERR_NOMEM;
}

/* Loudness of the first samples repeated to fill two blocks; -HUGE_VAL when it cannot be known. */
static double short_loudness(const struct loudness_meter *m)
{
    ebur128_state *s = m->first_len > 0 ? new_state(false) : NULL;
    double lufs = -HUGE_VAL;

    if (s == NULL)
        return lufs;
    for (size_t fed = 0; fed < 2 * BLOCK_SAMPLES; fed += m->first_len) {
        if (ebur128_add_frames_float(s, m->first, m->first_len) != EBUR128_SUCCESS)
            break;
    }
    if (ebur128_loudness_global(s, &lufs) != EBUR128_SUCCESS)
        lufs = -HUGE_VAL;
    ebur128_destroy(&s);
    return lufs;
}

int32_t loudness_meter_integrated_mlufs(const struct loudness_meter *m)
{
    double lufs = -HUGE_VAL;

    if (!m->longer)
        lufs = short_loudness(m);
    else if (ebur128_loudness_global(m->state, &lufs) != EBUR128_SUCCESS)
        lufs = -HUGE_VAL;
    return isfinite(lufs) ? (int32_t)lround(lufs * 1000) : LOUDNESS_SILENT_MLUFS;
}

int32_t loudness_meter_peak_mdb(const struct loudness_meter *m)
{
    double peak = 0;

    CHECK((m->state->mode & EBUR128_MODE_TRUE_PEAK) == EBUR128_MODE_TRUE_PEAK);
    if (ebur128_true_peak(m->state, 0, &peak) != EBUR128_SUCCESS || !(peak > 1e-10))
        return -200000;
    return (int32_t)lround(20000 * log10(peak));
}
