/* store_station.h - keep who this station is, its policy, and the numbers it must never give out twice.
 *
 * Thread: main. */
#ifndef LOA_STORE_STATION_H
#define LOA_STORE_STATION_H

#include "db.h"
#include "station.h"

enum store_counter {
    STORE_COUNTER_BOOT = 0, /* starts of the controller */
    STORE_COUNTER_ORDER, /* order ids: never reused in a station */
    STORE_COUNTER_STREAM, /* stream ids, 1..UINT32_MAX */
};

/* ERR_NOT_FOUND  not set up yet; use station_init() */
MUST_USE enum err store_station_get(struct db *db, struct station *ret_station);

/* Insert or replace; the caller has run station_check(). */
MUST_USE enum err store_station_put(struct db *db, const struct station *station);

/* Take the next number, 1 the first time. It is used up when the enclosing transaction commits.
 *
 * ERR_LIMIT  all numbers are used up */
MUST_USE enum err store_station_next(struct db *db, enum store_counter counter,
                                     uint64_t *ret_value);

#endif
