#include "simfleet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "tsync.h"

#define VIOLATIONS_SHOWN 5
#define BUFFER_US (SIM_STREAM_AHEAD_US - 300 * USEC_PER_MSEC)
#define CLOSING_US (BROADCAST_RECEIPT_GRACE_US + 15 * USEC_PER_SEC)
#define CLOCK_BYTES 8 /* node.c: two rates, ppb */
#define NEW_ONE_IN 10 /* nodes: never ran before */
#define LATE_JOIN_US (SIM_STREAM_AHEAD_US / 2)

struct at_node {
    struct simfleet *fleet;
    size_t node;
};

void simfleet_violation(struct simfleet *f, size_t node, const char *fmt, ...)
{
    char text[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    f->results->violations++;
    if (f->violations++ < VIOLATIONS_SHOWN)
        printf("# VIOLATION seed %llu at %.3f s, node %zu: %s\n", (unsigned long long)f->seed,
               (double)f->now_us * 1e-6, node + 1, text);
}

double simfleet_between(struct simfleet *f, double lo, double hi)
{
    return lo + (hi - lo) * (double)prop_range(&f->random, 0, 1000000) * 1e-6;
}

/* ---- what passes between the ends ---- */

static struct sim_part *part_of_order(struct simfleet *f, size_t node, uint64_t order,
                                      bool *ret_stop)
{
    for (size_t i = 0; i < f->station.broadcast_count; i++) {
        const struct broadcast_target *t =
            broadcast_target(&f->station.broadcasts[i].b, (struct node_id){(uint32_t)node + 1});

        if (t == NULL || order == 0 || (t->order.v != order && t->stop.v != order))
            continue;
        *ret_stop = t->stop.v == order;
        return &f->nodes[node].parts[i];
    }
    return NULL;
}

static void watch_node(struct simfleet *f, size_t node, struct bytes payload)
{
    struct sim_node *n = &f->nodes[node];
    static loa_Msg m;
    struct sim_part *part;
    bool stop;

    assert_int_equal(control_decode(payload, &m), ERR_OK);
    if (m.which_body == loa_Msg_order_ack_tag) {
        part = part_of_order(f, node, m.body.order_ack.order_id, &stop);
        if (m.body.order_ack.verdict == loa_Verdict_VERDICT_BAD_SIGNATURE)
            f->results->forged_refused++;
        else if (part == NULL)
            simfleet_violation(f, node, "answers an order that was not given");
        else if (m.body.order_ack.verdict != loa_Verdict_VERDICT_ACCEPTED)
            part->refused = true;
        else if (stop && part->stop_acked_us == 0)
            part->stop_acked_us = n->bed.world_us;
        else if (!stop && part->acked_us == 0)
            part->acked_us = n->bed.world_us;
    } else if (m.which_body == loa_Msg_media_state_tag &&
               m.body.media_state.result == loa_MediaResult_MEDIA_RESULT_CACHED) {
        for (size_t i = 0; i < SIM_RECORDINGS; i++)
            if (memcmp(m.body.media_state.sha256, f->recordings[i].sha256, SHA256_BYTES) == 0)
                n->cached_us[i] = n->bed.world_us;
    }
}

static void from_node(void *ctx, enum frame_type type, struct bytes payload)
{
    const struct at_node *a = ctx;
    struct sim_node *n = &a->fleet->nodes[a->node];
    uint8_t bytes[FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX];
    struct writer w;

    if (type == FRAME_CONTROL)
        watch_node(a->fleet, a->node, payload);
    writer_init(&w, bytes, sizeof(bytes));
    assert_int_equal(frame_write(&w, type, payload), ERR_OK);
    simnet_send(&n->up, writer_view(&w), n->bed.world_us);
    if (n->up.arrived_us - n->bed.world_us > LATE_JOIN_US)
        n->late_join_us = n->up.arrived_us;
}

static void watch_station(struct simfleet *f, size_t node, struct bytes payload, int64_t due_us)
{
    static loa_Msg m;
    static loa_OrderBody body;
    bool stop = false;
    struct sim_part *part;

    assert_int_equal(control_decode(payload, &m), ERR_OK);
    if (m.which_body != loa_Msg_order_tag)
        return;
    assert_int_equal(
        control_decode_order(bytes_of(m.body.order.body.bytes, m.body.order.body.size), &body),
        ERR_OK);
    part = part_of_order(f, node, body.order_id, &stop);
    if (part == NULL)
        return; /* forged */
    if (stop && part->stop_at_us == 0)
        part->stop_at_us = due_us;
    else if (!stop && part->order_at_us == 0)
        part->order_at_us = due_us;
}

static void from_station(void *ctx, size_t node, enum frame_type type, struct bytes payload)
{
    struct simfleet *f = ctx;
    struct sim_node *n = &f->nodes[node];
    int64_t now = f->station.now_us - BED_EPOCH_US, due;

    if (!n->linked)
        return;
    due = simnet_arrival(&n->down, now);
    if (due - now > BUFFER_US)
        n->late_us = due;
    if (type == FRAME_CONTROL)
        watch_station(f, node, payload, due);
    bed_deliver(&n->bed, due, type, payload);
}

/* ---- making a fleet ---- */

static void make_broadcast(struct simfleet *f, size_t at, usec_t around_us)
{
    struct simstation_broadcast *sb = &f->station.broadcasts[at];
    struct node_id targets[SIM_NODES_MAX];
    size_t count = 0;

    sb->recording = &f->recordings[at];
    sb->offered = f->calm ? prop_range(&f->random, 0, 3) > 0 : prop_range(&f->random, 0, 1) == 0;
    sb->b = (struct broadcast){.id = {at + 100},
                               .priority = (enum priority)prop_range(&f->random, 1, 3),
                               .start_us = around_us,
                               .duration_ms = sb->recording->duration_ms,
                               .repeats = (uint32_t)prop_range(&f->random, 1, 2),
                               .pause_ms = (uint32_t)prop_range(&f->random, 0, 2000),
                               .rank = (uint32_t)prop_range(&f->random, 0, 2),
                               .cuts_equal = prop_one_in(&f->random, 4),
                               .stream = {(uint32_t)at + 50},
                               .media_count = 1};
    if (at > 0)
        sb->b.start_us += prop_range(&f->random, -15000, 15000) * USEC_PER_MSEC;
    memcpy(sb->b.media[0].media.sha256, sb->recording->sha256, SHA256_BYTES);
    sb->b.media[0].kind = PART_MEDIA;
    sb->b.media[0].duration_ms = sb->recording->duration_ms;
    if (prop_one_in(&f->random, 5))
        sb->b.expires_us =
            sb->b.start_us + prop_range(&f->random, 1, sb->recording->duration_ms) * USEC_PER_MSEC;
    for (uint32_t i = 0; i < f->count; i++)
        if (at == 0 || !prop_one_in(&f->random, 4))
            targets[count++] = (struct node_id){i + 1};
    assert_int_equal(broadcast_set_targets(&sb->b, targets, count), ERR_OK);
}

static void make_programme(struct simfleet *f)
{
    /* Half the fleets have just been switched on, the others have run for a while. */
    int64_t lead_s = prop_one_in(&f->random, 2) ? prop_range(&f->random, 25, 60)
                                                : prop_range(&f->random, 190, 240);
    usec_t around = BED_EPOCH_US + lead_s * USEC_PER_SEC + prop_range(&f->random, 0, 999999);
    usec_t over = 0;

    f->station.broadcast_count = (size_t)prop_range(&f->random, 1, SIM_BROADCASTS_MAX);
    for (size_t i = 0; i < f->station.broadcast_count; i++) {
        make_broadcast(f, i, around);
        if (broadcast_over_us(&f->station.broadcasts[i].b) > over)
            over = broadcast_over_us(&f->station.broadcasts[i].b);
    }
    f->calm_from_us = over - BED_EPOCH_US;
    f->end_us = f->calm_from_us + CLOSING_US;
    f->cancel_at = SIM_BROADCASTS_MAX;
    if (prop_one_in(&f->random, 4)) {
        f->cancel_at = (size_t)prop_range(&f->random, 0, SIM_BROADCASTS_MAX - 1);
        f->cancel_us = around - BED_EPOCH_US + prop_range(&f->random, -20000, 12000) * 1000;
    }
    /* Sound is allowed until the minute in which the first broadcast starts or the next one. */
    if (prop_one_in(&f->random, 5)) {
        struct station_policy *p = &f->station.station.policy;
        int64_t minute =
            (around / USEC_PER_MIN + f->station.station.utc_offset_min) % WINDOW_DAY_MIN;

        p->allowed_from_min = (uint16_t)((minute + WINDOW_DAY_MIN - 600) % WINDOW_DAY_MIN);
        p->allowed_to_min = (uint16_t)((minute + prop_range(&f->random, 0, 1)) % WINDOW_DAY_MIN);
    }
}

/* What an earlier run of the program left: how far off its crystal is, about. */
static void give_past(struct simfleet *f, struct sim_node *n)
{
    double skew_ppm = -n->crystal_ppm + simfleet_between(f, -3, 3);
    uint8_t payload[CLOCK_BYTES], bytes[RECORD_HEADER_BYTES + CLOCK_BYTES];
    struct writer w;

    writer_init(&w, payload, sizeof(payload));
    writer_u32(&w, (uint32_t)(int32_t)lround(skew_ppm * 1000));
    writer_u32(&w, (uint32_t)INT32_MIN);
    writer_init(&w, bytes, sizeof(bytes));
    record_write(&w, bytes_of(payload, sizeof(payload)));
    bed_flash_put(&n->flash, "clock", bytes, sizeof(bytes));
}

static void make_node(struct simfleet *f, size_t at, struct at_node *where,
                      const struct teststation *identity)
{
    struct sim_node *n = &f->nodes[at];

    bed_flash_init(&n->flash);
    bed_init(&n->bed, &n->flash, (struct teststation *)(uintptr_t)identity);
    *where = (struct at_node){f, at};
    n->bed.remote = from_node;
    n->bed.remote_ctx = where;
    n->bed.node_id = (uint32_t)at + 1;
    n->bed.random = prop_next(&f->random);
    n->bed.mono_base_us = prop_range(&f->random, 1, 1000000) * USEC_PER_SEC;
    n->bed.node_ppm = n->crystal_ppm = simfleet_between(f, -100, 100);
    n->bed.card_ppm = simfleet_between(f, -200, 200);
    n->bed.card_jitter_us = prop_range(&f->random, 0, 1000);
    if (!prop_one_in(&f->random, NEW_ONE_IN))
        give_past(f, n);
    simnet_init(&n->up, &f->random, true);
    simnet_init(&n->down, &f->random, true);
    n->linked = true;
    simstation_connected(&f->station, at, BED_EPOCH_US);
    bed_start(&n->bed);
}

/* The port stops a card that is not wanted and opens it again in time. */
static void switch_card(struct sim_node *n)
{
    bool busy = node_is_busy(n->bed.node);

    if (busy && !n->bed.card_on)
        bed_card(&n->bed, SAMPLE_RATE_HZ);
    else if (!busy && n->bed.card_on)
        bed_card_stop(&n->bed);
}

static void step(struct simfleet *f)
{
    int64_t to = f->now_us + SIM_STEP_US;
    struct simnet_piece *piece;

    for (size_t i = 0; i < f->count; i++) {
        struct sim_node *n = &f->nodes[i];
        bool alive = true;

        if (n->asleep_until_us > f->now_us) {
            n->bed.world_us = to;
            continue;
        }
        switch_card(n);
        bed_run_us(&n->bed, to - n->bed.world_us);
        while (n->linked && (piece = simnet_take(&n->up, to)) != NULL) {
            alive = alive && simstation_receive(&f->station, i, bytes_of(piece->data, piece->len),
                                                BED_EPOCH_US + piece->due_us);
            if (!alive && n->babbled)
                f->station.broken = NULL;
            free(piece);
        }
        if (n->bed.receive_error != ERR_OK)
            simfleet_violation(f, i, "refused a frame: %s", err_name(n->bed.receive_error));
        n->bed.receive_error = ERR_OK;
        f->now_us = to;
        if (n->linked && (!alive || n->hang_ups != n->bed.hang_ups))
            simfaults_unlink(f, i, USEC_PER_SEC);
        n->hang_ups = n->bed.hang_ups;
        if (!n->linked && to >= n->link_again_us)
            simfaults_link(f, i);
        f->now_us = to - SIM_STEP_US;
    }
    f->now_us = to;
    simstation_step(&f->station, BED_EPOCH_US + to);
    if (f->station.broken != NULL)
        simfleet_violation(f, 0, "%s", f->station.broken);
    f->station.broken = NULL;
}

void simfleet_run(uint64_t seed, const struct teststation *identity,
                  const struct recording recordings[SIM_RECORDINGS], struct sim_results *results)
{
    struct at_node where[SIM_NODES_MAX];
    struct simfleet f = {.seed = seed,
                         .random = {.state = seed * 2 + 1, .seed = seed},
                         .calm = seed % 4 == 0,
                         .recordings = recordings,
                         .results = results};

    f.count = (size_t)prop_range(&f.random, 5, SIM_NODES_MAX);
    f.nodes = calloc(f.count, sizeof(*f.nodes));
    assert_non_null(f.nodes);
    simstation_init(&f.station, identity, &f.random, f.count);
    f.station.send = from_station;
    f.station.ctx = &f;
    f.station.loses_chunks = !f.calm;
    make_programme(&f);
    for (size_t i = 0; i < f.count; i++)
        make_node(&f, i, &where[i], identity);
    while (f.now_us < f.end_us) {
        step(&f);
        simcheck_step(&f);
        if (f.now_us % USEC_PER_SEC == 0)
            simfaults_every_second(&f);
    }
    simcheck_end(&f);
    for (size_t i = 0; i < f.count; i++) {
        simnet_drop(&f.nodes[i].up);
        bed_deinit(&f.nodes[i].bed);
        bed_flash_deinit(&f.nodes[i].flash);
    }
    simstation_deinit(&f.station);
    free(f.nodes);
}
