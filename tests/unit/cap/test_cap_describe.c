#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap_describe.h"
#include "capfix.h"

static struct cap_policy *policy;

static json_t *describe(const char *text)
{
    struct cap_verdict *v = capfix_check(text, policy, "open");
    json_t *out = cap_describe(v, policy);

    assert_non_null(out);
    cap_verdict_free(v);
    return out;
}

static json_t *first_area(json_t *verdict)
{
    json_t *info = json_array_get(json_object_get(verdict, "infos"), 0);

    return json_array_get(json_object_get(info, "areas"), 0);
}

static double number_at(json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

static void test_the_area_is_given_for_a_map_longitude_first(void **state)
{
    char *text =
        capfix_edit(capfix_alert, "</areaDesc>",
                    "</areaDesc><polygon>16.1,107.1 16.1,107.2 16.2,107.2 16.1,107.1</polygon>"
                    "<circle>16.3,107.3 2.5</circle>"
                    "<geocode><valueName>vn-commune</valueName><value>19753</value></geocode>"
                    "</area><area><areaDesc>Xa</areaDesc>");
    json_t *out = describe(text), *area = first_area(out);
    json_t *ring = json_array_get(json_object_get(area, "polygons"), 0);
    json_t *circle = json_array_get(json_object_get(area, "circles"), 0);
    json_t *code = json_array_get(json_object_get(area, "geocodes"), 0);

    (void)state;
    assert_int_equal(json_array_size(ring), 4);
    assert_float_equal(number_at(json_array_get(ring, 1), 0), 107.2, 1e-9);
    assert_float_equal(number_at(json_array_get(ring, 1), 1), 16.1, 1e-9);
    assert_float_equal(number_at(json_object_get(circle, "centre"), 0), 107.3, 1e-9);
    assert_float_equal(json_number_value(json_object_get(circle, "radius_km")), 2.5, 1e-9);
    assert_string_equal(json_string_value(json_object_get(code, "value")), "19753");
    json_decref(out);
    free(text);
}

static void test_a_long_polygon_is_thinned_out_and_stays_closed(void **state)
{
    enum { POINTS = 4001 };
    static char shape[64 + POINTS * 24];
    size_t len = (size_t)snprintf(shape, sizeof(shape), "</areaDesc><polygon>");
    char *text;
    json_t *out, *ring;

    (void)state;
    for (int i = 0; i < POINTS; i++) {
        int k = i % (POINTS - 1);

        len += (size_t)snprintf(shape + len, sizeof(shape) - len, "%.4f,%.4f ", 16 + k * 1e-4,
                                107 + (k % 2) * 1e-3);
    }
    snprintf(shape + len, sizeof(shape) - len, "</polygon></area><area><areaDesc>Xa</areaDesc>");
    text = capfix_edit(capfix_alert, "</areaDesc>", shape);
    out = describe(text);
    ring = json_array_get(json_object_get(first_area(out), "polygons"), 0);
    assert_in_range(json_array_size(ring), 400, 500);
    assert_true(
        json_equal(json_array_get(ring, 0), json_array_get(ring, json_array_size(ring) - 1)));
    json_decref(out);
    free(text);
}

static void test_the_state_of_the_signature_is_one_word(void **state)
{
    static const struct {
        const char *signature, *word;
    } rows[] = {
        {"</alert>", "none"},
        {"<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></alert>", "bad"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = capfix_edit(capfix_alert, "</alert>", rows[i].signature);
        json_t *out = describe(text);

        assert_string_equal(json_string_value(json_object_get(out, "signature")), rows[i].word);
        json_decref(out);
        free(text);
    }
}

static void test_it_says_whether_a_person_may_release_it(void **state)
{
    char *report = capfix_edit(capfix_alert, "<msgType>Alert", "<msgType>Error");
    json_t *alert = describe(capfix_alert), *of_report = describe(report);

    (void)state;
    assert_true(json_is_true(json_object_get(alert, "releasable")));
    assert_true(json_is_false(json_object_get(of_report, "releasable")));
    json_decref(alert);
    json_decref(of_report);
    free(report);
}

static void test_signed_by_one_that_is_pinned_is_good_by_another_a_stranger(void **state)
{
    struct capfix_key *known = capfix_key_new(), *other = capfix_key_new();
    struct capfix_key *const keys[] = {known, other};
    static const char *const words[] = {"good", "stranger"};

    (void)state;
    policy->signer_count = 1;
    policy->signers[0] =
        (struct cap_signer){.name = "known",
                            .certificate = strdup(capfix_certificate(known)),
                            .bounds = {.level = PRIORITY_EMERGENCY, .everywhere = true}};
    for (size_t i = 0; i < 2; i++) {
        char *bare = capfix_before(capfix_alert, "</alert>", capfix_template);
        char *text = capfix_sign(bare, 0, keys[i]);
        json_t *out = describe(text);

        assert_string_equal(json_string_value(json_object_get(out, "signature")), words[i]);
        json_decref(out);
        free(text);
        free(bare);
    }
    capfix_key_free(known);
    capfix_key_free(other);
}

static int begin(void **state)
{
    (void)state;
    policy = capfix_read(capfix_policy, ".");
    return cap_verify_start() == ERR_OK ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    cap_policy_free(policy);
    cap_verify_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_says_whether_a_person_may_release_it, begin, end),
        cmocka_unit_test_setup_teardown(test_the_area_is_given_for_a_map_longitude_first, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_long_polygon_is_thinned_out_and_stays_closed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_the_state_of_the_signature_is_one_word, begin, end),
        cmocka_unit_test_setup_teardown(
            test_signed_by_one_that_is_pinned_is_good_by_another_a_stranger, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
