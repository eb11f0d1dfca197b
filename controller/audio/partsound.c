#include "partsound.h"

#include <stdlib.h>
#include <string.h>

#include "decoder.h"
#include "packet.h"

#define SETTLE_PACKETS 4 /* 80 ms, RFC 7845 section 4.6 */
#define NO_PACKET UINT32_MAX

struct part_at {
    struct programme *programme; /* NULL: silence */
    uint64_t start, end;
};

struct partsound {
    struct decoder *decoder;
    size_t count;
    struct part_at parts[SRC_MEDIA_ITEMS_MAX];
    uint64_t at; /* next sample */
    size_t part; /* of the block */
    uint32_t packet; /* that the block holds, NO_PACKET none */
    float block[PACKET_SAMPLES];
};

static bool is_silence(const struct src_media_item *item)
{
    static const struct media_id none;

    return memcmp(&item->media, &none, sizeof(none)) == 0;
}

enum err partsound_new(const char *media_dir, const struct src_media_item *items, size_t count,
                       struct partsound **ret_parts, struct err_detail *detail)
{
    struct partsound *p;
    enum err e;

    if (count < 1 || count > SRC_MEDIA_ITEMS_MAX)
        return ERR_ARG;
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ERR_NOMEM;
    e = decoder_new(&p->decoder);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct part_at *part = &p->parts[p->count++];

        part->start = i > 0 ? p->parts[i - 1].end : 0;
        part->end = part->start + (uint64_t)items[i].duration_ms * (SAMPLE_RATE_HZ / 1000);
        if (part->end == part->start)
            e = ERR_ARG;
        else if (!is_silence(&items[i]))
            e = programme_open(media_dir, &items[i].media, &part->programme, detail);
    }
    if (e != ERR_OK) {
        partsound_free(p);
        return e;
    }
    p->packet = NO_PACKET;
    *ret_parts = p;
    return ERR_OK;
}

void partsound_free(struct partsound *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        programme_free(p->parts[i].programme);
    decoder_free(p->decoder);
    free(p);
}

uint64_t partsound_samples(const struct partsound *p)
{
    return p != NULL ? p->parts[p->count - 1].end : 0;
}

void partsound_seek(struct partsound *p, uint64_t sample)
{
    p->at = sample;
}

/* Make the block hold a packet of a part. What cannot be decoded is silent. */
static void load(struct partsound *p, size_t part, uint32_t packet)
{
    const struct programme *from = p->parts[part].programme;
    uint32_t first = packet;

    if (part == p->part && packet == p->packet)
        return;
    if (part != p->part || p->packet == NO_PACKET || packet != p->packet + 1) {
        decoder_restart(p->decoder);
        first = packet > SETTLE_PACKETS ? packet - SETTLE_PACKETS : 0;
    }
    for (uint32_t k = first; k <= packet; k++)
        if (decoder_packet(p->decoder, programme_packet(from, k), p->block) != ERR_OK)
            memset(p->block, 0, sizeof(p->block));
    p->part = part;
    p->packet = packet;
}

static size_t read_part(struct partsound *p, size_t i, float *ret_pcm, size_t count)
{
    const struct part_at *part = &p->parts[i];
    uint64_t left = part->end - p->at, in_programme;

    if (count > left)
        count = (size_t)left;
    if (part->programme != NULL) {
        in_programme = p->at - part->start + programme_preskip(part->programme);
        if (in_programme / PACKET_SAMPLES < programme_packets(part->programme)) {
            size_t from = (size_t)(in_programme % PACKET_SAMPLES);

            if (count > PACKET_SAMPLES - from)
                count = PACKET_SAMPLES - from;
            load(p, i, (uint32_t)(in_programme / PACKET_SAMPLES));
            memcpy(ret_pcm, p->block + from, count * sizeof(*ret_pcm));
            return count;
        }
    }
    memset(ret_pcm, 0, count * sizeof(*ret_pcm));
    return count;
}

void partsound_read(struct partsound *p, float *ret_pcm, size_t count)
{
    size_t i = 0;

    while (count > 0) {
        size_t n;

        while (i < p->count && p->at >= p->parts[i].end)
            i++;
        if (i == p->count) {
            memset(ret_pcm, 0, count * sizeof(*ret_pcm));
            n = count;
        } else {
            n = read_part(p, i, ret_pcm, count);
        }
        p->at += n;
        ret_pcm += n;
        count -= n;
    }
}
