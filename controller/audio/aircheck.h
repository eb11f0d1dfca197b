/* aircheck.h - measure what was recorded from a live broadcast, so that it is media like any other.
 *
 * Thread: a worker; blocks. */
#ifndef LOA_AIRCHECK_H
#define LOA_AIRCHECK_H

#include "err.h"
#include "library.h"

/* Fill length, loudness and true peak of stored media by decoding it.
 *
 *   media_dir  as for programme_open()
 *
 * As programme_open(). */
MUST_USE enum err aircheck_measure(const char *media_dir, const struct media_id *id,
                                   struct media_info *ret_info, struct err_detail *detail);

#endif
