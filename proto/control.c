#include "control.h"

#include <string.h>

#include "pb_common.h"
#include "pb_decode.h"
#include "pb_encode.h"
#include "utf8.h"

#define ORDER_REPEATS_MAX 10

/* Debian builds nanopb without its UTF-8 check, and control characters have no place in names and
 * sentences either; so every string of a decoded message is looked at here. */
static bool strings_are_text(const pb_msgdesc_t *desc, void *msg)
{
    pb_field_iter_t it;

    if (!pb_field_iter_begin(&it, desc, msg))
        return true;
    do {
        if (PB_LTYPE(it.type) == PB_LTYPE_STRING) {
            const char *s = it.pData;

            if (!utf8_valid(s, strlen(s), false))
                return false;
        } else if (PB_HTYPE(it.type) == PB_HTYPE_ONEOF && PB_LTYPE_IS_SUBMSG(it.type)) {
            if (*(const pb_size_t *)it.pSize == it.tag &&
                !strings_are_text(it.submsg_desc, it.pData))
                return false;
        }
    } while (pb_field_iter_next(&it));
    return true;
}

static enum err encode(struct writer *w, const pb_msgdesc_t *desc, const void *msg)
{
    pb_ostream_t out;

    if (w->failed)
        return ERR_LIMIT;
    out = pb_ostream_from_buffer(w->data + w->at, w->size - w->at);
    if (!pb_encode(&out, desc, msg)) {
        w->failed = true;
        return ERR_LIMIT;
    }
    w->at += out.bytes_written;
    return ERR_OK;
}

static enum err decode(struct bytes payload, const pb_msgdesc_t *desc, void *ret_msg)
{
    pb_istream_t in = pb_istream_from_buffer(payload.data, payload.len);

    if (!pb_decode(&in, desc, ret_msg))
        return ERR_FORMAT;
    return strings_are_text(desc, ret_msg) ? ERR_OK : ERR_FORMAT;
}

enum err control_encode(struct writer *w, const loa_Msg *msg)
{
    size_t start = w->at;
    enum err e;

    if (msg->which_body == 0)
        return ERR_FORMAT;
    e = encode(w, loa_Msg_fields, msg);
    if (e == ERR_OK && w->at - start > CONTROL_BYTES_MAX) {
        w->failed = true;
        return ERR_LIMIT;
    }
    return e;
}

enum err control_decode(struct bytes payload, loa_Msg *ret_msg)
{
    enum err e;

    if (payload.len > CONTROL_BYTES_MAX)
        return ERR_FORMAT;
    *ret_msg = (loa_Msg)loa_Msg_init_zero;
    e = decode(payload, loa_Msg_fields, ret_msg);
    if (e != ERR_OK)
        return e;
    return ret_msg->which_body == 0 ? ERR_UNSUPPORTED : ERR_OK;
}

enum err control_encode_order(struct writer *w, const loa_OrderBody *body)
{
    return encode(w, loa_OrderBody_fields, body);
}

static bool order_is_sound(const loa_OrderBody *b)
{
    if (b->order_id == 0 || b->kind <= loa_OrderKind_ORDER_KIND_NONE ||
        b->kind > _loa_OrderKind_MAX)
        return false;
    if (b->priority < _loa_Priority_MIN || b->priority > _loa_Priority_MAX)
        return false;
    if (b->repeats > ORDER_REPEATS_MAX || b->issued_us < 0 || b->start_us < 0 || b->expires_us < 0)
        return false;
    if (b->kind != loa_OrderKind_ORDER_KIND_PLAY)
        return true;
    return b->broadcast_id != 0 && b->priority != loa_Priority_PRIORITY_NONE &&
           b->start_us < b->expires_us && (b->items_count > 0 || b->stream_id != 0);
}

enum err control_decode_order(struct bytes body, loa_OrderBody *ret_body)
{
    enum err e;

    *ret_body = (loa_OrderBody)loa_OrderBody_init_zero;
    e = decode(body, loa_OrderBody_fields, ret_body);
    if (e != ERR_OK)
        return e;
    return order_is_sound(ret_body) ? ERR_OK : ERR_FORMAT;
}

const char *control_name(const loa_Msg *msg)
{
    static const char *const names[] = {
        [loa_Msg_enrol_request_tag] = "enrol_request",
        [loa_Msg_enrol_reply_tag] = "enrol_reply",
        [loa_Msg_hello_tag] = "hello",
        [loa_Msg_welcome_tag] = "welcome",
        [loa_Msg_settings_tag] = "settings",
        [loa_Msg_status_tag] = "status",
        [loa_Msg_media_offer_tag] = "media_offer",
        [loa_Msg_media_want_tag] = "media_want",
        [loa_Msg_media_state_tag] = "media_state",
        [loa_Msg_media_gone_tag] = "media_gone",
        [loa_Msg_order_tag] = "order",
        [loa_Msg_order_ack_tag] = "order_ack",
        [loa_Msg_stream_join_tag] = "stream_join",
        [loa_Msg_stream_leave_tag] = "stream_leave",
        [loa_Msg_receipt_tag] = "receipt",
        [loa_Msg_receipt_ack_tag] = "receipt_ack",
        [loa_Msg_bye_tag] = "bye",
        [loa_Msg_test_result_tag] = "test_result",
        [loa_Msg_meter_tag] = "meter",
        [loa_Msg_level_tag] = "level",
    };

    if (msg->which_body >= sizeof(names) / sizeof(names[0]) || names[msg->which_body] == NULL)
        return "unknown";
    return names[msg->which_body];
}
