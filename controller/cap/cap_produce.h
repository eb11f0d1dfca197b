/* cap_produce.h - what the station originates, as signed CAP 1.2 and as an Atom feed (RFC 4287), so that boards,
 * apps and neighbours can follow.
 *
 * Thread: any after cap_verify_start(). */
#ifndef LOA_CAP_PRODUCE_H
#define LOA_CAP_PRODUCE_H

#include "cap_alert.h"
#include "cap_policy.h"
#include "err.h"

#define CAP_NOTICE_PLACES_MAX 256 /* codes, and rings, of one notice */

/* What to say; all texts borrowed UTF-8, NULL where there is none. Without an event there is no info at all. */
struct cap_notice {
    const char *identifier; /* without spaces, commas, < and & */
    const char *sender; /* likewise */
    usec_t sent_us;
    int offset_min; /* of the times written, minutes east of UTC */
    enum cap_status status;
    enum cap_type type;
    const char *addresses; /* whom it is for in the first place */
    const char *note;
    const struct cap_reference *references; /* of all but an Alert */
    size_t reference_count;
    const char *language; /* "vi-VN" */
    const char *category; /* a word of CAP */
    const char *event;
    const char *response; /* a word of CAP */
    enum cap_urgency urgency;
    enum cap_severity severity;
    enum cap_certainty certainty;
    usec_t expires_us;
    const char *sender_name;
    const char *headline;
    const char *description;
    const char *instruction;
    const char *area_desc;
    const struct cap_ring *const *rings; /* of the area */
    size_t ring_count;
    const struct cap_code_pair *codes; /* of the area */
    size_t code_count;
};

/* Write one message, scope Public; what comes out is accepted by cap_parse() and cap_validate().
 *
 *   key_pem   private key that signs (ECDSA with SHA-256); NULL: unsigned
 *   ret_text  terminated, for free()
 *
 * ERR_ARG   a text that cannot stand in XML
 * ERR_AUTH  the key does not sign
 * ERR_NOMEM out of memory */
MUST_USE enum err cap_produce(const struct cap_notice *notice, const char *key_pem,
                              char **ret_text);

struct cap_entry {
    const char *identifier;
    const char *title;
    const char *link; /* address of the message */
    usec_t updated_us;
};

/* Write the feed, newest entry first as given.
 *
 *   id, title, link  of the feed; link is its own address
 *   updated_us       also when nothing new came: followers see that the feed lives
 *   ret_text         terminated, for free() */
MUST_USE enum err cap_produce_feed(const char *id, const char *title, const char *link,
                                   usec_t updated_us, const struct cap_entry *entries, size_t count,
                                   char **ret_text);

#endif
