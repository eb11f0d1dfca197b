/* encoder.h - 48 kHz mono samples to Opus packets of 20 ms.
 *
 * libopus, application audio, VBR, complexity 10. Same input, same packets. One encode per programme:
 * encoder_programmes() counts them. Thread: any, one object per thread. */
#ifndef LOA_ENCODER_H
#define LOA_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "packet.h"

#define ENCODER_BITRATE_MIN_BPS 16000
#define ENCODER_BITRATE_MAX_BPS 64000
#define ENCODER_BITRATE_BPS 32000

struct encoder;

/* ERR_ARG  bitrate out of range; ERR_NOMEM */
MUST_USE enum err encoder_new(uint32_t bitrate_bps, struct encoder **ret_encoder);
void encoder_free(struct encoder *e);

/* Samples that a decoder must drop at the start (libopus' lookahead): 312. */
uint16_t encoder_preskip(const struct encoder *e);

/* Encode 20 ms.
 *
 *   pcm       PACKET_SAMPLES floats, ±1 full scale
 *   ret_data  PACKET_PAYLOAD_MAX bytes
 *   ret_len   1..PACKET_PAYLOAD_MAX */
MUST_USE enum err encoder_packet(struct encoder *e, const float *pcm, uint8_t *ret_data,
                                 size_t *ret_len);

/* A programme has been encoded for good: count it (metric loa_encodes_total). */
void encoder_count_programme(void);

/* Programmes encoded since the process started. Any thread. */
uint64_t encoder_programmes(void);

#endif
