/* api_updates_state.h - the state that watchers see, as texts: what it is now, and what changed since the last look.
 *
 * Thread: main. */
#ifndef LOA_API_UPDATES_STATE_H
#define LOA_API_UPDATES_STATE_H

#include <stdio.h>

#include "api_impl.h"

enum updates_topic {
    UPDATES_BROADCASTS = 0,
    UPDATES_SCHEDULE,
    UPDATES_ALARMS,
    UPDATES_BULLETINS,
    UPDATES_ALERTS,
    UPDATES_TOPICS,
};

/* What was last told of one node. */
struct updates_node {
    struct node_id id;
    bool link;
    bool muted;
    bool muted_locally;
    uint32_t revision; /* of its settings: name, zone, volume */
    uint32_t faults;
    uint64_t broadcast;
    usec_t level_us;
};

struct updates_state {
    struct api *api;
    char *topics[UPDATES_TOPICS]; /* JSON; NULL not known yet */
    struct updates_node *nodes; /* in the order of the registry */
    size_t node_count;
    uint64_t revision; /* newest journal entry that was looked at */
    usec_t looked_us; /* when slow topics were last read */
};

/* Look, and write what changed as events. */
void updates_state_look(struct updates_state *s, usec_t now_us, FILE *out);

/* Write all of what was last looked at as one event "snapshot". */
void updates_state_write(const struct updates_state *s, usec_t now_us, FILE *out);

void updates_state_deinit(struct updates_state *s);

#endif
