#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay.h"

static bool may(const struct relay_config *config, const char *text)
{
    struct relay_net net;

    assert_int_equal(relay_net_read(text, &net), ERR_OK);
    return relay_net_may_connect(config, net.address);
}

static void test_public_addresses_may_be_relayed_from(void **state)
{
    const struct relay_config config = {.net_count = 0};

    (void)state;
    assert_true(may(&config, "113.160.0.1"));
    assert_true(may(&config, "8.8.8.8"));
    assert_true(may(&config, "2405:4800::1"));
    assert_true(may(&config, "172.32.0.1"));
}

static void test_loopback_private_and_wrapped_addresses_may_not(void **state)
{
    static const char *const refused[] = {
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2001:db8::1",
        "2001::1",
        "3fff::1",
        "198.19.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.1.1",
    };
    const struct relay_config config = {.net_count = 0};

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (may(&config, refused[i]))
            fail_msg("%s may be connected to", refused[i]);
}

static void test_what_the_configuration_lists_may(void **state)
{
    struct relay_config config = {.net_count = 2};

    (void)state;
    assert_int_equal(relay_net_read("10.1.2.0/23", &config.nets[0]), ERR_OK);
    assert_int_equal(relay_net_read("::1", &config.nets[1]), ERR_OK);
    assert_true(may(&config, "10.1.2.7"));
    assert_true(may(&config, "10.1.3.255"));
    assert_false(may(&config, "10.1.4.0"));
    assert_true(may(&config, "::1"));
    assert_false(may(&config, "::2"));
    assert_false(may(&config, "127.0.0.1"));
}

static void test_ranges_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = {"",          "10.0.0",      "10.0.0.0/33",
                                        "10.0.0.0/", "::1/129",     "::1/-1",
                                        "localhost", "10.0.0.0/8 ", "10.0.0.0/x"};
    struct relay_net net;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (relay_net_read(wrong[i], &net) != ERR_FORMAT)
            fail_msg("\"%s\" was taken", wrong[i]);
}

static void test_only_web_addresses_without_a_password_are_taken(void **state)
{
    static const char *const wrong[] = {
        "",
        "file:///etc/passwd",
        "ftp://vov.vn/live",
        "rtmp://vov.vn/live",
        "vov.vn",
        "http://lan:mat@vov.vn/a",
        "http://",
        "concat:http://vov.vn/a",
        "pipe:0",
        "HTTP:vov",
    };
    struct err_detail detail;

    (void)state;
    assert_int_equal(relay_check_url("http://vov.vn:8000/vov1.mp3", &detail), ERR_OK);
    assert_int_equal(relay_check_url("https://vov.vn/live.ogg?a=b", &detail), ERR_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        detail.text[0] = '\0';
        if (relay_check_url(wrong[i], &detail) != ERR_FORMAT || detail.text[0] == '\0')
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_addresses_may_be_relayed_from),
        cmocka_unit_test(test_loopback_private_and_wrapped_addresses_may_not),
        cmocka_unit_test(test_what_the_configuration_lists_may),
        cmocka_unit_test(test_ranges_that_are_none_are_refused),
        cmocka_unit_test(test_only_web_addresses_without_a_password_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
