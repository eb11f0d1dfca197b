#include <stdio.h>

#include "onair_impl.h"

enum err onair_play_alert(struct onair *o, const struct onair_alert *what,
                          struct broadcast_id *ret_id, struct err_detail *detail)
{
    struct bulletin bulletin = {
        .priority = what->priority,
        .state = BULLETIN_APPROVED,
        .part_count = 1,
        .parts = {{.kind = PART_MEDIA, .media = what->media, .duration_ms = what->media_ms}},
    };
    struct broadcast b = {
        .start_us = what->start_us,
        .repeats = what->plays,
        .pause_ms = what->pause_ms,
    };
    enum err e;

    if (o->count == ONAIR_BROADCASTS_MAX)
        return err_set(detail, ERR_LIMIT,
                       "%d broadcasts are under way already; stop or wait for some",
                       ONAIR_BROADCASTS_MAX);
    snprintf(bulletin.title, sizeof(bulletin.title), "%s", what->title);
    e = broadcast_set_targets(&b, what->nodes, what->node_count);
    if (e == ERR_OK)
        e = onair_store(o, &b, &bulletin, ret_id);
    broadcast_deinit(&b);
    return db_explain(o->config.db, e, detail);
}
