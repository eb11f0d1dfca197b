#include "board.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "amplifier.h"
#include "audio_feed.h"
#include "audio_null.h"
#include "audio_portaudio.h"
#include "audio_wav.h"
#include "digest.h"
#include "enrolment.h"
#include "flash.h"
#include "identity.h"
#include "log.h"
#include "microphone.h"
#include "mono.h"
#include "node.h"
#include "state_dir.h"
#include "telemetry.h"
#include "uplink.h"
#include "wall.h"
#include "watchdog.h"

struct board {
    const struct node_options *options;
    const struct node_ini *ini;
    uv_loop_t loop;
    uv_timer_t round;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    struct state_dir state;
    struct identity identity;
    struct audio_ring ring;
    struct audio_out *out;
    struct audio_feed feed;
    struct telemetry telemetry;
    struct watchdog watchdog;
    struct uplink uplink;
    struct node *node;
    struct amplifier amplifier;
    struct microphone microphone;
    usec_t feed_mono_us; /* when the next audio_feed_run() is due */
    uint64_t rounds; /* of node_step() */
    enum err flash_error; /* of the last write */
    char hardware[64];
    char serial[64];
};

/* ---- what the core asks for (port.h) ---- */

static enum err port_send(void *ctx, enum frame_type type, struct bytes payload)
{
    return uplink_send(&((struct board *)ctx)->uplink, type, payload);
}

static void port_hang_up(void *ctx)
{
    uplink_hang_up(&((struct board *)ctx)->uplink);
}

static struct flash *objects(void *ctx)
{
    return &((struct board *)ctx)->state.objects;
}

/* Remembered for telemetry. */
static enum err note_write(void *ctx, enum err e)
{
    ((struct board *)ctx)->flash_error = e;
    return e;
}

static enum err port_read(void *ctx, const char *name, uint64_t offset, void *ret_data, size_t size,
                          size_t *ret_len)
{
    return flash_read(objects(ctx), name, offset, ret_data, size, ret_len);
}

static enum err port_write(void *ctx, const char *name, uint64_t offset, struct bytes data)
{
    return note_write(ctx, flash_write(objects(ctx), name, offset, data));
}

static enum err port_sync(void *ctx, const char *name)
{
    return flash_sync(objects(ctx), name);
}

static enum err port_replace(void *ctx, const char *name, struct bytes data)
{
    return note_write(ctx, flash_replace(objects(ctx), name, data));
}

static enum err port_rename(void *ctx, const char *from, const char *to)
{
    return flash_rename(objects(ctx), from, to);
}

static enum err port_remove(void *ctx, const char *name)
{
    return flash_remove(objects(ctx), name);
}

static enum err port_list(void *ctx, const char *prefix,
                          void (*each)(void *arg, const char *name, uint64_t size_bytes), void *arg)
{
    return flash_list(objects(ctx), prefix, each, arg);
}

static uint64_t port_free_bytes(void *ctx)
{
    return flash_free_bytes(objects(ctx));
}

static void port_audio_flush(void *ctx)
{
    audio_feed_flush(&((struct board *)ctx)->feed);
}

static void port_amplifier(void *ctx, bool on)
{
    amplifier_switch(&((struct board *)ctx)->amplifier, on, mono_now_us());
}

static enum err port_microphone(void *ctx, bool on)
{
    struct board *b = (struct board *)ctx;
    const char *spec = b->options->microphone != NULL ? b->options->microphone : b->ini->microphone;
    struct err_detail why = {0};
    enum err e;

    if (!on || spec[0] == '\0') {
        microphone_close(&b->microphone);
        return on ? ERR_NOT_FOUND : ERR_OK;
    }
    e = microphone_open(&b->microphone, spec, &why);
    if (e != ERR_OK)
        log_event(LOG_WARN, "microphone.not_opened", "why=%s", LOG_TEXT(why.text));
    return e;
}

static void on_uplink_stopped(void *ctx);

/* Without a command the program ends, and who watches over it starts it again. */
static void port_reboot(void *ctx)
{
    struct board *b = (struct board *)ctx;
    const char *command = b->ini->reboot_command;
    char *const argv[] = {(char *)(uintptr_t)command, NULL};
    pid_t pid;

    log_event(LOG_WARN, "node.rebooting", "command=%s", LOG_TEXT(command));
    if (command[0] != '\0' && posix_spawn(&pid, command, NULL, NULL, argv, environ) != 0)
        log_event(LOG_ERROR, "node.reboot_failed", "command=%s", LOG_TEXT(command));
    uv_signal_stop(&b->interrupt);
    uv_signal_stop(&b->terminate);
    uplink_stop(&b->uplink, on_uplink_stopped);
}

