/* The HTTPS server over loopback TLS: what it takes, what it refuses and how, who it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "webserver.h"

static struct webserver server;

static int start(void **state)
{
    struct web_config config = {.max_upload_bytes = 200U * 1024 * 1024};

    *state = &server;
    webserver_start(&server, &config);
    assert_int_equal(server.started, ERR_OK);
    return 0;
}

static int start_for_both_families(void **state)
{
    struct web_config config = {.address = "::"};

    *state = &server;
    webserver_start(&server, &config);
    assert_int_equal(server.started, ERR_OK);
    return 0;
}

static int start_impatient(void **state)
{
    struct web_config config = {.slow_s = 1, .idle_s = 1, .max_connections = 4, .max_of_one = 4};

    *state = &server;
    webserver_start(&server, &config);
    assert_int_equal(server.started, ERR_OK);
    return 0;
}

static int stop(void **state)
{
    webserver_stop(*state);
    return 0;
}

static void expect(struct webserver *s, const char *method, const char *path, const char *header,
                   const void *body, size_t len, long status, const char *part)
{
    struct reply r;

    webserver_fetch(s, method, path, header, body, len, &r);
    if (r.status != status || (part != NULL && (r.body == NULL || strstr(r.body, part) == NULL)))
        fail_msg("%s %.60s: status %ld, curl %d, body %.200s", method, path, r.status, r.result,
                 r.body != NULL ? r.body : "(none)");
    reply_free(&r);
}

static void test_a_request_is_answered_with_security_headers(void **state)
{
    struct reply r;

    webserver_fetch(*state, "GET", "/hello", NULL, NULL, 0, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "hello");
    assert_non_null(strcasestr(r.head, "content-security-policy: default-src 'none'"));
    assert_non_null(strcasestr(r.head, "x-content-type-options: nosniff"));
    assert_non_null(strcasestr(r.head, "x-frame-options: deny"));
    assert_non_null(strcasestr(r.head, "referrer-policy: no-referrer"));
    assert_non_null(
        strcasestr(r.head, "permissions-policy: microphone=(self), geolocation=(self)"));
    assert_non_null(strcasestr(r.head, "strict-transport-security: max-age=31536000"));
    assert_non_null(strcasestr(r.head, "cache-control: no-store"));
    assert_null(strcasestr(r.head, "server:"));
    reply_free(&r);
}

static void test_an_ipv4_client_has_its_plain_address(void **state)
{
    struct reply r;

    webserver_fetch(*state, "GET", "/remote", NULL, NULL, 0, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "127.0.0.1");
    reply_free(&r);
}

static void test_head_has_the_headers_and_no_body(void **state)
{
    struct reply r;

    webserver_fetch(*state, "HEAD", "/hello", NULL, NULL, 0, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.len, 0);
    assert_non_null(strcasestr(r.head, "content-length: 5"));
    reply_free(&r);
}

static void test_headers_and_query_reach_the_handler_decoded(void **state)
{
    struct webserver *s = *state;

    expect(s, "GET", "/query?y=1&x=a%20b%26c%3Dd&z", NULL, NULL, 0, 200, "a b&c=d");
    expect(s, "GET", "/query?xx=1", NULL, NULL, 0, 200, "none");
    expect(s, "GET", "/hello", "X-Loa-Csrf: token-7", NULL, 0, 200, "hello");
    assert_string_equal(s->last_csrf, "token-7");
    expect(s, "GET", "/Kh%C3%B4i", NULL, NULL, 0, 204, NULL);
    assert_string_equal(s->last_path, "/Kh\xC3\xB4i");
}

static void test_a_body_comes_back_whole_at_every_size_up_to_the_limit(void **state)
{
    static const size_t sizes[] = {1, 100, 4095, 4096, 4097, 65535, 65536};
    char *body = malloc(65537);

    assert_non_null(body);
    memset(body, 'b', 65537);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct reply r;

        webserver_fetch(*state, "POST", "/echo", NULL, body, sizes[i], &r);
        assert_int_equal(r.status, 200);
        assert_int_equal(r.len, sizes[i]);
        assert_memory_equal(r.body, body, sizes[i]);
        reply_free(&r);
    }
    expect(*state, "POST", "/echo", NULL, body, 65537, 413, "\"error\": \"limit\"");
    free(body);
}

static void test_an_empty_post_is_a_request(void **state)
{
    expect(*state, "POST", "/echo", "Content-Length: 0", "", 0, 200, NULL);
}

static void test_a_large_upload_streams_to_the_sink(void **state)
{
    struct webserver *s = *state;
    size_t len = 120U * 1024 * 1024;
    char *body = calloc(1, len);

    assert_non_null(body);
    expect(s, "POST", "/upload", NULL, body, len, 200, "125829120");
    free(body);
}

static void test_an_upload_over_the_limit_is_refused_before_it_is_sent(void **state)
{
    struct webserver *s = *state;
    size_t len = 201U * 1024 * 1024;
    char *body = calloc(1, len);

    assert_non_null(body);
    expect(s, "POST", "/upload", NULL, body, len, 413, "larger than");
    assert_int_equal(atomic_load(&s->uploaded), 0);
    free(body);
}

static void test_a_handler_may_refuse_before_and_during_an_upload(void **state)
{
    char body[300000];

    memset(body, 'x', sizeof(body));
    expect(*state, "POST", "/denied", NULL, body, sizeof(body), 401, "denied");
    body[0] = '!';
    expect(*state, "POST", "/upload", NULL, body, sizeof(body), 422, "stop");
}

static void test_a_refused_body_is_not_read_for_ever(void **state)
{
    CURL *raw = webserver_raw(*state);
    static const char head[] =
        "POST /denied HTTP/1.1\r\nHost: x\r\nContent-Length: 199999999\r\n\r\n";
    static char piece[65536];
    size_t sent = 0;

    assert_true(raw_say(raw, head, sizeof(head) - 1));
    while (sent < 199999999 && raw_say(raw, piece, sizeof(piece)))
        sent += sizeof(piece);
    assert_true(sent < 100000000);
    curl_easy_cleanup(raw);
}

static void test_large_bodies_and_files_arrive_whole(void **state)
{
    struct reply r;

    webserver_fetch(*state, "GET", "/large", NULL, NULL, 0, &r);
    assert_int_equal(r.len, LARGE_BYTES);
    reply_free(&r);
    webserver_fetch(*state, "GET", "/file", NULL, NULL, 0, &r);
    assert_int_equal(r.len, LARGE_BYTES);
    for (size_t i = 0; i < r.len; i++)
        assert_int_equal(r.body[i], 'a' + (int)(i % 23));
    reply_free(&r);
}

static void test_a_missing_file_is_a_clear_error(void **state)
{
    struct webserver *s = *state;

    unlink(s->file);
    expect(s, "GET", "/file", NULL, NULL, 0, 500, "\"error\": \"io\"");
}

static void test_too_long_paths_queries_and_headers_are_refused_in_json(void **state)
{
    char text[8192];

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[1500] = '\0';
    expect(*state, "GET", text, NULL, NULL, 0, 414, "1024");
    text[6] = '?';
    text[7] = 'x';
    text[8] = '=';
    text[1500] = 'a';
    text[3000] = '\0';
    expect(*state, "GET", text, NULL, NULL, 0, 414, "2048");
    memcpy(text, "Cookie: ", 8);
    memset(text + 8, 'a', sizeof(text) - 8);
    text[6000] = '\0';
    expect(*state, "GET", "/hello", text, NULL, 0, 431, "4096");
    memcpy(text, "X-Loa-Csrf: ", 12);
    expect(*state, "GET", "/hello", text, NULL, 0, 431, "4096");
}

/* Each of the server's own refusals, as who asks for it wants to read it. */
static void
test_what_never_reaches_the_handler_is_refused_in_the_language_of_the_request(void **state)
{
    static const char language[] = "Accept-Language: vi";
    static char body[65537];
    char text[1600];

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[1500] = '\0';
    expect(*state, "GET", text, language, NULL, 0, 414, "\"message\": \"v The path is longer");
    expect(*state, "GET", text, NULL, NULL, 0, 414, "\"message\": \"The path is longer");
    expect(*state, "OPTIONS", "/hello", language, NULL, 0, 405, "\"message\": \"v This method");
    expect(*state, "POST", "/echo", language, body, sizeof(body), 413, "\"message\": \"v The body");
    unlink(((struct webserver *)*state)->file);
    expect(*state, "GET", "/file", language, NULL, 0, 500, "\"message\": \"v The file");
}

