/* cap_area.h - which zones of the station an area covers (OASIS CAP 1.2 section 3.2.4).
 *
 * Polygons, circles and geocodes are united; one of them suffices. Thread: any. */
#ifndef LOA_CAP_AREA_H
#define LOA_CAP_AREA_H

#include "cap_alert.h"
#include "cap_finding.h"
#include "cap_policy.h"

/* Match all areas of one info.
 *
 *   arena      holds the points until the message is freed
 *   number     of the info, from 1, for findings
 *   ret_zones  what is covered
 *   ret_given  an area said where at all; a description alone does not
 *
 * ERR_NOMEM  out of memory */
MUST_USE enum err cap_area_match(const struct cap_info *info, size_t number,
                                 const struct cap_policy *policy, struct cap_arena *arena,
                                 struct cap_findings *findings, struct cap_zones *ret_zones,
                                 bool *ret_given);

/* All zones of the station. */
struct cap_zones cap_area_everywhere(const struct cap_policy *policy);

#endif
