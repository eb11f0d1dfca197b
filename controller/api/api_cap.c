/* CAP messages: what is handed in, what came, what waits for a person. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "store_alert_message.h"

#define MESSAGE_BYTES_MAX (4U << 20)
#define BODIES_MAX 4 /* being received */

/* A message while it is received, then its call while it is judged. */
struct capbody {
    struct capbody *next;
    uint64_t id; /* of the request */
    bool in_vietnamese; /* as the call */
    char *data;
    size_t len, room;
};

static struct capbody *find(const struct api *a, uint64_t id)
{
    struct capbody *b = a->cap_bodies;

    while (b != NULL && b->id != id)
        b = b->next;
    return b;
}

static void drop(struct api *a, struct capbody *b)
{
    struct capbody **at = &a->cap_bodies;

    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    free(b->data);
    free(b);
}

enum err api_cap_begin(struct call *c)
{
    struct capbody *b;
    size_t count = 0;

    if (c->req->content_length > MESSAGE_BYTES_MAX) {
        c->status = 413;
        return err_set(&c->detail, ERR_LIMIT, "A message has at most %u bytes.", MESSAGE_BYTES_MAX);
    }
    for (b = c->api->cap_bodies; b != NULL; b = b->next)
        count++;
    if (count == BODIES_MAX)
        return err_set(&c->detail, ERR_BUSY, "Others are sending; try again in a moment.");
    b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ERR_NOMEM;
    b->id = c->id;
    b->in_vietnamese = c->in_vietnamese;
    b->next = c->api->cap_bodies;
    c->api->cap_bodies = b;
    return ERR_OK;
}

bool api_cap_is_open(const struct api *a, uint64_t id)
{
    return find(a, id) != NULL;
}

static enum err grow(struct capbody *b, size_t need)
{
    size_t room = b->room == 0 ? 16384 : b->room * 2;
    char *grown;

    while (room < need)
        room *= 2;
    grown = realloc(b->data, room);
    if (grown == NULL)
        return ERR_NOMEM;
    b->data = grown;
    b->room = room;
    return ERR_OK;
}

bool api_cap_piece(struct api *a, uint64_t id, struct bytes piece)
{
    struct capbody *b = find(a, id);
    struct call c = {.api = a, .id = id, .in_vietnamese = b->in_vietnamese};
    enum err e = ERR_OK;

    if (piece.len > MESSAGE_BYTES_MAX - b->len) {
        c.status = 413;
        e = err_set(&c.detail, ERR_LIMIT, "A message has at most %u bytes.", MESSAGE_BYTES_MAX);
    } else if (b->len + piece.len > b->room)
        e = grow(b, b->len + piece.len);
    if (e != ERR_OK) {
        drop(a, b);
        call_finish(&c, e);
        return false;
    }
    if (piece.len > 0)
        memcpy(b->data + b->len, piece.data, piece.len);
    b->len += piece.len;
    return true;
}

void api_cap_gone(struct api *a, uint64_t id)
{
    struct capbody *b = find(a, id);

    if (b != NULL)
        drop(a, b);
}

void api_cap_free_all(struct api *a)
{
    while (a->cap_bodies != NULL)
        drop(a, a->cap_bodies);
}

/* 201: it became an alert. 202: a person decides. 200: there was nothing to do. 422: it is not acceptable. */
static unsigned status_of(const struct api_cap_outcome *o)
{
    if (strcmp(o->result, "rejected") == 0)
        return 422;
    if (strcmp(o->result, "waiting") == 0 || strcmp(o->result, "conflict") == 0)
        return 202;
    return o->alert != 0 && strcmp(o->result, "duplicate") != 0 ? 201 : 200;
}

static void on_taken(void *arg, enum err result, const struct api_cap_outcome *o,
                     const struct err_detail *detail)
{
    struct call *c = arg;

    if (result == ERR_OK)
        result = call_out(c, status_of(o),
                          json_pack("{s:s, s:I, s:I, s:o}", "result", o->result, "message",
                                    (json_int_t)o->message, "alert", (json_int_t)o->alert,
                                    "verdict", json_loads(o->verdict, 0, NULL)));
    else if (detail != NULL)
        c->detail = *detail;
    call_finish(c, result);
    free(c);
}

