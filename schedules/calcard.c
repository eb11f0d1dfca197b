#include "calcard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static const char *line_at(const struct calcard *card, size_t i)
{
    return card->text + card->starts[i];
}

/* True when a line is the named property, whatever its parameters and case. */
static bool is_property(const char *line, const char *name)
{
    size_t n = strlen(name);

    return strncasecmp(line, name, n) == 0 && (line[n] == ':' || line[n] == ';');
}

int calcard_line_of(const struct calcard *card, const char *name)
{
    for (size_t i = 0; i < card->count; i++) {
        if (is_property(line_at(card, i), name))
            return card->numbers[i];
    }
    return 1;
}

size_t calcard_first(const char *text, size_t len)
{
    static const char end[] = "END:VEVENT";
    size_t at = 0;

    while (at < len) {
        const char *feed = memchr(text + at, '\n', len - at);
        size_t next = feed != NULL ? (size_t)(feed - text) + 1 : len;

        if (next - at >= sizeof(end) - 1 && strncasecmp(text + at, end, sizeof(end) - 1) == 0)
            return next;
        at = next;
    }
    return len;
}

static enum err split(struct calcard *card, const char *text, size_t len, int number,
                      struct err_detail *detail)
{
    bool at_start = true;
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
            if (card->count == CALCARD_LINES_MAX)
                return err_set(detail, ERR_LIMIT, "line %d: an event has at most %d lines", number,
                               CALCARD_LINES_MAX);
            at = card->count == 0 ? 0 : at + 1;
            card->starts[card->count] = at;
            card->numbers[card->count++] = number;
        }
        if (!at_start || !is_folded)
            card->text[at++] = text[i];
        card->text[at] = '\0';
        at_start = false;
    }
    for (size_t i = 0; i < card->count; i++) {
        if (!utf8_valid(line_at(card, i), strlen(line_at(card, i)), true))
            return err_set(detail, ERR_FORMAT,
                           "line %d: not UTF-8 text, or it holds control characters",
                           card->numbers[i]);
    }
    return ERR_OK;
}

/* Pass over the components inside the event: they are kept in its text and mean nothing here. */
static enum err drop_inner(struct calcard *card, struct err_detail *detail)
{
    size_t kept = 1;
    int depth = 0;

    for (size_t i = 1; i + 1 < card->count; i++) {
        const char *line = line_at(card, i);
        bool is_end = strncasecmp(line, "END:", 4) == 0;

        if (strncasecmp(line, "BEGIN:", 6) == 0)
            depth++;
        if (is_end && depth == 0)
            return err_set(detail, ERR_FORMAT,
                           "line %d: this END has no BEGIN; remove it or add the BEGIN",
                           card->numbers[i]);
        if (depth == 0) {
            card->starts[kept] = card->starts[i];
            card->numbers[kept++] = card->numbers[i];
        }
        depth -= is_end;
    }
    if (depth != 0)
        return err_set(detail, ERR_FORMAT, "line %d: a component inside the event does not end",
                       card->numbers[card->count - 1]);
    card->starts[kept] = card->starts[card->count - 1];
    card->numbers[kept++] = card->numbers[card->count - 1];
    card->count = kept;
    return ERR_OK;
}

static enum err check_lines(struct calcard *card, struct err_detail *detail)
{
    static const struct {
        const char *name;
        const char *advice;
    } refused[] = {
        {"EXRULE", "list the instants to leave out as EXDATE"},
    };
    static const char *const single[] = {"DTSTART", "DTEND",   "DURATION",     "RRULE",
                                         "UID",     "SUMMARY", "RECURRENCE-ID"};

    if (card->count < 2 || strcasecmp(line_at(card, 0), "BEGIN:VEVENT") != 0)
        return err_set(detail, ERR_FORMAT,
                       "line %d: the text does not begin with BEGIN:VEVENT; give one event alone",
                       card->count > 0 ? card->numbers[0] : 1);
    if (strcasecmp(line_at(card, card->count - 1), "END:VEVENT") != 0)
        return err_set(detail, ERR_FORMAT, "line %d: the text does not end with END:VEVENT",
                       card->numbers[card->count - 1]);
    if (drop_inner(card, detail) != ERR_OK)
        return ERR_FORMAT;
    for (size_t i = 1; i + 1 < card->count; i++) {
        const char *line = line_at(card, i);

        for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
            if (is_property(line, refused[k].name))
                return err_set(detail, ERR_UNSUPPORTED, "line %d: %s is not supported; %s",
                               card->numbers[i], refused[k].name, refused[k].advice);
        }
        for (size_t k = 0; k < sizeof(single) / sizeof(single[0]); k++) {
            if (is_property(line, single[k]) &&
                calcard_line_of(card, single[k]) != card->numbers[i])
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
static icalcomponent *parse_lines(const struct calcard *card, size_t first, size_t count)
{
    static const char begin[] = "BEGIN:VEVENT\n";
    static const char end[] = "END:VEVENT\n";
    char *text = malloc(sizeof(card->text) + sizeof(begin) + sizeof(end));
    icalcomponent *vevent;
    char *at = text;

    if (text == NULL)
        return NULL;
    at = stpcpy(at, begin);
    for (size_t i = first; i < first + count; i++) {
        at = stpcpy(at, line_at(card, i));
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
static enum err name_the_error(const struct calcard *card, struct err_detail *detail)
{
    for (size_t i = 1; i + 1 < card->count; i++) {
        icalcomponent *alone = parse_lines(card, i, 1);
        bool bad = has_error(alone);

        if (alone != NULL)
            icalcomponent_free(alone);
        if (bad)
            return err_set(detail, ERR_FORMAT,
                           "line %d: \"%.*s\" is not a valid line of a calendar event (RFC 5545); "
                           "correct or remove it",
                           card->numbers[i], calcard_fit(line_at(card, i), 60), line_at(card, i));
    }
    return err_set(detail, ERR_FORMAT, "line %d: the text is not a calendar event (RFC 5545)",
                   card->numbers[0]);
}

enum err calcard_read(struct calcard *card, const char *text, size_t len, int line,
                      icalcomponent **ret_vevent, struct err_detail *detail)
{
    icalcomponent *vevent;
    enum err err = split(card, text, len, line, detail);

    if (err == ERR_OK)
        err = check_lines(card, detail);
    if (err != ERR_OK)
        return err;
    vevent = parse_lines(card, 1, card->count - 2);
    if (has_error(vevent)) {
        if (vevent != NULL)
            icalcomponent_free(vevent);
        return name_the_error(card, detail);
    }
    *ret_vevent = vevent;
    return ERR_OK;
}

int calcard_fit(const char *text, size_t max)
{
    size_t n = strnlen(text, max + 1);

    if (n > max) {
        n = max;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    return (int)n;
}
