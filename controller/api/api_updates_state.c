#include "api_updates_state.h"

#include <stdlib.h>
#include <string.h>

#include "store_alarm.h"
#include "store_alert_message.h"
#include "store_alert_sound.h"
#include "store_bulletin.h"
#include "store_journal.h"
#include "supervise.h"

#define ITEMS_MAX 100 /* of one list; who wants more asks for it */
#define WAITING_MAX 20
#define NEXT_MAX 10
#define NEXT_US USEC_PER_DAY
#define LOOK_US USEC_PER_SEC /* at lists that the journal does not tell of */
#define CHANGES_MAX 50

static const char *const topic_names[UPDATES_TOPICS] = {
    [UPDATES_BROADCASTS] = "broadcasts", [UPDATES_SCHEDULE] = "schedule",
    [UPDATES_ALARMS] = "alarms",         [UPDATES_BULLETINS] = "bulletins",
    [UPDATES_ALERTS] = "alerts",
};

static void write_json(FILE *out, const char *event, json_t *data)
{
    char *text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;

    if (text != NULL)
        fprintf(out, "event: %s\ndata: %s\n\n", event, text);
    free(text);
    json_decref(data);
}

/* ---- nodes ---- */

static json_t *node_json(const struct node_entry *n)
{
    const struct node_live *l = &n->live;

    return json_pack(
        "{s:I, s:s, s:I, s:b, s:I, s:I, s:b, s:b, s:o}", "id", (json_int_t)n->record.id.v, "name",
        n->record.name, "zone", (json_int_t)n->record.zone.v, "link", l->ready, "heard_us",
        (json_int_t)l->last_heard_us, "broadcast",
        (json_int_t)(l->ready ? l->status.playing_broadcast : 0), "muted", n->record.muted,
        "muted_locally", l->status.muted_locally, "faults", api_faults_json(l->status.faults));
}

static struct updates_node node_seen(const struct node_entry *n)
{
    const struct node_live *l = &n->live;

    return (struct updates_node){
        .id = n->record.id,
        .link = l->ready,
        .muted = n->record.muted,
        .muted_locally = l->status.muted_locally,
        .revision = n->record.settings_revision,
        .faults = l->status.faults,
        .broadcast = l->ready ? l->status.playing_broadcast : 0,
        .level_us = l->level_us,
    };
}

static bool node_differs(const struct updates_node *a, const struct updates_node *b)
{
    return a->id.v != b->id.v || a->link != b->link || a->muted != b->muted ||
           a->muted_locally != b->muted_locally || a->revision != b->revision ||
           a->faults != b->faults || a->broadcast != b->broadcast;
}

static bool make_room(struct updates_state *s, size_t count)
{
    struct updates_node *nodes;

    if (count <= s->node_count)
        return true;
    nodes = realloc(s->nodes, count * sizeof(*nodes));
    if (nodes == NULL)
        return false;
    memset(nodes + s->node_count, 0, (count - s->node_count) * sizeof(*nodes));
    s->nodes = nodes;
    s->node_count = count;
    return true;
}

static void look_at_nodes(struct updates_state *s, usec_t now_us, FILE *out)
{
    struct registry *registry = s->api->ports.registry;
    size_t count = registry_count(registry);
    json_t *changed = json_array();
    json_t *levels = json_object();

    for (size_t i = 0; make_room(s, count) && i < count; i++) {
        const struct node_entry *n = registry_at(registry, i);
        struct updates_node now = node_seen(n);
        char id[16];

        if (n->record.state == NODE_STATE_REVOKED && s->nodes[i].id.v == 0)
            continue;
        if (node_differs(&s->nodes[i], &now))
            json_array_append_new(changed, node_json(n));
        if (now.broadcast != 0 && now.level_us != s->nodes[i].level_us) {
            snprintf(id, sizeof(id), "%u", now.id.v);
            json_object_set_new(levels, id, json_pack("[i, i]", n->live.rms_mdb, n->live.peak_mdb));
        }
        s->nodes[i] = now;
    }
    if (json_array_size(changed) > 0)
        write_json(out, "nodes",
                   json_pack("{s:I, s:O}", "now_us", (json_int_t)now_us, "nodes", changed));
    if (json_object_size(levels) > 0)
        write_json(out, "levels", json_incref(levels));
    json_decref(changed);
    json_decref(levels);
}

/* ---- broadcasts ---- */

