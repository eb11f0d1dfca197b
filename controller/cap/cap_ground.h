/* cap_ground.h - lay the station's own map over the alert policy: the zones that people drew, where nodes stand.
 *
 * What the policy says of a zone stays; what it leaves open is filled in, and zones of the map that it does not name
 * come behind its own, so that its signers' and sources' zones keep their places. A zone that nobody drew and in which
 * no place is known lies at the station; such zones come in only where the policy names none itself. Thread: any. */
#ifndef LOA_CAP_GROUND_H
#define LOA_CAP_GROUND_H

#include "cap_policy.h"

/* A zone of the station; everything is borrowed. */
struct cap_place {
    char code[CAP_ZONE_CODE_SIZE];
    const char *
        outline; /* coordinates of a GeoJSON Polygon as JSON text, its first ring counts; NULL or "" none */
    struct cap_point positions[CAP_PLACES_MAX]; /* of nodes */
    size_t position_count;
};

/* Make the policy with the map.
 *
 *   policy      unchanged; must outlive the new one, which borrows all but its zones
 *   ret_policy  for cap_ground_free()
 *
 * ERR_LIMIT   more than CAP_ZONES_MAX zones in all
 * ERR_FORMAT  an outline is none */
MUST_USE enum err cap_ground_lay(const struct cap_policy *policy, const struct cap_place *places,
                                 size_t count, struct cap_policy **ret_policy);

/* NULL is allowed. */
void cap_ground_free(struct cap_policy *policy);

#endif
