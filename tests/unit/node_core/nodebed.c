#include "nodebed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bedport.h"
#include "order.h"
#include "tsync.h"

#define REPORT_US 10000
#define FADE_FRAMES 480

bool bed_in_core;

/* ---- time ---- */

usec_t bed_station_us(const struct bed *b)
{
    return BED_EPOCH_US + b->world_us + b->station_jump_us;
}

static usec_t mono_at(const struct bed *b, int64_t world_us)
{
    int64_t since = world_us - b->mono_since_us;

    return b->mono_base_us + since + (int64_t)floor((double)since * b->node_ppm * 1e-6);
}

usec_t bed_mono_us(const struct bed *b)
{
    return mono_at(b, b->world_us);
}

void bed_set_ppm(struct bed *b, double node_ppm)
{
    b->mono_base_us = bed_mono_us(b);
    b->mono_since_us = b->world_us;
    b->node_ppm = node_ppm;
}

double bed_card_rate(const struct bed *b)
{
    return b->card_rate_hz * (1 + b->card_ppm * 1e-6);
}

static int64_t card_frame_now(const struct bed *b)
{
    return (int64_t)floor((double)(b->world_us - b->card_start_us) * 1e-6 * bed_card_rate(b));
}

static double random_unit(struct bed *b)
{
    b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(b->random >> 11) / (double)(UINT64_C(1) << 53);
}

int64_t bed_link_delay(struct bed *b)
{
    double d = (double)b->delay_us;

    if (b->jitter_us > 0)
        d -= (double)b->jitter_us * log(1 - random_unit(b));
    return (int64_t)d;
}

static enum err port_send(void *ctx, enum frame_type type, struct bytes payload)
{
    struct bed *b = ctx;
    uint8_t reply[TSYNC_REPLY_BYTES];
    int64_t arrives = b->world_us + bed_link_delay(b), now = b->world_us;
    usec_t t1;

    if (!b->linked)
        return ERR_STATE;
    bed_in_core = false;
    if (b->remote != NULL) {
        b->remote(b->remote_ctx, type, payload);
        bed_in_core = true;
        return ERR_OK;
    }
    b->up_at_us = arrives > b->up_at_us ? arrives : b->up_at_us;
    b->world_us = b->up_at_us;
    if (type == FRAME_TIME_REQUEST) {
        assert_int_equal(tsync_read_request(payload, &t1), ERR_OK);
        tsync_write_reply(t1, bed_station_us(b), bed_station_us(b), reply);
        if (b->answers_time)
            bed_say_frame(b, FRAME_TIME_REPLY, bytes_of(reply, sizeof(reply)));
    } else {
        assert_int_equal(type, FRAME_CONTROL);
        bed_hear(b, payload);
    }
    b->world_us = now;
    bed_in_core = true;
    return ERR_OK;
}

/* ---- the rest of the port ---- */

static void port_hang_up(void *ctx)
{
    struct bed *b = ctx;

    b->hang_ups++;
}

static void port_flush(void *ctx)
{
    struct bed *b = ctx;
    int64_t from = card_frame_now(b) + 960;

    b->flushes++;
    if (!b->card_on || from >= b->card_head)
        return;
    for (int64_t f = from - FADE_FRAMES; f < b->card_head; f++)
        if (f >= b->out_from)
            b->out[f - b->out_from] *= f < from ? (float)(from - f) / FADE_FRAMES : 0;
    b->card_head = from;
}

static void port_amplifier(void *ctx, bool on)
{
    struct bed *b = ctx;

    b->amplifier_changes += b->amplifier != on;
    b->amplifier = on;
}

static enum err port_microphone(void *ctx, bool on)
{
    struct bed *b = ctx;

    b->listening = on && b->has_microphone;
    return b->has_microphone ? ERR_OK : ERR_NOT_FOUND;
}

static void port_reboot(void *ctx)
{
    ((struct bed *)ctx)->reboots++;
}

static void port_telemetry(void *ctx, struct node_telemetry *ret)
{
    const struct bed *b = ctx;

    *ret = b->sensors;
    ret->muted_locally |= b->muted_switch;
}

