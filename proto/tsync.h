/* tsync.h - station time on a node: exchanges of four timestamps, filtered to offset and skew.
 *
 * PROTOCOL.md section 5. Sources: four timestamps and least delay of eight, RFC 5905 sections 8 and
 * 10; samples weighted by how much longer they took than the least, as chrony's sourcestats.c does;
 * two-state Kalman filter over offset and skew, A. Bletsas, "Evaluation of Kalman filtering for network
 * time keeping", IEEE Trans. UFFC 52 (2005). The node sends its local time t1; the controller notes station time t2 when
 * the bytes arrive and t3 as it writes the answer; the node notes t4. Of a burst of TSYNC_BURST exchanges
 * the fastest way there and the fastest way back, each for itself, go to a two-state Kalman filter over
 * offset and drift: where queues wait 40 ms that finds the floor far sooner than the fastest round trip (V. Paxson,
 * "On calibrating measurements of packet transit times", SIGMETRICS 1998, takes the two directions apart likewise). The
 * estimate states its uncertainty, keeps running without a link, and can be saved.
 * Pure: takes time as an argument. Never allocates. Thread: the owner's. */
#ifndef LOA_TSYNC_H
#define LOA_TSYNC_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define TSYNC_BURST 8
#define TSYNC_WINDOW 128 /* bursts over which the least delay of the path is remembered */
#define TSYNC_REQUEST_BYTES 8
#define TSYNC_REPLY_BYTES 24

/* One exchange; t1 and t4 on the node's monotonic clock, t2 and t3 in station time. */
struct tsync_sample {
    usec_t t1_mono_us;
    usec_t t2_us;
    usec_t t3_us;
    usec_t t4_mono_us;
};

/* What the filter knows. Caller's memory; keep only tsync_save() across a restart. */
struct tsync {
    bool locked; /* at least one burst was taken in, or tsync_seed() */
    bool seeded; /* no burst yet: the first replaces the estimate */
    usec_t base_mono_us; /* the instant the state below speaks of */
    int64_t base_offset_us; /* station minus mono, whole microseconds at the last (re)start */
    double offset_us; /* what comes on top of base_offset_us, at base_mono_us */
    double skew_ppm; /* how much faster station time runs than mono */
    double p00, p01, p11; /* covariance of offset (us^2) and skew (ppm^2) */
    struct tsync_sample best; /* of the burst so far: the fastest way there, the fastest back */
    int burst_have; /* samples in the present burst */
    double delay_min_us[2]; /* least delay of the present and of the last TSYNC_WINDOW bursts */
    int window_have; /* bursts in the present window */
    int bursts; /* taken in since the last (re)start, at most TSYNC_WINDOW */
    double excess_mean_us; /* running mean of what bursts took longer than the least */
    uint32_t accepted, rejected; /* bursts taken in, bursts refused as outliers */
    uint32_t rejected_in_a_row;
};

/* Start knowing nothing; with a saved skew (ppm, from tsync_save) the drift is known at once.
 *
 *   saved_skew_ppm  may be NULL; a value that is not within +-TSYNC_SKEW_MAX_PPM is ignored */
#define TSYNC_SKEW_MAX_PPM 1000.0
void tsync_init(struct tsync *t, const double *saved_skew_ppm);

/* Start with an estimate from another clock, until the first burst.
 *
 *   uncertainty_us  one standard deviation, up to INT32_MAX */
void tsync_seed(struct tsync *t, usec_t mono_us, usec_t station_us, uint32_t uncertainty_us);

/* Hand out the skew when it is known well enough to be worth keeping (3 ppm); false before. */
bool tsync_save(const struct tsync *t, double *ret_skew_ppm);

/* Payloads of TIME_REQUEST and TIME_REPLY frames. */
void tsync_write_request(usec_t t1_mono_us, uint8_t ret_payload[TSYNC_REQUEST_BYTES]);
MUST_USE enum err tsync_read_request(struct bytes payload, usec_t *ret_t1_us);
void tsync_write_reply(usec_t t1_us, usec_t t2_us, usec_t t3_us,
                       uint8_t ret_payload[TSYNC_REPLY_BYTES]);
MUST_USE enum err tsync_read_reply(struct bytes payload, usec_t t4_mono_us,
                                   struct tsync_sample *ret_sample);

/* Take one exchange in. Every TSYNC_BURST-th closes the burst and moves the estimate.
 *
 * ERR_OK       a burst was taken in and the estimate moved
 * ERR_MORE     held until the burst is complete
 * ERR_FORMAT   impossible timestamps (negative delay or t3 before t2); ignored
 * ERR_STATE    the burst disagrees with the estimate beyond its uncertainty; counted. After
 *              TSYNC_OUTLIERS_MAX in a row the filter starts again from the newest burst */
#define TSYNC_OUTLIERS_MAX 3
MUST_USE enum err tsync_add(struct tsync *t, const struct tsync_sample *s);

/* True while the estimate is young and would gain from bursts without a pause: until it is sure of 150 us,
 * and for a hundred bursts at most, because traffic over a mobile network is paid for. */
bool tsync_is_eager(const struct tsync *t, usec_t mono_us);

/* How long to wait until the next burst: doubled as long as the estimate will still be sure of TSYNC_CALM_SD_US
 * then, because each exchange costs data on the node's side and as much time on the controller's as a packet of sound.
 *
 *   least_us  what the controller asked for, more than 0
 *
 * Returns least_us, or more, but at most TSYNC_PAUSE_MAX_US. */
#define TSYNC_CALM_SD_US 25
#define TSYNC_PAUSE_MAX_US (64 * USEC_PER_SEC)
usec_t tsync_pause_us(const struct tsync *t, usec_t mono_us, usec_t least_us);

/* A link on which nothing came for so long is asked whether it still is one: by a burst. */
#define TSYNC_QUIET_US (5 * USEC_PER_SEC)

/* Forget an incomplete burst (the link was lost in the middle). */
void tsync_abandon_burst(struct tsync *t);

/* Station time at a local instant, and back. Undefined before `locked`. */
usec_t tsync_station(const struct tsync *t, usec_t mono_us);
usec_t tsync_mono(const struct tsync *t, usec_t station_us);

/* tsync_station() in nanoseconds, for sample-accurate work. */
int64_t tsync_station_ns(const struct tsync *t, int64_t mono_ns);

/* One standard deviation of tsync_station() at a local instant, us; grows without a link; INT32_MAX
 * before the first burst. */
int32_t tsync_uncertainty_us(const struct tsync *t, usec_t mono_us);

#endif
