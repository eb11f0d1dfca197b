/* The node's reader of Ogg Opus comes to an end on any file, and what it hands out are Opus packets.
 *
 * Input: flags (u8; bit 0: right the checksums), a position (u16, in 20 ms), then the file. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "oggfix.h"
#include "oggread.h"

static struct bytes file;

static enum err flash_read(void *ctx, const char *name, uint64_t offset, void *ret_data,
                           size_t size, size_t *ret_len)
{
    size_t n = offset < file.len ? file.len - (size_t)offset : 0;

    (void)ctx;
    (void)name;
    n = n < size ? n : size;
    if (n > 0)
        memcpy(ret_data, file.data + offset, n);
    *ret_len = n;
    return ERR_OK;
}

/* Every packet takes at least one byte, the lacing value; so does every damage that is told. */
static void read_all(struct oggread *o)
{
    struct bytes payload;
    int64_t pos;
    int32_t samples;
    enum err e;

    for (size_t calls = 0;; calls++) {
        e = oggread_next(o, &payload, &pos, &samples);
        CHECK(calls <= file.len);
        if (e == ERR_OK)
            CHECK(payload.len >= 1 && payload.len <= PACKET_PAYLOAD_MAX && samples > 0 &&
                  samples <= 6 * PACKET_SAMPLES);
        else if (e != ERR_FORMAT)
            break;
    }
    CHECK(e == ERR_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct node_port port = {.flash_read = flash_read};
    struct oggread o;
    uint8_t *copy;

    if (size < 4)
        return 0;
    copy = malloc(size - 3);
    CHECK(copy != NULL);
    memcpy(copy, data + 3, size - 3);
    if ((data[0] & 1) != 0)
        oggfix_checksums(copy, size - 3);
    file = bytes_of(copy, size - 3);
    CHECK(oggread_init(&o) == ERR_OK);
    if (oggread_open(&o, &port, "m.00", file.len) == ERR_OK) {
        read_all(&o);
        if (oggread_seek(&o, (data[1] << 8 | data[2]) * (int64_t)PACKET_SAMPLES) == ERR_OK)
            read_all(&o);
    }
    oggread_deinit(&o);
    free(copy);
    return 0;
}
