/* peaks.h - the shape of a recording: how loud its loudest sample is in each of some equal spans.
 *
 * Thread: a worker; blocks for about 1/1000 of the sound's length. */
#ifndef LOA_PEAKS_H
#define LOA_PEAKS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

#define PEAKS_MAX 4000

/* Measure stored media.
 *
 *   media_dir  as for programme_open()
 *   count      1..PEAKS_MAX spans
 *   ret_peaks  `count` of them, 0..255: share of full scale, rounded up
 *
 * As programme_open(); ERR_ARG */
MUST_USE enum err peaks_measure(const char *media_dir, const struct media_id *id, size_t count,
                                uint8_t *ret_peaks, struct err_detail *detail);

#endif
