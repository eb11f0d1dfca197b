#include "planner.h"

struct findings {
    struct planner_finding *out;
    size_t max;
    size_t count;
};

static void add(struct findings *f, const struct planner_finding *finding)
{
    if (f->count < f->max)
        f->out[f->count] = *finding;
    f->count++;
}

static void check_alone(const struct planner_item *items, size_t at,
                        const struct planner_policy *policy, struct findings *f)
{
    struct window windows[WINDOW_QUIET_MAX];
    size_t n = window_from_quiet(policy->quiet_from_min, policy->quiet_to_min, windows);
    const struct planner_item *item = &items[at];

    if (!window_allows(windows, n, policy->utc_offset_min, item->start_us, item->end_us)) {
        usec_t until = window_allowed_until(windows, n, policy->utc_offset_min, item->start_us);

        add(f,
            &(struct planner_finding){
                .kind = PLANNER_QUIET_HOURS, .item = at, .from_us = until, .to_us = item->end_us});
    }
    if (policy->max_broadcast_s != 0 &&
        item->end_us - item->start_us > (usec_t)policy->max_broadcast_s * USEC_PER_SEC)
        add(f, &(struct planner_finding){.kind = PLANNER_TOO_LONG,
                                         .item = at,
                                         .from_us = item->start_us,
                                         .to_us = item->end_us});
}

/* How many nodes both have, and the first of them. */
static size_t count_shared(const struct planner_item *a, const struct planner_item *b,
                           struct node_id *ret_first)
{
    size_t shared = 0;

    for (size_t i = 0, j = 0; i < a->node_count && j < b->node_count;) {
        if (a->nodes[i].v == b->nodes[j].v) {
            if (shared++ == 0)
                *ret_first = a->nodes[i];
            i++;
            j++;
        } else if (a->nodes[i].v < b->nodes[j].v) {
            i++;
        } else {
            j++;
        }
    }
    return shared;
}

/* True when someone has already said which of the two sounds. */
static bool is_settled(const struct planner_item *a, const struct planner_item *b)
{
    if (a->level != b->level || a->rank != b->rank)
        return true;
    if (a->start_us == b->start_us)
        return false;
    return a->start_us < b->start_us ? b->cuts_equal : a->cuts_equal;
}

static void check_pair(const struct planner_item *a, const struct planner_item *b,
                       struct planner_finding finding, struct findings *f)
{
    usec_t from = a->start_us > b->start_us ? a->start_us : b->start_us;
    usec_t to = a->end_us < b->end_us ? a->end_us : b->end_us;

    if (from >= to || is_settled(a, b))
        return;
    finding.shared = count_shared(a, b, &finding.node);
    if (finding.shared == 0)
        return;
    finding.kind = PLANNER_CONFLICT;
    finding.from_us = from;
    finding.to_us = to;
    add(f, &finding);
}

size_t planner_check(const struct planner_item *items, size_t count,
                     const struct planner_item *others, size_t other_count,
                     const struct planner_policy *policy, struct planner_finding *ret_findings,
                     size_t max)
{
    struct findings f = {.out = ret_findings, .max = max};

    for (size_t i = 0; i < count; i++) {
        if (items[i].level == PRIORITY_EMERGENCY)
            continue;
        check_alone(items, i, policy, &f);
        for (size_t j = 0; j < i; j++)
            check_pair(&items[i], &items[j],
                       (struct planner_finding){.item = i, .other = j, .other_is_item = true}, &f);
        for (size_t j = 0; j < other_count; j++)
            check_pair(&items[i], &others[j], (struct planner_finding){.item = i, .other = j}, &f);
    }
    return f.count;
}

const char *planner_finding_name(enum planner_finding_kind kind)
{
    switch (kind) {
    case PLANNER_QUIET_HOURS:
        return "quiet_hours";
    case PLANNER_TOO_LONG:
        return "too_long";
    case PLANNER_CONFLICT:
        return "conflict";
    case PLANNER_NONE:
        break;
    }
    return "none";
}
