/* Who comes too often to the HTTPS server: limits on connections, in all and of one address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "webserver.h"

static struct webserver server;

static int start(void **state, struct web_config config)
{
    *state = &server;
    webserver_start(&server, &config);
    assert_int_equal(server.started, ERR_OK);
    return 0;
}

static int start_small(void **state)
{
    return start(state, (struct web_config){.max_connections = 4, .max_of_one = 4});
}

static int start_with_shares(void **state)
{
    return start(state, (struct web_config){.max_connections = 4});
}

static int stop(void **state)
{
    webserver_stop(*state);
    return 0;
}

static void test_connections_beyond_the_limit_are_refused(void **state)
{
    struct webserver *s = *state;
    CURL *raw[4];
    struct reply r;

    for (int i = 0; i < 4; i++)
        raw[i] = webserver_raw(s);
    webserver_fetch(s, "GET", "/hello", NULL, NULL, 0, &r);
    assert_int_not_equal(r.result, CURLE_OK);
    reply_free(&r);
    for (int i = 0; i < 4; i++)
        curl_easy_cleanup(raw[i]);
    for (int i = 0; i < 1000 && r.status != 200; i++) {
        reply_free(&r);
        webserver_fetch(s, "GET", "/hello", NULL, NULL, 0, &r);
    }
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

static void test_one_address_cannot_take_all_connections(void **state)
{
    struct webserver *s = *state;
    CURL *raw[3];
    CURL *other;
    struct reply r;
    char text[4096];

    for (int i = 0; i < 3; i++)
        raw[i] = webserver_raw(s);
    webserver_fetch(s, "GET", "/hello", NULL, NULL, 0, &r);
    assert_int_not_equal(r.result, CURLE_OK);
    reply_free(&r);
    other = webserver_raw_from(s, "127.0.0.2");
    assert_true(raw_say(other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 32));
    assert_false(raw_hear(other, text, sizeof(text), "hello"));
    curl_easy_cleanup(other);
    for (int i = 0; i < 3; i++)
        curl_easy_cleanup(raw[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connections_beyond_the_limit_are_refused, start_small,
                                        stop),
        cmocka_unit_test_setup_teardown(test_one_address_cannot_take_all_connections,
                                        start_with_shares, stop),
    };

    return cmocka_run_group_tests_name("web crowd", tests, NULL, NULL);
}
