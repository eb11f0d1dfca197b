#include <string.h>

#include "calendar.h"
#include "log.h"
#include "onair_impl.h"
#include "replan.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_event.h"
#include "variant.h"

#define RESTART_US (5 * USEC_PER_SEC) /* for new orders to reach the nodes */

struct changes {
    struct onair *onair;
    const struct broadcast *broadcast;
    enum err result;
};

static void on_changed(void *ctx, const struct broadcast_target *t, bool is_new)
{
    struct changes *c = ctx;
    struct db *db = c->onair->config.db;
    enum err e = is_new ? store_broadcast_add_targets(db, c->broadcast->id, t, 1)
                        : store_broadcast_set_target(db, c->broadcast->id, t);

    if (c->result == ERR_OK)
        c->result = e;
    if (!t->withdrawn)
        onair_offer(c->onair, c->broadcast, &t->node, 1);
    log_event(LOG_INFO, "broadcast.retargeted", "broadcast=%llu node=%u meant=%d",
              (unsigned long long)c->broadcast->id.v, t->node.v, !t->withdrawn);
}

enum err onair_retarget(struct onair *o, struct broadcast *b, const struct node_id *nodes,
                        size_t count)
{
    struct changes changes = {.onair = o, .broadcast = b};
    enum err e = broadcast_retarget(b, nodes, count, on_changed, &changes);

    return e == ERR_OK ? changes.result : e;
}

/* Does the event still have the occurrence? Only those that were changed need to be asked. */
static bool names(const struct event *event, usec_t at_us)
{
    struct calendar_event *calendar = NULL;
    struct calendar_occurrence found;
    size_t count = 0;

    if (event->revision == 1)
        return true;
    if (calendar_parse(event->ics, strlen(event->ics), &calendar, NULL) != ERR_OK)
        return true; /* said by the planning; what was promised stays */
    if (calendar_expand(calendar, at_us, at_us + 1, &found, 1, &count) != ERR_OK)
        count = 1;
    calendar_free(calendar);
    return count == 1;
}

/* An event with its bulletin, read once for all its broadcasts in a row. */
struct intent {
    struct event event;
    struct bulletin bulletin;
};

static enum err read_intent(struct onair *o, struct event_id event, struct intent *intent)
{
    enum err e;

    if (intent->event.id.v == event.v)
        return ERR_OK;
    e = store_event_get(o->config.db, event, &intent->event);
    if (e == ERR_OK)
        e = store_bulletin_get(o->config.db, intent->event.bulletin, &intent->bulletin);
    if (e != ERR_OK)
        intent->event.id.v = 0;
    return e;
}

static enum replan judge(const struct onair *o, const struct broadcast *b,
                         const struct intent *intent, usec_t now_us)
{
    usec_t start_us = b->occurrence_us;
    struct bulletin heard = intent->bulletin;
    struct broadcast wanted;

    variant_apply(&heard, b->variant);
    onair_outline(&intent->event, &heard, start_us, &wanted);
    if (intent->event.conflict == EVENT_APPEND) {
        wanted.id = b->id;
        wanted.targets = b->targets;
        wanted.target_count = b->target_count;
        start_us = onair_wait(o, &wanted);
        if (start_us < now_us + RESTART_US)
            start_us = b->start_us; /* a start that is so near would be cut */
        onair_outline(&intent->event, &heard, start_us, &wanted);
    }
    return replan_judge(b, &wanted, &intent->event, names(&intent->event, b->occurrence_us),
                        onair_may_sound(&intent->bulletin, start_us, NULL) == ERR_OK);
}

enum err onair_withdraw(struct onair *o, usec_t now_us)
{
    static struct intent intent;

    intent.event.id.v = 0;
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];
        enum replan verdict;
        enum err e;

        if (b->state != BROADCAST_PLANNED || b->event.v == 0)
            continue;
        e = read_intent(o, b->event, &intent);
        if (onair_concerns_all(e))
            return e;
        if (e != ERR_OK) {
            log_event(LOG_ERROR, "broadcast.not_judged", "broadcast=%llu error=%s",
                      (unsigned long long)b->id.v, err_name(e));
            continue;
        }
        verdict = judge(o, b, &intent, now_us);
        if (verdict == REPLAN_KEEP || broadcast_cancel(b, now_us) != ERR_OK)
            continue;
        log_event(LOG_INFO, "broadcast.withdrawn", "broadcast=%llu event=%llu anew=%d",
                  (unsigned long long)b->id.v, (unsigned long long)b->event.v,
                  verdict == REPLAN_ANEW);
        if (verdict == REPLAN_ANEW) {
            e = store_broadcast_detach(o->config.db, b->id);
            b->event.v = 0;
        }
        if (e == ERR_OK)
            e = store_broadcast_set_state(o->config.db, b);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
