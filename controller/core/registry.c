#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

/* Entries are allocated one by one, so that a pointer to one stays good while others come. */
struct registry {
    struct node_entry **entries; /* in order of id */
    size_t count;
    size_t size;
};

enum err registry_new(struct registry **ret_registry)
{
    struct registry *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return ERR_NOMEM;
    *ret_registry = r;
    return ERR_OK;
}

void registry_free(struct registry *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++)
        free(r->entries[i]);
    free(r->entries);
    free(r);
}

/* Where the id stands, or would stand. */
static size_t position_of(const struct registry *r, struct node_id id)
{
    size_t lo = 0;
    size_t hi = r->count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (r->entries[mid]->record.id.v < id.v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static enum err grow(struct registry *r)
{
    size_t size = r->size > 0 ? r->size * 2 : 64;
    struct node_entry **entries = realloc(r->entries, size * sizeof(struct node_entry *));

    if (entries == NULL)
        return ERR_NOMEM;
    r->entries = entries;
    r->size = size;
    return ERR_OK;
}

enum err registry_put(struct registry *r, const struct node_record *record)
{
    size_t at = position_of(r, record->id);
    struct node_entry *e;

    if (record->id.v == 0)
        return ERR_ARG;
    if (at < r->count && r->entries[at]->record.id.v == record->id.v) {
        r->entries[at]->record = *record;
        return ERR_OK;
    }
    if (r->count == REGISTRY_NODES_MAX)
        return ERR_LIMIT;
    if (r->count == r->size && grow(r) != ERR_OK)
        return ERR_NOMEM;
    e = calloc(1, sizeof(*e));
    if (e == NULL)
        return ERR_NOMEM;
    e->record = *record;
    memmove(r->entries + at + 1, r->entries + at, (r->count - at) * sizeof(struct node_entry *));
    r->entries[at] = e;
    r->count++;
    return ERR_OK;
}

size_t registry_count(const struct registry *r)
{
    return r->count;
}

struct node_entry *registry_at(struct registry *r, size_t i)
{
    return i < r->count ? r->entries[i] : NULL;
}

struct node_entry *registry_find(struct registry *r, struct node_id id)
{
    size_t at = position_of(r, id);

    return at < r->count && r->entries[at]->record.id.v == id.v ? r->entries[at] : NULL;
}

enum err registry_admit(struct registry *r, struct node_id id,
                        const uint8_t cert_sha256[SHA256_BYTES])
{
    const struct node_entry *e = registry_find(r, id);

    if (e == NULL)
        return ERR_NOT_FOUND;
    if (e->record.state != NODE_STATE_ACTIVE ||
        memcmp(e->record.cert_sha256, cert_sha256, SHA256_BYTES) != 0)
        return ERR_AUTH;
    return ERR_OK;
}

void registry_settings(const struct node_record *record, const struct station *station,
                       loa_Settings *ret_settings)
{
    struct window windows[WINDOW_QUIET_MAX];
    const struct station_policy *policy = &station->policy;
    size_t count = station_windows(policy, windows);
    loa_Settings s = loa_Settings_init_zero;

    s.revision = record->settings_revision;
    snprintf(s.name, sizeof(s.name), "%s", record->name);
    if (record->zone.v != 0)
        s.zones[s.zones_count++] = record->zone.v;
    s.volume_mdb = record->volume_mdb;
    s.emergency_volume_mdb = record->emergency_volume_mdb;
    s.delay_us = record->delay_us;
    s.muted = record->muted;
    s.utc_offset_min = station->utc_offset_min;
    for (size_t i = 0; i < count; i++)
        s.allowed[s.allowed_count++] =
            (loa_Window){windows[i].weekdays, windows[i].from_min, windows[i].to_min};
    s.max_broadcast_s = policy->max_broadcast_s;
    *ret_settings = s;
}
