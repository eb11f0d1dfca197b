/* cut.h - cut a stored recording without decoding it: the same Opus packets, fewer of them.
 *
 * The decoder gets 80 ms of packets before the cut to settle (RFC 7845 4.2), which the pre-skip hides; so
 * the cut is exact to the sample, and nothing is encoded twice. Thread: a worker; blocks on the disk. */
#ifndef LOA_CUT_H
#define LOA_CUT_H

#include "library.h"

/* Store what lies in [from_ms, to_ms) of a recording as another one.
 *
 *   media_dir  where both are
 *   original   its figures of loudness are taken over
 *   ret_info   id, size, samples and duration are those of the piece; title is empty
 *
 * ERR_LIMIT  the piece is shorter than a tenth of a second, or ends after the recording
 * otherwise  errors of programme_open() and oggfile_finish() */
MUST_USE enum err cut_store(const char *media_dir, const struct media_info *original,
                            uint32_t from_ms, uint32_t to_ms, struct media_info *ret_info,
                            struct err_detail *detail);

#endif
