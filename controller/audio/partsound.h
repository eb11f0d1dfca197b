/* partsound.h - the sound of stored parts, one after the other without a gap, at random.
 *
 * 48 kHz mono samples; sample 0 is the first of the first part. What is shorter than its place is followed by
 * silence, what is longer is cut. All media lie in memory, so that the audio thread reads without touching a
 * file, and nothing is allocated after partsound_new().
 * Thread: open and free where it may block; the others one thread at a time. */
#ifndef LOA_PARTSOUND_H
#define LOA_PARTSOUND_H

#include <stddef.h>
#include <stdint.h>

#include "src_media.h"

struct partsound;

/* Open all media.
 *
 *   items  1..SRC_MEDIA_ITEMS_MAX, copied
 *
 * ERR_ARG    count or a duration out of range
 * otherwise as programme_open() */
MUST_USE enum err partsound_new(const char *media_dir, const struct src_media_item *items,
                                size_t count, struct partsound **ret_parts,
                                struct err_detail *detail);
void partsound_free(struct partsound *p); /* NULL is harmless */

/* Length of all parts; 0 of NULL. */
uint64_t partsound_samples(const struct partsound *p);

/* Go to a sample; entering a recording in the middle decodes what the decoder needs to settle. */
void partsound_seek(struct partsound *p, uint64_t sample);

/* Hand out the next samples, always all of them; silence after the end. */
void partsound_read(struct partsound *p, float *ret_pcm, size_t count);

#endif
