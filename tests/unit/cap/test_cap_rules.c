/* Every rule of the consumer as a row: one change to a good message, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capfix.h"

#define NOTHING CAP_CODE_COUNT_

struct row {
    const char *from, *to;
    enum cap_code code; /* a finding that must be there; NOTHING: no finding at all */
    enum cap_result result;
    enum priority level;
    enum cap_action action;
};

#define REJECTED CAP_REJECTED, PRIORITY_NONE, CAP_ACTION_LOG
#define LOGGED CAP_ACCEPTED, PRIORITY_NONE, CAP_ACTION_LOG
#define SOUNDS CAP_ACCEPTED, PRIORITY_EMERGENCY, CAP_ACTION_SOUND
#define HELD CAP_HELD, PRIORITY_EMERGENCY, CAP_ACTION_INBOX

static struct cap_policy *policy;

static void run_on(const char *base, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = capfix_edit(base, rows[i].from, rows[i].to);
        struct cap_verdict *v = capfix_check(text, policy, "open");
        bool found = rows[i].code == NOTHING ? v->findings.count == 0
                                             : cap_findings_has(&v->findings, rows[i].code);

        if (!found || v->result != rows[i].result || v->level != rows[i].level ||
            v->action != rows[i].action) {
            for (size_t k = 0; k < v->findings.count; k++)
                print_message("%s %s: %s\n", cap_code_name(v->findings.items[k].code),
                              v->findings.items[k].where, v->findings.items[k].sentence);
            print_message("%s, level %d, action %d\n", cap_result_name(v->result), v->level,
                          v->action);
            fail_msg("%s -> %s", rows[i].from, rows[i].to);
        }
        cap_verdict_free(v);
        free(text);
    }
}

#define RUN(rows) run_on(capfix_alert, rows, sizeof(rows) / sizeof((rows)[0]))

static void test_the_good_message_sounds_without_any_finding(void **state)
{
    static const struct row rows[] = {{"<info>", "<info>", NOTHING, SOUNDS}};

    (void)state;
    RUN(rows);
}

static void test_xml_that_could_do_more_than_say_something_is_refused(void **state)
{
    static const struct row rows[] = {
        {"<alert ", "<!DOCTYPE alert><alert ", CAP_XML_DTD, REJECTED},
        {"<alert ", "<!DOCTYPE alert [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><alert ",
         CAP_XML_DTD, REJECTED},
        {"<alert ", "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><alert ", CAP_XML_DTD,
         REJECTED},
        {"Actual", "&xxe;", CAP_XML_MALFORMED, REJECTED},
        {"</alert>", "", CAP_XML_MALFORMED, REJECTED},
        {"</alert>\n", "</alert><alert/>", CAP_XML_MALFORMED, REJECTED},
        {"<info>", "<q:info>", CAP_XML_MALFORMED, REJECTED},
        {"UTF-8", "UTF-16", CAP_XML_ENCODING, REJECTED},
        {"UTF-8", "UTF-7", CAP_XML_ENCODING, REJECTED},
        {"UTF-8", "EBCDIC-CP-US", CAP_XML_ENCODING, REJECTED},
        {"Lũ", "L\xff", CAP_XML_MALFORMED, REJECTED},
        {"<info>", "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"x\"/><info>",
         CAP_ELEMENT_UNKNOWN, REJECTED},
        {"<alert ", "<?xml-stylesheet href=\"http://x.example/\"?><alert ", NOTHING, SOUNDS},
        {"Actual", "Act<!-- not signed -->ual", NOTHING, SOUNDS},
        {"Actual", "<![CDATA[Actual]]>", NOTHING, SOUNDS},
    };

    (void)state;
    RUN(rows);
}

