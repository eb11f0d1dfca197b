#include "cap_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_area.h"
#include "cap_validate.h"

struct checking {
    struct cap_verdict *verdict;
    const struct cap_policy *policy;
    struct cap_bounds bounds; /* what the source and the signers allow together */
    usec_t now_us;
};

/* Several signers allow what one of them allows. */
static void join_bounds(struct cap_bounds *into, const struct cap_bounds *b)
{
    if (b->level > into->level)
        into->level = b->level;
    into->everywhere = into->everywhere || b->everywhere;
    for (size_t i = 0; i < CAP_ZONES_MAX / 64; i++)
        into->zones.bits[i] |= b->zones.bits[i];
}

/* Signers and source must both allow it. */
static void meet_bounds(struct cap_bounds *into, const struct cap_bounds *b)
{
    if (b->level < into->level)
        into->level = b->level;
    for (size_t i = 0; i < CAP_ZONES_MAX / 64 && !b->everywhere; i++)
        into->zones.bits[i] =
            into->everywhere ? b->zones.bits[i] : into->zones.bits[i] & b->zones.bits[i];
    into->everywhere = into->everywhere && b->everywhere;
}

static bool speaks_for(const struct cap_bounds *b, const char *sender)
{
    for (size_t i = 0; i < b->sender_count; i++) {
        if (sender != NULL && strcmp(b->senders[i], sender) == 0)
            return true;
    }
    return b->sender_count == 0;
}

/* Who vouches for the message, and how far: its signers, within what its source may bring. */
static void find_trust(struct checking *c, const char *source_name)
{
    static const struct cap_source unknown = {
        .bounds = {.level = PRIORITY_EMERGENCY, .everywhere = true}};
    struct cap_verdict *v = c->verdict;
    const struct cap_source *source = cap_policy_source(c->policy, source_name);
    struct cap_bounds signers = {.sender_count = 0};
    bool required;
    size_t speakers = 0;

    if (source == NULL)
        source = &unknown;
    required = source->trust != CAP_TRUST_CHANNEL;
    c->bounds = source->bounds;
    if (source->trust == CAP_TRUST_NOBODY)
        cap_findings_add(&v->findings, CAP_TRUST_REFUSED, NULL,
                         "nothing is taken from source \"%s\"", source->name);
    cap_verify(v->alert, c->policy, required, c->now_us, &v->findings, &v->signers);
    if (required && v->alert->signatures == 0)
        cap_findings_add(&v->findings, CAP_SIGNATURE_MISSING, NULL,
                         "the message is not signed, and its source must sign");
    for (size_t i = 0; i < v->signers.count; i++) {
        const struct cap_bounds *b = &v->signers.signers[i]->bounds;

        if (!speaks_for(b, v->alert->sender))
            continue;
        join_bounds(&signers, b);
        speakers++;
    }
    if (speakers > 0)
        meet_bounds(&c->bounds, &signers);
    if ((v->signers.count > 0 && speakers == 0) || !speaks_for(&source->bounds, v->alert->sender))
        cap_findings_add(&v->findings, CAP_TRUST_SENDER, "sender",
                         "is nobody whom the signer or the source may speak for");
}

/* Somebody refused, or stopped, what this station sent: its people are to know. */
static bool is_refusal_of_ours(const struct cap_alert *a, const struct cap_policy *policy)
{
    const struct cap_reference *refs = a->references.items;

    for (size_t i = 0; i < a->references.count && a->type == CAP_TYPE_ERROR; i++) {
        if (strcmp(refs[i].sender, policy->zones[0].code) == 0)
            return a->status == CAP_STATUS_ACTUAL;
    }
    return false;
}

/* What the head of a message allows at most, whatever its infos say. */
static enum cap_action head_action(const struct cap_alert *a, const struct cap_policy *policy)
{
    if (a->status == CAP_STATUS_NONE || a->type == CAP_TYPE_NONE || a->scope == CAP_SCOPE_NONE ||
        is_refusal_of_ours(a, policy))
        return CAP_ACTION_INBOX;
    if (a->status != CAP_STATUS_ACTUAL || a->type == CAP_TYPE_ACK || a->type == CAP_TYPE_ERROR)
        return CAP_ACTION_LOG;
    if (a->type == CAP_TYPE_CANCEL)
        return CAP_ACTION_STOP;
    return a->scope == CAP_SCOPE_PUBLIC ? CAP_ACTION_SOUND : CAP_ACTION_INBOX;
}

static void limit_zones(struct checking *c, struct cap_info_verdict *iv, const char *where)
{
    bool had = false, left = false;

    if (c->bounds.everywhere)
        return;
    for (size_t i = 0; i < CAP_ZONES_MAX / 64; i++) {
        had = had || iv->zones.bits[i] != 0;
        iv->zones.bits[i] &= c->bounds.zones.bits[i];
        left = left || iv->zones.bits[i] != 0;
    }
    if (had && !left)
        cap_findings_add(&c->verdict->findings, CAP_TRUST_AREA, where,
                         "lies outside what the signer or the source may reach");
}

static bool zones_empty(const struct cap_zones *z)
{
    static const struct cap_zones none;

    return memcmp(z, &none, sizeof(none)) == 0;
}

