#include "calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "calendar_impl.h"

#define LINES_MAX 256
#define COUNT_MAX 10000

/* The text with folded lines joined, so that messages can name the line a person sees. */
struct card {
    char text[CALENDAR_TEXT_MAX + 2];
    size_t count;
    char *lines[LINES_MAX];
    int numbers[LINES_MAX];
};

/* True when a line is the named property, whatever its parameters and case. */
static bool is_property(const char *line, const char *name)
{
    size_t n = strlen(name);

    return strncasecmp(line, name, n) == 0 && (line[n] == ':' || line[n] == ';');
}

static int line_of(const struct card *card, const char *name)
{
    for (size_t i = 0; i < card->count; i++) {
        if (is_property(card->lines[i], name))
            return card->numbers[i];
    }
    return 1;
}

static enum err card_read(struct card *card, const char *text, size_t len,
                          struct err_detail *detail)
{
    bool at_start = true;
    int number = 1;
    size_t at = 0; /* the terminator of the present line */

    card->count = 0;
    if (memchr(text, '\0', len) != NULL)
        return err_set(detail, ERR_FORMAT, "the event holds a zero byte; send it as plain text");
    for (size_t i = 0; i < len; i++) {
        bool is_folded = (text[i] == ' ' || text[i] == '\t') && card->count > 0;

        if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
            continue;
        if (text[i] == '\n') {
            number++;
            at_start = true;
            continue;
        }
        if (at_start && !is_folded) {
            if (card->count == LINES_MAX)
                return err_set(detail, ERR_LIMIT, "line %d: an event has at most %d lines", number,
                               LINES_MAX);
            at = card->count == 0 ? 0 : at + 1;
            card->lines[card->count] = card->text + at;
            card->numbers[card->count++] = number;
        }
        if (!at_start || !is_folded)
            card->text[at++] = text[i];
        card->text[at] = '\0';
        at_start = false;
    }
    for (size_t i = 0; i < card->count; i++) {
        if (!utf8_valid(card->lines[i], strlen(card->lines[i]), true))
            return err_set(detail, ERR_FORMAT,
                           "line %d: not UTF-8 text, or it holds control characters",
                           card->numbers[i]);
    }
    return ERR_OK;
}

static enum err check_lines(const struct card *card, struct err_detail *detail)
{
    static const struct {
        const char *name;
        const char *advice;
    } refused[] = {
        {"EXRULE", "list the instants to leave out as EXDATE"},
        {"RECURRENCE-ID", "use EXDATE for the old instant and a second event for the new one"},
    };
    static const char *const single[] = {"DTSTART", "DTEND", "DURATION", "RRULE", "UID", "SUMMARY"};

    if (card->count < 2 || strcasecmp(card->lines[0], "BEGIN:VEVENT") != 0)
        return err_set(detail, ERR_FORMAT,
                       "line 1: the text does not begin with BEGIN:VEVENT; give one VEVENT alone");
    if (strcasecmp(card->lines[card->count - 1], "END:VEVENT") != 0)
        return err_set(detail, ERR_FORMAT, "line %d: the text does not end with END:VEVENT",
                       card->numbers[card->count - 1]);
    for (size_t i = 1; i + 1 < card->count; i++) {
        const char *line = card->lines[i];

        if (strncasecmp(line, "BEGIN:", 6) == 0 || strncasecmp(line, "END:", 4) == 0)
            return err_set(detail, ERR_UNSUPPORTED,
                           "line %d: components inside the event, such as alarms, are not used "
                           "here; remove them",
                           card->numbers[i]);
        for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
            if (is_property(line, refused[k].name))
                return err_set(detail, ERR_UNSUPPORTED, "line %d: %s is not supported; %s",
                               card->numbers[i], refused[k].name, refused[k].advice);
        }
        for (size_t k = 0; k < sizeof(single) / sizeof(single[0]); k++) {
            if (is_property(line, single[k]) && line_of(card, single[k]) != card->numbers[i])
                return err_set(detail, ERR_FORMAT, "line %d: a second %s; keep one",
                               card->numbers[i], single[k]);
        }
        if (is_property(line, "RRULE") &&
            (strcasestr(line, "RSCALE=") != NULL || strcasestr(line, "SKIP=") != NULL))
            return err_set(detail, ERR_UNSUPPORTED,
                           "line %d: RRULE: RSCALE and SKIP are not supported; leave them out",
                           card->numbers[i]);
    }
    return ERR_OK;
}

