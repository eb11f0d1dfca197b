/* alertmessage.h - one CAP message that the station took in, and what became of it.
 *
 * Messages that were rejected are in the journal only. Plain data. Thread: any. */
#ifndef LOA_ALERTMESSAGE_H
#define LOA_ALERTMESSAGE_H

#include "alertlife.h"
#include "bulletin.h"
#include "err.h"
#include "units.h"

#define ALERTMESSAGE_SOURCE_SIZE 32
#define ALERTMESSAGE_WAITING_MAX 1000 /* for people; further ones are refused */

enum alertmessage_state { /* stored: numbers never change */
                          ALERTMESSAGE_NONE = 0,
                          ALERTMESSAGE_WAITING, /* in the inbox: a person releases or dismisses it */
                          ALERTMESSAGE_SOUNDED, /* became an alert by itself */
                          ALERTMESSAGE_RELEASED, /* became one, or ended others, by a person */
                          ALERTMESSAGE_DISMISSED, /* by a person */
                          ALERTMESSAGE_LOGGED, /* nothing was to be done */
                          ALERTMESSAGE_STOPPED, /* ended what it referred to */
                          ALERTMESSAGE_OVERTAKEN, /* ended, or expired, before it came */
};
#define ALERTMESSAGE_STATES 8

struct alertmessage {
    uint64_t id;
    enum alertmessage_state state;
    usec_t received_us;
    char source[ALERTMESSAGE_SOURCE_SIZE]; /* of the alert policy */
    struct alertlife_key key; /* empty and 0 where the message does not say */
    char title[BULLETIN_TITLE_SIZE]; /* headline or event */
    enum priority level; /* NONE: nothing in it sounds */
    usec_t expires_us; /* 0: it does not say */
    uint8_t sha256[SHA256_BYTES]; /* of the message */
    uint64_t life; /* its row of alertlife.h; 0 none */
    uint64_t alert; /* that it became; 0 none */
    struct user_id decided_by; /* released or dismissed it; 0 nobody */
    usec_t decided_us; /* 0: nobody */
};

/* "waiting", "sounded", ...; NULL outside the set. */
const char *alertmessage_state_name(enum alertmessage_state s);

#endif
