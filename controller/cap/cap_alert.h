/* cap_alert.h - one CAP message as plain data (OASIS CAP 1.2 section 3.2, ITU-T X.1303bis).
 *
 * Texts are UTF-8 and belong to the message; an absent or empty element is NULL. Thread: the owner's. */
#ifndef LOA_CAP_ALERT_H
#define LOA_CAP_ALERT_H

#include <stddef.h>

#include "cap_arena.h"
#include "units.h"

#define CAP_BYTES_MAX (4U << 20) /* of one message */
#define CAP_NAME_SIZE 256 /* identifier and sender with their NUL */

enum cap_version {
    CAP_VERSION_NONE = 0,
    CAP_VERSION_11,
    CAP_VERSION_12,
};

/* Zero stands for a word that the standard does not know. */
enum cap_status {
    CAP_STATUS_NONE = 0,
    CAP_STATUS_ACTUAL,
    CAP_STATUS_EXERCISE,
    CAP_STATUS_SYSTEM,
    CAP_STATUS_TEST,
    CAP_STATUS_DRAFT,
};

enum cap_type {
    CAP_TYPE_NONE = 0,
    CAP_TYPE_ALERT,
    CAP_TYPE_UPDATE,
    CAP_TYPE_CANCEL,
    CAP_TYPE_ACK,
    CAP_TYPE_ERROR,
};

enum cap_scope {
    CAP_SCOPE_NONE = 0,
    CAP_SCOPE_PUBLIC,
    CAP_SCOPE_RESTRICTED,
    CAP_SCOPE_PRIVATE,
};

enum cap_urgency {
    CAP_URGENCY_NONE = 0,
    CAP_URGENCY_IMMEDIATE,
    CAP_URGENCY_EXPECTED,
    CAP_URGENCY_FUTURE,
    CAP_URGENCY_PAST,
    CAP_URGENCY_UNKNOWN,
};

enum cap_severity {
    CAP_SEVERITY_NONE = 0,
    CAP_SEVERITY_EXTREME,
    CAP_SEVERITY_SEVERE,
    CAP_SEVERITY_MODERATE,
    CAP_SEVERITY_MINOR,
    CAP_SEVERITY_UNKNOWN,
};

enum cap_certainty {
    CAP_CERTAINTY_NONE = 0,
    CAP_CERTAINTY_OBSERVED,
    CAP_CERTAINTY_LIKELY,
    CAP_CERTAINTY_POSSIBLE,
    CAP_CERTAINTY_UNLIKELY,
    CAP_CERTAINTY_UNKNOWN,
};

/* An array; what is in it stands beside each use. */
struct cap_list {
    void *items;
    size_t count;
};

struct cap_pair {
    const char *name; /* valueName */
    const char *value;
};

struct cap_area {
    const char *desc;
    struct cap_list polygons; /* const char *: "lat,lon lat,lon ..." */
    struct cap_list circles; /* const char *: "lat,lon radius_km" */
    struct cap_list geocodes; /* struct cap_pair */
    const char *altitude;
    const char *ceiling;
};

struct cap_resource {
    const char *desc;
    const char *mime_type;
    const char *size;
    const char *uri;
    const char *deref_uri; /* the content itself, base64 */
    const char *digest; /* SHA-1, hexadecimal */
};

struct cap_info {
    const char *language;
    struct cap_list categories; /* const char * */
    const char *event;
    struct cap_list response_types; /* const char * */
    const char *urgency_text;
    const char *severity_text;
    const char *certainty_text;
    const char *audience;
    struct cap_list event_codes; /* struct cap_pair */
    const char *effective;
    const char *onset;
    const char *expires;
    const char *sender_name;
    const char *headline;
    const char *description;
    const char *instruction;
    const char *web;
    const char *contact;
    struct cap_list parameters; /* struct cap_pair */
    struct cap_list resources; /* struct cap_resource */
    struct cap_list areas; /* struct cap_area */

    /* Filled by cap_validate(). */
    enum cap_urgency urgency;
    enum cap_severity severity;
    enum cap_certainty certainty;
    usec_t effective_us; /* of `sent` when absent */
    usec_t expires_us; /* bounded, never 0 */
};

struct cap_reference {
    char sender[CAP_NAME_SIZE];
    char identifier[CAP_NAME_SIZE];
    usec_t sent_us;
    const char *sent; /* the same in its sender's words, for those who compare words; may be NULL */
};

struct _xmlDoc;

struct cap_alert {
    struct cap_arena arena;
    struct _xmlDoc *doc; /* what signatures are checked on */
    size_t bytes; /* of the message as it came */
    enum cap_version version;
    const char *identifier;
    const char *sender;
    const char *sent;
    const char *status_text;
    const char *type_text;
    const char *source;
    const char *scope_text;
    const char *restriction;
    const char *addresses;
    struct cap_list codes; /* const char * */
    const char *note;
    const char *references_text;
    const char *incidents;
    struct cap_list infos; /* struct cap_info */
    size_t signatures; /* Signature elements at their place */

    /* Filled by cap_validate(). */
    enum cap_status status;
    enum cap_type type;
    enum cap_scope scope;
    usec_t sent_us;
    struct cap_list references; /* struct cap_reference */
};

#endif
