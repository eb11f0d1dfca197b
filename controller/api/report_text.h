/* report_text.h - a report as a file for people: CSV for a spreadsheet, HTML for a printer.
 *
 * Both are in Vietnamese. CSV is RFC 4180 with commas and CRLF, in UTF-8 with a byte order mark: without one
 * Excel takes the file for the system's code page. A name that a spreadsheet would take for a formula is
 * led by an apostrophe. The HTML is one A4 page set without scripts or anything fetched. Thread: main. */
#ifndef LOA_REPORT_TEXT_H
#define LOA_REPORT_TEXT_H

#include <stdio.h>

#include "report.h"
#include "station.h"
#include "zone.h"

struct report_head {
    const struct station *station;
    const struct zone *zones; /* for names; borrowed */
    size_t zone_count;
    char from[REPORT_GROUP_SIZE]; /* first and last local date */
    char to[REPORT_GROUP_SIZE];
    char made[20]; /* local date and time */
};

/* Name of a zone; "" when it is gone. */
const char *report_zone_name(const struct report_head *head, struct zone_id zone);

/* Write sorted rows, and their total. Errors of `out` show when it is closed. */
void report_write_csv(const struct report *r, const struct report_head *head, FILE *out);
void report_write_html(const struct report *r, const struct report_head *head, FILE *out);

#endif
