/* cap_finding.h - what was seen in an alert message: stable codes, how grave, where, and one sentence.
 *
 * Codes never change their meaning; FORMAT.md lists them. The gravest finding decides the verdict.
 * Thread: the owner's. */
#ifndef LOA_CAP_FINDING_H
#define LOA_CAP_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define CAP_FINDINGS_MAX 64 /* kept; more are counted, and still weigh */
#define CAP_WHERE_SIZE 64
#define CAP_SENTENCE_SIZE 192

enum cap_grade {
    CAP_NOTE = 0, /* worth knowing */
    CAP_HOLD, /* a person must look before anything sounds */
    CAP_REJECT, /* nothing of the message is used */
};

enum cap_code {
    CAP_XML_SIZE = 0,
    CAP_XML_ENCODING,
    CAP_XML_MALFORMED,
    CAP_XML_DTD,
    CAP_XML_LIMIT,
    CAP_XML_ROOT,
    CAP_XML_NAMESPACE,
    CAP_ELEMENT_UNKNOWN,
    CAP_ELEMENT_ORDER,
    CAP_ELEMENT_REPEATED,
    CAP_ELEMENT_MISSING,
    CAP_ELEMENT_EMPTY,
    CAP_ELEMENT_CONTENT,
    CAP_ELEMENT_LIMIT,
    CAP_ATTRIBUTE_UNKNOWN,
    CAP_VERSION_OLD,
    CAP_ID_FORM,
    CAP_TIME_FORM,
    CAP_TIME_ZULU,
    CAP_TIME_ZONE,
    CAP_TIME_ZONE_ASSUMED,
    CAP_SENT_FUTURE,
    CAP_ENUM_UNKNOWN,
    CAP_LANGUAGE_FORM,
    CAP_STATUS_SILENT,
    CAP_TYPE_SILENT,
    CAP_SCOPE_CLOSED,
    CAP_SCOPE_RESTRICTION,
    CAP_SCOPE_ADDRESSES,
    CAP_REF_MISSING,
    CAP_REF_FORM,
    CAP_REF_SELF,
    CAP_REF_POSTDATED,
    CAP_INFO_MISSING,
    CAP_EXPIRES_MISSING,
    CAP_EXPIRES_CAPPED,
    CAP_EXPIRES_ORDER,
    CAP_EXPIRES_PAST,
    CAP_EFFECTIVE_FUTURE,
    CAP_AREA_MISSING,
    CAP_AREA_COORDINATES,
    CAP_AREA_POINTS,
    CAP_AREA_OPEN,
    CAP_AREA_CIRCLE,
    CAP_AREA_ELSEWHERE,
    CAP_SIGNATURE_MISSING,
    CAP_SIGNATURE_FORM,
    CAP_SIGNATURE_REFERENCE,
    CAP_SIGNATURE_ALGORITHM,
    CAP_SIGNATURE_INVALID,
    CAP_SIGNATURE_STRANGER,
    CAP_SIGNER_EXPIRED,
    CAP_TRUST_REFUSED,
    CAP_TRUST_SENDER,
    CAP_TRUST_LEVEL,
    CAP_TRUST_AREA,
    CAP_CODE_COUNT_,
};

struct cap_finding {
    enum cap_code code;
    enum cap_grade grade;
    char where
        [CAP_WHERE_SIZE]; /* "info[2]/area[1]/polygon[1]", counted from 1; "" the whole message */
    char sentence[CAP_SENTENCE_SIZE]; /* UTF-8 */
};

struct cap_findings {
    struct cap_finding items[CAP_FINDINGS_MAX];
    size_t count; /* of items */
    size_t more; /* left out */
    enum cap_grade worst;
};

/* Add one with the grade its code has.
 *
 *   where  may be NULL for the whole message; cut when too long */
void cap_findings_add(struct cap_findings *f, enum cap_code code, const char *where,
                      const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Add one whose grade the station's policy decides. */
void cap_findings_grade(struct cap_findings *f, enum cap_code code, enum cap_grade grade,
                        const char *where, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* True when a finding with this code was kept. */
bool cap_findings_has(const struct cap_findings *f, enum cap_code code);

/* How many bytes of UTF-8 text to print, at most `max`, whole characters only: for "%.*s". */
int cap_cut(const char *text, int max);

/* "xml.dtd", static. */
const char *cap_code_name(enum cap_code code);

/* "note", "hold", "reject", static. */
const char *cap_grade_name(enum cap_grade grade);

#endif
