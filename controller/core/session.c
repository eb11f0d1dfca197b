#include "session.h"

#include <stdio.h>

#include "tsync.h"

void session_init(struct session *s, struct node_id node, usec_t now_us)
{
    s->state = SESSION_WAIT_HELLO;
    s->node = node;
    frame_reader_init(&s->frames);
    s->opened_us = now_us;
    s->heard_us = now_us;
    s->budget = SESSION_MESSAGES_PER_S;
    s->budget_us = now_us;
}

void session_deinit(struct session *s)
{
    frame_reader_deinit(&s->frames);
}

static enum err refuse(struct session *s, enum err code, loa_ByeCode bye, const char *detail,
                       loa_Bye *ret_bye)
{
    s->state = SESSION_OVER;
    *ret_bye = (loa_Bye){.code = bye};
    snprintf(ret_bye->detail, sizeof(ret_bye->detail), "%s", detail);
    return code;
}

static bool spend(struct session *s, usec_t now_us)
{
    if (now_us - s->budget_us >= USEC_PER_SEC) {
        s->budget = SESSION_MESSAGES_PER_S;
        s->budget_us = now_us;
    }
    if (s->budget == 0)
        return false;
    s->budget--;
    return true;
}

static enum err take_hello(struct session *s, const loa_Msg *msg, loa_Bye *ret_bye)
{
    const loa_Hello *hello = &msg->body.hello;

    if (msg->which_body != loa_Msg_hello_tag)
        return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                      "the first message must be Hello", ret_bye);
    if (hello->version_min == 0 || hello->version_min > hello->version_max)
        return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                      "Hello names no range of versions", ret_bye);
    if (hello->version_min > PROTOCOL_VERSION || hello->version_max < PROTOCOL_VERSION)
        return refuse(s, ERR_UNSUPPORTED, loa_ByeCode_BYE_CODE_VERSION,
                      "this controller speaks version 1 only", ret_bye);
    if (hello->node_id != s->node.v)
        return refuse(s, ERR_AUTH, loa_ByeCode_BYE_CODE_WRONG_NODE,
                      "node_id differs from the one in the certificate", ret_bye);
    s->state = SESSION_READY;
    return ERR_OK;
}

/* NULL when a node in SESSION_READY may send this, otherwise what is wrong with it. */
static const char *objection(const loa_Msg *msg)
{
    switch (msg->which_body) {
    case loa_Msg_status_tag:
    case loa_Msg_media_state_tag:
    case loa_Msg_order_ack_tag:
    case loa_Msg_level_tag:
    case loa_Msg_bye_tag:
        return NULL;
    case loa_Msg_media_want_tag:
        if (msg->body.media_want.length == 0 ||
            msg->body.media_want.length > SESSION_WANT_BYTES_MAX)
            return "MediaWant.length must be 1..65536";
        return NULL;
    case loa_Msg_stream_join_tag:
        return msg->body.stream_join.stream_id == 0 ? "StreamJoin names no stream" : NULL;
    case loa_Msg_stream_leave_tag:
        return msg->body.stream_leave.stream_id == 0 ? "StreamLeave names no stream" : NULL;
    case loa_Msg_test_result_tag:
        return msg->body.test_result.order_id == 0 ? "TestResult names no order" : NULL;
    case loa_Msg_receipt_tag:
        return msg->body.receipt.receipt_id == 0 ? "Receipt has no receipt_id" : NULL;
    default:
        return "a node does not send this message now";
    }
}

static enum err take_control(struct session *s, struct bytes payload, struct session_event *ret,
                             loa_Bye *ret_bye)
{
    enum err e = control_decode(payload, &ret->msg);
    const char *wrong;

    if (e == ERR_UNSUPPORTED && s->state == SESSION_READY) {
        ret->kind = SESSION_NOTHING; /* a newer peer: PROTOCOL.md says ignore */
        return ERR_OK;
    }
    if (e != ERR_OK)
        return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                      "a control message cannot be read", ret_bye);
    ret->kind = SESSION_MESSAGE;
    if (s->state == SESSION_WAIT_HELLO)
        return take_hello(s, &ret->msg, ret_bye);
    wrong = objection(&ret->msg);
    if (wrong != NULL)
        return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL, wrong, ret_bye);
    if (ret->msg.which_body == loa_Msg_bye_tag)
        s->state = SESSION_OVER;
    return ERR_OK;
}

static enum err take_frame(struct session *s, const struct frame *f, struct session_event *ret,
                           loa_Bye *ret_bye)
{
    switch (f->type) {
    case FRAME_CONTROL:
        return take_control(s, f->payload, ret, ret_bye);
    case FRAME_TIME_REQUEST:
        if (s->state != SESSION_READY)
            return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                          "the first message must be Hello", ret_bye);
        if (tsync_read_request(f->payload, &ret->t1_us) != ERR_OK)
            return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                          "a time request cannot be read", ret_bye);
        ret->kind = SESSION_REPLY_TIME;
        return ERR_OK;
    case FRAME_BUNDLE:
    case FRAME_CHUNK:
    case FRAME_TIME_REPLY:
    case FRAME_NONE:
        break;
    }
    return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL, "a node does not send this frame",
                  ret_bye);
}

enum err session_receive(struct session *s, struct bytes *input, usec_t now_us,
                         struct session_event *ret_event, loa_Bye *ret_bye)
{
    struct frame f;
    enum err e;

    if (s->state == SESSION_OVER)
        return ERR_STATE;
    if (input->len > 0)
        s->heard_us = now_us;
    e = frame_read(&s->frames, input, &f);
    if (e == ERR_MORE)
        return ERR_MORE;
    if (e == ERR_NOMEM)
        return refuse(s, ERR_NOMEM, loa_ByeCode_BYE_CODE_OVERLOADED,
                      "the controller is out of memory", ret_bye);
    if (e != ERR_OK)
        return refuse(s, ERR_FORMAT, loa_ByeCode_BYE_CODE_PROTOCOL,
                      e == ERR_LIMIT ? "a frame is longer than its type allows"
                                     : "a frame header is not one of this protocol",
                      ret_bye);
    if (!spend(s, now_us))
        return refuse(s, ERR_LIMIT, loa_ByeCode_BYE_CODE_OVERLOADED,
                      "more messages in a second than allowed", ret_bye);
    return take_frame(s, &f, ret_event, ret_bye);
}

enum err session_check(const struct session *s, usec_t now_us, usec_t *ret_next_us)
{
    usec_t due;

    if (s->state == SESSION_OVER)
        return ERR_STATE;
    due = s->state == SESSION_WAIT_HELLO ? s->opened_us + SESSION_HELLO_TIMEOUT_US
                                         : s->heard_us + SESSION_SILENCE_US;
    if (now_us >= due)
        return ERR_TIMEOUT;
    *ret_next_us = due;
    return ERR_OK;
}

enum err session_write(struct writer *w, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer body;
    enum err e;

    writer_init(&body, payload, sizeof(payload));
    e = control_encode(&body, msg);
    if (e != ERR_OK)
        return e;
    return frame_write(w, FRAME_CONTROL, writer_view(&body));
}
