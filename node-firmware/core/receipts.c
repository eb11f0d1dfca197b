#include "receipts.h"

#include <string.h>

#include "record.h"

#define NOT_SENT INT64_MIN

void receipts_init(struct receipts *r, const struct node_port *port)
{
    memset(r, 0, sizeof(*r));
    r->port = port;
}

static size_t find(const struct receipts *r, uint64_t receipt_id)
{
    size_t i = 0;

    while (i < r->count && r->held[i].receipt_id != receipt_id)
        i++;
    return i;
}

static void drop(struct receipts *r, size_t i)
{
    size_t behind = r->count - i - 1;

    memmove(&r->held[i], &r->held[i + 1], behind * sizeof(r->held[0]));
    memmove(&r->sent_mono_us[i], &r->sent_mono_us[i + 1], behind * sizeof(r->sent_mono_us[0]));
    r->count--;
}

void receipts_add(struct receipts *r, const loa_Receipt *receipt)
{
    size_t i = find(r, receipt->receipt_id);

    if (i == r->count && r->count == RECEIPTS_MAX) {
        drop(r, 0);
        r->lost++;
        i--;
    }
    if (i == r->count)
        r->count++;
    r->held[i] = *receipt;
    r->sent_mono_us[i] = NOT_SENT;
    r->dirty = true;
}

bool receipts_hold(const struct receipts *r, uint64_t receipt_id)
{
    return find(r, receipt_id) < r->count;
}

void receipts_acknowledged(struct receipts *r, uint64_t receipt_id)
{
    size_t i = find(r, receipt_id);

    if (i == r->count)
        return;
    drop(r, i);
    r->dirty = true;
}

enum err receipts_load(struct receipts *r, loa_Msg *scratch)
{
    struct reader reader;
    size_t len = 0;
    enum err e;

    e = r->port->flash_read(r->port->ctx, RECEIPTS_OBJECT, 0, r->bytes, sizeof(r->bytes), &len);
    if (e != ERR_OK)
        return e;
    reader_init(&reader, bytes_of(r->bytes, len));
    for (;;) {
        struct bytes payload;

        e = record_read(&reader, &payload);
        if (e == ERR_NOT_FOUND)
            break;
        if (e == ERR_OK)
            e = control_decode(payload, scratch);
        if (e == ERR_OK && scratch->which_body == loa_Msg_receipt_tag)
            receipts_add(r, &scratch->body.receipt);
        else
            r->damaged++;
    }
    r->dirty = r->damaged > 0;
    return r->damaged > 0 ? ERR_FORMAT : ERR_OK;
}

enum err receipts_flush(struct receipts *r, loa_Msg *scratch)
{
    uint8_t payload[RECEIPTS_RECORD_MAX];
    struct writer image, w;
    enum err e = ERR_OK;

    if (!r->dirty)
        return ERR_OK;
    writer_init(&image, r->bytes, sizeof(r->bytes));
    for (size_t i = 0; i < r->count && e == ERR_OK; i++) {
        *scratch = (loa_Msg){.which_body = loa_Msg_receipt_tag, .body.receipt = r->held[i]};
        writer_init(&w, payload, sizeof(payload) - RECORD_HEADER_BYTES);
        e = control_encode(&w, scratch);
        if (e == ERR_OK)
            record_write(&image, writer_view(&w));
    }
    if (e == ERR_OK)
        e = image.failed ? ERR_LIMIT
                         : r->port->flash_replace(r->port->ctx, RECEIPTS_OBJECT,
                                                  bytes_of(r->bytes, image.at));
    r->dirty = e != ERR_OK;
    r->write_failed = e != ERR_OK;
    return e;
}

void receipts_link_down(struct receipts *r)
{
    for (size_t i = 0; i < r->count; i++)
        r->sent_mono_us[i] = NOT_SENT;
}

const loa_Receipt *receipts_next(struct receipts *r, usec_t mono_us, usec_t *ret_next_us)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->sent_mono_us[i] != NOT_SENT && mono_us - r->sent_mono_us[i] < RECEIPTS_AGAIN_US) {
            if (r->sent_mono_us[i] + RECEIPTS_AGAIN_US < *ret_next_us)
                *ret_next_us = r->sent_mono_us[i] + RECEIPTS_AGAIN_US;
            continue;
        }
        r->sent_mono_us[i] = mono_us;
        return &r->held[i];
    }
    return NULL;
}
