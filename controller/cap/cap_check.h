/* cap_check.h - the whole consumer: bytes of a message to what the station does with it.
 *
 * Nothing that was not accepted sounds; nothing but an Actual, Public, unexpired, trusted Alert or Update
 * for this station's area sounds. Duplicates and order are controller/core/alert's. Thread: any. */
#ifndef LOA_CAP_CHECK_H
#define LOA_CAP_CHECK_H

#include "bytes.h"
#include "cap_alert.h"
#include "cap_finding.h"
#include "cap_parse.h"
#include "cap_policy.h"
#include "cap_verify.h"

enum cap_result {
    CAP_REJECTED = 0,
    CAP_HELD, /* a person decides */
    CAP_ACCEPTED,
};

struct cap_info_verdict {
    enum priority level; /* NONE when it is only logged */
    enum cap_action action;
    struct cap_zones zones;
};

struct cap_verdict {
    enum cap_result result;
    enum priority level;
    enum cap_action action;
    struct cap_zones zones; /* of the infos with this action */
    usec_t expires_us; /* the latest of these infos; 0 without any */
    struct cap_alert *alert; /* owned; NULL when it is no CAP message */
    struct cap_info_verdict infos[CAP_INFOS_MAX]; /* one for each of the alert */
    struct cap_signed signers;
    struct cap_findings findings;
};

/* Judge one message.
 *
 *   data         borrowed
 *   policy       borrowed; must outlive the verdict
 *   source       where it came from, a name of the policy; a name it does not know must be signed
 *   now_us       station time
 *   ret_verdict  for cap_verdict_free()
 *
 * ERR_NOMEM  out of memory: no verdict */
MUST_USE enum err cap_check(struct bytes data, const struct cap_policy *policy, const char *source,
                            usec_t now_us, struct cap_verdict **ret_verdict);

/* NULL is allowed. */
void cap_verdict_free(struct cap_verdict *verdict);

/* "accepted", "held", "rejected", static. */
const char *cap_result_name(enum cap_result result);

#endif
