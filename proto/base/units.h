/* units.h - the units and the small typed ids that everything shares.
 *
 * Every number carries its unit in its name: _us _ms _s _hz _mdb (thousandths of a decibel) _mlufs
 * _frames _samples _bytes _ppb. */
#ifndef LOA_UNITS_H
#define LOA_UNITS_H

#include <stdint.h>

/* Microseconds. As *station time*: since 1970-01-01T00:00:00Z on the controller's clock, which never
 * steps while something is on air. As *local time* (always named mono_us): since an arbitrary start
 * on a clock that never goes back. */
typedef int64_t usec_t;

#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MIN (INT64_C(60) * USEC_PER_SEC)
#define USEC_PER_HOUR (INT64_C(60) * USEC_PER_MIN)
#define USEC_PER_DAY (INT64_C(24) * USEC_PER_HOUR)

#define SAMPLE_RATE_HZ 48000 /* the only rate inside Loa; mono */
#define PACKET_SAMPLES 960 /* one Opus packet: 20 ms */
#define PACKET_US INT64_C(20000)
#define SHA256_BYTES 32

/* Ids are values, never pointers; 0 means none. Ids of different things do not mix. */
struct node_id {
    uint32_t v;
};
struct zone_id {
    uint32_t v;
};
struct stream_id {
    uint32_t v;
};
struct bulletin_id {
    uint64_t v;
};
struct event_id {
    uint64_t v;
};
struct broadcast_id {
    uint64_t v;
};
struct order_id {
    uint64_t v;
};
struct user_id {
    uint64_t v;
};

/* A stored recording is named by the SHA-256 of its Ogg Opus bytes. */
struct media_id {
    uint8_t sha256[SHA256_BYTES];
};

/* Circular 39/2020: emergency sounds at once, priority is placed first, normal is scheduled. */
enum priority {
    PRIORITY_NONE = 0,
    PRIORITY_NORMAL = 1, /* thông thường */
    PRIORITY_PRIORITY = 2, /* ưu tiên */
    PRIORITY_EMERGENCY = 3, /* khẩn cấp */
};

#endif
