#include "cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "digest.h"
#include "tls.h"

#define DN_MAX (CERT_NAME_MAX + 64)
#define ADDRESS_MAX 16
#define POINT_DER_MAX 128 /* of a P-256 public key */
#define TIME_TEXT_SIZE 15 /* YYYYMMDDhhmmss and NUL */
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

struct cert_key {
    mbedtls_pk_context pk;
};

static struct cert_key *key_alloc(void)
{
    struct cert_key *k = tls_start() == ERR_OK ? calloc(1, sizeof(*k)) : NULL;

    if (k != NULL)
        mbedtls_pk_init(&k->pk);
    return k;
}

enum err cert_key_new(struct cert_key **ret_key)
{
    struct cert_key *k = key_alloc();
    int ret;

    if (k == NULL)
        return ERR_NOMEM;
    ret = mbedtls_pk_setup(&k->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (ret == 0)
        ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(k->pk), tls_random, NULL);
    if (ret != 0) {
        cert_key_free(k);
        return ERR_NOMEM;
    }
    *ret_key = k;
    return ERR_OK;
}

enum err cert_key_load(struct bytes key, struct cert_key **ret_key)
{
    struct cert_key *k = key_alloc();
    enum err e;

    if (k == NULL)
        return ERR_NOMEM;
    e = tls_key_parse(&k->pk, key);
    if (e != ERR_OK) {
        cert_key_free(k);
        return e;
    }
    *ret_key = k;
    return ERR_OK;
}

void cert_key_free(struct cert_key *k)
{
    if (k == NULL)
        return;
    mbedtls_pk_free(&k->pk);
    free(k);
}

enum err cert_key_pem(struct cert_key *k, char *ret_pem)
{
    return tls_err(mbedtls_pk_write_key_pem(&k->pk, (unsigned char *)ret_pem, CERT_PEM_MAX),
                   ERR_NOMEM);
}

bool cert_key_fits(const struct cert_key *k, struct bytes cert)
{
    mbedtls_x509_crt crt;
    bool fits;

    mbedtls_x509_crt_init(&crt);
    fits = tls_cert_parse(&crt, cert) == ERR_OK && tls_key_pairs(&crt.pk, &k->pk);
    mbedtls_x509_crt_free(&crt);
    return fits;
}

/* Names go into "CN=..." texts, where other characters would have a meaning of their own. */
static bool name_is_plain(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > CERT_NAME_MAX)
        return false;
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && *name != '-' && *name != '.')
            return false;
    }
    return true;
}

/* mbedTLS writes DER from the end of the buffer backwards. */
static enum err move_to_front(uint8_t *der, int ret, size_t *ret_len)
{
    if (ret < 0)
        return tls_err(ret, ERR_ARG);
    memmove(der, der + CERT_DER_MAX - ret, (size_t)ret);
    *ret_len = (size_t)ret;
    return ERR_OK;
}

enum err cert_request(struct cert_key *k, const char *common_name, uint8_t *ret_der,
                      size_t *ret_len)
{
    mbedtls_x509write_csr csr;
    uint8_t der[CERT_DER_MAX];
    char dn[DN_MAX];
    enum err e;
    int ret;

    if (!name_is_plain(common_name))
        return ERR_ARG;
    snprintf(dn, sizeof(dn), "CN=%s", common_name);
    mbedtls_x509write_csr_init(&csr);
    mbedtls_x509write_csr_set_key(&csr, &k->pk);
    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    ret = mbedtls_x509write_csr_set_subject_name(&csr, dn);
    if (ret == 0)
        ret = mbedtls_x509write_csr_der(&csr, der, sizeof(der), tls_random, NULL);
    e = move_to_front(der, ret, ret_len);
    if (e == ERR_OK)
        memcpy(ret_der, der, *ret_len);
    mbedtls_x509write_csr_free(&csr);
    return e;
}

enum err cert_request_key(struct bytes csr_der, struct cert_key **ret_key)
{
    struct cert_key *k = key_alloc();
    mbedtls_x509_csr csr;
    uint8_t sha256[SHA256_BYTES];
    enum err e = ERR_NOMEM;

