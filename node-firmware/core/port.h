/* port.h - all that the node core asks of the board, and all that the board tells the core.
 *
 * The core is pure: it takes time and bytes as arguments and calls the functions of `struct node_port`
 * for everything else. One thread calls every function below and is called back on it; the audio
 * callback of a sound card never enters the core, it only copies frames out of the port's ring.
 * Nothing here may block longer than a flash write. A port is a handful of files in port/. */
#ifndef LOA_PORT_H
#define LOA_PORT_H

#include "err.h"
#include "frame.h"
#include "units.h"

#define PORT_NAME_MAX 96 /* flash object names: [a-z0-9._-], no path separators, with NUL */

struct node_telemetry {
    bool has_temperature;
    int32_t temperature_mc;
    bool has_mains;
    bool mains_ok;
    uint32_t supply_mv;
    uint32_t rss_kb;
    bool muted_locally; /* switch on the cabinet */
    uint32_t
        underruns; /* frames asked of the ring that were not there, counted in events since start */
};

struct node_port {
    void *ctx; /* passed back as the first argument */

    /* Queue one frame on the session.
     * ERR_STATE no session; ERR_LIMIT the outgoing queue is full: nothing was queued, try later */
    enum err (*send)(void *ctx, enum frame_type type, struct bytes payload);

    /* End the session; node_link_down() follows. */
    void (*hang_up)(void *ctx);

    /* Read from an object. Short reads only at its end (*ret_len < size); ERR_NOT_FOUND; ERR_IO. */
    enum err (*flash_read)(void *ctx, const char *name, uint64_t offset, void *ret_data,
                           size_t size, size_t *ret_len);

    /* Write at `offset`, which is at most the present size (0 creates); not durable before flash_sync. ERR_IO,
     * ERR_LIMIT when the flash is full. */
    enum err (*flash_write)(void *ctx, const char *name, uint64_t offset, struct bytes data);

    /* Make an object durable (fsync of file and folder). */
    enum err (*flash_sync)(void *ctx, const char *name);

    /* Replace a whole object at once: after a power cut either the old or the new bytes are there. */
    enum err (*flash_replace)(void *ctx, const char *name, struct bytes data);

    /* Give a synced object another name, atomically; replaces what bore it. */
    enum err (*flash_rename)(void *ctx, const char *from, const char *to);

    /* ERR_NOT_FOUND is success for most callers. */
    enum err (*flash_remove)(void *ctx, const char *name);

    /* Call `each` for every object whose name starts with `prefix`; the set must not be changed meanwhile. */
    enum err (*flash_list)(void *ctx, const char *prefix,
                           void (*each)(void *arg, const char *name, uint64_t size_bytes),
                           void *arg);

    /* Bytes that may still be written. */
    uint64_t (*flash_free_bytes)(void *ctx);

    /* Forget what was rendered but has not reached the card, with a short fade-out, as soon as possible.
     * The port then asks node_render() again from the first forgotten frame. */
    void (*audio_flush)(void *ctx);

    /* Amplifier enable line: on before the first frame that is not silence, off when idle. No-op where
     * the board has none. */
    void (*amplifier)(void *ctx, bool on);

    /* Read the sensors; never blocks. */
    void (*telemetry)(void *ctx, struct node_telemetry *ret_telemetry);

    /* One log line, level as in log.h; the core itself has no log. */
    void (*log)(void *ctx, int level, const char *event, const char *text);
};

#endif
