#include <string.h>
#include <time.h>

#include "digest.h"
#include "link_impl.h"

/* version, own certificate, the other side, then the session, then SHA-256 of all that */
#define KEEP_VERSION 1
#define KEEP_HEAD_BYTES (4 + 2 * SHA256_BYTES + 20 + 8)

void link_recall(struct link *l)
{
    struct link_config *c = l->config;

    if (!c->remembers)
        return;
    c->remembers = link_config_left_s(c) > 0;
    if (!c->remembers)
        return;
    tls_session_is_new(&c->remembered);
    c->remembers = mbedtls_ssl_set_session(&l->tls, &c->remembered) == 0;
    l->recalled = c->remembers;
    if (l->recalled)
        l->identity = c->remembered_identity;
}

void link_remember_session(struct link *l)
{
    struct link_config *c = l->config;
    mbedtls_ssl_session session;

    if (c->role != LINK_CLIENT || !l->established)
        return;
    /* With a session mbedTLS offers the version of that session alone. When it was of no use, the other
     * side may have been renewed meanwhile: the next link asks for the best of both again. */
    if (l->recalled && !l->peer.resumed && !tls_is_13(&l->tls)) {
        c->remembers = false;
        return;
    }
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(&l->tls, &session) != 0) {
        mbedtls_ssl_session_free(&session);
        return;
    }
    mbedtls_ssl_session_free(&c->remembered);
    c->remembered = session;
    c->remembered_identity = l->identity;
    c->remembers = true;
}

int64_t link_config_left_s(const struct link_config *c)
{
    int64_t left_s = c->remembered_identity.expires_s - (int64_t)time(NULL);

    return c->remembers && left_s > 0 ? left_s : 0;
}

void link_config_forget(struct link_config *c)
{
    c->remembers = false;
}

static void own_sha256(const struct link_config *c, uint8_t ret_sha256[SHA256_BYTES])
{
    digest_sha256(bytes_of(c->own.raw.p, c->own.raw.len), ret_sha256);
}

enum err link_config_save(const struct link_config *c, uint8_t *ret_data, size_t *ret_len)
{
    const struct ticket_identity *who = &c->remembered_identity;
    uint8_t sha256[SHA256_BYTES];
    struct writer w;
    size_t len;

    if (!c->remembers)
        return ERR_NOT_FOUND;
    own_sha256(c, sha256);
    writer_init(&w, ret_data, LINK_SESSION_MAX - SHA256_BYTES);
    writer_u32(&w, KEEP_VERSION);
    writer_bytes(&w, bytes_of(sha256, sizeof(sha256)));
    writer_bytes(&w, bytes_of(who->cert_sha256, sizeof(who->cert_sha256)));
    writer_bytes(&w, bytes_of(who->serial, sizeof(who->serial)));
    writer_i64(&w, who->expires_s);
    if (mbedtls_ssl_session_save(&c->remembered, ret_data + w.at, w.size - w.at, &len) != 0)
        return ERR_LIMIT;
    len += KEEP_HEAD_BYTES;
    digest_sha256(bytes_of(ret_data, len), ret_data + len);
    *ret_len = len + SHA256_BYTES;
    return ERR_OK;
}

static bool is_ours(const struct link_config *c, struct bytes saved)
{
    uint8_t sha256[SHA256_BYTES];
    size_t len = saved.len - SHA256_BYTES;

    digest_sha256(bytes_of(saved.data, len), sha256);
    if (memcmp(saved.data + len, sha256, sizeof(sha256)) != 0)
        return false;
    own_sha256(c, sha256);
    return memcmp(saved.data + 4, sha256, sizeof(sha256)) == 0;
}

enum err link_config_load(struct link_config *c, struct bytes saved)
{
    struct ticket_identity who = {0};
    mbedtls_ssl_session session;
    struct reader r;

    if (c->role != LINK_CLIENT || saved.len < KEEP_HEAD_BYTES + SHA256_BYTES || !is_ours(c, saved))
        return ERR_FORMAT;
    reader_init(&r, bytes_of(saved.data, saved.len - SHA256_BYTES));
    if (reader_u32(&r) != KEEP_VERSION)
        return ERR_FORMAT;
    (void)reader_bytes(&r, SHA256_BYTES);
    memcpy(who.cert_sha256, reader_bytes(&r, SHA256_BYTES).data, SHA256_BYTES);
    memcpy(who.serial, reader_bytes(&r, sizeof(who.serial)).data, sizeof(who.serial));
    who.expires_s = reader_i64(&r);
    saved = reader_bytes(&r, reader_left(&r));
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, saved.data, saved.len) != 0) {
        mbedtls_ssl_session_free(&session);
        return ERR_FORMAT;
    }
    mbedtls_ssl_session_free(&c->remembered);
    c->remembered = session;
    c->remembered_identity = who;
    c->remembers = true;
    return ERR_OK;
}