/* Give libical the first `count` lines after BEGIN from `first` on; NULL when out of memory. */
static icalcomponent *parse_lines(const struct card *card, size_t first, size_t count)
{
    static const char begin[] = "BEGIN:VEVENT\n";
    static const char end[] = "END:VEVENT\n";
    char *text = malloc(sizeof(card->text) + sizeof(begin) + sizeof(end) + LINES_MAX);
    icalcomponent *vevent;
    char *at = text;

    if (text == NULL)
        return NULL;
    at = stpcpy(at, begin);
    for (size_t i = first; i < first + count; i++) {
        at = stpcpy(at, card->lines[i]);
        *at++ = '\n';
    }
    stpcpy(at, end);
    vevent = icalparser_parse_string(text);
    free(text);
    return vevent;
}

static bool has_error(icalcomponent *vevent)
{
    return vevent == NULL ||
           icalcomponent_get_first_property(vevent, ICAL_XLICERROR_PROPERTY) != NULL;
}

/* Find the line libical does not accept, by giving it one at a time. */
static enum err name_the_error(const struct card *card, struct err_detail *detail)
{
    for (size_t i = 1; i + 1 < card->count; i++) {
        icalcomponent *alone = parse_lines(card, i, 1);
        bool bad = has_error(alone);

        if (alone != NULL)
            icalcomponent_free(alone);
        if (bad)
            return err_set(detail, ERR_FORMAT,
                           "line %d: \"%.60s\" is not a valid line of a calendar event (RFC 5545); "
                           "correct or remove it",
                           card->numbers[i], card->lines[i]);
    }
    return err_set(detail, ERR_FORMAT, "line 1: the text is not a calendar event (RFC 5545)");
}

/* Check one point in time and turn it into station time. */
static enum err read_time(icalproperty *prop, struct icaltimetype t, const char *name, int line,
                          icaltimezone **ret_zone, usec_t *ret_us, struct err_detail *detail)
{
    icalparameter *tzid = icalproperty_get_first_parameter(prop, ICAL_TZID_PARAMETER);
    struct civil c = {t.year, t.month, t.day, t.hour, t.minute, t.second};
    icaltimezone *zone;

    if (icaltime_is_null_time(t))
        return err_set(detail, ERR_FORMAT, "line %d: %s is not a date and time", line, name);
    if (t.is_date)
        return err_set(detail, ERR_UNSUPPORTED,
                       "line %d: %s names a whole day; add the time, such as "
                       "%s;TZID=Asia/Ho_Chi_Minh:20260105T053000",
                       line, name, name);
    if (t.year < CIVIL_YEAR_MIN || t.year > CIVIL_YEAR_MAX)
        return err_set(detail, ERR_LIMIT, "line %d: %s must lie in the years %d to %d", line, name,
                       CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
    if (!civil_valid(&c))
        return err_set(detail, ERR_FORMAT, "line %d: %s is not a date and time that exists", line,
                       name);
    if (icaltime_is_utc(t)) {
        zone = icaltimezone_get_utc_timezone();
    } else if (tzid == NULL) {
        return err_set(
            detail, ERR_UNSUPPORTED,
            "line %d: %s has no time zone; add one, such as %s;TZID=Asia/Ho_Chi_Minh:..., "
            "or end the time with Z for UTC",
            line, name, name);
    } else {
        zone = icalzone_find(icalparameter_get_tzid(tzid));
        if (zone == NULL)
            return err_set(
                detail, ERR_FORMAT,
                "line %d: %s: the time zone \"%.40s\" is not known; use an IANA name such "
                "as Asia/Ho_Chi_Minh",
                line, name, icalparameter_get_tzid(tzid));
    }
    *ret_zone = zone;
    *ret_us = icalzone_to_us(t, zone);
    return ERR_OK;
}

static enum err read_start(struct calendar_event *e, const struct card *card, icalcomponent *vevent,
                           struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_DTSTART_PROPERTY);
    icalparameter *tzid;
    enum err err;

    if (prop == NULL)
        return err_set(detail, ERR_FORMAT,
                       "line 1: the event has no DTSTART; add one, such as "
                       "DTSTART;TZID=Asia/Ho_Chi_Minh:20260105T053000");
    e->start = icalproperty_get_dtstart(prop);
    err = read_time(prop, e->start, "DTSTART", line_of(card, "DTSTART"), &e->zone, &e->start_us,
                    detail);
    if (err != ERR_OK)
        return err;
    e->start = icaltime_set_timezone(&e->start, e->zone);
    tzid = icalproperty_get_first_parameter(prop, ICAL_TZID_PARAMETER);
    snprintf(e->zone_name, sizeof(e->zone_name), "%s",
             icaltime_is_utc(e->start) || tzid == NULL ? "UTC" : icalparameter_get_tzid(tzid));
    return ERR_OK;
}

