#include "ticket.h"

#include <string.h>

#include "digest.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define EPOCH_BYTES 8
#define HEAD_BYTES (EPOCH_BYTES + NONCE_BYTES)
#define IDENTITY_BYTES (4 + SHA256_BYTES + 20 + 8)

/* The key of one epoch; epochs are TICKET_LIFETIME_S long. */
static int open_cipher(mbedtls_gcm_context *gcm, const uint8_t *secret, uint64_t epoch)
{
    uint8_t key[SHA256_BYTES], number[EPOCH_BYTES];
    struct digest d;
    struct writer w;
    int ret;

    writer_init(&w, number, sizeof(number));
    writer_u64(&w, epoch);
    digest_init(&d);
    digest_update(&d, bytes_of("loa-ticket/1", sizeof("loa-ticket/1")));
    digest_update(&d, bytes_of(secret, TICKET_SECRET_BYTES));
    digest_update(&d, writer_view(&w));
    digest_finish(&d, key);
    ret = mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, sizeof(key) * 8);
    mbedtls_platform_zeroize(key, sizeof(key));
    return ret;
}

enum err ticket_seal(const uint8_t *secret, const struct ticket_identity *identity,
                     const mbedtls_ssl_session *session, int64_t now_s, uint8_t *start,
                     const uint8_t *end, size_t *ret_len)
{
    size_t room = (size_t)(end - start), session_len, clear_len;
    uint64_t epoch = (uint64_t)(now_s / TICKET_LIFETIME_S);
    uint8_t nonce[NONCE_BYTES];
    mbedtls_gcm_context gcm;
    struct writer w;
    int ret;

    if (room < HEAD_BYTES + IDENTITY_BYTES + TAG_BYTES)
        return ERR_LIMIT;
    digest_random(nonce, sizeof(nonce));
    writer_init(&w, start, room - TAG_BYTES);
    writer_u64(&w, epoch);
    writer_bytes(&w, bytes_of(nonce, sizeof(nonce)));
    writer_u32(&w, identity->node.v);
    writer_bytes(&w, bytes_of(identity->cert_sha256, sizeof(identity->cert_sha256)));
    writer_bytes(&w, bytes_of(identity->serial, sizeof(identity->serial)));
    writer_i64(&w, identity->expires_s);
    ret = mbedtls_ssl_session_save(session, start + w.at, w.size - w.at, &session_len);
    if (ret != 0)
        return tls_err(ret, ERR_LIMIT);
    clear_len = IDENTITY_BYTES + session_len;
    mbedtls_gcm_init(&gcm);
    ret = open_cipher(&gcm, secret, epoch);
    if (ret == 0)
        ret = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, clear_len, nonce, sizeof(nonce),
                                        start, EPOCH_BYTES, start + HEAD_BYTES, start + HEAD_BYTES,
                                        TAG_BYTES, start + HEAD_BYTES + clear_len);
    mbedtls_gcm_free(&gcm);
    if (ret != 0) {
        mbedtls_platform_zeroize(start, room);
        return ERR_NOMEM;
    }
    *ret_len = HEAD_BYTES + clear_len + TAG_BYTES;
    return ERR_OK;
}

/* Decrypt in place; the clear text starts at data + HEAD_BYTES. */
static enum err decrypt(const uint8_t *secret, uint8_t *data, size_t len, int64_t now_s)
{
    uint64_t epoch, now_epoch = (uint64_t)(now_s / TICKET_LIFETIME_S);
    size_t clear_len = len - HEAD_BYTES - TAG_BYTES;
    mbedtls_gcm_context gcm;
    struct reader r;
    int ret;

    reader_init(&r, bytes_of(data, len));
    epoch = reader_u64(&r);
    if (epoch != now_epoch && epoch + 1 != now_epoch)
        return ERR_TIMEOUT;
    mbedtls_gcm_init(&gcm);
    ret = open_cipher(&gcm, secret, epoch);
    if (ret == 0)
        ret = mbedtls_gcm_auth_decrypt(&gcm, clear_len, data + EPOCH_BYTES, NONCE_BYTES, data,
                                       EPOCH_BYTES, data + HEAD_BYTES + clear_len, TAG_BYTES,
                                       data + HEAD_BYTES, data + HEAD_BYTES);
    mbedtls_gcm_free(&gcm);
    return ret == 0 ? ERR_OK : ERR_AUTH;
}

enum err ticket_open(const uint8_t *secret, uint8_t *data, size_t len, int64_t now_s,
                     mbedtls_ssl_session *ret_session, struct ticket_identity *ret_identity)
{
    struct ticket_identity identity;
    struct reader r;
    struct bytes b;
    enum err e;

    if (len < HEAD_BYTES + IDENTITY_BYTES + TAG_BYTES)
        return ERR_AUTH;
    e = decrypt(secret, data, len, now_s);
    if (e != ERR_OK)
        return e;
    reader_init(&r, bytes_of(data + HEAD_BYTES, len - HEAD_BYTES - TAG_BYTES));
    identity.node.v = reader_u32(&r);
    b = reader_bytes(&r, sizeof(identity.cert_sha256));
    memcpy(identity.cert_sha256, b.data, b.len);
    b = reader_bytes(&r, sizeof(identity.serial));
    memcpy(identity.serial, b.data, b.len);
    identity.expires_s = reader_i64(&r);
    if (identity.node.v == 0 || identity.expires_s <= now_s)
        return ERR_TIMEOUT;
    b = reader_bytes(&r, reader_left(&r));
    if (mbedtls_ssl_session_load(ret_session, b.data, b.len) != 0)
        return ERR_AUTH;
    *ret_identity = identity;
    return ERR_OK;
}
