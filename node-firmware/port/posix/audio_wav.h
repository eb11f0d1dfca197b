/* audio_wav.h - an output that records what a sound card would have played, or only keeps its pace.
 *
 * Paced by the monotonic clock like a card whose crystal is `ppm` off (pacer.h). Beside PATH stands
 * PATH.json with the local and, once known, the station time of the first sample, so that recordings
 * of several nodes can be laid over each other. Thread: main. */
#ifndef LOA_AUDIO_WAV_H
#define LOA_AUDIO_WAV_H

#include "audio_out.h"

/* Open the output.
 *
 *   path  of the recording; NULL to record nothing. Copied
 *   ppm   -PACER_PPM_MAX..PACER_PPM_MAX
 *   ring  borrowed until closed
 *
 * ERR_NOMEM; ERR_IO with detail */
MUST_USE enum err audio_wav_open(const char *path, double ppm, struct audio_ring *ring,
                                 usec_t mono_us, struct audio_out **ret_out,
                                 struct err_detail *detail);

#endif
