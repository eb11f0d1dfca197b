/* station.h - who this station is and what it allows: identity, policy, people and their roles.
 *
 * Pure data and rules; loaded from the store at start, written through it. Thread: main. */
#ifndef LOA_STATION_H
#define LOA_STATION_H

#include <stdbool.h>

#include "err.h"
#include "planner.h"
#include "units.h"
#include "window.h"

#define STATION_CODE_SIZE 16
#define STATION_KEEP_DAYS 400
#define STATION_IDLE_MIN 30
#define NAME_SIZE 128 /* UTF-8 with its NUL, for people, zones, nodes and stations */

/* Bits; an account holds any set of them. */
enum role {
    ROLE_NONE = 0,
    ROLE_OPERATOR = 1 << 0, /* writes, schedules, broadcasts */
    ROLE_APPROVER = 1 << 1, /* approves and rejects bulletins */
    ROLE_TECHNICIAN = 1 << 2, /* commissions and repairs nodes */
    ROLE_DISTRICT = 1 << 3, /* upper level: emergencies */
    ROLE_ADMIN = 1 << 4, /* accounts, policy, backup */
    ROLE_AUDITOR = 1 << 5, /* reads everything, changes nothing */
};
#define ROLE_ALL 0x3FU

/* Name one role bit ("operator", ...), and back; NULL and ROLE_NONE when there is none. */
const char *role_name(enum role role);
enum role role_from_name(const char *name);

struct user {
    struct user_id id;
    char login[64];
    char name[NAME_SIZE];
    unsigned roles; /* set of enum role */
    char password_hash[160]; /* argon2id, encoded form; empty = cannot sign in */
    char language[8]; /* of the console: "vi", "en"; "" as the browser says */
    bool disabled;
};

struct station_policy {
    bool author_may_approve; /* Huế 29/2021 asks for two persons; off by default */
    uint16_t quiet_from_min; /* minutes after local midnight; 21:00 by default */
    uint16_t quiet_to_min; /* 06:00 by default */
    uint16_t
        allowed_from_min; /* outside these hours nodes sound emergencies only; 05:00 by default */
    uint16_t allowed_to_min; /* 22:00 by default; equal, or 00:00 to 24:00: always allowed */
    uint32_t max_broadcast_s; /* 1..43,200; 2,700 by default (rural profile, 45 min) */
    uint32_t
        keep_days; /* history of broadcasts and their sound; 0 for ever, STATION_KEEP_DAYS by default */
    uint32_t
        idle_min; /* a browser is signed out after so long without use; 30 by default, 0 never */
    uint32_t late_tolerance_s; /* how late a start may still be joined; 60 by default */
    enum planner_profile profile; /* whose quotas bind the schedule; none by default */
    int16_t backup_at_min; /* local minute of the daily backup, 02:30 by default; -1 never */
    uint16_t backup_keep; /* backups that are kept, 1..365; 14 by default */
};

struct station {
    char code[STATION_CODE_SIZE]; /* commune code, 5 digits (Decision 19/2025) */
    char name[NAME_SIZE];
    char timezone[64]; /* IANA name */
    int16_t utc_offset_min; /* of that zone; Viet Nam has no daylight saving time */
    struct station_policy policy;
};

/* A station with every default and no name. */
void station_init(struct station *s);

/* Check what a person entered.
 *
 * ERR_FORMAT / ERR_LIMIT with the sentence for them in detail */
MUST_USE enum err station_check(const struct station *s, struct err_detail *detail);

/* The allowed hours as windows.
 *
 *   ret_windows  WINDOW_QUIET_MAX places
 *
 * Returns how many; 0: always allowed. */
size_t station_windows(const struct station_policy *p, struct window *ret_windows);

/* True when all of the interval [from_us, to_us) of station time lies in the allowed hours. */
bool station_allows(const struct station *s, usec_t from_us, usec_t to_us);

/* True when the interval [from_us, to_us) of station time touches the quiet hours. */
bool station_is_quiet(const struct station *s, usec_t from_us, usec_t to_us);

#endif
