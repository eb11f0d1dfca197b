/* Accounts, and the tokens of programs. */
#include <string.h>

#include "api_impl.h"
#include "api_password.h"
#include "body.h"
#include "secret.h"
#include "store_totp.h"
#include "store_user.h"

json_t *api_roles_json(unsigned roles)
{
    json_t *list = json_array();

    for (unsigned bit = 1; bit <= ROLE_ALL; bit <<= 1)
        if ((roles & bit) != 0)
            json_array_append_new(list, json_string(role_name((enum role)bit)));
    return list;
}

json_t *api_user_json(const struct user *u)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:b, s:s}", "id", (json_int_t)u->id.v, "login", u->login,
                     "name", u->name, "roles", api_roles_json(u->roles), "disabled", u->disabled,
                     "language", u->language);
}

json_t *api_user_name_json(struct call *c, struct user_id id)
{
    struct user user = {0};

    if (id.v != 0 && store_user_get(c->api->ports.db, id, &user) != ERR_OK)
        user.name[0] = '\0';
    return json_string(user.name);
}

enum err api_roles_read(struct call *c, json_t *list, unsigned *ret_roles)
{
    unsigned roles = 0;
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        enum role role = name != NULL ? role_from_name(name) : ROLE_NONE;

        if (role == ROLE_NONE)
            return err_set(&c->detail, ERR_FORMAT,
                           "\"roles\" takes operator, approver, technician, district, admin and "
                           "auditor.");
        roles |= role;
    }
    *ret_roles = roles;
    return ERR_OK;
}

unsigned api_idle_s(const struct api *a)
{
    return a->ports.station->policy.idle_min * 60U;
}

enum err api_whoami(struct call *c)
{
    uint64_t waiting = 0;
    enum err e = call_may(c, ROLE_APPROVER) ? api_bulletins_waiting(c, &waiting) : ERR_OK;
    json_t *out =
        json_pack("{s:o, s:s, s:I, s:I}", "user", api_user_json(&c->user), "by",
                  c->credential.kind == CREDENTIAL_TOKEN ? "token" : "session", "expires_us",
                  (json_int_t)c->credential.expires_us, "waiting", (json_int_t)waiting);
    struct store_totp totp;
    bool has_totp = store_totp_get(c->api->ports.db, c->user.id, &totp) == ERR_OK;
    char csrf[HEX_SIZE(SHA256_BYTES)];
    const char *at = c->by_cookie ? strstr(c->req->cookie, "loa_session=") : NULL;
    char token[SECRET_TOKEN_SIZE];

    if (out != NULL && c->by_cookie)
        json_object_set_new(out, "idle_s", json_integer(api_idle_s(c->api)));
    if (out != NULL)
        json_object_set_new(out, "second_factor", json_boolean(has_totp && totp.confirmed));
    explicit_bzero(&totp, sizeof(totp));
    /* A reloaded page has lost its CSRF token; only a page of this origin can read the answer. */
    if (out != NULL && at != NULL && strlen(at) >= 12 + sizeof(token) - 1) {
        memcpy(token, at + 12, sizeof(token) - 1);
        token[sizeof(token) - 1] = '\0';
        secret_csrf(token, csrf);
        json_object_set_new(out, "csrf", json_string(csrf));
    }
    if (e != ERR_OK) {
        json_decref(out);
        return e;
    }
    return call_out(c, 200, out);
}

enum err api_whoami_change(struct call *c)
{
    struct user user = c->user;
    const struct body_field fields[] = {
        {.name = "name", .to = user.name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "language", .to = user.language, .max = sizeof(user.language) - 1},
    };
    enum err e = body_read(c->body, fields, 2, &c->detail);

    if (e == ERR_OK && user.language[0] != '\0' && strcmp(user.language, "vi") != 0 &&
        strcmp(user.language, "en") != 0)
        e = err_set(&c->detail, ERR_FORMAT,
                    "\"language\" takes vi, en, or \"\" for that of the browser.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_user_update(c->api->ports.db, &user, 0, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "user.change", json_incref(c->body), "user:%llu",
                         (unsigned long long)user.id.v);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, api_user_json(&user)) : e;
}

static enum err fetch_users(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    return store_user_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *user_item(struct call *c, const void *row)
{
    (void)c;
    return api_user_json(row);
}

enum err api_user_list(struct call *c)
{
    return call_list(c, sizeof(struct user), fetch_users, user_item);
}

static enum err find_user(struct call *c, struct user *ret_user)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_user_get(c->api->ports.db, (struct user_id){id}, ret_user);
    return call_missing(c, e, "account");
}

enum err api_user_get(struct call *c)
{
    struct user user;
    enum err e = find_user(c, &user);

    return e == ERR_OK ? call_out(c, 200, api_user_json(&user)) : e;
}

static enum err after_add(struct call *c, const struct password_job *job)
{
    struct user_id id;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = store_user_add(c->api->ports.db, &job->user, c->now_us, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "user.add",
                         json_pack("{s:s, s:o}", "login", job->user.login, "roles",
                                   api_roles_json(job->user.roles)),
                         "user:%llu", (unsigned long long)id.v);
    e = call_end(c, e);
    return e == ERR_OK ? call_created(c, id.v) : e;
}

enum err api_user_add(struct call *c)
{
    struct password_job *job = password_job_new(after_add);
    json_t *roles = NULL;
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    const struct body_field fields[] = {
        {.name = "login", .to = job->user.login, .min = 1, .max = 63, .required = true},
        {.name = "name", .to = job->user.name, .min = 1, .max = NAME_SIZE - 1, .required = true},
        {.name = "password",
         .to = job->password,
         .min = SECRET_PASSWORD_MIN,
         .max = SECRET_PASSWORD_MAX,
         .required = true},
        {.name = "roles", .kind = BODY_LIST, .to = &roles, .min = 1, .max = 6, .required = true},
    };

