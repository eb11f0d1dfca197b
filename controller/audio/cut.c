#include "cut.h"

#include "oggfile.h"
#include "packet.h"
#include "programme.h"

#define SAMPLES_PER_MS 48
#define SETTLE_SAMPLES (80 * SAMPLES_PER_MS)
#define PIECE_MIN_MS 100

static enum err copy_packets(const struct programme *p, uint64_t first_sample, uint64_t end_sample,
                             uint32_t from_packet, const char *media_dir, struct media_info *info,
                             struct err_detail *detail)
{
    uint64_t skipped = (uint64_t)from_packet * PACKET_SAMPLES;
    uint64_t to_packet = (end_sample + PACKET_SAMPLES - 1) / PACKET_SAMPLES;
    struct oggfile *file = NULL;
    bool known;
    enum err e = oggfile_new(media_dir, (uint16_t)(first_sample - skipped), &file, detail);

    for (uint64_t k = from_packet; e == ERR_OK && k < to_packet; k++)
        e = oggfile_add(file, programme_packet(p, (uint32_t)k), detail);
    if (e == ERR_OK)
        e = oggfile_finish(file, end_sample - first_sample, &info->id, &info->size_bytes, &known,
                           detail);
    oggfile_free(file);
    return e;
}

enum err cut_store(const char *media_dir, const struct media_info *original, uint32_t from_ms,
                   uint32_t to_ms, struct media_info *ret_info, struct err_detail *detail)
{
    struct media_info info = *original;
    struct programme *p;
    uint64_t first, end;
    enum err e;

    if (to_ms > original->duration_ms || from_ms >= to_ms || to_ms - from_ms < PIECE_MIN_MS)
        return err_set(detail, ERR_LIMIT,
                       "The piece must lie within the recording and last at least %d ms.",
                       PIECE_MIN_MS);
    e = programme_open(media_dir, &original->id, &p, detail);
    if (e != ERR_OK)
        return e;
    first = programme_preskip(p) + (uint64_t)from_ms * SAMPLES_PER_MS;
    end = programme_preskip(p) + (uint64_t)to_ms * SAMPLES_PER_MS;
    /* The last millisecond may be begun only. */
    if (end > programme_preskip(p) + programme_samples(p))
        end = programme_preskip(p) + programme_samples(p);
    e = copy_packets(
        p, first, end,
        (uint32_t)(first > SETTLE_SAMPLES ? (first - SETTLE_SAMPLES) / PACKET_SAMPLES : 0),
        media_dir, &info, detail);
    programme_free(p);
    if (e != ERR_OK)
        return e;
    info.title[0] = '\0';
    info.samples = end - first;
    info.duration_ms = (uint32_t)((info.samples + SAMPLES_PER_MS - 1) / SAMPLES_PER_MS);
    *ret_info = info;
    return ERR_OK;
}
