/* bytes.h - borrowed byte views, and cursors over them whose first error sticks.
 *
 * Integers are big-endian (network order). A reader or writer never goes outside its view; after the
 * first failure every further call is harmless and `failed` stays set, so a decoder reads all its
 * fields and tests once at the end. Never allocates. Thread: the owner's. */
#ifndef LOA_BYTES_H
#define LOA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* A borrowed, immutable view; valid as long as what it points into. `data` may be NULL when len = 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

struct reader {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool failed;
};

struct writer {
    uint8_t *data;
    size_t size;
    size_t at;
    bool failed;
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

bool bytes_equal(struct bytes a, struct bytes b);

void reader_init(struct reader *r, struct bytes view);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
int64_t reader_i64(struct reader *r);

/* Borrow the next `len` bytes of the view; an empty view when they are not all there. */
struct bytes reader_bytes(struct reader *r, size_t len);

/* Number of bytes not yet read; 0 after a failure. */
size_t reader_left(const struct reader *r);

/* True when everything was read and nothing failed: what a strict decoder asks last. */
bool reader_done(const struct reader *r);

void writer_init(struct writer *w, void *data, size_t size);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_i64(struct writer *w, int64_t v);
void writer_bytes(struct writer *w, struct bytes b);

/* What has been written so far, borrowed from the writer's memory; empty after a failure. */
struct bytes writer_view(const struct writer *w);

#define HEX_SIZE(n) (2 * (n) + 1)

/* Write lower-case hexadecimal and a terminator.
 *
 *   ret_text  HEX_SIZE(b.len) bytes */
void bytes_to_hex(struct bytes b, char *ret_text);

/* Read exactly `len` bytes from 2 * len hexadecimal digits, either case.
 *
 * ERR_FORMAT  another length or another character; ret_data untouched */
MUST_USE enum err bytes_from_hex(const char *text, uint8_t *ret_data, size_t len);

#endif