static enum err read_duration(struct calendar_event *e, const struct card *card,
                              icalcomponent *vevent, struct err_detail *detail)
{
    icalproperty *end = icalcomponent_get_first_property(vevent, ICAL_DTEND_PROPERTY);
    icalproperty *length = icalcomponent_get_first_property(vevent, ICAL_DURATION_PROPERTY);
    const char *name = end != NULL ? "DTEND" : "DURATION";
    int line = line_of(card, name);

    if (end != NULL && length != NULL)
        return err_set(detail, ERR_FORMAT, "line %d: both DTEND and DURATION; keep one", line);
    if (end != NULL) {
        icaltimezone *zone;
        usec_t end_us;
        enum err err =
            read_time(end, icalproperty_get_dtend(end), name, line, &zone, &end_us, detail);

        if (err != ERR_OK)
            return err;
        e->duration_us = end_us - e->start_us;
    } else if (length != NULL) {
        struct icaldurationtype d = icalproperty_get_duration(length);

        /* Bounded before the sum below can overflow inside libical. */
        if (d.weeks > 1 || d.days > 7 || d.hours > 200 || d.minutes > 10000 || d.seconds > 600000)
            e->duration_us = INT64_MAX;
        else
            e->duration_us = (usec_t)icaldurationtype_as_int(d) * USEC_PER_SEC;
    }
    if (e->duration_us < 0)
        return err_set(detail, ERR_FORMAT, "line %d: %s: the event ends before it starts", line,
                       name);
    if (e->duration_us > CALENDAR_DURATION_MAX_S * USEC_PER_SEC)
        return err_set(detail, ERR_LIMIT, "line %d: %s: an event lasts at most %d hours", line,
                       name, CALENDAR_DURATION_MAX_S / 3600);
    return ERR_OK;
}

static size_t list_length(const short *list, size_t size)
{
    size_t n = 0;

    while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX)
        n++;
    return n;
}

static enum err check_rule(const struct calendar_event *e, int line, struct err_detail *detail)
{
    const struct icalrecurrencetype *r = &e->rule;
    size_t per_day = 1;
    size_t n;

