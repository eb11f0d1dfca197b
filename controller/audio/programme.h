/* programme.h - the Opus packets of one stored media, at random.
 *
 * Reads the whole file into memory, checks its digest, and indexes its packets, so that the audio thread
 * can hand them out without touching a file. Immutable after opening.
 * Thread: open and free where it may block; reading from any thread. */
#ifndef LOA_PROGRAMME_H
#define LOA_PROGRAMME_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define PROGRAMME_BYTES_MAX (UINT64_C(400) * 1024 * 1024) /* 12 h at 64 kbit/s */

struct programme;

/* Open stored media.
 *
 *   media_dir  as for import_file()
 *
 * ERR_NOT_FOUND  no such file
 * ERR_FORMAT     its bytes are not what its name says, or not mono Ogg Opus in 20 ms packets
 * ERR_LIMIT      longer than PROGRAMME_BYTES_MAX
 * ERR_NOMEM / ERR_IO */
MUST_USE enum err programme_open(const char *media_dir, const struct media_id *id,
                                 struct programme **ret_programme, struct err_detail *detail);
void programme_free(struct programme *p);

/* Number of packets, at least 1. */
uint32_t programme_packets(const struct programme *p);

/* Samples at 48 kHz that a decoder drops at the start: 312 for what import_file() made. */
uint16_t programme_preskip(const struct programme *p);

/* Samples at 48 kHz of sound, after pre-skip and end trimming. */
uint64_t programme_samples(const struct programme *p);

/* Packet k, 0-based and less than programme_packets(); borrowed while the programme is open. */
struct bytes programme_packet(const struct programme *p, uint32_t k);

#endif
