#include "wiretable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const struct wire_message wire_window = {
    "window", 0, loa_Window_fields, {{1, U32, 0}, {2, U32, 0}, {3, U32, 0}}};
const struct wire_message wire_item = {
    "item", 0, loa_OrderItem_fields, {{1, EXACT, 32}, {2, U32, 0}, {3, S32, 0}}};

const struct wire_message wire_order_body = {
    "order_body", 0, loa_OrderBody_fields, {{1, U64, 0},      {2, TEXT, 15},  {3, CHOICE, 4},
                                            {4, U64, 0},      {5, CHOICE, 3}, {6, NUMBERS, 200},
                                            {7, NUMBERS, 64}, {8, FLAG, 0},   {9, S64, 0},
                                            {10, S64, 0},     {11, S64, 0},   {12, ITEMS, 16},
                                            {13, U32, 0},     {14, U32, 0},   {15, U32, 0},
                                            {16, U32, 0},     {17, FLAG, 0},  {18, U32, 0},
                                            {19, TEXT, 199},  {20, ITEMS, 1}, {21, U32, 0}}};

const struct wire_message wire_messages[WIRE_MESSAGES] = {
    {"enrol_request",
     1,
     loa_EnrolRequest_fields,
     {{1, BYTES, 8}, {2, BYTES, 1024}, {3, TEXT, 63}, {4, TEXT, 31}, {5, TEXT, 63}}},
    {"enrol_reply",
     2,
     loa_EnrolReply_fields,
     {{1, CHOICE, 7},
      {2, TEXT, 199},
      {3, U32, 0},
      {4, BYTES, 1024},
      {5, U32, 0},
      {6, TEXT, 15},
      {7, U32, 0}}},
    {"hello",
     3,
     loa_Hello_fields,
     {{1, U32, 0},
      {2, U32, 0},
      {3, U64, 0},
      {4, U32, 0},
      {5, EXACT, 8},
      {6, TEXT, 31},
      {7, TEXT, 63},
      {8, U32, 0},
      {9, TEXT, 31},
      {10, U32, 0},
      {11, U32, 0}}},
    {"welcome",
     4,
     loa_Welcome_fields,
     {{1, U32, 0},
      {2, U64, 0},
      {3, TEXT, 15},
      {4, BYTES, 1024},
      {5, U32, 0},
      {6, U32, 0},
      {7, U32, 0}}},
    {"settings",
     5,
     loa_Settings_fields,
     {{1, U32, 0},
      {2, TEXT, 127},
      {3, NUMBERS, 16},
      {4, S32, 0},
      {5, S32, 0},
      {6, U32, 0},
      {7, FLAG, 0},
      {8, S32, 0},
      {9, WINDOWS, 16},
      {10, U32, 0}}},
    {"status", 6, loa_Status_fields, {{1, U64, 0},   {2, U32, 0},  {3, S32, 0},   {4, S32, 0},
                                      {5, S64, 0},   {6, U32, 0},  {7, S32, 0},   {8, S32, 0},
                                      {9, FLAG, 0},  {10, S32, 0}, {11, FLAG, 0}, {12, FLAG, 0},
                                      {13, U32, 0},  {14, U32, 0}, {15, U64, 0},  {16, U64, 0},
                                      {17, U32, 0},  {18, U64, 0}, {19, FLAG, 0}, {20, U32, 0},
                                      {21, U32, 0},  {22, U32, 0}, {23, U64, 0},  {24, U32, 0},
                                      {25, FLAG, 0}, {26, S32, 0}}},
    {"media_offer",
     7,
     loa_MediaOffer_fields,
     {{1, EXACT, 32}, {2, U64, 0}, {3, U32, 0}, {4, S64, 0}}},
    {"media_want",
     8,
     loa_MediaWant_fields,
     {{1, EXACT, 32}, {2, U64, 0}, {3, U32, 0}, {4, U32, 0}}},
    {"media_state", 9, loa_MediaState_fields, {{1, EXACT, 32}, {2, CHOICE, 5}}},
    {"media_gone", 10, loa_MediaGone_fields, {{1, EXACT, 32}, {2, U32, 0}}},
    {"order", 11, loa_Order_fields, {{1, BYTES, 2700}, {2, BYTES, 80}}},
    {"order_ack",
     12,
     loa_OrderAck_fields,
     {{1, U64, 0}, {2, CHOICE, 12}, {3, TEXT, 199}, {4, U32, 0}}},
    {"stream_join", 13, loa_StreamJoin_fields, {{1, U32, 0}}},
    {"stream_leave", 14, loa_StreamLeave_fields, {{1, U32, 0}}},
    {"receipt",
     15,
     loa_Receipt_fields,
     {{1, U64, 0},
      {2, U64, 0},
      {3, U64, 0},
      {4, CHOICE, 3},
      {5, CHOICE, 13},
      {6, CHOICE, 3},
      {7, S64, 0},
      {8, S64, 0},
      {9, S64, 0},
      {10, U32, 0},
      {11, U32, 0},
      {12, U32, 0},
      {13, S32, 0},
      {14, S32, 0},
      {15, S32, 0},
      {16, U32, 0},
      {17, U32, 0},
      {18, CHOICE, 4}}},
    {"receipt_ack", 16, loa_ReceiptAck_fields, {{1, U64, 0}}},
    {"bye", 17, loa_Bye_fields, {{1, CHOICE, 8}, {2, TEXT, 199}, {3, U32, 0}, {4, U32, 0}}},
    {"test_result",
     18,
     loa_TestResult_fields,
     {{1, U64, 0}, {2, CHOICE, 4}, {3, U32, 0}, {4, S32, 0}}},
    {"meter", 19, loa_Meter_fields, {{1, U32, 0}, {2, U32, 0}}},
    {"level", 20, loa_Level_fields, {{1, S32, 0}, {2, S32, 0}}},
};

