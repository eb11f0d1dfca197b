/* What alerts are made of, and who may send them: templates, policy, areas. */
#include <string.h>

#include "alerttemplate.h"
#include "api_alert.h"
#include "body.h"
#include "store_alert_policy.h"
#include "store_user.h"
#include "store_zone.h"

static json_t *template_json(const struct alerttemplate *t)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", t->name, "title", t->title, "text",
                     t->text, "signal", emergency_signal_name(t->signal), "drill", t->drill);
}

enum err api_alert_template_list(struct call *c)
{
    json_t *items = json_array();
    enum err e = items != NULL ? ERR_OK : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < ALERTTEMPLATES; i++) {
        struct alerttemplate t;
        char name[ALERT_TEMPLATE_SIZE];

        alerttemplate_shipped(i, &t);
        memcpy(name, t.name, sizeof(name));
        e = store_alert_policy_template(c->api->ports.db, name, &t);
        if (e == ERR_OK && json_array_append_new(items, template_json(&t)) != 0)
            e = ERR_NOMEM;
    }
    if (e == ERR_OK)
        return call_out(c, 200, json_pack("{s:o}", "items", items));
    json_decref(items);
    return e;
}

static enum err find_template(struct call *c, struct alerttemplate *ret_template)
{
    return call_missing(c, store_alert_policy_template(c->api->ports.db, c->param[0], ret_template),
                        "template");
}

enum err api_alert_template_get(struct call *c)
{
    struct alerttemplate t;
    enum err e = find_template(c, &t);

    return e == ERR_OK ? call_out(c, 200, template_json(&t)) : e;
}

enum err api_alert_template_set(struct call *c)
{
    struct alerttemplate t, now = {.name = ""};
    const struct body_field fields[] = {
        {.name = "title", .to = now.title, .min = 1, .max = sizeof(now.title) - 1},
        {.name = "text", .kind = BODY_LINES, .to = now.text, .min = 1, .max = sizeof(now.text) - 1},
    };
    enum err e = body_read(c->body, fields, 2, &c->detail);

    if (e == ERR_OK)
        e = find_template(c, &t);
    if (e == ERR_OK && now.title[0] != '\0')
        memcpy(t.title, now.title, sizeof(t.title));
    if (e == ERR_OK && now.text[0] != '\0')
        memcpy(t.text, now.text, sizeof(t.text));
    if (e == ERR_OK)
        e = alerttemplate_check(&t, &c->detail);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_alert_policy_set_template(c->api->ports.db, &t);
    if (e == ERR_OK)
        e = call_journal(c, "alert_template.set", json_incref(c->body), "alert_template:%s",
                         t.name);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, template_json(&t)) : e;
}

static json_t *policy_json(const struct alertpolicy *p)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "roles", api_roles_json(p->roles),
                     "confirm_roles", api_roles_json(p->confirm_roles), "totp_roles",
                     api_roles_json(p->totp_roles), "confirm_s", (json_int_t)p->confirm_s,
                     "fallback", (json_int_t)p->fallback.v, "per_hour", (json_int_t)p->per_hour);
}

enum err api_alert_policy_get(struct call *c)
{
    struct alertpolicy p;
    enum err e = store_alert_policy_get(c->api->ports.db, &p);

    return e == ERR_OK ? call_out(c, 200, policy_json(&p)) : e;
}

/* The roles of a list; "none" alone is nobody. */
static enum err read_some_roles(struct call *c, json_t *list, unsigned *ret_roles)
{
    const char *first = json_string_value(json_array_get(list, 0));

    if (json_array_size(list) == 1 && first != NULL && strcmp(first, "none") == 0) {
        *ret_roles = 0;
        return ERR_OK;
    }
    return api_roles_read(c, list, ret_roles);
}