static bool port_wall(void *ctx, usec_t *ret_wall_us)
{
    const struct bed *b = ctx;

    *ret_wall_us = bed_station_us(b) + b->wall_error_us;
    return b->has_wall;
}

static void port_log(void *ctx, int level, const char *event, const char *text)
{
    struct bed *b = ctx;
    size_t have = strlen(b->logged);

    (void)level;
    if (getenv("BED_LOG") != NULL)
        printf("# %10.3f %s %s\n", (double)b->world_us * 1e-6, event, text);
    if (have + strlen(event) + 2 < sizeof(b->logged))
        sprintf(b->logged + have, "%s\n", event);
}

/* ---- life ---- */

void bed_init(struct bed *b, struct bed_flash *flash, struct teststation *station)
{
    *b = (struct bed){.flash = flash,
                      .station = station,
                      .node_id = BED_NODE,
                      .mono_base_us = 5000000,
                      .random = 42,
                      .card_rate_hz = SAMPLE_RATE_HZ,
                      .card_ahead_frames = 4800,
                      .keep_s = BED_KEEP_S,
                      .delay_us = 300,
                      .answers_time = true,
                      .acks_receipts = true,
                      .serves_media = true};
    assert_int_equal(order_signer_new(test_identity_key(&station->signer), &b->signer), ERR_OK);
}

static void start_node(struct bed *b)
{
    struct node_port port = {.ctx = b,
                             .send = port_send,
                             .hang_up = port_hang_up,
                             .flash_read = bed_flash_read,
                             .flash_write = bed_flash_write,
                             .flash_sync = bed_flash_sync,
                             .flash_replace = bed_flash_replace,
                             .flash_rename = bed_flash_rename,
                             .flash_remove = bed_flash_remove,
                             .flash_list = bed_flash_list,
                             .flash_free_bytes = bed_flash_free_bytes,
                             .audio_flush = port_flush,
                             .amplifier = port_amplifier,
                             .microphone = port_microphone,
                             .reboot = port_reboot,
                             .telemetry = port_telemetry,
                             .wall_us = port_wall,
                             .log = port_log};
    struct node_config config = {.id = {b->node_id},
                                 .station = BED_STATION,
                                 .board_boot_id = {1, b->boots},
                                 .ca_der = test_identity_der(&b->station->ca),
                                 .firmware = "test",
                                 .hardware = "bed"};

    assert_int_equal(node_new(&port, &config, bed_mono_us(b), &b->node), ERR_OK);
    b->node_step_us = bed_mono_us(b);
}

void bed_card(struct bed *b, uint32_t rate_hz)
{
    b->card_on = true;
    b->card_rate_hz = rate_hz;
    b->card_start_us = b->world_us;
    b->card_head = 0;
    b->card_next_report_us = b->world_us + REPORT_US;
    free(b->out);
    b->out = NULL;
    b->out_frames = 0;
    b->out_from = 0;
    node_card_reset(b->node, rate_hz, bed_mono_us(b));
}

void bed_card_stop(struct bed *b)
{
    b->card_on = false;
}

void bed_card_slip(struct bed *b, int64_t late_us)
{
    b->card_start_us += late_us;
}

void bed_link(struct bed *b, bool up)
{
    if (up == b->linked)
        return;
    b->linked = up;
    while (b->to_node != NULL) {
        struct bed_frame *f = b->to_node;

        b->to_node = f->next;
        free((void *)(uintptr_t)f->frame.payload.data);
        free(f);
    }
    if (up)
        node_link_up(b->node, bed_mono_us(b));
    else
        node_link_down(b->node, bed_mono_us(b));
    b->node_step_us = bed_mono_us(b);
}

void bed_start(struct bed *b)
{
    start_node(b);
    bed_card(b, b->card_rate_hz);
    bed_link(b, true);
}

void bed_deinit(struct bed *b)
{
    bed_link(b, false);
    node_free(b->node);
    order_signer_free(b->signer);
    free(b->out);
}

void bed_restart(struct bed *b)
{
    bool linked = b->linked;

    bed_link(b, false);
    node_free(b->node);
    start_node(b);
    bed_card(b, b->card_rate_hz);
    bed_link(b, linked);
}

