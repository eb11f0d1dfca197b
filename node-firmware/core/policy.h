/* policy.h - what this node lets sound, whatever a valid signature says.
 *
 * Pure. Thread: any. */
#ifndef LOA_POLICY_H
#define LOA_POLICY_H

#include "control.h"
#include "settings.h"
#include "units.h"

#define POLICY_FAR_US (8 * USEC_PER_DAY)

/* Judge a verified order.
 *
 *   now_us      station time; has_now false when the clock was not locked yet: expiry and distance are
 *               then judged when it is time
 *   ret_detail  200 bytes: one sentence when the order is not accepted, empty otherwise
 *
 * Emergencies pass the windows and the longest duration, nothing else. */
loa_Verdict policy_judge(const struct settings *settings, const char *station, struct node_id node,
                         const loa_OrderBody *order, bool has_now, usec_t now_us,
                         char ret_detail[200]);

#endif
