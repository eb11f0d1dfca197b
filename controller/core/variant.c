#include "variant.h"

#include <stdio.h>
#include <string.h>

#define FOR_ALL_ONLY "-"

static bool has(const struct bulletin *b, const char *language)
{
    for (size_t i = 0; i < b->part_count; i++) {
        if (strcasecmp(b->parts[i].language, language) == 0)
            return true;
    }
    return false;
}

static bool has_languages(const struct bulletin *b)
{
    for (size_t i = 0; i < b->part_count; i++) {
        if (b->parts[i].language[0] != '\0')
            return true;
    }
    return false;
}

/* Do the parts for everybody say anything? */
static bool speaks_to_all(const struct bulletin *b)
{
    for (size_t i = 0; i < b->part_count; i++) {
        const struct part *p = &b->parts[i];

        if (p->language[0] == '\0' && bulletin_part_speaks(p))
            return true;
    }
    return false;
}

void variant_choose(const struct bulletin *b, const struct languages *wanted,
                    char ret_variant[LANGUAGES_TEXT_SIZE])
{
    struct languages chosen = {0};
    const char *fallback = "";

    if (wanted->count > 0 && has_languages(b)) {
        for (size_t i = 0; i < wanted->count; i++) {
            if (has(b, wanted->at[i]))
                memcpy(chosen.at[chosen.count++], wanted->at[i], LANGUAGE_SIZE);
        }
        fallback = speaks_to_all(b) ? FOR_ALL_ONLY : has(b, "vi") ? "vi" : "";
    }
    if (chosen.count > 0)
        languages_print(&chosen, ret_variant);
    else
        snprintf(ret_variant, LANGUAGES_TEXT_SIZE, "%s", fallback);
}

void variant_apply(struct bulletin *b, const char *variant)
{
    struct part parts[BULLETIN_PARTS_MAX];
    struct languages chosen;
    size_t count = 0;

    if (variant[0] == '\0')
        return;
    languages_parse(variant, &chosen); /* of "-" none */
    for (size_t i = 0; i < b->part_count;) {
        size_t end = i;

        if (b->parts[i].language[0] == '\0') {
            parts[count++] = b->parts[i++];
            continue;
        }
        while (end < b->part_count && b->parts[end].language[0] != '\0')
            end++;
        for (size_t l = 0; l < chosen.count; l++) {
            for (size_t k = i; k < end; k++) {
                if (strcasecmp(b->parts[k].language, chosen.at[l]) == 0)
                    parts[count++] = b->parts[k];
            }
        }
        i = end;
    }
    memcpy(b->parts, parts, count * sizeof(*parts));
    b->part_count = count;
}
