#include "cap_validate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cap_time.h"
#include "cap_words.h"

struct validating {
    struct cap_alert *alert;
    const struct cap_policy *policy;
    struct cap_findings *findings;
    usec_t now_us;
};

/* A word of an enumeration; 0, and held, when it is none. Missing ones were found before. */
static int read_word(struct validating *v, const char *where, const char *text,
                     const struct cap_words *table)
{
    int word = text != NULL ? cap_words_find(table, text, strlen(text)) : 0;

    if (word == 0 && text != NULL)
        cap_findings_add(v->findings, CAP_ENUM_UNKNOWN, where,
                         "\"%.*s\" is no word of the standard; nothing sounds before a person "
                         "decides",
                         cap_cut(text, 40), text);
    return word;
}

/* A time; false when it is absent or wrong. */
static bool read_time(struct validating *v, const char *where, const char *text, usec_t *ret_us)
{
    bool assumed;
    enum cap_code wrong;

    if (text == NULL)
        return false;
    wrong = cap_time_read(text, v->alert->version, v->policy->cap11_offset_min, ret_us, &assumed);
    if (wrong != CAP_CODE_COUNT_) {
        cap_findings_add(v->findings, wrong, where,
                         wrong == CAP_TIME_ZULU   ? "\"%.*s\": UTC is written -00:00, not Z"
                         : wrong == CAP_TIME_ZONE ? "\"%.*s\" has no zone; add one, such as +07:00"
                                                  : "\"%.*s\" is no time like "
                                                    "2026-11-22T05:30:00+07:00",
                         cap_cut(text, 40), text);
        return false;
    }
    if (assumed)
        cap_findings_add(v->findings, CAP_TIME_ZONE_ASSUMED, where, "no zone; %+d minutes assumed",
                         v->policy->cap11_offset_min);
    return true;
}

/* Identifiers and senders: no spaces, commas, < or & (CAP 1.2 section 3.2.1). */
static bool is_id(const char *text, size_t len)
{
    if (len == 0 || len >= CAP_NAME_SIZE)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F || strchr(",<&", text[i]) != NULL)
            return false;
    }
    return true;
}

static void check_id(struct validating *v, const char *where, const char *text)
{
    if (text != NULL && !is_id(text, strlen(text)))
        cap_findings_add(v->findings, CAP_ID_FORM, where,
                         "must have 1 to %d bytes without spaces, commas, < and &",
                         CAP_NAME_SIZE - 1);
}

/* RFC 3066: subtags of 1 to 8 letters or digits, the first of letters only. */
static bool is_language(const char *text)
{
    for (bool first = true;; first = false) {
        size_t len = strcspn(text, "-");

        if (len == 0 || len > 8)
            return false;
        for (size_t i = 0; i < len; i++) {
            if (first ? !isalpha((unsigned char)text[i]) : !isalnum((unsigned char)text[i]))
                return false;
        }
        text += len;
        if (*text == '\0')
            return true;
        text++;
    }
}

static void check_scope(struct validating *v)
{
    const struct cap_alert *a = v->alert;

    if (a->scope == CAP_SCOPE_RESTRICTED && a->restriction == NULL)
        cap_findings_add(v->findings, CAP_SCOPE_RESTRICTION, "restriction",
                         "is missing, although the scope is Restricted");
    if (a->scope == CAP_SCOPE_PRIVATE && a->addresses == NULL)
        cap_findings_add(v->findings, CAP_SCOPE_ADDRESSES, "addresses",
                         "is missing, although the scope is Private");
    if (a->scope > CAP_SCOPE_PUBLIC)
        cap_findings_add(v->findings, CAP_SCOPE_CLOSED, "scope",
                         "is not Public, so it goes to people and to no horn");
    if (a->status > CAP_STATUS_ACTUAL)
        cap_findings_add(v->findings, CAP_STATUS_SILENT, "status",
                         "is not Actual, so nothing sounds");
    if (a->type == CAP_TYPE_ACK || a->type == CAP_TYPE_ERROR)
        cap_findings_add(v->findings, CAP_TYPE_SILENT, "msgType",
                         "is an answer to a system, so nothing sounds");
}

