/* link.h - mutual TLS as bytes in, bytes out.
 *
 * Owns one mbedTLS session and knows no socket and no loop: the shell feeds what it received and sends
 * what comes out. Works with mbedTLS 2.28 (TLS 1.2) and 3.6 (TLS 1.3 too): ECDHE-ECDSA AEAD suites only,
 * P-256 and X25519, both ends authenticated, ALPN. PROTOCOL.md section 2.
 * Dates of certificates are compared with the operating system's clock. A node accepts a controller's
 * certificate that is not valid *yet*: a board without a battery wakes up in the past and learns the
 * time over this link. Nobody accepts an expired one.
 * A session resumes by ticket for at most a day after the certificate was last shown, and never beyond
 * its end; the ticket itself says whose it is. A resumed peer is to be judged for revocation like any other.
 * Under TLS 1.3 a client is established before the server has judged its certificate: accepted means
 * the first bytes from the server, not link_established().
 * Thread: a link belongs to one thread; a link_config may be shared by links of one thread only. A server's
 * link may be made by another thread, and go on in another one once it is established. */
#ifndef LOA_LINK_H
#define LOA_LINK_H

#include "bytes.h"
#include "err.h"
#include "ticketring.h"
#include "units.h"

#define LINK_ALPN_SESSION "loa/1"
#define LINK_ALPN_ENROL "loa-enrol/1"
#define LINK_SERVER_NAME \
    "loa-controller" /* the name in the controller's certificate, whatever its address */
#define LINK_NODE_NAME_PREFIX \
    "loa-node-" /* common name of a node certificate: prefix + decimal node id */
#define LINK_OUT_MAX ((size_t)256 * 1024) /* encrypted bytes held for the shell at most */
#define LINK_IN_MAX ((size_t)256 * 1024) /* decrypted bytes held for link_read() at most */
#define LINK_CERT_MAX 1024
#define LINK_SESSION_MAX 4096 /* bytes of a session that is kept */

enum link_role {
    LINK_CLIENT = 0, /* a node with its certificate: session */
    LINK_SERVER, /* the controller: accepts sessions, and enrolment without a client certificate */
    LINK_ENROLLER, /* a node without a certificate: enrolment, CA known by its pin only */
};

/* What a config is made from; everything is copied. PEM or DER; PEM views count their NUL. */
struct link_credentials {
    struct bytes ca_cert; /* trusted issuer of the other side; empty for LINK_ENROLLER */
    struct bytes
        cert; /* own certificate (server: followed by the CA's, so that enrollers can pin it) */
    struct bytes key; /* own private key */
    struct bytes
        ca_pin; /* LINK_ENROLLER: leading bytes of SHA-256 of the CA certificate (joincode.h) */
    const struct ticketring *tickets; /* LINK_SERVER: the same in all configs that shall resume each
                                         other's sessions; NULL: own */
};

struct link_config;
struct link;

/* Make a configuration.
 *
 * ERR_FORMAT  a certificate or key cannot be read, or they do not belong together
 * ERR_NOMEM */
MUST_USE enum err link_config_new(enum link_role role, const struct link_credentials *cred,
                                  struct link_config **ret_config);
void link_config_free(struct link_config *c);

/* LINK_SERVER: seal and open tickets with these keys from now on; copied. */
void link_config_set_tickets(struct link_config *c, const struct ticketring *tickets);

/* LINK_CLIENT: the session that the next link would resume, as bytes that survive a restart; secret.
 * They are of use with the same certificate, CA and library alone, and until the ticket expires.
 *
 *   ret_data  LINK_SESSION_MAX bytes
 *
 * ERR_NOT_FOUND  none is remembered; ERR_LIMIT  too long */
MUST_USE enum err link_config_save(const struct link_config *c, uint8_t *ret_data, size_t *ret_len);

/* LINK_CLIENT: resume what link_config_save() gave, perhaps in an earlier life.
 *
 * ERR_FORMAT  damaged, of another certificate or library, or not for us; nothing changed */
MUST_USE enum err link_config_load(struct link_config *c, struct bytes saved);

