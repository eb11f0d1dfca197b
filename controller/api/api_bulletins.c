/* Bulletins and the way to their approval. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "store_bulletin.h"

#define HISTORY_MAX 200
#define WAITING_MAX 100 /* that are counted */

static json_t *bulletin_json(struct call *c, const struct bulletin *b)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:I, s:s, s:I, "
                     "s:I, s:I, s:I, s:o}",
                     "id", (json_int_t)b->id.v, "title", b->title, "kind",
                     bulletin_kind_name(b->kind), "priority", priority_name(b->priority), "state",
                     bulletin_state_name(b->state), "issuer", b->issuer, "document", b->document,
                     "template", b->is_template, "origin", (json_int_t)b->origin.v, "author",
                     (json_int_t)b->author.v, "author_name", api_user_name_json(c, b->author),
                     "decided_by", (json_int_t)b->decided_by.v, "reason", b->reason, "created_us",
                     (json_int_t)b->created_us, "decided_us", (json_int_t)b->decided_us,
                     "expires_us", (json_int_t)b->expires_us, "duration_ms",
                     (json_int_t)bulletin_duration_ms(b), "parts", api_parts_json(c, b));
}

/* Submitted, and not the own work unless the policy allows that. */
static void waits_for(const struct call *c, struct bulletin_filter *ret_filter)
{
    *ret_filter = (struct bulletin_filter){.state_mask = 1U << BULLETIN_SUBMITTED};
    if (!c->api->ports.station->policy.author_may_approve)
        ret_filter->approver = c->user.id;
}

/* ?author=me and ?waiting=me. */
static enum err read_me(struct call *c, const char *name, bool *ret_me)
{
    char who[8] = "";
    enum err e = web_query(c->req, name, who, sizeof(who));

    *ret_me = e == ERR_OK && strcmp(who, "me") == 0;
    if (e == ERR_NOT_FOUND || *ret_me)
        return ERR_OK;
    return err_set(&c->detail, ERR_FORMAT, "?author= and ?waiting= take me.");
}

static enum err read_filter(struct call *c, struct bulletin_filter *f)
{
    char state[16] = "";
    bool waiting = false, own = false;
    enum err e = read_me(c, "waiting", &waiting);

    if (e == ERR_OK)
        e = read_me(c, "author", &own);
    if (e != ERR_OK)
        return e;
    if (waiting)
        waits_for(c, f);
    f->author.v = own ? c->user.id.v : 0;
    e = web_query(c->req, "q", f->text, sizeof(f->text));
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT, "?q= takes a text of at most %zu bytes.",
                       sizeof(f->text) - 1);
    e = web_query(c->req, "state", state, sizeof(state));
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    f->state_mask = 0;
    for (int s = BULLETIN_DRAFT; e == ERR_OK && s <= BULLETIN_REJECTED; s++)
        if (strcmp(state, bulletin_state_name((enum bulletin_state)s)) == 0)
            f->state_mask = 1U << s;
    if (f->state_mask == 0)
        return err_set(&c->detail, ERR_FORMAT,
                       "?state= takes draft, submitted, approved or rejected.");
    return ERR_OK;
}

static enum err fetch_bulletins(struct call *c, struct db_page *page, void *rows, size_t max,
                                size_t *ret_count)
{
    struct bulletin_filter f = {0};
    enum err e = read_filter(c, &f);

    return e == ERR_OK ? store_bulletin_find(c->api->ports.db, &f, page, rows, max, ret_count) : e;
}

enum err api_bulletins_waiting(struct call *c, uint64_t *ret_count)
{
    struct bulletin_filter f;
    struct bulletin *rows = calloc(WAITING_MAX, sizeof(*rows));
    struct db_page page = {0};
    size_t count = 0;
    enum err e = ERR_NOMEM;

    waits_for(c, &f);
    if (rows != NULL)
        e = store_bulletin_find(c->api->ports.db, &f, &page, rows, WAITING_MAX, &count);
    free(rows);
    if (e == ERR_OK)
        *ret_count = count;
    return e;
}

static json_t *bulletin_item(struct call *c, const void *row)
{
    return bulletin_json(c, row);
}

enum err api_bulletin_list(struct call *c)
{
    return call_list(c, sizeof(struct bulletin), fetch_bulletins, bulletin_item);
}

static enum err find_bulletin(struct call *c, struct bulletin *ret_bulletin)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_bulletin_get(c->api->ports.db, (struct bulletin_id){id}, ret_bulletin);
    return call_missing(c, e, "bulletin");
}