static void test_structure_namespace_and_order_are_those_of_the_standard(void **state)
{
    static const struct row rows[] = {
        {"cap:1.2", "cap:1.0", CAP_XML_NAMESPACE, REJECTED},
        {"<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"", "<alert", CAP_XML_NAMESPACE,
         REJECTED},
        {"<scope>Public</scope>\n", "", CAP_ELEMENT_MISSING, REJECTED},
        {"<scope>Public</scope>", "<scope/>", CAP_ELEMENT_MISSING, REJECTED},
        {"<scope>Public</scope>", "<scope> \n </scope>", CAP_ELEMENT_MISSING, REJECTED},
        {"<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>",
         CAP_ELEMENT_REPEATED, REJECTED},
        {"<scope>Public</scope>", "<source>x</source><scope>Public</scope>", NOTHING, SOUNDS},
        {"<scope>Public</scope>", "<scope>Public</scope><source>x</source>", CAP_ELEMENT_ORDER,
         REJECTED},
        {"<scope>Public</scope>", "<scope>Public</scope><urgent>1</urgent>", CAP_ELEMENT_UNKNOWN,
         REJECTED},
        {"<scope>Public</scope>", "<scope xmlns=\"urn:x\">Public</scope>", CAP_ELEMENT_UNKNOWN,
         REJECTED},
        {"<scope>Public</scope>", "<scope a=\"1\">Public</scope>", CAP_ATTRIBUTE_UNKNOWN, REJECTED},
        {"<info>", "<info Id=\"1\">", CAP_ATTRIBUTE_UNKNOWN, REJECTED},
        {"<scope>Public</scope>", "<scope><b>Public</b></scope>", CAP_ELEMENT_CONTENT, REJECTED},
        {"<info>", "words<info>", CAP_ELEMENT_CONTENT, REJECTED},
        {"<scope>Public</scope>", "<scope>Public</scope><note/>", CAP_ELEMENT_EMPTY, SOUNDS},
        {"<event>", "<category>Fire</category><event>", NOTHING, SOUNDS},
        {"<headline>", "<senderName>x</senderName><headline>", NOTHING, SOUNDS},
        {"<area>", "<parameter><valueName>n</valueName><value/></parameter><area>",
         CAP_ELEMENT_EMPTY, SOUNDS},
        {"<area>", "<parameter><value>v</value><valueName>n</valueName></parameter><area>",
         CAP_ELEMENT_ORDER, REJECTED},
        {"<area>", "<resource><resourceDesc>x</resourceDesc></resource><area>", CAP_ELEMENT_MISSING,
         REJECTED},
        {"<areaDesc>Xã ven sông</areaDesc>", "", CAP_ELEMENT_MISSING, REJECTED},
    };

    (void)state;
    RUN(rows);
}

static void test_identifiers_hold_no_spaces_and_commas(void **state)
{
    static const struct row rows[] = {
        {"hue-2026-0001", "hue 1", CAP_ID_FORM, REJECTED},
        {"hue-2026-0001", " hue-1", CAP_ID_FORM, REJECTED},
        {"hue-2026-0001", "hue,1", CAP_ID_FORM, REJECTED},
        {"hue-2026-0001", "hue&lt;1", CAP_ID_FORM, REJECTED},
        {"hue-2026-0001", "hue&amp;1", CAP_ID_FORM, REJECTED},
        {"pctt@hue.example", "pctt@hue.example,x", CAP_ID_FORM, REJECTED},
        {"hue-2026-0001", "urn:oid:2.49.0.3.1.127", NOTHING, SOUNDS},
    };

    (void)state;
    RUN(rows);
}

