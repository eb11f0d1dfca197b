/* src_media.h - a source that plays stored media on the timeline of a start order.
 *
 * Play r of `repeats` starts at start_us + r * (sum of duration_ms + pause_ms); item j follows item j-1
 * after exactly duration_ms of it. Packet k of an item that starts at t has presentation time
 * t - pre-skip + k * 20 ms, so that the sound itself begins at t; a node drops what lies before. So the
 * last packet of an item may overlap the first of the next: a step in presentation times other than
 * 20 ms means that a new item begins with a fresh decoder.
 * Sequence numbers count every packet of the whole timeline, so that a stream taken up in the middle
 * (a restarted controller) goes on with the numbers that it would have had.
 * Thread: see source.h. */
#ifndef LOA_SRC_MEDIA_H
#define LOA_SRC_MEDIA_H

#include "programme.h"
#include "source.h"

#define SRC_MEDIA_ITEMS_MAX 16
#define SRC_MEDIA_REPEATS_MAX 10

struct src_media_item {
    struct media_id media; /* zero: silence, which takes its time and no packets */
    uint32_t duration_ms; /* its place on the timeline, 1.. ; what is longer is cut */
};

struct src_media_plan {
    usec_t start_us; /* station time at which the sound of the first item begins */
    uint32_t repeats; /* plays in all, 1..SRC_MEDIA_REPEATS_MAX */
    uint32_t pause_ms; /* between plays */
    size_t item_count; /* 1..SRC_MEDIA_ITEMS_MAX */
    struct src_media_item items[SRC_MEDIA_ITEMS_MAX];
};

/* Open all media of a plan and make the source; blocks for reading and hashing the files.
 *
 *   media_dir  as for import_file()
 *
 * ERR_ARG    plan out of range
 * otherwise as programme_open() */
MUST_USE enum err src_media_new(const char *media_dir, const struct src_media_plan *plan,
                                struct source **ret_source, struct err_detail *detail);

#endif
