/* Frames in pieces of any size are the same frames; what their payloads decode to encodes to the same bytes. */
#include <string.h>

#include "check.h"
#include "control.h"
#include "frame.h"
#include "fuzz.h"
#include "packet.h"
#include "tsync.h"

static void take_bundle(struct bytes payload)
{
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct bundle_reader b;
    struct packet p;
    unsigned count = 0;

    if (bundle_open(&b, payload) != ERR_OK)
        return;
    while (bundle_next(&b, &p) == ERR_OK) {
        CHECK(p.payload.len >= 1 && p.payload.len <= PACKET_PAYLOAD_MAX);
        memcpy(memory, p.payload.data, p.payload.len);
        count++;
    }
    CHECK(count == b.count && count <= BUNDLE_PACKETS_MAX && (count > 0 || b.last));
}

static void take_chunk(struct bytes payload)
{
    static uint8_t memory[CHUNK_HEADER_BYTES + CHUNK_DATA_MAX];
    struct writer w;
    struct chunk c;

    if (chunk_read(payload, &c) != ERR_OK)
        return;
    writer_init(&w, memory, sizeof(memory));
    CHECK(chunk_write(&w, &c) == ERR_OK && bytes_equal(writer_view(&w), payload));
}

static void take_frame(const struct frame *f)
{
    static uint8_t memory[FRAME_BYTES_MAX];
    static loa_Msg msg;
    struct tsync_sample sample;
    struct writer w;
    usec_t t1_us;

    writer_init(&w, memory, sizeof(memory));
    CHECK(frame_write(&w, f->type, f->payload) == ERR_OK);
    take_bundle(f->payload);
    take_chunk(f->payload);
    (void)!control_decode(f->payload, &msg);
    (void)!tsync_read_request(f->payload, &t1_us);
    (void)!tsync_read_reply(f->payload, 0, &sample);
}

static uint32_t fold(uint32_t sum, const struct frame *f)
{
    sum = sum * 31 + (uint32_t)f->type;
    for (size_t i = 0; i < f->payload.len; i++)
        sum = sum * 31 + f->payload.data[i];
    return sum;
}

/* Read the stream, `first` bytes and then more or less at a time; 0: in one piece. */
static uint32_t read_stream(struct bytes stream, unsigned first)
{
    static struct frame_reader r;
    struct frame f;
    uint32_t sum = 1, random = first;
    enum err e = ERR_MORE;

    frame_reader_init(&r);
    while (stream.len > 0 && (e == ERR_MORE || e == ERR_OK)) {
        size_t n = first == 0 || random % 251 > stream.len ? stream.len : random % 251;
        struct bytes piece = bytes_of(stream.data, n);

        while ((e = frame_read(&r, &piece, &f)) == ERR_OK) {
            sum = fold(sum, &f);
            if (first == 0)
                take_frame(&f);
        }
        stream = bytes_of(stream.data + n, stream.len - n);
        random = random * 1103515245U + 12345U;
    }
    if (e == ERR_FORMAT || e == ERR_LIMIT)
        CHECK(frame_read(&r, &stream, &f) == ERR_FORMAT);
    frame_reader_deinit(&r);
    return sum * 31 + (uint32_t)e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t whole;

    if (size < 1)
        return 0;
    whole = read_stream(bytes_of(data + 1, size - 1), 0);
    CHECK(read_stream(bytes_of(data + 1, size - 1), 1U + data[0]) == whole);
    return 0;
}
