/* live_impl.h - what the files of live share; nobody else includes it. Thread: main. */
#ifndef LOA_LIVE_IMPL_H
#define LOA_LIVE_IMPL_H

#include "decoder.h"
#include "live.h"
#include "livedelay.h"
#include "mic_input.h"
#include "oggfile.h"
#include "pcmring.h"
#include "src_live.h"

enum live_kind {
    LIVE_STREAM = 0, /* a request brings it */
    LIVE_MICROPHONE,
    LIVE_RELAY,
};

#define LIVE_AHEAD_US (5 * USEC_PER_SEC) /* for a relay to be fetched and decoded by its start */

struct live_session {
    bool used;
    enum live_kind kind;
    struct broadcast_id id;
    struct stream_id stream;
    usec_t start_us;
    usec_t live_us; /* when its live part begins, or is taken up */
    char title[BULLETIN_TITLE_SIZE];
    struct user_id user;
    bool has_fallback;
    usec_t fallback_us;
    struct pcmring *ring;
    struct live_control control;
    struct mic_input *microphone;
    struct relay *relay;
    char source[BROADCAST_SOURCE_SIZE], backup[BROADCAST_SOURCE_SIZE];
    bool to_open; /* when its turn comes */
    usec_t try_us; /* not before */
    bool not_opened; /* said so */
    uint64_t request; /* that brings the sound; 0 none */
    struct decoder *decoder; /* of packets that it brings, NULL none came yet */
    bool in_time; /* it comes as it is spoken; what piles up is dropped */
    bool held;
    uint8_t half; /* first byte of a sample whose second is yet to come */
    bool has_half;
    bool hung_up;
    bool rest_begun; /* what comes after the live part */
    bool lost; /* said so */
    struct livedelay delay; /* what nodes reported */
    struct oggfile *recording;
    uint64_t packets;
};

struct live {
    struct live_config config;
    uv_timer_t timer;
    bool ticking;
    bool closed;
    usec_t lost_us; /* when a source was last lost */
    usec_t speech_delay_us, relay_delay_us; /* what the next one begins with */
    struct broadcast_id not_begun; /* planned, and its source cannot be opened: said so */
    struct live_session sessions[LIVE_MAX];
};

/* live.c: NULL when it has none. */
struct live_session *live_session_of(struct live *l, struct broadcast_id id);

/* live.c: the session of a request; NULL: it brings no sound. */
struct live_session *live_by_request(struct live *l, uint64_t request);

enum live_kind live_source_kind(const char *source); /* live_sources.c */

/* live_sources.c: open the source that the session names. */
MUST_USE enum err live_source_open(struct live *l, struct live_session *s,
                                   struct err_detail *detail);
void live_source_close(struct live_session *s);

/* live_planned.c: the stored parts around the live one; of a broadcast that has no parts, none. */
MUST_USE enum err live_stored_parts(struct live *l, const struct broadcast *b,
                                    struct src_live_plan *plan, struct err_detail *detail);

/* live_planned.c: open the source when its time comes, and account for its end. */
void live_parts_step(struct live *l, struct live_session *s);

/* live.c: the input ends; what is in the ring still sounds, and what comes after it. */
void live_end_input(struct live_session *s);

/* live_record.c: what went out becomes media. */
void live_record(struct live *l, struct live_session *s, const struct engine_bundle *bundle);
void live_record_end(struct live *l, struct live_session *s);

#endif
