#include "pcmring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pcmring {
    atomic_uint holders;
    atomic_bool closed;
    atomic_size_t written; /* both grow for ever; their difference is what is held */
    atomic_size_t read;
    size_t size;
    float samples[];
};

enum err pcmring_new(size_t samples, struct pcmring **ret_ring)
{
    struct pcmring *r = calloc(1, sizeof(*r) + samples * sizeof(float));

    if (r == NULL)
        return ERR_NOMEM;
    r->size = samples;
    atomic_init(&r->holders, 1);
    *ret_ring = r;
    return ERR_OK;
}

struct pcmring *pcmring_ref(struct pcmring *r)
{
    atomic_fetch_add(&r->holders, 1);
    return r;
}

void pcmring_unref(struct pcmring *r)
{
    if (r != NULL && atomic_fetch_sub(&r->holders, 1) == 1)
        free(r);
}

size_t pcmring_held(const struct pcmring *r)
{
    return atomic_load_explicit(&r->written, memory_order_acquire) -
           atomic_load_explicit(&r->read, memory_order_acquire);
}

size_t pcmring_write(struct pcmring *r, const float *pcm, size_t samples)
{
    size_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
    size_t room = r->size - pcmring_held(r);
    size_t count = samples < room ? samples : room;
    size_t begin = at % r->size;
    size_t first = count < r->size - begin ? count : r->size - begin;

    memcpy(r->samples + begin, pcm, first * sizeof(*pcm));
    memcpy(r->samples, pcm + first, (count - first) * sizeof(*pcm));
    atomic_store_explicit(&r->written, at + count, memory_order_release);
    return count;
}

void pcmring_close(struct pcmring *r)
{
    atomic_store_explicit(&r->closed, true, memory_order_release);
}

bool pcmring_read(struct pcmring *r, float *ret_pcm, size_t samples)
{
    size_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
    size_t begin = at % r->size;
    size_t first = samples < r->size - begin ? samples : r->size - begin;

    if (pcmring_held(r) < samples)
        return false;
    memcpy(ret_pcm, r->samples + begin, first * sizeof(*ret_pcm));
    memcpy(ret_pcm + first, r->samples, (samples - first) * sizeof(*ret_pcm));
    atomic_store_explicit(&r->read, at + samples, memory_order_release);
    return true;
}

void pcmring_trim(struct pcmring *r, size_t keep)
{
    size_t held = pcmring_held(r);

    if (held > keep)
        atomic_fetch_add_explicit(&r->read, held - keep, memory_order_release);
}

bool pcmring_closed(const struct pcmring *r)
{
    return atomic_load_explicit(&r->closed, memory_order_acquire);
}
