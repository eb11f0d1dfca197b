#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "log.h"
#include "store_journal.h"

bool call_may(const struct call *c, unsigned roles)
{
    return (c->user.roles & roles) != 0;
}

enum err call_begin(struct call *c)
{
    struct db *db = c->api->ports.db;

    return db_explain(db, db_begin(db), &c->detail);
}

enum err call_end(struct call *c, enum err result)
{
    struct db *db = c->api->ports.db;
    enum err e = db_end(db, result == ERR_OK ? once_store(c) : result);

    return db_explain(db, e, &c->detail);
}

enum err call_journal(struct call *c, const char *action, json_t *detail_json,
                      const char *object_fmt, ...)
{
    struct journal_entry entry = {.at_us = c->now_us};
    size_t len = 0;
    va_list ap;
    enum err e;

    snprintf(entry.actor, sizeof(entry.actor), "%s",
             c->user.login[0] != '\0' ? c->user.login : "station");
    snprintf(entry.action, sizeof(entry.action), "%s", action);
    va_start(ap, object_fmt);
    vsnprintf(entry.object, sizeof(entry.object), object_fmt, ap);
    va_end(ap);
    if (detail_json != NULL) {
        len = json_dumpb(detail_json, entry.detail, sizeof(entry.detail) - 1, JSON_COMPACT);
        json_decref(detail_json);
        if (len >= sizeof(entry.detail))
            snprintf(entry.detail, sizeof(entry.detail), "{\"cut\":true}");
        else
            entry.detail[len] = '\0';
    }
    e = store_journal_append(c->api->ports.db, &entry);
    if (e == ERR_FORMAT)
        return err_set(
            &c->detail, ERR_STATE,
            "The journal's chain is broken, so nothing can be changed; restore a backup.");
    return e;
}

enum err call_number(struct call *c, uint64_t *ret_number)
{
    const char *text = c->param[0];

    if (text[0] == '\0' || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
        return err_set(&c->detail, ERR_NOT_FOUND, "There is no %s; ids are numbers.",
                       LOG_TEXT(text));
    *ret_number = strtoull(text, NULL, 10);
    return ERR_OK;
}

enum err call_missing(struct call *c, enum err e, const char *what)
{
    if (e == ERR_NOT_FOUND && c->detail.text[0] == '\0')
        return err_set(&c->detail, e, "There is no %s %s.", what, LOG_TEXT(c->param[0]));
    return e;
}

void call_header(struct call *c, const char *name, const char *fmt, ...)
{
    struct web_response *res = &c->res;
    char *value = NULL;
    va_list ap;
    int n;

    if (res->header_count == WEB_HEADERS_MAX)
        return;
    va_start(ap, fmt);
    n = vasprintf(&value, fmt, ap);
    va_end(ap);
    if (n >= 0)
        res->headers[res->header_count++] = (struct web_header){.name = name, .value = value};
}

enum err call_query_number(struct call *c, const char *name, uint64_t *ret_number)
{
    char text[32];
    enum err e = web_query(c->req, name, text, sizeof(text));

    if (e == ERR_NOT_FOUND)
        return e;
    if (e != ERR_OK || text[0] == '\0' || strlen(text) > 18 ||
        strspn(text, "0123456789") != strlen(text))
        return err_set(&c->detail, ERR_FORMAT, "?%s= takes a number without sign.", name);
    *ret_number = strtoull(text, NULL, 10);
    return ERR_OK;
}

enum err call_query_span(struct call *c, usec_t *ret_from_us, usec_t *ret_to_us)
{
    uint64_t from_us = 0, to_us = INT64_MAX;
    enum err e = call_query_number(c, "from_us", &from_us);

    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "to_us", &to_us);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *ret_from_us = (usec_t)from_us;
    *ret_to_us = (usec_t)to_us;
    return ERR_OK;
}

enum err call_out(struct call *c, unsigned status, json_t *out)
{
    c->status = status;
    c->out = out;
    return out != NULL ? ERR_OK : ERR_NOMEM;
}

enum err call_created(struct call *c, uint64_t id)
{
    return call_out(c, 201, json_pack("{s:I}", "id", (json_int_t)id));
}

enum err call_list(struct call *c, size_t row_size, call_fetch fetch, call_item item)
{
    struct db_page page = {0};
    uint64_t limit = API_PAGE_DEFAULT;
    char order[16] = "";
    size_t count = 0;
    json_t *items = NULL;
    char *rows = NULL;
    enum err e = call_query_number(c, "after", &page.after);

    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "limit", &limit);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (limit < 1 || limit > API_PAGE_MAX)
        return err_set(&c->detail, ERR_LIMIT, "?limit= takes 1 to %d.", API_PAGE_MAX);
    if (web_query(c->req, "order", order, sizeof(order)) != ERR_NOT_FOUND) {
        page.newest_first = strcmp(order, "newest") == 0;
        if (!page.newest_first && strcmp(order, "oldest") != 0)
            return err_set(&c->detail, ERR_FORMAT, "?order= takes newest or oldest.");
    }
    rows = calloc((size_t)limit, row_size);
    items = json_array();
    e = rows != NULL && items != NULL ? fetch(c, &page, rows, (size_t)limit, &count) : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (json_array_append_new(items, item(c, rows + i * row_size)) != 0)
            e = ERR_NOMEM;
    free(rows);
    if (e != ERR_OK) {
        json_decref(items);
        return db_explain(c->api->ports.db, e, &c->detail);
    }
    if (count < limit)
        return call_out(c, 200, json_pack("{s:o, s:n}", "items", items, "next"));
    return call_out(c, 200,
                    json_pack("{s:o, s:I}", "items", items, "next", (json_int_t)page.after));
}
