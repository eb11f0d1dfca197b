/* cue.h - where a recording begins and ends: cut by hand, silence at its ends left out, faded.
 *
 * Works on decoded sound before it is levelled, so that nothing is encoded twice. Thread: a worker; blocks. */
#ifndef LOA_CUE_H
#define LOA_CUE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define CUE_FADE_MAX_MS 10000U
#define CUE_BEFORE_MS 100 /* of the silence before and after the sound that trimming keeps */
#define CUE_AFTER_MS 300

/* All zero: the recording as it is. */
struct cue {
    uint32_t from_ms;
    uint32_t to_ms; /* 0: to the end */
    uint32_t fade_in_ms; /* 0..CUE_FADE_MAX_MS, cut to the length of what is left */
    uint32_t fade_out_ms;
    bool trim; /* silence: 40 dB below the loudest sample, in steps of 20 ms */
};

/* Cut a file of samples in place.
 *
 *   fd       native floats, 48 kHz, mono, from offset 0
 *   samples  of it; becomes what is left, at least 1
 *
 * ERR_ARG     a fade is too long
 * ERR_FORMAT  nothing is left: it is shorter than from_ms, or to_ms lies before
 * ERR_IO; the file is undefined after an error */
MUST_USE enum err cue_apply(const struct cue *cue, int fd, uint64_t *samples,
                            struct err_detail *detail);

#endif