/* POST /api/v1/alerts/cap: the body is complete. */
enum err api_cap_end(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct capbody *b = find(c->api, c->id);
    struct call *kept;
    enum err e;

    if (b == NULL)
        return err_set(&c->detail, ERR_FORMAT, "The body is empty; send the message as the body.");
    kept = call_keep(c);
    e = kept != NULL ? ports->cap_take(ports->ctx, bytes_of(b->data, b->len),
                                       ports->cap_source(ports->ctx, c->user.login), &c->user,
                                       on_taken, kept, &c->detail)
                     : ERR_NOMEM;
    drop(c->api, b);
    if (e == ERR_OK)
        return ERR_MORE;
    free(kept);
    return e;
}

static json_t *message_json(const struct alertmessage *m)
{
    return json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "id",
                     (json_int_t)m->id, "state", alertmessage_state_name(m->state), "received_us",
                     (json_int_t)m->received_us, "source", m->source, "sender", m->key.sender,
                     "identifier", m->key.identifier, "sent_us", (json_int_t)m->key.sent_us,
                     "title", m->title, "level",
                     m->level != PRIORITY_NONE ? priority_name(m->level) : "none", "expires_us",
                     (json_int_t)m->expires_us, "alert", (json_int_t)m->alert, "decided_by",
                     (json_int_t)m->decided_by.v, "decided_us", (json_int_t)m->decided_us);
}

static enum err fetch(struct call *c, struct db_page *page, void *rows, size_t max,
                      size_t *ret_count)
{
    char waiting[8] = "";

    if (web_query(c->req, "waiting", waiting, sizeof(waiting)) == ERR_OK &&
        strcmp(waiting, "yes") != 0)
        return err_set(&c->detail, ERR_FORMAT, "?waiting= takes yes, or is left out.");
    return store_alert_message_list(c->api->ports.db, waiting[0] != '\0', page, rows, max,
                                    ret_count);
}

static json_t *item(struct call *c, const void *row)
{
    (void)c;
    return message_json(row);
}

enum err api_cap_list(struct call *c)
{
    return call_list(c, sizeof(struct alertmessage), fetch, item);
}

enum err api_cap_get(struct call *c)
{
    struct alertmessage m;
    char *verdict = NULL, *message = NULL;
    size_t len = 0;
    uint64_t id;
    json_t *out;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_alert_message_get(c->api->ports.db, id, &m);
    if (e == ERR_OK)
        e = store_alert_message_texts(c->api->ports.db, id, &verdict, &message, &len);
    if (e != ERR_OK)
        return call_missing(c, e, "message");
    out = message_json(&m);
    if (out != NULL) {
        json_object_set_new(out, "verdict", json_loads(verdict, 0, NULL));
        json_object_set_new(out, "bytes", json_integer((json_int_t)len));
    }
    free(verdict);
    free(message);
    return call_out(c, 200, out);
}

enum err api_cap_release(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct call *kept;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e != ERR_OK)
        return e;
    kept = call_keep(c);
    e = kept != NULL ? ports->cap_release(ports->ctx, id, &c->user, on_taken, kept, &c->detail)
                     : ERR_NOMEM;
    if (e == ERR_OK)
        return ERR_MORE;
    free(kept);
    return call_missing(c, e, "message");
}

enum err api_cap_dismiss(struct call *c)
{
    struct alertmessage m;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_alert_message_get(c->api->ports.db, id, &m);
    if (e == ERR_OK && m.state != ALERTMESSAGE_WAITING)
        return err_set(&c->detail, ERR_STATE, "Somebody decided about this message already.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return call_missing(c, e, "message");
    m.state = ALERTMESSAGE_DISMISSED;
    m.decided_by = c->user.id;
    m.decided_us = c->now_us;
    e = store_alert_message_put(c->api->ports.db, &m);
    if (e == ERR_OK)
        e = call_journal(c, "alert.dismiss", NULL, "message:%" PRIu64, id);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, message_json(&m)) : e;
}
