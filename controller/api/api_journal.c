/* The audit trail. */
#include "api_impl.h"
#include "store_journal.h"

#define VERIFY_STEP 1000

static enum err fetch_entries(struct call *c, struct db_page *page, void *rows, size_t max,
                              size_t *ret_count)
{
    char object[96] = "";
    enum err e = web_query(c->req, "object", object, sizeof(object));

    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT, "?object= takes a name such as bulletin:12.");
    return store_journal_list(c->api->ports.db, object, page, rows, max, ret_count);
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

enum err api_journal_verify(struct call *c)
{
    struct journal_verification v = {0};
    char hash[HEX_SIZE(SHA256_BYTES)];
    enum err e;

    do
        e = store_journal_verify(c->api->ports.db, &v, VERIFY_STEP, &c->detail);
    while (e == ERR_MORE);
    if (e != ERR_OK && e != ERR_FORMAT)
        return e;
    bytes_to_hex(bytes_of(v.last.hash, sizeof(v.last.hash)), hash);
    return call_out(c, 200,
                    json_pack("{s:b, s:I, s:I, s:s, s:s}", "intact", e == ERR_OK, "checked",
                              (json_int_t)v.checked, "last_seq", (json_int_t)v.last.seq,
                              "last_hash", hash, "message", c->detail.text));
}
