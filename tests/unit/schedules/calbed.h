/* calbed.h - short ways to say calendar events and local times in tests. Thread: the test's. */
#ifndef LOA_CALBED_H
#define LOA_CALBED_H

#include "calendar.h"

#define HCM "Asia/Ho_Chi_Minh"
#define START "DTSTART;TZID=" HCM ":20260105T053000\n"
#define VEVENT(lines) "BEGIN:VEVENT\nUID:a\n" START lines "END:VEVENT\n"

/* Parse a text that must be good; fails the running test otherwise. */
struct calendar_event *calbed_parse(const char *text);

/* Station time of "2026-01-05T05:30" in a zone. */
usec_t calbed_at(const char *text, const char *zone);

#endif