static json_t *step_json(struct call *c, const struct bulletin_step *s)
{
    return json_pack("{s:I, s:I, s:o, s:s, s:s, s:s}", "at_us", (json_int_t)s->at_us, "by",
                     (json_int_t)s->by.v, "by_name", api_user_name_json(c, s->by), "from",
                     bulletin_state_name(s->from), "to", bulletin_state_name(s->to), "reason",
                     s->reason);
}

enum err api_bulletin_get(struct call *c)
{
    struct bulletin bulletin;
    struct db_page page = {0};
    struct bulletin_step *steps = NULL;
    json_t *history = json_array();
    size_t count = 0;
    enum err e = find_bulletin(c, &bulletin);

    if (e == ERR_OK)
        steps = calloc(HISTORY_MAX, sizeof(*steps));
    if (e == ERR_OK)
        e = steps != NULL ? store_bulletin_history(c->api->ports.db, bulletin.id, &page, steps,
                                                   HISTORY_MAX, &count)
                          : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        json_array_append_new(history, step_json(c, &steps[i]));
    free(steps);
    if (e != ERR_OK) {
        json_decref(history);
        return e;
    }
    e = call_out(c, 200, bulletin_json(c, &bulletin));
    if (e == ERR_OK)
        json_object_set_new(c->out, "history", history);
    return e;
}

static enum err read_bulletin(struct call *c, struct bulletin *b)
{
    char kind[16] = "notice";
    char priority[16] = "normal";
    json_t *media = NULL, *parts = NULL;
    int64_t expires_us = 0;
    const struct body_field fields[] = {
        {.name = "title", .to = b->title, .max = BULLETIN_TITLE_SIZE - 1, .required = true},
        {.name = "media", .kind = BODY_LIST, .to = &media, .min = 1, .max = BULLETIN_PARTS_MAX},
        {.name = "parts", .kind = BODY_LIST, .to = &parts, .min = 1, .max = BULLETIN_PARTS_MAX},
        {.name = "issuer", .to = b->issuer, .max = sizeof(b->issuer) - 1},
        {.name = "document", .to = b->document, .max = sizeof(b->document) - 1},
        {.name = "template", .kind = BODY_BOOL, .to = &b->is_template},
        {.name = "kind", .to = kind, .max = sizeof(kind) - 1},
        {.name = "priority", .to = priority, .max = sizeof(priority) - 1},
        {.name = "expires_us", .kind = BODY_NUMBER, .to = &expires_us, .max = INT64_MAX},
    };
    enum err e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);

    if (e != ERR_OK)
        return e;
    if (bulletin_kind_from_name(kind) < 0)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"kind\" takes notice, news, law, health, weather, culture or emergency.");
    if (priority_from_name(priority) < 0)
        return err_set(&c->detail, ERR_FORMAT, "\"priority\" takes normal, priority or emergency.");
    b->kind = (enum bulletin_kind)bulletin_kind_from_name(kind);
    b->priority = (enum priority)priority_from_name(priority);
    b->expires_us = expires_us;
    if (expires_us != 0 && expires_us <= c->now_us)
        return err_set(&c->detail, ERR_LIMIT, "\"expires_us\" lies in the past; 0 means never.");
    if ((media == NULL) == (parts == NULL))
        return err_set(&c->detail, ERR_FORMAT,
                       "Say what sounds: \"parts\", or \"media\" when all are recordings.");
    e = api_parts_read(c, parts != NULL ? parts : media, b);
    return e == ERR_OK ? bulletin_check(b, &c->detail) : e;
}

static enum err add(struct call *c, const struct bulletin *b)
{
    struct bulletin_id id;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = store_bulletin_add(c->api->ports.db, b, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(
            c, "bulletin.add",
            json_pack("{s:s, s:I}", "title", b->title, "origin", (json_int_t)b->origin.v),
            "bulletin:%llu", (unsigned long long)id.v);
    e = call_end(c, e);
    return e == ERR_OK ? call_created(c, id.v) : e;
}

enum err api_bulletin_add(struct call *c)
{
    struct bulletin bulletin = {.author = c->user.id, .created_us = c->now_us};
    enum err e = read_bulletin(c, &bulletin);

    return e == ERR_OK ? add(c, &bulletin) : e;
}

enum err api_bulletin_copy(struct call *c)
{
    struct bulletin original, copy;
    const struct body_field fields[] = {
        {.name = "title", .to = copy.title, .min = 1, .max = BULLETIN_TITLE_SIZE - 1}};
    enum err e = find_bulletin(c, &original);