/* One "sender,identifier,sent" (CAP 1.2 section 3.2.1, references). */
static bool read_triple(struct validating *v, const char *where, const char *text, size_t len,
                        struct cap_reference *ret_ref)
{
    const char *first = memchr(text, ',', len);
    const char *second =
        first != NULL ? memchr(first + 1, ',', len - (size_t)(first + 1 - text)) : NULL;
    char sent[64];

    if (second == NULL || !is_id(text, (size_t)(first - text)) ||
        !is_id(first + 1, (size_t)(second - first - 1)) ||
        len - (size_t)(second + 1 - text) >= sizeof(sent)) {
        cap_findings_add(v->findings, CAP_REF_FORM, where,
                         "is not sender,identifier,sent with all three");
        return false;
    }
    snprintf(ret_ref->sender, sizeof(ret_ref->sender), "%.*s", (int)(first - text), text);
    snprintf(ret_ref->identifier, sizeof(ret_ref->identifier), "%.*s", (int)(second - first - 1),
             first + 1);
    snprintf(sent, sizeof(sent), "%.*s", (int)(len - (size_t)(second + 1 - text)), second + 1);
    return read_time(v, where, sent, &ret_ref->sent_us);
}

static void judge_reference(struct validating *v, const char *where,
                            const struct cap_reference *ref)
{
    const struct cap_alert *a = v->alert;

    if (a->sender != NULL && a->identifier != NULL && strcmp(ref->sender, a->sender) == 0 &&
        strcmp(ref->identifier, a->identifier) == 0)
        cap_findings_add(v->findings, CAP_REF_SELF, where, "names the message itself");
    else if (a->sent_us != 0 && ref->sent_us > a->sent_us)
        cap_findings_add(v->findings, CAP_REF_POSTDATED, where,
                         "names a message that was sent after this one");
}

static void read_references(struct validating *v)
{
    struct cap_alert *a = v->alert;
    const char *at = a->references_text != NULL ? a->references_text : "";
    size_t number = 0;

    for (at += strspn(at, " \t\r\n"); *at != '\0'; at += strspn(at, " \t\r\n")) {
        size_t len = strcspn(at, " \t\r\n");
        struct cap_reference ref = {.sent_us = 0};
        struct cap_reference *place;
        char where[32];

        snprintf(where, sizeof(where), "references[%zu]", ++number);
        if (number > CAP_REFERENCES_MAX) {
            cap_findings_add(v->findings, CAP_ELEMENT_LIMIT, where, "more than %d references",
                             CAP_REFERENCES_MAX);
            break;
        }
        if (read_triple(v, where, at, len, &ref)) {
            judge_reference(v, where, &ref);
            place =
                cap_arena_push(&a->arena, &a->references.items, &a->references.count, sizeof(ref));
            if (place != NULL)
                *place = ref;
        }
        at += len;
    }
    if (number == 0 && (a->type == CAP_TYPE_UPDATE || a->type == CAP_TYPE_CANCEL))
        cap_findings_add(v->findings, CAP_REF_MISSING, "references",
                         "is required in an Update or Cancel");
}

/* Nothing sounds without an end: a missing one is set, a late one is moved. */
static void set_expiry(struct validating *v, struct cap_info *info, const char *where)
{
    usec_t sent_us = v->alert->sent_us;
    usec_t last_us = sent_us + v->policy->longest_valid_s * USEC_PER_SEC;

    if (!read_time(v, where, info->expires, &info->expires_us)) {
        info->expires_us = sent_us + v->policy->default_valid_s * USEC_PER_SEC;
        if (info->expires == NULL)
            cap_findings_add(v->findings, CAP_EXPIRES_MISSING, where,
                             "is missing; %u s after sent are assumed", v->policy->default_valid_s);
    } else if (info->expires_us <= sent_us)
        cap_findings_add(v->findings, CAP_EXPIRES_ORDER, where, "is not after sent");
    if (info->expires_us > last_us) {
        info->expires_us = last_us;
        cap_findings_add(v->findings, CAP_EXPIRES_CAPPED, where,
                         "is later than %u s after sent, and cut to that",
                         v->policy->longest_valid_s);
    }
    if (info->expires_us <= v->now_us)
        cap_findings_add(v->findings, CAP_EXPIRES_PAST, where, "has passed, so nothing sounds");
}

