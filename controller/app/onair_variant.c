#include <stdlib.h>
#include <string.h>

#include "onair_impl.h"
#include "variant.h"

void onair_variants_clear(struct onair_variants *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->at[i].nodes);
    v->count = 0;
}

const struct onair_variant *onair_variants_find(const struct onair_variants *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->at[i].name, name) == 0)
            return &v->at[i];
    }
    return NULL;
}

static enum err add(struct onair_variants *v, const struct bulletin *b, const char *name,
                    size_t nodes_max)
{
    struct onair_variant *at = &v->at[v->count];

    at->nodes = calloc(nodes_max + 1, sizeof(*at->nodes));
    if (at->nodes == NULL)
        return ERR_NOMEM;
    at->count = 0;
    memcpy(at->name, name, sizeof(at->name));
    at->bulletin = *b;
    variant_apply(&at->bulletin, name);
    v->count++;
    return ERR_OK;
}

enum err onair_variants_make(struct onair *o, const struct bulletin *b, const struct zone *zones,
                             size_t zone_count, const struct node_id *nodes, size_t count,
                             struct onair_variants *v)
{
    static const char as_written[LANGUAGES_TEXT_SIZE];
    enum err e = ERR_OK;

    onair_variants_clear(v);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        const struct node_entry *node = registry_find(o->config.registry, nodes[i]);
        struct zone_id zone = node != NULL ? node->record.zone : (struct zone_id){0};
        char name[LANGUAGES_TEXT_SIZE] = "";
        struct onair_variant *at;

        variant_choose(b, zone_languages(zones, zone_count, zone), name);
        at = (struct onair_variant *)onair_variants_find(v, name);
        if (at == NULL && v->count == ONAIR_VARIANTS_MAX)
            at = &v->at[0]; /* more mixtures than a station can send: the first of them */
        if (at == NULL) {
            e = add(v, b, name, count);
            at = &v->at[v->count - 1];
        }
        if (e == ERR_OK)
            at->nodes[at->count++] = nodes[i];
    }
    if (e == ERR_OK && v->count == 0)
        e = add(v, b, as_written, 0);
    return e;
}
