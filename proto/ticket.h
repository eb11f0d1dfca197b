/* ticket.h - seal a TLS session together with who it belongs to, for resumption.
 *
 * Internal to link. mbedTLS's own tickets lose the client's certificate under TLS 1.3, are bound to
 * one configuration, and live on for ever when each resumption renews them. These carry the identity
 * that was proved, end with that proof's own life, and open wherever the keys are the same, so that
 * every thread of a controller resumes what another one issued, also after a restart. AES-256-GCM under
 * the keys of ticketring.h. Thread: the owner's. */
#ifndef LOA_TICKET_H
#define LOA_TICKET_H

#include "bytes.h"
#include "err.h"
#include "ticketring.h"
#include "tls.h"
#include "units.h"

#define TICKET_LIFETIME_S TICKETRING_TURN_S

struct ticket_identity {
    struct node_id node; /* 0 in the ticket of an enrolment, which never opens */
    uint8_t cert_sha256[SHA256_BYTES];
    uint8_t serial[20];
    int64_t expires_s; /* end of the certificate, or TICKET_LIFETIME_S after it was shown */
};

/* Write one ticket into [start, end).
 *
 *   keys  the first one must be there
 *
 * ERR_LIMIT  no room */
MUST_USE enum err ticket_seal(const struct ticketring *keys, const struct ticket_identity *identity,
                              const mbedtls_ssl_session *session, uint8_t *start,
                              const uint8_t *end, size_t *ret_len);

/* Open what a client presents; decrypts in place.
 *
 *   now_s        seconds since 1970
 *   ret_session  initialised; filled on ERR_OK
 *
 * ERR_AUTH     not sealed with one of these keys, or tampered with
 * ERR_TIMEOUT  expired, or its key is no longer held */
MUST_USE enum err ticket_open(const struct ticketring *keys, uint8_t *data, size_t len,
                              int64_t now_s, mbedtls_ssl_session *ret_session,
                              struct ticket_identity *ret_identity);

#endif