    if (r->freq < ICAL_DAILY_RECURRENCE)
        return err_set(
            detail, ERR_UNSUPPORTED,
            "line %d: RRULE: FREQ=%s repeats more often than daily, which is not allowed; "
            "use FREQ=DAILY with BYHOUR, or several events",
            line, icalrecur_freq_to_string(r->freq));
    if (r->freq > ICAL_YEARLY_RECURRENCE || r->interval < 1)
        return err_set(detail, ERR_FORMAT,
                       "line %d: RRULE: FREQ or INTERVAL is not valid; use FREQ=DAILY, WEEKLY, "
                       "MONTHLY or YEARLY and an INTERVAL of 1 or more",
                       line);
    n = list_length(r->by_hour, ICAL_BY_HOUR_SIZE);
    per_day *= n > 0 ? n : 1;
    n = list_length(r->by_minute, ICAL_BY_MINUTE_SIZE);
    per_day *= n > 0 ? n : 1;
    n = list_length(r->by_second, ICAL_BY_SECOND_SIZE);
    per_day *= n > 0 ? n : 1;
    if (per_day > CALENDAR_PER_DAY_MAX || r->count > COUNT_MAX)
        return err_set(detail, ERR_LIMIT,
                       "line %d: RRULE: at most %d instants a day and a COUNT of %d are allowed; "
                       "shorten BYHOUR, BYMINUTE, BYSECOND or COUNT",
                       line, CALENDAR_PER_DAY_MAX, COUNT_MAX);
    if (!icaltime_is_null_time(r->until) && (r->until.is_date || !icaltime_is_utc(r->until)))
        return err_set(
            detail, ERR_FORMAT,
            "line %d: RRULE: UNTIL must be a date and time in UTC (RFC 5545 3.3.10), such "
            "as UNTIL=20261231T165959Z",
            line);
    return ERR_OK;
}

/* DTSTART must be the first instant of its rule. Asking no further than that also bounds the search
 * in a rule that names no date at all (30 February), which libical would pursue for centuries. */
static enum err check_first(const struct calendar_event *e, int line, struct err_detail *detail)
{
    struct icalrecurrencetype rule = e->rule;
    struct icaltimetype first = icaltime_null_time();
    icalrecur_iterator *it;

    /* The margin is for local times that clocks show twice, where libical means the second. */
    if (icaltime_is_null_time(rule.until) ||
        (usec_t)icaltime_as_timet(rule.until) * USEC_PER_SEC > e->start_us + USEC_PER_DAY)
        rule.until =
            icaltime_from_timet_with_zone((time_t)((e->start_us + USEC_PER_DAY) / USEC_PER_SEC), 0,
                                          icaltimezone_get_utc_timezone());
    it = icalrecur_iterator_new(rule, e->start);
    if (it != NULL)
        first = icalrecur_iterator_next(it);
    icalrecur_iterator_free(it);
    if (icaltime_is_null_time(first) || icaltime_compare(first, e->start) != 0)
        return err_set(
            detail, ERR_FORMAT,
            "line %d: RRULE does not name DTSTART; set DTSTART to the first instant of "
            "the rule and check that the rule names a date that exists and ends after it",
            line);
    return ERR_OK;
}

static enum err read_rule(struct calendar_event *e, const struct card *card, icalcomponent *vevent,
                          struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_RRULE_PROPERTY);
    int line = line_of(card, "RRULE");
    enum err err;

    if (prop == NULL)
        return ERR_OK;
    e->has_rule = true;
    e->rule = icalproperty_get_rrule(prop);
    err = check_rule(e, line, detail);
    return err != ERR_OK ? err : check_first(e, line, detail);
}

