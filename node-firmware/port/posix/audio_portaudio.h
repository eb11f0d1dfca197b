/* audio_portaudio.h - an output on a sound card.
 *
 * The callback copies out of the ring and notes when the frames will leave the converter; nothing
 * else. 48 kHz mono where the card does that, otherwise another rate and two equal channels. A card
 * that stops or is unplugged is opened again with back-off. Thread: main, and the card's own. */
#ifndef LOA_AUDIO_PORTAUDIO_H
#define LOA_AUDIO_PORTAUDIO_H

#include "audio_out.h"

#define AUDIO_PORTAUDIO_STALL_US \
    (2 * USEC_PER_SEC) /* no callback for this long: the card is gone */

/* Pa_Initialize() without the noise on standard error; each success is ended by Pa_Terminate(). */
bool audio_portaudio_initialise(void);

/* Open the output.
 *
 *   device      number or part of the name; empty = the system's default. Copied
 *   latency_ms  buffer asked of the card, 5..500
 *   ring        borrowed until closed
 *
 * ERR_NOT_FOUND  no such card; detail names those there are
 * ERR_IO         it cannot be opened; detail; ERR_NOMEM */
MUST_USE enum err audio_portaudio_open(const char *device, uint32_t latency_ms,
                                       struct audio_ring *ring, usec_t mono_us,
                                       struct audio_out **ret_out, struct err_detail *detail);

#endif