static void port_telemetry(void *ctx, struct node_telemetry *ret_telemetry)
{
    struct board *b = (struct board *)ctx;

    usec_t mono_us = mono_now_us();

    telemetry_read(&b->telemetry, mono_us, ret_telemetry);
    ret_telemetry->flash_full |= b->flash_error == ERR_LIMIT;
    ret_telemetry->flash_failed |= b->flash_error == ERR_IO;
    ret_telemetry->card_lost = b->out->rate_hz == 0;
    ret_telemetry->amplifier_failed = amplifier_step(&b->amplifier, mono_us);
    ret_telemetry->strangers = b->uplink.strangers;
    ret_telemetry->underruns = audio_ring_underruns(&b->ring);
}

static bool port_wall(void *ctx, usec_t *ret_wall_us)
{
    (void)ctx;
    return wall_now_us(WALL_RTC_PATH, ret_wall_us);
}

static void port_log(void *ctx, int level, const char *event, const char *text)
{
    (void)ctx;
    log_event((enum log_level)level, event, "%s", text);
}

/* ---- rounds ---- */

static void hear(struct board *b)
{
    float heard[1024];
    size_t count;

    /* No longer than half a second at a time, however much there is. */
    for (int i = 0; i < 24 && b->microphone.rate_hz != 0; i++) {
        count = microphone_read(&b->microphone, heard, sizeof(heard) / sizeof(heard[0]));
        if (count == 0)
            break;
        node_hear(b->node, heard, count, b->microphone.rate_hz, mono_now_us());
    }
}

static void feed_watchdog(struct board *b, usec_t mono_us)
{
    struct watchdog_proof proof = {.has_card = b->out->rate_hz != 0,
                                   .card_frame = audio_ring_position(&b->ring),
                                   .rendered_frame = audio_ring_end(&b->ring),
                                   .rounds = b->rounds};

    if (watchdog_feed(&b->watchdog, &proof, mono_us))
        log_event(LOG_DEBUG, "watchdog.fed", "rounds=%llu", (unsigned long long)b->rounds);
}

/* Sound first, then decisions; then sleep until either is due again. */
static void on_round(uv_timer_t *timer)
{
    struct board *b = (struct board *)timer->data;
    usec_t mono_us = mono_now_us(), next_mono_us, wait_us;

    if (mono_us >= b->feed_mono_us) {
        audio_feed_run(&b->feed, mono_us);
        b->feed_mono_us = mono_us + audio_feed_interval_us(&b->feed);
        mono_us = mono_now_us();
    }
    next_mono_us = b->feed_mono_us;
    hear(b);
    node_step(b->node, mono_us, &next_mono_us);
    if (audio_feed_interval_us(&b->feed) < AUDIO_FEED_INTERVAL_US)
        b->feed_mono_us = mono_us + audio_feed_interval_us(&b->feed);
    b->rounds++;
    feed_watchdog(b, mono_us);
    if (next_mono_us > b->feed_mono_us)
        next_mono_us = b->feed_mono_us;
    wait_us = next_mono_us - mono_now_us();
    uv_timer_start(&b->round, on_round,
                   wait_us > 0 ? (uint64_t)((wait_us + USEC_PER_MSEC - 1) / USEC_PER_MSEC) : 1, 0);
}

static void on_link_up(void *ctx)
{
    struct board *b = (struct board *)ctx;

    node_link_up(b->node, mono_now_us());
    on_round(&b->round);
}

static enum err on_frame(void *ctx, const struct frame *frame, usec_t rx_mono_us)
{
    struct board *b = (struct board *)ctx;
    enum err e = node_receive(b->node, frame, rx_mono_us);

    if (e == ERR_OK)
        on_round(&b->round);
    return e;
}

static void on_link_down(void *ctx)
{
    struct board *b = (struct board *)ctx;

    node_link_down(b->node, mono_now_us());
}

/* Not while something sounds or is about to. */
static bool may_move(void *ctx)
{
    return !node_is_busy(((struct board *)ctx)->node);
}

