/* Backups that the station keeps: made by the clock or by hand, listed, fetched, removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_reader.h"
#include "db_backups.h"

static json_t *file_json(const struct db_backup_file *f)
{
    return json_pack("{s:s, s:I, s:I}", "name", f->name, "size_bytes", (json_int_t)f->size_bytes,
                     "made_us", (json_int_t)f->made_us);
}

enum err api_backup_list(struct call *c)
{
    struct db_backup_file *rows = calloc(DB_BACKUPS_MAX, sizeof(*rows));
    json_t *items = json_array();
    size_t count = 0;
    enum err e = rows != NULL ? db_backups_list(c->api->ports.backup_dir, rows, &count) : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        json_array_append_new(items, file_json(&rows[i]));
    free(rows);
    if (e == ERR_OK)
        return call_out(c, 200, json_pack("{s:o}", "items", items));
    json_decref(items);
    return e;
}

static enum err made(struct call *c, struct reading *r)
{
    return r->result == ERR_OK
               ? call_out(c, 201, json_pack("{s:s}", "name", strrchr(r->about, '/') + 1))
               : r->result;
}

enum err api_backup_make(struct call *c)
{
    char name[DB_BACKUPS_NAME_SIZE];
    char *path = NULL;

    db_backups_name(c->now_us, name);
    if (asprintf(&path, "%s/%s", c->api->ports.backup_dir, name) < 0)
        return ERR_NOMEM;
    return api_reader_backup(c, made, path);
}

static enum err find_file(struct call *c, char *ret_path, size_t size)
{
    int n = snprintf(ret_path, size, "%s/%s", c->api->ports.backup_dir, c->param[0]);

    if (n > 0 && (size_t)n < size && db_backups_is_name(c->param[0]) && access(ret_path, R_OK) == 0)
        return ERR_OK;
    return err_set(&c->detail, ERR_NOT_FOUND, "There is no such backup; list them and choose one.");
}

enum err api_backup_get(struct call *c)
{
    char path[4096];
    enum err e = find_file(c, path, sizeof(path));

    if (e != ERR_OK)
        return e;
    c->res.file = strdup(path);
    if (c->res.file == NULL)
        return ERR_NOMEM;
    c->res.status = 200;
    c->res.content_type = "application/vnd.sqlite3";
    call_header(c, "content-disposition:", "attachment; filename=\"%s\"", c->param[0]);
    return ERR_OK;
}

enum err api_backup_delete(struct call *c)
{
    char path[4096];
    enum err e = find_file(c, path, sizeof(path));

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_end(c, call_journal(c, "station.backup_delete",
                                 json_pack("{s:s}", "name", c->param[0]), "station"));
    if (e == ERR_OK && unlink(path) != 0)
        e = ERR_IO;
    return e;
}
