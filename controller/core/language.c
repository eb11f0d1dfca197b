#include "language.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool language_valid(const char *tag)
{
    size_t group = 0;

    if (strnlen(tag, LANGUAGE_SIZE) == LANGUAGE_SIZE)
        return false;
    for (size_t i = 0, start = 0;; i++) {
        if (is_letter(tag[i]) || (group > 0 && tag[i] >= '0' && tag[i] <= '9'))
            continue;
        if (i - start < (group == 0 ? 2 : 1) || i - start > 8)
            return false;
        if (tag[i] == '\0')
            return true;
        if (tag[i] != '-')
            return false;
        start = i + 1;
        group++;
    }
}

void languages_print(const struct languages *l, char ret_text[LANGUAGES_TEXT_SIZE])
{
    size_t len = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < l->count; i++)
        len += (size_t)snprintf(ret_text + len, LANGUAGES_TEXT_SIZE - len, "%s%s", i > 0 ? "," : "",
                                l->at[i]);
}

void languages_parse(const char *text, struct languages *ret_languages)
{
    *ret_languages = (struct languages){0};
    while (*text != '\0' && ret_languages->count < LANGUAGES_MAX) {
        char *tag = ret_languages->at[ret_languages->count];
        size_t len = strcspn(text, ",");

        if (len < LANGUAGE_SIZE) {
            memcpy(tag, text, len);
            tag[len] = '\0';
            if (language_valid(tag))
                ret_languages->count++;
        }
        text += len + (text[len] == ',');
    }
}
