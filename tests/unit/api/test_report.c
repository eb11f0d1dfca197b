/* Reports of what sounded, as JSON, for a spreadsheet and to print. */
#include "apifix.h"

#include <string.h>

#include "store_broadcast.h"

#define BY_DAY "/api/v1/reports/day?from=2026-11-01&to=2026-11-30"
#define HOSTILE "=cmd|\\\"<b>&, Thôn\\\"<script>"

/* Two nodes in two hamlets; a broadcast that one of them sounded and the other never got. */
static void fill(struct apifix *f)
{
    struct node_id nodes[2];
    struct broadcast b = {.priority = PRIORITY_PRIORITY, .start_us = NOW_US, .repeats = 1};
    loa_Receipt receipt = {.receipt_id = 1,
                           .outcome = loa_Outcome_OUTCOME_SOUNDED,
                           .played_ms = 61500,
                           .order_id = 5,
                           .heard = loa_Heard_HEARD_YES};

    nodes[0].v = apifix_node(f, apifix_zone(f, "t1", "Thôn Đông"), "Cụm 1");
    nodes[1].v = apifix_node(f, apifix_zone(f, "t2", HOSTILE), "Cụm 2");
    snprintf(b.title, sizeof(b.title), "Bản tin");
    assert_int_equal(broadcast_set_targets(&b, nodes, 2), ERR_OK);
    assert_int_equal(store_broadcast_add(f->db, &b, &b.id), ERR_OK);
    b.targets[0].order.v = 5;
    b.targets[0].ordered_us = NOW_US;
    assert_int_equal(store_broadcast_set_target(f->db, b.id, &b.targets[0]), ERR_OK);
    receipt.broadcast_id = b.id.v;
    assert_int_equal(store_broadcast_add_receipt(f->db, nodes[0], &receipt, NOW_US), ERR_OK);
    b.state = BROADCAST_CLOSED;
    assert_int_equal(store_broadcast_set_state(f->db, &b), ERR_OK);
    broadcast_deinit(&b);
}

static void get(struct apifix *f, const char *path)
{
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_OPERATOR, NULL));
}

static void test_numbers_are_told_by_hamlet_and_in_all(void **state)
{
    struct apifix *f = *state;

    fill(f);
    get(f, BY_DAY);
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    assert_string_equal(apifix_string(f, "items.0.group"), "2026-11-23");
    assert_string_equal(apifix_string(f, "items.0.zone_name"), "Thôn Đông");
    assert_int_equal(apifix_number(f, "items.0.sounded"), 1);
    assert_int_equal(apifix_number(f, "items.0.played_ms"), 61500);
    assert_int_equal(apifix_number(f, "items.1.missed_by.not_reached"), 1);
    assert_int_equal(apifix_number(f, "total.planned"), 2);
    assert_int_equal(apifix_number(f, "total.heard"), 1);
    assert_int_equal(apifix_number(f, "total.not_heard"), 0);
    get(f, "/api/v1/reports/month?from=2026-11-01&to=2026-11-30&zone=1");
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    assert_string_equal(apifix_string(f, "items.0.group"), "2026-11");
    get(f, "/api/v1/reports/level");
    assert_string_equal(apifix_string(f, "items.0.group"), "priority");
    assert_string_equal(apifix_string(f, "from"), "2026-11-01");
    assert_string_equal(apifix_string(f, "to"), "2026-11-23");
    get(f, "/api/v1/reports/day?from=2026-11-24&to=2026-11-24");
    assert_int_equal(apifix_number(f, "total.planned"), 0);
}

static void test_a_spreadsheet_is_given_no_formula(void **state)
{
    struct apifix *f = *state;

    fill(f);
    get(f, BY_DAY "&format=csv");
    assert_int_equal(strncmp(f->text, "\xEF\xBB\xBFNgày,Khu vực,Dự kiến,", 10), 0);
    assert_non_null(strstr(f->text, "23/11/2026,\"Thôn Đông\",1,1,0,0,0,0,1,0,61,\"\"\r\n"));
    assert_non_null(strstr(f->text,
                           "23/11/2026,\"'=cmd|\"\"<b>&, Thôn\"\"<script>\",1,0,0,1,0,0,,,0,"
                           "\"không kết nối được: 1\"\r\n"));
    assert_non_null(strstr(f->text, "Tổng cộng,,2,1,0,1,0,0,1,0,61,"));
}

static void test_a_page_holds_names_as_text(void **state)
{
    struct apifix *f = *state;

    fill(f);
    get(f, BY_DAY "&format=html");
    assert_non_null(
        strstr(f->text, "<td>=cmd|&quot;&lt;b&gt;&amp;, Thôn&quot;&lt;script&gt;</td>"));
    assert_null(strstr(f->text, "<script"));
    assert_null(strstr(f->text, "http"));
    assert_non_null(strstr(f->text, "Từ ngày 01/11/2026 đến ngày 30/11/2026"));
    assert_non_null(strstr(f->text, "23/11/2026"));
    assert_non_null(strstr(f->text, "<td class=\"n\">không đo</td>"));
}

static void test_what_cannot_be_asked_is_told(void **state)
{
    static const struct {
        unsigned status;
        const char *path;
    } cases[] = {
        {404, "/api/v1/reports/year"},
        {400, "/api/v1/reports/day?from=2026-11-31"},
        {400, "/api/v1/reports/day?from=hôm%20qua"},
        {400, "/api/v1/reports/day?format=pdf"},
        {400, "/api/v1/reports/day?zone=-1"},
        {422, "/api/v1/reports/day?from=2026-11-02&to=2026-11-01"},
        {422, "/api/v1/reports/day?from=2020-11-02"},
    };
    struct apifix *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_status(f, cases[i].status,
                      apifix_send(f, WEB_GET, cases[i].path, ROLE_AUDITOR, NULL));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_numbers_are_told_by_hamlet_and_in_all),
        WITH(test_a_spreadsheet_is_given_no_formula),
        WITH(test_a_page_holds_names_as_text),
        WITH(test_what_cannot_be_asked_is_told),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
