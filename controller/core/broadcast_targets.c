#include <stdio.h>
#include <stdlib.h>

#include "broadcast.h"

static int compare_targets(const void *a, const void *b)
{
    uint32_t x = ((const struct broadcast_target *)a)->node.v;
    uint32_t y = ((const struct broadcast_target *)b)->node.v;

    return (x > y) - (x < y);
}

enum err broadcast_set_targets(struct broadcast *b, const struct node_id *nodes, size_t count)
{
    struct broadcast_target *targets = calloc(count > 0 ? count : 1, sizeof(*targets));
    size_t kept = 0;

    if (targets == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        targets[i].node = nodes[i];
    qsort(targets, count, sizeof(*targets), compare_targets);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || targets[kept - 1].node.v != targets[i].node.v)
            targets[kept++].node = targets[i].node;
    }
    free(b->targets);
    b->targets = targets;
    b->target_count = kept;
    b->next_target = 0;
    return ERR_OK;
}

void broadcast_deinit(struct broadcast *b)
{
    free(b->targets);
    b->targets = NULL;
    b->target_count = 0;
}

struct broadcast_target *broadcast_target(struct broadcast *b, struct node_id node)
{
    struct broadcast_target key = {.node = node};

    if (b->target_count == 0)
        return NULL;
    return bsearch(&key, b->targets, b->target_count, sizeof(key), compare_targets);
}

static bool is_meant(const struct node_id *meant, size_t count, struct node_id node)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (meant[middle].v == node.v)
            return true;
        if (meant[middle].v < node.v)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

static void withdraw(struct broadcast_target *t)
{
    t->withdrawn = true;
    if (t->state != TARGET_WAITING)
        return;
    t->state = TARGET_SILENT;
    snprintf(t->note, sizeof(t->note), "no order sent: the node was moved or revoked meanwhile");
}

enum err broadcast_retarget(struct broadcast *b, const struct node_id *meant, size_t count,
                            void (*changed)(void *ctx, const struct broadcast_target *t,
                                            bool is_new),
                            void *ctx)
{
    struct broadcast_target *targets;
    size_t before = b->target_count, kept = before;

    if (b->state != BROADCAST_PLANNED)
        return ERR_STATE;
    targets = realloc(b->targets, (before + count + 1) * sizeof(*targets));
    if (targets == NULL)
        return ERR_NOMEM;
    b->targets = targets;
    for (size_t i = 0; i < before; i++) {
        struct broadcast_target *t = &targets[i];
        bool wanted = is_meant(meant, count, t->node);

        if (wanted != t->withdrawn)
            continue;
        if (wanted)
            *t = (struct broadcast_target){.node = t->node};
        else
            withdraw(t);
        changed(ctx, t, false);
    }
    for (size_t i = 0; i < count; i++) {
        if (broadcast_target(b, meant[i]) != NULL)
            continue;
        targets[kept] = (struct broadcast_target){.node = meant[i]};
        changed(ctx, &targets[kept++], true);
    }
    b->target_count = kept;
    qsort(targets, kept, sizeof(*targets), compare_targets);
    b->next_target = 0;
    return ERR_OK;
}
