/* import.h - from an upload to stored media: decode, loudness, encode once, name by content.
 *
 * Upload → src_file (sandboxed ffmpeg) → unlinked PCM file → loudness (-16 LUFS, true peak below
 * -1 dBTP, also after the codec) → Ogg Opus → DIR/ab/cdef….opus, named by the SHA-256 of its bytes.
 * The same recording imported twice gives the same bytes and so the same name. What fails leaves
 * nothing behind. Thread: a worker of the caller's; calls block for 1/60 to 1/20 of the sound's length. */
#ifndef LOA_IMPORT_H
#define LOA_IMPORT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cue.h"
#include "err.h"
#include "library.h"
#include "src_file.h"

struct import_config {
    struct src_file_config decode;
    uint32_t bitrate_bps; /* 16,000..64,000; 32,000 by default */
    struct cue cue; /* all zero by default */
};

/* Defaults of src_file_config_init() and 32 kbit/s. */
void import_config_init(struct import_config *c);

/* Import one upload.
 *
 *   path       the upload; left as it is
 *   media_dir  existing directory, where media and, while working, temporary files go; about 11.5 MB a
 *              minute of sound must be free
 *   cancel     may be NULL; set it from any thread to stop
 *   ret_info   id, size, samples, duration, loudness, true peak and gain are filled; title,
 *              source_name, created_us and created_by are zero, for the caller to fill
 *   ret_known  true: this very media was stored before; nothing was written
 *   detail     one sentence for the person who uploaded
 *
 * ERR_ARG     bitrate out of range
 * ERR_FORMAT  also: silent, or nothing is left of it; otherwise errors as src_file_decode() */
MUST_USE enum err import_file(const struct import_config *c, const char *path,
                              const char *media_dir, const atomic_bool *cancel,
                              struct media_info *ret_info, bool *ret_known,
                              struct err_detail *detail);

struct master_result;

/* What the store keeps of media that master_store() stored; title, source_name, created_us and created_by
 * are empty. */
void import_fill_info(const struct master_result *r, uint64_t samples, struct media_info *ret_info);

/* Remove temporary files that a crash left in media_dir; call at start, before the first import. */
void import_sweep(const char *media_dir);

#endif
