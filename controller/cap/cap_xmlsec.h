/* cap_xmlsec.h - one signature, one key: the wrapper around xmlsec1 and OpenSSL.
 *
 * Includes nothing of ours: OpenSSL's headers have an ERR_STATE too. For controller/cap only.
 * Thread: any after cap_xmlsec_start(). */
#ifndef LOA_CAP_XMLSEC_H
#define LOA_CAP_XMLSEC_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAP_SHA1_BYTES 20

/* Once for the process; false when a library does not start. */
bool cap_xmlsec_start(void);
void cap_xmlsec_stop(void);

/* Check a Signature element with the key of a certificate, and never with another.
 *
 *   pem         terminated
 *   ret_digest  set to true when the references fit the document, whoever signed; else unchanged */
bool cap_xmlsec_verify(xmlNode *signature, const char *pem, bool *ret_digest);

/* Fill a Signature template with the key of a PEM text. */
bool cap_xmlsec_sign(xmlNode *signature, const char *key_pem);

/* SHA-1, which CAP 1.2 names for digests; false when the library fails. */
bool cap_xmlsec_sha1(const void *data, size_t len, uint8_t ret_sha1[CAP_SHA1_BYTES]);

/* True when the certificate (PEM) is valid at that second since 1970. */
bool cap_xmlsec_valid_at(const char *pem, int64_t at_s);

#endif
