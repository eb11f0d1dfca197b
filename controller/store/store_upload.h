/* store_upload.h - keep what is known of uploads in parts, so that they outlive a restart; the bytes are files.
 * Thread: main. */
#ifndef LOA_STORE_UPLOAD_H
#define LOA_STORE_UPLOAD_H

#include "bulletin.h"
#include "db.h"
#include "station.h"

struct store_upload {
    uint64_t id; /* random, 1.. */
    struct user_id user;
    char title[BULLETIN_TITLE_SIZE];
    char name[BULLETIN_TITLE_SIZE]; /* of the file at its owner's */
    uint64_t size_bytes; /* in all */
    uint64_t offset_bytes; /* that are on the disk */
    usec_t expires_us;
};

/* ERR_EXISTS  the id is taken; ERR_NOT_FOUND  no such account */
MUST_USE enum err store_upload_add(struct db *db, const struct store_upload *upload);

/* Note what is on the disk, and when it expires. ERR_NOT_FOUND */
MUST_USE enum err store_upload_set(struct db *db, const struct store_upload *upload);

/* One that is not there is gone as well. */
MUST_USE enum err store_upload_delete(struct db *db, uint64_t id);

/* List them, the soonest to expire first. */
MUST_USE enum err store_upload_list(struct db *db, struct store_upload *rows, size_t rows_max,
                                    size_t *ret_count);

#endif
