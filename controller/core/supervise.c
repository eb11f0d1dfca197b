#include "supervise.h"

#include <stdlib.h>
#include <string.h>

#define GROW 64

static const struct {
    const char *name;
    enum alarm_level level;
    uint32_t fault; /* bit of Status.faults; 0: other evidence */
    usec_t raise_us, clear_us; /* for which the evidence stands before */
} kinds[ALARM_KINDS] = {
    [ALARM_NONE] = {"unknown", ALARM_LEVEL_NONE, 0, 0, 0},
    [ALARM_LINK_LOST] = {"link_lost", ALARM_LEVEL_CRITICAL, 0, SUPERVISE_LINK_US, 0},
    [ALARM_TEMPERATURE_HIGH] = {"temperature_high", ALARM_LEVEL_WARNING,
                                loa_Fault_FAULT_TEMPERATURE_HIGH, 5 * USEC_PER_SEC,
                                10 * USEC_PER_SEC},
    [ALARM_MAINS_LOST] = {"mains_lost", ALARM_LEVEL_WARNING, loa_Fault_FAULT_MAINS_LOST,
                          3 * USEC_PER_SEC, 10 * USEC_PER_SEC},
    [ALARM_SUPPLY_LOW] = {"supply_low", ALARM_LEVEL_WARNING, loa_Fault_FAULT_SUPPLY_LOW,
                          3 * USEC_PER_SEC, 10 * USEC_PER_SEC},
    [ALARM_FLASH_FULL] = {"flash_full", ALARM_LEVEL_WARNING, loa_Fault_FAULT_FLASH_FULL,
                          2 * USEC_PER_SEC, 10 * USEC_PER_SEC},
    [ALARM_FLASH_FAILED] = {"flash_failed", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_FLASH_FAILED,
                            2 * USEC_PER_SEC, 10 * USEC_PER_SEC},
    [ALARM_CACHE_DAMAGED] = {"cache_damaged", ALARM_LEVEL_WARNING, loa_Fault_FAULT_CACHE_DAMAGED, 0,
                             5 * USEC_PER_SEC},
    [ALARM_UNDERRUNS] = {"underruns", ALARM_LEVEL_WARNING, loa_Fault_FAULT_UNDERRUNS, 0,
                         5 * USEC_PER_SEC},
    [ALARM_CARD_LOST] = {"card_lost", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_CARD_LOST,
                         2 * USEC_PER_SEC, 5 * USEC_PER_SEC},
    [ALARM_CLOCK_LOST] = {"clock_lost", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_CLOCK_LOST,
                          3 * USEC_PER_SEC, 5 * USEC_PER_SEC},
    [ALARM_SILENT_OUTPUT] = {"silent_output", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_SILENT_OUTPUT,
                             2 * USEC_PER_SEC, 5 * USEC_PER_SEC},
    [ALARM_AMPLIFIER] = {"amplifier", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_AMPLIFIER,
                         2 * USEC_PER_SEC, 5 * USEC_PER_SEC},
    [ALARM_MUTED_LOCALLY] = {"muted_locally", ALARM_LEVEL_CRITICAL, 0, 2 * USEC_PER_SEC,
                             2 * USEC_PER_SEC},
    [ALARM_NOT_SOUNDED] = {"not_sounded", ALARM_LEVEL_CRITICAL, 0, 0, 0},
    [ALARM_NOT_HEARD] = {"not_heard", ALARM_LEVEL_CRITICAL, 0, 0, 0},
    [ALARM_SILENT_SOURCE] = {"silent_source", ALARM_LEVEL_WARNING, loa_Fault_FAULT_SILENT_SOURCE, 0,
                             5 * USEC_PER_SEC},
    [ALARM_SOURCE_LOST] = {"source_lost", ALARM_LEVEL_CRITICAL, 0, 0, 5 * USEC_PER_SEC},
    [ALARM_RELAY_TROUBLE] = {"relay_trouble", ALARM_LEVEL_WARNING, 0, 0, 5 * USEC_PER_SEC},
    [ALARM_ALERT_STOPPED] = {"alert_stopped", ALARM_LEVEL_CRITICAL, 0, 0, 5 * USEC_PER_SEC},
    [ALARM_ALERT_UNCONFIRMED] = {"alert_unconfirmed", ALARM_LEVEL_CRITICAL, 0, 0, 5 * USEC_PER_SEC},
    [ALARM_SIM_DUE] = {"sim_due", ALARM_LEVEL_WARNING, 0, 0, 0},
    [ALARM_FEED_LOST] = {"feed_lost", ALARM_LEVEL_CRITICAL, 0, 0, 5 * USEC_PER_SEC},
    [ALARM_IMPOSTOR] = {"impostor", ALARM_LEVEL_CRITICAL, loa_Fault_FAULT_IMPOSTOR, 0,
                        5 * USEC_PER_SEC},
};

