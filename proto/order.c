#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "tls.h"

#define PREFIX "loa-order/1" /* signed together with its NUL */

struct order_signer {
    mbedtls_pk_context key;
};

struct order_verifier {
    mbedtls_x509_crt cert;
};

static void digest_body(struct bytes body, uint8_t ret_sha256[SHA256_BYTES])
{
    struct digest d;

    digest_init(&d);
    digest_update(&d, bytes_of(PREFIX, sizeof(PREFIX)));
    digest_update(&d, body);
    digest_finish(&d, ret_sha256);
}

enum err order_signer_new(struct bytes key_pem, struct order_signer **ret_signer)
{
    struct order_signer *s;
    enum err e = tls_start();

    if (e != ERR_OK)
        return e;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    mbedtls_pk_init(&s->key);
    e = tls_key_parse(&s->key, key_pem);
    if (e != ERR_OK) {
        order_signer_free(s);
        return e;
    }
    *ret_signer = s;
    return ERR_OK;
}

void order_signer_free(struct order_signer *s)
{
    if (s == NULL)
        return;
    mbedtls_pk_free(&s->key);
    free(s);
}

enum err order_sign(struct order_signer *s, struct bytes body, uint8_t *ret_signature,
                    size_t *ret_len)
{
    uint8_t sha256[SHA256_BYTES];

    digest_body(body, sha256);
    return tls_err(tls_sign(&s->key, sha256, ret_signature, ORDER_SIGNATURE_MAX, ret_len),
                   ERR_NOMEM);
}

/* Issued by this CA, in force, for this name and for signing. */
static bool cert_is_accepted(mbedtls_x509_crt *cert, mbedtls_x509_crt *ca)
{
    char name[sizeof(ORDER_SIGNER_NAME)];
    uint32_t flags = 0;
    int ret;

    /* Dates are not asked for: a node without a link keeps its plan also when its clock is lost, and
     * every order has its own expiry, judged by station time. */
    const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;

    ret = mbedtls_x509_crt_verify_with_profile(cert, ca, NULL, &tls_profile, NULL, &flags, NULL,
                                               NULL);
    if (ret != 0 && (ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || (flags & ~dates) != 0))
        return false;
    return tls_common_name(&cert->subject, name, sizeof(name)) &&
           strcmp(name, ORDER_SIGNER_NAME) == 0 &&
           tls_cert_is_for(cert, MBEDTLS_OID_CODE_SIGNING,
                           MBEDTLS_OID_SIZE(MBEDTLS_OID_CODE_SIGNING));
}

enum err order_verifier_new(struct bytes ca_der, struct bytes cert_der,
                            struct order_verifier **ret_verifier)
{
    struct order_verifier *v;
    mbedtls_x509_crt ca;
    enum err e = tls_start();

    if (e != ERR_OK)
        return e;
    v = calloc(1, sizeof(*v));
    if (v == NULL)
        return ERR_NOMEM;
    mbedtls_x509_crt_init(&v->cert);
    mbedtls_x509_crt_init(&ca);
    e = tls_cert_parse(&ca, ca_der);
    if (e == ERR_OK)
        e = tls_cert_parse(&v->cert, cert_der);
    if (e == ERR_OK && !cert_is_accepted(&v->cert, &ca))
        e = ERR_AUTH;
    mbedtls_x509_crt_free(&ca);
    if (e != ERR_OK) {
        order_verifier_free(v);
        return e;
    }
    *ret_verifier = v;
    return ERR_OK;
}

void order_verifier_free(struct order_verifier *v)
{
    if (v == NULL)
        return;
    mbedtls_x509_crt_free(&v->cert);
    free(v);
}

enum err order_verify(struct order_verifier *v, struct bytes body, struct bytes signature)
{
    uint8_t sha256[SHA256_BYTES];
    int ret;

    digest_body(body, sha256);
    ret = mbedtls_pk_verify(&v->cert.pk, MBEDTLS_MD_SHA256, sha256, sizeof(sha256), signature.data,
                            signature.len);
    return ret == 0 ? ERR_OK : tls_err(ret, ERR_AUTH);
}
