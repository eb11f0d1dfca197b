/* datadir.h - the controller's directory: made private, locked against a second controller.
 *
 * DIR/loa.db, DIR/pki/, DIR/media/, DIR/photos/ (of nodes), DIR/backups/, DIR/uploads/ (in parts, not complete),
 * DIR/tmp/, DIR/run.json (ports and pid while running), DIR/admin-code (until the first account exists).
 * Thread: main. */
#ifndef LOA_DATADIR_H
#define LOA_DATADIR_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct datadir {
    char root[PATH_MAX];
    char db[PATH_MAX];
    char pki[PATH_MAX];
    char media[PATH_MAX];
    char photos[PATH_MAX];
    char backups[PATH_MAX];
    char uploads[PATH_MAX];
    char tmp[PATH_MAX];
    int lock_fd;
};

/* Create what is missing (0700) and take the lock; empties DIR/tmp.
 *
 * ERR_BUSY  another controller uses this directory
 * ERR_IO    cannot be created or written; detail says which path and what to do */
MUST_USE enum err datadir_open(const char *path, struct datadir *ret_dir,
                               struct err_detail *detail);

/* Remove run.json and let go of the lock. */
void datadir_close(struct datadir *d);

/* Write DIR/run.json: where this controller listens now, for loactl and tests. */
MUST_USE enum err datadir_write_run(const struct datadir *d, uint16_t link_port, uint16_t web_port,
                                    struct err_detail *detail);

/* The one-time code of the first administrator: read it, or make it when there is none.
 *
 *   ret_code  size bytes, at least 16 */
MUST_USE enum err datadir_admin_code(const struct datadir *d, char *ret_code, size_t size);

/* Remove it: the first account exists. */
void datadir_forget_admin_code(const struct datadir *d);

#endif
