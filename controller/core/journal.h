/* journal.h - the audit trail: entries for people, each chained to the one before by SHA-256.
 *
 * hash = SHA-256 over prev_hash and the entry's fields, each prefixed by its length as 4 bytes
 * big-endian; so an entry cannot be changed, dropped or inserted without breaking every later one.
 * The store keeps them; this module computes and checks. Thread: main. */
#ifndef LOA_JOURNAL_H
#define LOA_JOURNAL_H

#include "digest.h"
#include "err.h"
#include "units.h"

struct journal_entry {
    uint64_t seq; /* 1, 2, 3 ... without gaps */
    usec_t at_us; /* station time */
    char actor[64]; /* login, "node:7" or "station" */
    char action[64]; /* dotted name: "bulletin.approve" */
    char object[96]; /* "bulletin:12" */
    char detail[1024]; /* JSON object, may be empty */
    uint8_t hash[SHA256_BYTES];
};

/* Compute the hash of an entry from its fields and the hash before it (zeros before the first). */
void journal_hash(const struct journal_entry *e, const uint8_t prev[SHA256_BYTES],
                  uint8_t ret_hash[SHA256_BYTES]);

/* Check an entry against the one before.
 *
 *   prev  NULL for seq 1
 *
 * ERR_FORMAT  a gap in seq or another hash; detail says which entry */
MUST_USE enum err journal_check(const struct journal_entry *e, const struct journal_entry *prev,
                                struct err_detail *detail);

#endif
