/* A playlist names nothing that is too long or no address, and no more than it may. */
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "hls.h"

static void judge_name(const char *name)
{
    size_t len = strnlen(name, HLS_NAME_SIZE);

    CHECK(len < HLS_NAME_SIZE);
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)name[i] > ' ');
}

static void judge(struct bytes text, uint64_t from)
{
    static struct hls list;
    struct err_detail detail = {0};
    enum err e = hls_read(text, from, &list, &detail);

    CHECK(e == ERR_OK || e == ERR_FORMAT || e == ERR_UNSUPPORTED || e == ERR_LIMIT);
    CHECK((e == ERR_OK) == (detail.text[0] == '\0'));
    if (e != ERR_OK)
        return;
    judge_name(list.head);
    CHECK(list.count <= HLS_SEGMENTS_MAX && list.target_s >= 1 &&
          list.target_s <= HLS_TARGET_MAX_S);
    if (list.kind != HLS_SEGMENTS) {
        judge_name(list.next);
        CHECK(list.next[0] != '\0' && list.count == 0);
        return;
    }
    CHECK(list.end > 0 && list.first + list.count <= list.end);
    CHECK(from == HLS_NEWEST || list.count == 0 || list.first >= from);
    CHECK(from != HLS_NEWEST || list.first + list.count == list.end);
    for (size_t i = 0; i < list.count; i++) {
        judge_name(list.segments[i]);
        CHECK(list.segments[i][0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);

    judge(text, HLS_NEWEST);
    judge(text, size > 0 ? data[size - 1] : 0);
    return 0;
}
