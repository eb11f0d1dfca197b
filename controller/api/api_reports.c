/* Reports: what the receipts of a span of days add up to, as JSON, CSV or a page to print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_reader.h"
#include "civil.h"
#include "priority.h"
#include "report_text.h"
#include "store_report.h"
#include "store_zone.h"

#define DAYS_MAX 366

struct question {
    struct report_head head;
    struct report report;
    struct zone_id zone; /* 0 all */
    usec_t from_us;
    usec_t before_us;
    struct zone *zones; /* owned */
    enum { AS_JSON = 0, AS_CSV, AS_HTML } form;
};

static json_t *reasons_json(const uint32_t counts[REPORT_REASONS])
{
    json_t *out = json_object();

    for (size_t i = 0; i < REPORT_REASONS; i++) {
        const char *name = report_reason_name(i);
        json_int_t before = json_integer_value(json_object_get(out, name));

        if (counts[i] > 0)
            json_object_set_new(out, name, json_integer(before + counts[i]));
    }
    return out;
}

static json_t *row_json(const struct question *q, const struct report_row *row, bool is_total)
{
    const uint32_t *n = row->counts;
    json_t *out =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "planned",
                  (json_int_t)row->planned, "sounded", (json_int_t)n[REPORT_SOUNDED], "partly",
                  (json_int_t)n[REPORT_PARTLY], "missed", (json_int_t)n[REPORT_MISSED], "cancelled",
                  (json_int_t)n[REPORT_CANCELLED], "pending", (json_int_t)n[REPORT_PENDING],
                  "heard", (json_int_t)row->heard, "not_heard", (json_int_t)row->not_heard,
                  "played_ms", (json_int_t)row->played_ms, "missed_by",
                  reasons_json(row->missed_by), "partly_by", reasons_json(row->partly_by));

    if (out != NULL && !is_total) {
        json_object_set_new(out, "group", json_string(row->group));
        json_object_set_new(out, "zone", json_integer(row->zone.v));
        json_object_set_new(out, "zone_name", json_string(report_zone_name(&q->head, row->zone)));
    }
    return out;
}

static enum err answer_json(struct call *c, struct question *q)
{
    struct report_row total = {.zone = {0}};
    json_t *items = json_array();

    for (size_t i = 0; i < q->report.count; i++) {
        report_sum(&total, &q->report.rows[i]);
        if (json_array_append_new(items, row_json(q, &q->report.rows[i], false)) != 0) {
            json_decref(items);
            return ERR_NOMEM;
        }
    }
    return call_out(c, 200,
                    json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "by", c->param[0], "from",
                              q->head.from, "to", q->head.to, "timezone", q->report.timezone,
                              "items", items, "total", row_json(q, &total, true)));
}

static enum err answer_file(struct call *c, struct question *q)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return ERR_NOMEM;
    if (q->form == AS_CSV)
        report_write_csv(&q->report, &q->head, out);
    else
        report_write_html(&q->report, &q->head, out);
    if (fclose(out) != 0) {
        free(text);
        return ERR_NOMEM;
    }
    c->res.status = 200;
    c->res.content_type =
        q->form == AS_CSV ? "text/csv; charset=utf-8" : "text/html; charset=utf-8";
    c->res.body = text;
    c->res.body_len = len;
    /* A page is for the browser to show and print. */
    call_header(c, "content-disposition:", "%s; filename=\"bao-cao-%s-%s.%s\"",
                q->form == AS_CSV ? "attachment" : "inline", q->head.from, q->head.to,
                q->form == AS_CSV ? "csv" : "html");
    return ERR_OK;
}

/* One date of the query, or the one given. */
static enum err read_date(struct call *c, const char *name, struct civil *date)
{
    char text[CIVIL_TEXT_SIZE];
    enum err e = web_query(c->req, name, text, sizeof(text));

    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e != ERR_OK || strlen(text) != 10 || civil_parse(text, date) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT, "?%s= takes a date such as 2026-11-23.", name);
    return ERR_OK;
}

static void write_date(const struct civil *date, char ret[REPORT_GROUP_SIZE])
{
    char text[CIVIL_TEXT_SIZE];

    civil_format(date, text);
    snprintf(ret, REPORT_GROUP_SIZE, "%.10s", text);
}

