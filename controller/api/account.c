/* Setup, signing in and out: what needs a password. Hashing runs on a worker; the rest follows after it. */
#include <string.h>

#include "api_alert.h"
#include "api_impl.h"
#include "api_password.h"
#include "body.h"
#include "civil.h"
#include "digest.h"
#include "log.h"
#include "secret.h"
#include "store_station.h"
#include "store_totp.h"
#include "store_user.h"

#define ACCOUNT_WAIT_MAX_US USEC_PER_MIN
#define ADDRESS_WAIT_MAX_US (15 * USEC_PER_MIN)

static enum err slow_down(struct call *c, const char *login)
{
    struct backoff *b = &c->api->logins;
    usec_t account_us = backoff_wait_us(b, backoff_key('a', login), c->now_us, ACCOUNT_WAIT_MAX_US);
    usec_t address_us =
        backoff_wait_us(b, backoff_remote_key(c->remote), c->now_us, ADDRESS_WAIT_MAX_US);
    usec_t wait_us = account_us > address_us ? account_us : address_us;

    if (wait_us == 0)
        return ERR_OK;
    c->retry_after_s = (unsigned)((wait_us + USEC_PER_SEC - 1) / USEC_PER_SEC);
    return err_set(&c->detail, ERR_BUSY, "Too many failed attempts; wait %u s and try again.",
                   c->retry_after_s);
}

static enum err refused(struct call *c, const char *login, const char *sentence)
{
    struct backoff *b = &c->api->logins;

    backoff_failed(b, backoff_key('a', login), c->now_us);
    backoff_failed(b, backoff_remote_key(c->remote), c->now_us);
    c->api->login_failures++;
    log_event(LOG_WARN, "api.login_refused", "login=%s remote=%s", LOG_TEXT(login), c->remote);
    c->status = 401;
    return err_set(&c->detail, ERR_AUTH, "%s", sentence);
}

/* Make a session and answer with it. In a transaction with its journal entry. */
static enum err open_session(struct call *c, bool bearer)
{
    struct credential cr = {.kind = CREDENTIAL_SESSION,
                            .user = c->user.id,
                            .browser = !bearer,
                            .created_us = c->now_us,
                            .expires_us = auth_session_end(c->api, !bearer, c->now_us)};
    char token[SECRET_TOKEN_SIZE];
    char csrf[HEX_SIZE(SHA256_BYTES)];
    uint8_t sha256[SHA256_BYTES];
    json_t *out;
    uint64_t id;
    enum err e;

    secret_token(token);
    secret_csrf(token, csrf);
    secret_digest(token, sha256);
    memcpy(cr.label, c->remote, sizeof(c->remote));
    e = store_credential_add(c->api->ports.db, &cr, sha256, &id);
    if (e == ERR_OK)
        e = call_journal(c, "session.open", json_pack("{s:s}", "remote", c->remote), "user:%llu",
                         (unsigned long long)c->user.id.v);
    if (e != ERR_OK)
        return e;
    out = json_pack("{s:o, s:I}", "user", api_user_json(&c->user), "expires_us",
                    (json_int_t)cr.expires_us);
    if (bearer) {
        json_object_set_new(out, "token", json_string(token));
    } else {
        json_object_set_new(out, "csrf", json_string(csrf));
        json_object_set_new(out, "idle_s", json_integer(api_idle_s(c->api)));
        call_header(c, "set-cookie:", "loa_session=%s; Path=/; HttpOnly; Secure; SameSite=Strict",
                    token);
    }
    return call_out(c, 200, out);
}

/* The code of an account that has a second factor. Only who knows the password is told that one is needed. */
static enum err second_factor(struct call *c, const char *code)
{
    struct store_totp totp;
    enum err e = store_totp_get(c->api->ports.db, c->user.id, &totp);
    bool is_needed = e == ERR_OK && totp.confirmed;

    explicit_bzero(&totp, sizeof(totp));
    if (e == ERR_NOT_FOUND || (e == ERR_OK && !is_needed))
        return ERR_OK;
    if (e == ERR_OK && code[0] == '\0')
        e = err_set(
            &c->detail, ERR_AUTH,
            "This account has a second factor; give the present code of its app as \"totp\".");
    else if (e == ERR_OK)
        e = api_totp_use(c, code);
    if (e == ERR_AUTH) {
        c->status = 401;
        c->confirm = "totp";
        c->api->login_failures += code[0] != '\0' ? 1 : 0;
    }
    return e;
}

