#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdlib.h>

#include "prop.h"
#include "speech_number.h"
#include "speech_text.h"
#include "utf8.h"

struct pair {
    const char *written;
    const char *spoken;
};

static struct err_detail detail;

static void expect_all(const struct pair *pairs, size_t count, const struct speech_entry *entries,
                       size_t entry_count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        enum err err = speech_text(pairs[i].written, strlen(pairs[i].written), entries, entry_count,
                                   &text, &detail);

        if (err != ERR_OK)
            fail_msg("%s: %s", pairs[i].written, detail.text);
        assert_string_equal(text, pairs[i].spoken);
        free(text);
    }
}

#define EXPECT(pairs) expect_all(pairs, sizeof(pairs) / sizeof((pairs)[0]), NULL, 0)

static void test_numbers_are_read_as_people_say_them(void **state)
{
    static const struct {
        uint64_t n;
        const char *words;
    } numbers[] = {
        {0, "không"},
        {5, "năm"},
        {10, "mười"},
        {11, "mười một"},
        {15, "mười lăm"},
        {20, "hai mươi"},
        {21, "hai mươi mốt"},
        {24, "hai mươi tư"},
        {25, "hai mươi lăm"},
        {14, "mười bốn"},
        {101, "một trăm linh một"},
        {110, "một trăm mười"},
        {115, "một trăm mười lăm"},
        {555, "năm trăm năm mươi lăm"},
        {1000, "một nghìn"},
        {1005, "một nghìn không trăm linh năm"},
        {2026, "hai nghìn không trăm hai mươi sáu"},
        {1000000, "một triệu"},
        {1250000, "một triệu hai trăm năm mươi nghìn"},
        {3000000007, "ba tỷ không trăm linh bảy"},
        {UINT64_C(1000000000000000000), "một tỷ tỷ"},
        {UINT64_C(12000000000), "mười hai tỷ"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[256] = "";
        FILE *out = fmemopen(text, sizeof(text), "w");

        assert_non_null(out);
        speech_number(out, numbers[i].n);
        fclose(out);
        assert_string_equal(text, numbers[i].words);
    }
}

static void test_dates_and_times(void **state)
{
    static const struct pair pairs[] = {
        {"17h30 ngày 22/11/2026", "mười bảy giờ ba mươi phút ngày hai mươi hai tháng mười một năm "
                                  "hai nghìn không trăm hai mươi sáu"},
        {"Ngày 5/4/2026.", "Ngày mùng năm tháng tư năm hai nghìn không trăm hai mươi sáu."},
        {"ngày 5 tháng 11", "ngày mùng năm tháng mười một"},
        {"mỗi ngày 2 lần", "mỗi ngày hai lần"},
        {"ngày 30/2", "ngày ba mươi trên hai"},
        {"tháng 4/2026", "tháng tư năm hai nghìn không trăm hai mươi sáu"},
        {"quý III/2026", "quý ba năm hai nghìn không trăm hai mươi sáu"},
        {"từ 7h-11h", "từ bảy giờ đến mười một giờ"},
        {"7:05", "bảy giờ năm phút"},
        {"17g15", "mười bảy giờ mười lăm phút"},
        {"2026-11-22", "hai mươi hai tháng mười một năm hai nghìn không trăm hai mươi sáu"},
        {"Thứ 4, thứ 2", "Thứ tư, thứ hai"},
        {"lần thứ 1", "lần thứ nhất"},
    };

    (void)state;
    EXPECT(pairs);
}

static void test_amounts_units_and_fractions(void **state)
{
    static const struct pair pairs[] = {
        {"7.500đ/kg", "bảy nghìn năm trăm đồng một ki lô gam"},
        {"1.250.000 đồng", "một triệu hai trăm năm mươi nghìn đồng"},
        {"3,5%", "ba phẩy năm phần trăm"},
        {"12,05 ha", "mười hai phẩy không năm héc ta"},
        {"120-150 mm", "một trăm hai mươi đến một trăm năm mươi mi li mét"},
        {"gió cấp 8 – 9", "gió cấp tám đến chín"},
        {"35°C", "ba mươi lăm độ xê"},
        {"60km/h", "sáu mươi ki lô mét một giờ"},
        {"5m2 đất", "năm mét vuông đất"},
        {"1/2 số hộ", "một phần hai số hộ"},
        {"lô 25/12", "lô hai mươi lăm trên mười hai"},
        {"05 hộ", "năm hộ"},
        {"mã 007", "mã không không bảy"},
        {"5 mới", "năm mới"},
        {"12345678901234567890",
         "một hai ba bốn năm sáu bảy tám chín không một hai ba bốn năm sáu bảy tám chín không"},
    };

    (void)state;
    EXPECT(pairs);
}

static void test_telephone_numbers_are_read_digit_by_digit(void **state)
{
    static const struct pair pairs[] = {
        {"Gọi 114", "Gọi một một bốn"},
        {"có 114 hộ", "có một trăm mười bốn hộ"},
        {"0912.345.678", "không chín một hai, ba bốn năm, sáu bảy tám"},
        {"0912345678", "không chín một hai, ba bốn năm, sáu bảy tám"},
        {"1900 1234", "một chín không không, một hai ba bốn"},
        {"+84 912 345 678", "cộng tám bốn chín một hai ba bốn năm sáu bảy tám"},
    };

    (void)state;
    EXPECT(pairs);
}

static void test_abbreviations_are_written_out(void **state)
{
    static const struct pair pairs[] = {
        {"UBND xã, HĐND khóa XV", "Ủy ban nhân dân xã, Hội đồng nhân dân khóa mười lăm"},
        {"số 12/QĐ-UBND", "số mười hai quyết định Ủy ban nhân dân"},
        {"TP. Huế và TP.HCM", "thành phố Huế và thành phố Hồ Chí Minh"},
        {"GD&ĐT", "giáo dục và đào tạo"},
        {"BCH xã", "bê xê hát xã"},
        {"THÔNG BÁO", "THÔNG BÁO"},
        {"Việt VNA", "Việt VNA"},
        {"A & B", "A và B"},
    };

    (void)state;
    EXPECT(pairs);
}

static void test_the_stations_dictionary_goes_first(void **state)
{
    static const struct speech_entry entries[] = {
        {"UBND", "ủy ban"}, {"Km 12", "cây số mười hai"}, {"B40", "bê bốn mươi"}};
    static const struct pair pairs[] = {
        {"UBND tại Km 12, đường B40", "ủy ban tại cây số mười hai, đường bê bốn mươi"},
        {"Km 123", "Km một trăm hai mươi ba"},
    };

    (void)state;
    expect_all(pairs, 2, entries, 3);
}

static void test_what_has_no_sound_is_left_out(void **state)
{
    static const struct pair pairs[] = {
        {"Xin \xF0\x9F\x98\x80 chào", "Xin chào"},
        {"tiê\xCC\x81ng", "tiếng"}, /* combining accent: composed */
        {"a\xE2\x80\x8B"
         "b",
         "ab"}, /* zero-width space */
        {"“Nước sạch” (thôn 3)\n\n  - hai", "Nước sạch thôn ba \nhai"},
    };

    (void)state;
    EXPECT(pairs);
}

static void test_text_that_cannot_be_spoken_is_refused_with_a_reason(void **state)
{
    char *text = NULL;
    char *long_text = calloc(1, SPEECH_TEXT_MAX + 2);

    (void)state;
    assert_non_null(long_text);
    memset(long_text, 'a', SPEECH_TEXT_MAX + 1);
    assert_int_equal(speech_text("", 0, NULL, 0, &text, &detail), ERR_LIMIT);
    assert_int_equal(speech_text(long_text, SPEECH_TEXT_MAX + 1, NULL, 0, &text, &detail),
                     ERR_LIMIT);
    assert_int_equal(speech_text("a\x07", 2, NULL, 0, &text, &detail), ERR_FORMAT);
    assert_int_equal(speech_text("\xFF\xFE", 2, NULL, 0, &text, &detail), ERR_FORMAT);
    assert_int_equal(speech_text("\xF0\x9F\x98\x80 ★", 8, NULL, 0, &text, &detail), ERR_FORMAT);
    assert_true(strlen(detail.text) > 20);
    assert_null(text);
    free(long_text);
}

/* Whatever is typed: no reading beyond its end, valid text comes out, no figure is left, and the
 * second reading changes no word. */
static void test_any_text_becomes_text_without_figures(void **state)
{
    static const char *const pieces[] = {
        "1",  "0",   "22/11", "/",     "2026", "h",     "17h", ":30",
        ".",  ",",   "-",     " ",     "\n",   "đ",     "m",   "km/h",
        "Ub", "QĐ-", "XV",    "khóa ", "+",    "ngày ", "ế",   "\xF0\x9F\x98\x80",
        "&",  "%",   "TP",    "0912",  "345",  "thứ "};
    struct prop random;

    (void)state;
    prop_init(&random, "speech_text");
    for (int round = 0; round < 20000; round++) {
        char text[256] = "";
        char *out = NULL;
        int64_t count = prop_range(&random, 1, 12);

        for (int64_t i = 0; i < count; i++)
            strcat(text, pieces[prop_range(&random, 0, 29)]);
        if (speech_text(text, strlen(text), NULL, 0, &out, &detail) != ERR_OK)
            continue;
        assert_true(utf8_valid(out, strlen(out), true));
        if (strpbrk(out, "0123456789") != NULL)
            fail_msg("%s -> %s", text, out);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_read_as_people_say_them),
        cmocka_unit_test(test_dates_and_times),
        cmocka_unit_test(test_amounts_units_and_fractions),
        cmocka_unit_test(test_telephone_numbers_are_read_digit_by_digit),
        cmocka_unit_test(test_abbreviations_are_written_out),
        cmocka_unit_test(test_the_stations_dictionary_goes_first),
        cmocka_unit_test(test_what_has_no_sound_is_left_out),
        cmocka_unit_test(test_text_that_cannot_be_spoken_is_refused_with_a_reason),
        cmocka_unit_test(test_any_text_becomes_text_without_figures),
    };

    return cmocka_run_group_tests_name("speech_text", tests, NULL, NULL);
}
