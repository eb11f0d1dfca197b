#include "tls.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "check.h"
#include "day.h"

const mbedtls_x509_crt_profile tls_profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
    .rsa_min_bitlen = 0,
};

/* ChaCha20-Poly1305 first: without AES instructions, which the node boards lack, it costs less. */
static const int suites[] = {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    0,
};

enum err tls_start(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return psa_crypto_init() == PSA_SUCCESS ? ERR_OK : ERR_NOMEM;
#else
    return ERR_OK;
#endif
}

int tls_random(void *unused, unsigned char *ret_data, size_t len)
{
    (void)unused;
    while (len > 0) {
        ssize_t got = getrandom(ret_data, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        CHECK(got > 0);
        ret_data += got;
        len -= (size_t)got;
    }
    return 0;
}

enum err tls_err(int ret, enum err other)
{
    switch (ret) {
    case 0:
        return ERR_OK;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_PEM_ALLOC_FAILED:
    case MBEDTLS_ERR_ASN1_ALLOC_FAILED:
        return ERR_NOMEM;
    default:
        return other;
    }
}

enum err tls_key_parse(mbedtls_pk_context *pk, struct bytes key)
{
    int ret;

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    ret = mbedtls_pk_parse_key(pk, key.data, key.len, NULL, 0, tls_random, NULL);
#else
    ret = mbedtls_pk_parse_key(pk, key.data, key.len, NULL, 0);
#endif
    if (ret != 0)
        return tls_err(ret, ERR_FORMAT);
    return tls_key_is_p256(pk) ? ERR_OK : ERR_FORMAT;
}

enum err tls_cert_parse(mbedtls_x509_crt *crt, struct bytes cert)
{
    int ret = mbedtls_x509_crt_parse(crt, cert.data, cert.len);

    if (ret != 0)
        return tls_err(ret, ERR_FORMAT);
    return tls_key_is_p256(&crt->pk) ? ERR_OK : ERR_FORMAT;
}

bool tls_key_is_p256(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECKEY &&
           mbedtls_pk_ec(*pk)->grp.id == MBEDTLS_ECP_DP_SECP256R1;
}

bool tls_key_pairs(const mbedtls_pk_context *public_key, const mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(public_key, key, tls_random, NULL) == 0;
#else
    return mbedtls_pk_check_pair(public_key, key) == 0;
#endif
}

int tls_sign(mbedtls_pk_context *key, const uint8_t sha256[32], uint8_t *ret_signature, size_t size,
             size_t *ret_len)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, sha256, 32, ret_signature, size, ret_len,
                           tls_random, NULL);
#else
    if (size < MBEDTLS_ECDSA_MAX_SIG_LEN(256))
        return MBEDTLS_ERR_PK_BAD_INPUT_DATA;
    return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, sha256, 32, ret_signature, ret_len, tls_random,
                           NULL);
#endif
}

bool tls_common_name(const mbedtls_x509_name *subject, char *ret_name, size_t size)
{
    const mbedtls_x509_buf *found = NULL;

    for (; subject != NULL; subject = subject->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &subject->oid) != 0)
            continue;
        if (found != NULL)
            return false;
        found = &subject->val;
    }
    if (found == NULL || found->len >= size || memchr(found->p, '\0', found->len) != NULL)
        return false;
    memcpy(ret_name, found->p, found->len);
    ret_name[found->len] = '\0';
    return true;
}

int64_t tls_seconds(const mbedtls_x509_time *t)
{
    return (int64_t)day_number(t->year, t->mon, t->day) * DAY_S + (t->hour * 60 + t->min) * 60 +
           t->sec;
}

bool tls_cert_is_for(const mbedtls_x509_crt *crt, const char *oid, size_t oid_len)
{
    return (crt->ext_types & MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) != 0 &&
           mbedtls_x509_crt_check_extended_key_usage(crt, oid, oid_len) == 0;
}

void tls_restrict(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    static const uint16_t algorithms[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_NONE};

    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(conf, groups);
    mbedtls_ssl_conf_sig_algs(conf, algorithms);
    mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#if MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#else
    static const mbedtls_ecp_group_id groups[] = {MBEDTLS_ECP_DP_SECP256R1,
                                                  MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};

    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(conf, groups);
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
#endif
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_cert_profile(conf, &tls_profile);
    mbedtls_ssl_conf_rng(conf, tls_random, NULL);
    mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
}

int tls_server_step(mbedtls_ssl_context *ssl)
{
    int ret = mbedtls_ssl_handshake_step(ssl);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (tls_is_13(ssl) && ssl->transform_application != NULL &&
        ssl->transform_out != ssl->transform_application) {
        ssl->transform_out = ssl->transform_application;
        memset(ssl->cur_out_ctr, 0, sizeof(ssl->cur_out_ctr));
    }
#endif
    return ret;
}
