#include "journal.h"

#include <string.h>

static void add_field(struct digest *d, const void *data, size_t len)
{
    uint8_t prefix[4];
    struct writer w;

    writer_init(&w, prefix, sizeof prefix);
    writer_u32(&w, (uint32_t)len);
    digest_update(d, writer_view(&w));
    digest_update(d, bytes_of(data, len));
}

static void add_number(struct digest *d, uint64_t v)
{
    uint8_t number[8];
    struct writer w;

    writer_init(&w, number, sizeof number);
    writer_u64(&w, v);
    add_field(d, number, sizeof number);
}

void journal_hash(const struct journal_entry *e, const uint8_t prev[SHA256_BYTES],
                  uint8_t ret_hash[SHA256_BYTES])
{
    struct digest d;

    digest_init(&d);
    add_field(&d, prev, SHA256_BYTES);
    add_number(&d, e->seq);
    add_number(&d, (uint64_t)e->at_us);
    add_field(&d, e->actor, strnlen(e->actor, sizeof e->actor));
    add_field(&d, e->action, strnlen(e->action, sizeof e->action));
    add_field(&d, e->object, strnlen(e->object, sizeof e->object));
    add_field(&d, e->detail, strnlen(e->detail, sizeof e->detail));
    digest_finish(&d, ret_hash);
}

enum err journal_check(const struct journal_entry *e, const struct journal_entry *prev,
                       struct err_detail *detail)
{
    static const uint8_t zeros[SHA256_BYTES];
    uint64_t expected = prev != NULL ? prev->seq + 1 : 1;
    uint8_t hash[SHA256_BYTES];

    if (e->seq != expected)
        return err_set(
            detail, ERR_FORMAT,
            "journal entry %llu is missing: entry %llu stands in its place; compare with "
            "a backup",
            (unsigned long long)expected, (unsigned long long)e->seq);
    journal_hash(e, prev != NULL ? prev->hash : zeros, hash);
    if (!digest_equal(hash, e->hash))
        return err_set(
            detail, ERR_FORMAT,
            "journal entry %llu was changed after it was written: its hash does not fit; "
            "compare with a backup",
            (unsigned long long)e->seq);
    return ERR_OK;
}