static unsigned sounding(const struct updates_state *s, struct broadcast_id id)
{
    unsigned count = 0;

    for (size_t i = 0; i < s->node_count; i++)
        count += s->nodes[i].broadcast == id.v ? 1 : 0;
    return count;
}

static json_t *broadcast_json(const struct updates_state *s, const struct broadcast *b)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:I}", "id",
                     (json_int_t)b->id.v, "title", b->title, "priority", priority_name(b->priority),
                     "state", broadcast_state_name(b->state), "start_us", (json_int_t)b->start_us,
                     "end_us", (json_int_t)broadcast_over_us(b), "event", (json_int_t)b->event.v,
                     "bulletin", (json_int_t)b->bulletin.v, "source", b->live.source, "nodes",
                     (json_int_t)b->target_count, "sounding", (json_int_t)sounding(s, b->id));
}

static json_t *on_air_json(const struct updates_state *s)
{
    const struct api_ports *ports = &s->api->ports;
    const struct broadcast *b;
    json_t *list = json_array();

    for (size_t i = 0; (b = ports->broadcast_at(ports->ctx, i)) != NULL; i++) {
        if (b->state == BROADCAST_ON_AIR && json_array_size(list) < ITEMS_MAX)
            json_array_append_new(list, broadcast_json(s, b));
    }
    return list;
}

static int by_start(const void *a, const void *b)
{
    const struct broadcast *left = *(const struct broadcast *const *)a;
    const struct broadcast *right = *(const struct broadcast *const *)b;

    return left->start_us < right->start_us ? -1 : left->start_us > right->start_us;
}

static json_t *schedule_json(const struct updates_state *s, usec_t now_us)
{
    const struct api_ports *ports = &s->api->ports;
    const struct broadcast *next[NEXT_MAX + 1];
    const struct broadcast *b;
    json_t *list = json_array();
    size_t count = 0;

    for (size_t i = 0; (b = ports->broadcast_at(ports->ctx, i)) != NULL; i++) {
        if (b->state != BROADCAST_PLANNED || b->start_us > now_us + NEXT_US)
            continue;
        next[count++] = b;
        qsort(next, count, sizeof(next[0]), by_start);
        count = count > NEXT_MAX ? NEXT_MAX : count;
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, broadcast_json(s, next[i]));
    return json_pack("{s:o}", "next", list);
}

/* ---- what the store knows ---- */

static json_t *alarms_json(const struct updates_state *s)
{
    static struct alarm rows[ITEMS_MAX];
    struct call c = {.api = s->api};
    struct db_page page = {.newest_first = true};
    json_t *list = json_array();
    size_t count = 0;
    size_t standing = 0;

    do {
        if (store_alarm_list(s->api->ports.db, true, &page, rows, ITEMS_MAX, &count) != ERR_OK)
            count = 0;
        for (size_t i = 0; i < count && json_array_size(list) < ITEMS_MAX; i++)
            json_array_append_new(list, api_alarm_item(&c, &rows[i]));
        standing += count;
    } while (count == ITEMS_MAX);
    return json_pack("{s:I, s:o}", "standing", (json_int_t)standing, "items", list);
}

static json_t *bulletins_json(const struct updates_state *s)
{
    static struct bulletin rows[WAITING_MAX];
    struct db_page page = {0};
    json_t *list = json_array();
    size_t count = 0;
    size_t waiting = 0;

    do {
        if (store_bulletin_list(s->api->ports.db, 1U << BULLETIN_SUBMITTED, &page, rows,
                                WAITING_MAX, &count) != ERR_OK)
            count = 0;
        for (size_t i = 0; i < count && waiting == 0; i++)
            json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:I}", "id",
                                                  (json_int_t)rows[i].id.v, "title", rows[i].title,
                                                  "priority", priority_name(rows[i].priority),
                                                  "author", (json_int_t)rows[i].author.v));
        waiting += count;
    } while (count == WAITING_MAX);
    return json_pack("{s:I, s:o}", "waiting", (json_int_t)waiting, "items", list);
}

static json_t *alerts_json(const struct updates_state *s)
{
    static struct alert rows[ITEMS_MAX];
    static struct alertmessage messages[ITEMS_MAX];
    struct call c = {.api = s->api};
    struct db_page page = {.newest_first = true};
    json_t *list = json_array();
    size_t count = 0;

    if (store_alert_sound_list(s->api->ports.db, true, &page, rows, ITEMS_MAX, &count) != ERR_OK)
        count = 0;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, api_alert_item(&c, &rows[i]));
    page = (struct db_page){0};
    if (store_alert_message_list(s->api->ports.db, true, &page, messages, ITEMS_MAX, &count) !=
        ERR_OK)
        count = 0;
    return json_pack("{s:I, s:o}", "inbox", (json_int_t)count, "items", list);
}

