/* The second factor of an account: enrol, confirm, remove, use. */
#include <string.h>

#include "api_alert.h"
#include "body.h"
#include "store_user.h"
#include "totp.h"

#define WAIT_MAX_US USEC_PER_MIN

enum err api_totp_use(struct call *c, const char *code)
{
    struct db *db = c->api->ports.db;
    uint64_t key = backoff_key('t', c->user.login);
    usec_t wait_us = backoff_wait_us(&c->api->logins, key, c->now_us, WAIT_MAX_US);
    struct store_totp totp;
    enum err e;

    if (wait_us > 0) {
        c->retry_after_s = (unsigned)(wait_us / USEC_PER_SEC) + 1;
        return err_set(&c->detail, ERR_BUSY, "Too many wrong codes; wait %u s.", c->retry_after_s);
    }
    e = store_totp_get(db, c->user.id, &totp);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && !totp.confirmed))
        return err_set(&c->detail, ERR_STATE,
                       "This account has no second factor yet; set it up with loactl user totp.");
    if (e == ERR_OK)
        e = totp_check(&totp, code, c->now_us);
    if (e == ERR_AUTH) {
        backoff_failed(&c->api->logins, key, c->now_us);
        c->status = 403;
        return err_set(&c->detail, e, "The code is wrong, too old, or was used before.");
    }
    if (e == ERR_OK)
        e = store_totp_put(db, c->user.id, &totp);
    if (e == ERR_OK)
        backoff_passed(&c->api->logins, key);
    explicit_bzero(&totp, sizeof(totp));
    return e;
}

/* POST /whoami/totp: a new secret, shown this once; it counts when a first code has been right. */
enum err api_totp_begin(struct call *c)
{
    struct db *db = c->api->ports.db;
    struct store_totp totp;
    char uri[TOTP_URI_SIZE];
    enum err e = store_totp_get(db, c->user.id, &totp);

    if (e == ERR_OK && totp.confirmed)
        return err_set(&c->detail, ERR_STATE,
                       "This account has a second factor; an administrator can remove it.");
    if (e == ERR_NOT_FOUND)
        e = call_begin(c);
    else if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    totp = (struct store_totp){.confirmed = false};
    totp_make(totp.secret);
    e = totp_uri(totp.secret, c->api->ports.station->code, c->user.login, uri);
    if (e == ERR_OK)
        e = store_totp_put(db, c->user.id, &totp);
    if (e == ERR_OK)
        e = call_journal(c, "totp.begin", NULL, "user:%llu", (unsigned long long)c->user.id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        e = call_out(c, 201, json_pack("{s:s}", "uri", uri));
    explicit_bzero(&totp, sizeof(totp));
    explicit_bzero(uri, sizeof(uri));
    return e;
}

enum err api_totp_confirm(struct call *c)
{
    struct db *db = c->api->ports.db;
    char code[16] = "";
    const struct body_field fields[] = {
        {.name = "code", .to = code, .min = 6, .max = 6, .required = true}};
    struct store_totp totp;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = store_totp_get(db, c->user.id, &totp);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE, "Begin with POST /whoami/totp.");
    if (e == ERR_OK && totp_check(&totp, code, c->now_us) != ERR_OK) {
        c->status = 403;
        e = err_set(&c->detail, ERR_AUTH,
                    "The code is wrong; look at the clock of the phone and try the next one.");
    }
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    totp.confirmed = true;
    e = store_totp_put(db, c->user.id, &totp);
    if (e == ERR_OK)
        e = call_journal(c, "totp.confirm", NULL, "user:%llu", (unsigned long long)c->user.id.v);
    explicit_bzero(&totp, sizeof(totp));
    return call_end(c, e);
}

/* An administrator, for somebody who lost the phone. */
enum err api_totp_delete(struct call *c)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_missing(c, store_totp_delete(c->api->ports.db, (struct user_id){id}),
                     "second factor of account");
    if (e == ERR_OK)
        e = call_journal(c, "totp.remove", NULL, "user:%llu", (unsigned long long)id);
    return call_end(c, e);
}
