/* What loactl makes of the API's members: words, times and units for people, options in refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "refusal.h"

static void assert_title(const char *path, const char *expected)
{
    char text[64];

    format_title(path, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void assert_value(const char *path, const char *json, const char *expected)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    char text[FORMAT_CELL_SIZE];

    assert_non_null(value);
    format_value(path, value, text, sizeof(text));
    assert_string_equal(text, expected);
    json_decref(value);
}

static void test_titles_are_words_without_units(void **state)
{
    (void)state;
    assert_title("receipt.actual_start_us", "actual start");
    assert_title("duration_ms", "duration");
    assert_title("quiet_from_min", "quiet from");
    assert_title("targets.all", "nodes");
    assert_title("id", "id");
}

static void test_numbers_have_the_units_people_use(void **state)
{
    (void)state;
    unsetenv("TZ");
    assert_value("start_us", "1795300200000000", "2026-11-22 05:30:00");
    setenv("TZ", "Asia/Tokyo", 1);
    assert_value("start_us", "1795300200000000", "2026-11-22 07:30:00");
    unsetenv("TZ");
    assert_value("start_us", "0", "-");
    assert_value("delay_us", "0", "0.000 ms");
    assert_value("clock_offset_us", "1795300200000000", "1795300200000.000 ms");
    assert_value("receipt.start_error_us", "-812", "-0.812 ms");
    assert_value("duration_ms", "12345", "12.3 s");
    assert_value("gain_mdb", "-1500", "-1.5 dB");
    assert_value("quiet_from_min", "1260", "21:00");
    assert_value("max_broadcast_s", "5400", "5400 s");
    assert_value("id", "7", "7");
    assert_value("name", "null", "-");
}

static void test_lists_and_objects_are_no_json(void **state)
{
    (void)state;
    assert_value("zones", "[1, 2]", "1, 2");
    assert_value("zones", "[]", "-");
    assert_value(
        "parts",
        "[{\"kind\": \"media\", \"duration_ms\": 1000}, {\"kind\": \"tone\", \"note\": \"\"}]",
        "kind media, duration 1.0 s; kind tone");
}

static void assert_refusal(const char *noun, const char *verb, const char *sentence,
                           const char *expected)
{
    const struct command *c;
    char text[256];

    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        if (strcmp(c->verb, verb) != 0 || strcmp(c->noun != NULL ? c->noun : "", noun) != 0)
            continue;
        refusal_words(c, sentence, text, sizeof(text));
        assert_string_equal(text, expected);
        return;
    }
    fail();
}

static void test_refusals_speak_of_options(void **state)
{
    (void)state;
    assert_refusal("event", "move", "\"start\" is too short; it takes 1 to 19 bytes.",
                   "--start is too short; it takes 1 to 19 bytes.");
    assert_refusal("", "play",
                   "Say where: either \"everyone\": true or \"zones\" with at least one id.",
                   "Say where: either --everyone or --zone with at least one id.");
    assert_refusal("user", "add", "\"login\" is too short.", "LOGIN is too short.");
    assert_refusal("station", "set", "The key \"name\" is missing; add it.",
                   "--name is missing; add it.");
    assert_refusal("journal", "list", "?object= takes a name such as bulletin:12.",
                   "--object takes a name such as bulletin:12.");
    assert_refusal("event", "move", "The bulletin \"Bản tin\" is not approved.",
                   "The bulletin \"Bản tin\" is not approved.");
}

static void test_a_long_refusal_is_cut(void **state)
{
    const struct command *c;
    char text[8];

    (void)state;
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        refusal_words(c, "\"name\"\"name\"\"zones\"\"start\"", text, sizeof(text));
    assert_true(strlen(text) < sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_titles_are_words_without_units),
        cmocka_unit_test(test_numbers_have_the_units_people_use),
        cmocka_unit_test(test_lists_and_objects_are_no_json),
        cmocka_unit_test(test_refusals_speak_of_options),
        cmocka_unit_test(test_a_long_refusal_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