struct watched {
    struct node_id node;
    bool linked, gone;
    usec_t heard_us;
    uint32_t evidence, raised; /* bit 1 << kind */
    usec_t changed_us[ALARM_KINDS]; /* when the evidence last became what it is */
};

struct supervise {
    struct watched *nodes; /* ascending by node */
    size_t count, room;
};

const char *alarm_kind_name(enum alarm_kind kind)
{
    return (unsigned)kind < ALARM_KINDS ? kinds[kind].name : kinds[ALARM_NONE].name;
}

enum alarm_level alarm_kind_level(enum alarm_kind kind)
{
    return (unsigned)kind < ALARM_KINDS ? kinds[kind].level : ALARM_LEVEL_NONE;
}

uint32_t alarm_kind_fault(enum alarm_kind kind)
{
    return (unsigned)kind < ALARM_KINDS ? kinds[kind].fault : 0;
}

enum err supervise_new(struct supervise **ret_supervise)
{
    struct supervise *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return ERR_NOMEM;
    s->nodes = calloc(GROW, sizeof(*s->nodes));
    if (s->nodes == NULL) {
        free(s);
        return ERR_NOMEM;
    }
    s->room = GROW;
    s->count = 1; /* the station, node 0 */
    *ret_supervise = s;
    return ERR_OK;
}

void supervise_free(struct supervise *s)
{
    if (s == NULL)
        return;
    free(s->nodes);
    free(s);
}

/* Where a node stands, or would. */
static size_t place_of(const struct supervise *s, struct node_id node)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (s->nodes[mid].node.v < node.v)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct watched *find(const struct supervise *s, struct node_id node)
{
    size_t at = place_of(s, node);

    return at < s->count && s->nodes[at].node.v == node.v ? &s->nodes[at] : NULL;
}

static void set_evidence(struct watched *w, enum alarm_kind kind, bool there, usec_t now_us)
{
    uint32_t bit = 1U << kind;

    if (((w->evidence & bit) != 0) == there)
        return;
    w->evidence ^= bit;
    w->changed_us[kind] = now_us;
}

enum err supervise_watch(struct supervise *s, struct node_id node, usec_t now_us)
{
    size_t at = place_of(s, node);

    if (find(s, node) != NULL)
        return ERR_OK;
    if (s->count > SUPERVISE_NODES_MAX)
        return ERR_LIMIT;
    if (s->count == s->room) {
        struct watched *more = realloc(s->nodes, (s->room + GROW) * sizeof(*more));

        if (more == NULL)
            return ERR_NOMEM;
        s->nodes = more;
        s->room += GROW;
    }
    memmove(&s->nodes[at + 1], &s->nodes[at], (s->count - at) * sizeof(*s->nodes));
    s->nodes[at] = (struct watched){.node = node};
    s->nodes[at].heard_us = now_us + SUPERVISE_START_US - SUPERVISE_LINK_US;
    set_evidence(&s->nodes[at], ALARM_LINK_LOST, true, s->nodes[at].heard_us);
    s->count++;
    return ERR_OK;
}

void supervise_unwatch(struct supervise *s, struct node_id node, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w == NULL)
        return;
    w->gone = true;
    for (int kind = ALARM_LINK_LOST; kind < ALARM_KINDS; kind++)
        set_evidence(w, (enum alarm_kind)kind, false, now_us);
}

void supervise_restore(struct supervise *s, const struct alarm *alarm)
{
    struct watched *w = find(s, alarm->node);

    if (w == NULL || alarm->kind <= ALARM_NONE || alarm->kind >= ALARM_KINDS)
        return;
    w->raised |= 1U << alarm->kind;
    if (!w->gone)
        set_evidence(w, alarm->kind, true, alarm->since_us);
}

void supervise_on_link(struct supervise *s, struct node_id node, bool up, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w == NULL || w->gone)
        return;
    w->linked = up;
    if (up)
        w->heard_us = now_us;
    set_evidence(w, ALARM_LINK_LOST, !up, up ? now_us : w->heard_us);
}

void supervise_on_heard(struct supervise *s, struct node_id node, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w != NULL && w->linked)
        w->heard_us = now_us;
}