static void test_header_floods_end_the_connection_and_nothing_else(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    char line[1024];
    char text[8192];

    (void)raw_say(raw, "GET /hello HTTP/1.1\r\nHost: x\r\n", 30);
    memset(line, 'a', sizeof(line));
    line[8] = ':';
    line[sizeof(line) - 2] = '\r';
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 200; i++)
        (void)raw_say(raw, line, sizeof(line));
    (void)raw_say(raw, "\r\n", 2);
    (void)raw_hear(raw, text, sizeof(text), "hello");
    assert_null(strstr(text, "200 OK"));
    curl_easy_cleanup(raw);
    expect(s, "GET", "/hello", NULL, NULL, 0, 200, "hello");
}

static void test_paths_never_leave_their_root(void **state)
{
    struct webserver *s = *state;
    static const char *const paths[] = {
        "/a/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/./a/./b",
        "/a/..",
        "/a/%2e%2e",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct reply r;

        s->last_path[0] = '\0';
        webserver_fetch(s, "GET", paths[i], NULL, NULL, 0, &r);
        if (strstr(s->last_path, "..") != NULL || strstr(s->last_path, "//") != NULL ||
            strstr(s->last_path, "/.") != NULL)
            fail_msg("%s reached the handler as %s", paths[i], s->last_path);
        reply_free(&r);
    }
}

