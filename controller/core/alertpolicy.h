/* alertpolicy.h - who may alert whom, and what else it takes: second person, second factor, limits.
 *
 * A pure table of rules; the caller fetches what they judge. Thread: main. */
#ifndef LOA_ALERTPOLICY_H
#define LOA_ALERTPOLICY_H

#include <stdbool.h>

#include "err.h"
#include "station.h"
#include "units.h"
#include "zone.h"

#define ALERTPOLICY_CONFIRM_MIN_S 10
#define ALERTPOLICY_CONFIRM_MAX_S 3600
#define ALERTPOLICY_RATE_MAX 1000
#define ALERTPOLICY_AREA_MAX 256 /* zones of one account */

struct alertpolicy {
    unsigned roles; /* set of enum role: may alert; operator, district, admin by default */
    unsigned confirm_roles; /* of them: a second person confirms; none by default */
    unsigned totp_roles; /* of them: give a code of their second factor; none by default */
    uint32_t confirm_s; /* for the second person, then it goes to the fallback person; 120 */
    struct user_id fallback; /* 0: none named */
    uint32_t per_hour; /* alerts of one account; 20 by default */
};

void alertpolicy_init(struct alertpolicy *p);

/* Check what a person entered.
 *
 * ERR_LIMIT, ERR_STATE with the sentence for them in detail */
MUST_USE enum err alertpolicy_check(const struct alertpolicy *p, struct err_detail *detail);

/* What is known of a person who wants to alert. */
struct alertpolicy_case {
    unsigned roles;
    bool factor_given; /* a code came and is right */
    bool in_area;
    uint32_t past_hour; /* alerts of this account */
    bool ends; /* an all-clear or a cancellation: limits of number do not hold */
};

enum alertpolicy_verdict {
    ALERTPOLICY_SOUND = 0,
    ALERTPOLICY_HOLD, /* a second person has to confirm it */
    ALERTPOLICY_ROLE,
    ALERTPOLICY_AREA,
    ALERTPOLICY_RATE,
    ALERTPOLICY_FACTOR, /* a code is needed */
};

enum alertpolicy_verdict alertpolicy_judge(const struct alertpolicy *p,
                                           const struct alertpolicy_case *c);

/* The person who confirms: another one than the author, who may alert there or is the fallback person, or
 * approves bulletins. Needs the code of a second factor where they would to alert. */
enum alertpolicy_verdict alertpolicy_judge_confirm(const struct alertpolicy *p,
                                                   const struct alertpolicy_case *c,
                                                   struct user_id author, struct user_id person);

/* Does an account's area hold all that an alert asks for? An empty area is no limit.
 *
 *   zones, count  all of the station */
bool alertpolicy_in_area(const struct zone *zones, size_t count, const struct zone_id *area,
                         size_t area_count, bool everyone, const struct zone_id *asked,
                         size_t asked_count);

#endif
