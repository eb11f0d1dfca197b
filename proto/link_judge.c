#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "link_impl.h"

#define ALERT_NO_APPLICATION_PROTOCOL 120

bool link_alpn_is(const struct link *l, const char *alpn)
{
    const char *agreed = mbedtls_ssl_get_alpn_protocol(&l->tls);

    return agreed != NULL && strcmp(agreed, alpn) == 0;
}

/* "loa-node-" and a decimal number without leading zeros, nothing else. */
static bool node_of(const mbedtls_x509_crt *crt, struct node_id *ret_node)
{
    const size_t prefix = sizeof(LINK_NODE_NAME_PREFIX) - 1;
    char name[sizeof(LINK_NODE_NAME_PREFIX) + 10];
    uint64_t v = 0;

    if (!tls_common_name(&crt->subject, name, sizeof(name)) ||
        strncmp(name, LINK_NODE_NAME_PREFIX, prefix) != 0 || name[prefix] == '0' ||
        name[prefix] == '\0')
        return false;
    for (const char *c = name + prefix; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return false;
        v = v * 10 + (uint64_t)(*c - '0');
    }
    if (v > UINT32_MAX)
        return false;
    ret_node->v = (uint32_t)v;
    return true;
}

static void note_identity(struct link *l, const mbedtls_x509_crt *crt, struct node_id node)
{
    struct ticket_identity *id = &l->identity;
    int64_t ticket_end_s = (int64_t)time(NULL) + TICKET_LIFETIME_S;
    struct bytes serial = bytes_of(crt->serial.p, crt->serial.len);

    *id = (struct ticket_identity){.node = node, .expires_s = tls_seconds(&crt->valid_to)};
    if (id->expires_s > ticket_end_s)
        id->expires_s = ticket_end_s;
    digest_sha256(bytes_of(crt->raw.p, crt->raw.len), id->cert_sha256);
    if (serial.len > sizeof(id->serial))
        serial = bytes_of(serial.data + serial.len - sizeof(id->serial), sizeof(id->serial));
    memcpy(id->serial + sizeof(id->serial) - serial.len, serial.data, serial.len);
    l->proved = true;
}