static const struct uplink_events uplink_events = {on_link_up, on_frame, on_link_down, may_move};

/* ---- start and stop ---- */

static void on_uplink_stopped(void *ctx)
{
    struct board *b = (struct board *)ctx;

    uv_close((uv_handle_t *)&b->round, NULL);
    uv_close((uv_handle_t *)&b->interrupt, NULL);
    uv_close((uv_handle_t *)&b->terminate, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct board *b = (struct board *)handle->data;

    log_event(LOG_INFO, "node.stopping", "signal=%d", number);
    uv_signal_stop(&b->interrupt);
    uv_signal_stop(&b->terminate);
    uplink_stop(&b->uplink, on_uplink_stopped);
}

static enum err enrol(struct board *b, struct err_detail *detail)
{
    struct enrolment params = {.host = b->options->controllers[0].host,
                               .port = b->options->controllers[0].port,
                               .code = &b->options->join_code,
                               .hardware = b->hardware,
                               .firmware = LOA_VERSION,
                               .serial = b->serial};

    return enrolment_run(&b->loop, &params, &b->state.files, detail);
}

static enum err start_identity(struct board *b, struct err_detail *detail)
{
    enum err e = identity_load(&b->state.files, &b->identity, detail);

    if (e == ERR_OK && b->options->join)
        log_event(LOG_WARN, "enrol.kept",
                  "node=%u station=%s text=\"already enrolled; the join code was not used\"",
                  b->identity.node.v, LOG_TEXT(b->identity.station));
    if (e != ERR_NOT_FOUND)
        return e;
    if (!b->options->join)
        return err_set(detail, ERR_AUTH,
                       "this node is not enrolled; start it once with --join CODE (loactl node "
                       "join-code makes one)");
    e = enrol(b, detail);
    return e == ERR_OK ? identity_load(&b->state.files, &b->identity, detail) : e;
}

static enum err start_sound(struct board *b, struct err_detail *detail)
{
    const struct node_options *o = b->options;
    usec_t mono_us = mono_now_us();
    enum err e = audio_ring_init(&b->ring, audio_feed_ring_frames(b->ini->ahead_ms));

    if (e != ERR_OK)
        return err_set(detail, e, "out of memory");
    switch (o->audio) {
    case NODE_AUDIO_PORTAUDIO:
        e = audio_portaudio_open(o->audio_name, b->ini->latency_ms, &b->ring, mono_us, &b->out,
                                 detail);
        break;
    case NODE_AUDIO_WAV:
        e = audio_wav_open(o->audio_name, o->audio_ppm, &b->ring, mono_us, &b->out, detail);
        break;
    case NODE_AUDIO_NULL:
        e = audio_null_open(&b->ring, mono_us, &b->out);
        break;
    }
    if (e == ERR_OK)
        audio_feed_init(&b->feed, &b->ring, b->out, b->ini->ahead_ms);
    return e;
}

static enum err start_core(struct board *b, struct err_detail *detail)
{
    const struct node_port port = {.ctx = b,
                                   .send = port_send,
                                   .hang_up = port_hang_up,
                                   .flash_read = port_read,
                                   .flash_write = port_write,
                                   .flash_sync = port_sync,
                                   .flash_replace = port_replace,
                                   .flash_rename = port_rename,
                                   .flash_remove = port_remove,
                                   .flash_list = port_list,
                                   .flash_free_bytes = port_free_bytes,
                                   .audio_flush = port_audio_flush,
                                   .amplifier = port_amplifier,
                                   .microphone = port_microphone,
                                   .reboot = port_reboot,
                                   .telemetry = port_telemetry,
                                   .wall_us = port_wall,
                                   .log = port_log};
    struct node_config config = {.id = b->identity.node,
                                 .ca_der = bytes_of(b->identity.ca_der, b->identity.ca_len),
                                 .restarts = b->state.restarts,
                                 .restart_cause = b->state.restart_cause,
                                 .firmware = LOA_VERSION,
                                 .hardware = b->hardware,
                                 .cache_quota_bytes = (uint64_t)b->ini->quota_mib << 20,
                                 .temperature_max_mc = (int32_t)b->ini->temperature_max_c * 1000,
                                 .supply_min_mv = b->ini->supply_min_mv};
    enum err e;

    memcpy(config.station, b->identity.station, sizeof(config.station));
    digest_random(config.boot_id, sizeof(config.boot_id));
    state_dir_boot_id_bytes(config.board_boot_id);
    e = node_new(&port, &config, mono_now_us(), &b->node);
    if (e != ERR_OK)
        return err_set(detail, e, "the node could not be started: %s", err_name(e));
    b->feed.node = b->node;
    return ERR_OK;
}

static enum err start_link(struct board *b, struct err_detail *detail)
{
    struct link_credentials cred = identity_credentials(&b->identity);
    enum err e =
        uplink_start(&b->uplink, &b->loop, b->options->controllers, b->options->controller_count,
                     &cred, &b->state.files, &uplink_events, b);

    identity_wipe(&b->identity);
    if (e != ERR_OK)
        return err_set(detail, e, "the node's certificate cannot be used: %s", err_name(e));
    uv_timer_init(&b->loop, &b->round);
    uv_signal_init(&b->loop, &b->interrupt);
    uv_signal_init(&b->loop, &b->terminate);
    b->round.data = b;
    b->interrupt.data = b;
    b->terminate.data = b;
    uv_signal_start(&b->interrupt, on_signal, SIGINT);
    uv_signal_start(&b->terminate, on_signal, SIGTERM);
    uv_timer_start(&b->round, on_round, 0, 0);
    return ERR_OK;
}

static enum err start(struct board *b, struct err_detail *detail)
{
    uint64_t quota_bytes = (uint64_t)b->ini->quota_mib << 20;
    char boot_id[64];
    /* First of all, so that a horn stays silent through everything that follows. */
    enum err e = amplifier_open(&b->amplifier, b->ini->enable_file, b->ini->enable_gpio, detail);

    if (e == ERR_OK)
        e = telemetry_open(&b->telemetry, b->ini, detail);
    if (e == ERR_OK)
        e = state_dir_open(&b->state, b->options->state_dir, quota_bytes, detail);
    if (e != ERR_OK)
        return e;
    state_dir_boot_id(boot_id, sizeof(boot_id));
    b->telemetry.flash_fd = b->state.objects.dir_fd;
    telemetry_hardware(b->ini, b->hardware, sizeof(b->hardware));
    telemetry_serial(b->ini, b->serial, sizeof(b->serial));
    e = start_identity(b, detail);
    if (e != ERR_OK)
        return e;
    e = state_dir_count_start(&b->state, boot_id);
    if (e != ERR_OK)
        return err_set(detail, e, "cannot write in %s: %s", b->options->state_dir, err_name(e));
    e = start_sound(b, detail);
    if (e == ERR_OK)
        e = start_core(b, detail);
    return e == ERR_OK ? start_link(b, detail) : e;
}

enum err board_run(const struct node_options *options, const struct node_ini *ini,
                   struct err_detail *detail)
{
    struct board *b = calloc(1, sizeof(*b));
    enum err e;

    if (b == NULL)
        return err_set(detail, ERR_NOMEM, "out of memory");
    b->options = options;
    b->ini = ini;
    b->state.lock_fd = b->state.files.dir_fd = b->state.objects.dir_fd = -1;
    uv_loop_init(&b->loop);
    microphone_init(&b->microphone);
    watchdog_init(&b->watchdog);
    e = start(b, detail);
    if (e == ERR_OK) {
        log_event(LOG_INFO, "node.start",
                  "node=%u station=%s version=%s audio=%s restarts=%u cause=%s", b->identity.node.v,
                  LOG_TEXT(b->identity.station), LOA_VERSION, b->out->name, b->state.restarts,
                  b->state.restart_cause);
        e = watchdog_ready(&b->watchdog, b->ini->device, mono_now_us(), detail);
    }
    if (e == ERR_OK)
        uv_run(&b->loop, UV_RUN_DEFAULT);
    watchdog_stop(&b->watchdog);
    amplifier_close(&b->amplifier);
    microphone_close(&b->microphone);
    telemetry_close(&b->telemetry);
    node_free(b->node);
    if (b->out != NULL)
        b->out->close(b->out);
    audio_ring_deinit(&b->ring);
    state_dir_close(&b->state);
    uv_loop_close(&b->loop);
    explicit_bzero(b, sizeof(*b));
    free(b);
    return e;
}
