#include "cap_map.h"

#include <stdio.h>
#include <string.h>

#include "cap_words.h"
#include "check.h"

static const char *const default_rules[] = {
    "Immediate, Extreme|Severe, Observed|Likely: emergency sound",
    "Expected, Severe|Moderate, *: priority sound",
    "*, *, *: normal inbox",
};

size_t cap_map_default(struct cap_rule *ret_rules)
{
    size_t count = sizeof(default_rules) / sizeof(default_rules[0]);

    for (size_t i = 0; i < count; i++)
        CHECK(cap_map_read(default_rules[i], &ret_rules[i], NULL) == ERR_OK);
    return count;
}

static const char *skip(const char *at)
{
    return at + strspn(at, " \t");
}

/* One set of words up to `end`; 0 when it is none. Advances *at behind the end. */
static unsigned read_set(const char **at, const struct cap_words *table, char end)
{
    const char *p = skip(*at);
    unsigned set = 0;

    if (*p == '*') {
        set = ~1U;
        p = skip(p + 1);
    } else {
        for (;;) {
            size_t len = strcspn(p, "|,: \t");
            int word = cap_words_find(table, p, len);

            if (word == 0)
                return 0;
            set |= 1U << word;
            p = skip(p + len);
            if (*p != '|')
                break;
            p = skip(p + 1);
        }
    }
    if (*p != end)
        return 0;
    *at = p + 1;
    return set;
}

enum err cap_map_read(const char *text, struct cap_rule *ret_rule, struct err_detail *detail)
{
    const char *at = text;
    struct cap_rule r = {0};
    char level[16], action[16];
    int used = 0;

    r.urgencies = read_set(&at, &cap_words_urgency, ',');
    if (r.urgencies != 0)
        r.severities = read_set(&at, &cap_words_severity, ',');
    if (r.severities != 0)
        r.certainties = read_set(&at, &cap_words_certainty, ':');
    if (r.certainties == 0)
        return err_set(
            detail, ERR_FORMAT,
            "\"%.80s\" is no rule; write URGENCY, SEVERITY, CERTAINTY: LEVEL ACTION, with "
            "words of CAP, several parted by |, or *",
            text);
    if (sscanf(at, "%15s %15s %n", level, action, &used) == 2 && at[used] == '\0') {
        r.level = (enum priority)cap_words_find(&cap_words_level, level, strlen(level));
        r.action = (enum cap_action)cap_words_find(&cap_words_action, action, strlen(action));
        if ((r.action == CAP_ACTION_LOG && strcmp(action, "log") == 0 &&
             strcmp(level, "none") == 0) ||
            (r.level != PRIORITY_NONE &&
             (r.action == CAP_ACTION_SOUND || r.action == CAP_ACTION_INBOX))) {
            *ret_rule = r;
            return ERR_OK;
        }
    }
    return err_set(detail, ERR_FORMAT,
                   "\"%.80s\" does not end with a level (normal, priority, emergency) and sound or "
                   "inbox, nor with none log",
                   text);
}

struct cap_rule cap_map(const struct cap_rule *rules, size_t count, enum cap_urgency urgency,
                        enum cap_severity severity, enum cap_certainty certainty)
{
    for (size_t i = 0; i < count; i++) {
        const struct cap_rule *r = &rules[i];

        if ((r->urgencies >> urgency & 1) != 0 && (r->severities >> severity & 1) != 0 &&
            (r->certainties >> certainty & 1) != 0)
            return *r;
    }
    return (struct cap_rule){0};
}
