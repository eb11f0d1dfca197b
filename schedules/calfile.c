#include "calfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caltext.h"
#include "icalzone.h"
#include "utf8.h"

const char calfile_begin[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Loa//loa " LOA_VERSION "//VI\r\n";
const char calfile_end[] = "END:VCALENDAR\r\n";

#define SET_SIZE 32

/* One VEVENT of the file. */
struct block {
    const char *text;
    size_t len;
    int line;
    char uid[CALENDAR_UID_SIZE];
    bool is_change; /* has a RECURRENCE-ID */
};

/* A day of an exception set (X-LOA-DATES). */
struct day {
    char set[SET_SIZE];
    struct civil date;
};

struct reader {
    struct calfile *file;
    struct block blocks[2 * CALFILE_EVENTS_MAX];
    size_t block_count;
    struct day days[CALFILE_DAYS_MAX];
    size_t day_count;
    struct err_detail *detail;
};

static void note(struct reader *r, int line, const char *what, const char *why)
{
    struct calfile_note *n = &r->file->notes[r->file->note_count];

    if (r->file->note_count == CALFILE_NOTES_MAX)
        return;
    n->line = line;
    snprintf(n->text, sizeof(n->text), "line %d: %.40s %s", line,
             strlen(what) <= 40 && utf8_valid(what, strlen(what), false) ? what : "a name", why);
    r->file->note_count++;
}

/* X-LOA-DATES;X-LOA-SET=tet:20260216,20260217 */
static enum err add_days(struct reader *r, const struct caltext_line *l)
{
    struct day day = {0};
    const char *at = l->value;

    if (!caltext_parameter(l, "X-LOA-SET", day.set, sizeof(day.set)))
        return err_set(r->detail, ERR_FORMAT,
                       "line %d: X-LOA-DATES needs the name of its set, such as "
                       "X-LOA-DATES;X-LOA-SET=tet:20260217",
                       l->number);
    while (*at != '\0') {
        char text[11];

        if (strspn(at, "0123456789") != 8 || (at[8] != ',' && at[8] != '\0'))
            return err_set(r->detail, ERR_FORMAT, "line %d: X-LOA-DATES takes dates like 20260217",
                           l->number);
        snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", at, at + 4, at + 6);
        if (civil_parse(text, &day.date) != ERR_OK)
            return err_set(r->detail, ERR_FORMAT, "line %d: X-LOA-DATES: there is no day %s",
                           l->number, text);
        if (r->day_count == CALFILE_DAYS_MAX)
            return err_set(r->detail, ERR_LIMIT, "line %d: at most %d days of exceptions",
                           l->number, CALFILE_DAYS_MAX);
        r->days[r->day_count++] = day;
        at += at[8] == ',' ? 9 : 8;
    }
    return ERR_OK;
}

static enum err add_block(struct reader *r, const char *text, size_t len, int line)
{
    struct block *b = &r->blocks[r->block_count];
    struct caltext_line l;

    if (r->block_count == sizeof(r->blocks) / sizeof(r->blocks[0]))
        return err_set(r->detail, ERR_LIMIT, "line %d: too many events; split the file", line);
    *b = (struct block){.text = text, .len = len, .line = line};
    if (caltext_find(text, len, "UID", &l))
        snprintf(b->uid, sizeof(b->uid), "%s", l.value);
    b->is_change = caltext_find(text, len, "RECURRENCE-ID", &l);
    r->block_count++;
    return ERR_OK;
}

/* Take the file apart: VEVENTs are kept, VTIMEZONEs stand in the system's tables, others are noted. */
static enum err take_apart(struct reader *r, const char *text, size_t len)
{
    struct caltext c = caltext_of(text, len);
    struct caltext_line l;
    size_t begin = 0;
    int begin_line = 1;
    int depth = 0;
    bool is_event = false;
    enum err e = ERR_OK;

    while (e == ERR_OK && caltext_next(&c, &l)) {
        bool is_begin = strcasecmp(l.name, "BEGIN") == 0;
        bool is_end = strcasecmp(l.name, "END") == 0;

        if (l.number == 1 && (!is_begin || strcasecmp(l.value, "VCALENDAR") != 0))
            return err_set(r->detail, ERR_FORMAT,
                           "line 1: the file does not begin with BEGIN:VCALENDAR; give an "
                           "iCalendar file");
        if (is_begin && depth++ == 1) {
            begin = l.begin;
            begin_line = l.number;
            is_event = strcasecmp(l.value, "VEVENT") == 0;
            if (!is_event && strcasecmp(l.value, "VTIMEZONE") != 0)
                note(r, l.number, l.value, "is not used here and was left out");
        } else if (is_begin && is_event) {
            note(r, l.number, l.value, "is kept, but has no effect here");
        } else if (is_end && --depth == 1 && is_event) {
            e = add_block(r, text + begin, l.end - begin, begin_line);
        } else if (depth == 1 && strcasecmp(l.name, "X-LOA-DATES") == 0) {
            e = add_days(r, &l);
        }
        if (is_end && depth == 0)
            return e;
    }
    return e != ERR_OK ? e
                       : err_set(r->detail, ERR_FORMAT,
                                 "the file does not end with END:VCALENDAR; it was cut off");
}

/* Give the lines of an event an EXDATE for each occurrence on a day of its exception sets. */
static enum err except_days(struct reader *r, const char *names, const struct calendar_event *event,
                            struct caltext_out *out)
{
    struct calendar_occurrence found[CALENDAR_PER_DAY_MAX];
    struct calendar_plan plan;
    size_t on_line = 0;
    size_t count;
    enum err e = ERR_OK;

    calendar_describe(event, &plan);
    for (size_t i = 0; e == ERR_OK && i < r->day_count; i++) {
        struct civil next = civil_add_days(&r->days[i].date, 1);
        usec_t from_us = 0, to_us = 0;

        if (!caltext_listed(names, r->days[i].set))
            continue;
        e = civil_to_us(&r->days[i].date, plan.zone, &from_us);
        if (e == ERR_OK)
            e = civil_to_us(&next, plan.zone, &to_us);
        if (e == ERR_OK)
            e = calendar_expand(event, from_us, to_us, found, CALENDAR_PER_DAY_MAX, &count);
        for (size_t k = 0; e == ERR_OK && k < count; k++) {
            caltext_put(out, "%s%s", on_line > 0 && on_line % 4 == 0 ? "\r\n" : "",
                        on_line % 4 == 0 ? "EXDATE:" : ",");
            on_line++;
            caltext_put_utc(out, found[k].recurrence_us);
        }
    }
    if (on_line > 0)
        caltext_put(out, "\r\n");
    return e;
}

/* Names of sets that no X-LOA-DATES of the file has are noted: the days may stand in another file. */
static void note_unknown_sets(struct reader *r, const char *names, int line)
{
    char name[SET_SIZE];

    for (const char *at = names; *at != '\0'; at += strcspn(at, ","), at += *at == ',') {
        bool known = false;

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
        for (size_t i = 0; i < r->day_count; i++)
            known = known || strcmp(r->days[i].set, name) == 0;
        if (!known)
            note(r, line, name, "is an exception set without days in this file");
    }
}

/* Put an event together: its first VEVENT, what is excepted, then what changes single occurrences. */
static enum err add_event(struct reader *r, const struct block *first)
{
    struct calfile_event *event = &r->file->events[r->file->count];
    struct calendar_event *parsed = NULL;
    struct caltext_out out = {.size = CALENDAR_TEXT_MAX + 1};
    struct caltext_line except;
    struct err_detail inner = {""};
    enum err e;

    if (r->file->count == CALFILE_EVENTS_MAX)
        return err_set(r->detail, ERR_LIMIT, "line %d: at most %d events in a file; split it",
                       first->line, CALFILE_EVENTS_MAX);
    e = calendar_parse(first->text, first->len, &parsed, &inner);
    if (e == ERR_OK && (out.text = malloc(out.size)) == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK) {
        size_t body = caltext_before_end(first->text, first->len);

        caltext_put_bytes(&out, first->text, body);
        if (caltext_find(first->text, first->len, "X-LOA-EXCEPT", &except)) {
            note_unknown_sets(r, except.value, first->line);
            e = except_days(r, except.value, parsed, &out);
        }
        caltext_put_bytes(&out, first->text + body, first->len - body);
    }
    calendar_free(parsed);
    for (size_t i = 0; e == ERR_OK && i < r->block_count; i++) {
        const struct block *b = &r->blocks[i];

        if (b->is_change && strcmp(b->uid, first->uid) == 0)
            caltext_put_bytes(&out, b->text, b->len);
    }
    if (e == ERR_OK && out.full)
        e = err_set(&inner, ERR_LIMIT, "it is longer than %d bytes with what belongs to it",
                    CALENDAR_TEXT_MAX);
    if (e == ERR_OK)
        e = calendar_parse(out.text, out.len, &parsed, &inner);
    if (e != ERR_OK) {
        free(out.text);
        return err_set(r->detail, e, "the event of line %d: %s", first->line, inner.text);
    }
    calendar_free(parsed);
    *event = (struct calfile_event){first->line, out.text};
    r->file->count++;
    return ERR_OK;
}

static enum err put_together(struct reader *r)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < r->block_count; i++) {
        const struct block *b = &r->blocks[i];
        bool known = false;

