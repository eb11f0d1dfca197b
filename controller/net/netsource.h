/* netsource.h - how much each source of connections holds at this moment.
 *
 * A source is an IPv4 address or the 64-bit prefix of an IPv6 address: what one household, one SIM card or
 * one attacker has. Many honest nodes may share one (carrier-grade NAT), so limits by it are generous and
 * only for what is short-lived. A table has room for as many sources as things can be held in all, looks at
 * each (a few hundred), and allocates only when made. Thread: the owner's. */
#ifndef LOA_NETSOURCE_H
#define LOA_NETSOURCE_H

#include <stdint.h>

#include "err.h"

#define NETSOURCE_BYTES 8

struct netsource {
    uint8_t prefix[NETSOURCE_BYTES];
};

/* The source of a numeric address; ::ffff:a.b.c.d is the same as a.b.c.d, what is no address one common source. */
struct netsource netsource_of(const char *address);

struct netsource_table;

/*   capacity    sources that hold something at once, at least 1
 *   max_of_one  things that one source may hold, at least 1
 *
 * NULL without memory. */
struct netsource_table *netsource_table_new(uint32_t capacity, uint32_t max_of_one);
void netsource_table_free(struct netsource_table *t); /* NULL is harmless */

/* Let a source hold one more.
 *
 * ERR_LIMIT  it holds max_of_one, or the table is full; nothing changed */
MUST_USE enum err netsource_enter(struct netsource_table *t, struct netsource source);

/* One of what it holds is gone; once for each ERR_OK of netsource_enter(). */
void netsource_leave(struct netsource_table *t, struct netsource source);

#endif
