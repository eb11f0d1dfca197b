#include "calendar_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calcard.h"
#include "calendar_impl.h"
#include "caltext.h"
#include "recur.h"

static const char *const times_of[] = {"DTSTART", "DTEND",  "DURATION", "RRULE",
                                       "RDATE",   "EXDATE", "SUMMARY",  NULL};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcasecmp(name, *names) == 0)
            return true;
    }
    return false;
}

static struct caltext_out out_of(char *text)
{
    text[0] = '\0';
    return (struct caltext_out){.text = text, .size = CALENDAR_TEXT_MAX + 1};
}

/* Copy the first VEVENT without the properties named, up to its END line. */
static void put_first(struct caltext_out *out, const char *text, const char *const *without)
{
    size_t len = calcard_first(text, strlen(text));
    size_t end = caltext_before_end(text, len);
    struct caltext c = caltext_of(text, len);
    struct caltext_line l;
    int depth = 0;

    while (caltext_next(&c, &l) && l.begin < end) {
        depth -= strcasecmp(l.name, "END") == 0;
        if (depth != 1 || !is_one_of(l.name, without))
            caltext_put_bytes(out, text + l.begin, l.end - l.begin);
        depth += strcasecmp(l.name, "BEGIN") == 0;
    }
}

/* The place of one changed occurrence in the text, after the first VEVENT. */
struct piece {
    const char *text;
    size_t len;
    usec_t recurrence_us;
};

static usec_t read_instant(const struct caltext_line *l)
{
    char zone[CIVIL_ZONE_SIZE] = "UTC";
    char text[CIVIL_TEXT_SIZE];
    struct civil c;
    usec_t us = -1;

    (void)caltext_parameter(l, "TZID", zone, sizeof(zone));
    snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", l->value, l->value + 4,
             l->value + 6, l->value + 9, l->value + 11, l->value + 13);
    if (strlen(l->value) < 15 || civil_parse(text, &c) != ERR_OK ||
        civil_to_us(&c, zone, &us) != ERR_OK)
        return -1;
    return us;
}

static bool next_piece(const char **at, struct piece *ret)
{
    struct caltext_line l;
    size_t len = strlen(*at);

    if (len == 0)
        return false;
    ret->text = *at;
    ret->len = calcard_first(*at, len);
    ret->recurrence_us = caltext_find(*at, ret->len, "RECURRENCE-ID", &l) ? read_instant(&l) : -1;
    *at += ret->len;
    return true;
}

/* Copy the changed occurrences of from_us <= RECURRENCE-ID < to_us, but one. */
static void put_changed(struct caltext_out *out, const char *text, usec_t from_us, usec_t to_us,
                        usec_t but_us)
{
    const char *at = text + calcard_first(text, strlen(text));
    struct piece p;

    while (next_piece(&at, &p)) {
        if (p.recurrence_us >= from_us && p.recurrence_us < to_us && p.recurrence_us != but_us)
            caltext_put_bytes(out, p.text, p.len);
    }
}

static void put_end(struct caltext_out *out)
{
    caltext_put(out, "END:VEVENT\r\n");
}

static enum err parse(const char *text, struct calendar_event **ret_event,
                      struct err_detail *detail)
{
    return calendar_parse(text, strlen(text), ret_event, detail);
}

/* The new text must be an event, too. */
static enum err finish(const struct caltext_out *out, struct err_detail *detail)
{
    struct calendar_event *event = NULL;
    enum err e;

    if (out->full)
        return err_set(detail, ERR_LIMIT,
                       "the event has too many exceptions; change this and following ones "
                       "instead, which begins another event");
    e = parse(out->text, &event, detail);
    calendar_free(event);
    return e;
}

/* Find an occurrence by where the rule has it. */
static enum err find(const struct calendar_event *e, usec_t recurrence_us,
                     struct calendar_occurrence *ret, struct err_detail *detail)
{
    struct calendar_occurrence found;
    size_t count = 0;

    for (size_t i = 0; i < e->changed_count; i++) {
        if (e->changed[i].recurrence_us == recurrence_us && e->changed[i].start_us != INT64_MAX) {
            *ret = (struct calendar_occurrence){e->changed[i].start_us, e->changed[i].duration_us,
                                                recurrence_us};
            return ERR_OK;
        }
    }
    if (calendar_expand(e, recurrence_us, recurrence_us + 1, &found, 1, &count) != ERR_OK ||
        count == 0 || found.recurrence_us != recurrence_us)
        return err_set(detail, ERR_NOT_FOUND,
                       "the event has no occurrence at that time; list them and choose one");
    *ret = found;
    return ERR_OK;
}

static bool is_free(const struct calendar_event *e, usec_t at_us)
{
    struct calendar_occurrence found;
    size_t count = 0;

    return calendar_expand(e, at_us, at_us + 1, &found, 1, &count) == ERR_OK && count == 0;
}

