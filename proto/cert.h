/* cert.h - P-256 keys, requests and certificates as bytes: what a station CA issues and a node asks for.
 *
 * Everything is X.509 v3, ECDSA with SHA-256. Knows no file and no clock: validity comes in as seconds
 * since 1970-01-01T00:00:00Z. PROTOCOL.md section 8. Thread: a key belongs to one thread at a time. */
#ifndef LOA_CERT_H
#define LOA_CERT_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define CERT_DER_MAX 2048
#define CERT_PEM_MAX 4096 /* of one certificate or key, with its NUL */
#define CERT_NAME_MAX 63 /* bytes of a common name or one further name */
#define CERT_NAMES_MAX 16
#define CERT_SERIAL_BYTES 16

enum cert_use {
    CERT_NONE = 0, /* never valid */
    CERT_CA, /* signs certificates, no CA below it */
    CERT_SERVER, /* TLS server authentication */
    CERT_CLIENT, /* TLS client authentication */
    CERT_SIGNER, /* signatures outside TLS: orders */
};

/* A key pair, or the public key of a request. */
struct cert_key;

/* Make a new key pair. */
MUST_USE enum err cert_key_new(struct cert_key **ret_key);

/* Read an unencrypted private key; PEM views count their NUL.
 *
 * ERR_FORMAT  not a P-256 private key */
MUST_USE enum err cert_key_load(struct bytes key, struct cert_key **ret_key);

/* Wipes the key. */
void cert_key_free(struct cert_key *k);

/* Write a key pair as PEM; the caller wipes the buffer after use.
 *
 *   ret_pem  CERT_PEM_MAX bytes, terminated */
MUST_USE enum err cert_key_pem(struct cert_key *k, char *ret_pem);

/* True when the certificate (DER, or PEM with its NUL) is for this key pair. */
bool cert_key_fits(const struct cert_key *k, struct bytes cert);

/* Make a PKCS#10 request, signed with the key.
 *
 *   common_name  a wish; the issuer decides
 *   ret_der      CERT_DER_MAX bytes; *ret_len is what was used */
MUST_USE enum err cert_request(struct cert_key *k, const char *common_name, uint8_t *ret_der,
                               size_t *ret_len);

/* Take the public key out of a request.
 *
 *   csr_der  from outside
 *
 * ERR_FORMAT  not a request for a P-256 key
 * ERR_AUTH    the request is not signed by the key in it */
MUST_USE enum err cert_request_key(struct bytes csr_der, struct cert_key **ret_key);

/* True when the request is signed by the key of this certificate (DER, or PEM with its NUL), and for it. */
bool cert_request_fits(struct bytes csr_der, struct bytes cert);

struct cert_spec {
    enum cert_use use;
    const char *common_name; /* letters, digits, '-' and '.' */
    const char *const *names; /* further names: host names and IPv4 or IPv6 addresses */
    size_t name_count; /* 0..CERT_NAMES_MAX */
    int64_t from_s;
    int64_t to_s;
};

/* Issue a certificate with a random serial number.
 *
 *   issuer_key  of the CA
 *   issuer_der  the CA's certificate; empty: self-signed, `subject` is then issuer_key
 *   ret_der     CERT_DER_MAX bytes; *ret_len is what was used
 *
 * ERR_ARG  a name with other characters or too long, too many names, or validity that ends before it
 *          begins or lies outside the years 1970..9999 */
MUST_USE enum err cert_issue(struct cert_key *issuer_key, struct bytes issuer_der,
                             struct cert_key *subject, const struct cert_spec *spec,
                             uint8_t *ret_der, size_t *ret_len);

/* DER to PEM.
 *
 *   ret_pem  CERT_PEM_MAX bytes, terminated */
MUST_USE enum err cert_pem(struct bytes cert_der, char *ret_pem);

/* The first certificate of a PEM text (with its NUL) as DER.
 *
 *   ret_der  CERT_DER_MAX bytes; *ret_len is what was used
 *
 * ERR_FORMAT  no certificate
 * ERR_LIMIT   larger than CERT_DER_MAX */
MUST_USE enum err cert_der(struct bytes cert, uint8_t *ret_der, size_t *ret_len);

struct cert_facts {
    char common_name[CERT_NAME_MAX + 1];
    bool is_ca;
    int64_t from_s;
    int64_t to_s;
};

/* Read what a certificate (DER, or the first of a PEM with its NUL) says.
 *
 * ERR_FORMAT  not a certificate for a P-256 key with one common name */
MUST_USE enum err cert_read(struct bytes cert, struct cert_facts *ret_facts);

/* True when the certificate is signed by this CA; says nothing about dates and names. */
bool cert_issued_by(struct bytes cert, struct bytes ca_cert);

/* True when this host name or address stands among its further names. */
bool cert_has_name(struct bytes cert, const char *name);

#endif
