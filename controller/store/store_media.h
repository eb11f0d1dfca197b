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
 * ERR_STATE      a bulletin uses it, the emergency set, or a broadcast that is still kept; detail names one */
MUST_USE enum err store_media_delete(struct db *db, const struct media_id *id,
                                     struct err_detail *detail);

/* Which recordings are wanted; all zero but to_us: all of them. */
struct media_filter {
    char text[BULLETIN_TITLE_SIZE]; /* in title or file name, as fold.h compares */
    int kind; /* 0 any, 1 uploaded, 2 spoken, 3 recorded live */
    usec_t from_us, to_us; /* stored in [from_us, to_us) */
    int archived; /* 0 any, 1 not, 2 archived */
};

/* List in order of storing (db_page). */
MUST_USE enum err store_media_find(struct db *db, const struct media_filter *filter,
                                   struct db_page *page, struct media_info *rows, size_t rows_max,
                                   size_t *ret_count);

/* Store title and archived. ERR_NOT_FOUND */
MUST_USE enum err store_media_change(struct db *db, const struct media_info *media);

enum media_use_what {
    MEDIA_USE_NONE = 0,
    MEDIA_USE_BULLETIN,
    MEDIA_USE_BROADCAST, /* planned or on air */
    MEDIA_USE_SIGNATURE, /* the signature tune */
    MEDIA_USE_SIGNAL, /* of the emergency set; id is the signal */
};

struct media_use {
    enum media_use_what what;
    uint64_t id;
    char title[BULLETIN_TITLE_SIZE];
    unsigned state; /* enum bulletin_state or broadcast_state */
};

/* Where a recording is used now, bulletins first. */
MUST_USE enum err store_media_uses(struct db *db, const struct media_id *id, struct media_use *rows,
                                   size_t rows_max, size_t *ret_count);

#endif
