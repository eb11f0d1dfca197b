/* calfile.h - a whole .ics file: the events in it, what Loa says of them, and back (FORMAT.md).
 *
 * Reading takes VEVENTs apart by UID, keeps their lines as they are, takes the days of exception sets out of
 * them and notes what is left out. Pure; bounded by the limits below. Thread: main. */
#ifndef LOA_CALFILE_H
#define LOA_CALFILE_H

#include "calendar.h"
#include "err.h"

#define CALFILE_BYTES_MAX (1024 * 1024)
#define CALFILE_EVENTS_MAX 500
#define CALFILE_NOTES_MAX 20
#define CALFILE_DAYS_MAX 512 /* of all exception sets of one file */
#define CALFILE_NAMES_SIZE 1024

struct calfile_note {
    int line;
    char text[160]; /* what is not used, in one sentence */
};

struct calfile_event {
    int line; /* where its first VEVENT begins */
    char *text; /* as calendar_parse() takes it; terminated */
};

struct calfile {
    size_t count;
    struct calfile_event events[CALFILE_EVENTS_MAX];
    size_t note_count; /* at most CALFILE_NOTES_MAX are kept */
    struct calfile_note notes[CALFILE_NOTES_MAX];
};

/* What the X-LOA- properties of an event say; "" and 0 where they say nothing. */
struct calfile_terms {
    char zones[CALFILE_NAMES_SIZE]; /* codes, separated by commas; "*": everyone */
    char bulletin[CALENDAR_SUMMARY_SIZE]; /* title */
    char priority[16]; /* normal, priority, emergency */
    char conflict[16]; /* replace, append, refuse */
    unsigned repeats; /* 1..10 */
    unsigned pause_s; /* 1..7200 */
};

/* Read a file; each event in it is checked with calendar_parse().
 *
 *   ret_file  free with calfile_free()
 *
 * Errors as calendar_parse(), the line counted in the file; ERR_LIMIT for the limits above. */
MUST_USE enum err calfile_read(const char *text, size_t len, struct calfile **ret_file,
                               struct err_detail *detail);
void calfile_free(struct calfile *file);

/* Read the X-LOA- properties of one event that calendar_parse() takes.
 *
 * ERR_FORMAT  a value is not one of those above */
MUST_USE enum err calfile_terms_of(const char *text, struct calfile_terms *ret_terms,
                                   struct err_detail *detail);

/* Write one event with these terms in place of its own, all other lines as they were.
 *
 *   size  CALENDAR_TEXT_MAX + 1 suffices for what calfile_read() takes back
 *
 * ERR_LIMIT  does not fit */
MUST_USE enum err calfile_set_terms(const char *text, const struct calfile_terms *terms,
                                    char *ret_text, size_t size);

/* The text of a file around its events: the beginning, and the VTIMEZONE of a zone (RFC 5545 3.6.5).
 * calfile_zone() is malloc'd, NULL for UTC and unknown zones. */
extern const char calfile_begin[];
extern const char calfile_end[];
char *calfile_zone(const char *name);

#endif
