#include "backoff.h"

#include <arpa/inet.h>
#include <string.h>

uint64_t backoff_key(char kind, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (unsigned char)kind; /* FNV-1a */

    for (; *text != '\0'; text++) {
        hash = hash * UINT64_C(0x100000001b3);
        hash ^= (unsigned char)*text;
    }
    return hash != 0 ? hash : 1;
}

uint64_t backoff_remote_key(const char *address)
{
    struct in6_addr a;
    char prefix[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &a) != 1 || IN6_IS_ADDR_V4MAPPED(&a))
        return backoff_key('r', address);
    memset(a.s6_addr + 8, 0, 8);
    return backoff_key('r', inet_ntop(AF_INET6, &a, prefix, sizeof(prefix)));
}

static const struct backoff_entry *find(const struct backoff *b, uint64_t key)
{
    for (size_t i = 0; i < BACKOFF_ENTRIES; i++)
        if (b->entries[i].key == key)
            return &b->entries[i];
    return NULL;
}

usec_t backoff_wait_us(const struct backoff *b, uint64_t key, usec_t now_us, usec_t max_us)
{
    const struct backoff_entry *e = find(b, key);
    usec_t wait_us = BACKOFF_FIRST_US;

    if (e == NULL || e->failures <= BACKOFF_FREE_FAILURES ||
        now_us - e->last_us >= BACKOFF_FORGET_US)
        return 0;
    for (uint32_t i = BACKOFF_FREE_FAILURES + 1; i < e->failures && wait_us < max_us; i++)
        wait_us *= 2;
    if (wait_us > max_us)
        wait_us = max_us;
    wait_us -= now_us - e->last_us;
    return wait_us > 0 ? wait_us : 0;
}

void backoff_failed(struct backoff *b, uint64_t key, usec_t now_us)
{
    struct backoff_entry *e = NULL;

    for (size_t i = 0; i < BACKOFF_ENTRIES; i++) {
        struct backoff_entry *at = &b->entries[i];

        if (at->key == key) {
            e = at;
            break;
        }
        if (e == NULL || (e->key != 0 && (at->key == 0 || at->last_us < e->last_us)))
            e = at;
    }
    if (e->key != key || now_us - e->last_us >= BACKOFF_FORGET_US)
        *e = (struct backoff_entry){.key = key};
    e->failures++;
    e->last_us = now_us;
}

void backoff_passed(struct backoff *b, uint64_t key)
{
    for (size_t i = 0; i < BACKOFF_ENTRIES; i++)
        if (b->entries[i].key == key)
            memset(&b->entries[i], 0, sizeof(b->entries[i]));
}
