/* Commands about the schedule that are more than one request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "civil.h"
#include "expand.h"
#include "http.h"
#include "print.h"
#include "special.h"

/* The folder of the running program, with a slash; "" when it is not known. */
static void own_folder(char *ret_folder, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", ret_folder, size - 1);

    ret_folder[n > 0 ? n : 0] = '\0';
    *(n > 0 ? strrchr(ret_folder, '/') + 1 : ret_folder) = '\0';
}

/* A template is a name without a path or dot. It stands in $LOA_TEMPLATES, where it was installed, or beside the
 * built program. */
static bool find_template(const char *name, char *ret_path, size_t size)
{
    const char *chosen = getenv("LOA_TEMPLATES");
    char own[512];

    if (strpbrk(name, "./") != NULL || access(name, R_OK) == 0)
        return false;
    own_folder(own, sizeof(own));
    snprintf(ret_path, size, "%s/%s.ics", chosen != NULL ? chosen : LOA_TEMPLATES, name);
    for (int i = 0; i < 2 && chosen == NULL && access(ret_path, R_OK) != 0; i++)
        snprintf(ret_path, size, "%s../%s/%s.ics", own,
                 i == 0 ? "share/loa/templates" : "../schedules", name);
    return access(ret_path, R_OK) == 0;
}

static int show(struct call *call, struct http_answer *answer)
{
    int status = CALL_REFUSED;

    if (!http_refused(call, answer)) {
        print_answer(call, answer->json);
        status = CALL_DONE;
    }
    http_answer_deinit(answer);
    return status;
}

/* What was loaded, and which bulletins a person has still to record. */
static int show_loaded(struct call *call, struct http_answer *answer)
{
    json_t *missing = json_incref(json_object_get(answer->json, "missing"));
    int status = show(call, answer);
    const json_t *title;
    size_t i;

    json_array_foreach(missing, i, title)
    {
        if (i == 0 && !call->settings.json)
            puts("\nTo be recorded and approved; load again afterwards, until then another sound "
                 "stands in:");
        if (!call->settings.json)
            printf("  %s\n", json_string_value(title));
    }
    json_decref(missing);
    return status;
}

/* JSON texts of the API have line feeds alone. */
static size_t drop_returns(char *text, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++)
        if (text[i] != '\r')
            text[kept++] = text[i];
    return kept;
}

int special_schedule_load(struct call *call)
{
    char path[1024];
    struct http_answer answer;
    json_t *body = call_body(call);
    char *text = NULL;
    int status = CALL_REFUSED;
    size_t len = 0;

    if (body == NULL)
        return CALL_USAGE;
    if (find_template(call_value(call, "file"), path, sizeof(path)))
        json_object_set_new(body, "chime", json_true());
    else
        snprintf(path, sizeof(path), "%s", call_value(call, "file"));
    text = expand_read_file(path, &len);
    if (text != NULL)
        len = drop_returns(text, len);
    if (text != NULL && json_object_set_new(body, "ics", json_stringn(text, len)) != 0)
        call_refuse("%s is not UTF-8 text; save it as iCalendar again", path);
    else if (text != NULL && http_request(call, "POST", "/api/v1/schedule/load", body, &answer))
        status = show_loaded(call, &answer);
    free(text);
    json_decref(body);
    return status;
}

/* Speak in the station's time from here on, whatever the zone of this machine. */
static bool use_station_zone(struct call *call, char ret_zone[CIVIL_ZONE_SIZE])
{
    struct http_answer answer;
    const char *zone;

    if (!http_request(call, "GET", "/api/v1/station", NULL, &answer))
        return false;
    zone = http_refused(call, &answer)
               ? NULL
               : json_string_value(json_object_get(answer.json, "timezone"));
    snprintf(ret_zone, CIVIL_ZONE_SIZE, "%s", zone != NULL ? zone : "");
    http_answer_deinit(&answer);
    if (zone == NULL)
        return false;
    setenv("TZ", ret_zone, 1);
    tzset();
    return true;
}

