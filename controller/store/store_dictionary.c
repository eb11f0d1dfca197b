#include "store_dictionary.h"

#include "query.h"

static enum err put(struct db *db, const struct dictionary_entry *entry, uint64_t *ret_id)
{
    struct query q;
    uint64_t others = 0;
    uint64_t id = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM dictionary WHERE written <> ?");
    query_put_text(&q, entry->written);
    e = query_number(&q, &others);
    if (e == ERR_OK && others >= DICTIONARY_MAX)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "INSERT INTO dictionary (written, spoken) VALUES (?, ?)"
               " ON CONFLICT (written) DO UPDATE SET spoken = excluded.spoken RETURNING id");
    query_put_text(&q, entry->written);
    query_put_text(&q, entry->spoken);
    e = query_number(&q, &id);
    if (e == ERR_OK)
        *ret_id = id;
    return e;
}

enum err store_dictionary_put(struct db *db, const struct dictionary_entry *entry, uint64_t *ret_id,
                              struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, put(db, entry, ret_id));
    if (e == ERR_LIMIT)
        return err_set(detail, e, "The dictionary holds %d entries already: remove one first.",
                       DICTIONARY_MAX);
    return db_explain(db, e, detail);
}

enum err store_dictionary_find(struct db *db, const char *written,
                               struct dictionary_entry *ret_entry)
{
    struct dictionary_entry found = {0};
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, "SELECT id, written, spoken FROM dictionary WHERE written = ?");
    query_put_text(&q, written);
    row = query_row(&q);
    if (row) {
        found.id = query_get_u64(&q);
        query_get_text(&q, found.written, sizeof found.written);
        query_get_text(&q, found.spoken, sizeof found.spoken);
    }
    e = query_end(&q);
    if (e == ERR_OK && row)
        *ret_entry = found;
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_dictionary_delete(struct db *db, uint64_t id)
{
    struct query q;

    query_open(&q, db, "DELETE FROM dictionary WHERE id = ?");
    query_put_u64(&q, id);
    return query_run_one(&q);
}

enum err store_dictionary_list(struct db *db, struct db_page *page, struct dictionary_entry *rows,
                               size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page, "SELECT id, written, spoken FROM dictionary WHERE 1", "id"));
    query_put_page(&q, page, rows_max);
    for (; n < rows_max && query_row(&q); n++) {
        rows[n].id = query_get_u64(&q);
        query_get_text(&q, rows[n].written, sizeof rows[n].written);
        query_get_text(&q, rows[n].spoken, sizeof rows[n].spoken);
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}
