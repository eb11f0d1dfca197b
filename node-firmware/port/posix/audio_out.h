/* audio_out.h - what every output looks like to the rest of the port: a sound card, a WAV file, nothing.
 *
 * An output reads frames from an audio_ring at its own pace, on its own thread or within tick(), and
 * notes in the ring when which frame sounds. It resets the ring each time that it opens its card.
 * Thread of all functions: main. */
#ifndef LOA_AUDIO_OUT_H
#define LOA_AUDIO_OUT_H

#include "audio_ring.h"
#include "err.h"
#include "units.h"

struct audio_out {
    uint32_t rate_hz; /* of the card; 0 while there is none (unplugged) */
    uint32_t openings; /* counts up each time frame numbers begin anew */
    const char *name; /* "portaudio", "wav" or "null" */

    /* Do what is due; called every few milliseconds. */
    void (*tick)(struct audio_out *o, usec_t mono_us);

    /* Station time of a local instant, whenever better known; NULL when the output has no use for it.
     * The output asks for the instant `stamp_mono_us`, at which its frame 0 sounds. */
    void (*stamp)(struct audio_out *o, usec_t station_us, uint32_t uncertainty_us);
    usec_t stamp_mono_us;

    /* Stop and release everything, the object included. */
    void (*close)(struct audio_out *o);
};

#endif
