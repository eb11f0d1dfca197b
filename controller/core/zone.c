#include "zone.h"

#include <string.h>

#include "bytes.h"
#include "utf8.h"

static const struct zone *find(const struct zone *zones, size_t count, struct zone_id id)
{
    for (size_t i = 0; i < count; i++) {
        if (zones[i].id.v == id.v)
            return &zones[i];
    }
    return NULL;
}

static enum err check_words(const struct zone *z, struct err_detail *detail)
{
    static const char code_chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t code_len = strnlen(z->code, sizeof(z->code));
    size_t name_len = strnlen(z->name, sizeof(z->name));

    if (code_len == 0 || code_len == sizeof(z->code) || strspn(z->code, code_chars) != code_len)
        return err_set(
            detail, ERR_FORMAT,
            "the zone code must be 1 to %d letters, digits, dots or dashes, such as thon-3",
            ZONE_CODE_SIZE - 1);
    if (name_len == 0 || name_len == sizeof(z->name) || !utf8_valid(z->name, name_len, false))
        return err_set(detail, ERR_FORMAT, "the zone needs a name of 1 to %d bytes of UTF-8 text",
                       NAME_SIZE - 1);
    return ERR_OK;
}

/* Steps from a zone up to the top, with `changed` in place of the stored one. More than all zones
 * together means a cycle. */
static size_t depth_of(const struct zone *z, const struct zone *changed, const struct zone *zones,
                       size_t count)
{
    size_t depth = 1;

    while (z->parent.v != 0 && depth <= count + 1) {
        const struct zone *up =
            z->parent.v == changed->id.v ? changed : find(zones, count, z->parent);

        if (up == NULL)
            break;
        z = up;
        depth++;
    }
    return depth;
}

static enum err check_tree(const struct zone *z, const struct zone *zones, size_t count,
                           struct err_detail *detail)
{
    if (z->parent.v == 0)
        return ERR_OK;
    if (z->parent.v == z->id.v)
        return err_set(detail, ERR_FORMAT, "a zone cannot lie in itself; choose another parent");
    if (find(zones, count, z->parent) == NULL)
        return err_set(detail, ERR_NOT_FOUND, "the parent zone %u does not exist; choose another",
                       (unsigned)z->parent.v);
    /* A new zone may have no id yet; nothing can lie below it then. */
    if (z->id.v != 0 && zone_contains(zones, count, z->id, z->parent))
        return err_set(detail, ERR_FORMAT,
                       "the parent lies below this zone itself; choose another parent");
    return ERR_OK;
}

enum err zone_check(const struct zone *z, const struct zone *zones, size_t count,
                    struct err_detail *detail)
{
    enum err err = check_words(z, detail);
    size_t others = 0;

    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (zones[i].id.v == z->id.v)
            continue;
        others++;
        if (strcmp(zones[i].code, z->code) == 0)
            err = err_set(detail, ERR_EXISTS, "another zone has the code %s; choose another code",
                          z->code);
    }
    if (err == ERR_OK && others >= ZONES_MAX)
        err = err_set(detail, ERR_LIMIT, "a station has at most %d zones", ZONES_MAX);
    if (err == ERR_OK)
        err = check_tree(z, zones, count, detail);
    if (err != ERR_OK)
        return err;
    if (depth_of(z, z, zones, count) > ZONE_DEPTH_MAX)
        return err_set(detail, ERR_LIMIT, "zones lie at most %d deep; choose a higher parent",
                       ZONE_DEPTH_MAX);
    /* What hangs below moves along and may get too deep. */
    for (size_t i = 0; i < count && z->id.v != 0; i++) {
        if (depth_of(&zones[i], z, zones, count) > ZONE_DEPTH_MAX)
            return err_set(
                detail, ERR_LIMIT,
                "zones below this one would lie more than %d deep; choose a higher parent",
                ZONE_DEPTH_MAX);
    }
    return ERR_OK;
}

bool zone_contains(const struct zone *zones, size_t count, struct zone_id outer,
                   struct zone_id inner)
{
    for (size_t step = 0; step <= ZONE_DEPTH_MAX && inner.v != 0; step++) {
        const struct zone *z;

        if (inner.v == outer.v)
            return true;
        z = find(zones, count, inner);
        if (z == NULL)
            return false;
        inner = z->parent;
    }
    return false;
}

const struct languages *zone_languages(const struct zone *zones, size_t count, struct zone_id id)
{
    static const struct languages none;

    for (size_t step = 0; step <= ZONE_DEPTH_MAX && id.v != 0; step++) {
        const struct zone *z = find(zones, count, id);

        if (z == NULL)
            break;
        if (z->languages.count > 0)
            return &z->languages;
        id = z->parent;
    }
    return &none;
}
