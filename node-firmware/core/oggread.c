#include "oggread.h"

#include <string.h>

#include <opus/opus.h>

#define PAGE_MAX 65536
#define BISECT_STOP (32 * 1024)
#define OPUS_HEAD_BYTES 19
#define GRANULE_MAX (INT64_C(1) << 48) /* 186 years: beyond it a page is as good as damaged */

enum err oggread_init(struct oggread *o)
{
    *o = (struct oggread){0};
    ogg_sync_init(&o->sync);
    /* One page at most and one piece behind it: libogg never has to grow the buffer again. */
    if (ogg_sync_buffer(&o->sync, PAGE_MAX + 4 * OGGREAD_PIECE) == NULL)
        return ERR_NOMEM;
    return ERR_OK;
}

void oggread_deinit(struct oggread *o)
{
    ogg_sync_clear(&o->sync);
}

static void jump(struct oggread *o, uint64_t at)
{
    ogg_sync_reset(&o->sync);
    o->read_at = at;
    o->page_open = false;
    o->packet_len = 0;
    o->packet_bad = false;
    o->next_page = -1;
}

/* Read the next page; its place in the object goes to *ret_at.
 * ERR_NOT_FOUND at the end; damaged bytes are passed over. */
static enum err next_page(struct oggread *o, uint64_t *ret_at)
{
    for (;;) {
        long found = ogg_sync_pageseek(&o->sync, &o->page);
        size_t len = 0;
        char *into;
        enum err e;

        if (found > 0) {
            uint64_t held = (uint64_t)(o->sync.fill - o->sync.returned);

            *ret_at = o->read_at - held - (uint64_t)found;
            return ERR_OK;
        }
        if (found < 0)
            continue;
        if (o->read_at >= o->size_bytes)
            return ERR_NOT_FOUND;
        into = ogg_sync_buffer(&o->sync, OGGREAD_PIECE);
        if (into == NULL)
            return ERR_NOMEM;
        e = o->port->flash_read(o->port->ctx, o->name, o->read_at, into, OGGREAD_PIECE, &len);
        if (e != ERR_OK)
            return e;
        if (len == 0 || ogg_sync_wrote(&o->sync, (long)len) != 0)
            return ERR_IO;
        o->read_at += len;
    }
}

static void open_page(struct oggread *o)
{
    o->page_open = true;
    o->segment = 0;
    o->body_at = 0;
    o->skip_partial = ogg_page_continued(&o->page) != 0 && o->packet_len == 0 && !o->packet_bad;
    if (ogg_page_continued(&o->page) == 0) {
        o->packet_len = 0;
        o->packet_bad = false;
    }
}

/* Next whole packet of the open page. ERR_NOT_FOUND when the page has no more. */
static enum err page_packet(struct oggread *o, struct bytes *ret_payload)
{
    int segments = o->page.header[26];

    while (o->segment < segments) {
        uint8_t lacing = o->page.header[27 + o->segment++];

        if (o->packet_len + lacing > sizeof(o->packet))
            o->packet_bad = true;
        if (!o->packet_bad && !o->skip_partial) {
            memcpy(o->packet + o->packet_len, o->page.body + o->body_at, lacing);
            o->packet_len += lacing;
        }
        o->body_at += lacing;
        if (lacing < 255) {
            bool whole = !o->packet_bad && !o->skip_partial;

            *ret_payload = bytes_of(o->packet, o->packet_len);
            o->packet_len = 0;
            o->packet_bad = false;
            o->skip_partial = false;
            if (whole)
                return ERR_OK;
        }
    }
    o->page_open = false;
    return ERR_NOT_FOUND;
}

static enum err read_head(struct oggread *o)
{
    struct bytes head;
    uint64_t at;
    enum err e = next_page(o, &at);

    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
    open_page(o);
    e = page_packet(o, &head);
    if (e != ERR_OK || head.len < OPUS_HEAD_BYTES || memcmp(head.data, "OpusHead", 8) != 0 ||
        (head.data[8] & 0xF0) != 0 || head.data[9] != 1)
        return ERR_FORMAT;
    o->serial = (uint32_t)ogg_page_serialno(&o->page);
    o->preskip = (uint16_t)(head.data[10] | head.data[11] << 8);
    return ERR_OK;
}

