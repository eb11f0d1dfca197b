/* cutshort.h - see from its own header or last page that a sound file was cut off on its way.
 *
 * The decoder plays what there is of a WAV or Ogg file and says nothing; other containers are judged by
 * the length that they declare (src_file). Reads a few bytes and interprets no sound. Thread: any. */
#ifndef LOA_CUTSHORT_H
#define LOA_CUTSHORT_H

#include <stdbool.h>
#include <stdint.h>

/* True when the file is RIFF/WAVE or Ogg and ends before it says that it does. False for whatever
 * cannot be judged.
 *
 *   fd    open for reading, position untouched
 *   size  of the file, bytes */
bool cutshort_check(int fd, uint64_t size);

#endif
