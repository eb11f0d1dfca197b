/* recording.h - Ogg Opus test media made with libopus and libogg, and what they decode to. */
#ifndef LOA_RECORDING_H
#define LOA_RECORDING_H

#include "bytes.h"
#include "units.h"

struct recording {
    uint8_t *data;
    size_t len;
    uint8_t sha256[SHA256_BYTES];
    uint32_t duration_ms;
    int64_t samples;
    float *pcm; /* decoded in one go, pre-skip removed */
    uint8_t (*packets)[400];
    uint16_t *packet_len;
    size_t packet_count;
};

/* Noise below 3 kHz that swells and falls, so that correlation finds its place. */
void recording_make(struct recording *r, uint32_t duration_ms, uint64_t seed);
void recording_free(struct recording *r);

#endif
