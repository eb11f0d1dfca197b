/* Settings that are taken survive the flash; those that are refused change nothing.
 *
 * Input: a Settings message, or with a first byte of 1 what stands on flash, sealed anew. */
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "record.h"
#include "settings.h"

#define WEEK_US (7 * USEC_PER_DAY)

static uint8_t object[SETTINGS_SCRATCH_BYTES];
static size_t object_len;

static enum err flash_read(void *ctx, const char *name, uint64_t offset, void *ret_data,
                           size_t size, size_t *ret_len)
{
    (void)ctx;
    (void)name;
    CHECK(offset == 0);
    if (object_len == 0)
        return ERR_NOT_FOUND;
    *ret_len = object_len < size ? object_len : size;
    memcpy(ret_data, object, *ret_len);
    return ERR_OK;
}

static enum err flash_replace(void *ctx, const char *name, struct bytes data)
{
    (void)ctx;
    (void)name;
    CHECK(data.len > 0 && data.len <= sizeof(object));
    memcpy(object, data.data, data.len);
    object_len = data.len;
    return ERR_OK;
}

static const struct node_port port = {.flash_read = flash_read, .flash_replace = flash_replace};
static uint8_t scratch[SETTINGS_SCRATCH_BYTES];
static loa_Msg msg;

/* Spans of every length up to some days come to an answer, and a longer one is not allowed where a part of
 * it is not. */
static void judge_windows(const struct settings *s)
{
    for (usec_t span_us = 1; span_us < 3 * USEC_PER_DAY; span_us *= 7) {
        for (usec_t at_us = 0; at_us < WEEK_US; at_us += 5 * USEC_PER_HOUR) {
            bool all = settings_allow(s, at_us, at_us + 2 * span_us);

            CHECK(!all || (settings_allow(s, at_us, at_us + span_us) &&
                           settings_allow(s, at_us + span_us, at_us + 2 * span_us)));
        }
    }
}

static void load_raw(struct bytes payload)
{
    struct settings s;
    struct writer w;

    if (payload.len < 1 || payload.len > RECORD_PAYLOAD_MAX)
        return;
    writer_init(&w, object, sizeof(object));
    record_write(&w, payload);
    object_len = w.failed ? 0 : writer_view(&w).len;
    if (settings_load(&s, &port, scratch, &msg) == ERR_OK)
        judge_windows(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings s, before, loaded;
    enum err e;

    s = (struct settings){0};
    object_len = 0;
    if (size < 1)
        return 0;
    if (data[0] == 1) {
        load_raw(bytes_of(data + 1, size - 1));
        return 0;
    }
    if (control_decode(bytes_of(data, size), &msg) != ERR_OK ||
        msg.which_body != loa_Msg_settings_tag)
        return 0;
    before = s;
    e = settings_apply(&s, &port, &msg, scratch);
    CHECK(e == ERR_OK || e == ERR_FORMAT || e == ERR_LIMIT);
    if (e == ERR_FORMAT)
        CHECK(memcmp(&s, &before, sizeof(s)) == 0 && object_len == 0);
    if (e == ERR_FORMAT)
        return 0;
    judge_windows(&s);
    if (e == ERR_OK) {
        CHECK(settings_load(&loaded, &port, scratch, &msg) == ERR_OK);
        CHECK(loaded.now.revision == s.now.revision && loaded.allowed_count == s.allowed_count);
        CHECK(memcmp(loaded.allowed, s.allowed, sizeof(s.allowed)) == 0);
        CHECK(strcmp(loaded.now.name, s.now.name) == 0 && loaded.now.muted == s.now.muted);
    }
    return 0;
}
