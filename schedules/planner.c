#include "planner.h"

#include <string.h>

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

struct quota {
    unsigned sessions; /* a day, on a node; 0: any number */
    usec_t session_us;
    uint32_t weekdays; /* bit 0 Monday */
};

static const struct quota quotas[] = {
    [PLANNER_PROFILE_URBAN] = {2, 15 * USEC_PER_MIN, 0x1F},
    [PLANNER_PROFILE_RURAL] = {0, 45 * USEC_PER_MIN, 0x7F},
};

static bool has_node(const struct planner_item *item, struct node_id node)
{
    size_t from = 0;
    size_t to = item->node_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (item->nodes[middle].v < node.v)
            from = middle + 1;
        else
            to = middle;
    }
    return from < item->node_count && item->nodes[from].v == node.v;
}

/* The sessions of one node up to an item of it, on one day. */
struct sessions {
    unsigned count;
    usec_t start_us; /* of the last one */
    usec_t end_us;
    bool is_begun; /* by the last item */
    bool has_about; /* the last session has an item that is asked about */
    bool day_has_about;
};

static struct sessions count_sessions(const struct planner_item *items, size_t first, size_t last,
                                      struct node_id node, uint64_t about)
{
    struct sessions s = {0};

    for (size_t i = first; i <= last; i++) {
        const struct planner_item *item = &items[i];
        bool is_about = about == 0 || item->key == about;

        if (item->level == PRIORITY_EMERGENCY || !has_node(item, node))
            continue;
        s.is_begun = s.count == 0 || item->start_us >= s.end_us + PLANNER_SESSION_GAP_US;
        if (s.is_begun) {
            s.count++;
            s.start_us = item->start_us;
            s.has_about = false;
        }
        if (item->end_us > s.end_us)
            s.end_us = item->end_us;
        s.has_about = s.has_about || is_about;
        s.day_has_about = s.day_has_about || is_about;
    }
    return s;
}

static void check_sessions(const struct planner_item *items, size_t first, size_t at,
                           const struct quota *quota, uint64_t about, struct findings *f)
{
    const struct planner_item *item = &items[at];
    struct planner_finding many = {.kind = PLANNER_QUOTA_SESSIONS,
                                   .item = at,
                                   .from_us = item->start_us,
                                   .to_us = item->end_us};
    struct planner_finding longer = {
        .kind = PLANNER_QUOTA_LENGTH, .item = at, .to_us = item->end_us};

    for (size_t n = 0; n < item->node_count; n++) {
        struct sessions s = count_sessions(items, first, at, item->nodes[n], about);

        if (quota->sessions != 0 && s.is_begun && s.count > quota->sessions && s.day_has_about &&
            many.shared++ == 0)
            many.node = item->nodes[n];
        if (item->end_us - s.start_us > quota->session_us && s.has_about && longer.shared++ == 0) {
            longer.node = item->nodes[n];
            longer.from_us = s.start_us + quota->session_us;
        }
    }
    if (many.shared > 0)
        add(f, &many);
    if (longer.shared > 0)
        add(f, &longer);
}

size_t planner_check_quota(const struct planner_item *items, size_t count,
                           enum planner_profile profile, int32_t utc_offset_min, uint64_t about,
                           struct planner_finding *ret_findings, size_t max)
{
    struct findings f = {.out = ret_findings, .max = max};
    const struct quota *quota = &quotas[profile];
    usec_t offset_us = utc_offset_min * USEC_PER_MIN;
    size_t first = 0;

    for (size_t i = 0; profile != PLANNER_PROFILE_NONE && i < count; i++) {
        const struct planner_item *item = &items[i];
        int64_t day = (item->start_us + offset_us) / USEC_PER_DAY;

        while ((items[first].start_us + offset_us) / USEC_PER_DAY < day)
            first++;
        if (item->level == PRIORITY_EMERGENCY)
            continue;
        /* 1970-01-01 was a Thursday. */
        if ((quota->weekdays & (1U << ((day + 3) % 7))) == 0 && (about == 0 || item->key == about))
            add(&f, &(struct planner_finding){.kind = PLANNER_QUOTA_DAY,
                                              .item = i,
                                              .from_us = item->start_us,
                                              .to_us = item->end_us,
                                              .shared = item->node_count});
        check_sessions(items, first, i, quota, about, &f);
    }
    return f.count;
}

static const char *const profile_names[] = {"none", "urban", "rural"};

const char *planner_profile_name(enum planner_profile p)
{
    return profile_names[p <= PLANNER_PROFILE_RURAL ? p : PLANNER_PROFILE_NONE];
}

int planner_profile_from_name(const char *name)
{
    for (int i = PLANNER_PROFILE_NONE; i <= PLANNER_PROFILE_RURAL; i++) {
        if (strcmp(name, profile_names[i]) == 0)
            return i;
    }
    return -1;
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
    case PLANNER_QUOTA_SESSIONS:
        return "quota_sessions";
    case PLANNER_QUOTA_LENGTH:
        return "quota_length";
    case PLANNER_QUOTA_DAY:
        return "quota_day";
    case PLANNER_NONE:
        break;
    }
    return "none";
}
