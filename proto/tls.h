/* tls.h - one face for mbedTLS 2.28 (Debian 12) and 3.6 (Debian 13).
 *
 * The only header that includes mbedTLS; used by proto/{digest,cert,ticket,link,order} and their
 * tests alone, all others see bytes. Thread: any. */
#ifndef LOA_TLS_H
#define LOA_TLS_H

#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <mbedtls/build_info.h>
#include <psa/crypto.h>
#endif
#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>

#include "bytes.h"
#include "err.h"

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define tls_sha256_starts mbedtls_sha256_starts
#define tls_sha256_update mbedtls_sha256_update
#define tls_sha256_finish mbedtls_sha256_finish
#else
#define tls_sha256_starts mbedtls_sha256_starts_ret
#define tls_sha256_update mbedtls_sha256_update_ret
#define tls_sha256_finish mbedtls_sha256_finish_ret
#endif

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
static inline bool tls_handshake_over(mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_is_handshake_over(ssl) != 0;
}
/* True once the handshake is over and, under TLS 1.3, its tickets are written, too. */
static inline bool tls_is_settled(const mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}
static inline bool tls_is_new_ticket(int ret)
{
    return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}
static inline bool tls_is_13(const mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
}
static inline bool tls_session_is_13(const mbedtls_ssl_session *session)
{
    return session->tls_version == MBEDTLS_SSL_VERSION_TLS1_3;
}
/* Both ends count a ticket's age from the moment it is used: clocks of two boots cannot be compared, and a
 * board does not know how long it was without power. How long a ticket holds is ticket.h's to say. */
static inline void tls_session_is_new(mbedtls_ssl_session *session)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_HAVE_TIME)
    if (tls_session_is_13(session)) {
        session->ticket_creation_time = mbedtls_ms_time();
        session->ticket_reception_time = session->ticket_creation_time;
    }
#else
    (void)session;
#endif
}
#else
static inline bool tls_handshake_over(mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}
static inline bool tls_is_settled(const mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}
static inline bool tls_is_new_ticket(int ret)
{
    (void)ret;
    return false;
}
static inline bool tls_is_13(const mbedtls_ssl_context *ssl)
{
    (void)ssl;
    return false;
}
static inline bool tls_session_is_13(const mbedtls_ssl_session *session)
{
    (void)session;
    return false;
}
static inline void tls_session_is_new(mbedtls_ssl_session *session)
{
    (void)session;
}
#endif

/* What a certificate may be made of: ECDSA with SHA-256 on P-256, nothing else. */
extern const mbedtls_x509_crt_profile tls_profile;

/* Ready the library; to be called before keys are made or used, any number of times. */
MUST_USE enum err tls_start(void);

/* Random bytes of the operating system, in the form that mbedTLS asks for; always 0. */
int tls_random(void *unused, unsigned char *ret_data, size_t len);

/* Map a result: 0 is ERR_OK, an allocation failure of any module ERR_NOMEM, all else `other`. */
enum err tls_err(int ret, enum err other);

/* Read one unencrypted private key; PEM views count their NUL.
 *
 *   pk  initialised
 *
 * ERR_FORMAT  not a P-256 private key */
MUST_USE enum err tls_key_parse(mbedtls_pk_context *pk, struct bytes key);

/* Read certificates: one DER, or PEM with its NUL counted and any number of certificates.
 *
 *   crt  initialised
 *
 * ERR_FORMAT  not certificates, or the first one's key is not P-256 */
MUST_USE enum err tls_cert_parse(mbedtls_x509_crt *crt, struct bytes cert);

/* True for a key, public or private, on P-256. */
bool tls_key_is_p256(const mbedtls_pk_context *pk);

/* True when the private key belongs to the public one. */
bool tls_key_pairs(const mbedtls_pk_context *public_key, const mbedtls_pk_context *key);

/* ECDSA over a SHA-256; ret_signature has `size` bytes. Returns mbedTLS's code. */
int tls_sign(mbedtls_pk_context *key, const uint8_t sha256[32], uint8_t *ret_signature, size_t size,
             size_t *ret_len);

/* Copy the one common name of a subject.
 *
 *   ret_name  `size` bytes, terminated
 *
 * False when there is none, more than one, one with a NUL inside, or a longer one. */
bool tls_common_name(const mbedtls_x509_name *subject, char *ret_name, size_t size);

/* Seconds since 1970-01-01T00:00:00Z. */
int64_t tls_seconds(const mbedtls_x509_time *t);

/* True when the certificate says that it is for this use; one that says nothing is for none.
 *
 *   oid  MBEDTLS_OID_CLIENT_AUTH ... with its length */
bool tls_cert_is_for(const mbedtls_x509_crt *crt, const char *oid, size_t oid_len);

/* The limits that both ends set on a TLS session: 1.2 at least, ECDHE-ECDSA with an AEAD, P-256 first. */
void tls_restrict(mbedtls_ssl_config *conf);

/* One step of a server's handshake.
 *
 * After its Finished a server speaks under the application keys (RFC 8446 section 4.4.4), mbedTLS 3.6 only
 * after the client's, so that no client can read the alert that refuses its certificate (Mbed-TLS
 * issue 10877); the keys are exchanged here. Returns mbedTLS's code. */
int tls_server_step(mbedtls_ssl_context *ssl);

#endif
