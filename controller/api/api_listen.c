/* Listening to what is on air, for as long as the session is good. */
#include <string.h>

#include "api_impl.h"
#include "check.h"

/* A place whose listener has left by itself is as good as a free one. */
static struct hearer *find_place(struct api *a)
{
    for (size_t i = 0; i < API_LISTENERS_MAX; i++) {
        struct hearer *h = &a->hearers[i];

        if (h->request == 0 || !a->ports.listens(a->ports.ctx, h->request))
            return h;
    }
    return NULL;
}

enum err api_listen(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct hearer *h;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e != ERR_OK)
        return call_missing(c, e, "broadcast");
    e = ports->listen(ports->ctx, (struct broadcast_id){id}, c->id, &c->detail);
    if (e != ERR_OK)
        return e;
    h = find_place(c->api);
    CHECK(h != NULL); /* no more listen than there are places */
    *h = (struct hearer){.request = c->id, .checked_us = c->now_us};
    memcpy(h->sha256, c->secret_sha256, SHA256_BYTES);
    c->api->requests++;
    return ERR_MORE;
}

/* Only a program's session lives on by listening: a browser's page that shows what is on air keeps its own
 * (api_updates.c). */
static bool may_go_on(struct api *a, const struct hearer *h, usec_t now_us)
{
    struct credential credential;
    struct user user;
    enum err e = store_credential_find(a->ports.db, h->sha256, now_us, &credential, &user);

    if (e == ERR_OK && !credential.browser)
        auth_keep(a, &credential, now_us);
    return e != ERR_NOT_FOUND && e != ERR_AUTH;
}

void api_listen_step(struct api *a)
{
    usec_t now_us = a->ports.now_us(a->ports.ctx);

    for (size_t i = 0; i < API_LISTENERS_MAX; i++) {
        struct hearer *h = &a->hearers[i];

        if (h->request == 0 || now_us - h->checked_us < API_LISTEN_CHECK_US)
            continue;
        h->checked_us = now_us;
        if (may_go_on(a, h, now_us))
            continue;
        a->ports.listen_end(a->ports.ctx, h->request);
        h->request = 0;
    }
}

void api_listen_gone(struct api *a, uint64_t request)
{
    for (size_t i = 0; i < API_LISTENERS_MAX; i++) {
        if (a->hearers[i].request == request)
            a->hearers[i].request = 0;
    }
    a->ports.listener_gone(a->ports.ctx, request);
}