enum err calendar_edit_skip(const char *text, usec_t recurrence_us, char *ret_text,
                            struct err_detail *detail)
{
    struct caltext_out out = out_of(ret_text);
    static const char *const nothing[] = {NULL};
    struct calendar_occurrence found;
    struct calendar_event *event = NULL;
    enum err e = parse(text, &event, detail);

    if (e == ERR_OK)
        e = find(event, recurrence_us, &found, detail);
    if (e == ERR_OK && !event->has_rule && event->added.count == 0)
        e = err_set(detail, ERR_STATE, "it is the only occurrence; cancel the event");
    calendar_free(event);
    if (e != ERR_OK)
        return e;
    put_first(&out, text, nothing);
    caltext_put(&out, "EXDATE:");
    caltext_put_utc(&out, recurrence_us);
    caltext_put(&out, "\r\n");
    put_end(&out);
    put_changed(&out, text, 0, INT64_MAX, recurrence_us);
    return finish(&out, detail);
}

static void put_moved(struct caltext_out *out, const struct calendar_event *e,
                      const struct calendar_occurrence *o, usec_t start_us)
{
    caltext_put(out, "BEGIN:VEVENT\r\n");
    if (e->uid[0] != '\0')
        caltext_put_line(out, "UID", e->uid);
    caltext_put(out, "DTSTAMP:");
    caltext_put_utc(out, e->stamp_us);
    caltext_put(out, "\r\nRECURRENCE-ID:");
    caltext_put_utc(out, o->recurrence_us);
    caltext_put(out, "\r\nDTSTART:");
    caltext_put_utc(out, start_us);
    caltext_put(out, "\r\n");
    if (o->duration_us > 0)
        caltext_put(out, "DURATION:PT%lldS\r\n", (long long)(o->duration_us / USEC_PER_SEC));
    if (e->summary[0] != '\0')
        caltext_put_text(out, "SUMMARY", e->summary);
    put_end(out);
}

enum err calendar_edit_move(const char *text, usec_t recurrence_us, usec_t start_us, char *ret_text,
                            struct err_detail *detail)
{
    struct caltext_out out = out_of(ret_text);
    struct calendar_occurrence found;
    struct calendar_event *event = NULL;
    enum err e = parse(text, &event, detail);

    if (e == ERR_OK)
        e = find(event, recurrence_us, &found, detail);
    if (e == ERR_OK && start_us != found.start_us && start_us != recurrence_us &&
        !is_free(event, start_us))
        e = err_set(detail, ERR_EXISTS,
                    "the event has another occurrence at that time; choose another one");
    if (e == ERR_OK) {
        size_t first = calcard_first(text, strlen(text));

        caltext_put_bytes(&out, text, first);
        if (first > 0 && text[first - 1] != '\n')
            caltext_put(&out, "\r\n");
        put_changed(&out, text, 0, INT64_MAX, recurrence_us);
        if (start_us != recurrence_us)
            put_moved(&out, event, &found, start_us);
        e = finish(&out, detail);
    }
    calendar_free(event);
    return e;
}

enum err calendar_edit_add(const char *text, usec_t start_us, char *ret_text,
                           struct err_detail *detail)
{
    struct caltext_out out = out_of(ret_text);
    static const char *const nothing[] = {NULL};
    struct calendar_event *event = NULL;
    enum err e = parse(text, &event, detail);

    if (e == ERR_OK &&
        (!is_free(event, start_us) ||
         (event->removed.count > 0 && bsearch(&start_us, event->removed.at_us, event->removed.count,
                                              sizeof(usec_t), instants_compare) != NULL)))
        e = err_set(detail, ERR_EXISTS,
                    "the event has an occurrence at that time, or one was left out there");
    calendar_free(event);
    if (e != ERR_OK)
        return e;
    put_first(&out, text, nothing);
    caltext_put(&out, "RDATE:");
    caltext_put_utc(&out, start_us);
    caltext_put(&out, "\r\n");
    put_end(&out);
    put_changed(&out, text, 0, INT64_MAX, -1);
    return finish(&out, detail);
}

/* How many times a rule names up to an instant of it. */
static int count_before(const struct calendar_event *e, usec_t at_us)
{
    struct recur_time t;
    struct recur r;
    int n = 0;

    recur_open(&r, &e->rule, &e->start, 0, (int32_t)(at_us / USEC_PER_DAY) + 1);
    while (recur_next(&r, &t))
        n += icalzone_to_us(recur_ical_of(t), e->zone) < at_us;
    return n;
}

static void put_instants(struct caltext_out *out, const char *name, const struct instants *list,
                         usec_t from_us, usec_t to_us)
{
    size_t n = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->at_us[i] < from_us || list->at_us[i] >= to_us)
            continue;
        if (n % 4 == 0)
            caltext_put(out, "%s%s:", n > 0 ? "\r\n" : "", name);
        else
            caltext_put(out, ",");
        caltext_put_utc(out, list->at_us[i]);
        n++;
    }
    if (n > 0)
        caltext_put(out, "\r\n");
}

