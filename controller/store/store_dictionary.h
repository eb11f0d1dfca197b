/* store_dictionary.h - keep how the station's names and abbreviations are spoken. Thread: main. */
#ifndef LOA_STORE_DICTIONARY_H
#define LOA_STORE_DICTIONARY_H

#include "db.h"

#define DICTIONARY_MAX 1000 /* entries of a station */
#define DICTIONARY_WRITTEN_SIZE 80
#define DICTIONARY_SPOKEN_SIZE 240

struct dictionary_entry {
    uint64_t id;
    char written[DICTIONARY_WRITTEN_SIZE];
    char spoken[DICTIONARY_SPOKEN_SIZE];
};

/* Add an entry, or change how what is written so is spoken.
 *
 *   entry  id is ignored
 *
 * ERR_LIMIT  DICTIONARY_MAX reached */
MUST_USE enum err store_dictionary_put(struct db *db, const struct dictionary_entry *entry,
                                       uint64_t *ret_id, struct err_detail *detail);

/* The entry of what is written so, to the letter. ERR_NOT_FOUND  none */
MUST_USE enum err store_dictionary_find(struct db *db, const char *written,
                                        struct dictionary_entry *ret_entry);

/* ERR_NOT_FOUND  no such entry */
MUST_USE enum err store_dictionary_delete(struct db *db, uint64_t id);

/* List in order of id; DICTIONARY_MAX rows hold them all. */
MUST_USE enum err store_dictionary_list(struct db *db, struct db_page *page,
                                        struct dictionary_entry *rows, size_t rows_max,
                                        size_t *ret_count);

#endif
