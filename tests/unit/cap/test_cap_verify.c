/* Signatures: who signed what, and every way known to pretend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capfix.h"

#define INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ENVELOPED "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>"

static char folder[] = "/tmp/capXXXXXX";
static struct capfix_key *province, *commune, *stranger;
static struct cap_policy *policy;

static void write_file(const char *name, const char *text)
{
    char path[64];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int set_up(void **state)
{
    char text[2048];

    (void)state;
    if (cap_verify_start() != ERR_OK || mkdtemp(folder) == NULL)
        return 1;
    province = capfix_key_new();
    commune = capfix_key_new();
    stranger = capfix_key_new();
    write_file("province.pem", capfix_certificate(province));
    write_file("commune.pem", capfix_certificate(commune));
    snprintf(text, sizeof(text),
             "%s[signer province]\ncertificate = province.pem\n[signer commune]\n"
             "certificate = commune.pem\nlevel = priority\nzone = A\nsender = ubnd@xa.example\n",
             capfix_policy);
    policy = capfix_read(text, folder);
    return 0;
}

static int tear_down(void **state)
{
    char path[64];

    (void)state;
    cap_policy_free(policy);
    capfix_key_free(province);
    capfix_key_free(commune);
    capfix_key_free(stranger);
    snprintf(path, sizeof(path), "%s/province.pem", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/commune.pem", folder);
    unlink(path);
    rmdir(folder);
    cap_verify_stop();
    return 0;
}

/* The message with a signature of a changed template. */
static char *sign_as(const char *message, const struct capfix_key *key, const char *from,
                     const char *to)
{
    char *template = capfix_edit(capfix_template, from, to);
    char *text = capfix_before(message, "</alert>", template);
    char *out = capfix_sign(text, 0, key);

    free(template);
    free(text);
    return out;
}

static char *sign(const char *message, const struct capfix_key *key)
{
    return sign_as(message, key, "<Signature", "<Signature");
}

static void expect_from(const char *text, const char *source, enum cap_result result,
                        enum cap_code code)
{
    struct cap_verdict *v = capfix_check(text, policy, source);

    for (size_t k = 0; k < v->findings.count && v->result != result; k++)
        print_message("%s %s\n", cap_code_name(v->findings.items[k].code),
                      v->findings.items[k].where);
    assert_int_equal(v->result, result);
    if (code == CAP_CODE_COUNT_)
        assert_int_equal(v->findings.count, 0);
    else
        assert_true(cap_findings_has(&v->findings, code));
    if (result == CAP_REJECTED)
        assert_int_equal(v->action, CAP_ACTION_LOG);
    cap_verdict_free(v);
}

static void expect(char *text, enum cap_result result, enum cap_code code)
{
    expect_from(text, "feed", result, code);
    free(text);
}

static void test_a_known_signer_is_believed_under_either_canonicalisation(void **state)
{
    (void)state;
    expect(sign(capfix_alert, province), CAP_ACCEPTED, CAP_CODE_COUNT_);
    expect(sign_as(capfix_alert, province, EXCLUSIVE, INCLUSIVE), CAP_ACCEPTED, CAP_CODE_COUNT_);
    expect(sign_as(capfix_alert, province, "</Transforms>",
                   "<Transform Algorithm=\"" EXCLUSIVE "\"/></Transforms>"),
           CAP_ACCEPTED, CAP_CODE_COUNT_);
    expect(sign_as(capfix_alert, province, "</Transforms>",
                   "<Transform Algorithm=\"" INCLUSIVE "\"/></Transforms>"),
           CAP_ACCEPTED, CAP_CODE_COUNT_);
}

