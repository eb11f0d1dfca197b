/* calcard.h - the lines of one VEVENT text, numbered as a person sees them; for calendar.c only.
 *
 * Between the text and libical: joins folded lines, refuses what is not done here, and finds the line
 * that libical does not accept. Thread: main. */
#ifndef LOA_CALCARD_H
#define LOA_CALCARD_H

#include <libical/ical.h>
#include <stddef.h>

#include "err.h"

#define CALCARD_BYTES_MAX 4096
#define CALCARD_LINES_MAX 256

struct calcard {
    char text[CALCARD_BYTES_MAX + 2];
    size_t count;
    size_t starts[CALCARD_LINES_MAX]; /* of each line in text */
    int numbers[CALCARD_LINES_MAX];
};

/* Read a text of at most CALCARD_BYTES_MAX bytes; errors as calendar_parse().
 *
 *   ret_vevent  free with icalcomponent_free() */
MUST_USE enum err calcard_read(struct calcard *card, const char *text, size_t len,
                               icalcomponent **ret_vevent, struct err_detail *detail);

/* Number of the first line of a property, 1 when there is none. */
int calcard_line_of(const struct calcard *card, const char *name);

/* How many bytes of a UTF-8 text to show: at most `max`, whole characters. */
int calcard_fit(const char *text, size_t max);

#endif
