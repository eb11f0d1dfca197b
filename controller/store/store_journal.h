/* store_journal.h - keep the audit trail as a chain that cannot be edited without being noticed.
 *
 * Each entry carries the hash over itself and the one before (journal.h). A head record, written in the
 * same transaction, holds the last seq and hash, so that entries missing at the end are noticed, too.
 * Thread: main. */
#ifndef LOA_STORE_JOURNAL_H
#define LOA_STORE_JOURNAL_H

#include "db.h"
#include "journal.h"

/* Progress of a verification; zero-initialised by the caller. */
struct journal_verification {
    struct journal_entry last; /* the last good entry; seq 0 before the first */
    uint64_t checked; /* good entries */
};

/* Append an entry in the transaction of the change it tells of.
 *
 *   entry  at_us, actor, action, object, detail are stored; seq and hash are written on ERR_OK
 *
 * ERR_ARG     empty actor or action
 * ERR_FORMAT  the newest entry does not match the head: the chain is broken, verify it */
MUST_USE enum err store_journal_append(struct db *db, struct journal_entry *entry);

/* What the chain ends with now; print or send it elsewhere to prove later that nothing was cut off.
 *
 *   ret_seq   0 while empty; ret_hash is then zeros */
MUST_USE enum err store_journal_head(struct db *db, uint64_t *ret_seq,
                                     uint8_t ret_hash[SHA256_BYTES]);

/* Which entries are wanted; all zero but to_us: all of them. */
struct journal_filter {
    char object[96]; /* "bulletin:12"; "" any */
    char actor[64]; /* login, or "station" */
    char action[64]; /* what it begins with: "bulletin." */
    usec_t from_us, to_us; /* told in [from_us, to_us) */
};

/* List (db_page; `after` is a seq): all of them in order of seq, with any filter in order of time, then seq; the two
 * differ where the clock was set back. */
MUST_USE enum err store_journal_find(struct db *db, const struct journal_filter *filter,
                                     struct db_page *page, struct journal_entry *rows,
                                     size_t rows_max, size_t *ret_count);

/* The same, of one object; NULL or "" all. */
MUST_USE enum err store_journal_list(struct db *db, const char *object, struct db_page *page,
                                     struct journal_entry *rows, size_t rows_max,
                                     size_t *ret_count);

/* Check the next entries of the chain, and at its end the head. Entries may be appended in between.
 *
 *   entries_max  how many to check in this call, so that a long journal does not hold up the station
 *
 * ERR_OK      the whole chain and its head are intact
 * ERR_MORE    so far intact; call again
 * ERR_FORMAT  changed, missing or inserted entry; detail says which; `v` holds the last good one */
MUST_USE enum err store_journal_verify(struct db *db, struct journal_verification *v,
                                       size_t entries_max, struct err_detail *detail);

#endif
