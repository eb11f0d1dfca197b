/* link_impl.h - what link_session.c, link_config.c and link_judge.c share; nobody else includes it. */
#ifndef LOA_LINK_IMPL_H
#define LOA_LINK_IMPL_H

#include "link.h"
#include "ticket.h"

struct link_config {
    enum link_role role;
    mbedtls_ssl_config tls;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
    uint8_t pin[SHA256_BYTES];
    size_t pin_len;
    const char *alpn[3];
    struct ticketring tickets;
    struct link *active; /* server: the link inside an mbedTLS call, whose tickets these are */
    mbedtls_ssl_session remembered; /* client: what to resume next time */
    struct ticket_identity remembered_identity; /* who the other side was, and until when */
    bool remembers;
};

struct link_queue {
    uint8_t *data;
    size_t at; /* first byte not yet taken */
    size_t len; /* end of what was put in */
    size_t cap;
};

struct link {
    struct link_config *config;
    mbedtls_ssl_context tls;
    struct bytes in; /* what link_feed() was given and mbedTLS has not taken yet */
    struct link_queue out; /* encrypted */
    struct link_queue plain; /* decrypted */
    size_t (*sink)(void *ctx,
                   struct bytes record); /* takes what is encrypted while `out` is empty */
    void *sink_ctx;
    uint8_t *ca_der; /* enroller: copy of the pinned certificate */
    size_t ca_der_len;
    enum err dead; /* why nothing goes on; ERR_OK while alive */
    enum err queue_error; /* a queue refused bytes while mbedTLS was writing */
    uint32_t cert_flags; /* MBEDTLS_X509_BADCERT_*, all certificates of the other side */
    bool recalled; /* client: a remembered session is offered */
    bool alpn_judged;
    bool needs_no_cert; /* the server asked for none, since the client came to enrol */
    bool proved; /* the other side's certificate was verified in this handshake */
    bool claimed; /* `identity` came out of a ticket that opened */
    bool established;
    bool settled; /* and its tickets are written */
    bool heard; /* something arrived after the handshake: a client is accepted */
    bool closed_by_peer;
    bool closed_by_us;
    struct ticket_identity identity;
    struct link_peer peer;
};

/* True when the handshake agreed on this protocol. */
bool link_alpn_is(const struct link *l, const char *alpn);

/* Client: offer what the config remembers, unless the other side's certificate or the ticket has ended. */
void link_recall(struct link *l);

/* Judge one certificate of the other side on top of mbedTLS's own checks (mbedtls_ssl_set_verify). */
int link_judge_cert(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* Handshake done: fill in the peer.
 *
 * ERR_AUTH  the other side did not prove what its protocol asks for; detail says what */
MUST_USE enum err link_judge_peer(struct link *l, struct err_detail *detail);

/* Turn a failed mbedTLS call into our result and a sentence. */
enum err link_failure(struct link *l, int ret, struct err_detail *detail);

#endif
