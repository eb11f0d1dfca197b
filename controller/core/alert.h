/* alert.h - one alert as it sounds: attention tone first, then the message again and again until it ends.
 *
 * What is to sound is a sequence of emergency broadcasts: the tone from the emergency set, which needs no
 * transfer, and rounds of the message, each a broadcast of up to ALERT_ROUND_PLAYS plays. A round starts
 * where the tone may be left, and being later it takes every node over at its own start, so that there is no
 * gap; while the message is not ready, the tone goes on. A drill is no emergency: it keeps to the allowed hours
 * and takes nothing from a real alert.
 * Pure: decisions take time as an argument; the caller stores and broadcasts. Thread: main. */
#ifndef LOA_ALERT_H
#define LOA_ALERT_H

#include <stdbool.h>

#include "bulletin.h"
#include "emergency.h"
#include "err.h"
#include "event.h"
#include "units.h"

#define ALERT_TEXT_SIZE 2001
#define ALERT_WHY_SIZE 200
#define ALERT_TEMPLATE_SIZE 16
#define ALERT_ROUND_PLAYS 10
#define ALERT_LEAD_US (70 * USEC_PER_MSEC) /* orders reach near nodes before the tone starts */
#define ALERT_TONE_UNIT_MS 8000 /* the tone may be left after each; the siren's own period */
#define ALERT_MESSAGE_LEAD_US (2500 * USEC_PER_MSEC) /* for the message to reach the nodes */
#define ALERT_ROUND_LEAD_US (5 * USEC_PER_SEC)
#define ALERT_EXPIRES_MIN_S 60
#define ALERT_EXPIRES_MAX_S 86400

enum alert_state { /* stored: numbers never change */
                   ALERT_WAITING = 0, /* for the second person */
                   ALERT_LIVE,
                   ALERT_EXPIRED,
                   ALERT_REPLACED, /* by an update */
                   ALERT_CANCELLED,
                   ALERT_STOPPED, /* somebody silenced its broadcasts */
                   ALERT_WITHDRAWN, /* before it was confirmed */
                   ALERT_LAPSED, /* it expired before anybody confirmed it */
};
#define ALERT_STATES 8

enum alert_message { /* stored: numbers never change */
                     ALERT_NO_MESSAGE = 0, /* the tone alone */
                     ALERT_SPEECH,
                     ALERT_RECORDING,
                     ALERT_VOICE, /* somebody speaks live */
};

struct alert {
    uint64_t id;
    uint64_t life; /* its row of alertlife.h; 0: it never was live */
    enum alert_state state;
    char template_name[ALERT_TEMPLATE_SIZE]; /* "" none */
    char title[BULLETIN_TITLE_SIZE];
    char text[ALERT_TEXT_SIZE]; /* of SPEECH; of others for people, may be empty */
    char why[ALERT_WHY_SIZE]; /* for the journal, may be empty */
    enum alert_message message;
    enum emergency_signal signal;
    bool drill;
    enum priority priority; /* of a CAP message; NONE: emergency */
    bool everyone;
    size_t zone_count;
    struct zone_id zones[EVENT_ZONES_MAX];
    uint32_t repeats; /* plays of the message in all; 0: until it expires */
    uint32_t pause_ms;
    usec_t created_us;
    usec_t expires_us; /* no play starts from then on */
    struct user_id author;
    struct user_id decided_by; /* confirmed, cancelled or withdrew it; 0 nobody */
    uint64_t replaces; /* the alert it updates or ends; 0 none */
    usec_t confirm_us; /* WAITING: when it is handed to the fallback person, again and again */
    uint32_t escalations;

    struct media_id media; /* of the message */
    uint32_t media_ms; /* 0: there is none, or none yet */
    struct broadcast_id tone; /* 0: none yet */
    usec_t tone_start_us;
    uint32_t tone_ms; /* of one play; 0: the station has no such signal */
    uint32_t tone_plays;
    struct broadcast_id round; /* of the message, the last one begun */
    usec_t round_start_us;
    uint32_t round_plays;
    uint32_t plays; /* of the message in all rounds so far */
    bool tone_ended; /* stopped, or replaced by the first round */
};

enum alert_action_kind {
    ALERT_NOTHING = 0,
    ALERT_START_TONE,
    ALERT_START_MESSAGE,
    ALERT_STOP_TONE, /* the message has taken over */
    ALERT_ESCALATE, /* nobody confirmed it in time */
    ALERT_LAPSE, /* nobody confirmed it at all */
};

struct alert_action {
    enum alert_action_kind kind;
    usec_t start_us;
    uint32_t plays;
};

/* "waiting", "speech", ...; NULL outside the set. */
const char *alert_state_name(enum alert_state s);
const char *alert_message_name(enum alert_message m);

enum priority alert_priority(const struct alert *a);

/* What to do now. Call again after the action was done (its results noted by alert_begun_*), until NOTHING;
 * then at *ret_next_us at the latest. */
struct alert_action alert_step(const struct alert *a, usec_t now_us, usec_t *ret_next_us);

/* Note what was begun. */
void alert_begun_tone(struct alert *a, struct broadcast_id id, const struct alert_action *action);
void alert_begun_round(struct alert *a, struct broadcast_id id, const struct alert_action *action);

/* Hand a waiting alert over to the fallback person; every `confirm_s` again. */
void alert_escalated(struct alert *a, usec_t now_us, uint32_t confirm_s);

#endif
