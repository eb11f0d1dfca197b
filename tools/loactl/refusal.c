#include "refusal.h"

#include <stdio.h>
#include <string.h>

/* How a member or query name stands in a sentence: longer forms first. */
static const struct {
    const char *before;
    const char *after;
} forms[] = {
    {"The key \"", "\""}, {"\"", "\": true"}, {"\"", "\""}, {"?", "=..."}, {"?", "="},
};

/* Length of what stands at `at` for the argument; 0 nothing. */
static size_t names(const char *at, const char *key)
{
    size_t key_len = strlen(key);

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t before = strlen(forms[i].before);
        size_t after = strlen(forms[i].after);

        if (strncmp(at, forms[i].before, before) == 0 && strncmp(at + before, key, key_len) == 0 &&
            strncmp(at + before + key_len, forms[i].after, after) == 0)
            return before + key_len + after;
    }
    return 0;
}

static const struct arg *find(const struct command *command, const char *at, size_t *ret_len)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && command->args[i].form != ARG_NONE; i++) {
        const struct arg *a = &command->args[i];
        size_t len = names(at, a->key != NULL ? a->key : a->name);

        if (len > 0) {
            *ret_len = len;
            return a;
        }
    }
    return NULL;
}

void refusal_words(const struct command *command, const char *sentence, char *ret_text, size_t size)
{
    size_t n = 0;

    for (const char *at = sentence; *at != '\0' && n + 1 < size;) {
        size_t len = 0;
        const struct arg *a = find(command, at, &len);

        if (a == NULL) {
            ret_text[n++] = *at++;
            continue;
        }
        n += (size_t)snprintf(ret_text + n, size - n, "%s%s", a->form == ARG_POSITION ? "" : "--",
                              a->form == ARG_POSITION ? a->value : a->name);
        at += len;
    }
    ret_text[n < size ? n : size - 1] = '\0';
}
