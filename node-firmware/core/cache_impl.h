/* cache_impl.h - what the files of the cache share.
 *
 * Not for others. Thread: the one that calls node_step(). */
#ifndef LOA_CACHE_IMPL_H
#define LOA_CACHE_IMPL_H

#include "cache.h"

#define CACHE_NEVER INT64_MIN

/* cache.c */

/* "m.<hex>" for a whole object, "p.<hex>" for an unfinished one.
 *
 *   ret_name  PORT_NAME_MAX bytes */
void cache_object_name(const struct media_id *media, char kind, char *ret_name);

/* The controller is to hear of it with the next report. */
void cache_tell(struct cache_object *o, loa_MediaResult result);

/* Remove what is on flash; the place stays in use while the controller offers it or must hear of it. */
void cache_forget(struct cache *c, struct cache_object *o);

/* cache_evict.c */

/* Remove what is needed least until `bytes` more fit.
 *
 *   for_object  what they are for: it stays, and so does all that is needed before it
 *
 * False when that is not enough; what was removed until then is gone. */
bool cache_make_room(struct cache *c, const struct cache_object *for_object, uint64_t bytes);

/* cache_transfer.c */

/* The transfer of an object stops: the flash did not take it. */
void cache_flash_failed(struct cache *c, struct cache_object *o, enum err e, usec_t mono_us);

void cache_stop_transfer(struct cache *c);

/* Ask for the next piece, or wait for one.
 *
 * True when *ret_msg is to be sent. */
bool cache_transfer_step(struct cache *c, usec_t mono_us, loa_Msg *ret_msg, usec_t *ret_next_us);

/* cache_judge.c */

/* Hash some more of the object that is being judged; true when there is more to do. */
bool cache_judge_step(struct cache *c, usec_t mono_us);

/* It is not what its name says, or cannot be read. */
void cache_judged_bad(struct cache *c, struct cache_object *o, const char *event);

#endif
