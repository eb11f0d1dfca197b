#include "aircheck.h"

#include <opus/opus.h>

#include "loudness.h"
#include "packet.h"
#include "programme.h"

static enum err measure(const struct programme *p, OpusDecoder *decoder,
                        struct loudness_meter *meter)
{
    float pcm[PACKET_SAMPLES];
    enum err e = ERR_OK;

    for (uint32_t k = 0; e == ERR_OK && k < programme_packets(p); k++) {
        struct bytes packet = programme_packet(p, k);
        int n =
            opus_decode_float(decoder, packet.data, (opus_int32)packet.len, pcm, PACKET_SAMPLES, 0);

        if (n > 0)
            e = loudness_meter_add(meter, pcm, (size_t)n);
    }
    return e;
}

enum err aircheck_measure(const char *media_dir, const struct media_id *id,
                          struct media_info *ret_info, struct err_detail *detail)
{
    struct programme *p = NULL;
    struct loudness_meter *meter = NULL;
    int status = OPUS_OK;
    OpusDecoder *decoder = opus_decoder_create(SAMPLE_RATE_HZ, 1, &status);
    enum err e = decoder != NULL ? programme_open(media_dir, id, &p, detail) : ERR_NOMEM;

    if (e == ERR_OK)
        e = loudness_meter_new(true, &meter);
    if (e == ERR_OK)
        e = measure(p, decoder, meter);
    if (e == ERR_OK) {
        int32_t mlufs = loudness_meter_integrated_mlufs(meter);

        *ret_info = (struct media_info){
            .id = *id,
            .samples = programme_samples(p),
            .duration_ms = (uint32_t)((programme_samples(p) + 47) / 48),
            .loudness_mlufs = mlufs != LOUDNESS_SILENT_MLUFS ? mlufs : -70000,
            .true_peak_mdb = loudness_meter_peak_mdb(meter),
        };
    }
    loudness_meter_free(meter);
    programme_free(p);
    if (decoder != NULL)
        opus_decoder_destroy(decoder);
    return e;
}
