/* decoder.h - Opus packets of 20 ms, as a browser makes them, to 48 kHz mono samples.
 *
 * What is no packet of exactly 20 ms is refused; stereo is mixed down. Thread: any, one object per thread. */
#ifndef LOA_DECODER_H
#define LOA_DECODER_H

#include "bytes.h"
#include "err.h"
#include "packet.h"

struct decoder;

MUST_USE enum err decoder_new(struct decoder **ret_decoder);
void decoder_free(struct decoder *d); /* accepts NULL */

/* What comes next does not follow what came before. */
void decoder_restart(struct decoder *d);

/* Decode one packet.
 *
 *   ret_pcm  PACKET_SAMPLES floats, ±1 full scale
 *
 * ERR_FORMAT  no Opus packet, or one of another length */
MUST_USE enum err decoder_packet(struct decoder *d, struct bytes packet, float *ret_pcm);

#endif
