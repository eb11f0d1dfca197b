/* Expand one event a line, for test_oracle.py: "FROM_US TO_US TEXT", where \n within TEXT stands for a line
 * feed. Answers with the starts in microseconds, or "error NAME". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"

#define LINE_SIZE (2 * CALENDAR_TEXT_MAX)
#define STARTS_MAX 100

static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0' && *from != '\n'; from++) {
        if (from[0] == '\\' && from[1] == 'n') {
            *to++ = '\n';
            from++;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void expand(const char *text, usec_t from_us, usec_t to_us)
{
    static struct calendar_occurrence found[STARTS_MAX];
    struct calendar_event *event = NULL;
    size_t count = 0;
    enum err e = calendar_parse(text, strlen(text), &event, NULL);

    if (e == ERR_OK)
        e = calendar_expand(event, from_us, to_us, found, STARTS_MAX, &count);
    if (e != ERR_OK && e != ERR_MORE)
        printf("error %s", err_name(e));
    for (size_t i = 0; i < count; i++)
        printf("%s%lld", i > 0 ? " " : "", (long long)found[i].start_us);
    putchar('\n');
    calendar_free(event);
}

int main(void)
{
    static char line[LINE_SIZE];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *at;
        usec_t from_us = strtoll(line, &at, 10);
        usec_t to_us = strtoll(at, &at, 10);

        at += *at == ' ';
        unescape(at);
        expand(at, from_us, to_us);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