static void test_any_change_to_what_was_signed_is_noticed(void **state)
{
    static const char *const edits[][2] = {
        {"Extreme", "Severe"},
        {"16.40,", "16.41,"},
        {"hue-2026", "hue-2027"},
        {"<category>Met", "<category>Met</category><category>Geo"},
        {"08:30:00", "09:30:00"},
        {"sông Hương", "sông Bồ"},
        {"<info>", "<code>x</code><info>"},
    };
    char *good = sign(capfix_alert, province);

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        char *bad = capfix_edit(good, edits[i][0], edits[i][1]);

        expect_from(bad, "open", CAP_REJECTED, CAP_SIGNATURE_INVALID);
        expect(bad, CAP_REJECTED, CAP_SIGNATURE_INVALID);
    }
    free(good);
}

static void test_a_comment_neither_breaks_a_signature_nor_changes_a_value(void **state)
{
    char *good = sign(capfix_alert, province);
    char *text = capfix_edit(good, "Actual", "Ac<!-- Test -->tual");

    (void)state;
    expect(text, CAP_ACCEPTED, CAP_CODE_COUNT_);
    free(good);
}

static void test_an_unknown_signer_counts_as_none(void **state)
{
    char *text = sign(capfix_alert, stranger);

    (void)state;
    expect_from(text, "open", CAP_ACCEPTED, CAP_SIGNATURE_STRANGER);
    expect(text, CAP_REJECTED, CAP_SIGNATURE_STRANGER);
}

/* Base64 of a certificate inside KeyInfo. */
static char *with_certificate(const struct capfix_key *shown)
{
    char body[4096], key_info[6000];
    const char *at = strstr(capfix_certificate(shown), "-----\n") + 6;

    snprintf(body, sizeof(body), "%.*s", (int)(strstr(at, "-----END") - at), at);
    snprintf(key_info, sizeof(key_info),
             "<SignatureValue/><KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data>"
             "</KeyInfo>",
             body);
    return strdup(key_info);
}

static void test_a_key_in_the_message_is_only_a_hint(void **state)
{
    char *own = with_certificate(stranger);
    char *pinned = with_certificate(province);

    (void)state;
    expect(sign_as(capfix_alert, stranger, "<SignatureValue/>", own), CAP_REJECTED,
           CAP_SIGNATURE_STRANGER);
    expect(sign_as(capfix_alert, stranger, "<SignatureValue/>", pinned), CAP_REJECTED,
           CAP_SIGNATURE_INVALID);
    expect(sign_as(capfix_alert, province, "<SignatureValue/>", pinned), CAP_ACCEPTED,
           CAP_CODE_COUNT_);
    free(own);
    free(pinned);
}

static void test_a_large_message_must_name_its_signer(void **state)
{
    char *filling = calloc(1, CAP_VERIFY_UNNAMED_MAX + 64);
    char *shown = with_certificate(province);
    char *large;

    (void)state;
    memset(filling, 'x', CAP_VERIFY_UNNAMED_MAX);
    memcpy(filling, "<description>", 13);
    strcpy(filling + CAP_VERIFY_UNNAMED_MAX, "</description><area>");
    large = capfix_edit(capfix_alert, "<area>", filling);
    expect(sign(large, province), CAP_REJECTED, CAP_SIGNATURE_STRANGER);
    expect(sign_as(large, province, "<SignatureValue/>", shown), CAP_ACCEPTED, CAP_CODE_COUNT_);
    free(large);
    free(shown);
    free(filling);
}

/* A second signature, made over the bare message, beside the first. */
static char *add_bare(const char *first, const struct capfix_key *key)
{
    char *other = sign(capfix_alert, key);
    char *from = strstr(other, "<Signature");
    char *text;

    strstr(from, "</alert>")[0] = '\0';
    text = capfix_before(first, "</alert>", from);
    free(other);
    return text;
}

static void test_two_signatures_stand_side_by_side_or_around_each_other(void **state)
{
    char *first = sign(capfix_alert, province);
    char *template = capfix_before(first, "</alert>", capfix_template);
    struct cap_verdict *v;
    char *both;

    (void)state;
    both = add_bare(first, province);
    v = capfix_check(both, policy, "feed");
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->signers.count, 2);
    cap_verdict_free(v);
    free(both);
    both = capfix_sign(template, 1, province);
    v = capfix_check(both, policy, "feed");
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->signers.count, 2);
    cap_verdict_free(v);
    free(both);
    expect(add_bare(first, stranger), CAP_ACCEPTED, CAP_SIGNATURE_STRANGER);
    free(template);
    free(first);
}