static int compare_us(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a;
    usec_t y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

/* Collect RDATE or EXDATE, ascending. */
static enum err read_list(const struct card *card, icalcomponent *vevent, icalproperty_kind kind,
                          struct instants *list, struct err_detail *detail)
{
    const char *name = kind == ICAL_RDATE_PROPERTY ? "RDATE" : "EXDATE";
    int line = line_of(card, name);
    size_t size = (size_t)icalcomponent_count_properties(vevent, kind);

    if (size == 0)
        return ERR_OK;
    list->at_us = calloc(size, sizeof(list->at_us[0]));
    if (list->at_us == NULL)
        return ERR_NOMEM;
    for (icalproperty *p = icalcomponent_get_first_property(vevent, kind); p != NULL;
         p = icalcomponent_get_next_property(vevent, kind)) {
        struct icaltimetype t;
        icaltimezone *zone;
        enum err err;

        if (kind == ICAL_EXDATE_PROPERTY) {
            t = icalproperty_get_exdate(p);
        } else {
            struct icaldatetimeperiodtype dp = icalproperty_get_rdate(p);

            if (!icalperiodtype_is_null_period(dp.period))
                return err_set(detail, ERR_UNSUPPORTED,
                               "line %d: RDATE with a period is not supported; name the start only",
                               line);
            t = dp.time;
        }
        err = read_time(p, t, name, line, &zone, &list->at_us[list->count], detail);
        if (err != ERR_OK)
            return err;
        list->count++;
    }
    qsort(list->at_us, list->count, sizeof(list->at_us[0]), compare_us);
    return ERR_OK;
}

/* Copy text, cut before the character that no longer fits. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    while (n > 0 && text[n] != '\0' && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    memcpy(out, text, n);
    out[n] = '\0';
}

static enum err read_words(struct calendar_event *e, const struct card *card, icalcomponent *vevent,
                           struct err_detail *detail)
{
    const char *uid = icalcomponent_get_uid(vevent);
    const char *summary = icalcomponent_get_summary(vevent);
    struct icaltimetype stamp = icalcomponent_get_dtstamp(vevent);

    if (uid != NULL && strlen(uid) >= sizeof(e->uid))
        return err_set(detail, ERR_LIMIT, "line %d: UID is longer than %zu bytes; shorten it",
                       line_of(card, "UID"), sizeof(e->uid) - 1);
    copy_text(e->uid, sizeof(e->uid), uid != NULL ? uid : "");
    copy_text(e->summary, sizeof(e->summary), summary != NULL ? summary : "");
    if (stamp.year >= CIVIL_YEAR_MIN && stamp.year <= CIVIL_YEAR_MAX)
        e->stamp_us = (usec_t)icaltime_as_timet(stamp) * USEC_PER_SEC;
    return ERR_OK;
}

static enum err read_vevent(struct calendar_event *e, const struct card *card,
                            icalcomponent *vevent, struct err_detail *detail)
{
    enum err err = read_start(e, card, vevent, detail);

    if (err == ERR_OK)
        err = read_duration(e, card, vevent, detail);
    if (err == ERR_OK)
        err = read_rule(e, card, vevent, detail);
    if (err == ERR_OK)
        err = read_list(card, vevent, ICAL_RDATE_PROPERTY, &e->added, detail);
    if (err == ERR_OK)
        err = read_list(card, vevent, ICAL_EXDATE_PROPERTY, &e->removed, detail);
    if (err == ERR_OK)
        err = read_words(e, card, vevent, detail);
    return err;
}

enum err calendar_parse(const char *text, size_t len, struct calendar_event **ret_event,
                        struct err_detail *detail)
{
    struct calendar_event *e = NULL;
    icalcomponent *vevent = NULL;
    struct card *card = NULL;
    enum err err;

    icalzone_setup();
    if (len == 0)
        return err_set(detail, ERR_FORMAT, "the event is empty; give one VEVENT");
    if (len > CALENDAR_TEXT_MAX)
        return err_set(detail, ERR_LIMIT, "the event is longer than %d bytes; shorten it",
                       CALENDAR_TEXT_MAX);
    card = calloc(1, sizeof(*card));
    e = calloc(1, sizeof(*e));
    if (card == NULL || e == NULL) {
        err = ERR_NOMEM;
        goto out;
    }
    err = card_read(card, text, len, detail);
    if (err == ERR_OK)
        err = check_lines(card, detail);
    if (err != ERR_OK)
        goto out;
    vevent = parse_lines(card, 1, card->count - 2);
    err = has_error(vevent) ? name_the_error(card, detail) : read_vevent(e, card, vevent, detail);
    if (err == ERR_OK) {
        *ret_event = e;
        e = NULL;
    }
out:
    if (vevent != NULL)
        icalcomponent_free(vevent);
    calendar_free(e);
    free(card);
    return err;
}

void calendar_free(struct calendar_event *e)
{
    if (e == NULL)
        return;
    free(e->added.at_us);
    free(e->removed.at_us);
    free(e);
}
