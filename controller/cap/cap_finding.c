#include "cap_finding.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

static const struct {
    const char *name;
    enum cap_grade grade;
} codes[CAP_CODE_COUNT_] = {
    [CAP_XML_SIZE] = {"xml.size", CAP_REJECT},
    [CAP_XML_ENCODING] = {"xml.encoding", CAP_REJECT},
    [CAP_XML_MALFORMED] = {"xml.malformed", CAP_REJECT},
    [CAP_XML_DTD] = {"xml.dtd", CAP_REJECT},
    [CAP_XML_LIMIT] = {"xml.limit", CAP_REJECT},
    [CAP_XML_ROOT] = {"xml.root", CAP_REJECT},
    [CAP_XML_NAMESPACE] = {"xml.namespace", CAP_REJECT},
    [CAP_ELEMENT_UNKNOWN] = {"element.unknown", CAP_REJECT},
    [CAP_ELEMENT_ORDER] = {"element.order", CAP_REJECT},
    [CAP_ELEMENT_REPEATED] = {"element.repeated", CAP_REJECT},
    [CAP_ELEMENT_MISSING] = {"element.missing", CAP_REJECT},
    [CAP_ELEMENT_EMPTY] = {"element.empty", CAP_NOTE},
    [CAP_ELEMENT_CONTENT] = {"element.content", CAP_REJECT},
    [CAP_ELEMENT_LIMIT] = {"element.limit", CAP_REJECT},
    [CAP_ATTRIBUTE_UNKNOWN] = {"attribute.unknown", CAP_REJECT},
    [CAP_VERSION_OLD] = {"version.old", CAP_HOLD},
    [CAP_ID_FORM] = {"id.form", CAP_REJECT},
    [CAP_TIME_FORM] = {"time.form", CAP_REJECT},
    [CAP_TIME_ZULU] = {"time.zulu", CAP_REJECT},
    [CAP_TIME_ZONE] = {"time.zone", CAP_REJECT},
    [CAP_TIME_ZONE_ASSUMED] = {"time.zone_assumed", CAP_NOTE},
    [CAP_SENT_FUTURE] = {"sent.future", CAP_HOLD},
    [CAP_ENUM_UNKNOWN] = {"enum.unknown", CAP_HOLD},
    [CAP_LANGUAGE_FORM] = {"language.form", CAP_REJECT},
    [CAP_STATUS_SILENT] = {"status.silent", CAP_NOTE},
    [CAP_TYPE_SILENT] = {"type.silent", CAP_NOTE},
    [CAP_SCOPE_CLOSED] = {"scope.closed", CAP_NOTE},
    [CAP_SCOPE_RESTRICTION] = {"scope.restriction", CAP_HOLD},
    [CAP_SCOPE_ADDRESSES] = {"scope.addresses", CAP_REJECT},
    [CAP_REF_MISSING] = {"ref.missing", CAP_REJECT},
    [CAP_REF_FORM] = {"ref.form", CAP_REJECT},
    [CAP_REF_SELF] = {"ref.self", CAP_REJECT},
    [CAP_REF_POSTDATED] = {"ref.postdated", CAP_REJECT},
    [CAP_INFO_MISSING] = {"info.missing", CAP_HOLD},
    [CAP_EXPIRES_MISSING] = {"expires.missing", CAP_NOTE},
    [CAP_EXPIRES_CAPPED] = {"expires.capped", CAP_NOTE},
    [CAP_EXPIRES_ORDER] = {"expires.order", CAP_NOTE},
    [CAP_EXPIRES_PAST] = {"expires.past", CAP_NOTE},
    [CAP_EFFECTIVE_FUTURE] = {"effective.future", CAP_NOTE},
    [CAP_AREA_MISSING] = {"area.missing", CAP_NOTE},
    [CAP_AREA_COORDINATES] = {"area.coordinates", CAP_REJECT},
    [CAP_AREA_POINTS] = {"area.points", CAP_REJECT},
    [CAP_AREA_OPEN] = {"area.open", CAP_REJECT},
    [CAP_AREA_CIRCLE] = {"area.circle", CAP_REJECT},
    [CAP_AREA_ELSEWHERE] = {"area.elsewhere", CAP_NOTE},
    [CAP_SIGNATURE_MISSING] = {"signature.missing", CAP_REJECT},
    [CAP_SIGNATURE_FORM] = {"signature.form", CAP_REJECT},
    [CAP_SIGNATURE_REFERENCE] = {"signature.reference", CAP_REJECT},
    [CAP_SIGNATURE_ALGORITHM] = {"signature.algorithm", CAP_REJECT},
    [CAP_SIGNATURE_INVALID] = {"signature.invalid", CAP_REJECT},
    [CAP_SIGNATURE_STRANGER] = {"signature.stranger", CAP_REJECT},
    [CAP_SIGNER_EXPIRED] = {"signer.expired", CAP_REJECT},
    [CAP_TRUST_REFUSED] = {"trust.refused", CAP_REJECT},
    [CAP_TRUST_SENDER] = {"trust.sender", CAP_REJECT},
    [CAP_TRUST_LEVEL] = {"trust.level", CAP_HOLD},
    [CAP_TRUST_AREA] = {"trust.area", CAP_REJECT},
};

static void PRINTF_LIKE(5, 0) add(struct cap_findings *f, enum cap_code code, enum cap_grade grade,
                                  const char *where, const char *fmt, va_list args)
{
    struct cap_finding *one;

    if (grade > f->worst)
        f->worst = grade;
    if (f->count == CAP_FINDINGS_MAX) {
        f->more++;
        return;
    }
    one = &f->items[f->count++];
    one->code = code;
    one->grade = grade;
    if (where != NULL)
        snprintf(one->where, sizeof(one->where), "%.*s", cap_cut(where, CAP_WHERE_SIZE - 1), where);
    vsnprintf(one->sentence, sizeof(one->sentence), fmt, args);
}

void cap_findings_add(struct cap_findings *f, enum cap_code code, const char *where,
                      const char *fmt, ...)
{
    va_list args;

    CHECK(code < CAP_CODE_COUNT_);
    va_start(args, fmt);
    add(f, code, codes[code].grade, where, fmt, args);
    va_end(args);
}

void cap_findings_grade(struct cap_findings *f, enum cap_code code, enum cap_grade grade,
                        const char *where, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(f, code, grade, where, fmt, args);
    va_end(args);
}

int cap_cut(const char *text, int max)
{
    int n = (int)strnlen(text, (size_t)max);

    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

bool cap_findings_has(const struct cap_findings *f, enum cap_code code)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code == code)
            return true;
    }
    return false;
}

const char *cap_code_name(enum cap_code code)
{
    CHECK(code < CAP_CODE_COUNT_);
    return codes[code].name;
}

const char *cap_grade_name(enum cap_grade grade)
{
    return grade == CAP_REJECT ? "reject" : grade == CAP_HOLD ? "hold" : "note";
}