void supervise_on_status(struct supervise *s, struct node_id node, const loa_Status *status,
                         usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w == NULL || w->gone)
        return;
    for (int kind = ALARM_LINK_LOST; kind < ALARM_KINDS; kind++) {
        if (kinds[kind].fault != 0)
            set_evidence(w, (enum alarm_kind)kind, (status->faults & kinds[kind].fault) != 0,
                         now_us);
    }
    set_evidence(w, ALARM_MUTED_LOCALLY, status->muted_locally, now_us);
}

/* What people decided, or an order of the day, is no fault. */
static bool is_fault(loa_Reason reason)
{
    switch (reason) {
    case loa_Reason_REASON_NO_MEDIA:
    case loa_Reason_REASON_NO_CLOCK:
    case loa_Reason_REASON_UNDERRUN:
    case loa_Reason_REASON_CARD_FAULT:
    case loa_Reason_REASON_CLOCK_JUMP:
    case loa_Reason_REASON_RESTARTED:
    case loa_Reason_REASON_SOURCE_LOST:
        return true;
    case loa_Reason_REASON_NONE:
    case loa_Reason_REASON_EXPIRED:
    case loa_Reason_REASON_QUIET_HOURS:
    case loa_Reason_REASON_MUTED:
    case loa_Reason_REASON_PREEMPTED:
    case loa_Reason_REASON_STOPPED:
    case loa_Reason_REASON_LATE:
        break;
    }
    return false;
}

void supervise_on_receipt(struct supervise *s, struct node_id node, const loa_Receipt *receipt,
                          usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w == NULL || w->gone)
        return;
    if (receipt->outcome == loa_Outcome_OUTCOME_SOUNDED)
        set_evidence(w, ALARM_NOT_SOUNDED, false, now_us);
    else if (is_fault(receipt->reason))
        set_evidence(w, ALARM_NOT_SOUNDED, true, now_us);
}

void supervise_on_missed(struct supervise *s, struct node_id node, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w != NULL && !w->gone)
        set_evidence(w, ALARM_NOT_SOUNDED, true, now_us);
}

void supervise_on_test(struct supervise *s, struct node_id node, loa_Heard heard, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w != NULL && !w->gone && (heard == loa_Heard_HEARD_YES || heard == loa_Heard_HEARD_NO))
        set_evidence(w, ALARM_NOT_HEARD, heard == loa_Heard_HEARD_NO, now_us);
}

void supervise_on_sim(struct supervise *s, struct node_id node, bool due, usec_t now_us)
{
    struct watched *w = find(s, node);

    if (w != NULL && !w->gone)
        set_evidence(w, ALARM_SIM_DUE, due, now_us);
}

void supervise_on_alerts(struct supervise *s, bool stopped, bool unconfirmed, usec_t now_us)
{
    set_evidence(&s->nodes[0], ALARM_ALERT_STOPPED, stopped, now_us);
    set_evidence(&s->nodes[0], ALARM_ALERT_UNCONFIRMED, unconfirmed, now_us);
}

void supervise_on_feeds(struct supervise *s, bool lost, usec_t now_us)
{
    set_evidence(&s->nodes[0], ALARM_FEED_LOST, lost, now_us);
}

void supervise_on_sources(struct supervise *s, bool lost, bool relay_trouble, usec_t now_us)
{
    set_evidence(&s->nodes[0], ALARM_SOURCE_LOST, lost, now_us);
    set_evidence(&s->nodes[0], ALARM_RELAY_TROUBLE, relay_trouble, now_us);
}

size_t supervise_due(const struct supervise *s, usec_t now_us, struct supervise_change *ret_changes,
                     size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count && n < max; i++) {
        const struct watched *w = &s->nodes[i];
        uint32_t open = w->evidence ^ w->raised;

        for (int kind = ALARM_LINK_LOST; open >> kind != 0 && n < max; kind++) {
            bool raise = (w->evidence & 1U << kind) != 0;
            usec_t wait_us = raise ? kinds[kind].raise_us : kinds[kind].clear_us;

            if ((open & 1U << kind) == 0 || now_us - w->changed_us[kind] < wait_us)
                continue;
            ret_changes[n++] = (struct supervise_change){w->node, (enum alarm_kind)kind, raise,
                                                         w->changed_us[kind]};
        }
    }
    return n;
}

void supervise_done(struct supervise *s, const struct supervise_change *change)
{
    struct watched *w = find(s, change->node);

    if (w == NULL)
        return;
    if (change->raised)
        w->raised |= 1U << change->kind;
    else
        w->raised &= ~(1U << change->kind);
}

size_t supervise_standing(const struct supervise *s, enum alarm_level level)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        for (int kind = ALARM_LINK_LOST; kind < ALARM_KINDS; kind++)
            n += (s->nodes[i].raised & 1U << kind) != 0 && kinds[kind].level == level;
    return n;
}