static bool read_time(const char *text, const char *zone, usec_t *ret_us)
{
    struct civil c;

    if (civil_parse(text, &c) == ERR_OK && civil_to_us(&c, zone, ret_us) == ERR_OK)
        return true;
    call_refuse("\"%s\" is not a time; write 2026-11-23 or 2026-11-23T05:30", text);
    return false;
}

static void print_findings(const json_t *findings, const char *zone)
{
    static const char *const names[] = {"from_us", "to_us"};
    const json_t *f;
    size_t i;

    json_array_foreach(findings, i, f)
    {
        const char *other = json_string_value(json_object_get(f, "other_title"));
        char at[2][CIVIL_TEXT_SIZE] = {"", ""};
        struct civil c;

        for (int k = 0; k < 2; k++)
            if (civil_from_us(json_integer_value(json_object_get(f, names[k])), zone, &c) == ERR_OK)
                civil_format(&c, at[k]);
        printf("%s%-14s %s..%s event %lld \"%s\"%s%s%s\n", i == 0 ? "\n" : "",
               json_string_value(json_object_get(f, "finding")), at[0], at[1],
               (long long)json_integer_value(json_object_get(f, "event")),
               json_string_value(json_object_get(f, "title")), *other != '\0' ? " and \"" : "",
               other, *other != '\0' ? "\"" : "");
    }
}

int special_schedule_preview(struct call *call)
{
    const char *from = call_value(call, "from");
    const char *to = call_value(call, "to");
    const char *zone = call_value(call, "zone");
    usec_t from_us = (usec_t)time(NULL) * USEC_PER_SEC;
    char zone_name[CIVIL_ZONE_SIZE];
    struct http_answer answer;
    usec_t to_us;
    char path[256];

    if (!use_station_zone(call, zone_name))
        return CALL_REFUSED;
    if (from != NULL && !read_time(from, zone_name, &from_us))
        return CALL_REFUSED;
    to_us = from_us + USEC_PER_DAY;
    if (to != NULL && !read_time(to, zone_name, &to_us))
        return CALL_REFUSED;
    if (zone != NULL && strspn(zone, "0123456789") != strlen(zone))
        return call_refuse("--zone takes the id of a zone, not \"%s\"", zone);
    snprintf(path, sizeof(path), "/api/v1/schedule/preview?from_us=%lld&before_us=%lld%s%s",
             (long long)from_us, (long long)to_us, zone != NULL ? "&zone=" : "",
             zone != NULL ? zone : "");
    if (!http_request(call, "GET", path, NULL, &answer))
        return CALL_REFUSED;
    if (http_refused(call, &answer)) {
        http_answer_deinit(&answer);
        return CALL_REFUSED;
    }
    if (call->settings.json)
        json_dumpf(answer.json, stdout, JSON_INDENT(2));
    else
        print_answer(call, answer.json);
    if (!call->settings.json)
        print_findings(json_object_get(answer.json, "findings"), zone_name);
    http_answer_deinit(&answer);
    return CALL_DONE;
}

int special_why(struct call *call)
{
    const char *node = call_value(call, "node");
    size_t n = strcspn(node, "@");
    struct http_answer answer;
    usec_t at_us = (usec_t)time(NULL) * USEC_PER_SEC;
    char zone_name[CIVIL_ZONE_SIZE];
    char path[128];

    if (n == 0 || strspn(node, "0123456789") != n || n > 10)
        return call_refuse("why takes NODE or NODE@TIME, such as 12@2026-11-23T05:30");
    if (!use_station_zone(call, zone_name))
        return CALL_REFUSED;
    if (node[n] == '@' && !read_time(node + n + 1, zone_name, &at_us))
        return CALL_REFUSED;
    snprintf(path, sizeof(path), "/api/v1/nodes/%.*s/why?at_us=%lld", (int)n, node,
             (long long)at_us);
    return http_request(call, "GET", path, NULL, &answer) ? show(call, &answer) : CALL_REFUSED;
}
