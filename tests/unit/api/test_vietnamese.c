/* What is refused is said in the language of who asks. */
#include "apifix.h"

#include <string.h>

#include "store_broadcast.h"
#include "vietnamese.h"

#define SAMPLE "Xóm Đông"

/* What a format says with SAMPLE for each text and 7 for each number. */
static void fill(const char *format, char *ret_text)
{
    while (*format != '\0') {
        size_t n;

        if (*format != '%') {
            *ret_text++ = *format++;
            continue;
        }
        n = 1 + strspn(format + 1, "-0123456789.*hlz$");
        if (format[n] == '%')
            *ret_text++ = '%';
        else
            ret_text = stpcpy(ret_text, format[n] == 's' ? SAMPLE : "7");
        format += n + 1;
    }
    *ret_text = '\0';
}

static void test_each_sentence_of_the_catalogue_is_recognised(void **state)
{
    (void)state;
    assert_true(vietnamese_count > 400);
    for (size_t i = 0; i < vietnamese_count; i++) {
        char english[1024], wanted[1024], got[1024];

        fill(vietnamese_pairs[i].english, english);
        fill(vietnamese_pairs[i].text, wanted);
        assert_true(vietnamese(english, got, sizeof(got)));
        if (strcmp(got, wanted) != 0)
            fail_msg("%s\n  became %s\n  not    %s", english, got, wanted);
    }
}

static void test_what_a_sentence_brings_is_said_in_its_place(void **state)
{
    static const char *const cases[][2] = {
        {"There is no bulletin 9.", "Không có bản tin 9."},
        {"bulletin 12 uses this recording: change or remove it first", "Bản tin 12 đang dùng"},
        {"The event of line 4: the bulletin is draft; only a submitted one can be approved",
         "Sự kiện ở dòng 4: Bản tin đang ở trạng thái bản nháp; chỉ có thể duyệt bản đã trình."},
        {"Cụm 3 is muted; unmute it before the test",
         "Cụm 3 đang tắt tiếng; hãy bật tiếng trước khi thử."},
        {"It would sound during the quiet hours (21:00 to 06:00); choose another time, or confirm "
         "with \"quiet_confirmed\": true.",
         "Phiên phát sẽ rơi vào giờ yên tĩnh (21:00 đến 06:00); hãy chọn giờ khác, hoặc xác nhận "
         "bằng \"quiet_confirmed\": true."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[1024];

        assert_true(vietnamese(cases[i][0], got, sizeof(got)));
        if (i == 1) /* the sentence begins with a noun of the catalogue */
            assert_non_null(strstr(got, "đang dùng bản ghi âm này"));
        else
            assert_string_equal(got, cases[i][1]);
    }
}

static void test_what_it_does_not_know_stays_as_it_is(void **state)
{
    char got[16];

    (void)state;
    assert_false(vietnamese("Quite another sentence.", got, sizeof(got)));
    assert_string_equal(got, "Quite another s");
    assert_true(vietnamese("This broadcast is over already", got, sizeof(got)));
    assert_string_equal(got, "Phiên phát n"); /* cut between characters */
    assert_false(vietnamese("", got, sizeof(got)));
    assert_string_equal(got, "");
}

static void test_a_header_prefers_one_of_two_languages(void **state)
{
    static const char *const wanted[] = {"vi", "vi-VN,vi;q=0.9,en;q=0.8", "en;q=0.5, vi", "vi, en",
                                         "fr, vi;q=0.2"};
    static const char *const not [] = {"",       "en",       "en-US,en;q=0.9,vi;q=0.8",
                                       "en, vi", "vi;q=0",   "vii",
                                       "*",      ";;;,,,q=", "vi;q=0.1,en;q=0.2"};

    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!vietnamese_is_wanted(wanted[i]))
            fail_msg("%s", wanted[i]);
    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        if (vietnamese_is_wanted(not [i]))
            fail_msg("%s", not [i]);
}