static enum err after_login(struct call *c, const struct password_job *job)
{
    struct user user;
    enum err e;

    if (job->is_right) /* the account may have changed meanwhile */
        e = store_user_find(c->api->ports.db, job->user.login, &user);
    else
        e = ERR_AUTH;
    if (e == ERR_OK && (user.disabled || strcmp(user.password_hash, job->user.password_hash) != 0))
        e = ERR_AUTH;
    if (e == ERR_AUTH || e == ERR_NOT_FOUND)
        return refused(c, job->login, "Login or password is wrong; check both and try again.");
    if (e != ERR_OK)
        return e;
    c->user = user;
    e = second_factor(c, job->code);
    if (e != ERR_OK)
        return e;
    backoff_passed(&c->api->logins, backoff_key('a', job->login));
    backoff_passed(&c->api->logins, backoff_remote_key(c->remote));
    e = call_begin(c);
    return e == ERR_OK ? call_end(c, open_session(c, job->flag)) : e;
}

enum err api_login(struct call *c)
{
    struct password_job *job = password_job_new(after_login);
    struct body_field fields[] = {
        {.name = "login", .to = NULL, .min = 1, .max = 63, .required = true},
        {.name = "password", .to = NULL, .min = 1, .max = SECRET_PASSWORD_MAX, .required = true},
        {.name = "bearer", .kind = BODY_BOOL, .to = NULL},
        {.name = "totp", .to = NULL, .min = 6, .max = 6},
    };
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    fields[0].to = job->login;
    fields[1].to = job->password;
    fields[2].to = &job->flag;
    fields[3].to = job->code;
    e = body_read(c->body, fields, 4, &c->detail);
    if (e == ERR_OK)
        e = slow_down(c, job->login);
    if (e == ERR_OK)
        e = store_user_find(c->api->ports.db, job->login, &job->user);
    if (e == ERR_OK && job->user.disabled)
        job->user.password_hash[0] = '\0';
    /* An unknown account takes as long as a known one. */
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        return password_job_start(job, PASSWORD_VERIFY, c);
    password_job_free(job);
    return e;
}

static enum err after_setup(struct call *c, const struct password_job *job)
{
    struct user user = job->user;
    uint64_t admins = 0;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = store_user_count(c->api->ports.db, ROLE_ADMIN, &admins);
    if (e == ERR_OK && admins > 0)
        e = err_set(&c->detail, ERR_STATE, "This station is set up already; sign in.");
    if (e == ERR_OK)
        e = store_user_add(c->api->ports.db, &user, c->now_us, &user.id, &c->detail);
    c->user = user;
    if (e == ERR_OK)
        e = store_station_put(c->api->ports.db, &job->station);
    if (e == ERR_OK)
        e = call_journal(
            c, "station.setup",
            json_pack("{s:s, s:s}", "code", job->station.code, "name", job->station.name),
            "user:%llu", (unsigned long long)user.id.v);
    if (e == ERR_OK)
        e = open_session(c, job->flag);
    e = call_end(c, e);
    if (e == ERR_OK) {
        c->status = 201;
        c->api->has_admin_code = false;
        *c->api->ports.station = job->station;
        c->api->ports.policy_changed(c->api->ports.ctx);
        c->api->ports.set_up(c->api->ports.ctx);
    }
    return e;
}

/* What the first-run wizard asks, over what the station has. */
static enum err check_station(struct call *c, struct station *s, const char *profile)
{
    int v = profile[0] != '\0' ? planner_profile_from_name(profile) : (int)s->policy.profile;
    int offset = 0;
    enum err e;