/* From the first of this month to today, unless the query says otherwise. */
static enum err read_days(struct call *c, struct question *q)
{
    const char *timezone = c->api->ports.station->timezone;
    struct civil from, to, after;
    enum err e = civil_from_us(c->now_us, timezone, &to);

    if (e != ERR_OK)
        return e;
    civil_format(&to, q->head.made);
    q->head.made[10] = ' ';
    to = (struct civil){.year = to.year, .month = to.month, .day = to.day};
    from = (struct civil){.year = to.year, .month = to.month, .day = 1};
    e = read_date(c, "from", &from);
    if (e == ERR_OK)
        e = read_date(c, "to", &to);
    if (e != ERR_OK)
        return e;
    after = civil_add_days(&to, 1);
    if (civil_to_us(&from, timezone, &q->from_us) != ERR_OK ||
        civil_to_us(&after, timezone, &q->before_us) != ERR_OK || q->before_us <= q->from_us ||
        q->before_us - q->from_us > (DAYS_MAX + 1) * USEC_PER_DAY)
        return err_set(&c->detail, ERR_LIMIT,
                       "?from= and ?to= name the first and the last day, at most %d days in all.",
                       DAYS_MAX);
    write_date(&from, q->head.from);
    write_date(&to, q->head.to);
    return ERR_OK;
}

static enum err read_form(struct call *c, struct question *q)
{
    char text[8] = "json";
    uint64_t zone = 0;
    enum err e = web_query(c->req, "format", text, sizeof(text));

    if (e == ERR_OK)
        q->form = strcmp(text, "csv") == 0 ? AS_CSV : strcmp(text, "html") == 0 ? AS_HTML : AS_JSON;
    if (e != ERR_NOT_FOUND && (e != ERR_OK || (q->form == AS_JSON && strcmp(text, "json") != 0)))
        return err_set(&c->detail, ERR_FORMAT, "?format= takes json, csv or html.");
    e = call_query_number(c, "zone", &zone);
    q->zone.v = zone <= UINT32_MAX ? (uint32_t)zone : UINT32_MAX;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void end_question(void *about)
{
    struct question *q = about;

    report_deinit(&q->report);
    free(q->zones);
    free(q);
}

/* On the worker: of ten thousand broadcasts it takes seconds. */
static void add_up(struct reading *r)
{
    struct question *q = r->about;
    struct db_page page = {0};

    r->result = store_zone_list(r->view, &page, q->zones, ZONES_MAX, &q->head.zone_count);
    if (r->result == ERR_OK)
        r->result = store_report_fill(r->view, q->from_us, q->before_us, q->zone, &q->report);
    if (r->result == ERR_LIMIT)
        err_set(&r->detail, ERR_LIMIT, "This report is too long; choose fewer days.");
    if (r->result == ERR_OK)
        report_sort(&q->report);
    r->result = db_explain(r->view, r->result, &r->detail);
}

static enum err added_up(struct call *c, struct reading *r)
{
    struct question *q = r->about;

    if (r->result != ERR_OK)
        return r->result;
    return q->form == AS_JSON ? answer_json(c, q) : answer_file(c, q);
}

static enum err ask(struct call *c, struct question *q)
{
    enum report_by by = REPORT_BY_DAY;
    enum err e;

    q->head.station = c->api->ports.station;
    if (!report_by_from_name(c->param[0], &by))
        return err_set(&c->detail, ERR_NOT_FOUND, "There are reports by day, month and level.");
    e = read_days(c, q);
    if (e == ERR_OK)
        e = read_form(c, q);
    if (e != ERR_OK)
        return e;
    report_init(&q->report, by, c->api->ports.station->timezone);
    q->zones = calloc(ZONES_MAX, sizeof(*q->zones));
    q->head.zones = q->zones;
    return q->zones != NULL ? ERR_OK : ERR_NOMEM;
}

enum err api_report(struct call *c)
{
    struct question *q = calloc(1, sizeof(*q));
    const struct reading task = {.read = add_up, .then = added_up, .about = q, .end = end_question};
    enum err e = q != NULL ? ask(c, q) : ERR_NOMEM;

    if (e == ERR_OK)
        return api_reader_start(c, &task);
    if (q != NULL)
        end_question(q);
    return e;
}