static void test_times_have_their_zone(void **state)
{
    static const struct row rows[] = {
        {"05:30:00+07:00", "05:30:00Z", CAP_TIME_ZULU, REJECTED},
        {"05:30:00+07:00", "05:30:00", CAP_TIME_ZONE, REJECTED},
        {"05:30:00+07:00", "05:30:00,07:00", CAP_TIME_FORM, REJECTED},
        {"05:30:00+07:00", "05:30:00.5+07:00", CAP_TIME_FORM, REJECTED},
        {"05:30:00+07:00", "05:30:00+15:00", CAP_TIME_FORM, REJECTED},
        {"05:30:00+07:00", "05:30:60+07:00", CAP_TIME_FORM, REJECTED},
        {"2026-11-22T05:30", "2026-02-29T05:30", CAP_TIME_FORM, REJECTED},
        {"2026-11-22T05:30:00+07:00", "2026-11-21T22:30:00-00:00", NOTHING, SOUNDS},
        {"2026-11-22T05:30:00+07:00", "2026-11-21T22:30:00+00:00", NOTHING, SOUNDS},
        {"2026-11-22T05:30:00+07:00", "\n2026-11-22T05:30:00+07:00 ", NOTHING, SOUNDS},
        {"2026-11-22T05:30:00+07:00", "2026-11-22T05:35:59+07:00", NOTHING, SOUNDS},
        {"2026-11-22T05:30:00+07:00", "2026-11-22T05:36:01+07:00", CAP_SENT_FUTURE, HELD},
        {"<expires>2026-11-22T08:30:00+07:00", "<expires>2026-11-22T08:30:00Z", CAP_TIME_ZULU,
         REJECTED},
        {"<expires>", "<onset>soon</onset><expires>", CAP_TIME_FORM, REJECTED},
        {"<expires>", "<effective>2026-11-22T07:00:00+07:00</effective><expires>",
         CAP_EFFECTIVE_FUTURE, SOUNDS},
    };

    (void)state;
    RUN(rows);
}

static void test_unknown_words_are_held_and_never_played(void **state)
{
    static const struct row rows[] = {
        {"Actual", "actual", CAP_ENUM_UNKNOWN, HELD},
        {">Alert<", ">Warning<", CAP_ENUM_UNKNOWN, HELD},
        {"Public", "Everyone", CAP_ENUM_UNKNOWN, HELD},
        {"Met", "Weather", CAP_ENUM_UNKNOWN, HELD},
        {"Immediate", "Now", CAP_ENUM_UNKNOWN, CAP_HELD, PRIORITY_NONE, CAP_ACTION_INBOX},
        {"Extreme", "Catastrophic", CAP_ENUM_UNKNOWN, CAP_HELD, PRIORITY_NONE, CAP_ACTION_INBOX},
        {"Observed", "Certain", CAP_ENUM_UNKNOWN, CAP_HELD, PRIORITY_NONE, CAP_ACTION_INBOX},
        {"Observed", "Very Likely", NOTHING, SOUNDS},
        {"<urgency>", "<responseType>Run</responseType><urgency>", CAP_ENUM_UNKNOWN, HELD},
        {"vi-VN", "tiếng Việt", CAP_LANGUAGE_FORM, REJECTED},
        {"<language>vi-VN</language>", "", NOTHING, SOUNDS},
    };

    (void)state;
    RUN(rows);
}

static void test_only_actual_public_alerts_and_updates_reach_a_horn(void **state)
{
    static const struct row rows[] = {
        {"Actual", "Exercise", CAP_STATUS_SILENT, LOGGED},
        {"Actual", "System", CAP_STATUS_SILENT, LOGGED},
        {"Actual", "Test", CAP_STATUS_SILENT, LOGGED},
        {"Actual", "Draft", CAP_STATUS_SILENT, LOGGED},
        {">Alert<", ">Ack<", CAP_TYPE_SILENT, LOGGED},
        {">Alert<", ">Error<", CAP_TYPE_SILENT, LOGGED},
        {"<scope>Public</scope>", "<scope>Restricted</scope>", CAP_SCOPE_RESTRICTION, HELD},
        {"<scope>Public</scope>", "<scope>Restricted</scope><restriction>x</restriction>",
         CAP_SCOPE_CLOSED, CAP_ACCEPTED, PRIORITY_EMERGENCY, CAP_ACTION_INBOX},
        {"<scope>Public</scope>", "<scope>Private</scope>", CAP_SCOPE_ADDRESSES, REJECTED},
        {"<scope>Public</scope>", "<scope>Private</scope><addresses>x</addresses>",
         CAP_SCOPE_CLOSED, CAP_ACCEPTED, PRIORITY_EMERGENCY, CAP_ACTION_INBOX},
    };

    (void)state;
    RUN(rows);
}

#define REF(text) "<scope>Public</scope><references>" text "</references>"

