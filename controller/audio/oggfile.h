/* oggfile.h - write Ogg Opus (RFC 7845) and store it under the name of its SHA-256.
 *
 * Mono, 20 ms packets. The bytes depend on the packets only: the stream serial is derived from them
 * and there is no date in the tags. Files appear under their name whole and on disk, or not at all.
 * Thread: any, one object per thread. */
#ifndef LOA_OGGFILE_H
#define LOA_OGGFILE_H

#include <stdbool.h>

#include "bytes.h"
#include "err.h"
#include "units.h"

#define OGGFILE_PATH_MAX 4096
#define OGGFILE_TEMP_PREFIX ".import-"

struct oggfile;

/* Start a file in `dir`, under a temporary name.
 *
 *   preskip_samples  decoder delay to drop, 0..65,535, at 48 kHz
 *
 * ERR_IO / ERR_NOMEM */
MUST_USE enum err oggfile_new(const char *dir, uint16_t preskip_samples, struct oggfile **ret_file,
                              struct err_detail *detail);

/* Append one packet of PACKET_SAMPLES.
 *
 *   payload  1..PACKET_PAYLOAD_MAX bytes, copied
 *
 * ERR_ARG  length out of range */
MUST_USE enum err oggfile_add(struct oggfile *f, struct bytes payload, struct err_detail *detail);

/* End the stream, sync, and move it to its name; the object must still be freed.
 *
 *   samples    true length of the sound after the pre-skip, at 48 kHz: the last packet is trimmed to it
 *   ret_id     SHA-256 of the file's bytes
 *   ret_known  it was there already
 *
 * ERR_IO  for example disk full; nothing is left */
MUST_USE enum err oggfile_finish(struct oggfile *f, uint64_t samples, struct media_id *ret_id,
                                 uint64_t *ret_size_bytes, bool *ret_known,
                                 struct err_detail *detail);

/* Free; an unfinished file is removed. NULL is fine. */
void oggfile_free(struct oggfile *f);

/* Write DIR/ab/cdef….opus, the path under which media is stored.
 *
 * ERR_LIMIT  does not fit size */
MUST_USE enum err oggfile_path(const char *dir, const struct media_id *id, char *ret_path,
                               size_t size);

#endif
