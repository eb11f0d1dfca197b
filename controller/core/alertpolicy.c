#include "alertpolicy.h"

void alertpolicy_init(struct alertpolicy *p)
{
    *p = (struct alertpolicy){
        .roles = ROLE_OPERATOR | ROLE_DISTRICT | ROLE_ADMIN,
        .confirm_s = 120,
        .per_hour = 20,
    };
}

enum err alertpolicy_check(const struct alertpolicy *p, struct err_detail *detail)
{
    if (p->roles == 0 || ((p->roles | p->confirm_roles | p->totp_roles) & ~ROLE_ALL) != 0 ||
        (p->roles & ROLE_AUDITOR) != 0)
        return err_set(detail, ERR_LIMIT,
                       "some role must be allowed to alert, and auditors never are");
    if (p->confirm_s < ALERTPOLICY_CONFIRM_MIN_S || p->confirm_s > ALERTPOLICY_CONFIRM_MAX_S)
        return err_set(detail, ERR_LIMIT, "the second person gets %d to %d seconds",
                       ALERTPOLICY_CONFIRM_MIN_S, ALERTPOLICY_CONFIRM_MAX_S);
    if (p->per_hour < 1 || p->per_hour > ALERTPOLICY_RATE_MAX)
        return err_set(detail, ERR_LIMIT, "an account may send 1 to %d alerts an hour",
                       ALERTPOLICY_RATE_MAX);
    if (p->confirm_roles != 0 && p->fallback.v == 0)
        return err_set(detail, ERR_STATE,
                       "name the fallback person who gets what nobody confirms in time");
    return ERR_OK;
}

/* Every rule but who the second person is. */
static enum alertpolicy_verdict judge_limits(const struct alertpolicy *p,
                                             const struct alertpolicy_case *c)
{
    if (!c->in_area)
        return ALERTPOLICY_AREA;
    if ((c->roles & p->totp_roles) != 0 && !c->factor_given)
        return ALERTPOLICY_FACTOR;
    return ALERTPOLICY_SOUND;
}

enum alertpolicy_verdict alertpolicy_judge(const struct alertpolicy *p,
                                           const struct alertpolicy_case *c)
{
    enum alertpolicy_verdict v;

    if ((c->roles & p->roles) == 0)
        return ALERTPOLICY_ROLE;
    v = judge_limits(p, c);
    if (v != ALERTPOLICY_SOUND)
        return v;
    if (c->ends)
        return ALERTPOLICY_SOUND;
    if (c->past_hour >= p->per_hour)
        return ALERTPOLICY_RATE;
    return (c->roles & p->confirm_roles) != 0 ? ALERTPOLICY_HOLD : ALERTPOLICY_SOUND;
}

enum alertpolicy_verdict alertpolicy_judge_confirm(const struct alertpolicy *p,
                                                   const struct alertpolicy_case *c,
                                                   struct user_id author, struct user_id person)
{
    bool is_fallback = p->fallback.v != 0 && person.v == p->fallback.v;

    if (person.v == author.v ||
        (!is_fallback && (c->roles & (p->roles | (unsigned)ROLE_APPROVER)) == 0))
        return ALERTPOLICY_ROLE;
    return judge_limits(p, c);
}

bool alertpolicy_in_area(const struct zone *zones, size_t count, const struct zone_id *area,
                         size_t area_count, bool everyone, const struct zone_id *asked,
                         size_t asked_count)
{
    if (area_count == 0)
        return true;
    for (size_t i = 0; i < asked_count; i++) {
        bool inside = false;

        for (size_t k = 0; k < area_count && !inside; k++)
            inside = zone_contains(zones, count, area[k], asked[i]);
        if (!inside)
            return false;
    }
    return !everyone;
}
