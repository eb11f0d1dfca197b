#include "programme.h"

#include <errno.h>
#include <fcntl.h>
#include <ogg/ogg.h>
#include <opus/opus.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "oggfile.h"
#include "packet.h"

#define READ_BYTES 65536

/* Packet k is blob[start[k]] up to blob[start[k + 1]]. */
struct programme {
    uint8_t *blob;
    uint32_t *start;
    uint32_t packets;
    uint32_t room; /* entries of `start` */
    uint16_t preskip;
    uint64_t samples;
};

/* State of one reading; the programme holds what has been found so far. */
struct parser {
    struct programme *p;
    size_t blob_size;
    ogg_sync_state sync;
    ogg_stream_state stream;
    bool stream_ready;
    unsigned headers; /* 0 none, 1 OpusHead seen, 2 OpusTags too */
    int64_t granule; /* of the newest page that has one */
    bool ended;
};

static enum err read_head(struct parser *ps, const ogg_packet *packet)
{
    const uint8_t *h = packet->packet;

    /* Version 0.x or 1.x, one channel, no output gain (ours is in the samples), mapping family 0. */
    if (packet->bytes < 19 || memcmp(h, "OpusHead", 8) != 0 || (h[8] & 0xF0) != 0 || h[9] != 1 ||
        h[16] != 0 || h[17] != 0 || h[18] != 0)
        return ERR_FORMAT;
    ps->p->preskip = (uint16_t)(h[10] | h[11] << 8);
    return ERR_OK;
}

static enum err add_packet(struct parser *ps, const ogg_packet *packet)
{
    struct programme *p = ps->p;
    size_t len = (size_t)packet->bytes;

    if (len < 1 || len > PACKET_PAYLOAD_MAX ||
        opus_packet_get_nb_samples(packet->packet, (opus_int32)len, SAMPLE_RATE_HZ) !=
            PACKET_SAMPLES ||
        len > ps->blob_size - p->start[p->packets])
        return ERR_FORMAT;
    if (p->packets + 2 > p->room) {
        uint32_t *bigger = realloc(p->start, sizeof(*bigger) * 2 * p->room);

        if (bigger == NULL)
            return ERR_NOMEM;
        p->start = bigger;
        p->room *= 2;
    }
    memcpy(p->blob + p->start[p->packets], packet->packet, len);
    p->start[p->packets + 1] = p->start[p->packets] + (uint32_t)len;
    p->packets++;
    return ERR_OK;
}

static enum err take_packet(struct parser *ps, const ogg_packet *packet)
{
    if (ps->headers == 0) {
        ps->headers = 1;
        return read_head(ps, packet);
    }
    if (ps->headers == 1) {
        ps->headers = 2;
        return packet->bytes >= 8 && memcmp(packet->packet, "OpusTags", 8) == 0 ? ERR_OK
                                                                                : ERR_FORMAT;
    }
    return add_packet(ps, packet);
}

static enum err take_page(struct parser *ps, ogg_page *page)
{
    ogg_packet packet;
    enum err err = ERR_OK;
    int got;

    if (ps->ended)
        return ERR_FORMAT; /* a second, chained stream */
    if (!ps->stream_ready) {
        if (ogg_stream_init(&ps->stream, ogg_page_serialno(page)) != 0)
            return ERR_NOMEM;
        ps->stream_ready = true;
    }
    if (ogg_stream_pagein(&ps->stream, page) != 0)
        return ERR_FORMAT;
    if (ogg_page_granulepos(page) >= 0)
        ps->granule = ogg_page_granulepos(page);
    ps->ended = ogg_page_eos(page) != 0;
    while (err == ERR_OK && (got = ogg_stream_packetout(&ps->stream, &packet)) != 0)
        err = got < 0 ? ERR_FORMAT : take_packet(ps, &packet);
    return err;
}

/* Feed what libogg has buffered. */
static enum err take_pages(struct parser *ps)
{
    ogg_page page;
    int got;

