/* hls.h - read a playlist of another broadcaster: HTTP Live Streaming (RFC 8216), or a list of addresses (M3U).
 *
 * Pure: text in, names out; what a name refers to is resolved and judged by who fetches it.
 * Thread: any. */
#ifndef LOA_HLS_H
#define LOA_HLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"

#define HLS_TEXT_MAX ((size_t)256 * 1024)
#define HLS_NAME_SIZE 1024
#define HLS_SEGMENTS_MAX 16 /* that are remembered */
#define HLS_NEWEST UINT64_MAX
#define HLS_TARGET_MAX_S 60

enum hls_kind {
    HLS_STREAM = 0, /* `next` is the address of a stream, or of another list */
    HLS_MASTER, /* `next` is the list that asks for the least, sound alone when there is one */
    HLS_SEGMENTS,
};

struct hls {
    enum hls_kind kind;
    char next[HLS_NAME_SIZE];
    bool ended; /* nothing will be added */
    uint32_t target_s; /* longest segment, 1..HLS_TARGET_MAX_S */
    char head[HLS_NAME_SIZE]; /* what goes before the segments (EXT-X-MAP), "" nothing */
    uint64_t first; /* number of segments[0] */
    uint64_t end; /* number after the last one of the list */
    size_t count; /* 0: none from there on yet */
    char segments[HLS_SEGMENTS_MAX][HLS_NAME_SIZE];
};

/* Read one.
 *
 *   from  remember the segments from this number on, or the HLS_NEWEST
 *
 * ERR_FORMAT       it is no such list, names nothing, or is of streams and of segments
 * ERR_UNSUPPORTED  encrypted, or parts of files
 * ERR_LIMIT        longer than HLS_TEXT_MAX, or a name than HLS_NAME_SIZE; *ret_list is undefined after an error */
MUST_USE enum err hls_read(struct bytes text, uint64_t from, struct hls *ret_list,
                           struct err_detail *detail);

#endif
