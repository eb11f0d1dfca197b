#include "spoken.h"

#include <stdlib.h>
#include <string.h>

#include "speech_text.h"
#include "store_dictionary.h"

enum err spoken_write_out(struct db *db, const char *text, char **ret_spoken,
                          struct err_detail *detail)
{
    struct dictionary_entry *rows = calloc(DICTIONARY_MAX, sizeof(*rows));
    struct speech_entry *entries = calloc(DICTIONARY_MAX, sizeof(*entries));
    struct db_page page = {0};
    size_t count = 0;
    enum err e = rows != NULL && entries != NULL
                     ? store_dictionary_list(db, &page, rows, DICTIONARY_MAX, &count)
                     : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        entries[i] = (struct speech_entry){rows[i].written, rows[i].spoken};
    if (e == ERR_OK)
        e = speech_text(text, strlen(text), entries, count, ret_spoken, detail);
    free(rows);
    free(entries);
    return e;
}
