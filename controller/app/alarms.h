/* alarms.h - the station's alarms: supervise.h's decisions, stored and journalled once a second.
 *
 * An alarm is in the database and in the journal before anything tells of it; while the disk fails it
 * stays due. Thread: main. */
#ifndef LOA_ALARMS_H
#define LOA_ALARMS_H

#include "db.h"
#include "registry.h"
#include "supervise.h"

struct alarms;

/* Load what stands, watch all active nodes. ERR_NOMEM; otherwise as the store */
MUST_USE enum err alarms_new(struct db *db, struct registry *registry, usec_t now_us,
                             struct alarms **ret_alarms);
void alarms_free(struct alarms *a);

/* Where evidence goes; borrowed. */
struct supervise *alarms_supervise(struct alarms *a);

/* A node joined or changed: watch it, or no longer when it was revoked. */
void alarms_node(struct alarms *a, const struct node_record *record, usec_t now_us);

/* Store what is due; call once a second. */
void alarms_step(struct alarms *a, usec_t now_us);

#endif
