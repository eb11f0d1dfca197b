#include "priority.h"

#include <string.h>

static bool is_active(const struct priority_candidate *c, usec_t now_us)
{
    return c->start_us <= now_us && now_us < c->end_us;
}

/* Order of arrival: total, and the same on each node. */
static bool came_before(const struct priority_candidate *a, const struct priority_candidate *b)
{
    if (a->start_us != b->start_us)
        return a->start_us < b->start_us;
    if (a->accepted_us != b->accepted_us)
        return a->accepted_us < b->accepted_us;
    return a->id < b->id;
}

/* True when b ends a for good at b's start. */
static bool cuts(const struct priority_candidate *b, const struct priority_candidate *a)
{
    if (!b->cuts_equal || b->level != a->level || !came_before(a, b) || b->start_us >= a->end_us ||
        b->end_us <= b->start_us)
        return false;
    if (a->level == PRIORITY_EMERGENCY)
        return a->sender == b->sender;
    return b->rank <= a->rank;
}

/* The candidate that has cut c by now, the first to do so, or PRIORITY_NOBODY. */
static size_t find_cut(const struct priority_candidate *cs, size_t count,
                       const struct priority_candidate *c, usec_t now_us)
{
    size_t by = PRIORITY_NOBODY;

    for (size_t i = 0; i < count; i++) {
        if (cs[i].start_us <= now_us && cuts(&cs[i], c) &&
            (by == PRIORITY_NOBODY || came_before(&cs[i], &cs[by])))
            by = i;
    }
    return by;
}

/* When it is over: at its end, or when another one cut it. */
static usec_t over_us(const struct priority_candidate *cs, size_t count,
                      const struct priority_candidate *c)
{
    size_t by = find_cut(cs, count, c, INT64_MAX);

    return by == PRIORITY_NOBODY ? c->end_us : cs[by].start_us;
}

/* Since when a sender has had an emergency on without a break, up to now. What has ended counts too:
 * the sender releases the node only when none is left. */
static usec_t held_since(const struct priority_candidate *cs, size_t count,
                         const struct priority_candidate *active)
{
    usec_t since = active->start_us;
    bool grown = true;

    while (grown) {
        grown = false;
        for (size_t i = 0; i < count; i++) {
            if (cs[i].level == PRIORITY_EMERGENCY && cs[i].sender == active->sender &&
                cs[i].start_us < since && over_us(cs, count, &cs[i]) >= since) {
                since = cs[i].start_us;
                grown = true;
            }
        }
    }
    return since;
}

/* Why `loser` stands behind `winner` when both could sound now; NONE when it does not. */
static enum priority_why compare_emergencies(const struct priority_candidate *cs, size_t count,
                                             const struct priority_candidate *loser,
                                             const struct priority_candidate *winner)
{
    usec_t loser_since;
    usec_t winner_since;

    if (loser->sender == winner->sender)
        return came_before(loser, winner) ? PRIORITY_WHY_LATER : PRIORITY_WHY_NONE;
    loser_since = held_since(cs, count, loser);
    winner_since = held_since(cs, count, winner);
    if (winner_since != loser_since)
        return winner_since < loser_since ? PRIORITY_WHY_OTHER_SENDER : PRIORITY_WHY_NONE;
    return winner->sender < loser->sender ? PRIORITY_WHY_OTHER_SENDER : PRIORITY_WHY_NONE;
}

static enum priority_why compare(const struct priority_candidate *cs, size_t count,
                                 const struct priority_candidate *loser,
                                 const struct priority_candidate *winner)
{
    if (loser->level != winner->level)
        return loser->level < winner->level ? PRIORITY_WHY_HIGHER_LEVEL : PRIORITY_WHY_NONE;
    if (loser->level == PRIORITY_EMERGENCY)
        return compare_emergencies(cs, count, loser, winner);
    if (loser->rank != winner->rank)
        return loser->rank > winner->rank ? PRIORITY_WHY_RANK : PRIORITY_WHY_NONE;
    return came_before(winner, loser) ? PRIORITY_WHY_EARLIER : PRIORITY_WHY_NONE;
}

