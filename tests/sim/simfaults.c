#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "simfleet.h"

#define WANDER_PPM_PER_MIN 0.1
#define QUIET_START_US (10 * USEC_PER_SEC)
#define FORGED 1000000 /* added to a number that was given */

void simfaults_unlink(struct simfleet *f, size_t node, int64_t away_us)
{
    struct sim_node *n = &f->nodes[node];

    if (!n->linked)
        return;
    n->linked = n->babbled = false;
    n->link_again_us = f->now_us + away_us;
    if (n->link_again_us > f->calm_from_us && f->now_us < f->calm_from_us)
        n->link_again_us = f->calm_from_us;
    bed_link(&n->bed, false);
    simnet_drop(&n->up);
    simnet_drop(&n->down);
    n->bed.down_at_us = 0;
    /* Either the station hears of it, or it finds out by the silence or the next connection. */
    if (prop_one_in(&f->random, 2))
        simstation_lost(&f->station, node);
    f->results->drops++;
}

void simfaults_link(struct simfleet *f, size_t node)
{
    struct sim_node *n = &f->nodes[node];

    n->linked = true;
    n->linked_us = f->now_us;
    simstation_connected(&f->station, node, BED_EPOCH_US + f->now_us);
    bed_link(&n->bed, true);
}

static int64_t short_while_us(struct simfleet *f)
{
    return prop_range(&f->random, 1000, 5000) * USEC_PER_MSEC;
}

static void restart_node(struct simfleet *f, size_t node)
{
    struct sim_node *n = &f->nodes[node];

    simfaults_unlink(f, node, short_while_us(f));
    bed_restart(&n->bed);
    n->born_us = f->now_us;
    f->results->restarts++;
}

/* The board is suspended. CLOCK_BOOTTIME goes on meanwhile, the port's clock with it. */
static void suspend_node(struct simfleet *f, size_t node)
{
    struct sim_node *n = &f->nodes[node];
    int64_t asleep_us = prop_range(&f->random, 1, 40) * USEC_PER_SEC;

    simfaults_unlink(f, node, asleep_us + short_while_us(f));
    bed_card_stop(&n->bed);
    n->asleep_until_us = n->born_us = f->now_us + asleep_us;
    f->results->suspends++;
}

/* A valid order, but for what was changed in it after it was signed. */
static void forge_order(struct simfleet *f, size_t node)
{
    struct simstation_broadcast *sb = &f->station.broadcasts[0];
    loa_Msg m = {.which_body = loa_Msg_order_tag, .body.order = sb->orders[node]};
    loa_Order *o = &m.body.order;
    static loa_OrderBody body;
    uint8_t payload[CONTROL_BYTES_MAX];
    struct writer w;

    if (o->body.size == 0 || !f->nodes[node].linked || !f->station.links[node].ready)
        return;
    assert_int_equal(control_decode_order(bytes_of(o->body.bytes, o->body.size), &body), ERR_OK);
    body.order_id += FORGED;
    body.broadcast_id += FORGED;
    body.priority = loa_Priority_PRIORITY_EMERGENCY;
    body.start_us = BED_EPOCH_US + f->now_us + 3 * USEC_PER_SEC;
    body.expires_us = body.start_us + USEC_PER_HOUR;
    writer_init(&w, o->body.bytes, sizeof(o->body.bytes));
    assert_int_equal(control_encode_order(&w, &body), ERR_OK);
    o->body.size = (pb_size_t)writer_view(&w).len;
    writer_init(&w, payload, sizeof(payload));
    assert_int_equal(control_encode(&w, &m), ERR_OK);
    f->station.now_us = BED_EPOCH_US + f->now_us;
    f->station.send(f->station.ctx, node, FRAME_CONTROL, writer_view(&w));
    f->results->forged++;
}

/* A node that sends what no node should: its session ends, and nobody else notices. */
static void babble(struct simfleet *f, size_t node)
{
    struct sim_node *n = &f->nodes[node];
    uint8_t noise[64];

    if (!n->linked)
        return;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)prop_next(&f->random);
    n->babbled = true;
    simnet_send(&n->up, bytes_of(noise, sizeof(noise)), f->now_us);
    f->results->babbles++;
}

static void misfortune(struct simfleet *f, size_t node)
{
    if (f->nodes[node].asleep_until_us > f->now_us)
        return;
    if (prop_one_in(&f->random, 90))
        simfaults_unlink(f, node, short_while_us(f));
    else if (prop_one_in(&f->random, 900))
        simfaults_unlink(f, node, prop_range(&f->random, 20, 120) * USEC_PER_SEC);
    else if (prop_one_in(&f->random, 300))
        restart_node(f, node);
    else if (prop_one_in(&f->random, 900))
        suspend_node(f, node);
    else if (prop_one_in(&f->random, 300))
        babble(f, node);
    else if (prop_one_in(&f->random, 60))
        forge_order(f, node);
}

/* The controller starts again: it knows what is in its database, and station time goes on, because it is
 * the wall clock's; the links are gone. */
static void restart_station(struct simfleet *f)
{
    for (size_t i = 0; i < f->count; i++) {
        simfaults_unlink(f, i, short_while_us(f));
        simstation_lost(&f->station, i);
    }
    f->results->station_restarts++;
}

static void cancel_when_due(struct simfleet *f)
{
    struct simstation_broadcast *sb = &f->station.broadcasts[f->cancel_at];

    if (f->cancel_at >= f->station.broadcast_count || f->cancel_us == 0 || f->now_us < f->cancel_us)
        return;
    f->cancel_us = 0;
    if (broadcast_cancel(&sb->b, BED_EPOCH_US + f->now_us) == ERR_OK)
        f->results->cancelled++;
    sb->next_us = 0;
}

void simfaults_every_second(struct simfleet *f)
{
    double step = WANDER_PPM_PER_MIN / sqrt(60) * sqrt(3);
    bool faults = !f->calm && f->now_us > QUIET_START_US && f->now_us < f->calm_from_us;

    for (size_t i = 0; i < f->count; i++) {
        struct sim_node *n = &f->nodes[i];

        n->crystal_ppm += simfleet_between(f, -step, step);
        bed_set_ppm(&n->bed, n->crystal_ppm);
        if (faults)
            misfortune(f, i);
    }
    if (faults && prop_one_in(&f->random, 300))
        restart_station(f);
    cancel_when_due(f);
}
