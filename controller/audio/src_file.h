/* src_file.h - any sound file to 48 kHz mono samples, decoded by ffmpeg in a sandboxed child.
 *
 * The file is untrusted: it is parsed only in a child without network, file system or environment
 * (bubblewrap), with bounded time, memory and output, that may crash or hang without harm. No shell is
 * involved. The child is always killed with its group and always reaped before the call returns.
 * Thread: a worker of the caller's; the call blocks. */
#ifndef LOA_SRC_FILE_H
#define LOA_SRC_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

enum src_file_sandbox {
    SRC_FILE_SANDBOX_REQUIRED = 0, /* refuse to decode when it cannot be set up */
    SRC_FILE_SANDBOX_NONE, /* resource limits only; for hosts that forbid namespaces */
};

/* Strings are borrowed for the time of the call. */
struct src_file_config {
    const char *ffmpeg; /* absolute path of the program */
    const char *bwrap; /* absolute path of bubblewrap */
    enum src_file_sandbox sandbox;
    uint64_t input_bytes_max; /* larger files are refused before they are read */
    uint32_t duration_max_s; /* of the decoded sound */
    uint32_t duration_min_ms;
    uint32_t timeout_ms; /* for all of it */
    uint32_t stall_ms; /* without a single byte from the decoder */
    uint32_t memory_mb; /* address space of the child */
};

/* Defaults: /usr/bin/ffmpeg, /usr/bin/bwrap, sandbox required, 1 GiB, 12 h, 100 ms, 15 min, 30 s, 1 GiB. */
void src_file_config_init(struct src_file_config *c);

/* Can what decodes be run here? ERR_UNSUPPORTED; detail says what to do */
MUST_USE enum err src_file_check_programs(const struct src_file_config *c,
                                          struct err_detail *detail);

/* The words that come before a decoder's own so that it runs sealed off, with no file and no network;
 * none where the configuration allows that. Returns how many; they are borrowed from c. */
size_t src_file_sandbox(const struct src_file_config *c, const char **ret_argv, size_t size);

/* Decode the first audio stream of a file.
 *
 *   path         regular file; WAV, MP3, M4A/MP4/3GP, Ogg, FLAC, AAC, AMR, Matroska/WebM
 *   pcm_fd       open for writing, receives native 32-bit floats at 48 kHz, mono, ±1 full scale; on
 *                failure what was written so far is of no use
 *   cancel       may be NULL; looked at every 100 ms
 *   ret_samples  written so far to pcm_fd
 *
 * ERR_FORMAT       not sound, empty, cut short, or no audio stream; detail says which
 * ERR_LIMIT        larger or longer than configured, or shorter than duration_min_ms
 * ERR_NOT_FOUND    no such file
 * ERR_UNSUPPORTED  ffmpeg or the sandbox cannot be run here; detail says what to do
 * ERR_TIMEOUT      took too long or stalled
 * ERR_CANCELLED    *cancel became true
 * ERR_IO           the disk is full, or the decoder crashed */
MUST_USE enum err src_file_decode(const struct src_file_config *c, const char *path, int pcm_fd,
                                  const atomic_bool *cancel, uint64_t *ret_samples,
                                  struct err_detail *detail);

#endif
