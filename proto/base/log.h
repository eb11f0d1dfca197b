/* log.h - one line an event: a stable dotted name first, then key=value pairs.
 *
 * `node.lost node=7 silent_ms=10012`. The place that decides logs, once; libraries return errors and
 * stay quiet. error = a person must act; warn = degraded and continuing; info = a change of state.
 * Peer-controlled text goes through LOG_TEXT(), which quotes and bounds it. Never keys, never audio.
 * Thread: any (one write() a line). The audio thread and the audio callback never log. */
#ifndef LOA_LOG_H
#define LOA_LOG_H

#include <stddef.h>

#include "err.h"

enum log_level {
    LOG_DEBUG = 0,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR,
};

#define LOG_TEXT_MAX 160

struct log_text {
    char text[LOG_TEXT_MAX];
};

/* Set the lowest level that is written; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* Write lines to this descriptor, borrowed; standard error at start. */
void log_set_fd(int fd);

/* Write one line.
 *
 *   event  stable dotted lower-case name such as "node.lost"; tests assert on it
 *   fmt    "key=%d key=%s"; may be NULL for none; lines over 1,000 bytes are cut */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Quote text of unknown origin for one line: bounded, control characters and quotes escaped.
 *
 *   text  may be NULL ("") and need not be terminated within len */
struct log_text log_quote(const char *text, size_t len);

#define LOG_TEXT(s) (log_quote((s), (s) != NULL ? strlen(s) : 0).text)

#endif
