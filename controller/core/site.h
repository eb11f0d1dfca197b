/* site.h - the place of a node: where it stands, its SIM card, how it was commissioned.
 *
 * Pure data and rules; kept by store_site. Thread: main. */
#ifndef LOA_SITE_H
#define LOA_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "units.h"

#define SITE_SIM_SIZE 32
#define SITE_DATE_SIZE 11 /* "2026-11-30" and its NUL */

/* What a technician ticks off. Stored: numbers never change. */
enum site_item {
    SITE_ITEM_NONE = 0,
    SITE_ITEM_MOUNTED, /* cabinet and horns hold */
    SITE_ITEM_POWER, /* mains, fuse and backup supply */
    SITE_ITEM_EARTH, /* earthing and lightning protection */
    SITE_ITEM_LINK, /* on line for ten minutes */
    SITE_ITEM_POSITION, /* on the map */
    SITE_ITEM_PHOTO,
    SITE_ITEM_WALK_TEST, /* level heard over the whole hamlet */
    SITE_ITEM_TONE_TEST, /* heard by its microphone, or by people */
    SITE_ITEM_LABEL, /* name and number on the cabinet */
    SITE_ITEMS,
};

enum site_photo { SITE_PHOTO_NONE = 0, SITE_PHOTO_JPEG, SITE_PHOTO_PNG };

struct site_check {
    usec_t done_us; /* 0: not ticked */
    struct user_id done_by;
};

struct site {
    struct node_id node;
    bool has_position;
    int32_t lat_udeg; /* WGS 84, -90,000,000..90,000,000 */
    int32_t lon_udeg; /* -180,000,000..180,000,000 */
    char sim_number[SITE_SIM_SIZE];
    char sim_due[SITE_DATE_SIZE]; /* local date by which the card must be paid; "" never */
    enum site_photo photo;
    usec_t signed_us; /* 0: not signed off */
    struct user_id signed_by;
};

/* "mounted"; NULL outside the list. */
const char *site_item_name(enum site_item item);

/* SITE_ITEM_NONE: none is called so. */
enum site_item site_item_from_name(const char *name);

/* Kind of an image by its first bytes; NONE: neither JPEG nor PNG. */
enum site_photo site_photo_kind(const void *data, size_t len);

/* May all of it be signed off?
 *
 *   checks  SITE_ITEMS places, by item
 *
 * ERR_STATE  something is not ticked; detail names the first */
MUST_USE enum err site_may_sign(const struct site_check *checks, struct err_detail *detail);

#endif
