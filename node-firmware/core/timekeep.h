/* timekeep.h - station time over a restart without a link.
 *
 * Every TIMEKEEP_EVERY_US the node notes what station time it was by its two other clocks: the one that
 * counts from the board's start, and the battery-backed one if the board has it. After a restart the
 * first still counts when the board itself did not restart; else the second serves, with wide
 * uncertainty, unless it is clearly wrong: before the note, or absurdly long after it. Then the node
 * has no clock and stays silent until its controller tells it the time. Pure but for flash.
 * Thread: the one that calls node_step(). */
#ifndef LOA_TIMEKEEP_H
#define LOA_TIMEKEEP_H

#include <stdbool.h>

#include "err.h"
#include "port.h"
#include "units.h"

#define TIMEKEEP_OBJECT "time"
#define TIMEKEEP_EVERY_US (10 * USEC_PER_MIN)
#define TIMEKEEP_BOOT_ID_BYTES 16
#define TIMEKEEP_WALL_SD_US (2 * USEC_PER_SEC) /* a battery-backed clock counts whole seconds */
#define TIMEKEEP_WALL_PPM 100
#define TIMEKEEP_MONO_PPM 5 /* beyond the known drift */
#define TIMEKEEP_AWAY_MAX_US (30 * USEC_PER_DAY)

/* One instant by all clocks. */
struct timekeep {
    uint8_t boot_id[TIMEKEEP_BOOT_ID_BYTES]; /* of the board's start; all 0 unknown */
    usec_t mono_us;
    bool has_wall;
    usec_t wall_us;
    usec_t station_us;
    uint32_t uncertainty_us; /* one standard deviation of station_us */
};

enum timekeep_source {
    TIMEKEEP_NONE = 0,
    TIMEKEEP_MONO, /* the board kept running */
    TIMEKEEP_WALL, /* its battery-backed clock */
};

/* Read the note back. ERR_NOT_FOUND none; ERR_FORMAT damaged; ERR_IO */
MUST_USE enum err timekeep_load(const struct node_port *port, struct timekeep *ret_note);

/* Put a note on flash. ERR_IO, ERR_LIMIT */
MUST_USE enum err timekeep_store(const struct node_port *port, const struct timekeep *note);

/* Work out station time.
 *
 *   note      from before the restart
 *   now       boot_id, mono_us, has_wall and wall_us of now; the rest is written when it returns ERR_OK
 *   skew_ppm  how much faster station time runs than mono, if known, else 0
 *
 * ERR_NOT_FOUND  no clock ran on meanwhile
 * ERR_STATE      the battery-backed clock is clearly wrong */
MUST_USE enum err timekeep_resume(const struct timekeep *note, struct timekeep *now,
                                  double skew_ppm, enum timekeep_source *ret_source);

#endif
