#include "ticket.h"

#include <string.h>

#include "digest.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define KEY_BITS (TICKETRING_KEY_BYTES * 8)
#define TURN_BYTES 8
#define HEAD_BYTES (TURN_BYTES + NONCE_BYTES)
#define IDENTITY_BYTES (4 + SHA256_BYTES + 20 + 8)

enum err ticket_seal(const struct ticketring *keys, const struct ticket_identity *identity,
                     const mbedtls_ssl_session *session, uint8_t *start, const uint8_t *end,
                     size_t *ret_len)
{
    size_t room = (size_t)(end - start), session_len, clear_len;
    uint8_t nonce[NONCE_BYTES];
    mbedtls_gcm_context gcm;
    struct writer w;
    int ret;

    if (room < HEAD_BYTES + IDENTITY_BYTES + TAG_BYTES)
        return ERR_LIMIT;
    digest_random(nonce, sizeof(nonce));
    writer_init(&w, start, room - TAG_BYTES);
    writer_u64(&w, keys->keys[0].turn);
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
    ret = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, keys->keys[0].key, KEY_BITS);
    if (ret == 0)
        ret = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, clear_len, nonce, sizeof(nonce),
                                        start, TURN_BYTES, start + HEAD_BYTES, start + HEAD_BYTES,
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
static enum err decrypt(const struct ticketring *keys, uint8_t *data, size_t len)
{
    size_t clear_len = len - HEAD_BYTES - TAG_BYTES;
    mbedtls_gcm_context gcm;
    const uint8_t *key;
    struct reader r;
    int ret;

    reader_init(&r, bytes_of(data, len));
    key = ticketring_find(keys, reader_u64(&r));
    if (key == NULL)
        return ERR_TIMEOUT;
    mbedtls_gcm_init(&gcm);
    ret = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, KEY_BITS);
    if (ret == 0)
        ret = mbedtls_gcm_auth_decrypt(&gcm, clear_len, data + TURN_BYTES, NONCE_BYTES, data,
                                       TURN_BYTES, data + HEAD_BYTES + clear_len, TAG_BYTES,
                                       data + HEAD_BYTES, data + HEAD_BYTES);
    mbedtls_gcm_free(&gcm);
    return ret == 0 ? ERR_OK : ERR_AUTH;
}

enum err ticket_open(const struct ticketring *keys, uint8_t *data, size_t len, int64_t now_s,
                     mbedtls_ssl_session *ret_session, struct ticket_identity *ret_identity)
{
    struct ticket_identity identity;
    struct reader r;
    struct bytes b;
    enum err e;

    if (len < HEAD_BYTES + IDENTITY_BYTES + TAG_BYTES)
        return ERR_AUTH;
    e = decrypt(keys, data, len);
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
    tls_session_is_new(ret_session);
    *ret_identity = identity;
    return ERR_OK;
}
