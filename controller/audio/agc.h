/* agc.h - bring a voice of unknown level gently to the station's loudness, and measure it.
 *
 * A slow gain that follows the level of what is said: up by at most 3 dB a second, down by 20 dB, held
 * during pauses so that noise is not raised. Never allocates. Thread: any, one object per thread. */
#ifndef LOA_AGC_H
#define LOA_AGC_H

#include <stddef.h>
#include <stdint.h>

#define AGC_TARGET_MDB \
    (-19000) /* RMS while speaking; about LOUDNESS_TARGET_MLUFS with its pauses */
#define AGC_GAIN_MAX_MDB 24000
#define AGC_GAIN_MIN_MDB (-30000)
#define AGC_PAUSE_MDB (-50000) /* quieter than this is a pause, not a voice */

struct agc {
    float level_db; /* of the voice, slowly followed */
    float gain_db;
};

void agc_init(struct agc *a);

/* RMS of a piece in mdB FS; -120,000 for silence. */
int32_t agc_rms_mdb(const float *pcm, size_t samples);

/* Level one piece of 1..960 samples in place. Returns the RMS it came with, in mdB FS. */
int32_t agc_process(struct agc *a, float *pcm, size_t samples);

#endif