static enum err read_policy(struct call *c, struct alertpolicy *p)
{
    json_t *roles = NULL, *confirm = NULL, *totp = NULL;
    int64_t confirm_s = p->confirm_s, fallback = (int64_t)p->fallback.v, per_hour = p->per_hour;
    const struct body_field fields[] = {
        {.name = "roles", .kind = BODY_LIST, .to = &roles, .min = 1, .max = 6},
        {.name = "confirm_roles", .kind = BODY_LIST, .to = &confirm, .max = 6},
        {.name = "totp_roles", .kind = BODY_LIST, .to = &totp, .max = 6},
        {.name = "confirm_s", .kind = BODY_NUMBER, .to = &confirm_s, .max = 86400},
        {.name = "fallback", .kind = BODY_NUMBER, .to = &fallback, .max = INT64_MAX},
        {.name = "per_hour", .kind = BODY_NUMBER, .to = &per_hour, .max = 86400},
    };
    enum err e = body_read(c->body, fields, 6, &c->detail);

    if (e == ERR_OK && roles != NULL)
        e = api_roles_read(c, roles, &p->roles);
    if (e == ERR_OK && confirm != NULL)
        e = read_some_roles(c, confirm, &p->confirm_roles);
    if (e == ERR_OK && totp != NULL)
        e = read_some_roles(c, totp, &p->totp_roles);
    p->confirm_s = (uint32_t)confirm_s;
    p->fallback.v = (uint64_t)fallback;
    p->per_hour = (uint32_t)per_hour;
    return e == ERR_OK ? alertpolicy_check(p, &c->detail) : e;
}

enum err api_alert_policy_change(struct call *c)
{
    struct alertpolicy p;
    enum err e = store_alert_policy_get(c->api->ports.db, &p);

    if (e == ERR_OK)
        e = read_policy(c, &p);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_alert_policy_put(c->api->ports.db, &p);
    if (e == ERR_NOT_FOUND)
        e = err_set(&c->detail, e, "The fallback person is no account; see loactl user list.");
    if (e == ERR_OK)
        e = call_journal(c, "alert_policy.change", json_incref(c->body), "alert_policy");
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, policy_json(&p)) : e;
}

static enum err find_account(struct call *c, struct user *ret_user)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_user_get(c->api->ports.db, (struct user_id){id}, ret_user);
    return call_missing(c, e, "account");
}

static enum err answer_area(struct call *c, struct user_id user)
{
    struct zone_id zones[ALERTPOLICY_AREA_MAX];
    size_t count = 0;
    json_t *list;
    enum err e = store_alert_policy_area(c->api->ports.db, user, zones, &count);

    if (e != ERR_OK)
        return e;
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(zones[i].v));
    return call_out(c, 200, json_pack("{s:o}", "zones", list));
}

enum err api_alert_area_get(struct call *c)
{
    struct user user;
    enum err e = find_account(c, &user);

    return e == ERR_OK ? answer_area(c, user.id) : e;
}

enum err api_alert_area_set(struct call *c)
{
    struct zone_id zones[ALERTPOLICY_AREA_MAX];
    json_t *list = NULL, *item;
    bool everyone = false;
    const struct body_field fields[] = {
        {.name = "everyone", .kind = BODY_BOOL, .to = &everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &list, .max = ALERTPOLICY_AREA_MAX},
    };
    struct user user;
    size_t i, count = 0;
    enum err e = body_read(c->body, fields, 2, &c->detail);

    if (e == ERR_OK && everyone == (json_array_size(list) > 0))
        e = err_set(&c->detail, ERR_FORMAT,
                    "Say where: either \"everyone\": true or \"zones\" with at least one id.");
    if (e == ERR_OK)
        e = find_account(c, &user);
    if (e != ERR_OK)
        return e;
    json_array_foreach(list, i, item)
    {
        json_int_t id = json_integer_value(item);

        zones[count++].v = id > 0 && id <= UINT32_MAX ? (uint32_t)id : 0;
    }
    e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_alert_policy_set_area(c->api->ports.db, user.id, zones, count);
    if (e == ERR_NOT_FOUND)
        e = err_set(&c->detail, e, "\"zones\" names a zone that does not exist.");
    if (e == ERR_OK)
        e = call_journal(c, "alert_area.set", json_incref(c->body), "user:%llu",
                         (unsigned long long)user.id.v);
    e = call_end(c, e);
    return e == ERR_OK ? answer_area(c, user.id) : e;
}