    mbedtls_x509_csr_init(&csr);
    if (k == NULL)
        goto out;
    e = tls_err(mbedtls_x509_csr_parse_der(&csr, csr_der.data, csr_der.len), ERR_FORMAT);
    if (e != ERR_OK)
        goto out;
    e = ERR_FORMAT;
    if (!tls_key_is_p256(&csr.pk) || csr.sig_md != MBEDTLS_MD_SHA256 ||
        csr.sig_pk != MBEDTLS_PK_ECDSA)
        goto out;
    e = ERR_AUTH;
    digest_sha256(bytes_of(csr.cri.p, csr.cri.len), sha256);
    if (mbedtls_pk_verify(&csr.pk, MBEDTLS_MD_SHA256, sha256, sizeof(sha256), csr.sig.p,
                          csr.sig.len) != 0)
        goto out;
    k->pk = csr.pk;
    mbedtls_pk_init(&csr.pk);
    *ret_key = k;
    k = NULL;
    e = ERR_OK;
out:
    mbedtls_x509_csr_free(&csr);
    cert_key_free(k);
    return e;
}

bool cert_request_fits(struct bytes csr_der, struct bytes cert)
{
    uint8_t asked[POINT_DER_MAX], held[POINT_DER_MAX];
    struct cert_key *k = NULL;
    mbedtls_x509_crt crt;
    bool fits = false;

    mbedtls_x509_crt_init(&crt);
    if (cert_request_key(csr_der, &k) == ERR_OK && tls_cert_parse(&crt, cert) == ERR_OK) {
        int len = mbedtls_pk_write_pubkey_der(&k->pk, asked, sizeof(asked));

        /* Written at the end of its buffer. */
        fits = len > 0 && mbedtls_pk_write_pubkey_der(&crt.pk, held, sizeof(held)) == len &&
               memcmp(asked + sizeof(asked) - len, held + sizeof(held) - len, (size_t)len) == 0;
    }
    mbedtls_x509_crt_free(&crt);
    cert_key_free(k);
    return fits;
}

static bool time_text(int64_t s, char ret_text[TIME_TEXT_SIZE])
{
    int year, month, day, second = (int)(s % DAY_S);

    if (s < 0 || s > LAST_SECOND)
        return false;
    day_date((int32_t)(s / DAY_S), &year, &month, &day);
    return snprintf(ret_text, TIME_TEXT_SIZE, "%04d%02d%02d%02d%02d%02d", year, month, day,
                    second / 3600, second / 60 % 60, second % 60) == TIME_TEXT_SIZE - 1;
}

/* The bytes of an address, or of the name itself; the tag is that of GeneralName (RFC 5280 4.2.1.6). */
static size_t general_name(const char *name, uint8_t *ret_value, uint8_t *ret_tag)
{
    size_t len;

    *ret_tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;
    if (inet_pton(AF_INET, name, ret_value) == 1)
        return 4;
    if (inet_pton(AF_INET6, name, ret_value) == 1)
        return 16;
    *ret_tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;
    for (len = 0; name[len] != '\0'; len++)
        ret_value[len] = (uint8_t)name[len];
    return len;
}

static bool name_is_host(const char *name)
{
    uint8_t address[ADDRESS_MAX];

    return name_is_plain(name) || inet_pton(AF_INET6, name, address) == 1;
}

/* Write one "SEQUENCE { ... }" extension; `p` points at its first byte, the buffer ends at `end`. */
static int set_sequence(mbedtls_x509write_cert *crt, const char *oid, size_t oid_len,
                        unsigned char *start, unsigned char *p, unsigned char *end)
{
    int ret = mbedtls_asn1_write_len(&p, start, (size_t)(end - p));

    if (ret >= 0)
        ret = mbedtls_asn1_write_tag(&p, start, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
    if (ret < 0)
        return ret;
    return mbedtls_x509write_crt_set_extension(crt, oid, oid_len, 0, p, (size_t)(end - p));
}

static int set_names(mbedtls_x509write_cert *crt, const struct cert_spec *spec)
{
    unsigned char der[CERT_NAMES_MAX * (CERT_NAME_MAX + 2) + 8];
    unsigned char *end = der + sizeof(der), *p = end;
    int ret = 0;

    if (spec->name_count == 0)
        return 0;
    for (size_t i = spec->name_count; i-- > 0 && ret >= 0;) {
        uint8_t value[CERT_NAME_MAX], tag;
        size_t len = general_name(spec->names[i], value, &tag);

        ret = mbedtls_asn1_write_raw_buffer(&p, der, value, len);
        if (ret >= 0)
            ret = mbedtls_asn1_write_len(&p, der, len);
        if (ret >= 0)
            ret = mbedtls_asn1_write_tag(&p, der, tag);
    }
    if (ret < 0)
        return ret;
    return set_sequence(crt, MBEDTLS_OID_SUBJECT_ALT_NAME,
                        MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), der, p, end);
}