/* Where: sets the zones, and lowers the action when there is none. */
static enum err place(struct checking *c, const struct cap_info *info, size_t number,
                      struct cap_info_verdict *iv)
{
    struct cap_findings *f = &c->verdict->findings;
    char where[24];
    bool given;
    enum err e =
        cap_area_match(info, number, c->policy, &c->verdict->alert->arena, f, &iv->zones, &given);

    if (e != ERR_OK)
        return e;
    snprintf(where, sizeof(where), "info[%zu]", number);
    if (!given) {
        cap_findings_add(f, CAP_AREA_MISSING, where, "says nowhere where; the policy decides");
        iv->zones = cap_area_everywhere(c->policy);
        if (iv->action > c->policy->no_area)
            iv->action = c->policy->no_area;
    } else if (zones_empty(&iv->zones)) {
        cap_findings_add(f, CAP_AREA_ELSEWHERE, where, "covers nothing of this station");
        iv->action = CAP_ACTION_LOG;
    }
    limit_zones(c, iv, where);
    return ERR_OK;
}

static enum err judge_info(struct checking *c, const struct cap_info *info, size_t number,
                           enum cap_action most, struct cap_info_verdict *iv)
{
    struct cap_rule rule = cap_map(c->policy->rules, c->policy->rule_count, info->urgency,
                                   info->severity, info->certainty);
    char where[24];
    enum err e;

    snprintf(where, sizeof(where), "info[%zu]", number);
    iv->level = rule.level;
    iv->action = rule.action < most ? rule.action : most;
    if (most == CAP_ACTION_STOP) /* a Cancel stops by its references; its infos announce nothing */
        iv->action = CAP_ACTION_LOG;
    if (info->expires_us <= c->now_us)
        iv->action = CAP_ACTION_LOG;
    e = place(c, info, number, iv);
    if (e != ERR_OK)
        return e;
    if (iv->action == CAP_ACTION_LOG)
        iv->level = PRIORITY_NONE;
    if (iv->level > c->bounds.level)
        cap_findings_add(&c->verdict->findings, CAP_TRUST_LEVEL, where,
                         "asks for a higher level than the signer or the source may cause");
    return ERR_OK;
}

/* The strongest action of any info decides, and the infos that share it say where and how long. */
static void sum_up(struct cap_verdict *v, enum cap_action head)
{
    const struct cap_info *infos = v->alert->infos.items;

    v->action = CAP_ACTION_LOG;
    for (size_t i = 0; i < v->alert->infos.count; i++) {
        if (v->infos[i].action > v->action)
            v->action = v->infos[i].action;
    }
    for (size_t i = 0; i < v->alert->infos.count; i++) {
        if (v->infos[i].action != v->action)
            continue;
        if (v->infos[i].level > v->level)
            v->level = v->infos[i].level;
        if (infos[i].expires_us > v->expires_us)
            v->expires_us = infos[i].expires_us;
        for (size_t k = 0; k < CAP_ZONES_MAX / 64; k++)
            v->zones.bits[k] |= v->infos[i].zones.bits[k];
    }
    if (head == CAP_ACTION_STOP || v->alert->type == CAP_TYPE_ERROR)
        v->action = head;
}

/* The gravest finding decides what becomes of it. */
static void conclude(struct cap_verdict *v, enum cap_action head)
{
    if (v->findings.worst == CAP_REJECT) {
        v->result = CAP_REJECTED;
        v->level = PRIORITY_NONE;
        v->action = CAP_ACTION_LOG;
        v->zones = (struct cap_zones){{0}};
    } else if (v->findings.worst == CAP_HOLD) {
        v->result = CAP_HELD;
        if (head != CAP_ACTION_LOG)
            v->action = CAP_ACTION_INBOX;
    } else
        v->result = CAP_ACCEPTED;
}

static enum err judge(struct checking *c, const char *source)
{
    struct cap_verdict *v = c->verdict;
    const struct cap_info *infos;
    enum cap_action head;
    enum err e = cap_validate(v->alert, c->policy, c->now_us, &v->findings);

    if (e != ERR_OK)
        return e;
    find_trust(c, source);
    head = head_action(v->alert, c->policy);
    infos = v->alert->infos.items;
    for (size_t i = 0; i < v->alert->infos.count && e == ERR_OK; i++)
        e = judge_info(c, &infos[i], i + 1, head, &v->infos[i]);
    sum_up(v, head);
    conclude(v, head);
    return e;
}

enum err cap_check(struct bytes data, const struct cap_policy *policy, const char *source,
                   usec_t now_us, struct cap_verdict **ret_verdict)
{
    struct checking c = {.policy = policy, .now_us = now_us};
    enum err e;

    c.verdict = calloc(1, sizeof(*c.verdict));
    if (c.verdict == NULL)
        return ERR_NOMEM;
    e = cap_parse(data, &c.verdict->findings, &c.verdict->alert);
    if (e == ERR_OK)
        e = judge(&c, source);
    else if (e == ERR_FORMAT) {
        conclude(c.verdict, CAP_ACTION_LOG);
        e = ERR_OK;
    }
    if (e == ERR_OK)
        *ret_verdict = c.verdict;
    else
        cap_verdict_free(c.verdict);
    return e;
}

void cap_verdict_free(struct cap_verdict *verdict)
{
    if (verdict == NULL)
        return;
    cap_parse_free(verdict->alert);
    free(verdict);
}

const char *cap_result_name(enum cap_result result)
{
    return result == CAP_ACCEPTED ? "accepted" : result == CAP_HELD ? "held" : "rejected";
}
