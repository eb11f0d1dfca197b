/* node_priv.h - the insides of a node, shared by the node*.c files only. */
#ifndef LOA_NODE_PRIV_H
#define LOA_NODE_PRIV_H

#include "cache.h"
#include "cardclock.h"
#include "jitter.h"
#include "level.h"
#include "node.h"
#include "order.h"
#include "plan.h"
#include "playout.h"
#include "priority.h"
#include "receipts.h"
#include "settings.h"
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
};

/* Which stream the controller was asked for. */
struct node_stream {
    uint32_t id; /* 0 none */
    bool asked; /* in this session */
    usec_t asked_us;
    usec_t heard_us; /* last packet */
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
    usec_t next_telemetry_us;
    usec_t next_keep_us; /* of the clocks' rates */
    double kept_skew_ppm, kept_slow_ppm;
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
    uint32_t clock_jumps;
    struct meter status_meter;
    struct level level;
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

/* node_media.c: recordings that were ready and can no longer be read */
void node_media_look(struct node *n, struct plan_entry *e);
/* What sounds ran into a recording that lacks: leave it when there is another way. */
void node_media_lost(struct node *n);
/* It sounds again from this sample on. */
void node_media_found(struct tally *t, int64_t sample);
/* The order is over. */
void node_media_close(struct node *n, struct plan_entry *e);

/* node_close.c: why an order does not sound, and its receipt */
void node_judge_silent(struct node *n, usec_t now_us);
void node_close_orders(struct node *n, bool has_now, usec_t now_us, usec_t *next_us);

/* node_sound.c: what sounds at which frame */
struct plan_entry *node_choose(struct node *n, usec_t programme_us, usec_t *ret_change_us,
                               loa_Reason (*ret_reasons)[NODE_CANDIDATES_MAX],
                               struct plan_entry *(*ret_entries)[NODE_CANDIDATES_MAX],
                               size_t *ret_count);
struct node_choice node_choice_now(struct node *n, usec_t mono_us);
void node_flush_if_changed(struct node *n, const struct node_choice *before, usec_t mono_us);
void node_end_run(struct node *n, usec_t programme_us); /* what sounds sounded until then */
void node_leave_card(struct node *n); /* frames mean something else from now on */
bool node_can_render(const struct node *n);
usec_t node_programme_us(const struct node *n, usec_t mono_us);

#endif