    while ((got = ogg_sync_pageout(&ps->sync, &page)) != 0) {
        enum err err = got < 0 ? ERR_FORMAT : take_page(ps, &page);

        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Read to the end of the file; hash and parse in one pass. A wrong digest is told before bad Ogg, since
 * it explains it. */
static enum err read_all(struct parser *ps, int fd, uint8_t ret_sha256[SHA256_BYTES])
{
    struct digest d;
    enum err parsed = ERR_OK;

    digest_init(&d);
    for (;;) {
        char *room = ogg_sync_buffer(&ps->sync, READ_BYTES);
        ssize_t n;

        if (room == NULL)
            return ERR_NOMEM;
        n = read(fd, room, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        digest_update(&d, bytes_of(room, (size_t)n));
        if (parsed != ERR_OK) {
            ogg_sync_reset(&ps->sync);
            continue;
        }
        ogg_sync_wrote(&ps->sync, n);
        parsed = take_pages(ps);
    }
    digest_finish(&d, ret_sha256);
    return parsed;
}

/* The end of the sound must lie within the last packet (RFC 7845 section 4.4). */
static enum err judge_length(struct parser *ps)
{
    struct programme *p = ps->p;
    int64_t all = (int64_t)p->packets * PACKET_SAMPLES;

    if (!ps->ended || p->packets == 0 || ps->granule > all || ps->granule <= all - PACKET_SAMPLES ||
        ps->granule <= p->preskip)
        return ERR_FORMAT;
    p->samples = (uint64_t)ps->granule - p->preskip;
    return ERR_OK;
}

static enum err load(struct programme *p, int fd, size_t size, const struct media_id *id,
                     struct err_detail *detail)
{
    struct parser ps = {.p = p, .blob_size = size};
    uint8_t sum[SHA256_BYTES];
    enum err err;

    p->room = 1024;
    p->blob = malloc(size);
    p->start = calloc(p->room, sizeof(*p->start));
    if (p->blob == NULL || p->start == NULL)
        return ERR_NOMEM;
    ogg_sync_init(&ps.sync);
    err = read_all(&ps, fd, sum);
    if (err == ERR_IO)
        err_set(detail, err, "A stored recording cannot be read: check the disk.");
    if ((err == ERR_OK || err == ERR_FORMAT) && memcmp(sum, id->sha256, SHA256_BYTES) != 0)
        err = err_set(detail, ERR_FORMAT,
                      "A stored recording is damaged: import it again from the original.");
    else if (err == ERR_FORMAT || (err == ERR_OK && judge_length(&ps) != ERR_OK))
        err = err_set(detail, ERR_FORMAT,
                      "A stored recording is not mono Ogg Opus in 20 ms packets: import it again.");
    if (ps.stream_ready)
        ogg_stream_clear(&ps.stream);
    ogg_sync_clear(&ps.sync);
    return err;
}

enum err programme_open(const char *media_dir, const struct media_id *id,
                        struct programme **ret_programme, struct err_detail *detail)
{
    char path[OGGFILE_PATH_MAX];
    struct programme *p = NULL;
    struct stat st;
    int fd = -1;
    enum err err = oggfile_path(media_dir, id, path, sizeof(path));

    if (err != ERR_OK)
        return err_set(detail, err, "The path of the data directory is too long.");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(detail, ERR_NOT_FOUND,
                       "A recording is missing from the media folder: import it again.");
    if (fd < 0 || fstat(fd, &st) != 0) {
        err = err_set(detail, ERR_IO, "A stored recording cannot be read (%s): check the disk.",
                      strerror(errno));
        goto out;
    }
    if (st.st_size < 1 || (uint64_t)st.st_size > PROGRAMME_BYTES_MAX) {
        err = err_set(detail, st.st_size < 1 ? ERR_FORMAT : ERR_LIMIT,
                      "A stored recording is empty or too long: import it again.");
        goto out;
    }
    p = calloc(1, sizeof(*p));
    err = p == NULL ? ERR_NOMEM : load(p, fd, (size_t)st.st_size, id, detail);
    if (err != ERR_OK)
        goto out;
    *ret_programme = p;
    p = NULL;

out:
    programme_free(p);
    if (fd >= 0)
        close(fd);
    return err;
}

void programme_free(struct programme *p)
{
    if (p == NULL)
        return;
    free(p->blob);
    free(p->start);
    free(p);
}

uint32_t programme_packets(const struct programme *p)
{
    return p->packets;
}

uint16_t programme_preskip(const struct programme *p)
{
    return p->preskip;
}

uint64_t programme_samples(const struct programme *p)
{
    return p->samples;
}

struct bytes programme_packet(const struct programme *p, uint32_t k)
{
    return bytes_of(p->blob + p->start[k], p->start[k + 1] - p->start[k]);
}