static void test_the_api_refuses_in_the_language_of_the_request(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/zones/9", ROLE_ADMIN, NULL));
    assert_string_equal(apifix_string(f, "message"), "There is no zone \"9\".");
    f->accept_language = "vi-VN,vi;q=0.9,en-US;q=0.6";
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/zones/9", ROLE_ADMIN, NULL));
    assert_string_equal(apifix_string(f, "message"), "Không có khu vực \"9\".");
    assert_string_equal(apifix_string(f, "error"), "not_found");
    expect_status(f, 401, apifix_send(f, WEB_GET, "/api/v1/zones", 0, NULL));
    assert_null(strstr(f->text, "sign"));
    expect_status(f, 403, apifix_send(f, WEB_GET, "/api/v1/users", ROLE_OPERATOR, NULL));
    assert_non_null(strstr(f->text, "vai trò"));
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, "{\"x\": 1}"));
    assert_non_null(strstr(f->text, "ở đây chỉ nhận"));
    /* A password is judged on another thread; the call that goes on has not forgotten. */
    expect_status(f, 401,
                  apifix_send(f, WEB_POST, "/api/v1/login", 0,
                              "{\"login\": \"nobody\", \"password\": \"x\"}"));
    assert_non_null(strstr(f->text, "Tên đăng nhập hoặc mật khẩu sai"));
}

static void test_the_web_server_refuses_in_the_language_of_the_request(void **state)
{
    struct apifix *f = *state;
    static const char slow[] = "The body came too slowly; check the connection and retry.";
    char text[256] = "unchanged";

    f->handler.say(f->handler.ctx, "en", slow, text, sizeof(text));
    assert_string_equal(text, "unchanged");
    f->handler.say(f->handler.ctx, "vi-VN,vi;q=0.9", slow, text, sizeof(text));
    assert_non_null(strstr(text, "quá chậm"));
}

/* What is stored with a broadcast is said in the language of who looks at it. */
static void test_a_broadcast_tells_everyone_in_their_language_why_it_was_silent(void **state)
{
    struct apifix *f = *state;
    struct node_id nodes[2] = {{apifix_node(f, apifix_zone(f, "t1", "Thôn 1"), "Cụm 1")},
                               {apifix_node(f, 1, "Cụm 2")}};
    struct broadcast b = {.priority = PRIORITY_NORMAL, .start_us = NOW_US, .repeats = 1};
    loa_OrderAck refusal = {.order_id = 5, .verdict = loa_Verdict_VERDICT_QUIET_HOURS};

    assert_int_equal(broadcast_set_targets(&b, nodes, 2), ERR_OK);
    b.targets[1].order = (struct order_id){5};
    b.targets[1].state = TARGET_ORDERED;
    assert_int_equal(broadcast_on_ack(&b, nodes[1], &refusal), ERR_OK);
    assert_int_equal(store_broadcast_add(f->db, &b, &b.id), ERR_OK);
    snprintf(b.targets[0].note, sizeof(b.targets[0].note),
             "no order sent: the node was never connected in time");
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_broadcast_set_target(f->db, b.id, &b.targets[i]), ERR_OK);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/broadcasts/1", ROLE_OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "targets.0.note"), b.targets[0].note);
    assert_string_equal(apifix_string(f, "targets.1.note"), "refused by the node: quiet_hours");
    f->accept_language = "vi";
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/broadcasts/1", ROLE_OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "targets.0.note"),
                        "chưa gửi lệnh: cụm loa không kết nối kịp");
    assert_string_equal(apifix_string(f, "targets.1.note"), "cụm loa từ chối: ngoài giờ được phép");
    broadcast_deinit(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_sentence_of_the_catalogue_is_recognised),
        cmocka_unit_test(test_what_a_sentence_brings_is_said_in_its_place),
        cmocka_unit_test(test_what_it_does_not_know_stays_as_it_is),
        cmocka_unit_test(test_a_header_prefers_one_of_two_languages),
        cmocka_unit_test_setup_teardown(test_the_web_server_refuses_in_the_language_of_the_request,
                                        apifix_setup, apifix_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_broadcast_tells_everyone_in_their_language_why_it_was_silent, apifix_setup,
            apifix_teardown),
        cmocka_unit_test_setup_teardown(test_the_api_refuses_in_the_language_of_the_request,
                                        apifix_setup, apifix_teardown),
    };

    return cmocka_run_group_tests_name("vietnamese", tests, NULL, NULL);
}
