/* calendar.h - one calendar event (RFC 5545 VEVENT): check it, build it, list its occurrences.
 *
 * An event is one VEVENT, and after it one more with the same UID for each occurrence that differs
 * (RECURRENCE-ID). libical does the parsing and the time zones; nothing of it shows here. Pure: no clock, and
 * bounded in time and memory for any text (recur.h); rules finer than a day are refused. Thread: main. */
#ifndef LOA_CALENDAR_H
#define LOA_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "civil.h"
#include "err.h"
#include "units.h"

#define CALENDAR_TEXT_MAX 16384 /* bytes of one event with what differs, without NUL */
#define CALENDAR_UID_SIZE 128
#define CALENDAR_SUMMARY_SIZE 200
#define CALENDAR_PER_DAY_MAX 24 /* instants a rule may name on one day */
#define CALENDAR_CHANGED_MAX 64 /* occurrences that differ, of one event */
#define CALENDAR_DURATION_MAX_S (12 * 3600)

enum calendar_kind {
    CALENDAR_ONCE = 0, /* DTSTART alone */
    CALENDAR_WEEKLY, /* each week on chosen weekdays, with or without an end and exceptions */
    CALENDAR_OTHER, /* any other rule; edit it as text */
};

/* An event in the words of a form; what calendar_build() writes and calendar_describe() reads. */
struct calendar_plan {
    enum calendar_kind kind;
    char uid
        [CALENDAR_UID_SIZE]; /* unique for ever, e.g. "event-12@27148.loa"; "" when the text has none */
    char summary[CALENDAR_SUMMARY_SIZE]; /* UTF-8, may be empty */
    char zone[CIVIL_ZONE_SIZE]; /* IANA name or "UTC" */
    struct civil start; /* local; WEEKLY: the first day and the time of day */
    uint32_t weekdays; /* WEEKLY: bit 0 Monday .. bit 6 Sunday, not 0 */
    bool has_until;
    struct civil until; /* WEEKLY: last local day, inclusive; its time of day is not used */
    uint32_t duration_s; /* 0..CALENDAR_DURATION_MAX_S; 0 = left to the bulletin */
    usec_t stamp_us; /* DTSTAMP: when this text was made */
    size_t exceptions; /* described only: number of EXDATE instants */
};

struct calendar_occurrence {
    usec_t start_us; /* station time */
    usec_t duration_us; /* of the event's text, 0 when it names none */
    usec_t recurrence_us; /* where the rule has it: names it for ever, also when it was moved */
};

struct calendar_event;

/* Read and check one event, BEGIN to END, lines ended by LF or CRLF.
 *
 *   text    `len` bytes, 1..CALENDAR_TEXT_MAX; borrowed for the call
 *   detail  on failure the line, the property and what to do
 *
 * Accepts DTSTART with TZID or in UTC, DTEND or DURATION, one RRULE (DAILY to YEARLY), RDATE, EXDATE,
 * RECURRENCE-ID; passes over what it does not need (DESCRIPTION, X-..., alarms). DTSTART must be the first
 * instant of its rule: RFC 5545 3.8.5.3 leaves open what it means otherwise, unless EXDATE removes it.
 *
 * ERR_LIMIT        longer than CALENDAR_TEXT_MAX, a duration or year out of bounds, too many instants a day
 * ERR_FORMAT       malformed, or a rule of RFC 5545 broken
 * ERR_UNSUPPORTED  valid, but not done here: SECONDLY, MINUTELY, HOURLY, whole days, floating times,
 *                  EXRULE, RANGE=THISANDFUTURE */
MUST_USE enum err calendar_parse(const char *text, size_t len, struct calendar_event **ret_event,
                                 struct err_detail *detail);
void calendar_free(struct calendar_event *e);

/* List the occurrences that start in [from_us, to_us), ascending, each instant once.
 *
 *   from_us, to_us    station time; cut to the years 1970..2100
 *   ret_occurrences   `max` places; *ret_count says how many were written, also with ERR_MORE
 *
 * ERR_MORE   there are more; go on from the last start + 1 */
MUST_USE enum err calendar_expand(const struct calendar_event *e, usec_t from_us, usec_t to_us,
                                  struct calendar_occurrence *ret_occurrences, size_t max,
                                  size_t *ret_count);

/* Say what an event is, for a form or JSON. For CALENDAR_OTHER weekdays is 0 and has_until false. */
void calendar_describe(const struct calendar_event *e, struct calendar_plan *ret_plan);

/* Write the VEVENT of a one-off or weekly plan; CRLF, folded lines, terminated. The result passes
 * calendar_parse(). A weekly DTSTART is moved to the first chosen weekday on or after `start`.
 *
 *   size  CALENDAR_TEXT_MAX + 1 suffices
 *
 * ERR_FORMAT     a field is not valid, or the end comes before the first occurrence: detail says which
 * ERR_NOT_FOUND  unknown zone
 * ERR_LIMIT      does not fit in size, or a number is out of range */
MUST_USE enum err calendar_build(const struct calendar_plan *plan, char *ret_text, size_t size,
                                 struct err_detail *detail);

#endif