/* What keeps a candidate silent whoever else there is; NONE when nothing does. */
static struct priority_verdict judge_alone(const struct priority_candidate *cs, size_t count,
                                           size_t at, const struct priority_conditions *conditions,
                                           usec_t now_us)
{
    const struct priority_candidate *c = &cs[at];
    bool is_emergency = c->level == PRIORITY_EMERGENCY;
    struct priority_verdict v = {.why = PRIORITY_WHY_NONE, .by = PRIORITY_NOBODY};

    if (now_us < c->start_us) {
        v.why = PRIORITY_WHY_NOT_YET;
    } else if (!is_active(c, now_us)) {
        v.why = PRIORITY_WHY_OVER;
    } else if ((v.by = find_cut(cs, count, c, now_us)) != PRIORITY_NOBODY) {
        v.why = PRIORITY_WHY_CUT;
    } else if (conditions->muted && !(is_emergency && conditions->emergency_passes_mute)) {
        v.why = PRIORITY_WHY_MUTED;
    } else if (conditions->quiet && !is_emergency) {
        v.why = PRIORITY_WHY_QUIET;
    }
    return v;
}

size_t priority_choose(const struct priority_candidate *candidates, size_t count,
                       const struct priority_conditions *conditions, usec_t now_us,
                       struct priority_verdict *ret_verdicts)
{
    size_t winner = PRIORITY_NOBODY;

    for (size_t i = 0; i < count; i++) {
        struct priority_verdict v = judge_alone(candidates, count, i, conditions, now_us);

        if (ret_verdicts != NULL)
            ret_verdicts[i] = v;
        if (v.why != PRIORITY_WHY_NONE)
            continue;
        if (winner == PRIORITY_NOBODY ||
            compare(candidates, count, &candidates[winner], &candidates[i]) != PRIORITY_WHY_NONE)
            winner = i;
    }
    for (size_t i = 0; ret_verdicts != NULL && i < count; i++) {
        if (i == winner) {
            ret_verdicts[i].why = PRIORITY_WHY_SOUNDS;
        } else if (ret_verdicts[i].why == PRIORITY_WHY_NONE) {
            ret_verdicts[i].why = compare(candidates, count, &candidates[i], &candidates[winner]);
            ret_verdicts[i].by = winner;
        }
    }
    return winner;
}

usec_t priority_next_change(const struct priority_candidate *candidates, size_t count,
                            usec_t now_us)
{
    usec_t next = INT64_MAX;

    for (size_t i = 0; i < count; i++) {
        if (candidates[i].start_us > now_us && candidates[i].start_us < next)
            next = candidates[i].start_us;
        if (candidates[i].end_us > now_us && candidates[i].end_us < next)
            next = candidates[i].end_us;
    }
    return next;
}

const char *priority_why_name(enum priority_why why)
{
    static const char *const names[] = {"none", "sounds",  "not_yet", "over",
                                        "cut",  "muted",   "quiet",   "higher_level",
                                        "rank", "earlier", "later",   "other_sender"};

    return (size_t)why < sizeof(names) / sizeof(names[0]) ? names[why] : "none";
}

static const char *const level_names[] = {
    [PRIORITY_NORMAL] = "normal",
    [PRIORITY_PRIORITY] = "priority",
    [PRIORITY_EMERGENCY] = "emergency",
};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

const char *priority_name(enum priority p)
{
    return (size_t)p < LEVELS ? level_names[p] : NULL;
}

int priority_from_name(const char *name)
{
    for (size_t i = PRIORITY_NORMAL; i < LEVELS; i++) {
        if (strcmp(name, level_names[i]) == 0)
            return (int)i;
    }
    return -1;
}
