/* bulletin.h - what is approved and broadcast, and the way from draft to approval.
 *
 * Huế 29/2021: a bulletin is broadcast only after an approver approved it; by default author and
 * approver differ. Editing anything but a draft or a rejected bulletin is refused. Thread: main. */
#ifndef LOA_BULLETIN_H
#define LOA_BULLETIN_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "priority.h"
#include "station.h"
#include "units.h"

#define BULLETIN_TITLE_SIZE 200
#define BULLETIN_PARTS_MAX 16
#define BULLETIN_REASON_SIZE 500

enum bulletin_state {
    BULLETIN_DRAFT = 0,
    BULLETIN_SUBMITTED,
    BULLETIN_APPROVED,
    BULLETIN_REJECTED,
};

enum bulletin_kind {
    BULLETIN_NOTICE = 0,
    BULLETIN_NEWS,
    BULLETIN_LAW,
    BULLETIN_HEALTH,
    BULLETIN_WEATHER,
    BULLETIN_CULTURE,
    BULLETIN_EMERGENCY,
};

enum part_kind {
    PART_NONE = 0,
    PART_MEDIA,
};

struct part {
    enum part_kind kind;
    struct media_id media;
    uint32_t duration_ms; /* of the media; filled by the store */
};

struct bulletin {
    struct bulletin_id id;
    char title[BULLETIN_TITLE_SIZE];
    enum bulletin_kind kind;
    enum priority priority;
    enum bulletin_state state;
    struct user_id author;
    struct user_id decided_by; /* approver, 0 before */
    char reason[BULLETIN_REASON_SIZE]; /* of a rejection */
    usec_t created_us;
    usec_t decided_us;
    usec_t expires_us; /* 0 never; nothing of it sounds from then on */
    size_t part_count;
    struct part parts[BULLETIN_PARTS_MAX];
};

/* Names for JSON and people's commands ("draft", "notice"; those of priorities are in priority.h); NULL
 * outside the set, -1 when a name is unknown. */
const char *bulletin_state_name(enum bulletin_state s);
const char *bulletin_kind_name(enum bulletin_kind k);
int bulletin_kind_from_name(const char *name);

/* Check title, parts and expiry as a person entered them.
 *
 * ERR_FORMAT / ERR_LIMIT with the sentence for them in detail */
MUST_USE enum err bulletin_check(const struct bulletin *b, struct err_detail *detail);

/* Steps of the approval; each changes state, decided_by, decided_us and reason only on ERR_OK.
 *
 * ERR_STATE  not possible from the present state
 * ERR_AUTH   the author may not decide on their own bulletin under this policy */
MUST_USE enum err bulletin_submit(struct bulletin *b, struct err_detail *detail);
MUST_USE enum err bulletin_approve(struct bulletin *b, struct user_id by,
                                   const struct station_policy *policy, usec_t now_us,
                                   struct err_detail *detail);
MUST_USE enum err bulletin_reject(struct bulletin *b, struct user_id by, const char *reason,
                                  usec_t now_us, struct err_detail *detail);

/* Length of the programme, all parts in order, ms. */
uint32_t bulletin_duration_ms(const struct bulletin *b);

#endif
