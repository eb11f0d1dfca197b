#include "onairbed.h"

#include <stdio.h>
#include <string.h>

#include "store_node.h"

struct onairbed bed;

static enum err send_to(void *ctx, struct node_id node, const loa_Msg *msg)
{
    struct onairbed *b = ctx;

    if (msg->which_body == loa_Msg_order_tag)
        b->orders[node.v]++;
    if (msg->which_body == loa_Msg_media_offer_tag)
        b->offers[node.v]++;
    if (msg->which_body == loa_Msg_receipt_ack_tag && b->acked != NULL)
        b->acked(node, msg->body.receipt_ack.receipt_id);
    return ERR_OK;
}

static enum err send_to_many(void *ctx, const struct node_id *nodes, size_t count,
                             const loa_Msg *msg)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = send_to(ctx, nodes[i], msg);
    return e;
}

static enum err stream_start(void *ctx, const struct broadcast *b, struct err_detail *detail)
{
    (void)ctx;
    (void)b;
    (void)detail;
    return ERR_OK;
}

static void stream_stop(void *ctx, struct stream_id stream)
{
    (void)ctx;
    (void)stream;
}

static enum err stream_join(void *ctx, struct node_id node, struct stream_id stream)
{
    (void)ctx;
    (void)node;
    (void)stream;
    return ERR_OK;
}

static void missed(void *ctx, struct node_id node)
{
    (void)node;
    ((struct onairbed *)ctx)->missed++;
}

static void make_onair(usec_t now_us)
{
    const struct onair_config config = {
        .db = bed.store->db,
        .registry = bed.registry,
        .station = &bed.station,
        .signer = bed.signer,
        .ports = {&bed, send_to, send_to_many, stream_start, stream_stop, stream_join, missed},
    };

    assert_ok(onair_new(&config, now_us, &bed.onair));
}

void onairbed_restart(usec_t now_us)
{
    onair_free(bed.onair);
    make_onair(now_us);
}

int onairbed_begin_on(void **state, int (*store_setup)(void **state))
{
    if (store_setup(state) != 0)
        return -1;
    memset(&bed, 0, sizeof(bed));
    bed.store = *state;
    storefix_fill(bed.store, &bed.sample);
    /* By hand, so that no planning changes its mind about it. */
    storefix_tamper(bed.store, "UPDATE broadcast SET event = NULL; UPDATE event SET cancelled = 1");
    teststation_init(&bed.keys);
    assert_ok(order_signer_new(test_identity_key(&bed.keys.signer), &bed.signer));
    assert_ok(registry_new(&bed.registry));
    snprintf(bed.station.code, sizeof(bed.station.code), "27148");
    for (size_t i = 0; i < 3; i++) {
        struct node_record record;

        assert_ok(store_node_get(bed.store->db, bed.sample.nodes[i], &record));
        assert_ok(registry_put(bed.registry, &record));
        registry_find(bed.registry, record.id)->live.ready = true;
    }
    make_onair(ONAIRBED_US);
    return 0;
}

int onairbed_begin(void **state)
{
    return onairbed_begin_on(state, storefix_setup);
}

static void release(void)
{
    onair_free(bed.onair);
    registry_free(bed.registry);
    order_signer_free(bed.signer);
    teststation_deinit(&bed.keys);
}

int onairbed_end(void **state)
{
    release();
    return storefix_teardown(state);
}

int onairbed_end_on(void **state, int (*store_teardown)(void **state))
{
    release();
    return store_teardown(state);
}