    if (e != ERR_OK)
        return e;
    bulletin_copy(&original, c->user.id, c->now_us, &copy);
    e = body_read(c->body, fields, 1, &c->detail);
    return e == ERR_OK ? add(c, &copy) : e;
}

enum err api_bulletin_change(struct call *c)
{
    struct bulletin bulletin;
    enum err e = find_bulletin(c, &bulletin);

    if (e == ERR_OK)
        e = read_bulletin(c, &bulletin);
    if (e == ERR_OK && c->req->if_match[0] == '\0') {
        c->status = 428; /* what was written by another would be gone without a word */
        e = err_set(&c->detail, ERR_STATE,
                    "Say which state of the bulletin you saw: send its ETag as If-Match.");
    }
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_bulletin_edit(c->api->ports.db, &bulletin, c->user.id, c->now_us, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "bulletin.change", json_pack("{s:s}", "title", bulletin.title),
                         "bulletin:%llu", (unsigned long long)bulletin.id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        e = find_bulletin(c, &bulletin);
    return e == ERR_OK ? call_out(c, 200, bulletin_json(c, &bulletin)) : e;
}

enum err api_bulletin_delete(struct call *c)
{
    struct bulletin bulletin;
    enum err e = find_bulletin(c, &bulletin);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_bulletin_delete(c->api->ports.db, bulletin.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "bulletin.delete", json_pack("{s:s}", "title", bulletin.title),
                         "bulletin:%llu", (unsigned long long)bulletin.id.v);
    return call_end(c, e);
}

/* Store a step that the rules of bulletin.h have allowed. */
static enum err step(struct call *c, const struct bulletin *b, enum bulletin_state from,
                     const char *action)
{
    json_t *detail = json_pack("{s:s, s:s}", "title", b->title, "reason", b->reason);
    enum err e = call_begin(c);

    if (e != ERR_OK) {
        json_decref(detail);
        return e;
    }
    e = store_bulletin_step(c->api->ports.db, b, from, c->user.id, c->now_us, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, action, json_incref(detail), "bulletin:%llu",
                         (unsigned long long)b->id.v);
    json_decref(detail);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_out(c, 200, bulletin_json(c, b));
}

enum err api_bulletin_submit(struct call *c)
{
    struct bulletin bulletin;
    enum bulletin_state from;
    enum err e = find_bulletin(c, &bulletin);

    if (e != ERR_OK)
        return e;
    from = bulletin.state;
    e = bulletin_submit(&bulletin, &c->detail);
    return e == ERR_OK ? step(c, &bulletin, from, "bulletin.submit") : e;
}

/* Who changed another's bulletin has written in it, and is no second pair of eyes. */
static enum err refuse_own_change(struct call *c, const struct bulletin *b)
{
    bool changed = false;
    enum err e = store_bulletin_changed_by(c->api->ports.db, b->id, c->user.id, &changed);

    if (e != ERR_OK || !changed || c->api->ports.station->policy.author_may_approve)
        return e;
    return err_set(&c->detail, ERR_AUTH,
                   "You have changed this bulletin yourself; ask another approver.");
}

enum err api_bulletin_approve(struct call *c)
{
    struct bulletin bulletin;
    enum bulletin_state from;
    enum err e = find_bulletin(c, &bulletin);

    if (e != ERR_OK)
        return e;
    from = bulletin.state;
    e = bulletin_approve(&bulletin, c->user.id, &c->api->ports.station->policy, c->now_us,
                         &c->detail);
    if (e == ERR_OK)
        e = refuse_own_change(c, &bulletin);
    return e == ERR_OK ? step(c, &bulletin, from, "bulletin.approve") : e;
}

enum err api_bulletin_reject(struct call *c)
{
    struct bulletin bulletin;
    enum bulletin_state from;
    char reason[BULLETIN_REASON_SIZE] = "";
    const struct body_field fields[] = {
        {.name = "reason",
         .kind = BODY_LINES,
         .to = reason,
         .min = 1,
         .max = BULLETIN_REASON_SIZE - 1,
         .required = true},
    };
    enum err e = find_bulletin(c, &bulletin);

    if (e == ERR_OK)
        e = body_read(c->body, fields, 1, &c->detail);
    if (e != ERR_OK)
        return e;
    from = bulletin.state;
    e = bulletin_reject(&bulletin, c->user.id, reason, c->now_us, &c->detail);
    return e == ERR_OK ? step(c, &bulletin, from, "bulletin.reject") : e;
}
