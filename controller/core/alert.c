#include "alert.h"

#define STOP_AFTER_US (200 * USEC_PER_MSEC) /* the round has begun on every node by then */

const char *alert_state_name(enum alert_state s)
{
    static const char *const names[] = {
        [ALERT_WAITING] = "waiting",     [ALERT_LIVE] = "live",
        [ALERT_EXPIRED] = "expired",     [ALERT_REPLACED] = "replaced",
        [ALERT_CANCELLED] = "cancelled", [ALERT_STOPPED] = "stopped",
        [ALERT_WITHDRAWN] = "withdrawn", [ALERT_LAPSED] = "lapsed",
    };

    return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : NULL;
}

const char *alert_message_name(enum alert_message m)
{
    static const char *const names[] = {
        [ALERT_NO_MESSAGE] = "none",
        [ALERT_SPEECH] = "speech",
        [ALERT_RECORDING] = "recording",
        [ALERT_VOICE] = "live",
    };

    return (size_t)m < sizeof(names) / sizeof(names[0]) ? names[m] : NULL;
}

enum priority alert_priority(const struct alert *a)
{
    if (a->drill)
        return PRIORITY_PRIORITY;
    return a->priority != PRIORITY_NONE ? a->priority : PRIORITY_EMERGENCY;
}

/* Plays that start before it expires, within one broadcast. */
static uint32_t plays_until(usec_t start_us, uint32_t play_ms, uint32_t pause_ms, usec_t expires_us,
                            uint32_t most)
{
    usec_t each_us = ((usec_t)play_ms + pause_ms) * USEC_PER_MSEC;
    usec_t left_us = expires_us - start_us;
    usec_t plays = left_us <= 0 ? 0 : (left_us + each_us - 1) / each_us;

    return plays < most ? (uint32_t)plays : most;
}

static usec_t tone_end_us(const struct alert *a)
{
    return a->tone_start_us + (usec_t)a->tone_plays * a->tone_ms * USEC_PER_MSEC;
}

/* The first instant from `at_us` on at which the tone may be left. */
static usec_t leave_tone_us(const struct alert *a, usec_t at_us)
{
    uint32_t unit_ms = a->tone_ms < ALERT_TONE_UNIT_MS ? a->tone_ms : ALERT_TONE_UNIT_MS;
    usec_t unit_us = (usec_t)unit_ms * USEC_PER_MSEC;
    usec_t since_us = at_us - a->tone_start_us;

    if (a->tone.v == 0 || at_us >= tone_end_us(a))
        return at_us;
    if (since_us <= unit_us)
        return a->tone_start_us + unit_us;
    return a->tone_start_us + (since_us + unit_us - 1) / unit_us * unit_us;
}

static uint32_t plays_left(const struct alert *a)
{
    uint32_t left = a->repeats == 0 ? ALERT_ROUND_PLAYS : a->repeats - a->plays;

    return left < ALERT_ROUND_PLAYS ? left : ALERT_ROUND_PLAYS;
}

static struct alert_action round_at(const struct alert *a, usec_t start_us)
{
    struct alert_action action = {ALERT_START_MESSAGE, start_us, 1};

    if (a->message != ALERT_VOICE)
        action.plays =
            plays_until(start_us, a->media_ms, a->pause_ms, a->expires_us, plays_left(a));
    if (action.plays == 0)
        action.kind = ALERT_NOTHING;
    return action;
}

static struct alert_action sound_tone(const struct alert *a, usec_t now_us, usec_t *next_us)
{
    struct alert_action action = {.kind = ALERT_START_TONE, .start_us = now_us + ALERT_LEAD_US};

    if (a->tone.v != 0) {
        action.start_us = tone_end_us(a);
        *next_us = action.start_us - ALERT_ROUND_LEAD_US;
        if (now_us < *next_us)
            action.kind = ALERT_NOTHING;
        if (action.start_us < now_us)
            action.start_us = now_us + ALERT_LEAD_US; /* the station was down meanwhile */
    }
    action.plays = plays_until(action.start_us, a->tone_ms, 0, a->expires_us,
                               a->message == ALERT_NO_MESSAGE ? plays_left(a) : ALERT_ROUND_PLAYS);
    if (action.plays == 0 || (a->message == ALERT_NO_MESSAGE && a->repeats != 0 && a->tone.v != 0))
        action.kind = ALERT_NOTHING;
    return action;
}

static struct alert_action first_round(const struct alert *a, usec_t now_us, usec_t *next_us)
{
    bool has_message =
        a->message == ALERT_VOICE || (a->message != ALERT_NO_MESSAGE && a->media_ms > 0);

    if (a->tone_ms > 0 && a->tone.v == 0)
        return sound_tone(a, now_us, next_us);
    if (has_message)
        return round_at(a, leave_tone_us(a, now_us + ALERT_MESSAGE_LEAD_US));
    if (a->tone_ms > 0)
        return sound_tone(a, now_us, next_us);
    return (struct alert_action){0};
}

static struct alert_action next_round(const struct alert *a, usec_t now_us, usec_t *next_us)
{
    usec_t each_us = ((usec_t)a->media_ms + a->pause_ms) * USEC_PER_MSEC;
    usec_t start_us = a->round_start_us + (usec_t)a->round_plays * each_us;

    if (!a->tone_ended && a->tone.v != 0) {
        *next_us = a->round_start_us + STOP_AFTER_US;
        if (now_us >= *next_us)
            return (struct alert_action){.kind = ALERT_STOP_TONE};
        return (struct alert_action){0};
    }
    if (a->message == ALERT_VOICE || (a->repeats != 0 && a->plays >= a->repeats))
        return (struct alert_action){0};
    *next_us = start_us - ALERT_ROUND_LEAD_US;
    if (now_us < *next_us)
        return (struct alert_action){0};
    if (start_us < now_us + ALERT_MESSAGE_LEAD_US)
        start_us = now_us + ALERT_MESSAGE_LEAD_US; /* the station was down meanwhile */
    return round_at(a, start_us);
}

static struct alert_action wait_for_person(const struct alert *a, usec_t now_us, usec_t *next_us)
{
    if (now_us >= a->expires_us)
        return (struct alert_action){.kind = ALERT_LAPSE};
    if (now_us >= a->confirm_us)
        return (struct alert_action){.kind = ALERT_ESCALATE};
    *next_us = a->confirm_us < a->expires_us ? a->confirm_us : a->expires_us;
    return (struct alert_action){0};
}

struct alert_action alert_step(const struct alert *a, usec_t now_us, usec_t *ret_next_us)
{
    *ret_next_us = INT64_MAX;
    if (a->state == ALERT_WAITING)
        return wait_for_person(a, now_us, ret_next_us);
    if (a->state != ALERT_LIVE)
        return (struct alert_action){0};
    return a->round.v == 0 ? first_round(a, now_us, ret_next_us)
                           : next_round(a, now_us, ret_next_us);
}

void alert_begun_tone(struct alert *a, struct broadcast_id id, const struct alert_action *action)
{
    a->tone = id;
    a->tone_start_us = action->start_us;
    a->tone_plays = action->plays;
}

void alert_begun_round(struct alert *a, struct broadcast_id id, const struct alert_action *action)
{
    a->round = id;
    a->round_start_us = action->start_us;
    a->round_plays = action->plays;
    a->plays += action->plays;
}

void alert_escalated(struct alert *a, usec_t now_us, uint32_t confirm_s)
{
    a->escalations++;
    a->confirm_us = now_us + (usec_t)confirm_s * USEC_PER_SEC;
}