int link_judge_cert(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct link *l = data;
    struct node_id node = {0};
    bool for_this;

    if (l->config->role == LINK_SERVER) {
        for_this = tls_cert_is_for(crt, MBEDTLS_OID_CLIENT_AUTH,
                                   MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
        if (depth == 0 && !node_of(crt, &node))
            *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    } else {
        for_this = tls_cert_is_for(crt, MBEDTLS_OID_SERVER_AUTH,
                                   MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
        /* A board without a battery wakes up in the past and learns the time over this very link. */
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE;
    }
    if (depth == 0 && !for_this)
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    l->cert_flags |= *flags;
    if (depth == 0 && l->cert_flags == 0)
        note_identity(l, crt, node);
    return 0;
}

/* Find the pinned certificate in what the controller sent, and verify the rest against it alone. */
static enum err judge_pinned(struct link *l)
{
    const mbedtls_x509_crt *sent = mbedtls_ssl_get_peer_cert(&l->tls), *pinned;
    uint8_t sha256[SHA256_BYTES];
    mbedtls_x509_crt ca, chain;
    uint32_t flags = 0;
    enum err e;

    for (pinned = sent; pinned != NULL; pinned = pinned->next) {
        digest_sha256(bytes_of(pinned->raw.p, pinned->raw.len), sha256);
        if (memcmp(sha256, l->config->pin, l->config->pin_len) == 0)
            break;
    }
    l->cert_flags = 0;
    if (pinned == NULL) {
        l->cert_flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
        return ERR_AUTH;
    }
    /* Copies: a list of trusted certificates would take in whatever was sent after the pinned one,
     * and the sender's own list could hold the pinned one as an ordinary link of the chain. */
    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&chain);
    e = tls_cert_parse(&ca, bytes_of(pinned->raw.p, pinned->raw.len));
    if (e == ERR_OK)
        e = tls_cert_parse(&chain, bytes_of(sent->raw.p, sent->raw.len));
    if (e == ERR_OK &&
        mbedtls_x509_crt_verify_with_profile(&chain, &ca, NULL, &tls_profile, LINK_SERVER_NAME,
                                             &flags, link_judge_cert, l) != 0)
        e = ERR_AUTH;
    if (e == ERR_OK) {
        l->ca_der = malloc(ca.raw.len);
        e = l->ca_der != NULL ? ERR_OK : ERR_NOMEM;
    }
    if (e == ERR_OK) {
        memcpy(l->ca_der, ca.raw.p, ca.raw.len);
        l->ca_der_len = ca.raw.len;
    }
    mbedtls_x509_crt_free(&ca);
    mbedtls_x509_crt_free(&chain);
    return e == ERR_FORMAT ? ERR_AUTH : e;
}

static enum err refuse_certificate(const struct link *l, struct err_detail *detail)
{
    uint32_t flags = l->cert_flags;
    const char *who = l->config->role == LINK_SERVER ? "node" : "controller";

    if (l->config->role == LINK_ENROLLER && (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
        return err_set(detail, ERR_AUTH,
                       "the controller is not the one that the join code names; check its address, "
                       "or get a join code from this controller");
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
        return err_set(detail, ERR_AUTH,
                       "the %s's certificate is not from this station; enrol the node again", who);
    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0)
        return err_set(
            detail, ERR_AUTH,
            "the %s's certificate has expired by this clock; set the clock, or renew the "
            "certificate",
            who);
    if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0)
        return err_set(detail, ERR_AUTH,
                       "the %s's certificate is not valid yet by this clock; set the clock", who);
    if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
        return err_set(detail, ERR_AUTH, "the certificate is not that of a %s; check the address",
                       who);
    if ((flags & MBEDTLS_X509_BADCERT_EXT_KEY_USAGE) != 0)
        return err_set(detail, ERR_AUTH,
                       "the certificate is for another use than that of a %s; enrol the node again",
                       who);
    return err_set(detail, ERR_AUTH, "the %s's certificate is not acceptable; enrol the node again",
                   who);
}

enum err link_judge_peer(struct link *l, struct err_detail *detail)
{
    bool session = link_alpn_is(l, LINK_ALPN_SESSION);
    bool is_server = l->config->role == LINK_SERVER;
    enum err e = ERR_OK;

    if (!session && !link_alpn_is(l, LINK_ALPN_ENROL))
        return err_set(detail, ERR_AUTH,
                       "the other side speaks no protocol of Loa (ALPN); check the address");
    if (is_server && !session) {
        l->peer = (struct link_peer){.enrolling = true};
        return ERR_OK;
    }
    /* Between two ClientHellos of TLS 1.3 a client could have gone over from enrolment to a session. */
    if (is_server && l->needs_no_cert)
        return err_set(detail, ERR_AUTH, "the other side has shown no certificate");
    if (l->config->role == LINK_ENROLLER) {
        e = judge_pinned(l);
        if (e != ERR_OK)
            return e == ERR_AUTH ? refuse_certificate(l, detail) : e;
    }
    if (!l->proved && !l->claimed && !l->recalled)
        return err_set(detail, ERR_AUTH, "the other side has shown no certificate");
    l->peer = (struct link_peer){.node = l->identity.node, .resumed = !l->proved};
    memcpy(l->peer.cert_sha256, l->identity.cert_sha256, sizeof(l->peer.cert_sha256));
    memcpy(l->peer.serial, l->identity.serial, sizeof(l->peer.serial));
    return ERR_OK;
}

/* The alert that mbedTLS has just queued in the clear, or -1. */
static int alert_sent(const struct link *l)
{
    const uint8_t *end;

    if (l->established || l->out.len - l->out.at < 7)
        return -1;
    end = l->out.data + l->out.len;
    return end[-7] == MBEDTLS_SSL_MSG_ALERT && end[-4] == 0 && end[-3] == 2 ? end[-1] : -1;
}

static enum err refused_by_peer(const struct link *l, struct err_detail *detail)
{
    int alert = l->tls.in_msg != NULL ? l->tls.in_msg[1] : -1;

    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE: /* 2.28 says so when there is no certificate */
    case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
    case ALERT_NO_APPLICATION_PROTOCOL:
        return err_set(detail, ERR_AUTH,
                       "the other side refuses our certificate or protocol (alert %d)", alert);
    default:
        return err_set(detail, ERR_FORMAT, "the other side ended the session (alert %d)", alert);
    }
}

enum err link_failure(struct link *l, int ret, struct err_detail *detail)
{
    if (l->queue_error == ERR_LIMIT)
        return err_set(detail, ERR_LIMIT, "the other side does not take what is sent to it");
    if (l->queue_error != ERR_OK || tls_err(ret, ERR_FORMAT) == ERR_NOMEM)
        return err_set(detail, ERR_NOMEM, "out of memory");
    if (!l->established && ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
        return refuse_certificate(l, detail);
    if (!l->established && alert_sent(l) == ALERT_NO_APPLICATION_PROTOCOL)
        return err_set(detail, ERR_AUTH,
                       "the other side speaks no protocol of Loa (ALPN); check the address");
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return refused_by_peer(l, detail);
    if (ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
        return err_set(detail, ERR_AUTH, "the node shows no certificate; enrol it");
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return err_set(detail, ERR_CANCELLED, "the other side closed during the handshake");
    return err_set(detail, ERR_FORMAT,
                   "what arrived is not TLS as Loa uses it, or was damaged (-0x%04x)",
                   (unsigned)-ret);
}
