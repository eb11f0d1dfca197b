/* expand.h - list the occurrences of an .ics file without a station. */
#ifndef LOA_EXPAND_H
#define LOA_EXPAND_H

#include "call.h"

/* `schedule expand`: prints uid, summary, start_utc, end_utc, start_local, end_local, timezone of each. */
int expand_schedule(struct call *call);

/* Read a file of at most CALFILE_BYTES_MAX + 1 bytes; malloc'd, NULL after saying why. */
char *expand_read_file(const char *path, size_t *ret_len);

#endif