static void test_a_signature_covers_the_whole_alert_or_does_not_count(void **state)
{
    static const struct {
        const char *from, *to;
        enum cap_code code;
    } rows[] = {
        {"URI=\"\"", "URI=\"#part\"", CAP_SIGNATURE_REFERENCE},
        {"URI=\"\"", "URI=\"#xpointer(/)\"", CAP_SIGNATURE_REFERENCE},
        {"URI=\"\"", "URI=\"file:///etc/hostname\"", CAP_SIGNATURE_REFERENCE},
        {"URI=\"\"", "URI=\"http://127.0.0.1/\"", CAP_SIGNATURE_REFERENCE},
        {" URI=\"\"", "", CAP_SIGNATURE_REFERENCE},
        {ENVELOPED, "<Transform Algorithm=\"" EXCLUSIVE "\"/>", CAP_SIGNATURE_REFERENCE},
        {"<Transforms>" ENVELOPED "</Transforms>", "", CAP_SIGNATURE_FORM},
        {ENVELOPED,
         ENVELOPED "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><XPath>"
                   "not(ancestor::info)</XPath></Transform>",
         CAP_SIGNATURE_REFERENCE},
        {ENVELOPED,
         ENVELOPED "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>",
         CAP_SIGNATURE_REFERENCE},
        {ENVELOPED, ENVELOPED "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>",
         CAP_SIGNATURE_REFERENCE},
        {"</Reference>",
         "</Reference><Reference URI=\"\"><DigestMethod "
         "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/></Reference>",
         CAP_SIGNATURE_REFERENCE},
        {"xmldsig-more#ecdsa-sha256", "xmldsig-more#hmac-sha256", CAP_SIGNATURE_ALGORITHM},
        {"2001/04/xmldsig-more#ecdsa-sha256", "2000/09/xmldsig#hmac-sha1", CAP_SIGNATURE_ALGORITHM},
        {"2001/04/xmldsig-more#ecdsa-sha256", "2000/09/xmldsig#rsa-sha1", CAP_SIGNATURE_ALGORITHM},
        {"2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1", CAP_SIGNATURE_ALGORITHM},
        {"2001/04/xmlenc#sha256", "2001/04/xmldsig-more#md5", CAP_SIGNATURE_ALGORITHM},
        {"<SignatureValue/>", "", CAP_SIGNATURE_FORM},
        {"</Signature>", "<KeyInfo/><SignedInfo/></Signature>", CAP_SIGNATURE_FORM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *template = capfix_edit(capfix_template, rows[i].from, rows[i].to);

        expect(capfix_before(capfix_alert, "</alert>", template), CAP_REJECTED, rows[i].code);
        free(template);
    }
}

/* The signed alert is hidden somewhere, and another one is shown. */
static void test_a_signed_alert_wrapped_in_another_is_refused(void **state)
{
    char *good = sign(capfix_alert, province);
    char *inner = strdup(strstr(good, "<alert"));
    char *signature = strdup(strstr(good, "<Signature"));
    char *forged = capfix_edit(capfix_alert, "sông Hương", "giả");
    char *object, *text;

    (void)state;
    strstr(signature, "</alert>")[0] = '\0';
    /* beside the forged infos, with its own signature inside */
    expect(capfix_before(forged, "</alert>", inner), CAP_REJECTED, CAP_ELEMENT_UNKNOWN);
    expect(capfix_before(forged, "<info>", inner), CAP_REJECTED, CAP_ELEMENT_UNKNOWN);
    /* the signature alone, in places where it is no child of the root */
    expect(capfix_before(forged, "</info>", signature), CAP_REJECTED, CAP_ELEMENT_UNKNOWN);
    expect(capfix_before(forged, "</alert>", signature), CAP_REJECTED, CAP_SIGNATURE_INVALID);
    /* the original in an Object of the signature */
    object = malloc(strlen(inner) + 64);
    snprintf(object, strlen(inner) + 64, "<Object>%s</Object></Signature>", inner);
    text = capfix_edit(signature, "</Signature>", object);
    expect(capfix_before(forged, "</alert>", text), CAP_REJECTED, CAP_SIGNATURE_INVALID);
    /* a second info before the signature */
    free(text);
    text = capfix_before(good, "<Signature", "<info/>");
    expect(text, CAP_REJECTED, CAP_SIGNATURE_INVALID);
    free(object);
    free(forged);
    free(signature);
    free(inner);
    free(good);
}

static void test_objects_in_a_signature_are_ignored(void **state)
{
    char *good = sign(capfix_alert, province);
    char *text = capfix_edit(good, "</Signature>", "<Object xmlns=\"\"><x/></Object></Signature>");

    (void)state;
    expect(text, CAP_ACCEPTED, CAP_CODE_COUNT_);
    free(good);
}

static void test_a_signer_speaks_for_its_senders_zones_and_level_only(void **state)
{
    char *own = capfix_edit(capfix_alert, "pctt@hue.example", "ubnd@xa.example");
    char *lower = capfix_edit(own, "Immediate</urgency>\n<severity>Extreme",
                              "Expected</urgency>\n<severity>Severe");
    char *elsewhere =
        capfix_edit(lower, "16.40,107.50 16.40,107.70 16.60,107.70 16.60,107.50 16.40",
                    "16.70,107.00 16.70,107.20 16.95,107.20 16.95,106.90 16.70,107.00 "
                    "16.70");
    struct cap_verdict *v;
    char *text = sign(lower, commune);
    char *closed;

    (void)state;
    expect(sign(capfix_alert, commune), CAP_REJECTED, CAP_TRUST_SENDER);
    expect(sign(own, commune), CAP_HELD, CAP_TRUST_LEVEL);
    v = capfix_check(text, policy, "feed");
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->level, PRIORITY_PRIORITY);
    assert_int_equal(v->zones.bits[0], 2); /* zone A alone */
    cap_verdict_free(v);
    closed = capfix_edit(elsewhere, "16.70,107.50</polygon>", "16.70,107.00</polygon>");
    expect(sign(closed, commune), CAP_REJECTED, CAP_TRUST_AREA);
    free(closed);
    free(text);
    free(elsewhere);
    free(lower);
    free(own);
}

