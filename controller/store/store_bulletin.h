/* store_bulletin.h - keep bulletins with their parts, and each step of their approval.
 *
 * The rules of the approval are bulletin.h's; the store refuses only what would overwrite a step it did
 * not know of. Thread: main. */
#ifndef LOA_STORE_BULLETIN_H
#define LOA_STORE_BULLETIN_H

#include "bulletin.h"
#include "db.h"

/* One step of the approval, kept for ever. */
struct bulletin_step {
    uint64_t id;
    usec_t at_us;
    struct user_id by;
    enum bulletin_state from;
    enum bulletin_state to;
    char reason[BULLETIN_REASON_SIZE]; /* of a rejection */
};

/* Add a draft.
 *
 *   bulletin  id, decision fields and the duration_ms of recordings are ignored
 *
 * ERR_NOT_FOUND  no such author or recording */
MUST_USE enum err store_bulletin_add(struct db *db, const struct bulletin *bulletin,
                                     struct bulletin_id *ret_id, struct err_detail *detail);

/* Replace what people write in it, parts too; a rejected bulletin becomes a draft again.
 *
 *   by  who edits, for the history of a rejected one
 *
 * ERR_NOT_FOUND  no such bulletin or recording
 * ERR_STATE      neither a draft nor rejected */
MUST_USE enum err store_bulletin_edit(struct db *db, const struct bulletin *bulletin,
                                      struct user_id by, usec_t now_us, struct err_detail *detail);

/* Store a step of the approval: state, decided_by, decided_us and reason, and its line in the history.
 *
 *   bulletin  after bulletin_submit(), _approve() or _reject()
 *   from      state before it
 *   by        who did it
 *
 * ERR_NOT_FOUND  no such bulletin or account
 * ERR_STATE      no longer in state `from` */
MUST_USE enum err store_bulletin_step(struct db *db, const struct bulletin *bulletin,
                                      enum bulletin_state from, struct user_id by, usec_t now_us,
                                      struct err_detail *detail);

/* Remove a draft or rejected bulletin.
 *
 * ERR_NOT_FOUND  no such bulletin
 * ERR_STATE      in another state, or events or broadcasts refer to it */
MUST_USE enum err store_bulletin_delete(struct db *db, struct bulletin_id id,
                                        struct err_detail *detail);

/* Fetch one with its parts and their durations. ERR_NOT_FOUND */
MUST_USE enum err store_bulletin_get(struct db *db, struct bulletin_id id,
                                     struct bulletin *ret_bulletin);

/* List in order of id, with parts.
 *
 *   state_mask  bits 1 << enum bulletin_state; 0 all */
MUST_USE enum err store_bulletin_list(struct db *db, unsigned state_mask, struct db_page *page,
                                      struct bulletin *rows, size_t rows_max, size_t *ret_count);

/* Which bulletins are wanted; all zero: all of them. */
struct bulletin_filter {
    unsigned state_mask; /* bits 1 << enum bulletin_state; 0 all */
    char text
        [BULLETIN_TITLE_SIZE]; /* in title, issuer, document or a spoken text, as fold.h compares */
    struct user_id author; /* 0 anybody */
    struct user_id approver; /* submitted, and neither written nor changed by this account; 0 any */
};

/* List in order of id, with parts. */
MUST_USE enum err store_bulletin_find(struct db *db, const struct bulletin_filter *filter,
                                      struct db_page *page, struct bulletin *rows, size_t rows_max,
                                      size_t *ret_count);

/* Did this account change a bulletin of another, or one that was rejected? The author's own work on a draft is
 * told by `author` alone. */
MUST_USE enum err store_bulletin_changed_by(struct db *db, struct bulletin_id id,
                                            struct user_id user, bool *ret_changed);

/* List the steps of one bulletin in order of time. */
MUST_USE enum err store_bulletin_history(struct db *db, struct bulletin_id id, struct db_page *page,
                                         struct bulletin_step *rows, size_t rows_max,
                                         size_t *ret_count);

#endif
