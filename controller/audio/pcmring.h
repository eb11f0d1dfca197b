/* pcmring.h - sound on its way from the thread that has it to the audio thread: a bounded queue of samples.
 *
 * 48 kHz mono floats, ±1 full scale. One thread writes, one reads; no lock, no allocation after
 * pcmring_new(). What is closed is read to its end. */
#ifndef LOA_PCMRING_H
#define LOA_PCMRING_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct pcmring;

/* Make a ring with one holder.
 *
 *   samples  it holds at most, 1..
 *
 * ERR_NOMEM */
MUST_USE enum err pcmring_new(size_t samples, struct pcmring **ret_ring);

/* One more holder, from any thread; each calls pcmring_unref(), the last one frees. NULL is harmless. */
struct pcmring *pcmring_ref(struct pcmring *r);
void pcmring_unref(struct pcmring *r);

/* Writer: append samples; returns how many fitted. */
size_t pcmring_write(struct pcmring *r, const float *pcm, size_t samples);

/* Writer: nothing more will come. */
void pcmring_close(struct pcmring *r);

/* Reader: take exactly `samples`, or nothing and return false. */
bool pcmring_read(struct pcmring *r, float *ret_pcm, size_t samples);

/* Reader: drop the oldest samples so that at most `keep` are left. */
void pcmring_trim(struct pcmring *r, size_t keep);

/* Samples held. Both ends. */
size_t pcmring_held(const struct pcmring *r);

/* The writer closed it; what is held is the end. */
bool pcmring_closed(const struct pcmring *r);

#endif