static int set_purpose(mbedtls_x509write_cert *crt, const char *oid, size_t oid_len)
{
    unsigned char der[32] = {0}, *end = der + sizeof(der), *p = end;
    int ret = mbedtls_asn1_write_oid(&p, der, oid, oid_len);

    if (ret < 0)
        return ret;
    return set_sequence(crt, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                        MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), der, p, end);
}

static int set_use(mbedtls_x509write_cert *crt, enum cert_use use)
{
    unsigned usage = use == CERT_CA ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                                    : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
    int ret =
        mbedtls_x509write_crt_set_basic_constraints(crt, use == CERT_CA, use == CERT_CA ? 0 : -1);

    if (ret == 0)
        ret = mbedtls_x509write_crt_set_key_usage(crt, usage);
    if (ret != 0)
        return ret;
    switch (use) {
    case CERT_SERVER:
        return set_purpose(crt, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
    case CERT_CLIENT:
        return set_purpose(crt, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
    case CERT_SIGNER:
        return set_purpose(crt, MBEDTLS_OID_CODE_SIGNING,
                           MBEDTLS_OID_SIZE(MBEDTLS_OID_CODE_SIGNING));
    case CERT_CA:
    case CERT_NONE:
        break;
    }
    return 0;
}

static int set_serial(mbedtls_x509write_cert *crt)
{
    unsigned char serial[CERT_SERIAL_BYTES];

    digest_random(serial, sizeof(serial));
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, never shorter */
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
    return mbedtls_x509write_crt_set_serial_raw(crt, serial, sizeof(serial));
#else
    mbedtls_mpi number;
    int ret;

    mbedtls_mpi_init(&number);
    ret = mbedtls_mpi_read_binary(&number, serial, sizeof(serial));
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_serial(crt, &number);
    mbedtls_mpi_free(&number);
    return ret;
#endif
}

static bool spec_is_valid(const struct cert_spec *spec)
{
    if (spec->use == CERT_NONE || !name_is_plain(spec->common_name) ||
        spec->name_count > CERT_NAMES_MAX || spec->to_s < spec->from_s)
        return false;
    for (size_t i = 0; i < spec->name_count; i++) {
        if (!name_is_host(spec->names[i]))
            return false;
    }
    return true;
}

/* The issuer's name in the form that mbedTLS takes. */
static enum err issuer_name(struct bytes issuer_der, const struct cert_spec *spec, char dn[DN_MAX])
{
    struct cert_facts ca;
    enum err e;

    if (issuer_der.len == 0) {
        snprintf(dn, DN_MAX, "CN=%s", spec->common_name);
        return ERR_OK;
    }
    e = cert_read(issuer_der, &ca);
    if (e == ERR_OK)
        snprintf(dn, DN_MAX, "CN=%s", ca.common_name);
    return e == ERR_FORMAT ? ERR_ARG : e;
}

enum err cert_issue(struct cert_key *issuer_key, struct bytes issuer_der, struct cert_key *subject,
                    const struct cert_spec *spec, uint8_t *ret_der, size_t *ret_len)
{
    char issuer[DN_MAX], name[DN_MAX], from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    mbedtls_x509write_cert crt;
    uint8_t der[CERT_DER_MAX];
    enum err e;
    int ret;

    if (!spec_is_valid(spec) || !time_text(spec->from_s, from) || !time_text(spec->to_s, to))
        return ERR_ARG;
    e = issuer_name(issuer_der, spec, issuer);
    if (e != ERR_OK)
        return e;
    snprintf(name, sizeof(name), "CN=%s", spec->common_name);
    mbedtls_x509write_crt_init(&crt);
    mbedtls_x509write_crt_set_version(&crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&crt, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&crt, &subject->pk);
    mbedtls_x509write_crt_set_issuer_key(&crt, &issuer_key->pk);
    ret = mbedtls_x509write_crt_set_subject_name(&crt, name);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_issuer_name(&crt, issuer);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_validity(&crt, from, to);
    if (ret == 0)
        ret = set_serial(&crt);
    if (ret == 0)
        ret = set_use(&crt, spec->use);
    if (ret == 0)
        ret = set_names(&crt, spec);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_subject_key_identifier(&crt);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_authority_key_identifier(&crt);
    if (ret == 0)
        ret = mbedtls_x509write_crt_der(&crt, der, sizeof(der), tls_random, NULL);
    e = move_to_front(der, ret, ret_len);
    if (e == ERR_OK)
        memcpy(ret_der, der, *ret_len);
    mbedtls_x509write_crt_free(&crt);
    return e;
}

enum err cert_pem(struct bytes der, char *ret_pem)
{
    size_t len;

    return tls_err(mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
                                            "-----END CERTIFICATE-----\n", der.data, der.len,
                                            (unsigned char *)ret_pem, CERT_PEM_MAX, &len),
                   ERR_ARG);
}

/* Parse for the functions below; to be freed by the caller in every case. */
static enum err parse(struct bytes cert, mbedtls_x509_crt *crt)
{
    mbedtls_x509_crt_init(crt);
    return tls_start() == ERR_OK ? tls_cert_parse(crt, cert) : ERR_NOMEM;
}

enum err cert_der(struct bytes cert, uint8_t *ret_der, size_t *ret_len)
{
    mbedtls_x509_crt crt;
    enum err e = parse(cert, &crt);

    if (e == ERR_OK && crt.raw.len > CERT_DER_MAX)
        e = ERR_LIMIT;
    if (e == ERR_OK) {
        memcpy(ret_der, crt.raw.p, crt.raw.len);
        *ret_len = crt.raw.len;
    }
    mbedtls_x509_crt_free(&crt);
    return e;
}

enum err cert_read(struct bytes cert, struct cert_facts *ret_facts)
{
    struct cert_facts facts = {0};
    mbedtls_x509_crt crt;
    enum err e = parse(cert, &crt);

    if (e == ERR_OK && !tls_common_name(&crt.subject, facts.common_name, sizeof(facts.common_name)))
        e = ERR_FORMAT;
    if (e == ERR_OK) {
        facts.is_ca = crt.ca_istrue != 0;
        facts.from_s = tls_seconds(&crt.valid_from);
        facts.to_s = tls_seconds(&crt.valid_to);
        *ret_facts = facts;
    }
    mbedtls_x509_crt_free(&crt);
    return e;
}

bool cert_issued_by(struct bytes cert, struct bytes ca_cert)
{
    const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    mbedtls_x509_crt crt, ca;
    uint32_t flags = 0;
    bool issued;

    issued = parse(cert, &crt) == ERR_OK;
    issued = parse(ca_cert, &ca) == ERR_OK && issued;
    if (issued && mbedtls_x509_crt_verify_with_profile(&crt, &ca, NULL, &tls_profile, NULL, &flags,
                                                       NULL, NULL) != 0)
        issued = flags != 0 && (flags & ~dates) == 0;
    mbedtls_x509_crt_free(&crt);
    mbedtls_x509_crt_free(&ca);
    return issued;
}

bool cert_has_name(struct bytes cert, const char *name)
{
    uint8_t value[CERT_NAME_MAX], tag;
    mbedtls_x509_crt crt;
    bool found = false;
    size_t len;

    if (!name_is_host(name))
        return false;
    len = general_name(name, value, &tag);
    if (parse(cert, &crt) == ERR_OK && (crt.ext_types & MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) != 0) {
        for (const mbedtls_x509_sequence *s = &crt.subject_alt_names; s != NULL; s = s->next) {
            if (s->buf.tag == tag &&
                bytes_equal(bytes_of(s->buf.p, s->buf.len), bytes_of(value, len)))
                found = true;
        }
    }
    mbedtls_x509_crt_free(&crt);
    return found;
}
