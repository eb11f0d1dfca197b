#include "expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calfile.h"
#include "print.h"

#define PART 128
#define ROWS_MAX 100000

static json_t *row_of(const struct calendar_plan *plan, const struct calendar_occurrence *o)
{
    usec_t at[2] = {o->start_us, o->start_us + o->duration_us};
    char utc[2][CIVIL_TEXT_SIZE];
    char local[2][CIVIL_TEXT_SIZE];
    json_t *row;

    for (int i = 0; i < 2; i++) {
        struct civil c;

        if (civil_from_us(at[i], "UTC", &c) != ERR_OK)
            return NULL;
        civil_format(&c, utc[i]);
        if (civil_from_us(at[i], plan->zone, &c) != ERR_OK)
            return NULL;
        civil_format(&c, local[i]);
    }
    row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "uid", plan->uid, "summary", plan->summary,
                    "start_local", local[0], "end_local", local[1], "timezone", plan->zone);
    if (row != NULL) {
        json_object_set_new(row, "start_utc", json_sprintf("%sZ", utc[0]));
        json_object_set_new(row, "end_utc", json_sprintf("%sZ", utc[1]));
    }
    return row;
}

/* The bounds are local days in the event's own zone.
 *
 *   zone  in which it is told instead; NULL */
static enum err add_event(const char *text, const char *zone, const struct civil *from,
                          const struct civil *to, json_t *rows, struct err_detail *detail)
{
    struct calendar_occurrence found[PART];
    struct calendar_event *event = NULL;
    struct calendar_plan plan;
    usec_t from_us = 0;
    usec_t to_us = 0;
    size_t count = PART;
    enum err more = ERR_MORE;
    enum err e = calendar_parse(text, strlen(text), &event, detail);

    if (e != ERR_OK)
        return e;
    calendar_describe(event, &plan);
    if (zone != NULL)
        snprintf(plan.zone, sizeof(plan.zone), "%s", zone);
    if (civil_to_us(from, plan.zone, &from_us) != ERR_OK ||
        civil_to_us(to, plan.zone, &to_us) != ERR_OK)
        e = ERR_FORMAT;
    while (e == ERR_OK && more == ERR_MORE) {
        more = calendar_expand(event, from_us, to_us, found, PART, &count);
        for (size_t i = 0; i < count; i++)
            json_array_append_new(rows, row_of(&plan, &found[i]));
        if (count > 0)
            from_us = found[count - 1].start_us + 1;
        if (json_array_size(rows) > ROWS_MAX)
            e = err_set(detail, ERR_LIMIT, "more than %d occurrences; ask for fewer days",
                        ROWS_MAX);
    }
    calendar_free(event);
    return e;
}

static int by_start(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a;
    const json_t *y = *(json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(x, "start_utc")),
                       json_string_value(json_object_get(y, "start_utc")));

    return order != 0 ? order
                      : strcmp(json_string_value(json_object_get(x, "uid")),
                               json_string_value(json_object_get(y, "uid")));
}

static json_t *sorted(json_t *rows)
{
    size_t count = json_array_size(rows);
    json_t **list = calloc(count + 1, sizeof(*list));
    json_t *out = json_array();

    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = json_array_get(rows, i);
    if (list != NULL)
        qsort(list, count, sizeof(*list), by_start);
    for (size_t i = 0; list != NULL && i < count; i++)
        json_array_append(out, list[i]);
    free(list);
    return out;
}

char *expand_read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(CALFILE_BYTES_MAX + 2);

    if (f == NULL || text == NULL) {
        call_refuse("%s cannot be read; check its name", path);
        if (f != NULL)
            fclose(f);
        free(text);
        return NULL;
    }
    *ret_len = fread(text, 1, CALFILE_BYTES_MAX + 1, f);
    text[*ret_len] = '\0';
    fclose(f);
    return text;
}

int expand_schedule(struct call *call)
{
    const char *path = call_value(call, "file");
    const char *zone = call_value(call, "zone");
    struct calfile *file = NULL;
    struct err_detail detail = {""};
    struct civil from, to;
    json_t *rows = json_array();
    int status = CALL_REFUSED;
    char *text = NULL;
    size_t len = 0;
    enum err e;

    if (civil_parse(call_value(call, "from"), &from) != ERR_OK ||
        civil_parse(call_value(call, "to"), &to) != ERR_OK) {
        call_refuse("--from and --to take days like 2026-11-23");
        goto out;
    }
    if (zone != NULL && (strlen(zone) >= CIVIL_ZONE_SIZE || !civil_zone_known(zone))) {
        call_refuse("--zone %s is not known here; use a name such as Asia/Ho_Chi_Minh", zone);
        goto out;
    }
    text = expand_read_file(path, &len);
    if (text == NULL)
        goto out;
    e = calfile_read(text, len, &file, &detail);
    for (size_t i = 0; e == ERR_OK && i < file->note_count; i++)
        fprintf(stderr, "loactl: %s: %s\n", path, file->notes[i].text);
    for (size_t i = 0; e == ERR_OK && i < file->count; i++)
        e = add_event(file->events[i].text, zone, &from, &to, rows, &detail);
    if (e == ERR_OK) {
        json_t *list = sorted(rows);

        print_answer(call, list);
        json_decref(list);
        status = CALL_DONE;
    } else {
        call_refuse("%s: %s", path, detail.text);
    }
out:
    calfile_free(file);
    json_decref(rows);
    free(text);
    return status;
}
