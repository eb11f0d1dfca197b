#include "decoder.h"

#include <opus/opus.h>
#include <stdlib.h>

#include "units.h"

struct decoder {
    OpusDecoder *opus;
};

enum err decoder_new(struct decoder **ret_decoder)
{
    struct decoder *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return ERR_NOMEM;
    d->opus = opus_decoder_create(SAMPLE_RATE_HZ, 1, NULL);
    if (d->opus == NULL) {
        free(d);
        return ERR_NOMEM;
    }
    *ret_decoder = d;
    return ERR_OK;
}

void decoder_free(struct decoder *d)
{
    if (d == NULL)
        return;
    opus_decoder_destroy(d->opus);
    free(d);
}

void decoder_restart(struct decoder *d)
{
    opus_decoder_ctl(d->opus, OPUS_RESET_STATE);
}

enum err decoder_packet(struct decoder *d, struct bytes packet, float *ret_pcm)
{
    if (packet.len == 0 || packet.len > PACKET_PAYLOAD_MAX ||
        opus_packet_get_nb_samples(packet.data, (opus_int32)packet.len, SAMPLE_RATE_HZ) !=
            PACKET_SAMPLES)
        return ERR_FORMAT;
    return opus_decode_float(d->opus, packet.data, (opus_int32)packet.len, ret_pcm, PACKET_SAMPLES,
                             0) == PACKET_SAMPLES
               ? ERR_OK
               : ERR_FORMAT;
}
