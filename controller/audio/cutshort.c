#include "cutshort.h"

#include <string.h>
#include <unistd.h>

#define RIFF_HEADER_BYTES 12
#define RIFF_SIZE_UNKNOWN 0x7FFFF000U /* from here on: written by programs that could not know it */
#define OGG_HEADER_BYTES 27
#define OGG_PAGE_MAX (OGG_HEADER_BYTES + 255 + 255 * 255)

static bool wav_is_short(const uint8_t *head, uint64_t size)
{
    uint32_t told =
        head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24;

    if (memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
        return false;
    /* A padding byte may be missing at the end. */
    return told > 0 && told < RIFF_SIZE_UNKNOWN && (uint64_t)told + 8 > size + 1;
}

/* Length of the page that starts here, as its header says; SIZE_MAX when the header itself is cut. */
static size_t page_length(const uint8_t *page, size_t left)
{
    size_t len = OGG_HEADER_BYTES;

    if (left < OGG_HEADER_BYTES || left < OGG_HEADER_BYTES + (size_t)page[26])
        return SIZE_MAX;
    len += page[26];
    for (size_t i = 0; i < page[26]; i++)
        len += page[OGG_HEADER_BYTES + i];
    return len;
}

/* The last page of an Ogg file must be whole. */
static bool ogg_is_short(int fd, uint64_t size)
{
    static const uint8_t mark[5] = {'O', 'g', 'g', 'S', 0};
    uint8_t tail[OGG_PAGE_MAX];
    size_t want = size < sizeof(tail) ? (size_t)size : sizeof(tail);
    ssize_t n = pread(fd, tail, want, (off_t)(size - want));

    for (ssize_t at = n - (ssize_t)sizeof(mark); at >= 0; at--) {
        size_t left = (size_t)(n - at);

        if (memcmp(tail + at, mark, sizeof(mark)) == 0)
            return page_length(tail + at, left) > left;
    }
    return false;
}

bool cutshort_check(int fd, uint64_t size)
{
    uint8_t head[RIFF_HEADER_BYTES];

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return false;
    if (memcmp(head, "OggS", 4) == 0)
        return ogg_is_short(fd, size);
    return wav_is_short(head, size);
}