static void put_rule(struct caltext_out *out, struct icalrecurrencetype rule)
{
    char *text = icalrecurrencetype_as_string_r(&rule);

    if (text == NULL)
        out->full = true;
    else
        caltext_put_line(out, "RRULE", text);
    free(text);
}

static void put_before(struct caltext_out *out, const char *text, const struct calendar_event *e,
                       usec_t at_us)
{
    static const char *const without[] = {"RRULE", "RDATE", "EXDATE", NULL};
    struct icalrecurrencetype rule = e->rule;

    put_first(out, text, without);
    if (e->has_rule) {
        rule.count = 0;
        rule.until = icalzone_utc(at_us - USEC_PER_SEC);
        put_rule(out, rule);
    }
    put_instants(out, "RDATE", &e->added, 0, at_us);
    put_instants(out, "EXDATE", &e->removed, 0, at_us);
    put_end(out);
    put_changed(out, text, 0, at_us, -1);
}

static void put_rest(struct caltext_out *out, const char *text, const struct calendar_event *e,
                     usec_t at_us, const char *uid)
{
    static const char *const without[] = {"RRULE", "RDATE",    "EXDATE", "DTSTART",
                                          "DTEND", "DURATION", "UID",    NULL};
    struct icalrecurrencetype rule = e->rule;
    struct civil c = {0};
    char local[CIVIL_TEXT_SIZE];
    char start[128];
    struct caltext_out piece = {.text = start, .size = sizeof(start)};

    if (civil_from_us(at_us, e->zone_name, &c) != ERR_OK)
        out->full = true;
    civil_format(&c, local);
    put_first(out, text, without);
    caltext_put_line(out, "UID", uid);
    caltext_put(&piece, "%.4s%.2s%.2sT%.2s%.2s%.2s", local, local + 5, local + 8, local + 11,
                local + 14, local + 17);
    if (strcmp(e->zone_name, "UTC") == 0)
        caltext_put(out, "DTSTART:%sZ\r\n", start);
    else
        caltext_put(out, "DTSTART;TZID=%s:%s\r\n", e->zone_name, start);
    if (e->duration_us > 0)
        caltext_put(out, "DURATION:PT%lldS\r\n", (long long)(e->duration_us / USEC_PER_SEC));
    if (e->has_rule) {
        if (rule.count > 0)
            rule.count -= count_before(e, at_us);
        put_rule(out, rule);
    }
    put_instants(out, "RDATE", &e->added, at_us, INT64_MAX);
    put_instants(out, "EXDATE", &e->removed, at_us, INT64_MAX);
    put_end(out);
}

/* The changed occurrences of the rest have its UID. */
static void put_changed_rest(struct caltext_out *out, const char *text, usec_t at_us,
                             const char *uid)
{
    static const char *const without[] = {"UID", NULL};
    const char *at = text + calcard_first(text, strlen(text));
    struct piece p;

    while (next_piece(&at, &p)) {
        if (p.recurrence_us < at_us)
            continue;
        put_first(out, p.text, without);
        caltext_put_line(out, "UID", uid);
        put_end(out);
    }
}

enum err calendar_edit_split(const char *text, usec_t recurrence_us, const char *uid,
                             char *ret_before, char *ret_rest, struct err_detail *detail)
{
    struct caltext_out before = out_of(ret_before);
    struct caltext_out rest = out_of(ret_rest);
    struct calendar_occurrence found;
    struct calendar_occurrence first;
    struct calendar_event *event = NULL;
    size_t count = 0;
    enum err e = parse(text, &event, detail);

    if (e == ERR_OK)
        e = find(event, recurrence_us, &found, detail);
    if (e == ERR_OK) {
        e = calendar_expand(event, 0, recurrence_us, &first, 1, &count);
        e = e == ERR_MORE ? ERR_OK : e;
    }
    if (e == ERR_OK && (recurrence_us <= event->start_us || count == 0))
        e = err_set(detail, ERR_STATE, "it is the first occurrence; change the whole event");
    if (e == ERR_OK) {
        put_before(&before, text, event, recurrence_us);
        put_rest(&rest, text, event, recurrence_us, uid);
        put_changed_rest(&rest, text, recurrence_us, uid);
        e = finish(&before, detail);
    }
    if (e == ERR_OK)
        e = finish(&rest, detail);
    calendar_free(event);
    return e;
}

enum err calendar_edit_times(const char *text, const char *times, char *ret_text,
                             struct err_detail *detail)
{
    struct caltext_out out = out_of(ret_text);
    struct caltext c = caltext_of(times, strlen(times));
    struct caltext_line l;

    put_first(&out, text, times_of);
    while (caltext_next(&c, &l)) {
        if (is_one_of(l.name, times_of))
            caltext_put_bytes(&out, times + l.begin, l.end - l.begin);
    }
    put_end(&out);
    return finish(&out, detail);
}
