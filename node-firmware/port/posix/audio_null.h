/* audio_null.h - an output that plays nothing and keeps the pace of a perfect sound card.
 *
 * For nodes without a card in tests and load runs. Thread: main. */
#ifndef LOA_AUDIO_NULL_H
#define LOA_AUDIO_NULL_H

#include "audio_out.h"

/* Parameters and errors as audio_wav_open(). */
MUST_USE enum err audio_null_open(struct audio_ring *ring, usec_t mono_us,
                                  struct audio_out **ret_out);

#endif
