/* What anybody may read of the station's alerts: no account, little at a time, nothing twice. */
#include "apifix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_alert_sound.h"
#include "store_published.h"

static unsigned get(struct apifix *f, const char *path)
{
    return apifix_send(f, WEB_GET, path, 0, NULL);
}

static void publish(struct apifix *f, const char *identifier, const char *text)
{
    struct alert a = {.state = ALERT_LIVE, .title = "Lũ", .everyone = true};
    struct published p = {.title = "Lũ", .expires_us = NOW_US};
    uint64_t id = 0;

    a.author = apifix_user(f, identifier, ROLE_OPERATOR);
    assert_int_equal(store_alert_sound_add(f->db, &a, &id), ERR_OK);
    p.alert = id;
    snprintf(p.identifier, sizeof(p.identifier), "%s", identifier);
    assert_int_equal(store_published_add(f->db, &p, text), ERR_OK);
}

static void test_messages_are_read_by_their_name_without_signing_in(void **state)
{
    struct apifix *f = *state;

    publish(f, "27148.1", "<alert>1</alert>");
    publish(f, "27148.2", "<alert>2</alert>");
    expect_status(f, 200, get(f, "/cap/27148.2.cap"));
    assert_string_equal(f->text, "<alert>2</alert>");
    expect_status(f, 404, get(f, "/cap/27148.3.cap"));
    expect_status(f, 404, get(f, "/cap/27148.2"));
    expect_status(f, 404, get(f, "/cap/27148.2.cap.xml"));
    expect_status(f, 405, apifix_send(f, WEB_POST, "/cap/27148.2.cap", 0, NULL));
    expect_status(f, 200, get(f, "/cap/signer.pem"));
    assert_non_null(strstr(f->text, "BEGIN CERTIFICATE"));
}

static void test_the_feed_names_the_host_that_was_asked_and_no_other_text(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 200, get(f, "/cap/feed.atom"));
    assert_string_equal(f->text, "<feed>https://dai.example:8443</feed>");
    f->host = "evil\"/><x";
    expect_status(f, 200, get(f, "/cap/feed.atom"));
    assert_string_equal(f->text, "<feed>https://localhost</feed>");
}

static void test_what_a_follower_has_is_not_sent_again(void **state)
{
    struct apifix *f = *state;
    char tag[64];

    expect_status(f, 200, get(f, "/cap/feed.atom"));
    assert_int_equal(strlen(f->etag), 18);
    snprintf(tag, sizeof(tag), "\"x\", W/%s", f->etag);
    f->if_none_match = tag;
    expect_status(f, 304, get(f, "/cap/feed.atom"));
    assert_string_equal(f->text, "");
    f->host = "other.example";
    expect_status(f, 200, get(f, "/cap/feed.atom"));
}

static void test_who_asks_too_often_waits_and_others_do_not(void **state)
{
    struct apifix *f = *state;
    unsigned answered = 0;

    while (answered < 1000 && get(f, "/cap/feed.atom") == 200)
        answered++;
    assert_int_equal(answered, 30);
    assert_int_equal(f->status, 429);
    snprintf(f->remote, sizeof(f->remote), "203.0.113.9");
    expect_status(f, 200, get(f, "/cap/feed.atom"));
    snprintf(f->remote, sizeof(f->remote), "192.0.2.7");
    f->now_us += 2 * USEC_PER_SEC;
    for (unsigned i = 0; i < 10; i++)
        expect_status(f, 200, get(f, "/cap/signer.pem"));
    expect_status(f, 429, get(f, "/cap/feed.atom"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_messages_are_read_by_their_name_without_signing_in),
        WITH(test_the_feed_names_the_host_that_was_asked_and_no_other_text),
        WITH(test_what_a_follower_has_is_not_sent_again),
        WITH(test_who_asks_too_often_waits_and_others_do_not),
    };

    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
