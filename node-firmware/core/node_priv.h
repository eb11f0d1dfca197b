/* node_priv.h - the insides of a node, shared by the node*.c files only. */
#ifndef LOA_NODE_PRIV_H
#define LOA_NODE_PRIV_H

#include "cache.h"
#include "cardclock.h"
#include "hearing.h"
#include "jitter.h"
#include "level.h"
#include "node.h"
#include "node_faults.h"
#include "order.h"
#include "plan.h"
#include "playout.h"
#include "priority.h"
#include "receipts.h"
#include "selftest.h"
#include "settings.h"
#include "silence.h"
#include "timekeep.h"
#include "tsync.h"

#define NODE_STREAM_EARLY_US (2 * USEC_PER_SEC) /* ask for a stream so long before the start */
#define NODE_PREPARE_US (30 * USEC_PER_SEC) /* judge recordings so long before the start */
#define NODE_CANDIDATES_MAX 16
#define NODE_ORDER_CERT_MAX 1024

enum node_link {
    NODE_LINK_DOWN = 0,
    NODE_LINK_HELLO, /* Hello was sent, Welcome is awaited */
    NODE_LINK_READY,
};

/* The four-timestamp exchanges. */
struct node_time {
    usec_t interval_us;
    usec_t next_burst_us;
    int left; /* exchanges of the burst that are still to begin */
    bool waiting; /* for an answer */
    usec_t asked_us;
    usec_t heard_us; /* when anything last came */
};

/* Which stream the controller was asked for. */
struct node_stream {
    uint32_t id; /* 0 none */
    bool asked; /* in this session */
    usec_t asked_us;
    usec_t heard_us; /* last packet */
    bool has_margin;
    usec_t
        margin_us; /* least, since the last Status, between a packet's arrival and its rendering */
};

/* One choice of what sounds, as it was rendered or would be. */
struct node_choice {
    uint64_t now, head; /* order ids at the card and at the end of what was rendered */
};

struct node {
    struct node_port port;
    struct node_config config;
    enum node_link link;
    usec_t born_mono_us;
    usec_t last_now_us; /* programme time of the last step, 0 before the clock was locked */
    usec_t next_status_us;
    int send_budget; /* control messages that may leave now; the controller counts them */
    usec_t budget_mono_us; /* when it was last raised */
    usec_t status_interval_us;
    struct node_time time;
    struct tsync tsync;
    struct cardclock card;
    struct settings settings;
    struct order_verifier *verifier;
    uint8_t order_cert[NODE_ORDER_CERT_MAX];
    size_t order_cert_len;
    bool plan_loaded; /* needs the certificate */
    uint64_t
        ack_due[PLAN_ENTRIES_MAX]; /* accepted orders to be acknowledged once they are on flash */
    size_t ack_count;
    struct node_telemetry telemetry;
    struct node_faults faults;
    struct selftest selftest;
    struct hearing hearing;
    bool no_microphone; /* the board has none */
    usec_t reboot_mono_us; /* when to start anew; 0 never */
    loa_TestResult test_result; /* to be sent; order_id 0 none */
    uint32_t settings_damaged; /* 0 or 1 */
    usec_t next_telemetry_us;
    usec_t next_keep_us, kept_mono_us; /* of the clocks' rates */
    usec_t next_note_us; /* of station time by the other clocks */
    bool had_clock; /* in this run of the program */
    double kept_skew_ppm, kept_slow_ppm; /* on flash; NaN is not */
    usec_t retry_flash_us;
    bool amplifier_on;
    usec_t quiet_since_us;
    struct node_stream stream;
    /* sound */
    struct plan_entry *sounding;
    bool rendering; /* next_frame is meant */
    int64_t next_frame;
    int64_t entry_sample; /* where the present run entered */
    uint32_t card_gaps;
    uint32_t card_steps; /* of the card that were noticed */
    bool card_slipped; /* to be judged, from ... */
    usec_t card_judge_us;
    uint32_t clock_jumps;
    struct meter status_meter; /* since the last Status, without what level_meter holds */
    struct meter level_meter; /* since the last Level, or Status */
    usec_t meter_interval_us; /* of Level */
    usec_t meter_until_us; /* monotonic: nobody looks from then on */
    usec_t next_level_us; /* monotonic */
    struct level level;
    struct silence silence;
    struct playout playout;
    struct jitter jitter;
    struct cache cache;
    struct plan plan;
    struct receipts receipts;
    /* scratch, used within one call only */
    loa_Msg in, out;
    loa_OrderBody body;
    uint8_t bytes[SETTINGS_SCRATCH_BYTES];
};