static void read_times(struct validating *v, struct cap_info *info, const char *place)
{
    char where[CAP_WHERE_SIZE];
    usec_t onset_us;

    snprintf(where, sizeof(where), "%s/effective", place);
    if (!read_time(v, where, info->effective, &info->effective_us))
        info->effective_us = v->alert->sent_us;
    if (info->effective_us > v->now_us + v->policy->clock_tolerance_s * USEC_PER_SEC)
        cap_findings_add(v->findings, CAP_EFFECTIVE_FUTURE, where,
                         "lies ahead; nothing sounds before");
    snprintf(where, sizeof(where), "%s/onset", place);
    (void)!read_time(v, where, info->onset, &onset_us);
    snprintf(where, sizeof(where), "%s/expires", place);
    set_expiry(v, info, where);
}

static void read_words(struct validating *v, const struct cap_list *list, const char *place,
                       const char *name, const struct cap_words *table)
{
    const char **texts = list->items;
    char where[CAP_WHERE_SIZE];

    snprintf(where, sizeof(where), "%s/%s", place, name);
    for (size_t i = 0; i < list->count; i++)
        (void)read_word(v, where, texts[i], table);
}

static void validate_info(struct validating *v, struct cap_info *info, size_t number)
{
    char place[24], where[CAP_WHERE_SIZE];

    snprintf(place, sizeof(place), "info[%zu]", number);
    snprintf(where, sizeof(where), "%s/language", place);
    if (info->language != NULL && !is_language(info->language))
        cap_findings_add(v->findings, CAP_LANGUAGE_FORM, where,
                         "\"%.*s\" is no language tag such as vi-VN", cap_cut(info->language, 40),
                         info->language);
    read_words(v, &info->categories, place, "category", &cap_words_category);
    read_words(v, &info->response_types, place, "responseType", &cap_words_response);
    snprintf(where, sizeof(where), "%s/urgency", place);
    info->urgency = (enum cap_urgency)read_word(v, where, info->urgency_text, &cap_words_urgency);
    snprintf(where, sizeof(where), "%s/severity", place);
    info->severity =
        (enum cap_severity)read_word(v, where, info->severity_text, &cap_words_severity);
    snprintf(where, sizeof(where), "%s/certainty", place);
    /* "Very Likely" of CAP 1.0 means Likely (section 3.2.2). */
    if (info->certainty_text != NULL && strcmp(info->certainty_text, "Very Likely") == 0)
        info->certainty = CAP_CERTAINTY_LIKELY;
    else
        info->certainty =
            (enum cap_certainty)read_word(v, where, info->certainty_text, &cap_words_certainty);
    read_times(v, info, place);
}

static void check_head(struct validating *v)
{
    struct cap_alert *a = v->alert;

    if (a->version == CAP_VERSION_11)
        cap_findings_grade(v->findings, CAP_VERSION_OLD, (enum cap_grade)v->policy->cap11_grade,
                           NULL, "this is CAP 1.1");
    check_id(v, "identifier", a->identifier);
    check_id(v, "sender", a->sender);
    if (!read_time(v, "sent", a->sent, &a->sent_us))
        a->sent_us = 0;
    else if (a->sent_us > v->now_us + v->policy->clock_tolerance_s * USEC_PER_SEC)
        cap_findings_add(v->findings, CAP_SENT_FUTURE, "sent",
                         "lies ahead of this station's clock; check both clocks");
    a->status = (enum cap_status)read_word(v, "status", a->status_text, &cap_words_status);
    a->type = (enum cap_type)read_word(v, "msgType", a->type_text, &cap_words_type);
    a->scope = (enum cap_scope)read_word(v, "scope", a->scope_text, &cap_words_scope);
}

enum err cap_validate(struct cap_alert *alert, const struct cap_policy *policy, usec_t now_us,
                      struct cap_findings *findings)
{
    struct validating v = {alert, policy, findings, now_us};
    struct cap_info *infos = alert->infos.items;

    check_head(&v);
    check_scope(&v);
    read_references(&v);
    if (alert->infos.count == 0 &&
        (alert->type == CAP_TYPE_ALERT || alert->type == CAP_TYPE_UPDATE))
        cap_findings_add(findings, CAP_INFO_MISSING, "info",
                         "is missing; there is nothing to announce");
    for (size_t i = 0; i < alert->infos.count; i++)
        validate_info(&v, &infos[i], i + 1);
    return alert->arena.failed ? ERR_NOMEM : ERR_OK;
}
