#include "api_updates.h"

#include <stdlib.h>
#include <string.h>

#include "api_updates_state.h"
#include "log.h"

#define PREFACE "retry: 2000\n\n"
#define BEAT ":\n\n"

struct watcher {
    uint64_t request;
    uint8_t sha256[SHA256_BYTES]; /* of what it signed in with */
    bool
        keeps_session; /* it is the page that shows what is on air: nobody is signed out while it is open */
    bool is_new; /* owes it the whole state */
    usec_t checked_us;
};

struct updates {
    struct api *api;
    struct watcher *watchers;
    size_t count;
    size_t size;
    usec_t next_us; /* not before */
    struct updates_state state;
};

enum err updates_new(struct api *a, struct updates **ret_updates)
{
    struct updates *u = calloc(1, sizeof(*u));

    if (u == NULL)
        return ERR_NOMEM;
    u->api = a;
    u->state.api = a;
    *ret_updates = u;
    return ERR_OK;
}

void updates_free(struct updates *u)
{
    if (u == NULL)
        return;
    updates_state_deinit(&u->state);
    free(u->watchers);
    free(u);
}

size_t updates_watchers(const struct updates *u)
{
    return u->count;
}

static enum err make_room(struct updates *u)
{
    struct watcher *watchers;
    size_t size = u->size > 0 ? u->size * 2 : 16;

    if (u->count < u->size)
        return ERR_OK;
    watchers = realloc(u->watchers, size * sizeof(*watchers));
    if (watchers == NULL)
        return ERR_NOMEM;
    u->watchers = watchers;
    u->size = size;
    return ERR_OK;
}

enum err updates_watch(struct updates *u, struct call *c, bool keeps_session)
{
    const struct api_ports *ports = &u->api->ports;
    struct web_piece *preface;
    enum err e;

    if (u->count == UPDATES_MAX)
        return err_set(&c->detail, ERR_BUSY, "Too many watch at once; try again in a minute.");
    e = make_room(u);
    if (e == ERR_OK)
        e = web_piece_new(bytes_of(PREFACE, sizeof(PREFACE) - 1), &preface);
    if (e != ERR_OK)
        return e;
    e = ports->stream_begin(ports->ctx, c->id, "text/event-stream", UPDATES_QUEUE_BYTES);
    if (e == ERR_OK) {
        (void)!ports->stream_send(ports->ctx, c->id, preface);
        u->watchers[u->count] = (struct watcher){
            .request = c->id,
            .keeps_session = keeps_session,
            .is_new = true,
            .checked_us = c->now_us,
        };
        memcpy(u->watchers[u->count++].sha256, c->secret_sha256, SHA256_BYTES);
    }
    web_piece_unref(preface);
    c->api->requests += e == ERR_OK ? 1 : 0;
    return e == ERR_OK ? ERR_MORE : e;
}

enum err api_updates(struct call *c)
{
    char page[16] = "";

    if (web_query(c->req, "page", page, sizeof(page)) != ERR_NOT_FOUND &&
        strcmp(page, "on-air") != 0)
        return err_set(&c->detail, ERR_FORMAT, "?page= takes on-air, or leave it out.");
    return updates_watch(c->api->updates, c, page[0] != '\0');
}

void updates_gone(struct updates *u, uint64_t request)
{
    for (size_t i = 0; i < u->count; i++) {
        if (u->watchers[i].request == request) {
            u->watchers[i] = u->watchers[--u->count];
            return;
        }
    }
}

/* Is the session still good? Keep it so when this is the page on which nobody does anything for hours. */
static bool may_stay(struct updates *u, struct watcher *w, usec_t now_us)
{
    const struct api_ports *ports = &u->api->ports;
    struct credential credential;
    struct user user;
    enum err e = store_credential_find(ports->db, w->sha256, now_us, &credential, &user);

    if (e == ERR_NOT_FOUND || e == ERR_AUTH)
        return false;
    if (e == ERR_OK && w->keeps_session)
        auth_keep(u->api, &credential, now_us);
    return true;
}

/* Look after each watcher in its turn; who must go is taken out. */
static void check(struct updates *u, usec_t now_us)
{
    const struct api_ports *ports = &u->api->ports;
    struct web_piece *beat = NULL;

    for (size_t i = 0; i < u->count; i++) {
        struct watcher *w = &u->watchers[i];

        if (now_us - w->checked_us < UPDATES_CHECK_US)
            continue;
        w->checked_us = now_us;
        if (!may_stay(u, w, now_us)) {
            uint64_t request = w->request;

            u->watchers[i--] = u->watchers[--u->count];
            ports->stream_end(ports->ctx, request);
            continue;
        }
        if (beat == NULL && web_piece_new(bytes_of(BEAT, sizeof(BEAT) - 1), &beat) != ERR_OK)
            break;
        (void)!ports->stream_send(ports->ctx, w->request, beat);
    }
    web_piece_unref(beat);
}

/* A piece of what `write` writes; NULL: nothing, or no memory. */
static struct web_piece *piece_of(struct updates *u, usec_t now_us,
                                  void (*write)(struct updates_state *s, usec_t now_us, FILE *out))
{
    struct web_piece *piece = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    write(&u->state, now_us, out);
    if (fclose(out) == 0 && len > 0 && web_piece_new(bytes_of(text, len), &piece) != ERR_OK)
        piece = NULL;
    free(text);
    return piece;
}

static void write_all(struct updates_state *s, usec_t now_us, FILE *out)
{
    updates_state_write(s, now_us, out);
}

void updates_step(struct updates *u)
{
    const struct api_ports *ports = &u->api->ports;
    usec_t now_us = ports->now_us(ports->ctx);
    struct web_piece *changes;
    struct web_piece *all = NULL;
    size_t sent = 0;

    if (u->count == 0 || now_us < u->next_us)
        return;
    ports->watch_levels(ports->ctx);
    changes = piece_of(u, now_us, updates_state_look);
    for (size_t i = 0; i < u->count; i++) {
        struct watcher *w = &u->watchers[i];
        struct web_piece *piece = changes;

        if (w->is_new) {
            if (all == NULL)
                all = piece_of(u, now_us, write_all);
            piece = all;
            w->is_new = all == NULL;
        }
        /* Who has gone, or is too slow, is told by updates_gone(). */
        if (piece != NULL && ports->stream_send(ports->ctx, w->request, piece) == ERR_OK)
            sent += web_piece_bytes(piece).len;
    }
    web_piece_unref(changes);
    web_piece_unref(all);
    check(u, now_us);
    u->next_us = now_us + (usec_t)(sent * USEC_PER_SEC / UPDATES_BYTES_PER_S);
}
