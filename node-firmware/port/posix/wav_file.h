/* wav_file.h - a PCM16 mono WAV file that is valid at every instant while it grows.
 *
 * The header is written after the samples that it counts, so a reader, or a program killed at any
 * point, finds a header that never promises more than is there. Blocks of silence are left as holes.
 * Thread: the owner's. */
#ifndef LOA_WAV_FILE_H
#define LOA_WAV_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define WAV_FILE_HEADER_BYTES 44
#define WAV_FILE_BLOCK_MAX 4096 /* frames in one call */
#define WAV_FILE_FRAMES_MAX ((INT64_C(0xFFFFFFFF) - WAV_FILE_HEADER_BYTES) / 2)

struct wav_file {
    int fd; /* -1 closed */
    int64_t frames;
};

/* Create or truncate. ERR_IO with detail. */
MUST_USE enum err wav_file_open(struct wav_file *w, const char *path, uint32_t rate_hz,
                                struct err_detail *detail);

/* Append up to WAV_FILE_BLOCK_MAX frames, clipped to -1..1.
 *
 * ERR_IO     the disk refused; the file stays valid up to the last header
 * ERR_LIMIT  WAV_FILE_FRAMES_MAX reached */
MUST_USE enum err wav_file_append(struct wav_file *w, const float *frames, size_t count);

/* Count everything appended so far in the header. ERR_IO. */
MUST_USE enum err wav_file_commit(struct wav_file *w);

/* Commit and close; accepts a closed file. */
void wav_file_close(struct wav_file *w);

#endif
