/* library.h - what is known of one media: a stored recording, immutable, named by its SHA-256.
 *
 * Thread: any; plain data. */
#ifndef LOA_LIBRARY_H
#define LOA_LIBRARY_H

#include <stdbool.h>

#include "bulletin.h"
#include "units.h"

struct media_info {
    struct media_id id;
    char title[BULLETIN_TITLE_SIZE];
    char source_name[BULLETIN_TITLE_SIZE]; /* file name at upload, for people */
    uint64_t size_bytes;
    uint64_t samples; /* at 48 kHz, after pre-skip and end trimming */
    uint32_t duration_ms; /* samples / 48, rounded up */
    int32_t loudness_mlufs; /* integrated, ITU-R BS.1770 */
    int32_t true_peak_mdb; /* dBTP */
    int32_t gain_mdb; /* applied at import */
    usec_t created_us;
    struct user_id created_by;
    bool archived; /* of no use now, kept and hidden */
    bool spoken; /* the station spoke it */
    bool aircheck; /* what was said live, recorded */
};

#endif
