/* A node starts on any flash, says what is damaged once, and sounds within bounds.
 *
 * Input: objects, each: which (u8), how (u8), a length (u16) and so many bytes. How: bit 0 seals the bytes as a
 * record; bit 1 makes an order body of them to be played soon, signed as in the plan. Records of one object add up. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "digest.h"
#include "fuzz.h"
#include "nodebed.h"
#include "order.h"
#include "record.h"

#define OBJECTS_MAX 24
#define OBJECT_BYTES_MAX 65536

static struct teststation station;
static bool ready;

static const char *name_of(unsigned which, struct bytes data, char *ret_name)
{
    static const char *const names[] = {"plan",  "receipts",  "settings", "time",
                                        "clock", "order.crt", "m.",       "p.",
                                        "m.zz",  "boot",      "m.",       "p."};
    const char *name = names[which % 12];
    uint8_t sha256[SHA256_BYTES];

    strcpy(ret_name, name);
    if (strcmp(name, "m.") != 0 && strcmp(name, "p.") != 0)
        return ret_name;
    if (which % 12 < 8)
        digest_sha256(data, sha256);
    else
        memset(sha256, 0x11, sizeof(sha256));
    bytes_to_hex(bytes_of(sha256, sizeof(sha256)), ret_name + 2);
    return ret_name;
}

/* A record of the plan: flags, the body's length, the body, its signature (plan.c). */
static void write_order(struct bed *b, struct writer *w, struct bytes from)
{
    static loa_OrderBody body;
    uint8_t memory[CONTROL_BYTES_MAX], payload[CONTROL_BYTES_MAX + 256];
    uint8_t signature[ORDER_SIGNATURE_MAX];
    struct writer encoded, record;
    size_t len;

    if (from.len < 1 ||
        control_decode_order(bytes_of(from.data + 1, from.len - 1), &body) != ERR_OK)
        return;
    body.start_us = bed_station_us(b) + body.start_us % (2 * USEC_PER_SEC);
    body.expires_us = body.start_us + 1 + body.expires_us % USEC_PER_DAY;
    writer_init(&encoded, memory, sizeof(memory));
    if (control_encode_order(&encoded, &body) != ERR_OK)
        return;
    CHECK(order_sign(b->signer, writer_view(&encoded), signature, &len) == ERR_OK);
    writer_init(&record, payload, sizeof(payload));
    writer_u8(&record, from.data[0]);
    writer_u16(&record, (uint16_t)writer_view(&encoded).len);
    writer_bytes(&record, writer_view(&encoded));
    writer_bytes(&record, bytes_of(signature, len));
    record_write(w, writer_view(&record));
    bed_flash_put(b->flash, "order.crt", station.signer.der, station.signer.der_len);
}

static void put(struct bed *b, unsigned which, unsigned how, struct bytes data)
{
    static uint8_t memory[OBJECT_BYTES_MAX];
    char name[PORT_NAME_MAX];
    struct bed_object *old = bed_flash_find(b->flash, name_of(which, data, name));
    struct writer w;

    writer_init(&w, memory, sizeof(memory));
    if (old != NULL)
        writer_bytes(&w, bytes_of(old->data, old->len));
    if (how & 2)
        write_order(b, &w, data);
    else if ((how & 1) && data.len > 0 && data.len <= RECORD_PAYLOAD_MAX)
        record_write(&w, data);
    else
        writer_bytes(&w, data);
    if (!w.failed)
        bed_flash_put(b->flash, name, memory, writer_view(&w).len);
}

static void judge_sound(const struct bed *b)
{
    int64_t played = b->card_head - b->out_from;

    for (int64_t i = 0; b->out != NULL && i < played; i++)
        CHECK(b->out[i] >= -1.0F && b->out[i] <= 1.0F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed_flash flash;
    static struct bed bed;
    struct reader r;

    if (!ready)
        teststation_init(&station);
    ready = true;
    bed_flash_init(&flash);
    bed_init(&bed, &flash, &station);
    bed.serves_media = false;
    bed.keep_s = 1; /* a whole run */
    reader_init(&r, bytes_of(data, size));
    for (int i = 0; i < OBJECTS_MAX && reader_left(&r) >= 4; i++) {
        unsigned which = reader_u8(&r), how = reader_u8(&r);
        size_t len = reader_u16(&r);

        put(&bed, which, how, reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r)));
    }
    bed_start(&bed);
    bed_run_us(&bed, USEC_PER_SEC / 5);
    judge_sound(&bed);
    bed.logged[0] = '\0';
    bed_restart(&bed);
    bed_run_us(&bed, USEC_PER_SEC / 10);
    judge_sound(&bed);
    CHECK(!bed_logged(&bed, "plan.damaged") && !bed_logged(&bed, "receipts.damaged"));
    bed_deinit(&bed);
    bed_flash_deinit(&flash);
    return 0;
}
