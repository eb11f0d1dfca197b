/* src_speech.h - text to a sound file, by a speech program in a sandboxed child.
 *
 * The program is replaceable: any command that reads a text file and writes WAV to its standard output.
 * It is trusted as little as an upload: no network, no files but its own and the text, bounded time,
 * memory and output; what it writes is decoded like any upload afterwards. No shell is involved.
 * Thread: a worker of the caller's; the call blocks. */
#ifndef LOA_SRC_SPEECH_H
#define LOA_SRC_SPEECH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "src_file.h"

#define SPEECH_SPEED_MIN 80 /* words a minute */
#define SPEECH_SPEED_MAX 260
#define SPEECH_SPEED 150

enum speech_voice {
    SPEECH_VOICE_NORTH = 0,
    SPEECH_VOICE_CENTRAL,
    SPEECH_VOICE_SOUTH,
    SPEECH_VOICES,
};

/* Strings are borrowed for the time of the call. */
struct src_speech_config {
    /* Words parted by blanks; the first is an absolute path. {voice}, {speed} and {text} (the path of the
     * text) stand for what is asked. */
    const char *command;
    const char *voices[SPEECH_VOICES]; /* what {voice} becomes */
    const char *bwrap;
    enum src_file_sandbox sandbox;
    uint32_t timeout_ms;
    uint64_t output_bytes_max;
    uint32_t memory_mb;
};

struct src_speech_request {
    const char *text; /* as speech_text() wrote it */
    enum speech_voice voice;
    uint32_t speed; /* SPEECH_SPEED_MIN..MAX */
};

/* espeak-ng with its three Vietnamese voices; 2 min, 256 MB of sound, 512 MB of memory. */
void src_speech_config_init(struct src_speech_config *c);

/* "north", "central", "south"; NULL outside the set, -1 when a name is unknown. */
const char *speech_voice_name(enum speech_voice v);
int speech_voice_from_name(const char *name);

/* Speak a text into a file.
 *
 *   scratch_dir  existing; the text lies there while the program runs
 *   path         the sound; made anew, mode 0600; removed again on failure
 *   cancel       may be NULL; looked at every 100 ms
 *   detail       one sentence for the operator
 *
 * ERR_ARG          speed or voice out of range
 * ERR_UNSUPPORTED  the program or the sandbox is missing; detail says what to install
 * ERR_FORMAT       the program failed or wrote nothing
 * ERR_LIMIT        it wrote more than output_bytes_max
 * ERR_TIMEOUT, ERR_CANCELLED, ERR_IO */
MUST_USE enum err src_speech(const struct src_speech_config *c, const struct src_speech_request *r,
                             const char *scratch_dir, const char *path, const atomic_bool *cancel,
                             struct err_detail *detail);

#endif
