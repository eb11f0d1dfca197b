/* port.h - all that the node core asks of the board, and all that the board tells the core.
 *
 * The core is pure: it takes time and bytes as arguments and calls the functions of `struct node_port`
 * for everything else. Thread: one, the node's main one, calls every function below from within a call
 * of node.h, and is called back on it; none is called from the audio callback of a sound card, which
 * never enters the core and only copies frames out of the port's ring. None calls node.h back.
 * Blocking: "now" returns within microseconds; "flash" may wait for one write, read or fsync of the
 * medium, as long as what is rendered ahead lasts (120 ms). Every function is set. Names of objects are
 * 1..PORT_NAME_MAX - 1 characters of [a-z0-9._-]; sizes and offsets are bytes, times microseconds.
 * A port is a handful of files in port/. */
#ifndef LOA_PORT_H
#define LOA_PORT_H

#include <stdbool.h>

#include "err.h"
#include "frame.h"
#include "units.h"

#define PORT_NAME_MAX 96 /* flash object names: [a-z0-9._-], no path separators, with NUL */

/* What the board measures; a sensor it lacks is false or 0. */
struct node_telemetry {
    bool has_temperature;
    int32_t temperature_mc; /* thousandths of a degree Celsius */
    bool has_mains;
    bool mains_ok;
    uint32_t supply_mv; /* 0 not measured */
    uint32_t rss_kb; /* resident memory of this program */
    uint32_t memory_free_kb; /* of the board */
    uint64_t disk_free_bytes; /* of the file system that holds the flash objects */
    bool flash_full; /* the last write found no room, or hardly any is left */
    bool flash_failed; /* the last write failed, or the file system is read-only */
    bool card_lost; /* there is no sound card now */
    bool amplifier_failed; /* the enable line was not switched */
    bool muted_locally; /* switch on the cabinet */
    uint32_t strangers; /* sessions refused since start: the controller was of another authority */
    uint32_t underruns; /* events since start: the card asked for frames that were not there */
};

struct node_port {
    void *ctx; /* passed back as the first argument */

    /* Queue one frame on the session; payload of 1..16,380 bytes, copied. Now.
     * ERR_STATE no session; ERR_LIMIT the outgoing queue is full: nothing was queued, try later */
    enum err (*send)(void *ctx, enum frame_type type, struct bytes payload);

    /* End the session; node_link_down() follows, later. Now. */
    void (*hang_up)(void *ctx);

    /* Read up to `size` bytes of an object; fewer only at its end (*ret_len < size). Flash.
     * ERR_NOT_FOUND; ERR_IO */
    enum err (*flash_read)(void *ctx, const char *name, uint64_t offset, void *ret_data,
                           size_t size, size_t *ret_len);

    /* Write at `offset`, at most the present size (0 creates); not durable before flash_sync. Flash.
     * ERR_IO; ERR_LIMIT the flash is full: the object is as before */
    enum err (*flash_write)(void *ctx, const char *name, uint64_t offset, struct bytes data);

    /* Make an object durable (fsync of file and folder). Flash. ERR_NOT_FOUND; ERR_IO */
    enum err (*flash_sync)(void *ctx, const char *name);

    /* Replace a whole object at once, durably: after a power cut the old or the new bytes are there. Flash.
     * ERR_IO, ERR_LIMIT: the old ones are */
    enum err (*flash_replace)(void *ctx, const char *name, struct bytes data);

    /* Give a synced object another name, atomically and durably; replaces what bore it. Flash. ERR_IO */
    enum err (*flash_rename)(void *ctx, const char *from, const char *to);

    /* Flash. ERR_IO; ERR_NOT_FOUND, which is success for most callers. */
    enum err (*flash_remove)(void *ctx, const char *name);

    /* Call `each`, before returning, for every object whose name starts with `prefix`; the set must not be
     * changed meanwhile. Flash. ERR_IO */
    enum err (*flash_list)(void *ctx, const char *prefix,
                           void (*each)(void *arg, const char *name, uint64_t size_bytes),
                           void *arg);

    /* Bytes that may still be written. Now. */
    uint64_t (*flash_free_bytes)(void *ctx);

    /* Forget what was rendered but has not reached the card, with a short fade-out, as soon as possible.
     * The port then asks node_render() again from the first forgotten frame. Now. */
    void (*audio_flush)(void *ctx);

    /* Amplifier enable line: on 300 ms before the first frame that is not silence, off 2 s after the last,
     * when digital silence has long reached it, so that neither is heard. No-op where the board has
     * none; one that fails is tried again and told in telemetry. Now. */
    void (*amplifier)(void *ctx, bool on);

    /* Begin (a second before it is needed) or end handing what the microphone hears to node_hear(). May
     * wait for the card, some tenths of a second: the core begins only while nothing sounds.
     * ERR_NOT_FOUND the board has none, ERR_IO it cannot be opened: nothing is measured then. */
    enum err (*microphone)(void *ctx, bool on);

    /* Start the board, or at least this program, anew, within seconds. Now. */
    void (*reboot)(void *ctx);

    /* Read the sensors; values may be 200 ms old. Now. */
    void (*telemetry)(void *ctx, struct node_telemetry *ret_telemetry);

    /* Time of the board's battery-backed clock, microseconds since the Unix epoch. Now.
     * False when it has none, or nothing set it since it lost power. */
    bool (*wall_us)(void *ctx, usec_t *ret_wall_us);

    /* One log line, level as in log.h; the core itself has no log. Now. */
    void (*log)(void *ctx, int level, const char *event, const char *text);
};

#endif
