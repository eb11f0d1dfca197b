/* api_reader.h - what reads much of the database: on a worker, by a second connection.
 *
 * A year's journal takes half a minute to verify, a copy as long to write, a month's report seconds to add up; the
 * station goes on meanwhile. Thread: main; `read` runs on the worker. */
#ifndef LOA_API_READER_H
#define LOA_API_READER_H

#include "api_impl.h"
#include "store_journal.h"

struct reading {
    struct call *call; /* kept; its request is gone */
    struct db *view; /* the worker's */
    void (*read)(struct reading *r);
    enum err (*then)(struct call *c, struct reading *r); /* answers; as a handler */
    enum err result; /* of read */
    struct err_detail detail;
    struct journal_verification verified;
    void *about; /* the caller's */
    void (*end)(void *about); /* ends it, on the main thread */
    bool alone;
};

#define API_READERS_MAX 4 /* at once; libuv has as many workers */

/* Begin.
 *
 *   task  read, then, about, end, and alone: what reads all, of which there is one at a time; `about` is taken
 *
 * ERR_MORE  begun: the handler returns this
 * ERR_BUSY  another one reads all, or too many read */
MUST_USE enum err api_reader_start(struct call *c, const struct reading *task);

/* Likewise: journal that there will be a backup, and make it at `path`. */
MUST_USE enum err
api_reader_backup(struct call *c, enum err (*then)(struct call *c, struct reading *r), char *path);

#endif
