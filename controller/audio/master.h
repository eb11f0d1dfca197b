/* master.h - decoded samples to levelled, limited, encoded and stored media.
 *
 * Finds the gain to LOUDNESS_TARGET_MLUFS, encodes, decodes what was encoded and measures that: a peak
 * above LOUDNESS_PEAK_MAX_MDB lowers the limiter's ceiling and the encode is done again before anything
 * is stored. The figures are those of the decoded result. Thread: a worker; blocks. */
#ifndef LOA_MASTER_H
#define LOA_MASTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

struct master_job {
    int pcm_fd; /* native floats, 48 kHz, mono, from offset 0 */
    uint64_t samples; /* 1.. */
    const char *media_dir;
    uint32_t bitrate_bps;
    const atomic_bool *cancel; /* may be NULL */
};

struct master_result {
    struct media_id id;
    uint64_t size_bytes;
    bool known; /* stored before */
    bool too_quiet; /* the highest gain did not suffice */
    int32_t gain_mdb;
    int32_t loudness_mlufs;
    int32_t true_peak_mdb;
};

/* ERR_FORMAT     silent
 * ERR_ARG        bitrate out of range
 * ERR_CANCELLED / ERR_IO / ERR_NOMEM; nothing is left behind */
MUST_USE enum err master_store(const struct master_job *job, struct master_result *ret_result,
                               struct err_detail *detail);

#endif
