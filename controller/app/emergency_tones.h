/* emergency_tones.h - make the signature tune and the signals of the emergency set that nobody has chosen
 * a recording for.
 *
 * On a worker, once, after the start; what is set already stays. Thread: main. */
#ifndef LOA_EMERGENCY_TONES_H
#define LOA_EMERGENCY_TONES_H

#include "db.h"
#include "err.h"
#include "jobs.h"

struct emergency_tones_config {
    struct db *db;
    struct jobs *jobs;
    const char *media_dir; /* borrowed */
    uint32_t bitrate_bps;
    usec_t (*now_us)(void *ctx);
    void (*changed)(void *ctx); /* some were made and are in the store */
    void *ctx;
};

/* ERR_BUSY, ERR_NOMEM: nothing was begun */
MUST_USE enum err emergency_tones_start(const struct emergency_tones_config *config);

#endif