void bed_reboot(struct bed *b, int64_t off_us)
{
    bool linked = b->linked;

    bed_link(b, false);
    node_free(b->node);
    bed_flash_power_cut(b->flash);
    b->world_us += off_us;
    b->boots++;
    b->mono_base_us = 3000000;
    b->mono_since_us = b->world_us;
    start_node(b);
    bed_card(b, b->card_rate_hz);
    bed_link(b, linked);
}

/* ---- the world goes on ---- */

/* Room for the next frames; the oldest half makes way when there is none. */
static void make_place(struct bed *b)
{
    size_t keep = (size_t)b->card_rate_hz * b->keep_s, at = (size_t)(b->card_head - b->out_from);

    if (b->out == NULL) {
        b->out = calloc(2 * keep, sizeof(*b->out));
        assert_non_null(b->out);
        b->out_frames = 2 * keep;
    } else if (at + 480 > b->out_frames) {
        memmove(b->out, b->out + keep, keep * sizeof(*b->out));
        memset(b->out + keep, 0, keep * sizeof(*b->out));
        b->out_from += (int64_t)keep;
    }
}

static void render(struct bed *b)
{
    int64_t until = card_frame_now(b) + b->card_ahead_frames;

    while (b->card_on && b->card_head < until) {
        make_place(b);
        bed_in_core = true;
        node_render(b->node, b->card_head, b->out + (b->card_head - b->out_from), 480,
                    bed_mono_us(b));
        bed_in_core = false;
        b->card_head += 480;
    }
}

static void report(struct bed *b)
{
    double late = (random_unit(b) - 0.5) * (double)b->card_jitter_us;
    int64_t frame = card_frame_now(b) + 480;
    double sounds = bed_time_of(b, (double)frame) - (double)BED_EPOCH_US;

    if (b->card_outlier_us != 0 && random_unit(b) < 0.02)
        late += (double)(random_unit(b) < 0.5 ? b->card_outlier_us : -b->card_outlier_us);
    node_card_position(b->node, frame, mono_at(b, llround(sounds + late)));
    b->card_next_report_us += REPORT_US;
}

static void deliver(struct bed *b)
{
    struct bed_frame *f = b->to_node;
    enum err e;

    b->to_node = f->next;
    bed_in_core = true;
    e = node_receive(b->node, &f->frame, bed_mono_us(b));
    bed_in_core = false;
    if (e != ERR_OK)
        b->receive_error = e;
    b->node_step_us = bed_mono_us(b);
    free((void *)(uintptr_t)f->frame.payload.data);
    free(f);
}

static int64_t world_of_mono(const struct bed *b, usec_t mono_us)
{
    return b->mono_since_us +
           (int64_t)ceil((double)(mono_us - b->mono_base_us) / (1 + b->node_ppm * 1e-6));
}

void bed_run_us(struct bed *b, int64_t us)
{
    int64_t end = b->world_us + us;

    while (b->world_us < end) {
        int64_t next = end, step = world_of_mono(b, b->node_step_us);

        /* There and back a microsecond may be lost; then time must go on all the same. */
        if (step <= b->world_us && bed_mono_us(b) < b->node_step_us)
            step = b->world_us + 1;
        next = step < next ? step : next;
        if (b->card_on && b->card_next_report_us < next)
            next = b->card_next_report_us;
        if (b->to_node != NULL && b->to_node->due_us < next)
            next = b->to_node->due_us;
        b->world_us = next > b->world_us ? next : b->world_us;
        if (b->to_node != NULL && b->to_node->due_us <= b->world_us)
            deliver(b);
        if (b->card_on && b->card_next_report_us <= b->world_us)
            report(b);
        if (bed_mono_us(b) >= b->node_step_us) {
            bed_in_core = true;
            node_step(b->node, bed_mono_us(b), &b->node_step_us);
            bed_in_core = false;
            if (b->node_step_us <= bed_mono_us(b))
                b->node_step_us = bed_mono_us(b) + 50;
        }
        render(b);
    }
}

void bed_run_to(struct bed *b, usec_t station_us)
{
    if (station_us > bed_station_us(b))
        bed_run_us(b, station_us - bed_station_us(b));
}
