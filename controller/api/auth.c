/* Who asks: token (as bearer, or as the password of Basic) or session cookie, roles, CSRF. */
#include <string.h>

#include "api_impl.h"
#include "secret.h"

#define COOKIE "loa_session="
#define BASIC_NAME_MAX 128

static enum err anonymous(struct call *c, const char *sentence)
{
    c->status = 401;
    call_header(c, "www-authenticate:", "Bearer");
    return err_set(&c->detail, ERR_AUTH, "%s", sentence);
}

/* RFC 4648 without line breaks. Returns the bytes written, 0 when it is malformed or does not fit. */
static size_t from_base64(const char *text, char *ret_bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned held = 0;
    size_t len = 0;

    for (; *text != '\0' && *text != '='; text++) {
        const char *digit = strchr(digits, *text);

        if (digit == NULL)
            return 0;
        bits = bits << 6 | (unsigned)(digit - digits);
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (len == size)
            return 0;
        ret_bytes[len++] = (char)(bits >> held & 0xFF);
    }
    return len;
}

/* The password of "Basic base64(name:password)": players and Icecast relays can send nothing else. A browser
 * would send it by itself, so it counts for reading only. */
static bool find_basic(const struct call *c, const char *text, char token[SECRET_TOKEN_SIZE])
{
    char pair[SECRET_TOKEN_SIZE + BASIC_NAME_MAX];
    size_t len = from_base64(text, pair, sizeof(pair));
    const char *colon = memchr(pair, ':', len);

    if (c->req->method != WEB_GET || colon == NULL ||
        (size_t)(pair + len - colon) != SECRET_TOKEN_SIZE)
        return false;
    memcpy(token, colon + 1, SECRET_TOKEN_SIZE - 1);
    token[SECRET_TOKEN_SIZE - 1] = '\0';
    return true;
}

/* Copy the token of the request. False: there is none. */
static bool find_token(struct call *c, char token[SECRET_TOKEN_SIZE])
{
    const char *text = c->req->authorization;
    size_t len;

    if (strncasecmp(text, "Basic ", 6) == 0)
        return find_basic(c, text + 6, token);
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

usec_t auth_session_end(const struct api *a, bool browser, usec_t now_us)
{
    uint32_t idle_min = a->ports.station->policy.idle_min;

    return now_us + (browser && idle_min > 0 ? idle_min * USEC_PER_MIN : API_SESSION_US);
}

/* Sessions live on while they are used; once a minute is noted. A full disk must not keep anyone from stopping
 * a broadcast. */
void auth_keep(struct api *a, const struct credential *cr, usec_t now_us)
{
    enum err e;

    if (now_us - cr->used_us < API_TOUCH_US)
        return;
    e = store_credential_touch(a->ports.db, cr->id, now_us);
    if (e == ERR_OK && cr->kind == CREDENTIAL_SESSION)
        e = store_credential_extend(a->ports.db, cr->id, auth_session_end(a, cr->browser, now_us));
    (void)e;
}

enum err auth_identify(struct call *c)
{
    char token[SECRET_TOKEN_SIZE];
    char csrf[HEX_SIZE(SHA256_BYTES)];
    enum err e;

    if (!find_token(c, token))
        return anonymous(c, "You are not signed in; sign in and try again.");
    secret_digest(token, c->secret_sha256);
    e = store_credential_find(c->api->ports.db, c->secret_sha256, c->now_us, &c->credential,
                              &c->user);
    if (e == ERR_NOT_FOUND || e == ERR_AUTH ||
        (e == ERR_OK &&
         (c->credential.kind == CREDENTIAL_SETUP || c->credential.browser != c->by_cookie))) {
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
    if (c->route->handle != api_updates) /* a page that only watches is no use of the session */
        auth_keep(c->api, &c->credential, c->now_us);
    return ERR_OK;
}