static void test_references_are_full_triples_of_older_messages(void **state)
{
    static const struct row rows[] = {
        {"<scope>Public</scope>", REF("a,b,2026-11-22T05:00:00+07:00"), NOTHING, SOUNDS},
        {"<scope>Public</scope>",
         REF("a,b,2026-11-22T05:00:00+07:00\n c,d,2026-11-21T05:00:00-00:00"), NOTHING, SOUNDS},
        {"<scope>Public</scope>", REF("b"), CAP_REF_FORM, REJECTED},
        {"<scope>Public</scope>", REF("a,b"), CAP_REF_FORM, REJECTED},
        {"<scope>Public</scope>", REF(",b,2026-11-22T05:00:00+07:00"), CAP_REF_FORM, REJECTED},
        {"<scope>Public</scope>", REF("a,,2026-11-22T05:00:00+07:00"), CAP_REF_FORM, REJECTED},
        {"<scope>Public</scope>", REF("a,b,2026-11-22T05:00:00+07:00,c"), CAP_TIME_FORM, REJECTED},
        {"<scope>Public</scope>", REF("a,b,2026-11-22T05:00:00Z"), CAP_TIME_ZULU, REJECTED},
        {"<scope>Public</scope>", REF("a,b,2026-11-22T05:30:01+07:00"), CAP_REF_POSTDATED,
         REJECTED},
        {"<scope>Public</scope>", REF("a,b,2026-11-22T05:30:00+07:00"), NOTHING, SOUNDS},
        {"<scope>Public</scope>", REF("pctt@hue.example,hue-2026-0001,2026-11-22T05:30:00+07:00"),
         CAP_REF_SELF, REJECTED},
        {"<msgType>Alert</msgType>", "<msgType>Update</msgType>", CAP_REF_MISSING, REJECTED},
        {"<msgType>Alert</msgType>", "<msgType>Cancel</msgType>", CAP_REF_MISSING, REJECTED},
    };
    static const struct row cancels[] = {
        {"<msgType>Alert</msgType>", "<msgType>Cancel</msgType>", NOTHING, CAP_ACCEPTED,
         PRIORITY_NONE, CAP_ACTION_STOP},
        {"<msgType>Alert</msgType>", "<msgType>Update</msgType>", NOTHING, SOUNDS},
        {"<status>Actual</status>\n<msgType>Alert</msgType>",
         "<status>Test</status>\n<msgType>Cancel</msgType>", CAP_STATUS_SILENT, LOGGED},
    };
    char *referring = capfix_edit(capfix_alert, "<scope>Public</scope>",
                                  REF("pctt@hue.example,hue-1,2026-11-22T05:00:00+07:00"));

    (void)state;
    RUN(rows);
    run_on(referring, cancels, sizeof(cancels) / sizeof(cancels[0]));
    free(referring);
}

static void test_an_alert_without_info_is_held_and_a_cancel_is_not(void **state)
{
    static const struct row rows[] = {
        {"<info>", "</alert>", CAP_INFO_MISSING, CAP_HELD, PRIORITY_NONE, CAP_ACTION_INBOX},
        {"<msgType>Alert", "<msgType>Update", CAP_INFO_MISSING, CAP_HELD, PRIORITY_NONE,
         CAP_ACTION_INBOX},
        {"<msgType>Alert", "<msgType>Cancel", NOTHING, CAP_ACCEPTED, PRIORITY_NONE,
         CAP_ACTION_STOP},
    };
    char *bare =
        capfix_edit(capfix_alert, "<scope>Public</scope>", REF("a,b,2026-11-22T05:00:00+07:00"));

    (void)state;
    strcpy(strstr(bare, "<info>"), "</alert>");
    run_on(bare, rows + 1, 2);
    strcpy(strstr(bare, "<references>"), "<info>");
    run_on(bare, rows, 1);
    free(bare);
}

