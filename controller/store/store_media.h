/* store_media.h - keep what is known of each stored recording; the bytes are files elsewhere.
 *
 * Thread: main. */
#ifndef LOA_STORE_MEDIA_H
#define LOA_STORE_MEDIA_H

#include "db.h"
#include "library.h"

/* Add a recording whose file is in its place already. ERR_EXISTS  known already */
MUST_USE enum err store_media_add(struct db *db, const struct media_info *media);

/* ERR_NOT_FOUND  no such recording */
MUST_USE enum err store_media_get(struct db *db, const struct media_id *id,
                                  struct media_info *ret_media);

/* List in order of import (db_page; `after` is not derived from the id). */
MUST_USE enum err store_media_list(struct db *db, struct db_page *page, struct media_info *rows,
                                   size_t rows_max, size_t *ret_count);

/* Forget a recording that is not used; the caller then removes the file.
 *
 * ERR_NOT_FOUND  no such recording
 * ERR_STATE      a bulletin uses it, or a broadcast that is not over; detail names one */
MUST_USE enum err store_media_delete(struct db *db, const struct media_id *id,
                                     struct err_detail *detail);

#endif