static json_t *topic_json(const struct updates_state *s, enum updates_topic topic, usec_t now_us)
{
    switch (topic) {
    case UPDATES_BROADCASTS:
        return on_air_json(s);
    case UPDATES_SCHEDULE:
        return schedule_json(s, now_us);
    case UPDATES_ALARMS:
        return alarms_json(s);
    case UPDATES_BULLETINS:
        return bulletins_json(s);
    case UPDATES_ALERTS:
        return alerts_json(s);
    case UPDATES_TOPICS:
        break;
    }
    return NULL;
}

/* Write a topic when it differs from what was last told. */
static void look_at(struct updates_state *s, enum updates_topic topic, usec_t now_us, FILE *out)
{
    json_t *data = topic_json(s, topic, now_us);
    char *text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;

    json_decref(data);
    if (text == NULL || (s->topics[topic] != NULL && strcmp(s->topics[topic], text) == 0)) {
        free(text);
        return;
    }
    fprintf(out, "event: %s\ndata: %s\n\n", topic_names[topic], text);
    free(s->topics[topic]);
    s->topics[topic] = text;
}

/* Every change is in the journal: say which objects are no longer what a client may hold of them. */
static bool look_at_journal(struct updates_state *s, FILE *out)
{
    static struct journal_entry rows[CHANGES_MAX];
    struct db_page page = {.after = s->revision};
    uint8_t hash[SHA256_BYTES];
    uint64_t newest = 0;
    size_t count = 0;
    json_t *objects;
    bool is_first = s->topics[UPDATES_ALARMS] == NULL;

    if (store_journal_head(s->api->ports.db, &newest, hash) != ERR_OK || newest == s->revision)
        return is_first;
    s->revision = newest;
    if (is_first)
        return true;
    objects = json_array();
    if (newest - page.after > CHANGES_MAX ||
        store_journal_list(s->api->ports.db, NULL, &page, rows, CHANGES_MAX, &count) != ERR_OK)
        json_array_append_new(objects, json_string("*"));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(objects, json_string(rows[i].object));
    write_json(out, "changed",
               json_pack("{s:I, s:o}", "revision", (json_int_t)newest, "objects", objects));
    return true;
}

void updates_state_look(struct updates_state *s, usec_t now_us, FILE *out)
{
    bool is_changed = look_at_journal(s, out);

    look_at_nodes(s, now_us, out);
    look_at(s, UPDATES_BROADCASTS, now_us, out);
    if (!is_changed && now_us - s->looked_us < LOOK_US)
        return;
    s->looked_us = now_us;
    look_at(s, UPDATES_SCHEDULE, now_us, out);
    if (!is_changed)
        return;
    look_at(s, UPDATES_ALARMS, now_us, out);
    look_at(s, UPDATES_BULLETINS, now_us, out);
    look_at(s, UPDATES_ALERTS, now_us, out);
}

void updates_state_write(const struct updates_state *s, usec_t now_us, FILE *out)
{
    struct registry *registry = s->api->ports.registry;
    json_t *nodes = json_array();
    char *text;

    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct node_entry *n = registry_at(registry, i);

        if (n->record.state == NODE_STATE_ACTIVE)
            json_array_append_new(nodes, node_json(n));
    }
    text = json_dumps(nodes, JSON_COMPACT);
    json_decref(nodes);
    fprintf(out, "event: snapshot\ndata: {\"now_us\":%lld,\"revision\":%llu,\"nodes\":%s",
            (long long)now_us, (unsigned long long)s->revision, text != NULL ? text : "[]");
    for (int topic = 0; topic < UPDATES_TOPICS; topic++)
        fprintf(out, ",\"%s\":%s", topic_names[topic],
                s->topics[topic] != NULL ? s->topics[topic] : "null");
    fprintf(out, "}\n\n");
    free(text);
}

void updates_state_deinit(struct updates_state *s)
{
    for (int topic = 0; topic < UPDATES_TOPICS; topic++)
        free(s->topics[topic]);
    free(s->nodes);
}