static void test_everything_ends(void **state)
{
    static const struct row rows[] = {
        {"<expires>2026-11-22T08:30:00+07:00</expires>\n", "", CAP_EXPIRES_MISSING, SOUNDS},
        {"T08:30:00+07:00</expires>", "T05:31:00+07:00</expires>", CAP_EXPIRES_PAST, LOGGED},
        {"T08:30:00+07:00</expires>", "T05:31:01+07:00</expires>", NOTHING, SOUNDS},
        {"T08:30:00+07:00</expires>", "T05:29:00+07:00</expires>", CAP_EXPIRES_ORDER, LOGGED},
        {"<expires>2026-11-22", "<expires>2027-11-22", CAP_EXPIRES_CAPPED, SOUNDS},
    };

    (void)state;
    RUN(rows);
}

#define SQUARE "16.40,107.50 16.40,107.70 16.60,107.70 16.60,107.50 16.40,107.50"
#define SHAPE "<polygon>" SQUARE "</polygon>"

static void test_areas_are_right_and_here(void **state)
{
    static const struct row rows[] = {
        {SQUARE, "1,1 1,2 2,2 2,1 1,1", CAP_AREA_ELSEWHERE, LOGGED},
        {SQUARE, "16.40,107.50 16.40,107.70 16.60,107.70 16.60,107.50", CAP_AREA_OPEN, REJECTED},
        {SQUARE, "16.40,107.50 16.40,107.70 16.40,107.50", CAP_AREA_POINTS, REJECTED},
        {SQUARE, "16.40 107.50", CAP_AREA_COORDINATES, REJECTED},
        {SQUARE, "16.40,107.50,3 1,1 1,2 16.40,107.50,3", CAP_AREA_COORDINATES, REJECTED},
        {SQUARE, "91,1 1,2 2,2 91,1", CAP_AREA_COORDINATES, REJECTED},
        {SQUARE, "1,181 1,2 2,2 1,181", CAP_AREA_COORDINATES, REJECTED},
        {SQUARE, "1e1,1 1,2 2,2 1e1,1", CAP_AREA_COORDINATES, REJECTED},
        {SQUARE, "nan,1 1,2 2,2 nan,1", CAP_AREA_COORDINATES, REJECTED},
        {SHAPE, "<circle>16.46,107.59 1</circle>", NOTHING, SOUNDS},
        {SHAPE, "<circle>16.40,107.59 5</circle>", CAP_AREA_ELSEWHERE, LOGGED},
        {SHAPE, "<circle>16.40,107.59 7</circle>", NOTHING, SOUNDS},
        {SHAPE, "<circle>16.46,107.59 -1</circle>", CAP_AREA_CIRCLE, REJECTED},
        {SHAPE, "<circle>16.46,107.59</circle>", CAP_AREA_CIRCLE, REJECTED},
        {SHAPE, "<circle>16.46,107.59 1 2</circle>", CAP_AREA_CIRCLE, REJECTED},
        {SHAPE, "<circle/>", CAP_AREA_MISSING, CAP_ACCEPTED, PRIORITY_EMERGENCY, CAP_ACTION_INBOX},
        {SHAPE, "", CAP_AREA_MISSING, CAP_ACCEPTED, PRIORITY_EMERGENCY, CAP_ACTION_INBOX},
        {SHAPE, "<geocode><valueName>vn-commune</valueName><value>19753</value></geocode>", NOTHING,
         SOUNDS},
        {SHAPE, "<geocode><valueName>vn hamlet</valueName><value>7</value></geocode>", NOTHING,
         SOUNDS},
        {SHAPE, "<geocode><valueName>vn-province</valueName><value>19753</value></geocode>",
         CAP_AREA_ELSEWHERE, LOGGED},
        {SHAPE, "<geocode><valueName>vn-commune</valueName><value>1</value></geocode>",
         CAP_AREA_ELSEWHERE, LOGGED},
        {SHAPE, "<polygon>1,1 1,2 2,2 1,1</polygon><circle>16.46,107.59 1</circle>", NOTHING,
         SOUNDS},
    };

    (void)state;
    RUN(rows);
}

