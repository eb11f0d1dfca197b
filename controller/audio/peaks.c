#include "peaks.h"

#include <math.h>
#include <opus/opus.h>
#include <string.h>

#include "packet.h"
#include "programme.h"

static void measure(const struct programme *p, OpusDecoder *decoder, size_t count,
                    uint8_t *ret_peaks)
{
    uint64_t samples = programme_samples(p), at = 0, skip = programme_preskip(p);
    float pcm[PACKET_SAMPLES];

    for (uint32_t k = 0; k < programme_packets(p); k++) {
        struct bytes packet = programme_packet(p, k);
        int n =
            opus_decode_float(decoder, packet.data, (opus_int32)packet.len, pcm, PACKET_SAMPLES, 0);

        for (int i = 0; i < n && at < samples; i++) {
            uint64_t column = at * count / samples;
            float peak = ceilf(fminf(fabsf(pcm[i]), 1) * 255);

            if (skip > 0) {
                skip--;
                continue;
            }
            if (peak > (float)ret_peaks[column])
                ret_peaks[column] = (uint8_t)peak;
            at++;
        }
    }
}

enum err peaks_measure(const char *media_dir, const struct media_id *id, size_t count,
                       uint8_t *ret_peaks, struct err_detail *detail)
{
    struct programme *p = NULL;
    int status = OPUS_OK;
    OpusDecoder *decoder;
    enum err e;

    if (count < 1 || count > PEAKS_MAX)
        return ERR_ARG;
    decoder = opus_decoder_create(SAMPLE_RATE_HZ, 1, &status);
    e = decoder != NULL ? programme_open(media_dir, id, &p, detail) : ERR_NOMEM;
    if (e == ERR_OK) {
        memset(ret_peaks, 0, count);
        measure(p, decoder, count, ret_peaks);
    }
    programme_free(p);
    if (decoder != NULL)
        opus_decoder_destroy(decoder);
    return e;
}
