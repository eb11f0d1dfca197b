/* Alarms: what is wrong with which node, and who has seen it. */
#include "api_impl.h"
#include "store_alarm.h"
#include "store_user.h"

/* History only when it is asked for. */
static bool wants_all(struct call *c)
{
    uint64_t all = 0;

    return call_query_number(c, "all", &all) == ERR_OK && all != 0;
}

static enum err fetch_alarms(struct call *c, struct db_page *page, void *rows, size_t max,
                             size_t *ret_count)
{
    return store_alarm_list(c->api->ports.db, !wants_all(c), page, rows, max, ret_count);
}

json_t *api_alarm_item(struct call *c, const void *row)
{
    const struct alarm *a = row;
    const struct node_entry *node = registry_find(c->api->ports.registry, a->node);
    struct user user = {0};

    if (a->acknowledged_by.v != 0 &&
        store_user_get(c->api->ports.db, a->acknowledged_by, &user) != ERR_OK)
        user.login[0] = '\0';
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:s}", "id", (json_int_t)a->id,
                     "node", (json_int_t)a->node.v, "node_name",
                     node != NULL     ? node->record.name
                     : a->node.v == 0 ? c->api->ports.station->name
                                      : "",
                     "kind", alarm_kind_name(a->kind), "level",
                     alarm_kind_level(a->kind) == ALARM_LEVEL_CRITICAL ? "critical" : "warning",
                     "stands", a->cleared_us == 0, "since_us", (json_int_t)a->since_us,
                     "cleared_us", (json_int_t)a->cleared_us, "acknowledged_us",
                     (json_int_t)a->acknowledged_us, "acknowledged_by", user.login);
}

enum err api_alarm_list(struct call *c)
{
    return call_list(c, sizeof(struct alarm), fetch_alarms, api_alarm_item);
}

enum err api_alarm_acknowledge(struct call *c)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_missing(
        c, store_alarm_acknowledge(c->api->ports.db, id, c->user.id, c->now_us, &c->detail),
        "alarm");
    if (e == ERR_OK)
        e = call_journal(c, "alarm.acknowledge", NULL, "alarm:%llu", (unsigned long long)id);
    return call_end(c, e);
}