        if (!b->is_change) {
            for (size_t k = 0; k < i; k++)
                known = known || (!r->blocks[k].is_change && b->uid[0] != '\0' &&
                                  strcmp(r->blocks[k].uid, b->uid) == 0);
            e = known ? err_set(r->detail, ERR_FORMAT,
                                "line %d: a second event with the UID of an earlier one; give it "
                                "its own",
                                b->line)
                      : add_event(r, b);
            continue;
        }
        for (size_t k = 0; k < r->block_count; k++)
            known = known || (!r->blocks[k].is_change && strcmp(r->blocks[k].uid, b->uid) == 0);
        if (!known)
            note(r, b->line, "RECURRENCE-ID", "belongs to no event of this file and was left out");
    }
    return e;
}

enum err calfile_read(const char *text, size_t len, struct calfile **ret_file,
                      struct err_detail *detail)
{
    struct reader *r = calloc(1, sizeof(*r));
    enum err e = ERR_OK;

    if (r != NULL)
        r->file = calloc(1, sizeof(*r->file));
    if (r == NULL || r->file == NULL) {
        free(r);
        return ERR_NOMEM;
    }
    r->detail = detail;
    if (len > CALFILE_BYTES_MAX)
        e = err_set(detail, ERR_LIMIT, "the file is larger than %d bytes; split it",
                    CALFILE_BYTES_MAX);
    else if (caltext_has_control(text, len))
        e = err_set(detail, ERR_FORMAT, "the file is not UTF-8 text; save it as iCalendar again");
    if (e == ERR_OK)
        e = take_apart(r, text, len);
    if (e == ERR_OK)
        e = put_together(r);
    if (e == ERR_OK)
        *ret_file = r->file;
    else
        calfile_free(r->file);
    free(r);
    return e;
}

void calfile_free(struct calfile *file)
{
    if (file == NULL)
        return;
    for (size_t i = 0; i < file->count; i++)
        free(file->events[i].text);
    free(file);
}

char *calfile_zone(const char *name)
{
    icaltimezone *zone = strcmp(name, "UTC") != 0 ? icalzone_find(name) : NULL;
    icalcomponent *copy;
    char *text;

    if (zone == NULL || icaltimezone_get_component(zone) == NULL)
        return NULL;
    copy = icalcomponent_new_clone(icaltimezone_get_component(zone));
    icalproperty_set_tzid(icalcomponent_get_first_property(copy, ICAL_TZID_PROPERTY), name);
    text = icalcomponent_as_ical_string_r(copy);
    icalcomponent_free(copy);
    return text;
}
