/* The audit trail. */
#include "api_reader.h"

#define VERIFY_STEP 1000

static enum err fetch_entries(struct call *c, struct db_page *page, void *rows, size_t max,
                              size_t *ret_count)
{
    struct journal_filter f = {0};
    enum err e = web_query(c->req, "object", f.object, sizeof(f.object));

    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT, "?object= takes a name such as bulletin:12.");
    e = web_query(c->req, "actor", f.actor, sizeof(f.actor));
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = web_query(c->req, "action", f.action, sizeof(f.action));
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT,
                       "?actor= takes a login, ?action= the beginning of an action.");
    e = call_query_span(c, &f.from_us, &f.to_us);
    if (e != ERR_OK)
        return e;
    return store_journal_find(c->api->ports.db, &f, page, rows, max, ret_count);
}

static json_t *entry_item(struct call *c, const void *row)
{
    const struct journal_entry *j = row;
    json_t *detail = json_loads(j->detail, 0, NULL);
    char hash[HEX_SIZE(SHA256_BYTES)];

    (void)c;
    bytes_to_hex(bytes_of(j->hash, sizeof(j->hash)), hash);
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:o, s:s}", "seq", (json_int_t)j->seq, "at_us",
                     (json_int_t)j->at_us, "actor", j->actor, "action", j->action, "object",
                     j->object, "detail", detail != NULL ? detail : json_null(), "hash", hash);
}

enum err api_journal_list(struct call *c)
{
    return call_list(c, sizeof(struct journal_entry), fetch_entries, entry_item);
}

static void verify(struct reading *r)
{
    do
        r->result = store_journal_verify(r->view, &r->verified, VERIFY_STEP, &r->detail);
    while (r->result == ERR_MORE);
}

static enum err verified(struct call *c, struct reading *r)
{
    const struct journal_verification *v = &r->verified;
    char hash[HEX_SIZE(SHA256_BYTES)];
    char text[CALL_SAY_SIZE];

    if (r->result != ERR_OK && r->result != ERR_FORMAT)
        return r->result;
    call_say(c, c->detail.text, text);
    bytes_to_hex(bytes_of(v->last.hash, sizeof(v->last.hash)), hash);
    return call_out(c, 200,
                    json_pack("{s:b, s:I, s:I, s:s, s:s}", "intact", r->result == ERR_OK, "checked",
                              (json_int_t)v->checked, "last_seq", (json_int_t)v->last.seq,
                              "last_hash", hash, "message", text));
}

enum err api_journal_verify(struct call *c)
{
    const struct reading task = {.read = verify, .then = verified, .alone = true};

    return api_reader_start(c, &task);
}
