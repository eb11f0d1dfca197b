/* Why does a node sound, or not, at an instant: the plan, the policy and priority.h, asked once more. */
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "store_broadcast.h"

#define LOOK_BACK_US (12 * USEC_PER_HOUR)
#define CANDIDATES_MAX 64

int api_node_id_compare(const void *a, const void *b)
{
    const struct node_id *x = a;
    const struct node_id *y = b;

    return (x->v > y->v) - (x->v < y->v);
}

struct priority_candidate api_candidate(const struct agenda_item *item)
{
    return (struct priority_candidate){.id = item->plan.key,
                                       .level = item->plan.level,
                                       .rank = item->plan.rank,
                                       .start_us = item->plan.start_us,
                                       .end_us = item->plan.end_us,
                                       .cuts_equal = item->plan.cuts_equal};
}

/* What may sound on a node, and what stands for it in the answer. */
struct question {
    usec_t at_us;
    struct node_id node;
    size_t count;
    struct priority_candidate candidates[CANDIDATES_MAX];
    struct {
        uint64_t broadcast;
        uint64_t event;
        char title[BULLETIN_TITLE_SIZE];
        const char *rule; /* decides before priority.h does: "not_approved", "cancelled"; NULL */
    } names[CANDIDATES_MAX];
};

static void add(struct question *q, struct priority_candidate candidate, uint64_t broadcast,
                uint64_t event, const char *title, const char *rule)
{
    size_t at = q->count;

    if (at == CANDIDATES_MAX)
        return;
    if (rule != NULL)
        candidate.end_us = candidate.start_us; /* it takes part no more */
    candidate.id = at;
    q->candidates[at] = candidate;
    q->names[at].broadcast = broadcast;
    q->names[at].event = event;
    q->names[at].rule = rule;
    memcpy(q->names[at].title, title, BULLETIN_TITLE_SIZE);
    q->count++;
}

static enum err add_broadcast(struct call *c, struct question *q, struct broadcast_id id)
{
    struct broadcast b = {0};
    enum err e = store_broadcast_get(c->api->ports.db, id, &b);

    if (e == ERR_OK && broadcast_target(&b, q->node) != NULL) {
        bool cancelled = b.state == BROADCAST_CANCELLED && b.cancelled_us <= q->at_us;

        add(q,
            (struct priority_candidate){.level = b.priority,
                                        .rank = b.rank,
                                        .start_us = b.start_us,
                                        .end_us = broadcast_over_us(&b),
                                        .cuts_equal = b.cuts_equal},
            b.id.v, b.event.v, b.title,
            cancelled                     ? "cancelled"
            : b.state == BROADCAST_MISSED ? "missed"
                                          : NULL);
    }
    broadcast_deinit(&b);
    return e;
}

static enum err add_broadcasts(struct call *c, struct question *q)
{
    struct store_broadcast_filter filter = {.from_us = q->at_us - LOOK_BACK_US,
                                            .before_us = q->at_us + 1};
    struct store_broadcast_row *rows = calloc(CANDIDATES_MAX, sizeof(*rows));
    struct db_page page = {.newest_first = true};
    size_t count = 0;
    enum err e = rows != NULL ? store_broadcast_list(c->api->ports.db, &filter, &page, rows,
                                                     CANDIDATES_MAX, &count)
                              : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = add_broadcast(c, q, rows[i].broadcast.id);
    free(rows);
    return e;
}

/* What the events name and no broadcast has been made of yet. */
static enum err add_planned(struct call *c, struct question *q)
{
    struct agenda *a = NULL;
    enum err e = agenda_load(c, q->at_us - LOOK_BACK_US, q->at_us + 1, NULL, &a);

    for (size_t i = 0; e == ERR_OK && i < a->count; i++) {
        const struct agenda_item *item = &a->items[i];
        struct broadcast_id known;

        if (bsearch(&q->node, item->plan.nodes, item->plan.node_count, sizeof(q->node),
                    api_node_id_compare) == NULL)
            continue;
        e = store_broadcast_find(c->api->ports.db, (struct event_id){item->plan.key},
                                 item->occurrence_us, NULL, &known);
        if (e == ERR_NOT_FOUND)
            add(q, api_candidate(item), 0, item->plan.key, item->title,
                item->state != BULLETIN_APPROVED ? "not_approved" : NULL);
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    agenda_free(a);
    return e;
}

static json_t *answer(const struct question *q, const struct priority_conditions *conditions)
{
    struct priority_verdict verdicts[CANDIDATES_MAX];
    size_t winner = priority_choose(q->candidates, q->count, conditions, q->at_us, verdicts);
    json_t *items = json_array();

    for (size_t i = 0; i < q->count; i++) {
        size_t by = verdicts[i].by;
        bool has_by = q->names[i].rule == NULL && by != PRIORITY_NOBODY;

        if (verdicts[i].why == PRIORITY_WHY_OVER && q->names[i].rule == NULL)
            continue;
        json_array_append_new(
            items, json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "why",
                             q->names[i].rule != NULL ? q->names[i].rule
                                                      : priority_why_name(verdicts[i].why),
                             "broadcast", (json_int_t)q->names[i].broadcast, "event",
                             (json_int_t)q->names[i].event, "title", q->names[i].title, "priority",
                             priority_name(q->candidates[i].level), "start_us",
                             (json_int_t)q->candidates[i].start_us, "end_us",
                             (json_int_t)q->candidates[i].end_us, "by_broadcast",
                             (json_int_t)(has_by ? q->names[by].broadcast : 0), "by_event",
                             (json_int_t)(has_by ? q->names[by].event : 0), "by_title",
                             has_by ? q->names[by].title : ""));
    }
    return json_pack("{s:I, s:I, s:s, s:b, s:b, s:o}", "node", (json_int_t)q->node.v, "at_us",
                     (json_int_t)q->at_us, "sounds",
                     winner != PRIORITY_NOBODY ? q->names[winner].title : "", "muted",
                     conditions->muted, "allowed", !conditions->quiet, "items", items);
}

enum err api_node_why(struct call *c)
{
    uint64_t at_us = (uint64_t)c->now_us;
    struct question *q = NULL;
    const struct node_entry *node;
    struct priority_conditions conditions;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK) {
        e = call_query_number(c, "at_us", &at_us);
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (e != ERR_OK)
        return e;
    node = id <= UINT32_MAX ? registry_find(c->api->ports.registry, (struct node_id){(uint32_t)id})
                            : NULL;
    if (node == NULL)
        return call_missing(c, ERR_NOT_FOUND, "node");
    q = calloc(1, sizeof(*q));
    if (q == NULL)
        return ERR_NOMEM;
    q->at_us = (usec_t)at_us;
    q->node = node->record.id;
    conditions = (struct priority_conditions){
        .muted = node->record.muted,
        .quiet = !station_allows(c->api->ports.station, q->at_us, q->at_us + 1)};
    e = add_broadcasts(c, q);
    if (e == ERR_OK)
        e = add_planned(c, q);
    if (e == ERR_OK)
        e = call_out(c, 200, answer(q, &conditions));
    free(q);
    return e;
}
