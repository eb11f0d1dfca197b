/* order.h - sign and verify orders, so that a node plays only what its station decided.
 *
 * ECDSA P-256 with SHA-256 (FIPS 186-4), ASN.1 DER, over "loa-order/1" NUL body: the prefix keeps a
 * signature from meaning anything elsewhere. The signing key is the station's order key, not its CA
 * key; nodes learn its certificate in Welcome and accept it when the station CA issued it for the
 * common name ORDER_SIGNER_NAME. PROTOCOL.md section 7. Thread: the owner's. */
#ifndef LOA_ORDER_H
#define LOA_ORDER_H

#include "bytes.h"
#include "err.h"

#define ORDER_SIGNER_NAME "loa-order-signer"
#define ORDER_SIGNATURE_MAX 80

struct order_signer;
struct order_verifier;

/* Load the signing key.
 *
 *   key_pem  PEM with its terminating NUL counted in len; copied; wiped by order_signer_free
 *
 * ERR_FORMAT  not an unencrypted P-256 private key */
MUST_USE enum err order_signer_new(struct bytes key_pem, struct order_signer **ret_signer);
void order_signer_free(struct order_signer *s);

/* Sign a body.
 *
 *   ret_signature  ORDER_SIGNATURE_MAX bytes; *ret_len is what was used */
MUST_USE enum err order_sign(struct order_signer *s, struct bytes body, uint8_t *ret_signature,
                             size_t *ret_len);

/* Accept an order certificate.
 *
 *   ca_der    the pinned station CA
 *   cert_der  from Welcome, or kept from an earlier session
 *
 * ERR_FORMAT  not a certificate with a P-256 key
 * ERR_AUTH    not issued by this CA or for another name */
MUST_USE enum err order_verifier_new(struct bytes ca_der, struct bytes cert_der,
                                     struct order_verifier **ret_verifier);
void order_verifier_free(struct order_verifier *v);

/* ERR_AUTH  the signature does not fit the body and the key */
MUST_USE enum err order_verify(struct order_verifier *v, struct bytes body, struct bytes signature);

#endif
