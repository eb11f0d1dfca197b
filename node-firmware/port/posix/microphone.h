/* microphone.h - hear the own horn during a node test: a sound card's input, or a WAV file that grows.
 *
 * Open only while a test runs; opening a card may take some tenths of a second, reading never waits.
 * The file stands in for a room: what another program, or this one's wav output, appends from now on
 * is what is heard. Thread: main. */
#ifndef LOA_MICROPHONE_H
#define LOA_MICROPHONE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct microphone {
    void *stream; /* of PortAudio; NULL none */
    int fd; /* of the file; -1 none */
    uint32_t rate_hz; /* 0 while closed */
};

/* Closed; microphone_close() is then harmless. */
void microphone_init(struct microphone *m);

/* Open.
 *
 *   spec  "wav:PATH" (16 bit mono), or an input device by number or part of its name; "default"
 *
 * ERR_NOT_FOUND  no such device or file; ERR_FORMAT  another kind of file; ERR_IO; with detail */
MUST_USE enum err microphone_open(struct microphone *m, const char *spec,
                                  struct err_detail *detail);
void microphone_close(struct microphone *m);

/* What was heard since the last call, -1..1; at most `max` samples, 0 when there is nothing (more). */
size_t microphone_read(struct microphone *m, float *ret_samples, size_t max);

#endif
