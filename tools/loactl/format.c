#include "format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "civil.h"

#define ZONE "Asia/Ho_Chi_Minh" /* unless TZ names another one */

/* How a number is shown, by the end of its name. */
struct unit {
    const char *end;
    double divisor;
    int digits; /* behind the point */
    const char *sign;
};

static const struct unit units[] = {
    {"_us", 1000, 3, " ms"},      {"_ms", 1000, 1, " s"},  {"_mdb", 1000, 1, " dB"},
    {"_mlufs", 1000, 1, " LUFS"}, {"_mc", 1000, 1, " °C"}, {"_mv", 1000, 2, " V"},
    {"_bytes", 1e6, 2, " MB"},    {"_s", 1, 0, " s"},      {"_ppb", 1000, 3, " ppm"},
};

/* Members whose name alone says too little above a column. */
static const struct {
    const char *path;
    const char *title;
} titles[] = {
    {"targets.all", "nodes"},
    {"sha256", "recording"},
    {"receipt.rms_mdb", "level"},
    {"status_us", "last status"},
    {"author_may_approve", "authors may approve"},
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

/* An instant in microseconds, 0 none; otherwise a length of time. */
static bool is_instant(const char *path)
{
    static const char *const lengths[] = {"delay_us", "error_us", "uncertainty_us", "offset_us"};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        if (ends_with(path, lengths[i]) || strcmp(path, lengths[i]) == 0)
            return false;
    }
    return ends_with(path, "_us");
}

static const struct unit *unit_of(const char *path)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ends_with(path, units[i].end))
            return &units[i];
    }
    return NULL;
}

void format_title(const char *path, char *ret_text, size_t size)
{
    const char *dot = strrchr(path, '.');
    const char *name = dot != NULL ? dot + 1 : path;
    const struct unit *unit = unit_of(path);
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (strcmp(titles[i].path, path) == 0) {
            snprintf(ret_text, size, "%s", titles[i].title);
            return;
        }
    }
    if (unit != NULL)
        len -= strlen(unit->end);
    else if (ends_with(path, "_min"))
        len -= strlen("_min");
    snprintf(ret_text, size, "%.*s", (int)len, name);
    for (char *at = ret_text; *at != '\0'; at++) {
        if (*at == '_')
            *at = ' ';
    }
}

static void format_instant(json_int_t us, char *ret_text, size_t size)
{
    const char *zone = getenv("TZ");
    struct civil at;

    if (zone == NULL || !civil_zone_known(zone))
        zone = ZONE;
    if (civil_from_us(us, zone, &at) != ERR_OK)
        snprintf(ret_text, size, "-");
    else
        snprintf(ret_text, size, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day,
                 at.hour, at.minute, at.second);
}

static void format_number(const char *path, json_int_t n, char *ret_text, size_t size)
{
    const struct unit *unit = unit_of(path);

    if (is_instant(path) && n == 0)
        snprintf(ret_text, size, "-");
    else if (is_instant(path))
        format_instant(n, ret_text, size);
    else if (ends_with(path, "_min") && n >= 0 && n <= 24 * 60)
        snprintf(ret_text, size, "%02d:%02d", (int)(n / 60), (int)(n % 60));
    else if (unit != NULL)
        snprintf(ret_text, size, "%.*f%s", unit->digits, (double)n / unit->divisor, unit->sign);
    else
        snprintf(ret_text, size, "%lld", (long long)n);
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s", more);
}

static void format_members(const json_t *value, char *ret_text, size_t size)
{
    char part[FORMAT_CELL_SIZE];
    const char *key;
    json_t *member;

    ret_text[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (json_is_string(member) && json_string_length(member) == 0)
            continue;
        append(ret_text, size, ret_text[0] != '\0' ? ", " : "");
        format_title(key, part, sizeof(part));
        append(ret_text, size, part);
        append(ret_text, size, " ");
        format_value(key, member, part, sizeof(part));
        append(ret_text, size, part);
    }
}

static void format_items(const char *path, const json_t *value, char *ret_text, size_t size)
{
    char part[FORMAT_CELL_SIZE];
    const json_t *item;
    size_t i;

    ret_text[0] = '\0';
    json_array_foreach(value, i, item)
    {
        append(ret_text, size, i == 0 ? "" : json_is_object(item) ? "; " : ", ");
        format_value(path, item, part, sizeof(part));
        append(ret_text, size, part);
    }
    if (json_array_size(value) == 0)
        append(ret_text, size, "-");
}

void format_value(const char *path, const json_t *value, char *ret_text, size_t size)
{
    if (json_is_string(value) && json_string_length(value) > 0)
        snprintf(ret_text, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(ret_text, size, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        format_number(path, json_integer_value(value), ret_text, size);
    else if (json_is_array(value))
        format_items(path, value, ret_text, size);
    else if (json_is_object(value))
        format_members(value, ret_text, size);
    else
        snprintf(ret_text, size, "-");
}