void wire_put_varint(struct writer *w, uint64_t v)
{
    for (; v > 0x7F; v >>= 7)
        writer_u8(w, (uint8_t)(v | 0x80));
    writer_u8(w, (uint8_t)v);
}

void wire_put_number(struct writer *w, uint32_t number, uint64_t v)
{
    wire_put_varint(w, (uint64_t)number << 3);
    wire_put_varint(w, v);
}

static void put_blob(struct writer *w, uint32_t number, struct bytes blob)
{
    wire_put_varint(w, (uint64_t)number << 3 | 2);
    wire_put_varint(w, blob.len);
    writer_bytes(w, blob);
}

void wire_put_fill(struct writer *w, uint32_t number, char fill, size_t len)
{
    wire_put_varint(w, (uint64_t)number << 3 | 2);
    wire_put_varint(w, len);
    for (size_t i = 0; i < len; i++)
        writer_u8(w, (uint8_t)fill);
}

static uint64_t highest(const struct wire_field *f)
{
    switch (f->kind) {
    case U32:
    case S32: /* zigzag of INT32_MIN */
        return UINT32_MAX;
    case U64:
    case S64:
        return UINT64_MAX;
    case FLAG:
        return 1;
    case CHOICE:
        return f->limit;
    case TEXT:
    case BYTES:
    case EXACT:
    case NUMBERS:
    case WINDOWS:
    case ITEMS:
    case END:
        break;
    }
    fail_msg("field %u is no number", f->number);
    return 0;
}

static void put_repeated(struct writer *w, const struct wire_field *f, size_t count)
{
    uint8_t memory[WIRE_MEMORY];
    struct writer inner;

    writer_init(&inner, memory, sizeof(memory));
    if (f->kind == NUMBERS) {
        for (size_t i = 0; i < count; i++)
            wire_put_varint(&inner, UINT32_MAX);
        put_blob(w, f->number, writer_view(&inner));
        return;
    }
    wire_put_all(&inner, f->kind == WINDOWS ? &wire_window : &wire_item);
    for (size_t i = 0; i < count; i++)
        put_blob(w, f->number, writer_view(&inner));
}

void wire_put_field(struct writer *w, const struct wire_field *f)
{
    switch (f->kind) {
    case TEXT:
    case BYTES:
    case EXACT:
        wire_put_fill(w, f->number, 'x', f->limit);
        break;
    case NUMBERS:
    case WINDOWS:
    case ITEMS:
        put_repeated(w, f, f->limit);
        break;
    case END:
    case U32:
    case U64:
    case S32:
    case S64:
    case FLAG:
    case CHOICE:
        wire_put_number(w, f->number, highest(f));
        break;
    }
}

void wire_put_all(struct writer *w, const struct wire_message *m)
{
    for (const struct wire_field *f = m->fields; f->kind != END; f++)
        wire_put_field(w, f);
}

struct bytes wire_wrap(const struct wire_message *m, const struct writer *content, uint8_t *memory)
{
    struct writer w;

    assert_false(content->failed);
    writer_init(&w, memory, WIRE_MEMORY);
    if (m->number != 0)
        put_blob(&w, m->number, writer_view(content));
    else
        writer_bytes(&w, writer_view(content));
    assert_false(w.failed);
    return writer_view(&w);
}

bool wire_put_too_much(struct writer *w, const struct wire_field *f)
{
    static const uint8_t over_64_bits[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2};

    switch (f->kind) {
    case U32:
    case S32:
        wire_put_number(w, f->number, (uint64_t)UINT32_MAX + 1);
        return true;
    case U64:
    case S64:
        wire_put_varint(w, (uint64_t)f->number << 3);
        writer_bytes(w, bytes_of(over_64_bits, sizeof(over_64_bits)));
        return true;
    case TEXT:
    case BYTES:
    case EXACT:
        wire_put_fill(w, f->number, 'x', f->limit + 1);
        return true;
    case NUMBERS:
    case WINDOWS:
    case ITEMS:
        if (f->kind == ITEMS && f->limit == 1)
            return false; /* not repeated: of several the last counts */
        put_repeated(w, f, f->limit + 1);
        return true;
    case FLAG:
    case CHOICE:
    case END:
        break;
    }
    return false;
}

void wire_put_unknown(struct writer *w)
{
    wire_put_number(w, 1000, UINT64_MAX);
    wire_put_varint(w, 1001 << 3 | 1);
    writer_u64(w, UINT64_MAX);
    wire_put_fill(w, 1002, 'n', 100);
    wire_put_varint(w, 1003 << 3 | 5);
    writer_u32(w, UINT32_MAX);
}

struct bytes wire_alone(const struct wire_message *m, const struct wire_field *only, uint64_t value,
                        uint8_t *memory)
{
    uint8_t content[WIRE_MEMORY];
    struct writer w;

    writer_init(&w, content, sizeof(content));
    for (const struct wire_field *f = m->fields; f->kind != END; f++)
        if (f == only && f->kind == CHOICE)
            wire_put_number(&w, f->number, value);
        else if (f == only)
            wire_put_field(&w, f);
        else if (f->kind == EXACT)
            wire_put_fill(&w, f->number, 0, f->limit);
    return wire_wrap(m, &w, memory);
}

size_t wire_exact_at(const struct wire_message *m)
{
    uint8_t content[WIRE_MEMORY];
    struct writer w;

    writer_init(&w, content, sizeof(content));
    for (const struct wire_field *f = m->fields; f->kind != END; f++) {
        if (f->kind == EXACT)
            return w.at;
        wire_put_field(&w, f);
    }
    return SIZE_MAX;
}
