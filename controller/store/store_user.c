#include "store_user.h"

#include "query.h"

#define COLUMNS "SELECT id, login, name, roles, password_hash, disabled, language FROM user"

static void get_user(struct query *q, struct user *u)
{
    *u = (struct user){.id = {query_get_u64(q)}};
    query_get_text(q, u->login, sizeof u->login);
    query_get_text(q, u->name, sizeof u->name);
    u->roles = query_get_u32(q);
    query_get_text(q, u->password_hash, sizeof u->password_hash);
    u->disabled = query_get_bool(q);
    query_get_text(q, u->language, sizeof u->language);
}

static enum err check_roles(const struct user *user, struct err_detail *detail)
{
    if ((user->roles & ~ROLE_ALL) != 0)
        return err_set(detail, ERR_ARG, "unknown role: choose among those of this station");
    if (user->login[0] == '\0')
        return err_set(detail, ERR_ARG, "the login is empty: type a name");
    return ERR_OK;
}

enum err store_user_add(struct db *db, const struct user *user, usec_t now_us,
                        struct user_id *ret_id, struct err_detail *detail)
{
    struct query q;
    enum err e = check_roles(user, detail);

    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "INSERT INTO user (login, name, roles, password_hash, disabled, created_us)"
               " VALUES (?, ?, ?, ?, ?, ?)");
    query_put_text(&q, user->login);
    query_put_text(&q, user->name);
    query_put_i64(&q, user->roles);
    query_put_text(&q, user->password_hash);
    query_put_i64(&q, user->disabled);
    query_put_i64(&q, now_us);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = (struct user_id){query_inserted(db)};
    if (e == ERR_EXISTS)
        return err_set(detail, e, "the login %s is taken: choose another", user->login);
    return db_explain(db, e, detail);
}

static enum err end_access(struct db *db, const struct user *user, uint64_t keep)
{
    struct query q;

    query_open(&q, db, "DELETE FROM credential WHERE user = ? AND id <> ? AND (kind = 1 OR ?)");
    query_put_u64(&q, user->id.v);
    query_put_u64(&q, keep);
    query_put_i64(&q, user->disabled);
    return query_run(&q);
}

static enum err update(struct db *db, const struct user *user, uint64_t keep)
{
    struct query q;
    uint64_t same_password = 0;
    enum err e;

    query_open(&q, db, "SELECT password_hash = ? FROM user WHERE id = ?");
    query_put_text(&q, user->password_hash);
    query_put_u64(&q, user->id.v);
    e = query_number(&q, &same_password);
    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "UPDATE user SET name = ?, roles = ?, password_hash = ?, disabled = ?, language = ?"
               " WHERE id = ?");
    query_put_text(&q, user->name);
    query_put_i64(&q, user->roles);
    query_put_text(&q, user->password_hash);
    query_put_i64(&q, user->disabled);
    query_put_text(&q, user->language);
    query_put_u64(&q, user->id.v);
    e = query_run_one(&q);
    if (e == ERR_OK && (user->disabled || same_password == 0))
        e = end_access(db, user, user->disabled ? 0 : keep);
    return e;
}

enum err store_user_update(struct db *db, const struct user *user, uint64_t keep,
                           struct err_detail *detail)
{
    enum err e = check_roles(user, detail);

    if (e == ERR_OK)
        e = db_begin(db);
    if (e != ERR_OK)
        return db_explain(db, e, detail);
    e = db_end(db, update(db, user, keep));
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no account with this number");
    return db_explain(db, e, detail);
}

static enum err fetch(struct query *q, struct user *ret_user)
{
    struct user u;
    bool row = query_row(q);
    enum err e;

    if (row)
        get_user(q, &u);
    e = query_end(q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_user = u;
    return e;
}

enum err store_user_get(struct db *db, struct user_id id, struct user *ret_user)
{
    struct query q;

    query_open(&q, db, COLUMNS " WHERE id = ?");
    query_put_u64(&q, id.v);
    return fetch(&q, ret_user);
}

enum err store_user_find(struct db *db, const char *login, struct user *ret_user)
{
    struct query q;

    query_open(&q, db, COLUMNS " WHERE login = ?");
    query_put_text(&q, login);
    return fetch(&q, ret_user);
}

enum err store_user_list(struct db *db, struct db_page *page, struct user *rows, size_t rows_max,
                         size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS " WHERE 1", "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_user(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id.v;
    *ret_count = n;
    return ERR_OK;
}

enum err store_user_count(struct db *db, unsigned roles, uint64_t *ret_count)
{
    struct query q;

    query_open(&q, db, "SELECT count(*) FROM user WHERE NOT disabled AND roles & ?1 = ?1");
    query_put_i64(&q, roles);
    return query_number(&q, ret_count);
}
