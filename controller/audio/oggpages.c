#include "oggpages.h"

#include <ogg/ogg.h>
#include <opus/opus.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

struct oggpages {
    struct oggpages_config config;
    ogg_stream_state stream;
    int64_t packets; /* of headers and sound */
    unsigned in_page;
};

/* Write every packet that libogg holds as pages. */
static enum err flush(struct oggpages *p, struct err_detail *detail)
{
    ogg_page page;

    p->in_page = 0;
    while (ogg_stream_flush(&p->stream, &page) != 0) {
        enum err e =
            p->config.write(p->config.ctx, bytes_of(page.header, (size_t)page.header_len), detail);

        if (e == ERR_OK)
            e = p->config.write(p->config.ctx, bytes_of(page.body, (size_t)page.body_len), detail);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err put(struct oggpages *p, struct bytes payload, int64_t granule, bool last)
{
    ogg_packet packet = {
        .packet = (unsigned char *)(uintptr_t)payload.data, /* libogg copies it */
        .bytes = (long)payload.len,
        .b_o_s = p->packets == 0,
        .e_o_s = last,
        .granulepos = granule,
        .packetno = p->packets,
    };

    if (ogg_stream_packetin(&p->stream, &packet) != 0)
        return ERR_NOMEM;
    p->packets++;
    return ERR_OK;
}

static enum err put_header(struct oggpages *p, const uint8_t *data, size_t len,
                           struct err_detail *detail)
{
    enum err e = put(p, bytes_of(data, len), 0, false);

    return e == ERR_OK ? flush(p, detail) : e;
}

static void put_le(uint8_t *at, uint32_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

/* RFC 7845 sections 5.1 and 5.2. */
static enum err put_headers(struct oggpages *p, struct err_detail *detail)
{
    const char *vendor = opus_get_version_string();
    size_t vendor_len = strlen(vendor);
    uint8_t head[19] = "OpusHead";
    uint8_t tags[128] = "OpusTags";
    enum err e;

    head[8] = 1; /* version */
    head[9] = 1; /* channel */
    put_le(head + 10, p->config.preskip_samples, 2);
    put_le(head + 12, SAMPLE_RATE_HZ, 4);
    e = put_header(p, head, sizeof(head), detail);
    if (e != ERR_OK)
        return e;
    if (vendor_len > sizeof(tags) - 16)
        vendor_len = sizeof(tags) - 16;
    put_le(tags + 8, (uint32_t)vendor_len, 4);
    memcpy(tags + 12, vendor, vendor_len);
    put_le(tags + 12 + vendor_len, 0, 4);
    return put_header(p, tags, 16 + vendor_len, detail);
}

enum err oggpages_new(const struct oggpages_config *config, struct oggpages **ret_pages,
                      struct err_detail *detail)
{
    struct oggpages *p = calloc(1, sizeof(*p));
    enum err e;

    if (p == NULL)
        return ERR_NOMEM;
    p->config = *config;
    if (ogg_stream_init(&p->stream, (int)config->serial) != 0) {
        free(p);
        return ERR_NOMEM;
    }
    e = put_headers(p, detail);
    if (e != ERR_OK) {
        oggpages_free(p);
        return e;
    }
    *ret_pages = p;
    return ERR_OK;
}

void oggpages_free(struct oggpages *p)
{
    if (p == NULL)
        return;
    ogg_stream_clear(&p->stream);
    free(p);
}

enum err oggpages_add(struct oggpages *p, struct bytes payload, int64_t granule, bool last,
                      struct err_detail *detail)
{
    enum err e = put(p, payload, granule, last);

    if (e != ERR_OK)
        return e;
    p->in_page++;
    return last || p->in_page == p->config.page_packets ? flush(p, detail) : ERR_OK;
}
