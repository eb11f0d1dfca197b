/* cap_geo.h - places on the Earth (WGS 84), and whether an area covers them.
 *
 * Edges are straight in latitude and longitude, as alerting systems draw them; they take the short way round,
 * so a ring may cross the antimeridian or enclose a pole. A point is inside a ring that winds around it
 * at all, also where the ring crosses itself. Thread: any. */
#ifndef LOA_CAP_GEO_H
#define LOA_CAP_GEO_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define CAP_POINTS_MAX 200000 /* of one ring */

struct cap_point {
    double lat; /* degrees, -90..90 */
    double lon; /* degrees; -180..180 as read, beyond that inside a ring that goes round */
};

/* Longitudes are unwrapped: neighbours differ by at most 180 degrees. Closed: the last point is the first, or
 * the way over a pole. */
struct cap_ring {
    struct cap_point *points;
    size_t count;
    struct cap_point low, high; /* its box */
};

struct cap_circle {
    struct cap_point centre;
    double radius_km; /* 0..20,040 */
};

/* Read "lat,lon lat,lon ...", decimal degrees without exponent.
 *
 *   ret_points  `room` places
 *   ret_count   written also with ERR_LIMIT
 *
 * ERR_FORMAT  another shape, or outside the Earth
 * ERR_LIMIT   more points than room */
MUST_USE enum err cap_points_read(const char *text, struct cap_point *ret_points, size_t room,
                                  size_t *ret_count);

/* How many points a text can hold at most: its pairs are parted by white space. */
size_t cap_points_bound(const char *text);

/* Read "lat,lon radius_km".
 *
 * ERR_FORMAT  another shape, or outside the Earth; a negative radius */
MUST_USE enum err cap_circle_read(const char *text, struct cap_circle *ret_circle);

/* Make a ring of `count` points, in their place.
 *
 *   points  changed; room for three more, which close the ring or lead it over a pole */
void cap_ring_make(struct cap_ring *ret_ring, struct cap_point *points, size_t count);

bool cap_ring_covers(const struct cap_ring *ring, struct cap_point p);
bool cap_circle_covers(const struct cap_circle *circle, struct cap_point p);

/* True when the two share a point. */
bool cap_ring_meets(const struct cap_ring *a, const struct cap_ring *b);
bool cap_circle_meets(const struct cap_circle *circle, const struct cap_ring *ring);

#endif
