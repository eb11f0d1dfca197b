/* A request that is sent again because its answer got lost (Idempotency-Key): it is carried out once. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "digest.h"
#include "store_once.h"

#define BODY_MAX 16384 /* of an answer that is kept; a longer one is not told again */

static struct once *find(struct api *a, uint64_t serial)
{
    for (size_t i = 0; i < API_ONCE_MAX; i++) {
        if (a->onces[i].serial == serial)
            return &a->onces[i];
    }
    return NULL;
}

static struct once *find_key(struct api *a, struct user_id user, const uint8_t key[SHA256_BYTES])
{
    for (size_t i = 0; i < API_ONCE_MAX; i++) {
        struct once *o = &a->onces[i];

        if (o->serial != 0 && o->user.v == user.v && digest_equal(o->key, key))
            return o;
    }
    return NULL;
}

static void forget(struct once *o)
{
    free(o->body);
    *o = (struct once){0};
}

/* A free place, or that of the oldest that is done. NULL: all are under way. */
static struct once *make_room(struct api *a)
{
    struct once *oldest = NULL;

    for (size_t i = 0; i < API_ONCE_MAX; i++) {
        struct once *o = &a->onces[i];

        if (o->serial == 0)
            return o;
        if (o->status != 0 && (oldest == NULL || o->serial < oldest->serial))
            oldest = o;
    }
    if (oldest != NULL)
        forget(oldest);
    return oldest;
}

static void digest_request(const struct call *c, uint8_t ret_sha256[SHA256_BYTES])
{
    uint8_t parts[3][SHA256_BYTES];

    digest_sha256(bytes_of(c->req->path, strlen(c->req->path)), parts[0]);
    digest_sha256(bytes_of(c->req->query, strlen(c->req->query)), parts[1]);
    digest_sha256(c->req->body, parts[2]);
    parts[0][0] ^= (uint8_t)c->req->method;
    digest_sha256(bytes_of((const uint8_t *)parts, sizeof(parts)), ret_sha256);
}

static enum err tell_again(struct call *c, const struct once *o)
{
    if (o->status != 204 && o->body == NULL)
        return err_set(&c->detail, ERR_EXISTS, "That was done already; look for it in the list.");
    call_header(c, "idempotency-replayed:", "true");
    c->res.status = o->status;
    if (o->body == NULL)
        return ERR_OK;
    c->res.content_type = "application/json";
    c->res.body = strdup(o->body);
    c->res.body_len = strlen(o->body);
    return c->res.body != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err other_request(struct call *c)
{
    return err_set(&c->detail, ERR_LIMIT,
                   "This Idempotency-Key was used for another request; choose a new one.");
}

enum err once_judge(struct call *c, bool *ret_done)
{
    const char *text = c->req->idempotency_key;
    struct once *o;
    uint8_t key[SHA256_BYTES], request[SHA256_BYTES], before[SHA256_BYTES];
    enum err e;

    *ret_done = false;
    if (c->req->method == WEB_GET || text[0] == '\0' || c->user.id.v == 0)
        return ERR_OK;
    if (strlen(text) < 16 || strlen(text) > 128)
        return err_set(&c->detail, ERR_FORMAT,
                       "An Idempotency-Key has 16 to 128 characters that nobody else chooses.");
    digest_sha256(bytes_of(text, strlen(text)), key);
    digest_request(c, request);
    o = find_key(c->api, c->user.id, key);
    if (o != NULL) {
        if (!digest_equal(o->request, request))
            return other_request(c);
        *ret_done = o->status != 0;
        c->retry_after_s = 1;
        return o->status != 0 ? tell_again(c, o)
                              : err_set(&c->detail, ERR_BUSY, "That is still under way.");
    }
    e = store_once_find(c->api->ports.db, c->user.id, key, before);
    if (e == ERR_OK)
        return digest_equal(before, request)
                   ? err_set(&c->detail, ERR_EXISTS,
                             "That was done already; look for it in the list.")
                   : other_request(c);
    if (e != ERR_NOT_FOUND)
        return e;
    o = make_room(c->api);
    if (o == NULL)
        return ERR_BUSY;
    *o = (struct once){.serial = ++c->api->once_serial, .user = c->user.id};
    memcpy(o->key, key, sizeof(key));
    memcpy(o->request, request, sizeof(request));
    c->once = o->serial;
    return ERR_OK;
}

enum err once_store(struct call *c)
{
    struct once *o = c->once != 0 ? find(c->api, c->once) : NULL;
    enum err e;

    if (o == NULL || o->is_stored)
        return ERR_OK;
    e = store_once_add(c->api->ports.db, o->user, o->key, o->request, c->now_us);
    o->is_stored = e == ERR_OK;
    return e;
}

void once_finish(struct call *c)
{
    struct once *o = c->once != 0 ? find(c->api, c->once) : NULL;
    const struct web_response *res = &c->res;

    if (o == NULL)
        return;
    if (res->status >= 400) {
        forget(o); /* nothing was done: it may be tried again */
        return;
    }
    o->status = res->status;
    if (res->body != NULL && res->body_len < BODY_MAX)
        o->body = strdup(res->body);
}

void once_free_all(struct api *a)
{
    for (size_t i = 0; i < API_ONCE_MAX; i++)
        forget(&a->onces[i]);
}
