#include "oggfix.h"

#include <string.h>

#include <ogg/ogg.h>

#define HEADER_BYTES 27

/* Length of the page at the front, 0 when it is not all there. */
static size_t page_len(const uint8_t *data, size_t len, size_t *ret_header)
{
    size_t header, body = 0;

    if (len < HEADER_BYTES || memcmp(data, "OggS", 4) != 0 || len < HEADER_BYTES + (size_t)data[26])
        return 0;
    header = HEADER_BYTES + data[26];
    for (size_t i = HEADER_BYTES; i < header; i++)
        body += data[i];
    *ret_header = header;
    return header + body <= len ? header + body : 0;
}

void oggfix_checksums(uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t header = 0, page = page_len(data + at, len - at, &header);
        ogg_page p = {.header = data + at,
                      .header_len = (long)header,
                      .body = data + at + header,
                      .body_len = (long)(page - header)};

        if (page > 0)
            ogg_page_checksum_set(&p);
        at += page > 0 ? page : 1;
    }
}
