/* calcard.h - the lines of one VEVENT text, numbered as a person sees them; for calendar*.c only.
 *
 * Between the text and libical: joins folded lines, refuses what is not done here, and finds the line
 * that libical does not accept. Components inside the event (alarms) are passed over. Thread: main. */
#ifndef LOA_CALCARD_H
#define LOA_CALCARD_H

#include <libical/ical.h>
#include <stddef.h>

#include "err.h"

#define CALCARD_BYTES_MAX 16384
#define CALCARD_LINES_MAX 1024

struct calcard {
    char text[CALCARD_BYTES_MAX + 2];
    size_t count;
    size_t starts[CALCARD_LINES_MAX]; /* of each line in text */
    int numbers[CALCARD_LINES_MAX];
};

/* Bytes of the first VEVENT of a text, with the line that ends it; `len` when nothing ends it. */
size_t calcard_first(const char *text, size_t len);

/* Read one VEVENT of at most CALCARD_BYTES_MAX bytes; errors as calendar_parse().
 *
 *   line        number of its first line for a person, 1 for the first of a text
 *   ret_vevent  free with icalcomponent_free() */
MUST_USE enum err calcard_read(struct calcard *card, const char *text, size_t len, int line,
                               icalcomponent **ret_vevent, struct err_detail *detail);

/* Number of the first line of a property, 1 when there is none. */
int calcard_line_of(const struct calcard *card, const char *name);

/* How many bytes of a UTF-8 text to show: at most `max`, whole characters. */
int calcard_fit(const char *text, size_t max);

#endif
