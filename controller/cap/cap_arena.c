#include "cap_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384
#define ALIGNMENT 16
#define FIRST_PLACES 4

struct cap_chunk {
    struct cap_chunk *older;
    size_t size;
    _Alignas(ALIGNMENT) unsigned char data[];
};

void *cap_arena_take(struct cap_arena *a, size_t size)
{
    size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct cap_chunk *chunk;
    void *place;

    if (a->failed || need < size)
        return NULL;
    if (a->chunks == NULL || a->chunks->size - a->used < need) {
        size_t room = need > CHUNK_BYTES ? need : CHUNK_BYTES;

        chunk = calloc(1, sizeof(*chunk) + room);
        if (chunk == NULL) {
            a->failed = true;
            return NULL;
        }
        chunk->size = room;
        chunk->older = a->chunks;
        a->chunks = chunk;
        a->used = 0;
    }
    place = a->chunks->data + a->used;
    a->used += need;
    return place;
}

/* The room of an array follows from its count: 0, then powers of two from FIRST_PLACES on. */
static bool is_full(size_t count)
{
    return count == 0 || (count >= FIRST_PLACES && (count & (count - 1)) == 0);
}

void *cap_arena_push(struct cap_arena *a, void **items, size_t *count, size_t size)
{
    if (is_full(*count)) {
        size_t room = *count == 0 ? FIRST_PLACES : *count * 2;
        void *grown = room > SIZE_MAX / size ? NULL : cap_arena_take(a, room * size);

        if (grown == NULL)
            return NULL;
        if (*count > 0)
            memcpy(grown, *items, *count * size);
        *items = grown;
    }
    return (unsigned char *)*items + (*count)++ * size;
}

void cap_arena_deinit(struct cap_arena *a)
{
    while (a->chunks != NULL) {
        struct cap_chunk *chunk = a->chunks;

        a->chunks = chunk->older;
        free(chunk);
    }
    *a = (struct cap_arena){0};
}
