/* Who asks: bearer token or session cookie, roles, CSRF. */
#include <string.h>

#include "api_impl.h"
#include "secret.h"

#define COOKIE "loa_session="

static enum err anonymous(struct call *c, const char *sentence)
{
    c->status = 401;
    call_header(c, "www-authenticate:", "Bearer");
    return err_set(&c->detail, ERR_AUTH, "%s", sentence);
}

/* Copy the token of the request. False: there is none. */
static bool find_token(struct call *c, char token[SECRET_TOKEN_SIZE])
{
    const char *text = c->req->authorization;
    size_t len;

    if (strncasecmp(text, "Bearer ", 7) == 0) {
        text += 7;
        len = strlen(text);
    } else {
        text = c->req->cookie;
        while (strncmp(text, COOKIE, strlen(COOKIE)) != 0) {
            text += strcspn(text, ";");
            text += strspn(text, "; ");
            if (*text == '\0')
                return false;
        }
        text += strlen(COOKIE);
        len = strcspn(text, ";");
        c->by_cookie = true;
    }
    if (len != SECRET_TOKEN_SIZE - 1)
        return false;
    memcpy(token, text, len);
    token[len] = '\0';
    return true;
}

/* Sessions live on while they are used; once a minute is noted. */
static enum err note_use(struct call *c)
{
    struct credential *cr = &c->credential;
    struct db *db = c->api->ports.db;
    enum err e;

    if (c->now_us - cr->used_us < API_TOUCH_US)
        return ERR_OK;
    e = store_credential_touch(db, cr->id, c->now_us);
    if (e == ERR_OK && cr->kind == CREDENTIAL_SESSION)
        e = store_credential_extend(db, cr->id, c->now_us + API_SESSION_US);
    return e;
}

enum err auth_identify(struct call *c)
{
    char token[SECRET_TOKEN_SIZE];
    char csrf[HEX_SIZE(SHA256_BYTES)];
    uint8_t sha256[SHA256_BYTES];
    enum err e;

    if (!find_token(c, token))
        return anonymous(c, "You are not signed in; sign in and try again.");
    secret_digest(token, sha256);
    e = store_credential_find(c->api->ports.db, sha256, c->now_us, &c->credential, &c->user);
    if (e == ERR_NOT_FOUND || e == ERR_AUTH ||
        (e == ERR_OK && c->credential.kind == CREDENTIAL_SETUP)) {
        memset(&c->user, 0, sizeof(c->user));
        return anonymous(c, "This session or token is no longer valid; sign in again.");
    }
    if (e != ERR_OK)
        return db_explain(c->api->ports.db, e, &c->detail);
    if (c->by_cookie) {
        secret_csrf(token, csrf);
        if (c->req->method != WEB_GET && !secret_equal(c->req->csrf, csrf))
            return err_set(
                &c->detail, ERR_AUTH,
                "The header X-Loa-Csrf is missing or wrong; reload the page and try again.");
    }
    /* A full disk must not keep anyone from stopping a broadcast. */
    (void)!note_use(c);
    return ERR_OK;
}
