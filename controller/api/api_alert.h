/* api_alert.h - what the handlers of alerts share: reading what a person asks for, and judging who asks.
 *
 * Thread: main. */
#ifndef LOA_API_ALERT_H
#define LOA_API_ALERT_H

#include "alert.h"
#include "alertpolicy.h"
#include "api_impl.h"

/* What a person asked for, beyond the alert itself. */
struct alert_request {
    struct alert alert;
    bool preview;
    char totp[16];
};

enum alert_request_kind {
    ALERT_REQUEST_NEW = 0,
    ALERT_REQUEST_UPDATE, /* of the alert in the path; what is not said stays as it was */
    ALERT_REQUEST_ALL_CLEAR, /* of the alert in the path, from the template */
};

/* Read what a person asks for. */
MUST_USE enum err alert_request_read(struct call *c, enum alert_request_kind kind,
                                     struct alert_request *ret_request);

/* The alert in the path. */
MUST_USE enum err api_alert_find(struct call *c, struct alert *ret_alert);

/* May this person send it? Sets alert.state: LIVE, or WAITING for a second person. A code of a second factor is
 * judged and used up, so call it inside the transaction.
 *
 *   code  "" none */
MUST_USE enum err alert_request_judge(struct call *c, struct alert *alert, const char *code,
                                      bool ends);

/* What alert_request_judge() would say if a right code came where one is needed; changes nothing, uses up nothing.
 *
 *   ret_factor  a code is needed */
MUST_USE enum err alert_request_would(struct call *c, const struct alert *alert, bool ends,
                                      enum alertpolicy_verdict *ret_verdict, bool *ret_factor);

/* Likewise who confirms one. */
MUST_USE enum err alert_request_judge_confirm(struct call *c, const struct alert *alert,
                                              const char *code);

/* Judge a code of the account that asks, with a wait after wrong ones; stores that it was used.
 *
 * ERR_AUTH, ERR_BUSY, ERR_STATE (the account has no second factor) with the sentence in detail */
MUST_USE enum err api_totp_use(struct call *c, const char *code);

#endif
