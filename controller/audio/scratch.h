/* scratch.h - a file without a name, which vanishes with its descriptor.
 *
 * Thread: any. */
#ifndef LOA_SCRATCH_H
#define LOA_SCRATCH_H

/* Open one for reading and writing in a folder; -1 with errno. */
int scratch_open(const char *dir);

#endif