static void test_levels_follow_the_table(void **state)
{
    static const struct row rows[] = {
        {"Extreme", "Severe", NOTHING, SOUNDS},
        {"Observed", "Likely", NOTHING, SOUNDS},
        {"Observed", "Possible", NOTHING, CAP_ACCEPTED, PRIORITY_NORMAL, CAP_ACTION_INBOX},
        {"Extreme", "Moderate", NOTHING, CAP_ACCEPTED, PRIORITY_NORMAL, CAP_ACTION_INBOX},
        {"Immediate</urgency>\n<severity>Extreme", "Expected</urgency>\n<severity>Severe", NOTHING,
         CAP_ACCEPTED, PRIORITY_PRIORITY, CAP_ACTION_SOUND},
        {"Immediate</urgency>\n<severity>Extreme", "Expected</urgency>\n<severity>Moderate",
         NOTHING, CAP_ACCEPTED, PRIORITY_PRIORITY, CAP_ACTION_SOUND},
        {"Immediate", "Past", NOTHING, CAP_ACCEPTED, PRIORITY_NORMAL, CAP_ACTION_INBOX},
    };

    (void)state;
    RUN(rows);
}

static void test_cap_1_1_is_tolerated_as_the_policy_says(void **state)
{
    static const struct row rows[] = {
        {"cap:1.2", "cap:1.1", CAP_VERSION_OLD, HELD},
    };
    static const struct row accepted[] = {
        {"+07:00</sent>", "+07:00</sent>", CAP_VERSION_OLD, SOUNDS},
        {"05:30:00+07:00</sent>", "05:30:00.517</sent>", CAP_TIME_ZONE_ASSUMED, SOUNDS},
        {"2026-11-22T05:30:00+07:00</sent>", "2026-11-21T22:30:00Z</sent>", CAP_VERSION_OLD,
         SOUNDS},
        {"<area>", "<resource><resourceDesc>x</resourceDesc></resource><area>", CAP_VERSION_OLD,
         SOUNDS},
    };
    struct cap_policy *usual = policy;
    char *old = capfix_edit(capfix_alert, "cap:1.2", "cap:1.1");
    char *text = capfix_before(capfix_policy, "[station]",
                               "[alerts]\ncap11 = accept\ncap11_offset = +07:00\n");

    (void)state;
    RUN(rows);
    policy = capfix_read(text, ".");
    run_on(old, accepted, sizeof(accepted) / sizeof(accepted[0]));
    cap_policy_free(policy);
    policy = usual;
    free(text);
    free(old);
}

static void test_sources_say_who_needs_no_signature(void **state)
{
    struct cap_verdict *v = capfix_check(capfix_alert, policy, "somewhere");

    (void)state;
    assert_int_equal(v->result, CAP_REJECTED);
    assert_true(cap_findings_has(&v->findings, CAP_SIGNATURE_MISSING));
    cap_verdict_free(v);
    v = capfix_check(capfix_alert, policy, "shut");
    assert_int_equal(v->result, CAP_REJECTED);
    assert_true(cap_findings_has(&v->findings, CAP_TRUST_REFUSED));
    cap_verdict_free(v);
}

static int set_up(void **state)
{
    (void)state;
    if (cap_verify_start() != ERR_OK)
        return 1;
    policy = capfix_read(capfix_policy, ".");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cap_policy_free(policy);
    cap_verify_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_good_message_sounds_without_any_finding),
        cmocka_unit_test(test_xml_that_could_do_more_than_say_something_is_refused),
        cmocka_unit_test(test_structure_namespace_and_order_are_those_of_the_standard),
        cmocka_unit_test(test_identifiers_hold_no_spaces_and_commas),
        cmocka_unit_test(test_times_have_their_zone),
        cmocka_unit_test(test_unknown_words_are_held_and_never_played),
        cmocka_unit_test(test_only_actual_public_alerts_and_updates_reach_a_horn),
        cmocka_unit_test(test_references_are_full_triples_of_older_messages),
        cmocka_unit_test(test_an_alert_without_info_is_held_and_a_cancel_is_not),
        cmocka_unit_test(test_everything_ends),
        cmocka_unit_test(test_areas_are_right_and_here),
        cmocka_unit_test(test_levels_follow_the_table),
        cmocka_unit_test(test_cap_1_1_is_tolerated_as_the_policy_says),
        cmocka_unit_test(test_sources_say_who_needs_no_signature),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
