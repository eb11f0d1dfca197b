#include "record.h"

#include <string.h>

#include "check.h"
#include "digest.h"

static void check_bytes(struct bytes payload, uint8_t ret_check[4])
{
    uint8_t sha256[SHA256_BYTES];

    digest_sha256(payload, sha256);
    memcpy(ret_check, sha256, 4);
}

void record_reseal(struct writer *w, struct bytes payload)
{
    uint8_t check[4];

    CHECK(payload.len > 0 && payload.len <= RECORD_PAYLOAD_MAX);
    check_bytes(payload, check);
    writer_u16(w, (uint16_t)payload.len);
    writer_bytes(w, bytes_of(check, sizeof(check)));
}

void record_write(struct writer *w, struct bytes payload)
{
    record_reseal(w, payload);
    writer_bytes(w, payload);
}

enum err record_read(struct reader *r, struct bytes *ret_payload)
{
    struct bytes stored, payload;
    uint8_t check[4];
    uint16_t len;

    if (r->failed || reader_left(r) == 0)
        return ERR_NOT_FOUND;
    len = reader_u16(r);
    stored = reader_bytes(r, sizeof(check));
    payload = reader_bytes(r, len);
    if (r->failed || len == 0 || len > RECORD_PAYLOAD_MAX) {
        r->failed = true;
        return ERR_FORMAT;
    }
    check_bytes(payload, check);
    if (memcmp(stored.data, check, sizeof(check)) != 0)
        return ERR_FORMAT;
    *ret_payload = payload;
    return ERR_OK;
}
