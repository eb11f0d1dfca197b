#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap_resource.h"
#include "capfix.h"

/* "Loa" and its base64 text, by another program's SHA-1. */
#define OF_BYTES "6c98a8009279eb413f62b5b69d3c8b1d3af1eaa1"
#define OF_TEXT "D2B42F2FD74329957128CAE78984A5AD0BDC435E"

static struct cap_policy *policy;

static enum err decode(const char *text, const char *digest, struct cap_arena *arena,
                       struct bytes *ret_data)
{
    struct cap_resource r = {.deref_uri = text, .digest = digest};

    return cap_resource_inline(&r, policy, arena, ret_data);
}

static void test_inline_content_fits_its_digest_by_bytes_or_by_text(void **state)
{
    static const struct {
        const char *text, *digest;
        enum err result;
    } rows[] = {
        {"TG9h", NULL, ERR_OK},      {" TG\n9h ", NULL, ERR_OK},
        {"TG9h", OF_BYTES, ERR_OK},  {"TG9h", OF_TEXT, ERR_OK},
        {" TG9h", OF_BYTES, ERR_OK}, {"TG9h", "0000000000000000000000000000000000000000", ERR_AUTH},
        {"TG9h", "x", ERR_AUTH},     {"TG9i", OF_BYTES, ERR_AUTH},
        {"TG9h=", NULL, ERR_FORMAT}, {"TG9", NULL, ERR_FORMAT},
        {"TG=9", NULL, ERR_FORMAT},  {"TG9*", NULL, ERR_FORMAT},
        {"====", NULL, ERR_FORMAT},  {NULL, NULL, ERR_NOT_FOUND},
    };
    struct cap_arena arena = {0};
    struct bytes data;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(decode(rows[i].text, rows[i].digest, &arena, &data), rows[i].result);
        if (rows[i].result == ERR_OK)
            assert_true(bytes_equal(data, bytes_of("Loa", 3)));
    }
    assert_int_equal(decode("TG8=", NULL, &arena, &data), ERR_OK);
    assert_true(bytes_equal(data, bytes_of("Lo", 2)));
    assert_int_equal(decode("TA==", NULL, &arena, &data), ERR_OK);
    assert_true(bytes_equal(data, bytes_of("L", 1)));
    assert_int_equal(decode("TG9hTG9h", NULL, &arena, &data), ERR_LIMIT);
    cap_arena_deinit(&arena);
}

static void test_what_was_fetched_needs_a_digest(void **state)
{
    struct cap_resource r = {.digest = OF_BYTES};

    (void)state;
    assert_int_equal(cap_resource_fetched(&r, bytes_of("Loa", 3)), ERR_OK);
    assert_int_equal(cap_resource_fetched(&r, bytes_of("Lob", 3)), ERR_AUTH);
    r.digest = NULL;
    assert_int_equal(cap_resource_fetched(&r, bytes_of("Loa", 3)), ERR_AUTH);
}

static void test_only_known_hosts_are_asked_and_only_by_https(void **state)
{
    static const struct {
        const char *uri;
        enum err result;
    } rows[] = {
        {"https://media.hue.example/a.mp3", ERR_OK},
        {"HTTPS://Media.Hue.Example/a.mp3?x=1", ERR_OK},
        {"https://media.hue.example:443/a", ERR_OK},
        {"https://media.hue.example", ERR_OK},
        {"https://media.hue.example:8443/a", ERR_AUTH},
        {"https://media.hue.example:4430/a", ERR_AUTH},
        {"https://other.hue.example:8443/a", ERR_OK},
        {"https://other.hue.example/a", ERR_AUTH},
        {"https://other.hue.example:8443@evil/a", ERR_ARG},
        {"https://media.hue.example:44x/a", ERR_ARG},
        {"https://media.hue.example:443@evil.example/a", ERR_ARG},
        {"https://media.hue.example@evil.example/", ERR_ARG},
        {"https://media.hue.example\\@evil.example/", ERR_ARG},
        {"https://media.hue.example%2eevil/", ERR_ARG},
        {"https://evil.example/media.hue.example", ERR_AUTH},
        {"https://xmedia.hue.example/", ERR_AUTH},
        {"https://media.hue.example.evil/", ERR_AUTH},
        {"https://media.hue.example/a b", ERR_ARG},
        {"https://[::1]/", ERR_ARG},
        {"https:///a", ERR_ARG},
        {"http://media.hue.example/a.mp3", ERR_ARG},
        {"file:///etc/passwd", ERR_ARG},
        {"", ERR_ARG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cap_resource_uri(policy, rows[i].uri) != rows[i].result)
            fail_msg("%s", rows[i].uri);
    }
}

static void test_audio_is_known_by_its_type(void **state)
{
    struct cap_resource r = {.mime_type = "audio/mpeg"};

    (void)state;
    assert_true(cap_resource_is_audio(&r));
    r.mime_type = "Audio/OGG; codecs=opus";
    assert_true(cap_resource_is_audio(&r));
    r.mime_type = "text/html";
    assert_false(cap_resource_is_audio(&r));
    r.mime_type = "audio/mpegurl";
    assert_false(cap_resource_is_audio(&r));
    r.mime_type = NULL;
    assert_false(cap_resource_is_audio(&r));
}

static int set_up(void **state)
{
    (void)state;
    policy = capfix_read(
        "[resources]\nhost = media.hue.example\nhost = other.hue.example:8443\nmax_bytes = 5\n",
        ".");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cap_policy_free(policy);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_content_fits_its_digest_by_bytes_or_by_text),
        cmocka_unit_test(test_what_was_fetched_needs_a_digest),
        cmocka_unit_test(test_only_known_hosts_are_asked_and_only_by_https),
        cmocka_unit_test(test_audio_is_known_by_its_type),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
