/* bulletin.h - what is approved and broadcast, and the way from draft to approval.
 *
 * Huế 29/2021: a bulletin is broadcast only after an approver approved it; by default author and
 * approver differ. Editing anything but a draft or a rejected bulletin is refused. Thread: main. */
#ifndef LOA_BULLETIN_H
#define LOA_BULLETIN_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "language.h"
#include "priority.h"
#include "station.h"
#include "units.h"

#define BULLETIN_TITLE_SIZE 200
#define BULLETIN_PARTS_MAX 16
#define BULLETIN_DOCUMENT_SIZE 64
#define BULLETIN_REASON_SIZE 500
#define BULLETIN_SILENCE_MAX_MS (10U * 60 * 1000)
#define BULLETIN_SOURCE_SIZE 256
#define BULLETIN_SOURCE_MAX_MS (720U * 60 * 1000)
#define BULLETIN_MICROPHONE "microphone" /* a live part's source; ":DEVICE" may follow */

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

enum part_kind { /* stored: numbers never change */
                 PART_NONE = 0,
                 PART_MEDIA,
                 PART_TEXT, /* a recording that the station spoke; store_speech has its text */
                 PART_SILENCE, /* between two others; its media is zero */
                 PART_CHIME, /* the station's signature tune, whichever that is when it is planned */
                 PART_RELAY, /* another broadcaster; its media sounds when that is lost, zero: nothing */
                 PART_LIVE, /* the station's microphone; likewise */
};

struct part {
    enum part_kind kind;
    struct media_id media; /* of a chime filled by the store; zero: the station has none yet */
    uint32_t
        duration_ms; /* of the media: filled by the store; of silence, relay and live: its own */
    char language[LANGUAGE_SIZE]; /* "" = for everybody */
};

/* Where a relay or live part comes from. A bulletin holds at most one. */
struct bulletin_source {
    char from[BULLETIN_SOURCE_SIZE]; /* an address, or BULLETIN_MICROPHONE; "" no such part */
    char backup[BULLETIN_SOURCE_SIZE]; /* another address of the same, "" none */
    uint32_t fallback_ms; /* length of the part's media, filled by the store; 0 none */
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
    char issuer[NAME_SIZE]; /* body that issued it, "" none */
    char document[BULLETIN_DOCUMENT_SIZE]; /* its number, "" none */
    struct bulletin_id
        origin; /* copied from; always an older one, so copies never refer in a circle */
    bool is_template; /* to be copied; never submitted */
    size_t part_count;
    struct part parts[BULLETIN_PARTS_MAX];
    struct bulletin_source source;
};

/* Names for JSON and people's commands ("draft", "notice"; those of priorities are in priority.h); NULL
 * outside the set, -1 when a name is unknown. */
const char *bulletin_state_name(enum bulletin_state s);
const char *bulletin_kind_name(enum bulletin_kind k);
int bulletin_kind_from_name(const char *name);
const char *bulletin_part_name(enum part_kind k); /* "media", "text", "silence", "chime", ... */
int bulletin_part_from_name(const char *name);

/* Does this part say something by itself: no chime, no silence? */
bool bulletin_part_speaks(const struct part *p);

/* Does its sound come while it is on air? */
bool bulletin_part_is_live(const struct part *p);

/* Check title, parts and expiry as a person entered them.
 *
 * ERR_FORMAT / ERR_LIMIT with the sentence for them in detail */
MUST_USE enum err bulletin_check(const struct bulletin *b, struct err_detail *detail);

/* Steps of the approval; each changes state, decided_by, decided_us and reason only on ERR_OK. Rejecting an approved
 * bulletin takes the approval back: what is planned of it is withdrawn, what is on air goes on.
 *
 * ERR_STATE  not possible from the present state
 * ERR_AUTH   the author may not decide on their own bulletin under this policy */
MUST_USE enum err bulletin_submit(struct bulletin *b, struct err_detail *detail);
MUST_USE enum err bulletin_approve(struct bulletin *b, struct user_id by,
                                   const struct station_policy *policy, usec_t now_us,
                                   struct err_detail *detail);
MUST_USE enum err bulletin_reject(struct bulletin *b, struct user_id by, const char *reason,
                                  usec_t now_us, struct err_detail *detail);

/* Make a draft of what is written in another one, approved or not.
 *
 *   by  its author
 *
 * Approval, history and expiry are not copied. */
void bulletin_copy(const struct bulletin *from, struct user_id by, usec_t now_us,
                   struct bulletin *ret_bulletin);

/* Length of the programme, all parts in order, ms. */
uint32_t bulletin_duration_ms(const struct bulletin *b);

#endif