/* The comment header may be longer than any audio packet; only where it ends matters. */
static enum err skip_tags(struct oggread *o)
{
    for (;;) {
        uint64_t at;
        enum err e = next_page(o, &at);

        if (e != ERR_OK)
            return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
        if (ogg_page_packets(&o->page) > 0) {
            o->data_at = at + (uint64_t)(o->page.header_len + o->page.body_len);
            return ERR_OK;
        }
    }
}

enum err oggread_open(struct oggread *o, const struct node_port *port, const char *name,
                      uint64_t size_bytes)
{
    enum err e;

    if (strlen(name) >= sizeof(o->name))
        return ERR_ARG;
    o->port = port;
    strcpy(o->name, name);
    o->size_bytes = size_bytes;
    jump(o, 0);
    e = read_head(o);
    if (e == ERR_OK)
        e = skip_tags(o);
    if (e != ERR_OK)
        return e;
    jump(o, o->data_at);
    o->next_pos = -(int64_t)o->preskip;
    return ERR_OK;
}

/* Where the page ends, when it says so. */
static bool page_end(struct oggread *o, int64_t *ret_end)
{
    int64_t granule = (int64_t)ogg_page_granulepos(&o->page);

    if (granule < 0 || granule > GRANULE_MAX)
        return false;
    *ret_end = granule - o->preskip;
    return true;
}

/* Drop the packets of the open page; what follows starts where it ends. */
static void pass_page(struct oggread *o)
{
    struct bytes payload;

    while (page_packet(o, &payload) == ERR_OK)
        continue;
    (void)page_end(o, &o->next_pos);
}

static void enter_page(struct oggread *o)
{
    long number = ogg_page_pageno(&o->page);
    bool lost = o->next_page >= 0 && number != o->next_page;

    if (lost)
        o->packet_len = 0;
    open_page(o);
    o->next_page = number + 1;
    /* How long the lost pages were only the next granule position tells. */
    if (lost)
        pass_page(o);
}

enum err oggread_next(struct oggread *o, struct bytes *ret_payload, int64_t *ret_pos,
                      int32_t *ret_samples)
{
    for (;;) {
        struct bytes payload;
        uint64_t at;
        int samples;
        enum err e;

        if (!o->page_open) {
            e = next_page(o, &at);
            if (e != ERR_OK)
                return e;
            if ((uint32_t)ogg_page_serialno(&o->page) != o->serial)
                continue;
            enter_page(o);
        }
        e = page_packet(o, &payload);
        if (e == ERR_NOT_FOUND)
            continue;
        samples =
            payload.len > 0
                ? opus_packet_get_nb_samples(payload.data, (opus_int32)payload.len, SAMPLE_RATE_HZ)
                : 0;
        if (samples <= 0)
            return ERR_FORMAT;
        *ret_payload = payload;
        *ret_pos = o->next_pos;
        *ret_samples = samples;
        o->next_pos += samples;
        return ERR_OK;
    }
}

/* Read the page at or after `at` that ends a packet, and say what it ends with. */
static enum err probe(struct oggread *o, uint64_t at, uint64_t *ret_at, int64_t *ret_end)
{
    enum err e;

    jump(o, at);
    for (;;) {
        e = next_page(o, ret_at);
        if (e != ERR_OK)
            return e;
        if ((uint32_t)ogg_page_serialno(&o->page) == o->serial && page_end(o, ret_end))
            return ERR_OK;
    }
}

enum err oggread_seek(struct oggread *o, int64_t pos)
{
    uint64_t low = o->data_at, high = o->size_bytes, at = 0;
    int64_t low_end = -(int64_t)o->preskip, end = 0;
    bool low_is_page = false;
    enum err e;

    while (high > low && high - low > BISECT_STOP) {
        uint64_t middle = low + (high - low) / 2;

        e = probe(o, middle, &at, &end);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
        if (e == ERR_OK && at < high && end <= pos) {
            low = at;
            low_end = end;
            low_is_page = true;
        } else {
            high = middle;
        }
    }
    jump(o, low);
    o->next_pos = low_end;
    if (low_is_page) {
        /* Its packets all end before pos; only the beginning of one that goes on is of use. */
        e = next_page(o, &at);
        if (e != ERR_OK)
            return e;
        enter_page(o);
        pass_page(o);
    }
    return ERR_OK;
}
