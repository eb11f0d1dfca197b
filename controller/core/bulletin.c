#include "bulletin.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "utf8.h"

static const char *const state_names[] = {
    [BULLETIN_DRAFT] = "draft",
    [BULLETIN_SUBMITTED] = "submitted",
    [BULLETIN_APPROVED] = "approved",
    [BULLETIN_REJECTED] = "rejected",
};

static const char *const kind_names[] = {
    [BULLETIN_NOTICE] = "notice",
    [BULLETIN_NEWS] = "news",
    [BULLETIN_LAW] = "law",
    [BULLETIN_HEALTH] = "health",
    [BULLETIN_WEATHER] = "weather",
    [BULLETIN_CULTURE] = "culture",
    [BULLETIN_EMERGENCY] = "emergency",
};

#define STATES (sizeof(state_names) / sizeof(state_names[0]))
#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

const char *bulletin_state_name(enum bulletin_state s)
{
    return (size_t)s < STATES ? state_names[s] : NULL;
}

const char *bulletin_kind_name(enum bulletin_kind k)
{
    return (size_t)k < KINDS ? kind_names[k] : NULL;
}

int bulletin_kind_from_name(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0)
            return (int)i;
    }
    return -1;
}

enum err bulletin_check(const struct bulletin *b, struct err_detail *detail)
{
    size_t title_len = strnlen(b->title, sizeof(b->title));

    if (title_len == 0 || title_len == sizeof(b->title) || !utf8_valid(b->title, title_len, false))
        return err_set(detail, ERR_FORMAT,
                       "the bulletin needs a title of 1 to %d bytes of UTF-8 text",
                       BULLETIN_TITLE_SIZE - 1);
    if (bulletin_kind_name(b->kind) == NULL)
        return err_set(detail, ERR_FORMAT, "the bulletin has no known kind; choose one");
    if (priority_name(b->priority) == NULL)
        return err_set(detail, ERR_FORMAT,
                       "the bulletin has no priority; choose normal, priority or emergency");
    if (b->part_count == 0)
        return err_set(detail, ERR_FORMAT, "the bulletin has no recording; add at least one");
    if (b->part_count > BULLETIN_PARTS_MAX)
        return err_set(detail, ERR_LIMIT, "a bulletin holds at most %d recordings; split it",
                       BULLETIN_PARTS_MAX);
    for (size_t i = 0; i < b->part_count; i++) {
        if (b->parts[i].kind != PART_MEDIA)
            return err_set(detail, ERR_FORMAT,
                           "part %zu names no recording; choose one or remove it", i + 1);
    }
    if (b->expires_us < 0 || (b->expires_us != 0 && b->expires_us <= b->created_us))
        return err_set(detail, ERR_FORMAT,
                       "the bulletin would expire before it was made; choose a later expiry");
    return ERR_OK;
}

enum err bulletin_submit(struct bulletin *b, struct err_detail *detail)
{
    enum err err;

    if (b->state != BULLETIN_DRAFT && b->state != BULLETIN_REJECTED)
        return err_set(detail, ERR_STATE,
                       "the bulletin is %s already; only a draft can be submitted",
                       bulletin_state_name(b->state));
    err = bulletin_check(b, detail);
    if (err != ERR_OK)
        return err;
    b->state = BULLETIN_SUBMITTED;
    b->decided_by = (struct user_id){0};
    b->decided_us = 0;
    b->reason[0] = '\0';
    return ERR_OK;
}

enum err bulletin_approve(struct bulletin *b, struct user_id by,
                          const struct station_policy *policy, usec_t now_us,
                          struct err_detail *detail)
{
    if (b->state != BULLETIN_SUBMITTED)
        return err_set(detail, ERR_STATE,
                       "the bulletin is %s; only a submitted one can be approved",
                       bulletin_state_name(b->state));
    if (by.v == b->author.v && !policy->author_may_approve)
        return err_set(detail, ERR_AUTH,
                       "the author may not approve their own bulletin; ask another approver");
    if (b->expires_us != 0 && now_us >= b->expires_us)
        return err_set(detail, ERR_STATE,
                       "the bulletin has expired; reject it so that its author can renew it");
    b->state = BULLETIN_APPROVED;
    b->decided_by = by;
    b->decided_us = now_us;
    b->reason[0] = '\0';
    return ERR_OK;
}

enum err bulletin_reject(struct bulletin *b, struct user_id by, const char *reason, usec_t now_us,
                         struct err_detail *detail)
{
    size_t len = strlen(reason);

    if (b->state != BULLETIN_SUBMITTED)
        return err_set(detail, ERR_STATE,
                       "the bulletin is %s; only a submitted one can be rejected",
                       bulletin_state_name(b->state));
    if (len == 0 || len >= sizeof(b->reason) || !utf8_valid(reason, len, true))
        return err_set(
            detail, ERR_FORMAT,
            "say why it is rejected, in 1 to %d bytes of UTF-8 text, so that the author can "
            "correct it",
            BULLETIN_REASON_SIZE - 1);
    b->state = BULLETIN_REJECTED;
    b->decided_by = by;
    b->decided_us = now_us;
    snprintf(b->reason, sizeof(b->reason), "%s", reason);
    return ERR_OK;
}

uint32_t bulletin_duration_ms(const struct bulletin *b)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < b->part_count && i < BULLETIN_PARTS_MAX; i++)
        sum += b->parts[i].duration_ms;
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}
