/* replan.h - whether what was planned still is what people want.
 *
 * The plan reaches a week ahead, and nodes hold signed orders of it; events, bulletins and their approval change
 * meanwhile. Which nodes are meant is broadcast_retarget()'s. Pure. Thread: main. */
#ifndef LOA_REPLAN_H
#define LOA_REPLAN_H

#include "broadcast.h"
#include "event.h"

enum replan {
    REPLAN_KEEP = 0,
    REPLAN_CANCEL, /* its event was cancelled: it ends and stays the occurrence's broadcast */
    REPLAN_ANEW, /* it ends and leaves its occurrence, which is planned again when it may sound */
};

/* Judge one planned broadcast of an event.
 *
 *   wanted     what planning would make of the occurrence now; its targets are not looked at
 *   names_it   the event still has the occurrence
 *   may_sound  the bulletin is approved and has not expired by then */
enum replan replan_judge(const struct broadcast *planned, const struct broadcast *wanted,
                         const struct event *event, bool names_it, bool may_sound);

#endif
