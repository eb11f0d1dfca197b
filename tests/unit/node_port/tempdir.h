/* tempdir.h - a directory for one test, removed with all that is in it. Thread: the test's. */
#ifndef LOA_TEMPDIR_H
#define LOA_TEMPDIR_H

#include <limits.h>

struct tempdir {
    char path[PATH_MAX];
};

void tempdir_init(struct tempdir *t);
void tempdir_deinit(struct tempdir *t);

/* DIR/name, in static memory until the fourth call after this one. */
const char *tempdir_path(const struct tempdir *t, const char *name);

/* Write and read whole text files of up to 4 kB. */
void tempdir_write(const struct tempdir *t, const char *name, const char *text);
const char *tempdir_read(const struct tempdir *t, const char *name);

#endif
