/* Whatever a node sends, its session only goes forward, and nothing comes out of one that is over.
 *
 * Input: pieces, each a time step (u8, 20 ms), a length (u8) and so many bytes. */
#include "check.h"
#include "fuzz.h"
#include "session.h"

#define NODE 7

static void judge(const struct session *s, enum session_state before, enum err e,
                  const struct session_event *event, const loa_Bye *bye)
{
    CHECK(s->state >= before);
    if (e == ERR_OK) {
        CHECK(s->state != SESSION_WAIT_HELLO);
        if (before == SESSION_WAIT_HELLO)
            CHECK(event->kind == SESSION_MESSAGE && event->msg.which_body == loa_Msg_hello_tag &&
                  event->msg.body.hello.node_id == NODE);
        if (s->state == SESSION_OVER)
            CHECK(event->msg.which_body == loa_Msg_bye_tag);
        return;
    }
    if (e == ERR_MORE) {
        CHECK(s->state == before);
        return;
    }
    CHECK(s->state == SESSION_OVER);
    if (before != SESSION_OVER)
        CHECK(bye->code != loa_ByeCode_BYE_CODE_NONE && bye->detail[0] != '\0');
    else
        CHECK(e == ERR_STATE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session s;
    static struct session_event event;
    static loa_Bye bye;
    struct reader r;
    usec_t now_us = 0, next_us;

    reader_init(&r, bytes_of(data, size));
    session_init(&s, (struct node_id){NODE}, now_us);
    while (reader_left(&r) > 2) {
        struct bytes piece;
        size_t len;
        enum err e;

        now_us += reader_u8(&r) * INT64_C(20000);
        len = reader_u8(&r);
        piece = reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r));
        do {
            enum session_state before = s.state;

            e = session_receive(&s, &piece, now_us, &event, &bye);
            judge(&s, before, e, &event, &bye);
        } while (e == ERR_OK);
        e = session_check(&s, now_us, &next_us);
        CHECK((e == ERR_STATE) == (s.state == SESSION_OVER));
        CHECK(e != ERR_OK || next_us > now_us);
    }
    session_deinit(&s);
    return 0;
}
