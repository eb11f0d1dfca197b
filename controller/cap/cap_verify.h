/* cap_verify.h - did somebody we know sign exactly this message? (W3C XML Signature, CAP 1.2 section 3.3.2.1)
 *
 * Keys come from the policy's certificates only; what a signature says about its key is at most a hint which
 * of them to try. A signature covers the whole alert or does not count. Thread: any after cap_verify_start(). */
#ifndef LOA_CAP_VERIFY_H
#define LOA_CAP_VERIFY_H

#include "cap_alert.h"
#include "cap_finding.h"
#include "cap_parse.h"
#include "cap_policy.h"

/* Start xmlsec and OpenSSL once for the process, and the other way. Only a library's own failure is possible.
 *
 * ERR_IO  a library does not start */
MUST_USE enum err cap_verify_start(void);
void cap_verify_stop(void);

/* Larger messages must name their signer by its certificate: trying each key costs each time their size. */
#define CAP_VERIFY_UNNAMED_MAX (256U << 10)

struct cap_signed {
    const struct cap_signer *signers[CAP_SIGNATURES_MAX]; /* of the policy, whose key verified */
    size_t count;
};

/* Check every signature of a message.
 *
 *   required     an unknown signer is a reason to reject, and not only a note
 *   now_us       for the certificates' validity
 *   findings     gains what is wrong with signatures; nothing when the message has none
 *   ret_signed   who signed; a signer may occur twice */
void cap_verify(struct cap_alert *alert, const struct cap_policy *policy, bool required,
                usec_t now_us, struct cap_findings *findings, struct cap_signed *ret_signed);

#endif
