#include "site.h"

#include <string.h>

static const char *const names[SITE_ITEMS] = {
    [SITE_ITEM_MOUNTED] = "mounted",     [SITE_ITEM_POWER] = "power",
    [SITE_ITEM_EARTH] = "earth",         [SITE_ITEM_LINK] = "link",
    [SITE_ITEM_POSITION] = "position",   [SITE_ITEM_PHOTO] = "photo",
    [SITE_ITEM_WALK_TEST] = "walk_test", [SITE_ITEM_TONE_TEST] = "tone_test",
    [SITE_ITEM_LABEL] = "label",
};

const char *site_item_name(enum site_item item)
{
    return (unsigned)item < SITE_ITEMS ? names[item] : NULL;
}

enum site_item site_item_from_name(const char *name)
{
    for (int i = SITE_ITEM_NONE + 1; i < SITE_ITEMS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum site_item)i;
    return SITE_ITEM_NONE;
}

enum site_photo site_photo_kind(const void *data, size_t len)
{
    if (len >= 4 && memcmp(data, "\xFF\xD8\xFF", 3) == 0)
        return SITE_PHOTO_JPEG;
    if (len >= 24 && memcmp(data, "\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16) == 0)
        return SITE_PHOTO_PNG;
    return SITE_PHOTO_NONE;
}

enum err site_may_sign(const struct site_check *checks, struct err_detail *detail)
{
    for (int i = SITE_ITEM_NONE + 1; i < SITE_ITEMS; i++)
        if (checks[i].done_us == 0)
            return err_set(detail, ERR_STATE,
                           "The item %s is not ticked; tick every item before you sign off.",
                           names[i]);
    return ERR_OK;
}
