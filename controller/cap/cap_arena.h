/* cap_arena.h - memory that lives as long as one message and is freed at once.
 *
 * The first failure sticks: every later call returns NULL. Thread: the owner's. */
#ifndef LOA_CAP_ARENA_H
#define LOA_CAP_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct cap_chunk;

struct cap_arena {
    struct cap_chunk *chunks;
    size_t used; /* of the newest chunk */
    bool failed;
};

/* Zeroed memory for any type; NULL when there is none. */
void *cap_arena_take(struct cap_arena *a, size_t size);

/* A place at the end of an array that doubles when it is full.
 *
 *   items, count  the array and how many places are in use; grown by one
 *   size          of one place
 *
 * Returns the new place, zeroed; NULL when there is no memory, array unchanged. */
void *cap_arena_push(struct cap_arena *a, void **items, size_t *count, size_t size);

/* Free everything. */
void cap_arena_deinit(struct cap_arena *a);

#endif