/* node.c */
/* True while an order sounds at some instant of [from, to], programme time. */
bool node_wanted_between(const struct node *n, usec_t from_us, usec_t to_us);
bool node_now(const struct node *n, usec_t mono_us, usec_t *ret_station_us);
void node_log(struct node *n, int level, const char *event, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* node_link.c: frames in, messages out */
enum err node_send(struct node *n, const loa_Msg *msg);
void node_link_step(struct node *n, usec_t mono_us, usec_t *next_us);

/* node_orders.c: judge orders, prepare their sound */
void node_order_received(struct node *n, const loa_Order *order, usec_t mono_us);
void node_orders_load(struct node *n);
void node_orders_step(struct node *n, usec_t mono_us, usec_t *next_us);
void node_send_acks(struct node *n);
void node_end_order(struct plan_entry *e, usec_t at_us, loa_Reason reason);
void node_order_cert_arrived(struct node *n, struct bytes der);

/* node_live.c: orders whose sound comes while it is on air */
/* A bundle came; pts_us and end_us are of its packets, or both of the end. */
void node_live_heard(struct node *n, uint32_t stream_id, usec_t pts_us, usec_t end_us, bool last);
/* A source that is lost for too long gives way to the fallback, and takes its place again. */
void node_live_step(struct node *n, usec_t now_us, usec_t mono_us);

/* node_media.c: recordings that were ready and can no longer be read */
void node_media_look(struct node *n, struct plan_entry *e);
/* What sounds ran into a recording that lacks: leave it when there is another way. */
void node_media_lost(struct node *n);
/* It sounds again from this sample on. */
void node_media_found(struct tally *t, int64_t sample);
/* The order is over. */
void node_media_close(struct node *n, struct plan_entry *e);

/* node_close.c: why an order does not sound, and its receipt */
void node_blame_no_clock(struct node *n, usec_t now_us, usec_t mono_us);
void node_judge_silent(struct node *n, usec_t now_us);
void node_close_orders(struct node *n, bool has_now, usec_t now_us, usec_t *next_us);

/* node_test.c: the test tone, and starting anew */
loa_Verdict node_test_judge(struct node *n, char ret_detail[200]);
loa_Verdict node_reboot_judge(struct node *n, char ret_detail[200]);
void node_reboot_step(struct node *n, usec_t mono_us, usec_t *next_us);
void node_test_begin(struct node *n, uint64_t order_id, usec_t mono_us);
void node_test_step(struct node *n, usec_t mono_us, usec_t *next_us);
/* Does the microphone hear what sounds? Its word is in the receipt. */
void node_hearing_step(struct node *n, usec_t mono_us);
void node_hearing_end(struct node *n, usec_t mono_us);
bool node_test_render(struct node *n, float *frames, size_t count);

/* node_sound.c: what sounds at which frame */
struct plan_entry *node_choose(struct node *n, usec_t programme_us, usec_t *ret_change_us,
                               loa_Reason (*ret_reasons)[NODE_CANDIDATES_MAX],
                               struct plan_entry *(*ret_entries)[NODE_CANDIDATES_MAX],
                               size_t *ret_count);
struct node_choice node_choice_now(struct node *n, usec_t mono_us);
void node_flush_if_changed(struct node *n, const struct node_choice *before, usec_t mono_us);
void node_end_run(struct node *n, usec_t programme_us); /* what sounds sounded until then */
void node_follow_card(struct node *n, usec_t mono_us); /* it may have slipped */
void node_restart_run(struct node *n); /* what sounds goes on with a new layout */
usec_t node_head_us(const struct node *n); /* programme time of the next frame, while rendering */
void node_leave_card(struct node *n); /* frames mean something else from now on */
bool node_can_render(const struct node *n);
usec_t node_programme_us(const struct node *n, usec_t mono_us);

#endif
