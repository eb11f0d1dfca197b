/* A message that decodes can be encoded, and then decodes to the same. The first byte chooses between a
 * message and the body of an order. */
#include <string.h>

#include "check.h"
#include "control.h"
#include "fuzz.h"

static void judge_msg(struct bytes payload)
{
    static uint8_t once[CONTROL_BYTES_MAX], twice[CONTROL_BYTES_MAX];
    static loa_Msg msg;
    struct writer a, b;
    enum err e = control_decode(payload, &msg);

    CHECK(e == ERR_OK || e == ERR_FORMAT || e == ERR_UNSUPPORTED);
    if (e != ERR_OK)
        return;
    CHECK(strcmp(control_name(&msg), "unknown") != 0);
    writer_init(&a, once, sizeof(once));
    CHECK(control_encode(&a, &msg) == ERR_OK);
    CHECK(control_decode(writer_view(&a), &msg) == ERR_OK);
    writer_init(&b, twice, sizeof(twice));
    CHECK(control_encode(&b, &msg) == ERR_OK);
    CHECK(bytes_equal(writer_view(&a), writer_view(&b)));
}

static void judge_order(struct bytes payload)
{
    static uint8_t once[CONTROL_BYTES_MAX], twice[CONTROL_BYTES_MAX];
    static loa_OrderBody body;
    struct writer a, b;
    enum err e = control_decode_order(payload, &body);

    CHECK(e == ERR_OK || e == ERR_FORMAT);
    if (e != ERR_OK)
        return;
    CHECK(body.order_id != 0 && body.repeats <= 10);
    if (body.kind == loa_OrderKind_ORDER_KIND_PLAY)
        CHECK(body.start_us < body.expires_us);
    writer_init(&a, once, sizeof(once));
    CHECK(control_encode_order(&a, &body) == ERR_OK);
    CHECK(control_decode_order(writer_view(&a), &body) == ERR_OK);
    writer_init(&b, twice, sizeof(twice));
    CHECK(control_encode_order(&b, &body) == ERR_OK);
    CHECK(bytes_equal(writer_view(&a), writer_view(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (data[0] % 2 == 0)
        judge_msg(bytes_of(data + 1, size - 1));
    else
        judge_order(bytes_of(data + 1, size - 1));
    return 0;
}
