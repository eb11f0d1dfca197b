/* cappolicy.h - the file of the alert policy (cap_policy.h). Thread: main, at start. */
#ifndef LOA_CAPPOLICY_H
#define LOA_CAPPOLICY_H

#include "cap_policy.h"

/* Read it; for cap_policy_free().
 *
 *   path  "": the default policy
 *
 * ERR_*  of cap_policy_read(), ERR_NOT_FOUND for the file itself; detail names file and fault */
MUST_USE enum err cappolicy_load(const char *path, struct cap_policy **ret_policy,
                                 struct err_detail *detail);

#endif
