/* pki.h - the station's keys and certificates: made at first start, checked at every later one.
 *
 * A directory of PEM files: ca.key ca.crt (the station CA), link.key link.crt (the controller on the node
 * link, with the CA behind it), web.key web.crt (HTTPS), order.key order.crt (the signer of orders), alert.key alert.crt (the
 * signer of published alerts; made anew when its certificate is missing). They appear all at once or not at all, and an existing CA is never replaced: every node trusts it.
 * PROTOCOL.md sections 2 and 8. Thread: main. */
#ifndef LOA_PKI_H
#define LOA_PKI_H

#include "cert.h"
#include "link.h"
#include "order.h"

#define PKI_NAMES_MAX 8 /* further names of the web certificate */

struct pki;

/* Load the station's keys, or make them when the directory is missing or empty. The web certificate is
 * issued anew when a name is missing in it or it ends within 90 days; it names localhost, LINK_SERVER_NAME,
 * the host name, 127.0.0.1 and ::1 besides `names`.
 *
 *   dir           path of the directory; its parent exists
 *   station_code  letters, digits and '-', 1..16
 *   names         host names and addresses under which people reach the console
 *   now_us        station time
 *
 * ERR_ARG     a name or the station code is none, or too many names
 * ERR_AUTH    a private key can be read by others than its owner
 * ERR_FORMAT  a file is missing or damaged, or files do not belong together; nothing is repaired
 * ERR_STATE   the clock is years behind
 * ERR_IO      cannot be read or written
 * detail says which file and what to do */
MUST_USE enum err pki_open(const char *dir, const char *station_code, const char *const *names,
                           size_t name_count, usec_t now_us, struct pki **ret_pki,
                           struct err_detail *detail);

/* Wipes the keys. NULL is harmless. */
void pki_free(struct pki *p);

/* For the node link's listeners, without the keys of tickets (pki_tickets.h). Borrowed until pki_free(). */
struct link_credentials pki_link_credentials(const struct pki *p);

/* Borrowed until pki_free(). */
struct bytes pki_ca_der(const struct pki *p);
struct bytes pki_order_cert_der(const struct pki *p);
struct bytes pki_order_key_pem(const struct pki *p);
const char *pki_alert_key_pem(const struct pki *p);
const char *pki_alert_cert_pem(const struct pki *p);
const char *pki_web_cert_path(const struct pki *p);
const char *pki_web_key_path(const struct pki *p);

/* Issue the certificate of a node: valid for ten years, or as long as the CA.
 *
 *   csr_der  from outside; only its public key is taken
 *   node     not 0
 *   ret_der  LINK_CERT_MAX bytes; *ret_len is what was used
 *
 * ERR_FORMAT  not a request for a P-256 key
 * ERR_AUTH    not signed by the key it is for
 * detail says so for the technician */
MUST_USE enum err pki_issue_node(const struct pki *p, struct bytes csr_der, struct node_id node,
                                 usec_t now_us, uint8_t *ret_der, size_t *ret_len,
                                 struct err_detail *detail);

#endif