/* LINK_CLIENT: how long what is remembered can still be resumed, by this clock; 0 when nothing is. */
int64_t link_config_left_s(const struct link_config *c);

/* LINK_CLIENT: begin the next link with a full handshake, so that the certificates are shown anew. */
void link_config_forget(struct link_config *c);

/* Make one session; nothing is sent before the first link_step(). The config must outlive it. */
MUST_USE enum err link_new(struct link_config *c, struct link **ret_link);
void link_free(struct link *l);

/* What the other side has proved; valid once link_established(). */
struct link_peer {
    bool enrolling; /* server: ALPN loa-enrol/1, no certificate */
    struct node_id node; /* server: from the client certificate's common name */
    uint8_t cert_sha256[SHA256_BYTES]; /* of the peer's certificate DER; zero when enrolling */
    uint8_t serial[20]; /* certificate serial, right-aligned */
    bool resumed; /* by session ticket; the rest is what the certificate said when it was shown */
};

/* Feed encrypted bytes that arrived, all of them; handshake and decryption go on as far as they can.
 * Then read plaintext with link_read() until ERR_MORE, and send link_output().
 *
 * ERR_AUTH    the other side's certificate is missing, foreign, expired or for another name, or the ALPN
 *             does not fit; detail says which. The link is dead; drain link_output() (the alert), close
 * ERR_FORMAT  not TLS, or a broken record; dead likewise
 * ERR_LIMIT   more than LINK_OUT_MAX waiting to be sent, or LINK_IN_MAX to be read; dead
 * ERR_CANCELLED  the other side closed during the handshake; dead
 * ERR_NOMEM   dead
 * On a dead link the same result again. What arrives after the other side's close_notify is ignored. */
MUST_USE enum err link_feed(struct link *l, struct bytes encrypted, struct err_detail *detail);

/* Start or continue the handshake without input (a client's first flight). Errors as link_feed(). */
MUST_USE enum err link_step(struct link *l, struct err_detail *detail);

bool link_established(const struct link *l);

/* Has the other side shown a certificate that is not of the pinned authority? The handshake failed then. */
bool link_met_stranger(const struct link *l);

const struct link_peer *link_peer(const struct link *l);

/* LINK_ENROLLER: the pinned CA certificate (DER) that the other side showed, to be stored together with
 * the own certificate. Borrowed until link_free(); empty before link_established() and in other roles. */
struct bytes link_ca_der(const struct link *l);

/* Read decrypted bytes.
 *
 *   ret_len  1..size on ERR_OK
 *
 * ERR_MORE       nothing now
 * ERR_CANCELLED  the other side closed in good order (close_notify) */
MUST_USE enum err link_read(struct link *l, void *ret_data, size_t size, size_t *ret_len);

/* Encrypt and queue all of `plain` for link_output().
 *
 *   plain  1..FRAME_BYTES_MAX bytes
 *
 * ERR_STATE  not established or already closed
 * ERR_LIMIT / ERR_NOMEM  LINK_OUT_MAX would be exceeded, or no memory; nothing was queued. With a sink the link is
 *                        dead then */
MUST_USE enum err link_write(struct link *l, struct bytes plain);

/* Let what is encrypted go straight to where it is sent, instead of into link_output(), as long as that is empty.
 *
 *   sink  called within link_write(); takes 0..len bytes of the record and says how many: only the rest is
 *         queued. NULL: none */
void link_set_sink(struct link *l, size_t (*sink)(void *ctx, struct bytes record), void *ctx);

/* Queue a close_notify. */
void link_close_notify(struct link *l);

/* Encrypted bytes to be sent, borrowed until the next call on this link; tell how many went out with
 * link_output_sent(). */
struct bytes link_output(const struct link *l);
void link_output_sent(struct link *l, size_t len);

/* Client: copy the session into the config, for links made from it later to resume; to be called when the
 * link ends well, or once it has been heard on; harmless otherwise. Forgotten when a link
 * ends before anything was read from it. */
void link_remember_session(struct link *l);

#endif
