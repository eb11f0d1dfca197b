#include "digest.h"

#include "check.h"
#include "tls.h"

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct digest), "enlarge struct digest");
_Static_assert(_Alignof(mbedtls_sha256_context) <= _Alignof(struct digest), "align struct digest");

static mbedtls_sha256_context *context_of(struct digest *d)
{
    return (mbedtls_sha256_context *)(void *)d->opaque;
}

/* The software implementation has no failing path; another result is our own misuse. */
void digest_init(struct digest *d)
{
    mbedtls_sha256_init(context_of(d));
    CHECK(tls_sha256_starts(context_of(d), 0) == 0);
}

void digest_update(struct digest *d, struct bytes data)
{
    if (data.len > 0)
        CHECK(tls_sha256_update(context_of(d), data.data, data.len) == 0);
}

void digest_finish(struct digest *d, uint8_t ret_sha256[SHA256_BYTES])
{
    CHECK(tls_sha256_finish(context_of(d), ret_sha256) == 0);
    mbedtls_sha256_free(context_of(d));
}

void digest_sha256(struct bytes data, uint8_t ret_sha256[SHA256_BYTES])
{
    struct digest d;

    digest_init(&d);
    digest_update(&d, data);
    digest_finish(&d, ret_sha256);
}

bool digest_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES])
{
    volatile uint8_t differ = 0;

    for (size_t i = 0; i < SHA256_BYTES; i++)
        differ = (uint8_t)(differ | (a[i] ^ b[i]));
    return differ == 0;
}

void digest_random(void *ret_data, size_t len)
{
    CHECK(tls_random(NULL, ret_data, len) == 0);
}
