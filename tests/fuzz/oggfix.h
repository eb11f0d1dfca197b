/* oggfix.h - right checksums for the pages of a damaged Ogg file, so that fuzzing gets behind them.
 * Thread: any. */
#ifndef LOA_OGGFIX_H
#define LOA_OGGFIX_H

#include <stddef.h>
#include <stdint.h>

/* Write the checksum of every whole page that begins with "OggS", in place. */
void oggfix_checksums(uint8_t *data, size_t len);

#endif
