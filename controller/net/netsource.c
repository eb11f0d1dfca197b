#include "netsource.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct holder {
    struct netsource source;
    uint32_t held; /* 0: the place is free */
};

struct netsource_table {
    uint32_t capacity;
    uint32_t max_of_one;
    uint32_t high; /* places ever used */
    struct holder holders[];
};

struct netsource netsource_of(const char *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct netsource s = {0};
    uint8_t raw[16];

    if (inet_pton(AF_INET, address, raw) == 1)
        memcpy(s.prefix + 4, raw, 4);
    else if (inet_pton(AF_INET6, address, raw) == 1 && memcmp(raw, mapped, sizeof(mapped)) == 0)
        memcpy(s.prefix + 4, raw + 12, 4);
    else if (inet_pton(AF_INET6, address, raw) == 1)
        memcpy(s.prefix, raw, NETSOURCE_BYTES);
    return s;
}

struct netsource_table *netsource_table_new(uint32_t capacity, uint32_t max_of_one)
{
    struct netsource_table *t = calloc(1, sizeof(*t) + capacity * sizeof(t->holders[0]));

    if (t == NULL)
        return NULL;
    t->capacity = capacity;
    t->max_of_one = max_of_one;
    return t;
}

void netsource_table_free(struct netsource_table *t)
{
    free(t);
}

/* The place of a source, else a free one, else NULL. */
static struct holder *find(struct netsource_table *t, struct netsource source)
{
    struct holder *vacant = NULL;

    for (uint32_t i = 0; i < t->high; i++) {
        struct holder *h = &t->holders[i];

        if (h->held == 0)
            vacant = h;
        else if (memcmp(&h->source, &source, sizeof(source)) == 0)
            return h;
    }
    if (vacant == NULL && t->high < t->capacity)
        vacant = &t->holders[t->high++];
    return vacant;
}

enum err netsource_enter(struct netsource_table *t, struct netsource source)
{
    struct holder *h = find(t, source);

    if (h == NULL || h->held >= t->max_of_one)
        return ERR_LIMIT;
    h->source = source;
    h->held++;
    return ERR_OK;
}

void netsource_leave(struct netsource_table *t, struct netsource source)
{
    struct holder *h = find(t, source);

    CHECK(h != NULL && h->held > 0);
    h->held--;
}
