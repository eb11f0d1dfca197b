/* helpers.h - a scratch directory, ffmpeg to make input, and what must not be left behind. */
#ifndef LOA_AUDIO_HELPERS_H
#define LOA_AUDIO_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "library.h"
#include "waveform.h"

struct scratch {
    char dir[64];
    char media[80]; /* an empty folder in it */
};

/* cmocka setup and teardown: *state is a struct scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* A path in the scratch directory; static memory, valid until the eighth next call. */
const char *scratch_path(const struct scratch *s, const char *name);

/* Run a program with arguments up to NULL; fails the test unless it exits with 0. */
void run_program(const char *program, ...);

/* Whether bubblewrap can make namespaces here. Many containers forbid it: a warning is printed, and tests
 * that are not about the sandbox decode without it; leave out those that are. */
bool sandbox_works(void);

/* Make a file with ffmpeg: `ffmpeg -y <args, split at blanks> file`. */
void make_sound(const char *path, const char *args);

void write_file(const char *path, const void *data, size_t len);

/* An executable shell script. */
void write_script(const char *path, const char *body);

/* Copy the first `len` bytes. */
void copy_start(const char *from, const char *to, size_t len);
size_t file_size(const char *path);

/* Regular files below a directory. */
size_t count_files(const char *dir);

/* True when this process has children, running or zombie. */
bool has_children(void);

/* Number of open descriptors of this process. */
size_t count_descriptors(void);

/* Decode stored media by ffmpeg, as an independent reader. */
struct waveform decode_media(const struct scratch *s, const struct media_id *id);

#endif
