/* calendar_edit.h - change the text of an event: one occurrence, or this and following.
 *
 * Each function reads an event's text that calendar_parse() takes and writes another one; lines that have
 * nothing to do with the change stay as they are. ret_text has CALENDAR_TEXT_MAX + 1 bytes and may not be the
 * text itself. All of them:
 *
 *   recurrence_us  the occurrence, as calendar_expand() names it
 *
 * ERR_NOT_FOUND  the event has no such occurrence
 * ERR_LIMIT      it has become too long: split it
 * each with its sentence in detail. Thread: main. */
#ifndef LOA_CALENDAR_EDIT_H
#define LOA_CALENDAR_EDIT_H

#include "calendar.h"

/* Leave one occurrence out. ERR_STATE: it is the only one. */
MUST_USE enum err calendar_edit_skip(const char *text, usec_t recurrence_us, char *ret_text,
                                     struct err_detail *detail);

/* Start one occurrence at another time. ERR_EXISTS: another one starts then. */
MUST_USE enum err calendar_edit_move(const char *text, usec_t recurrence_us, usec_t start_us,
                                     char *ret_text, struct err_detail *detail);

/* Add an occurrence. ERR_EXISTS: one starts then, or was left out there. */
MUST_USE enum err calendar_edit_add(const char *text, usec_t start_us, char *ret_text,
                                    struct err_detail *detail);

/* End the event before an occurrence and make another one of the rest.
 *
 *   uid  of the rest
 *
 * ERR_STATE  it is the first one: change the whole event */
MUST_USE enum err calendar_edit_split(const char *text, usec_t recurrence_us, const char *uid,
                                      char *ret_before, char *ret_rest, struct err_detail *detail);

/* Give an event other times: DTSTART, length, rule and summary of `times`, which calendar_build() wrote; what was
 * left out or moved is no more. UID and all other lines stay. */
MUST_USE enum err calendar_edit_times(const char *text, const char *times, char *ret_text,
                                      struct err_detail *detail);

#endif
