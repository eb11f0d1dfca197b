/* nodebed.h - a node core in virtual time: flash in memory, a sound card and a link that misbehave as told.
 *
 * The world has one true time; the controller keeps it, the node's crystal and the card's crystal run
 * off it by so many ppm. Everything fails the running cmocka test instead of returning an error. */
#ifndef LOA_NODEBED_H
#define LOA_NODEBED_H

#include <stdbool.h>

#include "control.h"
#include "node.h"
#include "packet.h"
#include "recording.h"
#include "teststation.h"

#define BED_EPOCH_US INT64_C(1790000000000000)
#define BED_STATION "12345"
#define BED_NODE 7
#define BED_OBJECTS 64
#define BED_LOG 4096
#define BED_KEEP_S 100 /* unless a test wants less of it */

struct bed_object {
    char name[PORT_NAME_MAX];
    uint8_t *data;
    size_t len, durable_len;
    bool used;
};

/* Survives restarts of the node. */
struct bed_flash {
    struct bed_object objects[BED_OBJECTS];
    uint64_t capacity;
    long ops; /* that change something, so far */
    long fail_from; /* this operation and later ones fail (power cut); 0 never */
    enum err fail_with;
    bool unreadable;
};

struct bed_frame {
    struct bed_frame *next;
    int64_t due_us;
    struct frame frame;
};

struct bed {
    struct bed_flash *flash;
    struct teststation *station;
    struct order_signer *signer;
    struct node *node;
    int64_t world_us; /* true time since the start of the test */
    uint32_t node_id;
    double node_ppm, card_ppm; /* how much faster than true time */
    int64_t mono_base_us, mono_since_us; /* the node's clock showed this at that true time */
    int64_t node_step_us; /* local time of the next step */
    uint64_t random;
    /* card */
    bool card_on;
    uint32_t card_rate_hz;
    int64_t card_start_us;
    int64_t card_head; /* rendered up to here */
    int64_t card_jitter_us;
    int64_t card_outlier_us; /* one report in 50 is that much off, to either side */
    int64_t card_ahead_frames;
    int64_t card_next_report_us;
    unsigned keep_s; /* of what the card played, at least */
    float *out; /* that: frames out_from onwards */
    int64_t out_from;
    size_t out_frames;
    int flushes;
    bool amplifier;
    bool muted_switch;
    bool has_microphone, listening;
    bool has_wall; /* a battery-backed clock */
    int64_t wall_error_us; /* it shows station time and this */
    uint8_t boots; /* of the board */
    struct node_telemetry sensors; /* what the board says, beside the switch */
    uint32_t amplifier_changes;
    unsigned reboots;
    /* link */
    bool linked;
    int64_t delay_us, jitter_us; /* each way */
    int64_t down_at_us, up_at_us; /* last delivery, TCP keeps the order */
    struct bed_frame *to_node;
    int hang_ups;
    bool answers_time, acks_receipts, serves_media;
    enum err receive_error; /* of the last frame the node refused */
    int64_t station_jump_us;
    /* Takes what the node says in place of the controller built in, which then says nothing either. */
    void (*remote)(void *ctx, enum frame_type type, struct bytes payload);
    void *remote_ctx;
    /* what the node said */
    struct {
        loa_Msg hello;
        int hellos;
        loa_OrderAck acks[BED_LOG];
        size_t ack_count;
        loa_Receipt receipts[BED_LOG];
        size_t receipt_count;
        loa_MediaState media[BED_LOG];
        size_t media_count;
        uint32_t wants, joins, leaves, statuses;
        uint64_t want_bytes;
        uint32_t joined; /* stream id */
        loa_Status status;
        loa_Level level;
        uint32_t levels;
        uint32_t faults; /* every bit that a status had */
        loa_TestResult test;
        int tests;
    } said;
    const struct recording *recordings[16];
    size_t recording_count;
    bool corrupt_chunks;
    char logged[16384]; /* event names, one a line */
};

/* True while the core runs, not the port and not the test: allocations then are the core's. */
extern bool bed_in_core;

void bed_flash_init(struct bed_flash *f);
void bed_flash_deinit(struct bed_flash *f);
/* What a power cut leaves: bytes that were not made durable are lost or garbled. */
void bed_flash_power_cut(struct bed_flash *f);
struct bed_object *bed_flash_find(struct bed_flash *f, const char *name);
void bed_flash_put(struct bed_flash *f, const char *name, const void *data, size_t len);

/* Nothing runs yet: set ppm, delays and so on, then bed_start(). */
void bed_init(struct bed *b, struct bed_flash *flash, struct teststation *station);
void bed_start(struct bed *b);
void bed_deinit(struct bed *b);

/* End the program and start it again at the same flash. */
void bed_restart(struct bed *b);
/* Likewise, after the board was without power for so long. */
void bed_reboot(struct bed *b, int64_t off_us);
void bed_link(struct bed *b, bool up);
void bed_card(struct bed *b, uint32_t rate_hz);
void bed_card_stop(struct bed *b);
/* From now on every frame sounds that much later than planned: positive when the card missed periods. */
void bed_card_slip(struct bed *b, int64_t late_us);

/* Let the node's crystal run at another rate from now on; its clock does not jump. */
void bed_set_ppm(struct bed *b, double node_ppm);

/* Let so much true time go by. */
void bed_run_us(struct bed *b, int64_t us);
/* Until this station time. */
void bed_run_to(struct bed *b, usec_t station_us);

usec_t bed_station_us(const struct bed *b);
usec_t bed_mono_us(const struct bed *b);

/* Say something to the node, over the link with its delay. */
void bed_say(struct bed *b, const loa_Msg *msg);
void bed_say_frame(struct bed *b, enum frame_type type, struct bytes payload);
/* The same at a true time of the caller's choice, not before what was said earlier. */
void bed_deliver(struct bed *b, int64_t due_us, enum frame_type type, struct bytes payload);

/* A PLAY order of one recording for this node. */
loa_OrderBody bed_order(uint64_t order_id, usec_t start_us, const struct recording *r);
void bed_send_order(struct bed *b, const loa_OrderBody *body);
loa_Msg bed_sign(struct bed *b, const loa_OrderBody *body);
void bed_offer(struct bed *b, const struct recording *r, usec_t needed_us);

/* Last verdict on an order, or NONE. */
loa_Verdict bed_verdict(const struct bed *b, uint64_t order_id);
/* The receipt of an order; fails the test unless there is exactly one. */
const loa_Receipt *bed_receipt(const struct bed *b, uint64_t order_id);
size_t bed_receipts_of(const struct bed *b, uint64_t order_id);
bool bed_logged(const struct bed *b, const char *event);

/* Frames a true second. */
double bed_card_rate(const struct bed *b);
/* Card frame that sounds at a station time, with its fraction. */
double bed_frame_at(const struct bed *b, double station_us);
/* Station time at which a card frame sounds. */
double bed_time_of(const struct bed *b, double frame);

/* First frame at or after `from` that is not silent; -1 none before `to`. */
int64_t bed_first_sound(const struct bed *b, int64_t from, int64_t to);
bool bed_silent(const struct bed *b, usec_t from_us, usec_t to_us);

/* By how many microseconds the sound at `at_us` is late against where the recording should be, when
 * sample 0 belongs to start_us. *ret_correlation 0..1. */
double bed_lateness_us(const struct bed *b, const struct recording *r, usec_t start_us,
                       usec_t at_us, double *ret_correlation);

/* Offer, and run until the node has it. */
void bed_cache(struct bed *b, const struct recording *r);

#endif
