#define _POSIX_C_SOURCE 200809L
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

#define LINE_MAX_BYTES 1024

static atomic_int lowest = LOG_INFO;
static atomic_int output = STDERR_FILENO;

void log_set_level(enum log_level level)
{
    atomic_store(&lowest, (int)level);
}

void log_set_fd(int fd)
{
    atomic_store(&output, fd);
}

static size_t write_prefix(char *line, size_t size, enum log_level level, const char *event)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct timespec now;
    struct tm utc;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, size - n, ".%03ldZ %s %.80s", now.tv_nsec / 1000000,
                          names[level], event);
    return n;
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    size_t n;

    if ((int)level < atomic_load(&lowest))
        return;
    n = write_prefix(line, sizeof(line) - 1, level, event);
    if (fmt != NULL) {
        va_list ap;
        int more;

        line[n++] = ' ';
        va_start(ap, fmt);
        more = vsnprintf(line + n, sizeof(line) - 1 - n, fmt, ap);
        va_end(ap);
        if (more > 0)
            n += (size_t)more < sizeof(line) - 2 - n ? (size_t)more : sizeof(line) - 2 - n;
    }
    line[n++] = '\n';
    /* A log that cannot be written must not stop the sound. */
    if (write(atomic_load(&output), line, n) < 0)
        return;
}

/* Bytes of the well-formed UTF-8 character at the front, 0 when there is none. */
static size_t character_len(const char *text, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (utf8_valid(text, n, false))
            return n;
    return 0;
}

struct log_text log_quote(const char *text, size_t len)
{
    struct log_text out;
    size_t n = 0;

    out.text[n++] = '"';
    for (size_t i = 0; i < len && text != NULL && text[i] != '\0';) {
        size_t whole = character_len(text + i, len - i);

        /* Room for the longest character or escape, the dots, the quote and the end. */
        if (n + 4 + 3 + 2 > sizeof(out.text)) {
            memcpy(out.text + n, "...", 3);
            n += 3;
            break;
        }
        if (whole == 0 || text[i] == '"' || text[i] == '\\') {
            n += (size_t)snprintf(out.text + n, sizeof(out.text) - n, "\\x%02x",
                                  (unsigned char)text[i++]);
        } else {
            memcpy(out.text + n, text + i, whole);
            n += whole;
            i += whole;
        }
    }
    out.text[n++] = '"';
    out.text[n] = '\0';
    return out;
}
