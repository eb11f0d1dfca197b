/* identity.h - who this node is: its key, its certificate and its station's CA, in the state directory.
 *
 * `node.key` (PEM, 0600) is made once and never leaves the board. `node.crt` holds the node's
 * certificate and then the CA's, in one file, so that both are replaced together: it exists exactly
 * when the node is enrolled. Node id and station stand in the two common names. Thread: main. */
#ifndef LOA_IDENTITY_H
#define LOA_IDENTITY_H

#include "bytes.h"
#include "cert.h"
#include "err.h"
#include "flash.h"
#include "link.h"
#include "units.h"

#define IDENTITY_KEY_FILE "node.key"
#define IDENTITY_CERT_FILE "node.crt"
#define IDENTITY_CA_NAME_PREFIX "loa-ca-" /* followed by the station's area code */
#define IDENTITY_STATION_SIZE 16

struct identity {
    struct node_id node;
    char station[IDENTITY_STATION_SIZE];
    char key_pem[CERT_PEM_MAX];
    uint8_t cert_der[CERT_DER_MAX];
    size_t cert_len;
    uint8_t ca_der[CERT_DER_MAX];
    size_t ca_len;
};

/* Read and check all of it.
 *
 *   files  the state directory
 *
 * ERR_NOT_FOUND  not enrolled: no certificate; no detail
 * ERR_FORMAT     damaged, or key, certificate and CA do not belong together
 * ERR_IO */
MUST_USE enum err identity_load(struct flash *files, struct identity *ret_identity,
                                struct err_detail *detail);

/* The node's key: the one in the directory, else a new one, stored before it is used.
 *
 *   ret_pem  CERT_PEM_MAX bytes, terminated; to be wiped by the caller */
MUST_USE enum err identity_key(struct flash *files, char *ret_pem, struct err_detail *detail);

/* Check what the controller issued, then store it with the CA as one file.
 *
 *   node, station  as the controller says; must be those of the certificates
 *
 * ERR_AUTH  not for this key, not issued by this CA, or for another node or station */
MUST_USE enum err identity_store(struct flash *files, struct bytes cert_der, struct bytes ca_der,
                                 struct node_id node, const char *station,
                                 struct err_detail *detail);

/* Views for link.h, borrowed from the identity. */
struct link_credentials identity_credentials(const struct identity *id);

/* Overwrite the key. */
void identity_wipe(struct identity *id);

#endif
