/* Text to speak, and the dictionary of names. */
#include "apifix.h"

#define OPERATOR ROLE_OPERATOR
#define SPEECH "/api/v1/speech"
#define DICTIONARY "/api/v1/dictionary"

static void test_a_text_is_written_out_spoken_and_journalled(void **state)
{
    struct apifix *f = *state;
    char action[64];

    expect_status(f, 201,
                  apifix_send(f, WEB_POST, DICTIONARY, OPERATOR,
                              "{\"written\":\"NVH\",\"spoken\":\"nhà văn hóa\"}"));
    expect_status(
        f, 201,
        apifix_send(
            f, WEB_POST, SPEECH, OPERATOR,
            "{\"text\":\"Họp lúc 19h30 tại NVH\",\"title\":\"Họp thôn\",\"voice\":\"south\"}"));
    assert_string_equal(f->speech_text, "Họp lúc mười chín giờ ba mươi phút tại nhà văn hóa");
    assert_int_equal(f->speech.voice, SPEECH_VOICE_SOUTH);
    assert_int_equal(f->speech.speed, SPEECH_SPEED);
    assert_string_equal(apifix_string(f, "spoken"), f->speech_text);
    apifix_journal(f, action);
    assert_string_equal(action, "media.speak");
}

static void test_bad_requests_are_refused_before_anything_is_spoken(void **state)
{
    static const char *const bodies[] = {
        "{\"text\":\"a\"}",
        "{\"text\":\"a\",\"title\":\"t\",\"voice\":\"west\"}",
        "{\"text\":\"a\",\"title\":\"t\",\"speed\":20}",
        "{\"text\":\"a\",\"title\":\"t\",\"speed\":1000}",
        "{\"text\":\"★★\",\"title\":\"t\"}",
        "{\"text\":\"a\\u0007\",\"title\":\"t\"}",
        "{\"text\":\"\",\"title\":\"t\"}",
    };
    struct apifix *f = *state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_in_range(apifix_send(f, WEB_POST, SPEECH, OPERATOR, bodies[i]), 400, 422);
    assert_null(f->import_done);
    expect_status(
        f, 403,
        apifix_send(f, WEB_POST, SPEECH, ROLE_TECHNICIAN, "{\"text\":\"a\",\"title\":\"t\"}"));
}

static void test_a_speech_program_that_fails_is_explained(void **state)
{
    struct apifix *f = *state;
    uint64_t before = apifix_journal(f, NULL);

    f->speech_result = ERR_FORMAT;
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, SPEECH, OPERATOR, "{\"text\":\"a\",\"title\":\"t\"}"));
    assert_true(apifix_says(f, "no such voice"));
    assert_int_equal(apifix_journal(f, NULL), before);
    f->import_result = ERR_BUSY;
    expect_status(f, 429,
                  apifix_send(f, WEB_POST, SPEECH, OPERATOR, "{\"text\":\"a\",\"title\":\"t\"}"));
}

static void test_what_others_say_of_a_name_is_not_replaced_unseen(void **state)
{
    struct apifix *f = *state;
    static const char *const first = "{\"written\":\"B40\",\"spoken\":\"bê bốn không\"}";

    expect_status(f, 201, apifix_send(f, WEB_POST, DICTIONARY, OPERATOR, first));
    expect_status(f, 201, apifix_send(f, WEB_POST, DICTIONARY, OPERATOR, first)); /* nothing new */
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, DICTIONARY, OPERATOR,
                              "{\"written\":\"B40\",\"spoken\":\"bê bốn mươi\"}"));
    assert_true(apifix_says(f, "\"B40\" is read as \"bê bốn không\" already"));
    assert_string_equal(apifix_string(f, "confirm"), "replace");
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, DICTIONARY, OPERATOR,
                              "{\"written\":\"B40\",\"spoken\":\"bốn\",\"replace\":false}"));
    expect_status(f, 200, apifix_send(f, WEB_GET, DICTIONARY, OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "items.0.spoken"), "bê bốn không");
}

static void test_the_dictionary_is_listed_replaced_and_deleted(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 201,
                  apifix_send(f, WEB_POST, DICTIONARY, OPERATOR,
                              "{\"written\":\"B40\",\"spoken\":\"bê bốn không\"}"));
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, DICTIONARY, OPERATOR,
                              "{\"written\":\"B40\",\"spoken\":\"bê bốn mươi\","
                              "\"replace\":true}"));
    expect_status(f, 200, apifix_send(f, WEB_GET, DICTIONARY, OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "items.0.spoken"), "bê bốn mươi");
    expect_status(f, 204, apifix_send(f, WEB_DELETE, DICTIONARY "/1", OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_DELETE, DICTIONARY "/1", OPERATOR, NULL));
    expect_status(
        f, 422,
        apifix_send(f, WEB_POST, DICTIONARY, OPERATOR, "{\"written\":\"\",\"spoken\":\"x\"}"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_a_text_is_written_out_spoken_and_journalled),
        WITH(test_bad_requests_are_refused_before_anything_is_spoken),
        WITH(test_a_speech_program_that_fails_is_explained),
        WITH(test_what_others_say_of_a_name_is_not_replaced_unseen),
        WITH(test_the_dictionary_is_listed_replaced_and_deleted),
    };

    return cmocka_run_group_tests_name("speech", tests, NULL, NULL);
}