    e = body_read(c->body, fields, 4, &c->detail);
    if (e == ERR_OK)
        e = api_roles_read(c, roles, &job->user.roles);
    if (e == ERR_OK)
        return password_job_start(job, PASSWORD_HASH, c);
    password_job_free(job);
    return e;
}

/* The last administrator stays, or nobody could ever change anything again. */
static enum err store_change(struct call *c, const struct user *user, bool new_password)
{
    uint64_t admins = 0;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = store_user_update(c->api->ports.db, user, c->credential.id, &c->detail);
    if (e == ERR_OK)
        e = store_user_count(c->api->ports.db, ROLE_ADMIN, &admins);
    if (e == ERR_OK && admins == 0)
        e = err_set(&c->detail, ERR_STATE,
                    "This is the last administrator; make another one first.");
    if (e == ERR_OK)
        e = call_journal(c, "user.change",
                         json_pack("{s:s, s:o, s:b, s:b}", "name", user->name, "roles",
                                   api_roles_json(user->roles), "disabled", user->disabled,
                                   "password", new_password),
                         "user:%llu", (unsigned long long)user->id.v);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, api_user_json(user)) : e;
}

static enum err after_change(struct call *c, const struct password_job *job)
{
    return store_change(c, &job->user, true);
}

enum err api_user_change(struct call *c)
{
    struct password_job *job = password_job_new(after_change);
    json_t *roles = NULL;
    struct user user;
    enum err e;

    if (job == NULL)
        return ERR_NOMEM;
    e = find_user(c, &user);
    const struct body_field fields[] = {
        {.name = "name", .to = user.name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "password",
         .to = job->password,
         .min = SECRET_PASSWORD_MIN,
         .max = SECRET_PASSWORD_MAX},
        {.name = "roles", .kind = BODY_LIST, .to = &roles, .min = 1, .max = 6},
        {.name = "disabled", .kind = BODY_BOOL, .to = &user.disabled},
    };

    if (e == ERR_OK)
        e = body_read(c->body, fields, 4, &c->detail);
    if (e == ERR_OK && roles != NULL)
        e = api_roles_read(c, roles, &user.roles);
    job->user = user;
    if (e == ERR_OK && job->password[0] != '\0')
        return password_job_start(job, PASSWORD_HASH, c);
    password_job_free(job);
    return e == ERR_OK ? store_change(c, &user, false) : e;
}

static enum err fetch_tokens(struct call *c, struct db_page *page, void *rows, size_t max,
                             size_t *ret_count)
{
    struct user_id of = call_may(c, ROLE_ADMIN) ? (struct user_id){0} : c->user.id;

    return store_credential_list(c->api->ports.db, of, page, rows, max, ret_count);
}

static json_t *token_item(struct call *c, const void *row)
{
    const struct credential *cr = row;
    static const char *const kinds[] = {
        [CREDENTIAL_NONE] = "none",
        [CREDENTIAL_SESSION] = "session",
        [CREDENTIAL_TOKEN] = "token",
        [CREDENTIAL_SETUP] = "setup",
    };

    return json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:b}", "id", (json_int_t)cr->id, "kind",
                     kinds[cr->kind], "user", (json_int_t)cr->user.v, "label", cr->label,
                     "created_us", (json_int_t)cr->created_us, "expires_us",
                     (json_int_t)cr->expires_us, "used_us", (json_int_t)cr->used_us, "present",
                     cr->id == c->credential.id);
}

enum err api_token_list(struct call *c)
{
    return call_list(c, sizeof(struct credential), fetch_tokens, token_item);
}

enum err api_token_add(struct call *c)
{
    struct credential cr = {.kind = CREDENTIAL_TOKEN, .user = c->user.id, .created_us = c->now_us};
    char token[SECRET_TOKEN_SIZE];
    uint8_t sha256[SHA256_BYTES];
    int64_t expires_us = 0;
    uint64_t id = 0;
    const struct body_field fields[] = {
        {.name = "label", .to = cr.label, .min = 1, .max = NAME_SIZE - 1, .required = true},
        {.name = "expires_us", .kind = BODY_NUMBER, .to = &expires_us, .max = INT64_MAX},
    };
    enum err e = body_read(c->body, fields, 2, &c->detail);

    if (e == ERR_OK && expires_us != 0 && expires_us <= c->now_us)
        e = err_set(&c->detail, ERR_LIMIT, "\"expires_us\" lies in the past; 0 means never.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    cr.expires_us = expires_us;
    secret_token(token);
    secret_digest(token, sha256);
    e = store_credential_add(c->api->ports.db, &cr, sha256, &id);
    if (e == ERR_OK)
        e = call_journal(c, "token.add", json_pack("{s:s}", "label", cr.label), "token:%llu",
                         (unsigned long long)id);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    return call_out(c, 201, json_pack("{s:I, s:s}", "id", (json_int_t)id, "token", token));
}

enum err api_token_revoke(struct call *c)
{
    struct user_id of = call_may(c, ROLE_ADMIN) ? (struct user_id){0} : c->user.id;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_missing(c, store_credential_revoke(c->api->ports.db, id, of), "token of this account");
    if (e == ERR_OK)
        e = call_journal(c, "token.revoke", NULL, "token:%llu", (unsigned long long)id);
    return call_end(c, e);
}
