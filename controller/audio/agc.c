#include "agc.h"

#include <math.h>

#include "units.h"

#define SILENT_DB (-120.0F)
#define FOLLOW_S 0.3F
#define UP_DB_PER_S 3.0F
#define DOWN_DB_PER_S 20.0F

void agc_init(struct agc *a)
{
    *a = (struct agc){.level_db = AGC_TARGET_MDB / 1000.0F};
}

static float rms_db(const float *pcm, size_t samples)
{
    float sum = 0;

    for (size_t i = 0; i < samples; i++)
        sum += pcm[i] * pcm[i];
    sum /= (float)samples;
    return sum > 1e-12F ? 10 * log10f(sum) : SILENT_DB;
}

int32_t agc_rms_mdb(const float *pcm, size_t samples)
{
    return (int32_t)lroundf(1000 * rms_db(pcm, samples));
}

int32_t agc_process(struct agc *a, float *pcm, size_t samples)
{
    float seconds = (float)samples / SAMPLE_RATE_HZ;
    float came_db = rms_db(pcm, samples);
    float from = powf(10, a->gain_db / 20), to, wanted;

    if (came_db > AGC_PAUSE_MDB / 1000.0F) {
        a->level_db += (came_db - a->level_db) * fminf(1, seconds / FOLLOW_S);
        wanted = AGC_TARGET_MDB / 1000.0F - a->level_db;
        wanted = fmaxf(fminf(wanted, AGC_GAIN_MAX_MDB / 1000.0F), AGC_GAIN_MIN_MDB / 1000.0F);
        a->gain_db +=
            fmaxf(fminf(wanted - a->gain_db, UP_DB_PER_S * seconds), -DOWN_DB_PER_S * seconds);
    }
    to = powf(10, a->gain_db / 20);
    for (size_t i = 0; i < samples; i++)
        pcm[i] *= from + (to - from) * (float)i / (float)samples;
    return (int32_t)lroundf(1000 * came_db);
}
