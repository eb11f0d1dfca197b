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

static const char *const part_names[] = {
    [PART_NONE] = "",           [PART_MEDIA] = "media", [PART_TEXT] = "text",
    [PART_SILENCE] = "silence", [PART_CHIME] = "chime", [PART_RELAY] = "relay",
    [PART_LIVE] = "live",
};

#define PARTS (sizeof(part_names) / sizeof(part_names[0]))
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

const char *bulletin_part_name(enum part_kind k)
{
    return (size_t)k < PARTS ? part_names[k] : NULL;
}

int bulletin_part_from_name(const char *name)
{
    for (size_t i = PART_MEDIA; i < PARTS; i++) {
        if (strcmp(part_names[i], name) == 0)
            return (int)i;
    }
    return -1;
}

bool bulletin_part_is_live(const struct part *p)
{
    return p->kind == PART_RELAY || p->kind == PART_LIVE;
}

bool bulletin_part_speaks(const struct part *p)
{
    return p->kind == PART_MEDIA || p->kind == PART_TEXT || bulletin_part_is_live(p);
}

static enum err check_source(const struct bulletin *b, size_t i, struct err_detail *detail)
{
    const struct part *p = &b->parts[i];

    for (size_t k = 0; k < i; k++)
        if (bulletin_part_is_live(&b->parts[k]))
            return err_set(detail, ERR_UNSUPPORTED,
                           "part %zu is %s, and part %zu is live, too; write a bulletin for each, "
                           "and let their events follow each other",
                           i + 1, bulletin_part_name(p->kind), k + 1);
    if (p->duration_ms == 0 || p->duration_ms > BULLETIN_SOURCE_MAX_MS)
        return err_set(detail, ERR_LIMIT, "part %zu: %s takes a duration of 1 ms to 720 minutes",
                       i + 1, bulletin_part_name(p->kind));
    if (b->source.from[0] == '\0')
        return err_set(detail, ERR_FORMAT, "part %zu: say where the sound comes from", i + 1);
    return ERR_OK;
}

static enum err check_part(const struct bulletin *b, size_t i, struct err_detail *detail)
{
    const struct part *p = &b->parts[i];

    if (p->language[0] != '\0' && !language_valid(p->language))
        return err_set(detail, ERR_FORMAT,
                       "the language of part %zu is no BCP 47 tag of up to %d letters; vi, hmn and "
                       "km are some",
                       i + 1, LANGUAGE_SIZE - 1);
    switch (p->kind) {
    case PART_MEDIA:
    case PART_TEXT:
    case PART_CHIME:
        return ERR_OK;
    case PART_SILENCE:
        if (i == 0 || i + 1 == b->part_count)
            return err_set(detail, ERR_FORMAT,
                           "part %zu is silence at an end of the bulletin; put it between two "
                           "others or remove it",
                           i + 1);
        if (p->duration_ms == 0 || p->duration_ms > BULLETIN_SILENCE_MAX_MS)
            return err_set(detail, ERR_LIMIT, "part %zu: silence takes 1 to %u ms", i + 1,
                           BULLETIN_SILENCE_MAX_MS);
        return ERR_OK;
    case PART_RELAY:
    case PART_LIVE:
        return check_source(b, i, detail);
    case PART_NONE:
        break;
    }
    return err_set(detail, ERR_FORMAT, "part %zu names no recording; choose one or remove it",
                   i + 1);
}

static enum err check_parts(const struct bulletin *b, struct err_detail *detail)
{
    size_t sounding = 0;

    if (b->part_count > BULLETIN_PARTS_MAX)
        return err_set(detail, ERR_LIMIT, "a bulletin holds at most %d parts; split it",
                       BULLETIN_PARTS_MAX);
    for (size_t i = 0; i < b->part_count; i++) {
        enum err e = check_part(b, i, detail);

        if (e != ERR_OK)
            return e;
        sounding += bulletin_part_speaks(&b->parts[i]);
    }
    if (sounding == 0)
        return err_set(detail, ERR_FORMAT,
                       "the bulletin has no recording and no text; add at least one");
    return ERR_OK;
}

/* A text in a field of `size` bytes. */
static bool is_line(const char *text, size_t size)
{
    size_t len = strnlen(text, size);

    return len < size && utf8_valid(text, len, false);
}

enum err bulletin_check(const struct bulletin *b, struct err_detail *detail)
{
    enum err e;

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
    if (!is_line(b->issuer, sizeof(b->issuer)) || !is_line(b->document, sizeof(b->document)))
        return err_set(detail, ERR_FORMAT,
                       "issuing body and document number take one line of UTF-8 text each");
    e = check_parts(b, detail);
    if (e != ERR_OK)
        return e;
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
    if (b->is_template)
        return err_set(detail, ERR_STATE,
                       "the bulletin is a template; copy it, and submit the copy");
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

    if (b->state != BULLETIN_SUBMITTED && b->state != BULLETIN_APPROVED)
        return err_set(detail, ERR_STATE,
                       "the bulletin is %s; only a submitted or approved one can be rejected",
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

void bulletin_copy(const struct bulletin *from, struct user_id by, usec_t now_us,
                   struct bulletin *ret_bulletin)
{
    struct bulletin copy = *from;

    copy.id = (struct bulletin_id){0};
    copy.origin = from->id;
    copy.is_template = false;
    copy.state = BULLETIN_DRAFT;
    copy.author = by;
    copy.created_us = now_us;
    copy.decided_by = (struct user_id){0};
    copy.decided_us = copy.expires_us = 0;
    copy.reason[0] = '\0';
    *ret_bulletin = copy;
}

uint32_t bulletin_duration_ms(const struct bulletin *b)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < b->part_count && i < BULLETIN_PARTS_MAX; i++)
        sum += b->parts[i].duration_ms;
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}
