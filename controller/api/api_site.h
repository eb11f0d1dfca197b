/* api_site.h - what a node's routes share about its place. For controller/api only. Thread: main. */
#ifndef LOA_API_SITE_H
#define LOA_API_SITE_H

#include "api_impl.h"
#include "store_site.h"

/* The node that the address names. */
MUST_USE enum err api_node_find(struct call *c, struct node_entry **ret_entry);

/* Add what is known of the place to a node's object. */
MUST_USE enum err api_site_json(struct call *c, struct node_id node, json_t *to);

/* True when the body changes the place. */
bool api_site_is_sent(struct call *c);

/* Check what was read over `s`, and take the position over. */
MUST_USE enum err api_site_check(struct call *c, struct site *s, int64_t lat_udeg,
                                 int64_t lon_udeg);

/* The complete body of a route that takes a file: its path and descriptor are the caller's, to be
 * renamed or removed, and closed. */
MUST_USE enum err api_upload_take(struct call *c, char *ret_path, size_t size, int *ret_fd);

/* Import a file, as POST /media does; `cue` NULL: as it is. ERR_MORE: it is under way, and the file the import's.
 *
 *   resume  id of the upload in parts that it is of; 0 none */
MUST_USE enum err api_upload_import(struct call *c, const char *path, const char *title,
                                    const char *name, const struct cue *cue, uint64_t resume);

#endif
