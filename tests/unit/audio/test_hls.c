#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hls.h"

static struct hls list;

static enum err read_from(const char *text, uint64_t from)
{
    struct err_detail detail = {0};
    enum err e = hls_read(bytes_of(text, strlen(text)), from, &list, &detail);

    assert_true((e == ERR_OK) == (detail.text[0] == '\0'));
    return e;
}

static void test_a_live_list_names_its_newest_segments(void **state)
{
    (void)state;
    assert_int_equal(read_from("#EXTM3U\r\n#EXT-X-VERSION:3\r\n#EXT-X-TARGETDURATION:6\r\n"
                               "#EXT-X-MEDIA-SEQUENCE:2680\r\n\r\n#EXTINF:5.9,\r\na2680.ts\r\n"
                               "#EXTINF:5.9,tin\r\n/b/a2681.ts?x=1\r\n",
                               HLS_NEWEST),
                     ERR_OK);
    assert_int_equal(list.kind, HLS_SEGMENTS);
    assert_int_equal(list.target_s, 6);
    assert_false(list.ended);
    assert_int_equal(list.first, 2680);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.end, 2682);
    assert_string_equal(list.segments[0], "a2680.ts");
    assert_string_equal(list.segments[1], "/b/a2681.ts?x=1");
}

static void test_a_long_list_is_read_piece_by_piece(void **state)
{
    static char text[8192];
    size_t len = (size_t)snprintf(text, sizeof(text), "#EXTM3U\n#EXT-X-TARGETDURATION:2\n");

    (void)state;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "#EXTINF:2,\n%d.ts\n", i);
    snprintf(text + len, sizeof(text) - len, "#EXT-X-ENDLIST");
    assert_int_equal(read_from(text, HLS_NEWEST), ERR_OK);
    assert_true(list.ended);
    assert_int_equal(list.first, 100 - HLS_SEGMENTS_MAX);
    assert_string_equal(list.segments[HLS_SEGMENTS_MAX - 1], "99.ts");
    assert_int_equal(read_from(text, 0), ERR_OK);
    assert_int_equal(list.first, 0);
    assert_int_equal(list.count, HLS_SEGMENTS_MAX);
    assert_int_equal(read_from(text, 97), ERR_OK);
    assert_int_equal(list.first, 97);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.segments[0], "97.ts");
    assert_int_equal(read_from(text, 100), ERR_OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(list.end, 100);
}

static void
test_of_variants_the_one_that_asks_least_is_taken_and_sound_alone_before_all(void **state)
{
    (void)state;
    assert_int_equal(
        read_from("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a,BANDWIDTH=1\",BANDWIDTH=900\nhigh.m3u8\n"
                  "#EXT-X-STREAM-INF:BANDWIDTH=64000, AVERAGE-BANDWIDTH=1\nmiddle.m3u8\n"
                  "#EXT-X-STREAM-INF:BANDWIDTH=300\nlow.m3u8\n",
                  HLS_NEWEST),
        ERR_OK);
    assert_int_equal(list.kind, HLS_MASTER);
    assert_string_equal(list.next, "low.m3u8");
    assert_int_equal(
        read_from("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=300,AUDIO=\"a\"\nlow.m3u8\n"
                  "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",URI=\"s.m3u8\"\n"
                  "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Tiếng, Việt\",URI=\"sound.m3u8\"\n"
                  "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nlower.m3u8\n",
                  HLS_NEWEST),
        ERR_OK);
    assert_string_equal(list.next, "sound.m3u8");
}

static void test_a_plain_list_names_a_stream(void **state)
{
    (void)state;
    assert_int_equal(
        read_from("\xEF\xBB\xBF#EXTM3U\n#EXTINF:-1,VOV1\nhttp://vov.vn:8000/vov1\nhttp://b/\n",
                  HLS_NEWEST),
        ERR_OK);
    assert_int_equal(list.kind, HLS_STREAM);
    assert_string_equal(list.next, "http://vov.vn:8000/vov1");
}

static void test_a_head_is_named_and_keys_and_pieces_of_files_are_refused(void **state)
{
    static const char begin[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
    static const struct {
        const char *lines;
        enum err expected;
    } cases[] = {
        {"#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=NONE\n", ERR_OK},
        {"#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"720@0\"\n", ERR_UNSUPPORTED},
        {"#EXT-X-KEY:METHOD=AES-128,URI=\"https://vov.vn/key\"\n", ERR_UNSUPPORTED},
        {"#EXT-X-KEY:\n", ERR_UNSUPPORTED},
        {"#EXT-X-BYTERANGE:75232@0\n", ERR_UNSUPPORTED},
        {"#EXT-X-MAP:URI=\"a b\"\n", ERR_FORMAT},
        {"#EXT-X-MAP:\n", ERR_LIMIT},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "%s%s#EXTINF:2,\na.m4s\n", begin, cases[i].lines);
        if (read_from(text, HLS_NEWEST) != cases[i].expected)
            fail_msg("%s", cases[i].lines);
    }
    snprintf(text, sizeof(text), "%s%s#EXTINF:2,\na.m4s\n", begin, cases[0].lines);
    assert_int_equal(read_from(text, HLS_NEWEST), ERR_OK);
    assert_string_equal(list.head, "init.mp4");
}

static void test_what_is_no_list_or_names_nothing_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "OggS",
        "[playlist]\nFile1=http://a/\n",
        "#EXTM3U",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na\n#EXT-X-STREAM-INF:\nb\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na\n#EXT-X-MEDIA:TYPE=VIDEO\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:\nb\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na\n",
        "#EXTM3U\na b\n",
        "#EXTM3U\n\x01\n"};
    static char text[HLS_TEXT_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (read_from(wrong[i], HLS_NEWEST) != ERR_FORMAT)
            fail_msg("%s", wrong[i]);
    memset(text, 'a', HLS_TEXT_MAX + 1);
    memcpy(text, "#EXTM3U\n", 8);
    assert_int_equal(read_from(text, HLS_NEWEST), ERR_LIMIT);
    text[8 + HLS_NAME_SIZE] = '\0';
    assert_int_equal(read_from(text, HLS_NEWEST), ERR_LIMIT);
    text[8 + HLS_NAME_SIZE - 1] = '\0';
    assert_int_equal(read_from(text, HLS_NEWEST), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_live_list_names_its_newest_segments),
        cmocka_unit_test(test_a_long_list_is_read_piece_by_piece),
        cmocka_unit_test(
            test_of_variants_the_one_that_asks_least_is_taken_and_sound_alone_before_all),
        cmocka_unit_test(test_a_plain_list_names_a_stream),
        cmocka_unit_test(test_a_head_is_named_and_keys_and_pieces_of_files_are_refused),
        cmocka_unit_test(test_what_is_no_list_or_names_nothing_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
