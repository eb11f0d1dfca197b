#include "replan.h"

#include <string.h>

static bool same_programme(const struct broadcast *a, const struct broadcast *b)
{
    if (a->media_count != b->media_count || strcmp(a->title, b->title) != 0 ||
        strcmp(a->live.source, b->live.source) != 0)
        return false;
    for (size_t i = 0; i < a->media_count; i++) {
        if (a->media[i].duration_ms != b->media[i].duration_ms ||
            memcmp(a->media[i].media.sha256, b->media[i].media.sha256, SHA256_BYTES) != 0)
            return false;
    }
    return true;
}

enum replan replan_judge(const struct broadcast *planned, const struct broadcast *wanted,
                         const struct event *event, bool names_it, bool may_sound)
{
    if (planned->state != BROADCAST_PLANNED)
        return REPLAN_KEEP;
    if (event->cancelled)
        return REPLAN_CANCEL;
    if (!names_it || !may_sound || planned->bulletin.v != wanted->bulletin.v ||
        planned->priority != wanted->priority || planned->start_us != wanted->start_us ||
        planned->expires_us != wanted->expires_us || planned->repeats != wanted->repeats ||
        planned->pause_ms != wanted->pause_ms || planned->cuts_equal != wanted->cuts_equal ||
        planned->rank != wanted->rank || !same_programme(planned, wanted))
        return REPLAN_ANEW;
    return REPLAN_KEEP;
}
