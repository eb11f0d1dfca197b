#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "check.h"
#include "day.h"
#include "err.h"
#include "log.h"
#include "utf8.h"

static void test_a_reader_sticks_to_its_first_error(void **state)
{
    const uint8_t data[] = {0x12, 0x34, 0x56};
    struct reader r;

    (void)state;
    reader_init(&r, bytes_of(data, sizeof(data)));
    assert_int_equal(reader_u16(&r), 0x1234);
    assert_int_equal(reader_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u8(&r), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_false(reader_done(&r));
}

static void test_integers_round_trip_in_network_order(void **state)
{
    uint8_t memory[23];
    struct writer w;
    struct reader r;

    (void)state;
    writer_init(&w, memory, sizeof(memory));
    writer_u8(&w, 0xFE);
    writer_u16(&w, 0x0102);
    writer_u32(&w, 0x03040506);
    writer_u64(&w, UINT64_MAX - 1);
    writer_i64(&w, -5);
    assert_int_equal(writer_view(&w).len, 23);
    assert_int_equal(memory[1], 1);
    writer_u8(&w, 1);
    assert_int_equal(writer_view(&w).len, 0);
    reader_init(&r, bytes_of(memory, sizeof(memory)));
    assert_int_equal(reader_u8(&r), 0xFE);
    assert_int_equal(reader_u16(&r), 0x0102);
    assert_int_equal(reader_u32(&r), 0x03040506);
    assert_true(reader_u64(&r) == UINT64_MAX - 1);
    assert_true(reader_i64(&r) == -5);
    assert_true(reader_done(&r));
}

static void test_hexadecimal_is_read_back_and_nothing_else_is(void **state)
{
    const uint8_t data[] = {0x00, 0xAF, 0x7e};
    uint8_t back[3] = {9, 9, 9};
    char text[HEX_SIZE(3)];

    (void)state;
    bytes_to_hex(bytes_of(data, 3), text);
    assert_string_equal(text, "00af7e");
    assert_int_equal(bytes_from_hex("00af7", back, 3), ERR_FORMAT);
    assert_int_equal(bytes_from_hex("00af7g", back, 3), ERR_FORMAT);
    assert_int_equal(back[1], 9);
    assert_int_equal(bytes_from_hex("00AF7E", back, 3), ERR_OK);
    assert_memory_equal(back, data, 3);
}

static void test_utf8_is_judged_as_rfc_3629_says(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"Thôn Đông, xã Phú Xuân", true},
        {"\xF0\x9F\x93\xA2", true},
        {"\xC0\xAF", false}, /* overlong */
        {"\xED\xA0\x80", false}, /* surrogate */
        {"\xF4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xE1\xBB", false}, /* truncated */
        {"\x80", false},
        {"a\x7F", false},
        {"\xC2\x85", false}, /* C1 control */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(utf8_valid(cases[i].text, strlen(cases[i].text), false), cases[i].valid);
    assert_false(utf8_valid("a\nb", 3, false));
    assert_true(utf8_valid("a\nb", 3, true));
}

static void test_a_long_sentence_is_cut_between_characters(void **state)
{
    struct err_detail d = {{0}};
    char text[2 * ERR_DETAIL_MAX];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "ồ", 3);
    text[sizeof(text) - 1] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        assert_int_equal(err_set(&d, ERR_LIMIT, "%.*s%s", shift, "ab", text), ERR_LIMIT);
        assert_true(strlen(d.text) > ERR_DETAIL_MAX - 6);
        assert_true(utf8_valid(d.text, strlen(d.text), false));
    }
    assert_int_equal(err_set(NULL, ERR_IO, "%s", "unused"), ERR_IO);
}

static void test_every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_COUNT_; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    }
    assert_string_equal(err_name((enum err)99), "unknown");
}

static void test_a_failed_check_ends_the_program(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        close(STDERR_FILENO);
        CHECK(child != 0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_quoted_text_is_text_whatever_is_quoted_and_wherever_it_is_cut(void **state)
{
    static const char *const pieces[] = {"a", "\n", "\"", "\xD7", "á", "ạ", "📢"};

    (void)state;
    for (size_t first = 0; first < LOG_TEXT_MAX; first++)
        for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
            char text[4 * LOG_TEXT_MAX + 1];
            struct log_text out;
            size_t len = first;

            memset(text, 'x', first);
            while (len + 4 < sizeof(text)) {
                memcpy(text + len, pieces[p], strlen(pieces[p]));
                len += strlen(pieces[p]);
            }
            out = log_quote(text, len);
            assert_true(strlen(out.text) < LOG_TEXT_MAX);
            assert_true(utf8_valid(out.text, strlen(out.text), false));
        }
}

static void test_a_log_line_quotes_and_bounds_what_a_peer_wrote(void **state)
{
    char line[2048] = "";
    char hostile[400];
    int ends[2];
    ssize_t n;

    (void)state;
    memset(hostile, 'A', sizeof(hostile));
    memcpy(hostile, "x\n2026 error \"q", 15);
    hostile[sizeof(hostile) - 1] = '\0';
    assert_int_equal(pipe(ends), 0);
    log_set_fd(ends[1]);
    log_event(LOG_DEBUG, "test.hidden", NULL);
    log_event(LOG_WARN, "test.quote", "name=%s n=%d", LOG_TEXT(hostile), 5);
    log_set_fd(STDERR_FILENO);
    close(ends[1]);
    n = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    assert_true(n > 0 && n < 400);
    assert_non_null(strstr(line, " warn test.quote name=\"x\\x0a2026 error \\x22q"));
    assert_non_null(strstr(line, "...\" n=5\n"));
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    assert_null(strstr(line, "test.hidden"));
}

static void test_days_go_there_and_back_beyond_2038(void **state)
{
    int32_t number = day_number(1600, 1, 1);

    (void)state;
    assert_int_equal(day_number(1970, 1, 1), 0);
    assert_int_equal(day_number(2000, 2, 29), 11016);
    assert_int_equal(day_number(2038, 1, 19), 24855);
    assert_int_equal(day_number(2099, 13, 1), day_number(2100, 1, 1));
    assert_int_equal(day_number(9999, 12, 31), 2932896);
    /* Each day follows the one before: in the same month, or as the first of the next. */
    for (int y = 1600, m = 1, d = 1; y < 2401; number++) {
        int year, month, day;

        day_date(number, &year, &month, &day);
        assert_int_equal(day_number(year, month, day), number);
        if (day == 1 && number > day_number(1600, 1, 1)) {
            assert_in_range(d - 1, 28, 31);
            y += m == 12;
            m = m % 12 + 1;
            d = 1;
        }
        assert_int_equal(year, y);
        assert_int_equal(month, m);
        assert_int_equal(day, d++);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reader_sticks_to_its_first_error),
        cmocka_unit_test(test_integers_round_trip_in_network_order),
        cmocka_unit_test(test_hexadecimal_is_read_back_and_nothing_else_is),
        cmocka_unit_test(test_utf8_is_judged_as_rfc_3629_says),
        cmocka_unit_test(test_a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(test_every_code_has_a_name_of_its_own),
        cmocka_unit_test(test_a_failed_check_ends_the_program),
        cmocka_unit_test(test_quoted_text_is_text_whatever_is_quoted_and_wherever_it_is_cut),
        cmocka_unit_test(test_days_go_there_and_back_beyond_2038),
        cmocka_unit_test(test_a_log_line_quotes_and_bounds_what_a_peer_wrote),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
