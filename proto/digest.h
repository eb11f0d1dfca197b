/* digest.h - SHA-256 over what is stored, chained or pinned.
 *
 * Wraps mbedTLS, 2.28 and 3.6. Thread: any, one object per thread. */
#ifndef LOA_DIGEST_H
#define LOA_DIGEST_H

#include "bytes.h"
#include "err.h"
#include "units.h"

/* Opaque, caller's memory; needs no destroy call. */
struct digest {
    _Alignas(16) unsigned char opaque[128];
};

void digest_init(struct digest *d);
void digest_update(struct digest *d, struct bytes data);

/* Finish; the object must be initialised again before another use. */
void digest_finish(struct digest *d, uint8_t ret_sha256[SHA256_BYTES]);

/* All three in one call. */
void digest_sha256(struct bytes data, uint8_t ret_sha256[SHA256_BYTES]);

/* Compare secrets without a timing difference. */
bool digest_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES]);

/* Fill with bytes of the operating system's generator (getrandom). Aborts when the system has none. */
void digest_random(void *ret_data, size_t len);

#endif
