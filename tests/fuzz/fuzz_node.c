/* A node core outlives whatever its controller says, in virtual time, with sound and flash.
 *
 * Input: commands, each a kind (u8), a length (u16) and so many bytes:
 *   0 a frame: its type (u8), its payload       1 an order's body, which is then signed
 *   2 time goes by: u8, 20 ms each              3 the link ends and stands again
 *   4 the program ends and starts again         5 an order's body with its start moved to soon, signed */
#include "check.h"
#include "fuzz.h"
#include "nodebed.h"
#include "order.h"

#define COMMANDS_MAX 40
#define RUN_MAX_US (20 * USEC_PER_SEC)
#define KEEP_S 12 /* twice as much at once: a whole run */

static struct teststation station;
static bool ready;

static void say_signed(struct bed *b, struct bytes body)
{
    loa_Msg m = {.which_body = loa_Msg_order_tag};
    loa_Order *o = &m.body.order;
    struct writer w;
    size_t len;

    writer_init(&w, o->body.bytes, sizeof(o->body.bytes));
    writer_bytes(&w, body);
    if (w.failed)
        return;
    CHECK(order_sign(b->signer, body, o->signature.bytes, &len) == ERR_OK);
    o->body.size = (pb_size_t)body.len;
    o->signature.size = (pb_size_t)len;
    bed_say(b, &m);
}

/* What the port hands in has passed the reader of frames. */
static void say_frame(struct bed *b, struct bytes arg)
{
    static struct frame_reader frames;
    uint8_t memory[FRAME_BYTES_MAX];
    struct writer w;
    struct bytes view;
    struct frame f;

    if (arg.len < 1)
        return;
    writer_init(&w, memory, sizeof(memory));
    writer_u16(&w, (uint16_t)(arg.len - 1));
    writer_u8(&w, arg.data[0]);
    writer_u8(&w, 0);
    writer_bytes(&w, bytes_of(arg.data + 1, arg.len - 1));
    view = writer_view(&w);
    frame_reader_init(&frames);
    if (frame_read(&frames, &view, &f) == ERR_OK)
        bed_say_frame(b, f.type, f.payload);
}

static void say_soon(struct bed *b, struct bytes bytes)
{
    static loa_OrderBody body;
    uint8_t memory[CONTROL_BYTES_MAX];
    struct writer w;

    if (control_decode_order(bytes, &body) != ERR_OK)
        return;
    body.start_us = bed_station_us(b) + body.start_us % (5 * USEC_PER_SEC);
    body.expires_us = body.start_us + 1 + body.expires_us % USEC_PER_DAY;
    writer_init(&w, memory, sizeof(memory));
    CHECK(control_encode_order(&w, &body) == ERR_OK);
    say_signed(b, writer_view(&w));
}

static void run(struct bed *b, int64_t us)
{
    if (b->world_us + us <= RUN_MAX_US)
        bed_run_us(b, us);
}

static void obey(struct bed *b, unsigned kind, struct bytes arg)
{
    switch (kind) {
    case 0:
        say_frame(b, arg);
        break;
    case 1:
        say_signed(b, arg);
        break;
    case 2:
        run(b, arg.len > 0 ? arg.data[0] * PACKET_US : 0);
        break;
    case 3:
        bed_link(b, false);
        run(b, PACKET_US);
        bed_link(b, true);
        break;
    case 4:
        bed_restart(b);
        break;
    default:
        say_soon(b, arg);
        break;
    }
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
    bed.keep_s = KEEP_S;
    bed_start(&bed);
    run(&bed, USEC_PER_SEC / 5);
    reader_init(&r, bytes_of(data, size));
    for (int i = 0; i < COMMANDS_MAX && reader_left(&r) >= 3; i++) {
        unsigned kind = reader_u8(&r) % 6;
        size_t len = reader_u16(&r);

        obey(&bed, kind, reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r)));
        run(&bed, 1000);
    }
    run(&bed, USEC_PER_SEC / 2);
    for (int64_t i = 0; bed.out != NULL && i < bed.card_head - bed.out_from; i++)
        CHECK(bed.out[i] >= -1.0F && bed.out[i] <= 1.0F);
    bed_deinit(&bed);
    bed_flash_deinit(&flash);
    return 0;
}