    if (v < 0)
        return err_set(&c->detail, ERR_FORMAT, "\"profile\" takes none, urban or rural.");
    s->policy.profile = (enum planner_profile)v;
    e = station_check(s, &c->detail);
    /* The station's certificates carry it, and nodes compare. */
    if (e == ERR_OK && strcmp(s->code, c->api->ports.station->code) != 0)
        e = err_set(&c->detail, ERR_STATE,
                    "The station's keys were made for the code %s; to change it, set code under "
                    "[station] and start with an empty data folder.",
                    c->api->ports.station->code);
    if (e == ERR_OK)
        e = civil_offset_min(s->timezone, c->now_us, &offset);
    s->utc_offset_min = (int16_t)offset;
    return e;
}

enum err api_setup(struct call *c)
{
    struct password_job *job = password_job_new(after_setup);
    char code[129] = "";
    char profile[16] = "";
    uint8_t sha256[SHA256_BYTES];
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    job->station = *c->api->ports.station;
    const struct body_field fields[] = {
        {.name = "code", .to = code, .min = 1, .max = 128, .required = true},
        {.name = "login", .to = job->user.login, .min = 1, .max = 63, .required = true},
        {.name = "password",
         .to = job->password,
         .min = SECRET_PASSWORD_MIN,
         .max = SECRET_PASSWORD_MAX,
         .required = true},
        {.name = "name", .to = job->user.name, .min = 1, .max = NAME_SIZE - 1, .required = true},
        {.name = "bearer", .kind = BODY_BOOL, .to = &job->flag},
        {.name = "station_name", .to = job->station.name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "station_code", .to = job->station.code, .min = 1, .max = STATION_CODE_SIZE - 1},
        {.name = "profile", .to = profile, .min = 1, .max = sizeof(profile) - 1},
        {.name = "timezone",
         .to = job->station.timezone,
         .min = 1,
         .max = sizeof(job->station.timezone) - 1},
    };

    e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);
    if (e == ERR_OK)
        e = slow_down(c, "");
    digest_sha256(bytes_of(code, strlen(code)), sha256);
    if (e == ERR_OK && !c->api->has_admin_code)
        e = err_set(&c->detail, ERR_STATE, "This station is set up already; sign in.");
    else if (e == ERR_OK && !digest_equal(sha256, c->api->admin_code))
        e = refused(c, "", "The one-time code is wrong; it was printed at the first start.");
    if (e == ERR_OK)
        e = check_station(c, &job->station, profile);
    if (e == ERR_OK) {
        job->user.roles = ROLE_ADMIN;
        return password_job_start(job, PASSWORD_HASH, c);
    }
    password_job_free(job);
    return e;
}

static enum err after_own_password(struct call *c, const struct password_job *job)
{
    struct user user;
    enum err e;

    if (!job->is_right)
        return refused(c, c->user.login, "The present password is wrong; nothing was changed.");
    e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_user_get(c->api->ports.db, c->user.id, &user);
    memcpy(user.password_hash, job->user.password_hash, sizeof(user.password_hash));
    if (e == ERR_OK)
        e = store_user_update(c->api->ports.db, &user, c->credential.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "user.password", NULL, "user:%llu", (unsigned long long)user.id.v);
    return call_end(c, e);
}

enum err api_own_password(struct call *c)
{
    struct password_job *job = password_job_new(after_own_password);
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    const struct body_field fields[] = {
        {.name = "present",
         .to = job->password,
         .min = 1,
         .max = SECRET_PASSWORD_MAX,
         .required = true},
        {.name = "password",
         .to = job->next_password,
         .min = SECRET_PASSWORD_MIN,
         .max = SECRET_PASSWORD_MAX,
         .required = true},
    };

    job->user = c->user;
    e = body_read(c->body, fields, 2, &c->detail);
    if (e == ERR_OK)
        e = slow_down(c, c->user.login);
    if (e == ERR_OK)
        return password_job_start(job, PASSWORD_REPLACE, c);
    password_job_free(job);
    return e;
}

enum err api_logout(struct call *c)
{
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = store_credential_revoke(c->api->ports.db, c->credential.id, c->user.id);
    if (e == ERR_OK)
        e = call_journal(c, "session.close", NULL, "user:%llu", (unsigned long long)c->user.id.v);
    e = call_end(c, e);
    if (e == ERR_OK && c->by_cookie)
        call_header(c, "set-cookie:", "%s",
                    "loa_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    return e;
}