static void test_a_certificate_counts_only_while_it_is_valid(void **state)
{
    char *text = sign(capfix_alert, province);
    struct cap_verdict *v = NULL;

    (void)state;
    assert_int_equal(cap_check(bytes_of(text, strlen(text)), policy, "feed",
                               capfix_time("2027-01-01T00:00:01-00:00"), &v),
                     ERR_OK);
    assert_int_equal(v->result, CAP_REJECTED);
    assert_true(cap_findings_has(&v->findings, CAP_SIGNER_EXPIRED));
    cap_verdict_free(v);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_signer_is_believed_under_either_canonicalisation),
        cmocka_unit_test(test_any_change_to_what_was_signed_is_noticed),
        cmocka_unit_test(test_a_comment_neither_breaks_a_signature_nor_changes_a_value),
        cmocka_unit_test(test_an_unknown_signer_counts_as_none),
        cmocka_unit_test(test_a_key_in_the_message_is_only_a_hint),
        cmocka_unit_test(test_a_large_message_must_name_its_signer),
        cmocka_unit_test(test_two_signatures_stand_side_by_side_or_around_each_other),
        cmocka_unit_test(test_a_signature_covers_the_whole_alert_or_does_not_count),
        cmocka_unit_test(test_a_signed_alert_wrapped_in_another_is_refused),
        cmocka_unit_test(test_objects_in_a_signature_are_ignored),
        cmocka_unit_test(test_a_signer_speaks_for_its_senders_zones_and_level_only),
        cmocka_unit_test(test_a_certificate_counts_only_while_it_is_valid),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
