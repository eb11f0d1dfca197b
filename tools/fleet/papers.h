/* papers.h - the key and certificates of each member, kept in the state directory.
 *
 * DIR/member-00001.pem holds the private key, the member's certificate and the station's CA, 0600. The
 * number is the member's place in the fleet, not its node id. Thread: one. */
#ifndef LOA_PAPERS_H
#define LOA_PAPERS_H

#include "cert.h"
#include "err.h"
#include "link.h"

struct papers {
    struct node_id node;
    char pem[3 * CERT_PEM_MAX]; /* key, certificate, CA */
    size_t key_len; /* with the NUL that parts them */
    size_t cert_len;
    size_t ca_len;
};

/* Read what member `index` has.
 *
 * ERR_NOT_FOUND  it has not joined yet
 * ERR_FORMAT     damaged; ERR_IO */
MUST_USE enum err papers_load(const char *dir, unsigned index, struct papers *ret_papers);

/* Keep what the station issued. ERR_FORMAT, ERR_IO */
MUST_USE enum err papers_store(const char *dir, unsigned index, const char *key_pem,
                               struct bytes cert_der, struct bytes ca_der);

/* Keep the session that could be resumed next, as DIR/member-00001.session, and take it up again. Without one, or when it
 * cannot be kept, the next link begins with a full handshake. */
void papers_keep_session(const char *dir, unsigned index, const struct link_config *config);
void papers_take_session(const char *dir, unsigned index, struct link_config *config);

/* Views for link.h, borrowed. */
struct link_credentials papers_credentials(const struct papers *p);

#endif