static void test_a_response_header_cannot_be_split(void **state)
{
    struct reply r;

    webserver_fetch(*state, "GET", "/inject", NULL, NULL, 0, &r);
    assert_int_equal(r.status, 500);
    assert_null(strcasestr(r.head, "set-cookie"));
    reply_free(&r);
}

static void test_bodies_without_a_length_are_refused(void **state)
{
    CURL *raw = webserver_raw(*state);
    static const char chunked[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\n";
    char text[8192];

    (void)raw_say(raw, chunked, sizeof(chunked) - 1);
    assert_true(raw_hear(raw, text, sizeof(text), NULL));
    assert_non_null(strstr(text, "411"));
    assert_non_null(strstr(text, "Content-Length"));
    curl_easy_cleanup(raw);
    expect(*state, "POST", "/echo", "Content-Length: -5", NULL, 0, 400, "Content-Length");
}

static void test_a_post_without_any_body_ends_its_connection(void **state)
{
    CURL *raw = webserver_raw(*state);
    static const char bare[] = "POST /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    char text[8192];

    (void)raw_say(raw, bare, sizeof(bare) - 1);
    assert_false(raw_hear(raw, text, sizeof(text), "\r\n\r\n"));
    assert_non_null(strstr(text, "200"));
    assert_non_null(strstr(text, "connection: close"));
    curl_easy_cleanup(raw);
}

static void test_one_connection_serves_many_requests(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char get[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char post[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    char text[8192];

    for (int i = 0; i < 20; i++) {
        (void)raw_say(raw, get, sizeof(get) - 1);
        assert_false(raw_hear(raw, text, sizeof(text), "hello"));
        (void)raw_say(raw, post, sizeof(post) - 1);
        assert_false(raw_hear(raw, text, sizeof(text), "\r\nabc"));
    }
    assert_int_equal(atomic_load(&s->requests), 40);
    assert_int_equal(atomic_load(&s->connections), 1);
    curl_easy_cleanup(raw);
}

static void test_expect_100_is_answered(void **state)
{
    CURL *raw = webserver_raw(*state);
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    char text[8192];

    (void)raw_say(raw, head, sizeof(head) - 1);
    assert_false(raw_hear(raw, text, sizeof(text), "100 Continue\r\n\r\n"));
    (void)raw_say(raw, "abc", 3);
    assert_false(raw_hear(raw, text, sizeof(text), "\r\nabc"));
    assert_non_null(strstr(text, "200 OK"));
    curl_easy_cleanup(raw);
}

static void test_garbage_and_unknown_methods_disturb_nobody(void **state)
{
    static const char *const rubbish[] = {
        "\x16\x03\x01 not http\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    char text[8192];

    for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
        CURL *raw = webserver_raw(*state);

        (void)raw_say(raw, rubbish[i], strlen(rubbish[i]));
        (void)raw_hear(raw, text, sizeof(text), "}\n");
        if (strstr(text, "HTTP/1.1 2") != NULL)
            fail_msg("rubbish %zu was answered %.100s", i, text);
        curl_easy_cleanup(raw);
        expect(*state, "GET", "/hello", NULL, NULL, 0, 200, "hello");
    }
    expect(*state, "OPTIONS", "/hello", NULL, NULL, 0, 405, "unsupported");
}

static void test_an_answer_may_come_later(void **state)
{
    expect(*state, "GET", "/later", NULL, NULL, 0, 200, "late");
}

static void test_our_own_slowness_is_not_the_clients_fault(void **state)
{
    struct webserver *s = *state;

    s->later_ms = 2600;
    expect(s, "GET", "/later", NULL, NULL, 0, 200, "late");
    expect(s, "POST", "/later", NULL, "abc", 3, 200, "late");
}

static void test_an_answer_to_a_client_that_left_is_harmless(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char get[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";

    s->later_ms = 2000;
    (void)raw_say(raw, get, sizeof(get) - 1);
    while (atomic_load(&s->requests) == 0)
        usleep(1000);
    curl_easy_cleanup(raw);
    while (atomic_load(&s->gone) == 0)
        usleep(1000);
    while (atomic_load(&s->late) == 0)
        usleep(1000);
    expect(s, "GET", "/hello", NULL, NULL, 0, 200, "hello");
    assert_int_equal(atomic_load(&s->gone), 1);
}

static void test_a_streamed_answer_has_no_length_and_ends_with_its_connection(void **state)
{
    struct webserver *s = *state;
    struct reply r;

    webserver_fetch(s, "GET", "/stream", NULL, NULL, 0, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "one two");
    assert_null(strcasestr(r.head, "content-length"));
    assert_non_null(strcasestr(r.head, "connection: close"));
    reply_free(&r);
    assert_int_equal(atomic_load(&s->gone), 0);
}

static void test_a_listener_who_does_not_read_is_dropped_and_told_of_once(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char get[] = "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n";

    (void)raw_say(raw, get, sizeof(get) - 1);
    while (atomic_load(&s->gone) == 0)
        usleep(1000);
    while (atomic_load(&s->flood) == ERR_OK)
        usleep(1000);
    assert_int_equal(atomic_load(&s->flood), ERR_LIMIT);
    /* Not at the first piece; how many the socket's buffers take before the second waits is the machine's affair. */
    assert_in_range(atomic_load(&s->late), 2, 1000);
    expect(s, "GET", "/hello", NULL, NULL, 0, 200, "hello");
    assert_int_equal(atomic_load(&s->gone), 1);
    curl_easy_cleanup(raw);
}

static void test_a_listener_who_leaves_is_told_of(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char get[] = "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n";
    char text[8192];

    (void)raw_say(raw, get, sizeof(get) - 1);
    (void)raw_hear(raw, text, sizeof(text), "audio/ogg");
    curl_easy_cleanup(raw);
    while (atomic_load(&s->gone) == 0)
        usleep(1000);
    expect(s, "GET", "/hello", NULL, NULL, 0, 200, "hello");
}

static void test_stopping_with_open_requests_leaves_nothing_behind(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    CURL *half = webserver_raw(s);
    static const char get[] = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char post[] = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc";

    (void)raw_say(raw, get, sizeof(get) - 1);
    (void)raw_say(half, post, sizeof(post) - 1);
    while (atomic_load(&s->requests) == 0 || atomic_load(&s->uploaded) == 0)
        usleep(1000);
    webserver_stop(s);
    assert_int_equal(atomic_load(&s->gone), 0);
    curl_easy_cleanup(raw);
    curl_easy_cleanup(half);
}

static void test_a_body_that_stops_is_answered_408_and_closed(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char post[] = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
                               "Accept-Language: vi\r\n\r\nabc";
    char text[8192];
    uint64_t start_us;

    start_us = uv_hrtime() / 1000;
    (void)raw_say(raw, post, sizeof(post) - 1);
    assert_true(raw_hear(raw, text, sizeof(text), NULL));
    assert_non_null(strstr(text, "408"));
    assert_non_null(strstr(text, "v The body came too slowly"));
    assert_in_range(uv_hrtime() / 1000 - start_us, 1000000, 15000000); /* about 2.5 s */
    assert_int_equal(atomic_load(&s->gone), 1);
    curl_easy_cleanup(raw);
}

static void test_half_a_header_and_idle_connections_are_closed(void **state)
{
    CURL *half = webserver_raw(*state);
    CURL *idle = webserver_raw(*state);
    CURL *after = webserver_raw(*state);
    static const char get[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    char text[8192];

    (void)raw_say(half, get, 20);
    (void)raw_say(after, get, sizeof(get) - 1);
    assert_true(raw_hear(half, text, sizeof(text), NULL));
    assert_true(raw_hear(idle, text, sizeof(text), NULL));
    assert_true(raw_hear(after, text, sizeof(text), NULL));
    assert_non_null(strstr(text, "hello"));
    curl_easy_cleanup(half);
    curl_easy_cleanup(idle);
    curl_easy_cleanup(after);
}

static void test_a_trickled_header_is_not_waited_for(void **state)
{
    CURL *raw = webserver_raw(*state);
    static const char get[] =
        "GET /hello HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char text[64];
    size_t n = 0;
    CURLcode r = CURLE_OK;

    for (size_t i = 0; i < sizeof(get) - 1 && (r == CURLE_OK || r == CURLE_AGAIN); i++) {
        (void)curl_easy_send(raw, get + i, 1, &n);
        usleep(200000);
        n = 1;
        r = curl_easy_recv(raw, text, sizeof(text), &n);
        if (r == CURLE_OK && n == 0)
            r = CURLE_RECV_ERROR;
    }
    assert_true(r != CURLE_OK && r != CURLE_AGAIN);
    curl_easy_cleanup(raw);
}

static void test_a_client_that_does_not_read_is_dropped(void **state)
{
    struct webserver *s = *state;
    CURL *raw = webserver_raw(s);
    static const char get[] = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    char *text = malloc(2 * LARGE_BYTES);
    struct reply r;

    assert_non_null(text);
    for (int i = 0; i < 20; i++)
        (void)raw_say(raw, get, sizeof(get) - 1);
    for (int i = 0; i < 1000 && atomic_load(&s->connections) < 2; i++) {
        webserver_fetch(s, "GET", "/hello", NULL, NULL, 0, &r);
        reply_free(&r);
    }
    for (int i = 0; i < 2000 && atomic_load(&s->connections) > 1; i++) {
        webserver_fetch(s, "GET", "/hello", NULL, NULL, 0, &r);
        reply_free(&r);
        usleep(10000);
    }
    assert_int_equal(atomic_load(&s->connections), 1);
    free(text);
    curl_easy_cleanup(raw);
}

static void test_a_taken_port_is_told(void **state)
{
    struct webserver *first = *state;
    static struct webserver second;
    struct web_config config = {.port = web_port(first->web)};

    webserver_start(&second, &config);
    assert_int_equal(second.started, ERR_EXISTS);
    assert_non_null(strstr(second.detail.text, "choose another"));
    webserver_stop(&second);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, start, stop)
#define IMPATIENT(test) cmocka_unit_test_setup_teardown(test, start_impatient, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_a_request_is_answered_with_security_headers),
        cmocka_unit_test_setup_teardown(test_an_ipv4_client_has_its_plain_address,
                                        start_for_both_families, stop),
        WITH(test_head_has_the_headers_and_no_body),
        WITH(test_headers_and_query_reach_the_handler_decoded),
        WITH(test_a_body_comes_back_whole_at_every_size_up_to_the_limit),
        WITH(test_an_empty_post_is_a_request),
        WITH(test_a_large_upload_streams_to_the_sink),
        WITH(test_an_upload_over_the_limit_is_refused_before_it_is_sent),
        WITH(test_a_handler_may_refuse_before_and_during_an_upload),
        WITH(test_a_refused_body_is_not_read_for_ever),
        WITH(test_large_bodies_and_files_arrive_whole),
        WITH(test_a_missing_file_is_a_clear_error),
        WITH(test_too_long_paths_queries_and_headers_are_refused_in_json),
        WITH(test_what_never_reaches_the_handler_is_refused_in_the_language_of_the_request),
        WITH(test_header_floods_end_the_connection_and_nothing_else),
        WITH(test_paths_never_leave_their_root),
        WITH(test_a_response_header_cannot_be_split),
        WITH(test_bodies_without_a_length_are_refused),
        WITH(test_a_post_without_any_body_ends_its_connection),
        WITH(test_one_connection_serves_many_requests),
        WITH(test_expect_100_is_answered),
        WITH(test_garbage_and_unknown_methods_disturb_nobody),
        WITH(test_an_answer_may_come_later),
        IMPATIENT(test_our_own_slowness_is_not_the_clients_fault),
        WITH(test_an_answer_to_a_client_that_left_is_harmless),
        WITH(test_a_listener_who_leaves_is_told_of),
        WITH(test_a_listener_who_does_not_read_is_dropped_and_told_of_once),
        WITH(test_a_streamed_answer_has_no_length_and_ends_with_its_connection),
        cmocka_unit_test_setup(test_stopping_with_open_requests_leaves_nothing_behind, start),
        IMPATIENT(test_a_body_that_stops_is_answered_408_and_closed),
        IMPATIENT(test_half_a_header_and_idle_connections_are_closed),
        IMPATIENT(test_a_trickled_header_is_not_waited_for),
        IMPATIENT(test_a_client_that_does_not_read_is_dropped),
        WITH(test_a_taken_port_is_told),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
