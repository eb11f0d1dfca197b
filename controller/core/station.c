#include "station.h"

#include <string.h>

#include "bytes.h"
#include "civil.h"
#include "utf8.h"
#include "window.h"

static const struct {
    enum role role;
    const char *name;
} roles[] = {
    {ROLE_OPERATOR, "operator"}, {ROLE_APPROVER, "approver"}, {ROLE_TECHNICIAN, "technician"},
    {ROLE_DISTRICT, "district"}, {ROLE_ADMIN, "admin"},       {ROLE_AUDITOR, "auditor"},
};

const char *role_name(enum role role)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (roles[i].role == role)
            return roles[i].name;
    }
    return NULL;
}

enum role role_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    }
    return ROLE_NONE;
}

void station_init(struct station *s)
{
    *s = (struct station){
        .timezone = "Asia/Ho_Chi_Minh",
        .utc_offset_min = 7 * 60,
        .policy =
            {
                .author_may_approve = false,
                .quiet_from_min = 21 * 60,
                .quiet_to_min = 6 * 60,
                .allowed_from_min = 5 * 60,
                .allowed_to_min = 22 * 60,
                .max_broadcast_s = 45 * 60,
                .late_tolerance_s = 60,
                .keep_days = STATION_KEEP_DAYS,
                .idle_min = STATION_IDLE_MIN,
                .backup_at_min = 150,
                .backup_keep = 14,
            },
    };
}

static enum err check_policy(const struct station_policy *p, struct err_detail *detail)
{
    if (p->quiet_from_min > WINDOW_DAY_MIN || p->quiet_to_min > WINDOW_DAY_MIN)
        return err_set(detail, ERR_LIMIT,
                       "quiet hours are times of day; give them between 00:00 and 24:00");
    if (p->allowed_from_min > WINDOW_DAY_MIN || p->allowed_to_min > WINDOW_DAY_MIN)
        return err_set(detail, ERR_LIMIT,
                       "allowed hours are times of day; give them between 00:00 and 24:00");
    if (p->max_broadcast_s < 1 || p->max_broadcast_s > 12 * 3600)
        return err_set(detail, ERR_LIMIT,
                       "the longest broadcast must be between 1 second and 12 hours");
    if (p->profile > PLANNER_PROFILE_RURAL)
        return err_set(detail, ERR_FORMAT, "the profile must be none, urban or rural");
    if (p->late_tolerance_s > 3600)
        return err_set(detail, ERR_LIMIT, "a start may be joined at most 1 hour late");
    if (p->idle_min != 0 && (p->idle_min < 5 || p->idle_min > 1440))
        return err_set(detail, ERR_LIMIT,
                       "a browser is signed out after 5 minutes to 24 hours without use; 0 never");
    if (p->keep_days != 0 && (p->keep_days < 30 || p->keep_days > 36500))
        return err_set(detail, ERR_LIMIT,
                       "what sounded is kept for at least 30 days; 0 keeps it for ever");
    return ERR_OK;
}

enum err station_check(const struct station *s, struct err_detail *detail)
{
    size_t name_len = strnlen(s->name, sizeof(s->name));

    if (strnlen(s->code, sizeof(s->code)) != 5 || strspn(s->code, "0123456789") != 5)
        return err_set(detail, ERR_FORMAT,
                       "the station code must be the commune code of 5 digits (Decision 19/2025), "
                       "such as 27148");
    if (name_len == 0 || name_len == sizeof(s->name) || !utf8_valid(s->name, name_len, false))
        return err_set(detail, ERR_FORMAT,
                       "the station needs a name of 1 to %d bytes of UTF-8 text", NAME_SIZE - 1);
    if (strnlen(s->timezone, sizeof(s->timezone)) == sizeof(s->timezone) ||
        !civil_zone_known(s->timezone))
        return err_set(detail, ERR_FORMAT,
                       "the time zone is not known; use an IANA name such as Asia/Ho_Chi_Minh");
    if (s->utc_offset_min < -14 * 60 || s->utc_offset_min > 14 * 60)
        return err_set(detail, ERR_LIMIT, "the offset from UTC must lie within 14 hours");
    return check_policy(&s->policy, detail);
}

size_t station_windows(const struct station_policy *p, struct window *ret_windows)
{
    return window_from_quiet(p->allowed_to_min, p->allowed_from_min, ret_windows);
}

bool station_allows(const struct station *s, usec_t from_us, usec_t to_us)
{
    struct window windows[WINDOW_QUIET_MAX];
    size_t count = station_windows(&s->policy, windows);

    return window_allows(windows, count, s->utc_offset_min, from_us, to_us);
}

bool station_is_quiet(const struct station *s, usec_t from_us, usec_t to_us)
{
    struct window windows[WINDOW_QUIET_MAX];
    size_t count = window_from_quiet(s->policy.quiet_from_min, s->policy.quiet_to_min, windows);

    return !window_allows(windows, count, s->utc_offset_min, from_us, to_us);
}
