/* alertdesk_impl.h - what the files of alertdesk share. Not for others. Thread: main. */
#ifndef LOA_ALERTDESK_IMPL_H
#define LOA_ALERTDESK_IMPL_H

#include "alertdesk.h"

struct alertdesk_held {
    struct alert alert;
    bool speaking;
    usec_t speak_us; /* not before; after a failure */
};

/* What alertdesk_take() found, until the transaction ends. */
struct alertdesk_taken {
    bool has, sounds;
    struct alert alert;
    struct alertlife_change change;
};

struct alertdesk {
    struct alertdesk_config config;
    struct alertlife *life;
    struct alertdesk_held *held; /* ALERTDESK_MAX places */
    size_t count;
    usec_t stopped_us; /* when somebody last silenced one */
    struct alert planned; /* by the transaction under way */
    struct alertlife_change change; /* of it */
    bool has_plan;
    struct alertdesk_taken taken;
};

struct alertdesk_held *alertdesk_find(struct alertdesk *d, uint64_t id); /* NULL: not open */

/* The open alert of a row of alertlife.h; NULL: none. */
struct alertdesk_held *alertdesk_find_life(struct alertdesk *d, uint64_t life);

/* Forget one that is over. */
void alertdesk_drop(struct alertdesk *d, uint64_t id);

/* Note how long its tone is; a station that lacks it goes on without. */
MUST_USE enum err alertdesk_find_tone(struct alertdesk *d, struct alert *a);

/* Begin the broadcast that an action asks for, inside a transaction, and note it in the alert. */
MUST_USE enum err alertdesk_broadcast(struct alertdesk *d, struct alert *a,
                                      const struct alert_action *action,
                                      struct broadcast_id *ret_id, struct err_detail *detail);

/* After the transaction: let it out. */
void alertdesk_let_out(struct alertdesk *d, const struct alert *a, struct broadcast_id id);

/* Stop what sounds of it. */
void alertdesk_silence(struct alertdesk *d, const struct alert *a);

/* Have the message spoken, when it is not yet. */
void alertdesk_speak(struct alertdesk *d, struct alertdesk_held *h);

/* Journal what the station does by itself; inside a transaction. */
MUST_USE enum err alertdesk_journal(struct alertdesk *d, const char *action, uint64_t alert,
                                    const char *detail_json);

#endif
